"""AlbumService, as a client sees it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from fonoteca.v1 import album_pb2 as pb
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from fonoteca.v1.types_pb2 import CreditedName, ExternalSource, PartialDate
from service.database import Connection, Database
from service.tracks import store as tracks
from service.tracks.document import track_message
from tests.support.errors import raises_status
from tests.support.writing import add_tracks, credited, found

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def on(title: str, by: str = "Björk", **more: object) -> Track:
    """Return a new track of an album."""
    track = Track(title="A song", credits=credited(by), album=TrackAlbum(title=title))
    track.MergeFrom(Track(**more))  # type: ignore[arg-type]
    return track


async def album_of(database: Database, title: str, by: str = "Björk") -> str:
    """Store a track that is on an album; returns the id of the album."""
    [track] = await add_tracks(database, on(title, by))
    return track.album.id


async def track_in(connection: Connection, track_id: str) -> Track:
    return track_message(await tracks.get(connection, UUID(track_id)), full=True)


async def update(
    albums: AlbumServiceAsyncStub, album: pb.Album, *paths: str, request_id: str = ""
) -> pb.Album:
    return await albums.UpdateAlbum(
        pb.UpdateAlbumRequest(
            album=album, update_mask=FieldMask(paths=paths), request_id=request_id
        )
    )


async def test_an_album_comes_with_its_first_track(
    albums: AlbumServiceAsyncStub, database: Database
) -> None:
    album_id = await album_of(database, "Debut")
    album = await albums.GetAlbum(pb.GetAlbumRequest(id=album_id))
    assert (album.title, album.artist, album.id) == ("Debut", "Björk", album_id)
    assert [name.name for name in album.credits] == ["Björk"]
    assert album.etag


async def test_changes_the_fields_that_are_set(
    albums: AlbumServiceAsyncStub, database: Database
) -> None:
    before = await albums.GetAlbum(pb.GetAlbumRequest(id=await album_of(database, "Debut")))
    wanted = pb.Album(
        id=before.id,
        type=pb.ALBUM_TYPE_ALBUM,
        release_date=PartialDate(year=1993, month=7, day=5),
        total_tracks=11,
        mbid=str(uuid4()),
        barcode="5016958023294",
        label="One Little Indian",
        catalog_number="TPLP31CD",
        covers=[pb.AlbumCover(uri="https://x/front.webp", type="front", width_px=500)],
        sources=[ExternalSource(type="discogs", id="98")],
        etag=before.etag,
    )
    after = await update(albums, wanted)
    expected = pb.Album()
    expected.CopyFrom(before)
    expected.MergeFrom(wanted)
    expected.etag, expected.update_time.nanos = after.etag, after.update_time.nanos
    expected.update_time.seconds = after.update_time.seconds
    assert after == expected
    assert after.etag != before.etag
    assert after == await albums.GetAlbum(pb.GetAlbumRequest(id=before.id))


async def test_a_path_that_is_named_but_empty_is_cleared(
    albums: AlbumServiceAsyncStub, database: Database
) -> None:
    album_id = await album_of(database, "Debut")
    await update(albums, pb.Album(id=album_id, label="L", release_date=PartialDate(year=1993)))
    cleared = await update(albums, pb.Album(id=album_id), "release_date", "credits")
    assert not cleared.HasField("release_date")
    assert (cleared.label, cleared.artist, list(cleared.credits)) == ("L", "", [])


async def test_its_tracks_show_a_new_title_and_are_found_by_it_at_once(
    albums: AlbumServiceAsyncStub,
    database: Database,
    connection: Connection,
    search: SearchServiceAsyncStub,
) -> None:
    one, two, other = await add_tracks(database, on("Debut"), on("Debut"), on("Post"))
    mbid = str(uuid4())
    await update(albums, pb.Album(id=one.album.id, title="Début deluxe", mbid=mbid))
    for track in (one, two):
        shown = await track_in(connection, track.id)
        assert (shown.album.title, shown.album.mbid) == ("Début deluxe", mbid)
        assert shown.etag != track.etag
    assert await track_in(connection, other.id) == other
    assert await found(search, "deluxe song") == {one.id, two.id}


async def test_its_tracks_show_a_new_credit_at_once(
    albums: AlbumServiceAsyncStub, database: Database, connection: Connection
) -> None:
    [track] = await add_tracks(database, on("Selmasongs"))
    bjork = track.album.credits[0].artist_id
    names = [CreditedName(artist_id=bjork, join_phrase=" & "), CreditedName(name="Thom Yorke")]
    album = await update(albums, pb.Album(id=track.album.id, credits=names))
    assert album.artist == "Björk & Thom Yorke"
    assert (await track_in(connection, track.id)).album.artist == "Björk & Thom Yorke"
    page = await albums.ListAlbums(pb.ListAlbumsRequest(artist_id=album.credits[1].artist_id))
    assert list(page.albums) == [album]


async def test_a_credit_of_an_unknown_artist_is_refused(
    albums: AlbumServiceAsyncStub, database: Database
) -> None:
    names = [CreditedName(artist_id=str(uuid4()))]
    with raises_status(grpc.StatusCode.NOT_FOUND, metadata={"kind": "artist"}):
        await update(albums, pb.Album(id=await album_of(database, "Debut"), credits=names))


async def test_a_source_that_is_taken_is_refused(
    albums: AlbumServiceAsyncStub, database: Database
) -> None:
    sources = [ExternalSource(type="discogs", id="98")]
    await update(albums, pb.Album(id=await album_of(database, "Debut"), sources=sources))
    with raises_status(grpc.StatusCode.ALREADY_EXISTS, metadata={"id": "discogs:98"}):
        await update(albums, pb.Album(id=await album_of(database, "Post"), sources=sources))


async def test_a_stale_etag_is_refused_with_the_current_one(
    albums: AlbumServiceAsyncStub, database: Database
) -> None:
    before = await albums.GetAlbum(pb.GetAlbumRequest(id=await album_of(database, "Debut")))
    after = await update(albums, pb.Album(id=before.id, label="L"))
    with raises_status(
        grpc.StatusCode.ABORTED, reason="ETAG_MISMATCH", metadata={"current_etag": after.etag}
    ):
        await update(albums, pb.Album(id=before.id, label="M", etag=before.etag))


async def test_of_two_changes_at_once_one_is_refused(
    albums: AlbumServiceAsyncStub, database: Database
) -> None:
    album = await albums.GetAlbum(pb.GetAlbumRequest(id=await album_of(database, "Debut")))
    outcomes = await asyncio.gather(
        *(
            update(albums, pb.Album(id=album.id, title=title, etag=album.etag))
            for title in ("One", "Other")
        ),
        return_exceptions=True,
    )
    [winner] = [outcome for outcome in outcomes if isinstance(outcome, pb.Album)]
    [loser] = [outcome for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
    assert loser.code() is grpc.StatusCode.ABORTED
    assert winner == await albums.GetAlbum(pb.GetAlbumRequest(id=album.id))


async def test_a_repeated_request_changes_nothing(
    albums: AlbumServiceAsyncStub, database: Database
) -> None:
    album, request_id = pb.Album(id=await album_of(database, "A"), title="B"), str(uuid4())
    first = await update(albums, album, request_id=request_id)
    assert await update(albums, album, request_id=request_id) == first
    assert await albums.GetAlbum(pb.GetAlbumRequest(id=album.id)) == first
    with raises_status(INVALID, field="request_id"):
        await update(albums, pb.Album(id=album.id, title="C"), request_id=request_id)


@pytest.mark.parametrize(
    ("album", "paths", "field"),
    [
        (pb.Album(), ["title"], "album.title"),
        (pb.Album(title="a\0b"), [], "album.title"),
        (pb.Album(release_date=PartialDate(year=1999, day=1)), [], "album.release_date"),
        (pb.Album(credits=[CreditedName()]), [], "album.credits[0].name"),
        (pb.Album(covers=[pb.AlbumCover()]), [], "album.covers[0].uri"),
        (pb.Album(barcode="12"), [], "album.barcode"),
        (pb.Album(), ["genre"], "update_mask"),
    ],
)
async def test_a_bad_field_is_named(
    albums: AlbumServiceAsyncStub,
    database: Database,
    album: pb.Album,
    paths: list[str],
    field: str,
) -> None:
    album.id = await album_of(database, "Debut")
    with raises_status(INVALID, field=field):
        await update(albums, album, *paths)


async def test_an_unknown_album_is_not_found(albums: AlbumServiceAsyncStub) -> None:
    unknown = str(uuid4())
    with raises_status(grpc.StatusCode.NOT_FOUND, metadata={"kind": "album", "id": unknown}):
        await albums.GetAlbum(pb.GetAlbumRequest(id=unknown))
    with raises_status(grpc.StatusCode.NOT_FOUND):
        await update(albums, pb.Album(id=unknown, title="a"))
    with raises_status(grpc.StatusCode.NOT_FOUND):
        await albums.ListAlbumTracks(pb.ListAlbumTracksRequest(album_id=unknown))


async def test_a_bad_id_is_named(albums: AlbumServiceAsyncStub) -> None:
    with raises_status(INVALID, field="id"):
        await albums.GetAlbum(pb.GetAlbumRequest(id="1"))
    with raises_status(INVALID, field="album.id"):
        await albums.UpdateAlbum(pb.UpdateAlbumRequest())
    with raises_status(INVALID, field="album_id"):
        await albums.ListAlbumTracks(pb.ListAlbumTracksRequest())


async def test_lists_albums_by_title_prefix_artist_and_source(
    albums: AlbumServiceAsyncStub, database: Database
) -> None:
    for title in ("Post", "Debut", "début, too"):
        await album_of(database, title)
    album_id = await album_of(database, "Debussy", by="Argerich")
    source = ExternalSource(type="discogs", id="98")
    argerich = await update(albums, pb.Album(id=album_id, sources=[source]))

    async def titles(request: pb.ListAlbumsRequest) -> list[str]:
        """Return all titles of a list, read page by page."""
        page = await albums.ListAlbums(request)
        found = [album.title for album in page.albums]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token
        return found + await titles(request)

    every = await titles(pb.ListAlbumsRequest(page_size=1))
    assert every == ["Debussy", "Debut", "début, too", "Post"]
    by_prefix = await titles(pb.ListAlbumsRequest(title_prefix="DEBÚT", page_size=1))
    assert by_prefix == ["Debut", "début, too"]
    artist_id = argerich.credits[0].artist_id
    assert await titles(pb.ListAlbumsRequest(artist_id=artist_id)) == ["Debussy"]
    assert await titles(pb.ListAlbumsRequest(source=source)) == ["Debussy"]
    assert await titles(pb.ListAlbumsRequest(source=source, title_prefix="post")) == []


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListAlbumsRequest(page_size=-1), "page_size"),
        (pb.ListAlbumsRequest(page_token="bm90IG91cnM="), "page_token"),
        (pb.ListAlbumsRequest(title_prefix="a" * 1001), "title_prefix"),
        (pb.ListAlbumsRequest(artist_id="a"), "artist_id"),
        (pb.ListAlbumsRequest(source=ExternalSource(type="x")), "source.id"),
    ],
)
async def test_a_bad_list_request_is_refused(
    albums: AlbumServiceAsyncStub, request_: pb.ListAlbumsRequest, field: str
) -> None:
    with raises_status(INVALID, field=field):
        await albums.ListAlbums(request_)


async def test_lists_the_tracks_in_their_order_on_the_album(
    albums: AlbumServiceAsyncStub, database: Database, connection: Connection
) -> None:
    added = await add_tracks(
        database,
        on("Debut", disc_number=2, track_number=1),
        on("Debut", disc_number=1, track_number=10),
        on("Debut", disc_number=1, track_number=2),
        on("Debut", track_number=1),
        on("Debut", disc_number=1),
        on("Debut", disc_number=1),
        on("Debut", disc_number=1, track_number=1),
        on("Post", disc_number=1, track_number=1),
    )
    await connection.execute("UPDATE track SET deleted_at = now() WHERE id = %s", [added[6].id])
    request = pb.ListAlbumTracksRequest(album_id=added[0].album.id, page_size=2)
    ids: list[str] = []
    while True:
        page = await albums.ListAlbumTracks(request)
        ids += [track.id for track in page.tracks]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert ids == [added[position].id for position in (2, 1, 4, 5, 0, 3)]
