"""A write is findable when it returns, by every way to search; one that is rolled back never is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

import grpc
import pytest

from fonoteca.v1 import album_pb2, artist_pb2, search_pb2
from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from fonoteca.v1.types_pb2 import ExternalSource
from service.artists import change as artist_change
from service.artists import store as artist_store
from service.database import Connection, Database
from service.search.model import MAX_HITS
from service.tracks import write
from service.upkeep import rounds
from tests.conftest import NewTrack
from tests.support.errors import raises_status
from tests.support.upkeep import faults
from tests.support.waiting import eventually, is_waiting
from tests.support.writing import add_tracks, credited, found, write_tracks

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

_SYLLABLES: Final = ("ba", "do", "fi", "gu", "ke", "lo", "mi", "nu", "po", "ra", "si", "tu")
_REFUSALS: Final = (
    grpc.StatusCode.NOT_FOUND,  # deleted already
    grpc.StatusCode.ALREADY_EXISTS,  # not deleted
    grpc.StatusCode.FAILED_PRECONDITION,  # deleted: not to be changed
)
_WRITERS: Final = 6
_WRITES: Final = 8


def made_up(dice: random.Random) -> str:
    """Return a word of ten letters that nothing else has, for a try at least."""
    return "".join(dice.choices(_SYLLABLES, k=5))


def misspelt(word: str) -> str:
    return word[:3] + word[4] + word[3] + word[5:]


class Seeker:
    """Asks for a track in every way that there is."""

    def __init__(self, search: SearchServiceAsyncStub) -> None:
        self._search = search

    async def ids(self, query: str, **more: object) -> set[str]:
        request = search_pb2.SearchTracksRequest(query=query, **more)  # type: ignore[arg-type]
        return {hit.track.id for hit in (await self._search.SearchTracks(request)).hits}

    async def finds_everywhere(self, track: Track) -> bool:
        """Tell whether a track of one made-up word is found by it, in all ways."""
        word = track.title
        requests = [
            search_pb2.SearchTracksRequest(query=word),
            search_pb2.SearchTracksRequest(query=word[:-2]),
            search_pb2.SearchTracksRequest(query=misspelt(word)),
            search_pb2.SearchTracksRequest(query=f"{word} {track.artist}"),
            search_pb2.SearchTracksRequest(filter=f'title:"{word}"'),
            search_pb2.SearchTracksRequest(
                query=word, facets=[search_pb2.SEARCH_FACET_FIELD_ARTIST]
            ),
        ]
        batch = search_pb2.BatchSearchTracksRequest(requests=requests)
        results = (await self._search.BatchSearchTracks(batch)).results
        pages = [await self._search.SearchTracks(request) for request in requests]
        pages += [result.response for result in results]
        counted = [facet.values for page in pages for facet in page.facets]
        is_found = all(track.id in {hit.track.id for hit in page.hits} for page in pages)
        return is_found and len(counted) == 2 and all(counted)


@pytest.fixture
def seeker(search: SearchServiceAsyncStub) -> Seeker:
    return Seeker(search)


async def test_what_many_write_at_once_each_finds_at_once(
    seeker: Seeker, new_track: NewTrack, database: Database
) -> None:
    artist = "Kapela"

    async def write_and_look(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(_WRITES):
            track = await new_track(made_up(dice), artist=artist)
            assert await seeker.finds_everywhere(track), track.title

    await asyncio.gather(*map(write_and_look, range(_WRITERS)))
    assert len(await seeker.ids(artist)) == _WRITERS * _WRITES
    assert await faults(database) == []


async def test_readers_see_each_write_as_a_whole(
    search: SearchServiceAsyncStub, tracks: TrackServiceAsyncStub, new_track: NewTrack
) -> None:
    """While a track swaps its title back and forth, each batch finds it by exactly one of them."""
    names = ("fibakelodo", "gumiposira")
    track = await new_track(names[0])
    requests = [search_pb2.SearchTracksRequest(query=name) for name in names]
    batch = search_pb2.BatchSearchTracksRequest(requests=requests * 2)
    is_done = False

    async def swap() -> None:
        for number in range(20):
            wanted = Track(id=track.id, title=names[number % 2])
            await tracks.UpdateTrack(pb.UpdateTrackRequest(track=wanted))

    async def look() -> None:
        while not is_done:
            results = (await search.BatchSearchTracks(batch)).results
            hits = [len(result.response.hits) for result in results]
            assert hits in ([1, 0, 1, 0], [0, 1, 0, 1])

    looking = [asyncio.create_task(look()) for _ in range(2)]
    await swap()
    is_done = True
    await asyncio.gather(*looking)


async def test_what_is_rolled_back_never_shows(
    seeker: Seeker, database: Database, search: SearchServiceAsyncStub
) -> None:
    kept = Track(title="gumiposira", credits=credited("Kapela"))
    undone = Track(title="fibakelodo", credits=credited("Kapela"), album=TrackAlbum(title="sitolo"))
    queries = ("fibakelodo", "fibakeloda", "fibakelo", "sitolo")
    seen: list[set[str]] = []
    is_done = False

    async def look() -> None:
        while not is_done:
            seen.extend([await seeker.ids(query) for query in queries])

    looking = asyncio.create_task(look())
    for _ in range(5):
        async with database.transaction(dry_run=True) as connection:
            await write_tracks(connection, undone)
            seen.extend([await seeker.ids(query) for query in queries])
        await add_tracks(database, kept)
    is_done = True
    await looking
    assert seen
    assert not set().union(*seen)
    assert len(await found(search, "kapela gumiposira")) == 5
    assert await faults(database) == []


async def test_a_batch_that_fails_leaves_nothing_to_find(
    seeker: Seeker, tracks: TrackServiceAsyncStub, database: Database
) -> None:
    source = ExternalSource(type="shop", id="1")
    await add_tracks(database, Track(title="gumiposira", sources=[source]))
    new = [Track(title="fibakelodo"), Track(title="sitolo", sources=[source])]
    with raises_status(grpc.StatusCode.ALREADY_EXISTS):
        await tracks.BatchCreateTracks(pb.BatchCreateTracksRequest(tracks=new))
    await tracks.ImportTracks(iter([pb.ImportTracksRequest(tracks=[new[0]], validate_only=True)]))
    assert await seeker.ids("fibakelodo") == set()
    assert await seeker.ids("fibakeloda") == set()
    assert await faults(database) == []


async def test_an_import_shows_all_at_once(seeker: Seeker, tracks: TrackServiceAsyncStub) -> None:
    titles = [f"kelodosi {number}" for number in range(180)]
    batches = [titles[start : start + 30] for start in range(0, 180, 30)]
    counts: set[int] = set()
    is_done = False

    async def look() -> None:
        while not is_done:
            counts.add(len(await seeker.ids("kelodosi", page_size=500)))

    looking = asyncio.create_task(look())
    await tracks.ImportTracks(
        iter([
            pb.ImportTracksRequest(
                tracks=[
                    Track(title=title, sources=[ExternalSource(type="shop", id=title)])
                    for title in batch
                ]
            )
            for batch in batches
        ])
    )  # fmt: skip
    assert len(await seeker.ids("kelodosi", page_size=500)) == 180
    assert len(await seeker.ids("kelodois", page_size=500)) == 180
    is_done = True
    await looking
    assert counts <= {0, 180}


async def test_a_track_that_is_deleted_during_a_rename_stays_deleted(
    database: Database, connection: Connection, seeker: Seeker
) -> None:
    [track] = await add_tracks(database, Track(title="Song", credits=credited("Prince")))
    async with database.transaction() as deleting:
        await write.delete(deleting, UUID(track.id), "")
        renaming = asyncio.create_task(database.write(lambda c: _rename(c, track, "Symbol")))
        await eventually(lambda: is_waiting(connection))
    await renaming
    assert await seeker.ids("song") == set()
    assert [fault for fault in await faults(database) if fault.fault.is_error] == []


async def test_a_track_that_comes_back_during_a_rename_has_the_new_name(
    database: Database, connection: Connection, search: SearchServiceAsyncStub
) -> None:
    [track] = await add_tracks(database, Track(title="Song", credits=credited("Prince")))
    await database.write(lambda connection: write.delete(connection, UUID(track.id), ""))
    async with database.transaction() as undeleting:
        await write.undelete(undeleting, UUID(track.id), "")
        renaming = asyncio.create_task(database.write(lambda c: _rename(c, track, "Symbol")))
        await eventually(lambda: is_waiting(connection))
    await renaming
    assert await found(search, "symbol song") == {track.id}


async def test_a_rename_of_many_tracks_keeps_nobody_waiting(
    database: Database, seeker: Seeker, search: SearchServiceAsyncStub, new_track: NewTrack
) -> None:
    many = [Track(title=f"Song {number}", credits=credited("Prince")) for number in range(MAX_HITS)]
    [first, *_] = await add_tracks(database, *many)
    other = await new_track("gumiposira", artist="Kapela")
    async with database.transaction() as renaming:
        await _rename(renaming, first, "Symbol")
        assert len(await found(search, "prince song")) > 0  # as it was, at once
        assert await found(search, "symbol song") == set()
        assert await seeker.finds_everywhere(await new_track("fibakelodo", artist="Kapela"))
        await database.write(lambda c: write.delete(c, UUID(other.id), ""))
        assert [fault for fault in await faults(database) if fault.fault.is_error] == []
    request = search_pb2.SearchTracksRequest(query="symbol song", page_size=500)
    assert len((await search.SearchTracks(request)).hits) == MAX_HITS


async def _rename(connection: Connection, track: Track, name: str) -> None:
    artist = await artist_store.lock(connection, UUID(track.credits[0].artist_id))
    await artist_change.change(connection, artist, replace(artist.draft, name=name))


async def test_whatever_many_do_at_once_the_index_is_right_in_the_end(
    database: Database,
    tracks: TrackServiceAsyncStub,
    artists: ArtistServiceAsyncStub,
    albums: AlbumServiceAsyncStub,
    seeker: Seeker,
) -> None:
    names = ("Kapela", "Zespol", "Trio")
    made = await add_tracks(
        database,
        *(
            Track(title=f"song {n}", credits=credited(names[n % 3]), album=TrackAlbum(title="opus"))
            for n in range(24)
        ),
    )

    async def act(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(12):
            track, word = dice.choice(made), made_up(dice)
            with may_be_refused():
                match dice.randrange(5):
                    case 0:
                        await tracks.DeleteTrack(pb.DeleteTrackRequest(id=track.id))
                    case 1:
                        await tracks.UndeleteTrack(pb.UndeleteTrackRequest(id=track.id))
                    case 2:
                        wanted = Track(id=track.id, title=word, popularity=70)
                        await tracks.UpdateTrack(pb.UpdateTrackRequest(track=wanted))
                    case 3:
                        artist = artist_pb2.Artist(id=track.credits[0].artist_id, name=word)
                        await artists.UpdateArtist(artist_pb2.UpdateArtistRequest(artist=artist))
                    case 4:
                        album = album_pb2.Album(id=track.album.id, title=word)
                        await albums.UpdateAlbum(album_pb2.UpdateAlbumRequest(album=album))
            await seeker.ids(word)

    await asyncio.gather(*map(act, range(6)), upkeep(database))
    assert [fault for fault in await faults(database) if fault.fault.is_error] == []


@contextmanager
def may_be_refused() -> Iterator[None]:
    """Let a call fail that the state of the track forbids by then."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        if error.code() not in _REFUSALS:
            raise


async def upkeep(database: Database) -> None:
    """Take rounds forward beside the writers."""
    for _ in range(40):
        await rounds.advance(database)
