"""ArtworkService: pictures are taken, refused, linked, chosen, made smaller and streamed."""

from __future__ import annotations

import asyncio
import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from PIL import Image

from fonoteca.v1 import album_pb2, artwork_pb2_grpc, track_pb2
from fonoteca.v1 import artwork_pb2 as pb
from fonoteca.v1.types_pb2 import AudioFile
from service.database import Database
from service.ingest.locations import local_path
from service.settings import Settings
from tests.conftest import NewTrack
from tests.support.buckets import s3_bucket
from tests.support.errors import raises_status
from tests.support.limits import no_room_beyond
from tests.support.pictures import picture
from tests.support.server import serving

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artwork_pb2_grpc import ArtworkServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of a server that keeps pictures below a folder of the test."""
    return settings.model_copy(update={"data_dir": tmp_path / "data"})


@pytest.fixture
def artwork(channel: grpc.aio.Channel) -> ArtworkServiceAsyncStub:
    return artwork_pb2_grpc.ArtworkServiceStub(channel)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def parts(data: bytes, **changed: Any) -> Iterator[pb.PutArtworkRequest]:
    """Yield the messages that send a picture; `changed` are lies about it."""
    described: dict[str, Any] = {"size_bytes": len(data), "sha256": sha256(data)} | changed
    yield pb.PutArtworkRequest(description=pb.ArtworkDescription(**described))
    for start in range(0, len(data), 100_000):
        yield pb.PutArtworkRequest(chunk=data[start : start + 100_000])


async def put(artwork: ArtworkServiceAsyncStub, data: bytes, **changed: Any) -> pb.Artwork:
    return await artwork.PutArtwork(parts(data, **changed))


async def link(artwork: ArtworkServiceAsyncStub, content: str, *links: pb.ArtworkLink) -> None:
    file = pb.FileArtwork(content_hash=content, links=links)
    await artwork.LinkArtwork(pb.LinkArtworkRequest(files=[file]))


async def fetch(artwork: ArtworkServiceAsyncStub, **request: Any) -> tuple[pb.ArtworkHeader, bytes]:
    first, *rest = [part async for part in artwork.GetArtwork(pb.GetArtworkRequest(**request))]
    data = b"".join(part.chunk for part in rest)
    assert first.header.size_bytes == len(data)
    return first.header, data


def audio_file(content: str) -> AudioFile:
    return AudioFile(uri=f"file:///{content[:8]}.flac", content_hash=content)


def bomb() -> bytes:
    """Return a PNG of some hundred bytes that says to have 2,500 million pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    content = zlib.compress(b"\0" * 10_000)
    chunks = chunk(b"IHDR", head), chunk(b"IDAT", content), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


async def test_a_picture_comes_back_as_it_was_sent(artwork: ArtworkServiceAsyncStub) -> None:
    data = picture(640, 480) + bytes(300_000)
    known = await put(artwork, data)
    assert (known.hash, known.mime_type) == (sha256(data), "image/jpeg")
    assert (known.width_px, known.height_px, known.size_bytes) == (640, 480, len(data))
    assert await asyncio.to_thread(Path(local_path(known.uri)).read_bytes) == data
    assert await put(artwork, data) == known
    header, came = await fetch(artwork, hash=known.hash)
    assert came == data
    assert (header.artwork, header.mime_type, header.type) == (known, "image/jpeg", "")


async def test_only_unknown_pictures_are_asked_for(artwork: ArtworkServiceAsyncStub) -> None:
    known = await put(artwork, picture())
    hashes = ["b" * 64, known.hash, "a" * 64, "b" * 64]
    answer = await artwork.CheckArtwork(pb.CheckArtworkRequest(hashes=hashes))
    assert list(answer.unknown) == ["b" * 64, "a" * 64]
    with raises_status(INVALID, field="hashes"):
        await artwork.CheckArtwork(pb.CheckArtworkRequest())
    with raises_status(INVALID, field="hashes[1]"):
        await artwork.CheckArtwork(pb.CheckArtworkRequest(hashes=["a" * 64, "A" * 64]))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
async def test_the_bytes_say_what_a_picture_is(artwork: ArtworkServiceAsyncStub, kind: str) -> None:
    known = await put(artwork, picture(kind=kind))
    assert known.mime_type == f"image/{kind.lower()}"
    header, small = await fetch(artwork, hash=known.hash, size_px=64)
    assert header.mime_type == "image/webp"
    assert Image.open(io.BytesIO(small)).size == (30, 20), "a small one is not enlarged"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<html>not found</html>", "no picture of a known kind"),
        (picture(500, 500, quality=95)[:-400], "is broken"),
        (picture(kind="PNG")[:60], "is broken"),
        (bomb(), "has 50000 by 50000 pixels"),
    ],
    ids=["html", "cut jpeg", "cut png", "bomb"],
)
async def test_what_cannot_be_decoded_is_not_kept(
    artwork: ArtworkServiceAsyncStub, settings: Settings, data: bytes, why: str
) -> None:
    with raises_status(INVALID, field="chunk") as failure:
        await put(artwork, data)
    assert why in failure.message
    kept = [path for path in (settings.data_dir / "artwork").rglob("*") if path.is_file()]
    assert not kept
    answer = await artwork.CheckArtwork(pb.CheckArtworkRequest(hashes=[sha256(data)]))
    assert list(answer.unknown) == [sha256(data)]


