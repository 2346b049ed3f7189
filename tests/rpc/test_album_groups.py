"""Which files are of one album: by MusicBrainz id, else by folder, title and album artist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from fonoteca.v1 import album_pb2, file_pb2, search_pb2
from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import CreditedName
from tests.support.scanned import bring, only, song

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.file_pb2_grpc import FileServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

HITS = "Greatest Hits"


async def grouped(tracks: TrackServiceAsyncStub) -> list[list[str]]:
    """Return the titles of all tracks by their albums."""
    found = defaultdict(list)
    listed = await tracks.ListTracks(pb.ListTracksRequest(page_size=1000, order_by="title"))
    for track in listed.tracks:
        found[track.album.id].append(track.title)
    return sorted(found.values())


async def test_a_compilation_is_one_album_without_artist(
    tracks: TrackServiceAsyncStub, albums: AlbumServiceAsyncStub
) -> None:
    await bring(tracks, song("mix/a", "ABBA"), song("mix/b", "Björk"), song("mix/c"))
    assert await grouped(tracks) == [["a", "b", "c"]]
    album_id = (await only(tracks, "a")).album.id
    album = await albums.GetAlbum(album_pb2.GetAlbumRequest(id=album_id))
    assert (album.artist, album.type) == ("", album_pb2.ALBUM_TYPE_COMPILATION)


async def test_an_album_without_album_artist_has_what_its_tracks_share(
    tracks: TrackServiceAsyncStub,
) -> None:
    with_guest = song("q/b", "Queen")
    with_guest.credits[0].join_phrase = " & "
    with_guest.credits.add(name="David Bowie")
    await bring(tracks, song("q/a", "Queen"), with_guest, song("q/c"))
    assert {(await only(tracks, title)).album.artist for title in "abc"} == {"Queen"}


async def test_a_compilation_may_come_in_parts(
    tracks: TrackServiceAsyncStub, albums: AlbumServiceAsyncStub, search: SearchServiceAsyncStub
) -> None:
    await bring(tracks, song("mix/a", "ABBA"))
    assert (await only(tracks, "a")).album.artist == "ABBA"
    await bring(tracks, song("mix/b", "Björk"))
    assert await grouped(tracks) == [["a", "b"]]
    assert {(await only(tracks, title)).album.artist for title in "ab"} == {""}
    hits = await search.SearchTracks(search_pb2.SearchTracksRequest(query=HITS))
    assert len(hits.hits) == 2
    # What somebody decides stays.
    album = album_pb2.Album(id=(await only(tracks, "a")).album.id)
    album.credits.add(name="Various Artists")
    await albums.UpdateAlbum(album_pb2.UpdateAlbumRequest(album=album))
    await bring(tracks, song("mix/c", "Cher"))
    assert {(await only(tracks, title)).album.artist for title in "abc"} == {"Various Artists"}


async def test_two_albums_of_one_name_stay_two(tracks: TrackServiceAsyncStub) -> None:
    await bring(tracks, *(song(f"{n}/{n}{x}", "Queen", of="Queen") for n in "12" for x in "ab"))
    await bring(tracks, song("2/2c", "Queen", of="Queen"))
    assert await grouped(tracks) == [["1a", "1b"], ["2a", "2b", "2c"]]


async def test_album_artists_tell_albums_of_one_folder_apart(
    tracks: TrackServiceAsyncStub,
) -> None:
    await bring(
        tracks,
        song("all/a", "ABBA", of="ABBA"),
        song("all/b", "Queen", of="Queen"),
        song("all/c", "Guest", of="queen"),
    )
    assert await grouped(tracks) == [["a"], ["b", "c"]]


async def test_discs_are_one_album(tracks: TrackServiceAsyncStub) -> None:
    folders = ("CD1", "cd%202", "Disc_3 (bonus)", "Side B")
    await bring(tracks, *(song(f"set/{folder}/{n}", "Q") for n, folder in enumerate(folders)))
    await bring(tracks, song("set/4", "Q"), song("set/Demos/5", "Q"))
    assert await grouped(tracks) == [["0", "1", "2", "3", "4"], ["5"]]


async def test_musicbrainz_ids_come_first(tracks: TrackServiceAsyncStub) -> None:
    one, two = str(uuid4()), str(uuid4())
    await bring(
        tracks,
        song("x/a", "Q", mbid=one), song("y/b", "Q", mbid=one), song("x/c", "Q", mbid=two),
    )  # fmt: skip
    assert await grouped(tracks) == [["a", "b"], ["c"]]


async def test_an_album_that_moves_stays_the_album(
    tracks: TrackServiceAsyncStub, files: FileServiceAsyncStub
) -> None:
    await bring(tracks, *(song(f"old/{x}", "Q", audio=x) for x in "ab"))
    album_id = (await only(tracks, "a")).album.id
    listed = (await tracks.ListTracks(pb.ListTracksRequest())).tracks
    assert {track.album.id for track in listed} == {album_id}
    ids = [track.files[0].id for track in listed]
    await files.MarkFilesMissing(file_pb2.MarkFilesMissingRequest(ids=ids))
    await bring(tracks, *(song(f"new/{x}", "Q", audio=x) for x in "ab"), song("new/c", "Q"))
    assert {(await only(tracks, title)).album.id for title in "abc"} == {album_id}


async def test_a_renamed_album_stays_that_of_its_folder(
    tracks: TrackServiceAsyncStub, albums: AlbumServiceAsyncStub
) -> None:
    await bring(tracks, song("f/a", "Q"))
    album_id = (await only(tracks, "a")).album.id
    renamed = album_pb2.Album(id=album_id, title="The Best")
    await albums.UpdateAlbum(album_pb2.UpdateAlbumRequest(album=renamed))
    await bring(tracks, song("f/b", "Q"))
    track = await only(tracks, "b")
    assert (track.album.id, track.album.title) == (album_id, "The Best")


async def test_a_folder_takes_over_the_album_of_a_table(tracks: TrackServiceAsyncStub) -> None:
    row = pb.Track(title="row", credits=[CreditedName(name="QUEEN")])
    row.album.title = "greatest hits"
    row.sources.add(type="table", id="1")
    await bring(tracks, row)
    await bring(tracks, song("1/a", "Queen", of="Queen"))
    await bring(tracks, song("2/b", "Queen", of="Queen"))
    row.title, row.sources[0].id = "row 2", "2"
    await bring(tracks, row)
    assert await grouped(tracks) == [["a", "row", "row 2"], ["b"]]


async def test_files_that_are_kept_by_content_go_by_title_and_artist(
    tracks: TrackServiceAsyncStub,
) -> None:
    names = [sha256(bytes([number])).hexdigest() for number in range(3)]
    await bring(
        tracks,
        song(f"{names[0][:2]}/{names[0]}", "Q"), song(f"{names[1][:2]}/{names[1]}", "Q"),
        song(f"{names[2][:2]}/{names[2]}", "R"),
    )  # fmt: skip
    assert sorted(map(len, await grouped(tracks))) == [1, 2]


@pytest.mark.parametrize("sizes", [(12,), (1,) * 12, (5, 7), (2, 9, 1)])
async def test_groups_are_the_same_however_the_files_come(
    tracks: TrackServiceAsyncStub, sizes: Sequence[int]
) -> None:
    songs: list[pb.Track] = []
    expected: dict[Any, list[str]] = defaultdict(list)
    for number in range(12):
        folder, album = f"f{number % 3}", ("One", "ONE", "Two")[number // 3 % 3]
        of = ("", "Queen")[number % 2]
        songs.append(song(f"{folder}/{number:02}", f"artist {number % 5}", of=of, album=album))
        expected[folder, album.lower(), of].append(f"{number:02}")
    for size in sizes:
        await bring(tracks, *songs[:size])
        del songs[:size]
    assert await grouped(tracks) == sorted(expected.values())
