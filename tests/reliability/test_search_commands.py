"""`fonoteca search status`, `verify`, `rebuild`: what they say of an index, and do to it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from fonoteca.v1.track_pb2 import Track
from service.cli import application
from service.database import Database
from service.settings import Settings
from tests.support.waiting import eventually
from tests.support.writing import add_tracks, credited


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application(["search"]), ["search", *arguments])


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def filled(database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database on which the commands work, with three tracks."""

    async def fill() -> None:
        database = Database(database_url, settings)
        await database.open()
        tracks = [Track(title=title, credits=credited("Queen")) for title in ("A", "B", "C")]
        await add_tracks(database, *tracks)
        await database.close()

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


def test_a_sound_index(filled: str) -> None:
    status = run("status")
    assert status.exit_code == 0, status.output
    assert "3: 0 missing, 0 too many" in status.stdout
    assert "no round has ended yet" in status.stdout
    verified = run("verify")
    assert verified.exit_code == 0, verified.output
    assert verified.stdout == ""
    assert "0 faults, 0 unused words" in verified.stderr


def test_a_damaged_index_is_told_and_mended(filled: str) -> None:
    tell(filled, "DELETE FROM track_search WHERE title_key = 'b'")
    assert run("status").exit_code == 1
    found = run("verify", "--json")
    assert found.exit_code == 1
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [line["fault"] for line in lines] == ["MISSING", "UNUSED_WORD"]
    assert lines[1]["subject"] == "b"
    repaired = run("verify", "--repair")
    assert repaired.exit_code == 1
    assert f"entries {lines[0]['subject']}: cannot be found" in repaired.stdout
    assert run("verify").exit_code == 0


def test_an_unused_word_alone_is_no_fault(filled: str) -> None:
    tell(filled, "INSERT INTO search_word (word) VALUES ('nobody')")
    found = run("verify")
    assert found.exit_code == 0
    assert found.stdout == "words nobody: is in the vocabulary, but no track has it\n"


def test_a_rebuild_mends_all(filled: str) -> None:
    tell(filled, "UPDATE track_search SET words = ''; DELETE FROM search_word")
    rebuilt = run("rebuild")
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "3 faults mended" in rebuilt.stderr
    assert run("verify").exit_code == 0
    assert "no round has ended yet" not in run("status").stdout


def test_a_look_goes_on_where_it_is_told_to(filled: str) -> None:
    tell(filled, "DELETE FROM track_search")
    assert run("verify", "--from", "words").exit_code == 0
    assert run("verify", "--from", f"entries:{'f' * 8}-ffff-ffff-ffff-{'f' * 12}").exit_code == 0
    assert run("verify", "--from", "titles").exit_code == 1


@pytest.mark.parametrize("place", ["nothing", "entries:5", "genres:x", ""])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    result = run("verify", "--from", place)
    assert result.exit_code == 2
    assert "--from" in result.stderr


def test_another_schema_is_told(filled: str) -> None:
    tell(filled, "UPDATE alembic_version SET version_num = '0001_fold'")
    for command in ("status", "verify", "rebuild"):
        result = run(command)
        assert result.exit_code == 1
        assert "fonoteca db status" in result.stderr


def has_entries(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT FROM track_search").fetchone() is not None


def is_waiting(url: str) -> bool:
    """Tell whether a transaction of the database waits for another one."""
    waits = (
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(waits).fetchone() is not None


async def test_ctrl_c_says_where_to_go_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    with psycopg.connect(database_url) as holder:
        holder.execute("LOCK TABLE track_search")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", "search", "verify", "--from", "entries"),
            stderr=asyncio.subprocess.PIPE,
        )
        await eventually(lambda: is_waiting(database_url))
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
    assert process.returncode == 130
    assert b"go on with --from entries:0000" in said


@pytest.mark.parametrize("word", ["status", "verify", "rebuild"])
def test_the_words_of_the_commands_can_be_searched_for(
    word: str, tmp_path: Path, filled: str
) -> None:
    nowhere = ("--address", f"unix:{tmp_path}/none")
    for arguments in (["--", word], [f"{word} quo"], [f"{word}s"]):
        result = run(*(["--limit", "3", *nowhere, *arguments]))
        assert "no server at" in result.stderr
    assert "no server at" in run(*nowhere, word).stderr
    assert "no server at" not in run(word).stderr


@pytest.mark.parametrize(("interval", "is_mended"), [("0.05", True), ("0", False)])
async def test_the_service_mends_its_index_by_itself(
    filled: str, monkeypatch: pytest.MonkeyPatch, interval: str, is_mended: bool
) -> None:
    tell(filled, "DELETE FROM track_search")
    monkeypatch.setenv("FONOTECA_UPKEEP_INTERVAL", interval)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "serve", "--listen", "127.0.0.1:0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert b"listens on" in await process.stdout.readline()
    if is_mended:
        await eventually(lambda: has_entries(filled))
    process.send_signal(signal.SIGINT)
    _, said = await process.communicate()
    assert process.returncode == 0
    assert (b"cannot be found" in said) == is_mended
