"""`fonoteca db`: what it saves it brings back, and what fails leaves nothing half done."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from service.cli import application
from service.database import backup, migrations
from service.database.backup import BackupError

CONTENT = "SELECT name FROM library ORDER BY name"


def run(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(application(["db"]), ["db", *arguments], input=text)


def ask(url: str, question: str) -> list[object]:
    with psycopg.connect(url, autocommit=True) as connection:
        return [row[0] for row in connection.execute(question.encode())]


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def ignore(_bytes: int) -> None:
    """Show no progress."""


@pytest.fixture
def current(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The migrated database on which the commands work."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


@pytest.fixture
def empty(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The empty database on which the commands work."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    return empty_database_url


@pytest.fixture
def saved(current: str, tmp_path: Path) -> Path:
    """A backup of a database with libraries in it."""
    tell(current, "UPDATE library SET name = 'Björk''s'")
    file = tmp_path / "saved.dump"
    result = run("backup", str(file))
    assert result.exit_code == 0, result.output
    return file


def test_upgrade_downgrade_and_status(empty: str) -> None:
    assert run("status").exit_code == 1
    first, *_, head = migrations.pending(None) or []
    assert run("upgrade").exit_code == 0
    up_to_date = run("status")
    assert up_to_date.exit_code == 0
    assert "up to date" in up_to_date.stdout
    assert run("downgrade", first, text="n\n").exit_code == 1
    assert migrations.current(empty) == head
    assert run("downgrade", first, "--yes").exit_code == 0
    behind = run("status")
    assert behind.exit_code == 1
    assert "steps behind: run `fonoteca db upgrade`" in behind.stdout


def test_the_schema_of_a_newer_version_is_told_apart(current: str) -> None:
    tell(current, "UPDATE alembic_version SET version_num = '9999_future'")
    result = run("status")
    assert result.exit_code == 1
    assert "another version of fonoteca" in result.stdout


def test_a_backup_can_be_restored_elsewhere(saved: Path, empty: str) -> None:
    result = run("restore", str(saved))
    assert result.exit_code == 0, result.output
    assert "up to date" in result.stderr
    assert ask(empty, CONTENT) == ["Björk's"]
    assert migrations.is_current(empty)


def test_a_backup_is_private_and_does_not_replace_another(saved: Path) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600
    before = saved.read_bytes()
    result = run("backup", str(saved))
    assert result.exit_code == 1
    assert "--force" in result.stderr
    assert saved.read_bytes() == before
    assert run("backup", str(saved), "--force").exit_code == 0
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_backup_that_fails_leaves_nothing(current: str, tmp_path: Path) -> None:
    def interrupt(_bytes: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.backup(current, tmp_path / "file", interrupt)
    with pytest.raises(BackupError, match="does not exist"):
        backup.backup(current + " dbname=no_such_database", tmp_path / "file", ignore)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("current")
def test_a_backup_into_a_folder_that_is_missing_names_it(tmp_path: Path) -> None:
    result = run("backup", str(tmp_path / "no" / "file"))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fonoteca: there is no folder {tmp_path / 'no'}: ")
    assert list(tmp_path.iterdir()) == []


def test_only_an_empty_database_is_restored_without_force(saved: Path, current: str) -> None:
    tell(current, "UPDATE library SET name = 'later'; CREATE TABLE added_later (id integer)")
    refused = run("restore", str(saved))
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert ask(current, CONTENT) == ["later"]
    assert run("restore", str(saved), "--force").exit_code == 0
    assert ask(current, CONTENT) == ["Björk's"]
    assert ask(current, "SELECT to_regclass('added_later')") == [None]
    assert run("backup", str(saved), "--force").exit_code == 0


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_damaged_backup_changes_nothing(saved: Path, current: str, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    tell(current, "UPDATE library SET name = 'kept'")
    result = run("restore", str(saved), "--force")
    assert result.exit_code == 1
    assert "pg_restore" in result.stderr
    assert ask(current, CONTENT) == ["kept"]


def test_the_backup_of_a_newer_version_is_refused(saved: Path, current: str) -> None:
    tell(current, "UPDATE alembic_version SET version_num = '9999_future'")
    assert run("backup", str(saved), "--force").exit_code == 0
    head = migrations.head()
    tell(current, f"UPDATE alembic_version SET version_num = '{head}'")
    result = run("restore", str(saved), "--force")
    assert result.exit_code == 1
    assert "newer version" in result.stderr
    assert migrations.is_current(current)


def test_an_interrupted_restore_changes_nothing(saved: Path, current: str) -> None:
    def interrupt(_bytes: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.restore(current, saved, interrupt)
    assert ask(current, CONTENT) == ["Björk's"]


def test_the_backup_of_another_database_is_refused(saved: Path, empty: str) -> None:
    tell(empty, "CREATE TABLE foreign_table (id integer)")
    assert run("backup", str(saved), "--force").exit_code == 0
    result = run("restore", str(saved), "--force")
    assert result.exit_code == 1
    assert ask(empty, "SELECT count(*) FROM foreign_table") == [0]


def test_the_password_is_not_an_argument(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[tuple[list[str], dict[str, str]]] = []

    def popen(command: list[str], *, env: dict[str, str], **_others: object) -> None:
        seen.append((command, env))
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(KeyboardInterrupt):
        backup.backup("postgresql://ada:hush@db/fonoteca", tmp_path / "file", ignore)
    ((command, environment),) = seen
    assert "hush" not in " ".join(command)
    assert environment["PGPASSWORD"] == "hush"


def test_a_database_that_wants_tls_needs_installed_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BackupError, match="postgresql-client"):
        backup.backup("host=db sslmode=verify-full", tmp_path / "file", ignore)


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [("FONOTECA_NONSENSE", "1", 2), ("DATABASE_URL", "postgresql://x@127.0.0.1:1/x", 1)],
)
def test_what_goes_wrong_is_one_line_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, code: int
) -> None:
    monkeypatch.setenv(variable, value)
    for command in (["status"], ["upgrade"], ["backup", "/nowhere/file"]):
        result = run(*command)
        assert result.exit_code == code
        assert result.stderr.startswith("fonoteca: ")
        assert "Traceback" not in result.output


def test_no_embedded_database_is_made_only_to_look_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("FONOTECA_DATA_DIR", str(tmp_path / "data"))
    result = run("status")
    assert result.exit_code == 1
    assert "there is no database" in result.stderr
    assert not (tmp_path / "data").exists()