async def test_bytes_must_be_as_described(artwork: ArtworkServiceAsyncStub) -> None:
    data = picture()
    for field, lie in (("size_bytes", len(data) + 1), ("size_bytes", 5), ("sha256", "0" * 64)):
        with raises_status(INVALID, field=f"description.{field}"):
            await put(artwork, data, **{field: lie})
    with raises_status(INVALID, field="description.size_bytes"):
        await put(artwork, data, size_bytes=(32 << 20) + 1)
    with raises_status(INVALID, field="description"):
        await artwork.PutArtwork(iter([pb.PutArtworkRequest(chunk=data)]))


async def test_on_a_full_disk_a_picture_is_refused_for_now(
    artwork: ArtworkServiceAsyncStub,
) -> None:
    content = picture(200, 100)
    with (
        no_room_beyond(len(content) // 2),
        raises_status(grpc.StatusCode.RESOURCE_EXHAUSTED, metadata={"limit": "disk"}),
    ):
        await put(artwork, content)
    assert (await put(artwork, content)).size_bytes == len(content)


async def test_smaller_pictures_are_upright_webp_of_standard_sizes(
    artwork: ArtworkServiceAsyncStub,
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    known = await put(artwork, picture(800, 400, exif=exif))
    header, small = await fetch(artwork, hash=known.hash, size_px=100)
    image = Image.open(io.BytesIO(small))
    assert (image.format, image.size) == ("WEBP", (64, 128))
    again, same = await fetch(artwork, hash=known.hash, size_px=128)
    assert (again, same) == (header, small)


async def test_a_transparent_picture_stays_so_when_it_is_made_smaller(
    artwork: ArtworkServiceAsyncStub,
) -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (300, 300), (255, 0, 0, 0)).save(stream, "PNG")
    known = await put(artwork, stream.getvalue())
    _, small = await fetch(artwork, hash=known.hash, size_px=64)
    assert Image.open(io.BytesIO(small)).getpixel((5, 5))[3] == 0  # type: ignore[index]


async def test_what_a_caller_has_is_not_sent_again(artwork: ArtworkServiceAsyncStub) -> None:
    known = await put(artwork, picture(200, 200))
    tags = set()
    for size in (0, 64, 128):
        header, _ = await fetch(artwork, hash=known.hash, size_px=size)
        tags.add(header.etag)
        seen, data = await fetch(artwork, hash=known.hash, size_px=size, if_none_match=header.etag)
        assert seen.not_modified
        assert not data
        assert seen.etag == header.etag
    assert len(tags) == 3


async def test_pictures_follow_the_files_of_a_track_and_its_album(
    artwork: ArtworkServiceAsyncStub, new_track: NewTrack, tracks: TrackServiceAsyncStub
) -> None:
    small = (await put(artwork, picture(20, 20))).hash
    large = (await put(artwork, picture(300, 300))).hash
    back = (await put(artwork, picture(40, 40))).hash
    folder = pb.ARTWORK_ORIGIN_FOLDER
    await link(artwork, "1" * 64, pb.ArtworkLink(hash=large, origin=folder),
               pb.ArtworkLink(hash=small))  # fmt: skip
    await link(artwork, "2" * 64, pb.ArtworkLink(hash=large, origin=folder),
               pb.ArtworkLink(hash=back, type="back"))  # fmt: skip
    album = track_pb2.TrackAlbum(title="An album")
    first = await new_track("A", album=album, files=[audio_file("1" * 64)])
    await new_track("B", album=album, files=[audio_file("2" * 64)])
    bare = await new_track("C", album=album)
    listed = await artwork.ListArtwork(pb.ListArtworkRequest(album_id=first.album.id))
    assert [shown.artwork.hash for shown in listed.artwork] == [large, back, small]
    of_first = await artwork.ListArtwork(pb.ListArtworkRequest(track_id=first.id))
    assert [shown.artwork.hash for shown in of_first.artwork] == [small, large, back]
    assert (await fetch(artwork, track_id=first.id))[0].artwork.hash == small
    assert (await fetch(artwork, track_id=bare.id))[0].artwork.hash == large
    header, _ = await fetch(artwork, album_id=first.album.id, type="back")
    assert (header.artwork.hash, header.type) == (back, "back")
    with raises_status(NOT_FOUND):
        await fetch(artwork, album_id=first.album.id, type="artist")
    # A change of the track writes its files anew; they keep their pictures.
    update = track_pb2.UpdateTrackRequest(track=track_pb2.Track(id=first.id, title="AA"))
    await tracks.UpdateTrack(update)
    assert (await fetch(artwork, track_id=first.id))[0].artwork.hash == small
    await link(artwork, "1" * 64)
    assert (await fetch(artwork, track_id=first.id))[0].artwork.hash == large
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=first.id))
    with raises_status(NOT_FOUND, metadata={"kind": "track"}):
        await artwork.ListArtwork(pb.ListArtworkRequest(track_id=first.id))


