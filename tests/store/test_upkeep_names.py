"""Upkeep finds whatever is wrong with the names to suggest, and makes them what they were."""

from __future__ import annotations

from typing import Any, Final, LiteralString
from uuid import uuid4

import pytest
from psycopg import sql

from fonoteca.v1.track_pb2 import Track, TrackAlbum
from service.database import Connection, Database
from service.upkeep.model import Fault, Stage
from tests.support.catalogue import DEFAULT_LIBRARY
from tests.support.upkeep import faults
from tests.support.writing import add_tracks, credited

_SONG: Final = Track(
    title="Sæglópur",
    credits=credited("Sigur Rós"),
    album=TrackAlbum(title="Takk..."),
    genres=["Post-Rock"],
    popularity=62,
)
_TABLES: Final = ("artist", "artist_alias", "album", "playlist", "genre")
_DISABLE: Final = sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER")
_ENABLE: Final = sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER")
_ALL: Final[LiteralString] = """
SELECT subject, position, kind, library_id, popularity, tier, name_key, words, name
FROM name_search ORDER BY subject, position
"""


@pytest.fixture
async def names(database: Database, connection: Connection) -> None:
    """A name of each kind, and an alias."""
    await add_tracks(database, _SONG)
    await connection.execute(
        "INSERT INTO artist_alias (artist_id, position, name) SELECT id, 0, 'Victory' FROM artist"
    )
    await connection.execute(
        "INSERT INTO playlist (id, library_id, name, item_count) VALUES (%s, %s, 'Sunday', 20)",
        (uuid4(), DEFAULT_LIBRARY),
    )
    await faults(database, repair=True)  # the credit of the artist does not know the alias yet
    assert await faults(database) == []


async def _all(connection: Connection) -> list[tuple[Any, ...]]:
    return await (await connection.execute(_ALL)).fetchall()


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM name_search", [Fault.MISSING] * 4),
        ("DELETE FROM name_search WHERE kind = 'GENRE'", [Fault.MISSING]),
        ("DELETE FROM name_search WHERE position = 1", [Fault.MISSING]),
        ("UPDATE name_search SET position = 2 WHERE position = 1", [Fault.MISSING, Fault.STRAY]),
        ("UPDATE name_search SET subject = gen_random_uuid() WHERE kind = 'PLAYLIST'",
         [Fault.MISSING, Fault.STRAY]),
        ("UPDATE name_search SET name_key = 'other'", [Fault.WRONG] * 4),
        ("UPDATE name_search SET words = '' WHERE kind = 'ALBUM'", [Fault.WRONG]),
        ("UPDATE name_search SET words = strip(words) WHERE position = 1", [Fault.WRONG]),
        ("UPDATE name_search SET name = 'TAKK...' WHERE kind = 'ALBUM'", [Fault.WRONG]),
        ("UPDATE name_search SET kind = 'GENRE' WHERE kind = 'ALBUM'", [Fault.WRONG]),
        ("UPDATE name_search SET library_id = gen_random_uuid() WHERE kind = 'PLAYLIST'",
         [Fault.WRONG]),
        ("UPDATE name_search SET popularity = 99 WHERE kind = 'PLAYLIST'", [Fault.WRONG]),
        ("UPDATE name_search SET popularity = 99 WHERE kind IN ('ARTIST', 'ALBUM')",
         [Fault.STALE_POPULARITY] * 2),
        ("UPDATE name_search SET popularity = 0 WHERE position = 1", [Fault.STALE_POPULARITY]),
    ],
)  # fmt: skip
async def test_finds_and_mends_wrong_names(
    database: Database, connection: Connection, damage: LiteralString, found: list[Fault]
) -> None:
    before = await _all(connection)
    await connection.execute(damage)
    wrong = await faults(database)
    assert {finding.stage for finding in wrong} == {Stage.NAMES}
    assert sorted(finding.fault for finding in wrong) == sorted(found)
    assert await faults(database, repair=True) == wrong  # to look changes nothing
    assert await faults(database) == []
    assert await _all(connection) == before


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE artist SET name = 'Jónsi'", Fault.WRONG),
        ("UPDATE artist_alias SET name = 'Sieg'", Fault.WRONG),
        ("UPDATE album SET title = 'Kveikur'", Fault.WRONG),
        ("UPDATE playlist SET name = 'Monday'", Fault.WRONG),
        ("UPDATE playlist SET deleted_at = now()", Fault.STRAY),
        ("UPDATE genre SET name = 'Rock'", Fault.WRONG),
        ("DELETE FROM artist_alias", Fault.STRAY),
    ],
)
async def test_names_that_were_changed_behind_the_triggers_are_mended(
    database: Database, connection: Connection, change: LiteralString, found: Fault
) -> None:
    async with connection.transaction():
        for table in _TABLES:
            await connection.execute(_DISABLE.format(sql.Identifier(table)))
        await connection.execute(change)
        for table in _TABLES:
            await connection.execute(_ENABLE.format(sql.Identifier(table)))
    wrong = await faults(database, repair=True)
    assert [f.fault for f in wrong if f.stage is Stage.NAMES] == [found]
    assert await faults(database) == []


@pytest.mark.usefixtures("names")
async def test_a_name_that_is_being_written_is_left_to_its_writer(
    database: Database, connection: Connection
) -> None:
    await connection.execute("UPDATE name_search SET name = 'Wrong' WHERE kind <> 'GENRE'")
    async with database.transaction() as writing:
        await writing.execute("UPDATE artist SET country = 'IS'")
        await writing.execute("UPDATE name_search SET popularity = 70 WHERE kind = 'ALBUM'")
        found = await faults(database, repair=True)
        assert [(f.stage, f.fault) for f in found] == [(Stage.NAMES, Fault.WRONG)]  # the playlist
    found = await faults(database, repair=True)
    assert sorted(f.fault for f in found) == [Fault.WRONG] * 2
    assert await faults(database) == []


async def test_a_popular_track_that_goes_takes_its_fame_along(
    database: Database, connection: Connection
) -> None:
    await add_tracks(database, _SONG)
    await connection.execute("DELETE FROM track_search")
    await connection.execute("DELETE FROM track")
    found = [f for f in await faults(database, repair=True) if f.stage is Stage.NAMES]
    assert [f.fault for f in found] == [Fault.STALE_POPULARITY] * 2
    assert not any(f.fault.is_error for f in found)
