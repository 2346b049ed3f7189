"""Migrations go up and down step by step, leave nothing behind, and may be started together."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest

from service.database import migrations
from service.database.embedded import Software
from tests.migrations.snapshot import SNAPSHOT, dump

_STEPS = migrations.pending(None) or []


def test_each_revision_is_named_for_its_files() -> None:
    sql = migrations.location() / "sql"
    wanted = {f"{step}.{way}.sql" for step in _STEPS for way in ("up", "down")}
    assert {path.name for path in sql.iterdir()} == wanted


def test_revisions_are_one_numbered_line() -> None:
    numbers = [int(step.partition("_")[0]) for step in _STEPS]
    assert numbers == list(range(1, len(_STEPS) + 1))
    assert migrations.head() == _STEPS[-1]


def test_each_step_down_undoes_its_step_up(empty_database_url: str) -> None:
    before = {}
    for step in _STEPS:
        before[step] = dump(empty_database_url)
        migrations.upgrade(empty_database_url, step)
        reached = dump(empty_database_url)
        if len(before) > 1:  # below the first step there is not even Alembic's own table
            migrations.downgrade(empty_database_url, "-1")
            assert dump(empty_database_url) == before[step], f"{step} leaves something behind"
            migrations.upgrade(empty_database_url, step)
            assert dump(empty_database_url) == reached, f"{step} differs the second time"


def test_nothing_is_left_after_the_last_step_down(empty_database_url: str) -> None:
    migrations.upgrade(empty_database_url)
    migrations.downgrade(empty_database_url, "base")
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("DROP TABLE alembic_version")
    left = dump(empty_database_url)
    assert left == "\n", left
    migrations.upgrade(empty_database_url)
    assert migrations.is_current(empty_database_url)


def test_upgrading_again_does_nothing(empty_database_url: str) -> None:
    first: list[str] = []
    again: list[str] = []
    migrations.upgrade(empty_database_url, on_step=first.append)
    migrations.upgrade(empty_database_url, on_step=again.append)
    assert (first, again) == (_STEPS, [])


def test_replicas_may_upgrade_at_once(empty_database_url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": empty_database_url}
    command = [sys.executable, "-m", "service", "db", "upgrade"]
    replicas = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(3)
    ]
    outputs = [replica.communicate()[0] for replica in replicas]
    assert [replica.returncode for replica in replicas] == [0, 0, 0], outputs
    assert migrations.is_current(empty_database_url)


def test_the_snapshot_is_what_the_migrations_lead_to(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        major = connection.info.server_version // 10_000
    if major != Software.installed().major:
        pytest.skip(f"PostgreSQL {major} writes its schema in other words than the snapshot's")
    assert dump(database_url) == SNAPSHOT.read_text(encoding="utf-8"), "run `make schema`"
