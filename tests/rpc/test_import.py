"""ImportTracks: whatever is sent, and however often, the catalogue says it once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest

from fonoteca.v1 import library_pb2
from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import AudioFeatures, AudioFile, CreditedName
from service.database import Connection, Database
from service.settings import Settings
from service.tracks import store
from service.tracks.model import MAX_IMPORT_BATCH
from tests.support.documents import documents_agree
from tests.support.errors import raises_status
from tests.support.samples import UNKNOWN, create, facts, full_track, get, source
from tests.support.waiting import eventually
from tests.support.writing import found

if TYPE_CHECKING:
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def song(number: int | str, title: str = "Song", **fields: Any) -> pb.Track:
    """Return a track that the source "spotify" knows by a number."""
    return pb.Track(title=title, **{"sources": [source(number)], **fields})


def rich(number: int) -> pb.Track:
    """Return a track with an artist, an album, a genre, a file and more."""
    return song(
        number,
        f"Song {number}",
        credits=[CreditedName(name=f"Artist {number % 7}"), CreditedName(name="Sigur Rós")],
        album=pb.TrackAlbum(title=f"Album {number % 5}"),
        genres=["Rock", f"Genre {number % 3}"],
        features=AudioFeatures(key=number % 12),
        files=[AudioFile(uri=f"file:///{number}")],
    )


async def send(
    tracks: TrackServiceAsyncStub, *batches: Iterable[pb.Track], **fields: Any
) -> pb.ImportTracksResponse:
    """Import batches of tracks in one stream."""
    requests = [pb.ImportTracksRequest(tracks=batch, **fields) for batch in batches]
    return await tracks.ImportTracks(iter(requests))


def counts(response: pb.ImportTracksResponse) -> tuple[int, int, int, int]:
    return response.created, response.updated, response.unchanged, response.failed


async def other_library(libraries: LibraryServiceAsyncStub) -> str:
    library = library_pb2.Library(name="other")
    request = library_pb2.CreateLibraryRequest(library=library)
    return (await libraries.CreateLibrary(request)).id


async def snapshot(connection: Connection) -> list[tuple[Any, ...]]:
    """Return everything that a second import must not touch, versions of rows included."""
    rows: list[tuple[Any, ...]] = []
    for table in ("track", "track_source", "audio_file", "track_search", "artist", "album"):
        statement = f"SELECT xmin::text, t.* FROM {table} AS t ORDER BY t::text"
        rows += await (await connection.execute(statement.encode())).fetchall()
    return rows


async def test_an_import_creates_updates_and_leaves_alone(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    first = await send(tracks, [song(1), song(2)], [song(3), song(4)])
    assert counts(first) == (4, 0, 0, 0)
    second = await send(tracks, [song(1), song(2, "Other")], [song(5), pb.Track(title="bad")])
    assert counts(second) == (1, 1, 1, 1)
    stored = {track.sources[0].id: track for track in await documents_agree(connection)}
    assert [stored[f"id-{number}"].title for number in range(1, 6)] == [
        "Song", "Other", "Song", "Song", "Song",
    ]  # fmt: skip
    assert [stored[f"id-{number}"].etag for number in range(1, 4)] == ['"1"', '"2"', '"1"']


async def test_a_full_track_is_imported_as_it_is(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    assert counts(await send(tracks, [full_track()])) == (1, 0, 0, 0)
    [stored] = await documents_agree(connection)
    assert facts(stored) == facts(full_track())


async def test_the_same_again_changes_nothing(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    batches = [[rich(100 * hundred + number) for number in range(100)] for hundred in range(5)]
    assert counts(await send(tracks, *batches)) == (500, 0, 0, 0)
    await documents_agree(connection)
    before = await snapshot(connection)
    assert counts(await send(tracks, *batches)) == (0, 0, 500, 0)
    assert counts(await send(tracks, *batches[::-1])) == (0, 0, 500, 0)
    assert await snapshot(connection) == before


async def test_what_is_said_in_other_words_changes_nothing(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, [rich(1), rich(2)])
    before = await documents_agree(connection)
    other = rich(1)
    other.etag = '"7"'  # only the service says that
    other.genres.append("ROCK")
    assert counts(await send(tracks, [other, rich(2)])) == (0, 0, 2, 0)
    assert await documents_agree(connection) == before
    assert counts(await send(tracks, [other])) == (0, 0, 1, 0)


async def test_what_is_not_said_stays(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, [full_track()])
    [before] = await documents_agree(connection)
    after = pb.Track(title="New", sources=[before.sources[0]], genres=["Jazz"])
    after.sources.add(type="isrc.org", id="1")
    assert counts(await send(tracks, [after])) == (0, 1, 0, 0)
    [stored] = await documents_agree(connection)
    assert (stored.title, list(stored.genres)) == ("New", ["Jazz"])
    assert [place.type for place in stored.sources] == ["spotify", "deezer", "isrc.org"]
    for name in ("lyrics", "features", "files", "attributes", "album", "credits", "release_date"):
        assert getattr(stored, name) == getattr(before, name)


async def test_an_edit_survives_every_import(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, [rich(1)])
    [track] = await documents_agree(connection)
    edited = await tracks.UpdateTrack(
        pb.UpdateTrackRequest(track=pb.Track(id=track.id, title="Edited", sources=track.sources))
    )
    assert counts(await send(tracks, [rich(1)])) == (0, 0, 1, 0)
    assert await documents_agree(connection) == [edited]
    news = rich(1)
    news.comment = "said now"
    assert counts(await send(tracks, [news])) == (0, 1, 0, 0)
    [after] = await documents_agree(connection)
    assert (after.title, after.comment) == ("Edited", "said now")


async def test_bad_tracks_are_reported_and_do_not_stop_the_others(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    taken = await create(
        tracks, "taken", sources=[source("taken", "deezer")], files=[AudioFile(uri="file:///taken")]
    )
    bad = [
        pb.Track(title="without a source"),
        song(11, ""),
        song(12, isrc="x"),
        song(13, sources=[source(13), source("taken", "deezer")]),
        song(14, files=[AudioFile(uri="file:///taken")]),
        song(15, credits=[CreditedName(artist_id=UNKNOWN)]),
        song(16, album=pb.TrackAlbum(id=UNKNOWN)),
        song(1, "another one with the same source"),
        song(17, sources=[source(17), source(2)]),
        song(18, files=[AudioFile(uri="file:///2")]),
        song(19, sources=[source(19), source("shared")]),
        pb.Track(title="shared", sources=[source("shared")]),
    ]
    good = [song(1), song(2, files=[AudioFile(uri="file:///2")]), song(3)]
    sent = [good[0], good[1], *bad[:6], good[2], *bad[6:]]
    response = await send(tracks, sent[:5], sent[5:9], sent[9:])
    assert counts(response) == (4, 0, 0, 11)
    reported = {error.index: error for error in response.errors}
    assert sorted(reported) == [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14]
    assert reported[3].source == source(11)
    assert "title" in reported[3].error.message
    codes = {index: error.error.code for index, error in reported.items()}
    assert codes[5] == codes[6] == grpc.StatusCode.ALREADY_EXISTS.value[0]
    assert codes[7] == codes[9] == grpc.StatusCode.NOT_FOUND.value[0]
    for index in (2, 3, 4, 10, 11, 12, 14):
        assert codes[index] == INVALID.value[0]
    assert taken.id in reported[5].error.message
    titles = sorted(track.title for track in await documents_agree(connection))
    assert titles == ["Song", "Song", "Song", "Song", "taken"]


async def test_the_first_thousand_errors_are_explained(tracks: TrackServiceAsyncStub) -> None:
    response = await send(tracks, [pb.Track(title="a") for _ in range(1_100)])
    assert counts(response) == (0, 0, 0, 1_100)
    assert [error.index for error in response.errors] == list(range(1_000))


async def test_a_track_that_is_sent_twice_is_there_once(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    response = await send(tracks, [rich(1), rich(1)], [rich(1)], [rich(2)])
    assert counts(response) == (2, 0, 2, 0)
    assert len(await documents_agree(connection)) == 2


async def test_a_known_track_is_changed_once_in_a_stream(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, [song(1, sources=[source(1), source(1, "deezer")])])
    by_one = song(1, "By spotify", label="spotify")
    by_two = pb.Track(title="By deezer", comment="deezer", sources=[source(1, "deezer")])
    together = await send(tracks, [by_one, by_two])
    apart = await send(tracks, [by_two], [song(1, "By spotify again")])
    for response in (together, apart):
        assert counts(response) == (0, 1, 0, 1)
        assert [error.index for error in response.errors] == [1]
    [track] = await documents_agree(connection)
    assert (track.title, track.label, track.comment) == ("By deezer", "spotify", "deezer")


async def test_too_many_sources_are_reported(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, [song(0, sources=[source(number) for number in range(60)])])
    more = [source(0), *(source(number) for number in range(60, 110))]
    response = await send(tracks, [song(0, sources=more), song(200)])
    assert counts(response) == (1, 0, 0, 1)
    assert response.errors[0].error.code == INVALID.value[0]
    assert len(await documents_agree(connection)) == 2


async def test_what_was_imported_can_be_found(
    tracks: TrackServiceAsyncStub, search: SearchServiceAsyncStub
) -> None:
    await send(tracks, [rich(1)])
    assert len(await found(search, "sigur ros song 1 album 1")) == 1
    await send(tracks, [song(1, "Renamed")])
    assert await found(search, "song 1") == set()
    assert len(await found(search, "renamed sigur ros")) == 1


async def test_pending_tracks_wait_for_workers(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, [song(1, status=pb.TRACK_STATUS_PENDING), song(2)])
    claimed = (await tracks.ClaimTracks(pb.ClaimTracksRequest(max_tracks=10))).tracks
    assert [one.track.sources[0].id for one in claimed] == ["id-1"]
    await documents_agree(connection)


async def test_a_deleted_track_is_imported_as_a_new_one(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, [rich(1)])
    [old] = await documents_agree(connection)
    await tracks.DeleteTrack(pb.DeleteTrackRequest(id=old.id))
    assert counts(await send(tracks, [rich(1)])) == (1, 0, 0, 0)
    assert len(await documents_agree(connection)) == 2
    assert counts(await send(tracks, [rich(1)])) == (0, 0, 1, 0)
    with raises_status(grpc.StatusCode.ALREADY_EXISTS):
        await tracks.UndeleteTrack(pb.UndeleteTrackRequest(id=old.id))


async def test_validate_only_counts_and_stores_nothing(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, [rich(1), rich(2)])
    before = await snapshot(connection)
    changed = rich(1)
    changed.title = "Other"
    batches = [[changed, rich(2)], [rich(3), pb.Track(title="bad")]]
    dry = await send(tracks, *batches, validate_only=True)
    assert counts(dry) == (1, 1, 1, 1)
    assert await snapshot(connection) == before
    assert await send(tracks, *batches) == dry


async def test_libraries_are_imported_apart(
    tracks: TrackServiceAsyncStub, libraries: LibraryServiceAsyncStub, connection: Connection
) -> None:
    library_id = await other_library(libraries)
    assert counts(await send(tracks, [rich(1)])) == (1, 0, 0, 0)
    assert counts(await send(tracks, [rich(1)], library_id=library_id)) == (1, 0, 0, 0)
    assert counts(await send(tracks, [rich(1)], library_id=library_id)) == (0, 0, 1, 0)
    stored = await documents_agree(connection)
    assert sorted(track.library_id == library_id for track in stored) == [False, True]
    with raises_status(grpc.StatusCode.NOT_FOUND, metadata={"kind": "library", "id": UNKNOWN}):
        await send(tracks, [rich(2)], library_id=UNKNOWN)


@pytest.mark.parametrize(
    ("second", "field"),
    [
        (pb.ImportTracksRequest(library_id=UNKNOWN, tracks=[song(2)]), "library_id"),
        (pb.ImportTracksRequest(library_id="x", tracks=[song(2)]), "library_id"),
        (pb.ImportTracksRequest(validate_only=True, tracks=[song(2)]), "validate_only"),
        (pb.ImportTracksRequest(tracks=[song(2)] * (MAX_IMPORT_BATCH + 1)), "tracks"),
    ],
)
async def test_a_bad_message_undoes_the_stream(
    tracks: TrackServiceAsyncStub,
    connection: Connection,
    second: pb.ImportTracksRequest,
    field: str,
) -> None:
    with raises_status(INVALID, field=field):
        await tracks.ImportTracks(iter([pb.ImportTracksRequest(tracks=[song(1)]), second]))
    assert await documents_agree(connection) == []


async def test_an_empty_stream_is_refused(tracks: TrackServiceAsyncStub) -> None:
    with raises_status(INVALID, field="tracks"):
        await tracks.ImportTracks(iter(()))
    assert counts(await send(tracks, [])) == (0, 0, 0, 0)


async def test_a_stream_that_breaks_off_leaves_nothing(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, [song(0)])
    acknowledged = await documents_agree(connection)

    async def is_under_way() -> bool:
        row = await connection.execute(
            "SELECT FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return await row.fetchone() is not None

    call = tracks.ImportTracks()
    for start in range(0, 600, 200):
        batch = [rich(number) for number in range(start, start + 200)]
        await call.write(pb.ImportTracksRequest(tracks=batch))
    await eventually(is_under_way)
    call.cancel()

    async def has_ended() -> bool:
        return not await is_under_way()

    await eventually(has_ended)
    assert await documents_agree(connection) == acknowledged
    assert counts(await send(tracks, [rich(1)])) == (1, 0, 0, 0)


async def test_imports_at_the_same_time_both_succeed(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    async def slowly(numbers: range) -> AsyncIterator[pb.ImportTracksRequest]:
        for number in numbers:
            yield pb.ImportTracksRequest(tracks=[rich(number)])
            await asyncio.sleep(0)

    responses = await asyncio.gather(
        *(tracks.ImportTracks(slowly(numbers)) for numbers in (range(40), range(20, 60)))
    )
    assert sorted(counts(response) for response in responses) == [(20, 0, 20, 0), (40, 0, 0, 0)]
    assert len(await documents_agree(connection)) == 60


async def test_an_import_waits_for_another_as_long_as_that_takes(
    settings: Settings, database_url: str, connection: Connection
) -> None:
    database = Database(database_url, settings.model_copy(update={"lock_timeout": 0.05}))
    await database.open()

    async def has_waited() -> bool:
        rows = await connection.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event = 'advisory' AND clock_timestamp() - query_start > interval '0.2 s'"
        )
        return await rows.fetchone() is not None

    async def wait_and_ask() -> list[tuple[Any, ...]]:
        async with database.transaction() as second:
            await store.import_lock(second)
            return await (await second.execute("SHOW lock_timeout")).fetchall()

    async with database.transaction() as first:
        await store.import_lock(first)
        waiting = asyncio.create_task(wait_and_ask())
        await eventually(has_waited)
    assert await waiting == [("50ms",)]
    await database.close()


async def test_other_writers_go_on_during_an_import(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    batches = [[rich(number) for number in range(start, start + 50)] for start in range(0, 300, 50)]

    async def edit() -> None:
        for _ in range(10):
            title = str(uuid4())
            made = await create(tracks, title, credits=[CreditedName(name="Artist 1")])
            assert (await get(tracks, made)).title == title

    response, *_ = await asyncio.gather(send(tracks, *batches), edit(), edit())
    assert counts(response) == (300, 0, 0, 0)
    assert len(await documents_agree(connection)) == 320


async def test_a_new_word_of_an_import_keeps_nobody_waiting(
    tracks: TrackServiceAsyncStub,
    search: SearchServiceAsyncStub,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.tracks.importing._BATCH", 1)
    told = asyncio.Event()

    async def slowly() -> AsyncIterator[pb.ImportTracksRequest]:
        yield pb.ImportTracksRequest(tracks=[song(1, "Zyzzyva one")])
        await told.wait()
        yield pb.ImportTracksRequest(tracks=[song(2, "Zyzzyva two")])

    async def has_stored() -> bool:
        held = await connection.execute(
            "SELECT FROM pg_locks WHERE relation = 'track_search_words_idx'::regclass"
            " AND mode = 'RowExclusiveLock' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return await held.fetchone() is not None

    importing = asyncio.ensure_future(tracks.ImportTracks(slowly()))
    await eventually(has_stored)
    made = await create(tracks, "Zyzzyva three")
    assert await found(search, "zyzzyva") == {made.id}
    told.set()
    assert counts(await importing) == (2, 0, 0, 0)
    assert len(await found(search, "zyzzyva")) == 3


@pytest.mark.parametrize("most_waiting", [0, 3, 50_000])
async def test_the_vocabulary_has_the_best_tier_of_each_word_after_an_import(
    tracks: TrackServiceAsyncStub,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    most_waiting: int,
) -> None:
    monkeypatch.setattr("service.tracks.importing._BATCH", 1)
    monkeypatch.setattr("service.tracks.importing._MAX_WORDS", most_waiting)
    popularity = [10, 80, 40, 20, 60, 90]
    batches = [
        [song(number, f"Word{number % 2} word{number % 3} word{number}", popularity=value)]
        for number, value in enumerate(popularity)
    ]
    assert counts(await send(tracks, *batches)) == (6, 0, 0, 0)
    differing = await connection.execute(
        "SELECT w.word, w.tier, min(s.tier) FROM search_word AS w"
        " FULL JOIN ("
        '   SELECT unnest(tsvector_to_array(words)) COLLATE "C" AS word, tier FROM track_search'
        " ) AS s ON s.word = w.word"
        " GROUP BY w.word, w.tier HAVING w.tier IS DISTINCT FROM min(s.tier)"
    )
    assert await differing.fetchall() == []
    kept = await connection.execute("SELECT FROM search_word WHERE cardinality(deletions) = 0")
    assert await kept.fetchall() == []