async def test_a_cover_that_somebody_chose_comes_first(
    artwork: ArtworkServiceAsyncStub, new_track: NewTrack, albums: AlbumServiceAsyncStub
) -> None:
    found = await put(artwork, picture(300, 300))
    chosen = await put(artwork, picture(100, 100))
    await link(artwork, "1" * 64, pb.ArtworkLink(hash=found.hash))
    track = await new_track(
        "A", album=track_pb2.TrackAlbum(title="An album"), files=[audio_file("1" * 64)]
    )
    cover = album_pb2.AlbumCover(uri=chosen.uri)
    elsewhere = album_pb2.AlbumCover(uri="https://example.org/a.jpg")
    await albums.UpdateAlbum(
        album_pb2.UpdateAlbumRequest(
            album=album_pb2.Album(id=track.album.id, covers=[elsewhere, cover])
        )
    )
    header, _ = await fetch(artwork, album_id=track.album.id)
    assert header.artwork == chosen


async def test_links_are_all_stored_or_none(
    artwork: ArtworkServiceAsyncStub, new_track: NewTrack
) -> None:
    known = pb.ArtworkLink(hash=(await put(artwork, picture())).hash)
    track = await new_track(files=[audio_file("1" * 64)])
    files = [
        pb.FileArtwork(content_hash="1" * 64, links=[known]),
        pb.FileArtwork(content_hash="2" * 64, links=[pb.ArtworkLink(hash="f" * 64)]),
    ]
    with raises_status(NOT_FOUND, metadata={"kind": "artwork", "id": "f" * 64}):
        await artwork.LinkArtwork(pb.LinkArtworkRequest(files=files))
    with raises_status(NOT_FOUND, metadata={"kind": "artwork"}):
        await fetch(artwork, track_id=track.id)


@pytest.mark.parametrize(
    ("file", "field"),
    [
        (pb.FileArtwork(content_hash="x"), "files[0].content_hash"),
        (pb.FileArtwork(content_hash="1" * 64, links=[pb.ArtworkLink(hash="")]), "links[0].hash"),
        (
            pb.FileArtwork(
                content_hash="1" * 64, links=[pb.ArtworkLink(hash="1" * 64, type="t" * 51)]
            ),
            "links[0].type",
        ),
        (
            pb.FileArtwork(content_hash="1" * 64, links=[pb.ArtworkLink(hash="1" * 64)] * 21),
            "links",
        ),
    ],
)
async def test_bad_links_are_refused(
    artwork: ArtworkServiceAsyncStub, file: pb.FileArtwork, field: str
) -> None:
    with raises_status(INVALID) as failure:
        await artwork.LinkArtwork(pb.LinkArtworkRequest(files=[file]))
    assert any(each.endswith(field) for each in failure.fields)


async def test_bad_requests_are_refused(artwork: ArtworkServiceAsyncStub) -> None:
    one = pb.FileArtwork(content_hash="1" * 64)
    for files in ([], [one, one], [one] * 1_001):
        with raises_status(INVALID, field="files"):
            await artwork.LinkArtwork(pb.LinkArtworkRequest(files=files))
    for bad, field in (
        ({}, "track_id"),
        ({"hash": "1"}, "hash"),
        ({"hash": "1" * 64, "type": "front"}, "type"),
        ({"album_id": str(uuid4()), "size_px": 1_025}, "size_px"),
        ({"album_id": str(uuid4()), "if_none_match": "e" * 101}, "if_none_match"),
    ):
        with raises_status(INVALID, field=field):
            await fetch(artwork, **bad)
    for missing in ({"hash": "1" * 64}, {"album_id": str(uuid4())}, {"track_id": str(uuid4())}):
        with raises_status(NOT_FOUND):
            await fetch(artwork, **missing)


async def test_pictures_may_be_kept_in_a_bucket(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_bucket(monkeypatch, "pictures") as bucket:
        place = settings.model_copy(update={"artwork_store": f"{bucket}/art"})
        async with (
            serving(database, place) as address,
            grpc.aio.insecure_channel(address) as channel,
        ):
            artwork: ArtworkServiceAsyncStub = artwork_pb2_grpc.ArtworkServiceStub(channel)
            known = await put(artwork, picture(200, 100))
            assert known.uri == f"s3://pictures/art/{known.hash[:2]}/{known.hash}"
            assert (await fetch(artwork, hash=known.hash))[1] == picture(200, 100)
            for _ in range(2):
                _, small = await fetch(artwork, hash=known.hash, size_px=64)
                assert Image.open(io.BytesIO(small)).size == (64, 32)
            gone = settings.model_copy(update={"artwork_store": "s3://elsewhere"})
        async with (
            serving(database, gone) as address,
            grpc.aio.insecure_channel(address) as channel,
        ):
            artwork = artwork_pb2_grpc.ArtworkServiceStub(channel)
            with raises_status(grpc.StatusCode.UNAVAILABLE):
                await put(artwork, picture(20, 20))
            with raises_status(NOT_FOUND):
                await fetch(artwork, hash=known.hash)
