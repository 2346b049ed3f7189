"""How Alembic reaches the database: one migrator at a time, one transaction a migration.

`service.database.migrations` hands in the connection string. The bare `alembic` command, which a
developer may prefer, reads it from DATABASE_URL.
"""

from __future__ import annotations

import os
import time
from typing import Final

import psycopg
from alembic import context
from sqlalchemy import NullPool, create_engine

_LOCK: Final = 0x466F6E6F74656361  # "Fonoteca"

_LOCK_PATIENCE: Final = 600.0
"""Seconds to wait while another process migrates the same database."""

_SESSION: Final = """\
SET lock_timeout = '10s';
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
"""
"""A migration may run for long, but must not queue all others behind a lock that it waits for."""


def _conninfo() -> str:
    conninfo = context.config.attributes.get("conninfo") or os.environ.get("DATABASE_URL")
    if not conninfo:
        raise SystemExit(
            "set DATABASE_URL, or use `fonoteca db`, which finds the embedded database"
        )
    return str(conninfo)


def _connect() -> psycopg.Connection:
    """Open a connection that holds the migration lock until it is closed."""
    connection = psycopg.connect(_conninfo(), application_name="fonoteca-migrations")
    try:
        connection.autocommit = True
        connection.execute(_SESSION)
        _lock(connection)
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def _lock(connection: psycopg.Connection) -> None:
    """Keep other migrators out.

    Polls, for whoever waits inside `pg_advisory_lock` holds a snapshot, and CREATE INDEX
    CONCURRENTLY in the other process would wait for that snapshot to end: a deadlock.
    """
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        row = connection.execute(f"SELECT pg_try_advisory_lock({_LOCK})").fetchone()
        if row is not None and row[0]:
            return
        if time.monotonic() > deadline:
            raise TimeoutError("another process has been migrating this database for ten minutes")
        time.sleep(0.2)


def _run() -> None:
    engine = create_engine("postgresql+psycopg://", creator=_connect, poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            transaction_per_migration=True,
            on_version_apply=context.config.attributes.get("on_version_apply"),
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("the migrations are plain SQL: read them in alembic/sql")
_run()
