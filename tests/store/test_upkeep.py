"""Upkeep finds whatever is wrong with search, mends it, and disturbs nobody meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import LiteralString
from uuid import UUID

import pytest

from fonoteca.v1.track_pb2 import TRACK_STATUS_PENDING, Track, TrackAlbum
from service.artists.merge import merge
from service.database import Connection, Database
from service.upkeep import rounds, store
from service.upkeep.background import keep_up
from service.upkeep.model import STAGES, Fault, Look, Stage, State
from service.upkeep.statistics import refresh
from service.wire.merging import Merging
from tests.support.catalogue import make_records
from tests.support.catalogue import store as store_records
from tests.support.upkeep import faults
from tests.support.waiting import eventually
from tests.support.writing import add_tracks, credited, write_tracks

SONG = Track(
    title="Sæglópur",
    credits=credited("Sigur Rós"),
    album=TrackAlbum(title="Takk..."),
    genres=["Post-Rock"],
    lyrics="Á silfur-á",
)
STALE: LiteralString = """
CREATE OR REPLACE FUNCTION fold_version() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 1000;
DO $do$
BEGIN
    EXECUTE replace(pg_get_functiondef('fold(text)'::regprocedure), '.fold(', '.former_fold(');
END
$do$;
CREATE OR REPLACE FUNCTION public.fold(input text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT
AS $$ BEGIN RETURN replace(public.former_fold(input), 'sae', 'se'); END $$;
"""
"""Another fold, as a later migration may bring one."""

_ORPHAN: LiteralString = "WITH gone AS (DELETE FROM track) DELETE FROM track_search"
"""Leaves what is sung of a track that is gone."""


async def rebuild(database: Database) -> None:
    """Rebuild in the way of the command."""
    state = await rounds.request_rebuild(database)
    while state.is_rebuild:
        advanced = await rounds.advance(database)
        assert advanced
        state, _ = advanced


async def words_of(connection: Connection, track_id: str) -> set[str]:
    rows = await connection.execute(
        "SELECT unnest(tsvector_to_array(words)) FROM track_search WHERE track_id = %s", (track_id,)
    )
    return {row[0] for row in await rows.fetchall()}


async def test_of_a_catalogue_that_the_service_wrote_nothing_is_wrong(
    database: Database, connection: Connection
) -> None:
    await store_records(connection, make_records(300, seed=1))
    assert await faults(database) == []


@pytest.mark.parametrize(
    ("damage", "fault", "stage"),
    [
        ("DELETE FROM track_search", Fault.MISSING, Stage.ENTRIES),
        ("UPDATE track_search SET title_key = 'other'", Fault.WRONG, Stage.ENTRIES),
        ("UPDATE track_search SET words = ''", Fault.WRONG, Stage.ENTRIES),
        ("UPDATE track SET popularity = 99", Fault.WRONG, Stage.ENTRIES),
        ("UPDATE track SET deleted_at = now()", Fault.STRAY, Stage.ENTRIES),
        ("UPDATE track SET status = 'PENDING'", Fault.STRAY, Stage.ENTRIES),
        ("DELETE FROM track", Fault.STRAY, Stage.ENTRIES),
        ("DELETE FROM track_lyrics", Fault.WRONG, Stage.ENTRIES),
        ("UPDATE track_lyrics SET lyrics = ''", Fault.WRONG, Stage.ENTRIES),
        ("UPDATE track_lyrics SET words = ''", Fault.WRONG, Stage.ENTRIES),
        ("UPDATE track SET lyrics = NULL", Fault.WRONG, Stage.ENTRIES),
        ("UPDATE track SET lyrics = 'other'", Fault.WRONG, Stage.ENTRIES),
        (_ORPHAN, Fault.STRAY, Stage.ENTRIES),
        ("DELETE FROM search_word WHERE word = 'takk'", Fault.UNKNOWN_WORDS, Stage.ENTRIES),
        ("INSERT INTO search_word (word) VALUES ('nobody')", Fault.UNUSED_WORD, Stage.WORDS),
        ("UPDATE artist_credit SET words = ''", Fault.STALE_WORDS, Stage.CREDITS),
        ("UPDATE artist_credit SET names_key = ''", Fault.STALE_WORDS, Stage.CREDITS),
    ],
)
async def test_finds_and_mends_what_is_wrong(
    database: Database, connection: Connection, damage: LiteralString, fault: Fault, stage: Stage
) -> None:
    [track] = await add_tracks(database, SONG)
    await connection.execute(damage)
    found = await faults(database)
    assert (stage, fault) in {(finding.stage, finding.fault) for finding in found}
    if stage is Stage.ENTRIES:
        assert found[0].subject == track.id
    assert await faults(database) == found  # to look changes nothing
    assert {finding.fault for finding in await faults(database, repair=True)} >= {fault}
    assert await faults(database) == []


async def test_mending_a_deleted_row_takes_its_words_out_in_the_same_round(
    database: Database, connection: Connection
) -> None:
    await add_tracks(database, SONG)
    await connection.execute("DELETE FROM track")
    found = await faults(database, repair=True)
    assert {finding.subject for finding in found} >= {"saeglopur", "takk", "ros"}
    rows = await (await connection.execute("SELECT word FROM search_word")).fetchall()
    assert rows == []


async def test_another_fold_reaches_everything_and_no_time_of_change(
    database: Database, connection: Connection
) -> None:
    [track, *_] = await add_tracks(
        database, SONG, Track(title="B", credits=credited("Sæglópur"), genres=["Sæ"])
    )
    changed: LiteralString = (
        "SELECT id, updated_at FROM track UNION SELECT id, updated_at FROM artist"
    )
    before = set(await (await connection.execute(changed)).fetchall())
    await connection.execute(STALE)
    advanced = await rounds.advance(database)
    assert advanced
    assert advanced[0].is_rebuild  # nobody had to ask for it
    await rebuild(database)
    assert await words_of(connection, track.id) == {
        "seglopur",
        "sigur",
        "ros",
        "takk",
        "post",
        "rock",
    }
    assert set(await (await connection.execute(changed)).fetchall()) == before
    assert await faults(database) == []
    async with database.read() as reading:
        state, wanted = await store.state(reading)
    assert (state.is_rebuild, state.fold_version, wanted) == (False, 1000, 1000)


async def test_another_fold_reaches_the_names_of_merged_artists(
    database: Database, connection: Connection
) -> None:
    [track] = await add_tracks(database, Track(title="A", credits=credited("Sigur", "Sæ")))
    survivor, merged = (UUID(name.artist_id) for name in track.credits)
    await database.write(lambda writing: merge(writing, Merging(survivor, [merged])))
    await connection.execute(STALE)
    await rebuild(database)
    rows = await connection.execute("SELECT name_key FROM artist_merge")
    assert await rows.fetchall() == [("se",)]


async def test_names_that_become_equal_stay_apart_and_are_told(
    database: Database, connection: Connection
) -> None:
    tracks = [Track(title="A", credits=credited(name), genres=[name]) for name in ("Sae", "Se")]
    await add_tracks(database, *tracks)
    await connection.execute(STALE)
    found = await faults(database, repair=True)
    told = [(finding.stage, finding.fault) for finding in found if not finding.fault.can_be_mended]
    assert told == [(Stage.GENRES, Fault.EQUAL_NAME), (Stage.ARTISTS, Fault.EQUAL_NAME)]
    again = await faults(database)
    assert {finding.fault for finding in again} == {Fault.EQUAL_NAME}


async def test_a_rebuild_goes_on_where_it_was_broken_off(
    database: Database, connection: Connection
) -> None:
    await store_records(connection, make_records(40, seed=2))
    state = await rounds.request_rebuild(database)
    for _ in range(4):
        advanced = await rounds.advance(database)
        assert advanced
        state, _look = advanced
    assert (await rounds.request_rebuild(database)) == state
    await rebuild(database)
    async with database.read() as reading:
        assert await store.last_round(reading) is not None


async def test_an_entry_that_is_being_written_is_left_to_its_writer(
    database: Database, connection: Connection
) -> None:
    [track] = await add_tracks(database, SONG)
    async with database.transaction() as writing:
        await writing.execute("UPDATE track SET title = 'Heysátan' WHERE id = %s", (track.id,))
        await writing.execute("UPDATE track_search SET title_key = 'wrong'")
        assert await faults(database, repair=True) == []
    assert [finding.fault for finding in await faults(database)] == [Fault.WRONG]


async def test_a_word_of_a_track_that_is_being_written_is_not_pruned(
    database: Database, connection: Connection
) -> None:
    await connection.execute("INSERT INTO search_word (word) VALUES ('heysatan')")
    async with database.transaction() as writing:
        await write_tracks(writing, Track(title="Heysátan"))
        found = await faults(database, repair=True)
        assert [(f.subject, f.fault) for f in found] == [("heysatan", Fault.UNUSED_WORD)]
    assert await faults(database) == []


async def test_two_servers_do_not_do_the_same(database: Database) -> None:
    async with database.transaction() as other:
        assert await store.hold_state(other)
        assert await rounds.advance(database) is None
    assert await rounds.advance(database)


@pytest.fixture
async def kept_up(database: Database) -> AsyncIterator[None]:
    """Upkeep runs in the background."""
    task = asyncio.create_task(keep_up(database, 0.01))
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.usefixtures("kept_up")
async def test_the_index_repairs_itself(database: Database, connection: Connection) -> None:
    tracks = await add_tracks(database, SONG, Track(title="B", status=TRACK_STATUS_PENDING))
    await connection.execute("UPDATE track_search SET words = ''")
    await connection.execute("INSERT INTO search_word (word) VALUES ('nobody')")

    async def is_mended() -> bool:
        rows = await connection.execute("SELECT FROM search_word WHERE word = 'nobody'")
        gone = await rows.fetchone() is None
        return gone and "saeglopur" in await words_of(connection, tracks[0].id)

    await eventually(is_mended)


async def test_statistics_follow_growth(database: Database, connection: Connection) -> None:
    async def grow(first: int, last: int) -> None:
        await connection.execute(
            "INSERT INTO genre (name) SELECT 'g' || n "
            "FROM generate_series(%s::integer, %s::integer) AS n",
            (first, last),
        )
        await connection.execute("SELECT pg_stat_force_next_flush()")

    async def rows_that_are_planned_for() -> int:
        explained = await connection.execute("EXPLAIN (FORMAT JSON) SELECT FROM genre")
        [[plans]] = await explained.fetchall()
        return int(plans[0]["Plan"]["Plan Rows"])

    assert await refresh(database) == []
    await grow(1, 2_000)
    assert "genre" in await refresh(database)
    assert await rows_that_are_planned_for() == 2_000
    await grow(2_001, 3_000)
    assert "genre" not in await refresh(database)
    await grow(3_001, 20_000)
    assert "genre" in await refresh(database)
    assert await rows_that_are_planned_for() == 20_000


async def test_statistics_are_left_to_who_takes_them(
    database: Database, connection: Connection
) -> None:
    await connection.execute(
        "INSERT INTO genre (name) SELECT n::text FROM generate_series(1, 2000) AS n"
    )
    await connection.execute("SELECT pg_stat_force_next_flush()")
    async with database.transaction() as other:
        await other.execute("LOCK TABLE genre IN SHARE UPDATE EXCLUSIVE MODE")
        assert "genre" in await refresh(database)


def test_a_round_looks_at_everything_once() -> None:
    state = State(STAGES[0], "0", False, 0, 0, 1, 1)
    seen: list[Stage] = []
    while not seen or not state.begins:
        seen.append(state.stage)
        state = state.after(Look(None, 0))
    assert tuple(seen) == STAGES


def test_a_new_fold_begins_a_rebuild_and_a_newer_one_begins_it_again() -> None:
    state = State(STAGES[0], "0", False, 0, 0, 1, 1)
    assert not state.under(1).is_rebuild
    second = state.under(2)
    assert second.is_rebuild
    further = second.after(Look(None, 10))
    assert further.under(2) == further
    third = further.under(3)
    assert (third.stage, third.looked_at, third.is_rebuild) == (STAGES[0], 0, True)
    while third.is_rebuild:
        third = third.after(Look(None, 0))
    assert third.fold_version == 3


def test_positions_are_told_from_other_text() -> None:
    some_id = str(UUID(int=5))
    assert all(stage.has(stage.start) for stage in STAGES)
    assert Stage.ENTRIES.has(some_id)
    assert not Stage.ENTRIES.has("5")
    assert not Stage.GENRES.has(some_id)
    assert not Stage.WORDS.has("\0")
