"""Bring a database to the schema that this version of the service needs.

The migrations are plain SQL files; Alembic keeps their order and remembers, in the database, which
one came last. They lie in `alembic/` of a checkout and in `service/_alembic` of an installed wheel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

_PACKAGED: Final = Path(__file__).parent.parent / "_alembic"
_CHECKOUT: Final = Path(__file__).parent.parent.parent / "alembic"


class MigrationError(Exception):
    """The schema could not be changed; what had been done in the failed step was undone."""


def location() -> Path:
    """The folder of the migrations."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def upgrade(url: str, revision: str = "head", on_step: Callable[[str], None] | None = None) -> None:
    """Migrate forward to `revision`, each step in its own transaction.

    `on_step` receives the revision of each step. Safe to call from several processes at once.
    Raises `MigrationError`.
    """
    with _explained():
        command.upgrade(_config(url, on_step), revision)


def downgrade(url: str, revision: str, on_step: Callable[[str], None] | None = None) -> None:
    """Migrate back to `revision`, or by "-1" steps; "base" removes everything.

    `on_step` receives the revision of each step that is undone. Raises `MigrationError`.
    """
    with _explained():
        command.downgrade(_config(url, on_step), revision)


def head() -> str:
    """The revision that this version of the service needs."""
    revision = _scripts().get_current_head()
    if revision is None:
        raise MigrationError(f"there are no migrations in {location()}")
    return revision


def current(url: str) -> str | None:
    """The revision of the database; None when it was never migrated.

    Raises `psycopg.OperationalError` when the database does not answer.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if found is None or found[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])


def is_current(url: str) -> bool:
    """Whether the database has the schema that this version of the service needs.

    Raises `psycopg.OperationalError` when the database does not answer.
    """
    return current(url) == head()


def pending(revision: str | None) -> list[str] | None:
    """The steps from `revision` to the head, in order; None when this version does not know it."""
    steps = [step.revision for step in _scripts().walk_revisions()]
    steps.reverse()
    if revision is None:
        return steps
    return steps[steps.index(revision) + 1 :] if revision in steps else None


def run_sql_file(name: str) -> None:
    """Execute `alembic/sql/<name>` as it is, in the transaction of the running migration."""
    statements = (location() / "sql" / name).read_text(encoding="utf-8")
    # Neither `:word` nor `%` means anything here: the text reaches PostgreSQL untouched.
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(statements)


def _config(url: str, on_step: Callable[[str], None] | None = None) -> Config:

    config = Config(attributes={"conninfo": url, "on_version_apply": _listener(on_step)})
    config.set_main_option("script_location", str(location()).replace("%", "%%"))
    return config


def _listener(on_step: Callable[[str], None] | None) -> Callable[..., None] | None:
    """Adapt `on_step` to what Alembic calls after each step."""
    if on_step is None:
        return None

    def listen(*, step: Any, **_others: object) -> None:
        on_step(step.up_revision_id)

    return listen


def _scripts() -> ScriptDirectory:

    return ScriptDirectory(str(location()))


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what a migration runs into into one error with a readable message."""
    try:
        yield
    except CommandError as error:
        raise MigrationError(str(error)) from error
    except DBAPIError as error:
        raise MigrationError(str(error.orig)) from error
    except (psycopg.Error, TimeoutError) as error:
        raise MigrationError(str(error)) from error
