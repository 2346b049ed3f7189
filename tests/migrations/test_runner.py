"""The runner of the migrations: it waits its turn, keeps what worked, and fails in words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from service.database import migrations
from service.database.migrations import MigrationError

_REVISION = """
from service.database.migrations import run_sql_file

revision = "{name}"
down_revision = {before!r}


def upgrade():
    run_sql_file("{name}.up.sql")


def downgrade():
    run_sql_file("{name}.down.sql")
"""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Migrations of our own: the second is made of what parsers trip over, the third fails."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "sql").mkdir()
    (tmp_path / "env.py").write_text((migrations.location() / "env.py").read_text())
    scripts = {
        "first": "CREATE TABLE one (id integer)",
        "second": "CREATE TABLE two (t text CHECK (t LIKE '%s%')); COMMENT ON TABLE two IS ':x'",
        "third": "CREATE TABLE three (id integer); SELECT 1 / 0",
    }
    before = None
    for name, script in scripts.items():
        revision = _REVISION.format(name=name, before=before)
        (tmp_path / "versions" / f"{name}.py").write_text(revision)
        (tmp_path / "sql" / f"{name}.up.sql").write_text(script)
        (tmp_path / "sql" / f"{name}.down.sql").write_text("DROP TABLE two")
        before = name
    monkeypatch.setattr(migrations, "location", lambda: tmp_path)
    return tmp_path


def exists(url: str, table: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()
        return row == (True,)


def test_a_migrator_waits_for_another(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [0x466F6E6F74656361])
        with ThreadPoolExecutor(1) as executor:
            upgrade = executor.submit(migrations.upgrade, empty_database_url)
            with pytest.raises(TimeoutError):
                upgrade.result(timeout=0.5)
            assert migrations.current(empty_database_url) is None
            other.execute("SELECT pg_advisory_unlock_all()")
            upgrade.result(timeout=30)
    assert migrations.is_current(empty_database_url)


@pytest.mark.usefixtures("scratch")
def test_a_step_that_fails_leaves_the_one_before_it(empty_database_url: str) -> None:
    with pytest.raises(MigrationError, match="division by zero"):
        migrations.upgrade(empty_database_url)
    assert migrations.current(empty_database_url) == "second"
    assert exists(empty_database_url, "two")
    assert not exists(empty_database_url, "three")
    assert migrations.pending("second") == ["third"]


@pytest.mark.usefixtures("scratch")
def test_steps_are_reported_and_can_be_undone(empty_database_url: str) -> None:
    done: list[str] = []
    migrations.upgrade(empty_database_url, "second", on_step=done.append)
    migrations.downgrade(empty_database_url, "-1", on_step=done.append)
    assert done == ["first", "second", "second"]
    assert migrations.current(empty_database_url) == "first"


def test_an_unknown_revision_is_an_error(empty_database_url: str) -> None:
    with pytest.raises(MigrationError, match="no_such"):
        migrations.upgrade(empty_database_url, "no_such")
    assert migrations.pending("no_such") is None


def test_a_database_that_does_not_answer_is_an_error() -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nowhere"
    with pytest.raises(MigrationError, match="connection failed"):
        migrations.upgrade(nowhere)
    with pytest.raises(psycopg.OperationalError):
        migrations.is_current(nowhere)
