"""IngestService: files that are sent, and files that lie below the media roots of the server."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import mutagen
import pytest
import soundfile  # type: ignore[import-untyped]
from mutagen.flac import FLAC

from fonoteca.v1 import (
    artwork_pb2,
    artwork_pb2_grpc,
    ingest_pb2_grpc,
    track_pb2,
    track_pb2_grpc,
    types_pb2,
)
from fonoteca.v1 import ingest_pb2 as pb
from fonoteca.v1.ingest_pb2_grpc import add_IngestServiceServicer_to_server
from service.capabilities import CAPABILITIES
from service.database import Connection, Database
from service.ingest.files import Reading
from service.ingest.locations import Found
from service.ingest.readers import read_found
from service.ingest.scan import Fate, Scan
from service.media.rpc import IngestServicer
from service.settings import Settings
from tests.support.errors import raises_status
from tests.support.limits import no_room_beyond
from tests.support.pictures import block, picture
from tests.support.server import serving
from tests.support.waiting import eventually
from tests.support.writing import found

if TYPE_CHECKING:
    from fonoteca.v1.artwork_pb2_grpc import ArtworkServiceAsyncStub
    from fonoteca.v1.ingest_pb2_grpc import IngestServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
CHUNK = 10_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A media root with nothing in it."""
    folder = tmp_path.resolve() / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(settings: Settings, root: Path, tmp_path: Path) -> Settings:
    """The settings of a server that reads files itself."""
    return settings.model_copy(
        update={
            "media_roots": (root,),
            "data_dir": tmp_path / "data",
            "upload_max_bytes": 1 << 20,
            "upload_room_bytes": 1 << 20,
        }
    )


@pytest.fixture
def ingest(channel: grpc.aio.Channel) -> IngestServiceAsyncStub:
    return ingest_pb2_grpc.IngestServiceStub(channel)


def tone(path: Path, number: int = 1, **tags: str) -> Path:
    """Write a short file that sounds like no other number's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, [(index * number % 8191) / 16384 for index in range(4000)], 8000)
    retag(path, title=tags.pop("title", path.stem), **tags)
    return path


def retag(path: Path, **tags: str) -> None:
    audio: Any = mutagen.File(path)
    audio.update(tags)
    audio.save()


def described(content: bytes, name: str = "a.flac", **fields: Any) -> pb.IngestFileRequest:
    description = {
        "file_name": name,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **fields,
    }
    return pb.IngestFileRequest(description=pb.IngestFileDescription(**description))


def messages(content: bytes, name: str = "a.flac", **fields: Any) -> Iterator[pb.IngestFileRequest]:
    yield described(content, name, **fields)
    for start in range(0, len(content), CHUNK):
        yield pb.IngestFileRequest(chunk=content[start : start + CHUNK])


async def scan(
    ingest: IngestServiceAsyncStub, path: Path | str, *, wait: bool = True, full: bool = False
) -> tuple[pb.ScanPathResponse, list[pb.ScanProblem]]:
    """Scan a path; return the last message, and the problems of all."""
    request = pb.ScanPathRequest(path=str(path), wait=wait, full=full)
    told = [message async for message in ingest.ScanPath(request)]
    return told[-1], [problem for message in told for problem in message.problems]


async def all_tracks(tracks: TrackServiceAsyncStub) -> list[track_pb2.Track]:
    response = await tracks.ListTracks(track_pb2.ListTracksRequest(page_size=1000))
    return sorted(response.tracks, key=lambda track: track.title)


async def test_a_file_that_is_sent_is_found_when_the_response_arrives(
    ingest: IngestServiceAsyncStub, search: SearchServiceAsyncStub, tmp_path: Path
) -> None:
    content = tone(tmp_path / "x.flac", title="Sent Away").read_bytes()
    response = await ingest.IngestFile(messages(content))
    assert response.created
    assert await found(search, "sent away") == {response.track.id}
    [file] = response.track.files
    assert file.content_hash == hashlib.sha256(content).hexdigest()
    kept = tmp_path / "data" / "media" / file.content_hash[:2] / file.content_hash
    assert file.uri == kept.as_uri()
    assert await asyncio.to_thread(kept.read_bytes) == content


async def test_a_file_that_is_sent_again_is_the_same_track(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, tmp_path: Path
) -> None:
    content = tone(tmp_path / "x.flac").read_bytes()
    first = await ingest.IngestFile(messages(content))
    again = await ingest.IngestFile(messages(content, "other name.flac"))
    assert (again.track.id, again.created) == (first.track.id, False)
    assert again.track.etag == first.track.etag
    assert len(await all_tracks(tracks)) == 1


async def test_a_track_without_title_is_named_after_the_file(
    ingest: IngestServiceAsyncStub, tmp_path: Path
) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, [0.0] * 800, 8000)
    response = await ingest.IngestFile(messages(path.read_bytes(), "01 Name.wav"))
    assert response.track.title == "01 Name"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"file_name": ""}, "description.file_name"),
        ({"file_name": "../a.flac"}, "description.file_name"),
        ({"file_name": ".."}, "description.file_name"),
        ({"file_name": "é" * 128}, "description.file_name"),
        ({"file_name": "a\0"}, "description.file_name"),
        ({"size_bytes": 0}, "description.size_bytes"),
        ({"size_bytes": -1}, "description.size_bytes"),
        ({"size_bytes": (1 << 20) + 1}, "description.size_bytes"),
        ({"size_bytes": 5}, "description.size_bytes"),
        ({"size_bytes": 7}, "description.size_bytes"),
        ({"sha256": "x"}, "description.sha256"),
        ({"sha256": "0" * 64}, "description.sha256"),
        ({"library_id": "x"}, "description.library_id"),
        ({}, "chunk"),
    ],
)
async def test_what_is_not_as_described_is_refused_and_not_kept(
    ingest: IngestServiceAsyncStub, tmp_path: Path, fields: dict[str, Any], field: str
) -> None:
    with raises_status(INVALID, field=field):
        await ingest.IngestFile(messages(b"binary", **fields))
    assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []


async def test_messages_out_of_turn_are_refused(ingest: IngestServiceAsyncStub) -> None:
    with raises_status(INVALID, field="description"):
        await ingest.IngestFile(iter([]))
    with raises_status(INVALID, field="description"):
        await ingest.IngestFile(iter([pb.IngestFileRequest(chunk=b"x")]))
    with raises_status(INVALID, field="chunk"):
        await ingest.IngestFile(iter([described(b"xx"), described(b"xx")]))
    with raises_status(INVALID, field="chunk"):
        too_much = pb.IngestFileRequest(chunk=b"x" * (4 << 20) + b"x")
        await ingest.IngestFile(iter([described(b"xx"), too_much]))
    with raises_status(grpc.StatusCode.NOT_FOUND):
        await ingest.IngestFile(messages(b"xx", library_id="01920000-0000-7000-8000-000000000000"))


async def test_without_room_a_file_is_refused_for_now(
    ingest: IngestServiceAsyncStub, tmp_path: Path
) -> None:
    content = tone(tmp_path / "x.flac").read_bytes()
    held = asyncio.Event()
    arrived = asyncio.Event()

    async def slowly() -> AsyncIterator[pb.IngestFileRequest]:
        yield described(content, size_bytes=1 << 20)
        yield pb.IngestFileRequest(chunk=b"x")
        arrived.set()
        await held.wait()

    call = ingest.IngestFile(slowly())
    await arrived.wait()
    incoming = tmp_path / "data" / "media" / "incoming"
    await eventually(lambda: incoming.exists() and any(incoming.rglob("a.flac")))
    with raises_status(grpc.StatusCode.RESOURCE_EXHAUSTED, reason="RESOURCE_EXHAUSTED"):
        await ingest.IngestFile(messages(content))
    call.cancel()
    await eventually(lambda: not any(incoming.iterdir()))
    assert (await ingest.IngestFile(messages(content))).created


async def test_on_a_full_disk_a_file_is_refused_for_now(
    ingest: IngestServiceAsyncStub, tmp_path: Path
) -> None:
    content = tone(tmp_path / "x.flac").read_bytes()
    with (
        no_room_beyond(len(content) // 2),
        raises_status(grpc.StatusCode.RESOURCE_EXHAUSTED, metadata={"limit": "disk"}),
    ):
        await ingest.IngestFile(messages(content))
    assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []
    assert (await ingest.IngestFile(messages(content))).created


async def test_a_folder_is_queued_read_and_complete(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, root: Path
) -> None:
    tone(root / "a.flac", 1, title="One")
    tone(root / "b" / "b.ogg", 2, title="Two")
    (root / "bad.mp3").write_text("not audio")
    last, problems = await scan(ingest, root)
    assert (last.found, last.queued, last.waiting, last.failed) == (3, 3, 0, 1)
    assert last.complete
    assert [Path(problem.uri).name for problem in problems] == ["bad.mp3"]
    one, two, bad = await all_tracks(tracks)
    assert (one.title, two.title) == ("One", "Two")
    assert one.status == two.status == track_pb2.TRACK_STATUS_COMPLETED
    assert one.files[0].content_hash
    assert (bad.title, bad.status) == ("bad.mp3", track_pb2.TRACK_STATUS_FAILED)
    assert bad.failure_reason == problems[0].reason
    again, problems = await scan(ingest, root)
    assert (again.found, again.unchanged, again.queued, problems) == (3, 3, 0, [])


async def test_changed_files_are_read_and_gone_ones_are_missing(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, root: Path
) -> None:
    tone(root / "a.flac", 1, title="One")
    tone(root / "b.flac", 2, title="Two")
    await scan(ingest, root)
    before = await all_tracks(tracks)
    retag(root / "a.flac", title="Other", artist="Somebody")
    (root / "b.flac").unlink()
    last, _ = await scan(ingest, root)
    assert (last.found, last.queued, last.failed, last.missing) == (1, 1, 0, 1)
    after = await all_tracks(tracks)
    assert [track.title for track in after] == ["Other", "Two"]
    assert {track.id for track in after} == {track.id for track in before}
    assert after[1].files[0].HasField("missing_time")


async def test_a_changed_file_that_cannot_be_read_leaves_its_track(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, root: Path
) -> None:
    path = tone(root / "a.flac", 1, title="One")
    await scan(ingest, root)
    path.write_text("not audio")
    last, problems = await scan(ingest, root)
    assert (last.failed, len(problems)) == (1, 1)
    [track] = await all_tracks(tracks)
    assert (track.title, track.status) == ("One", track_pb2.TRACK_STATUS_COMPLETED)


async def test_a_copy_joins_the_track_that_has_the_recording(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, root: Path
) -> None:
    path = tone(root / "a.flac", 1, title="One")
    await scan(ingest, root)
    (root / "copy.flac").write_bytes(path.read_bytes())
    last, problems = await scan(ingest, root)
    assert (last.queued, last.failed, problems) == (1, 0, [])
    [track] = await all_tracks(tracks)
    assert sorted(Path(file.uri).name for file in track.files) == ["a.flac", "copy.flac"]


async def test_copies_that_are_read_together_are_one_track(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, root: Path
) -> None:
    path = tone(root / "a.flac", 1, title="One")
    for name in ("b.flac", "c.flac"):
        (root / name).write_bytes(path.read_bytes())
    tone(root / "d.flac", 2, title="Two")
    last, problems = await scan(ingest, root)
    assert (last.queued, last.failed, problems) == (4, 0, [])
    one, two = await all_tracks(tracks)
    assert (len(one.files), len(two.files)) == (3, 1)


async def test_moved_files_keep_their_tracks_and_others_may_take_their_places(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, root: Path
) -> None:
    path = tone(root / "a.flac", 1, title="One")
    await scan(ingest, root)
    [one] = await all_tracks(tracks)
    (root / "new").mkdir()
    path.rename(root / "new" / "moved.flac")
    retag(root / "new" / "moved.flac", album="Album")
    last, problems = await scan(ingest, root)
    assert (last.queued, last.missing, last.failed, problems) == (1, 1, 0, [])
    tone(root / "a.flac", 2, title="Two")
    last, problems = await scan(ingest, root)
    assert (last.queued, last.failed, problems) == (1, 0, [])
    stored = {track.title: track for track in await all_tracks(tracks)}
    assert stored["One"].id == one.id
    assert stored["One"].files[0].uri.endswith("/new/moved.flac")
    assert stored["Two"].id != one.id
    assert len(stored) == 2


async def test_a_failed_file_can_be_read_again(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, root: Path
) -> None:
    (root / "a.flac").write_text("not audio")
    await scan(ingest, root)
    tone(root / "a.flac", 1, title="Mended")
    last, _ = await scan(ingest, root)
    assert (last.queued, last.failed) == (1, 0)
    [track] = await all_tracks(tracks)
    assert (track.title, track.status) == ("Mended", track_pb2.TRACK_STATUS_COMPLETED)
    assert track.failure_reason == ""


def replace_bytes(path: Path, content: bytes) -> None:
    """Let a file hold other bytes without looking changed."""
    status = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


async def test_what_only_the_server_could_not_read_is_read_by_a_client(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, server: str, root: Path
) -> None:
    path = tone(root / "a.flac", 1, title="Mended")
    content = path.read_bytes()
    replace_bytes(path, bytes(len(content)))

    def scanned() -> set[Fate]:
        fates: set[Fate] = set()
        with grpc.insecure_channel(server) as channel:
            Scan(channel, "", lambda result: fates.add(result.fate), jobs=1).run([str(root)])
        return fates

    last, _ = await scan(ingest, root)
    assert last.failed == 1
    assert await asyncio.to_thread(scanned) == {Fate.FAILED}
    replace_bytes(path, content)
    last, _ = await scan(ingest, root)
    assert last.unchanged == 1
    assert await asyncio.to_thread(scanned) == {Fate.CHANGED}
    [track] = await all_tracks(tracks)
    assert (track.title, track.status) == ("Mended", track_pb2.TRACK_STATUS_COMPLETED)
    assert track.failure_reason == ""
    assert await asyncio.to_thread(scanned) == {Fate.UNCHANGED}


async def test_only_what_lies_below_a_root_is_looked_at(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, root: Path, tmp_path: Path
) -> None:
    outside = tone(tmp_path / "outside" / "a.flac").parent
    (root / "link").symlink_to(outside)
    (root / "link.flac").symlink_to(outside / "a.flac")
    os.mkfifo(root / "pipe.flac")
    for path in (
        "relative", str(outside), f"{root}/../outside", f"{root}/./x", f"{root}/link",
        f"{root}/link.flac", f"{root}x", "/", "a\0b", "/" + "x" * 4_000, "",
    ):  # fmt: skip
        with raises_status(INVALID, field="path"):
            await scan(ingest, path)
    with raises_status(grpc.StatusCode.NOT_FOUND):
        await scan(ingest, root / "none")
    last, problems = await scan(ingest, root)
    assert (last.found, last.queued) == (0, 0)
    told = {Path(problem.uri).name: problem.reason for problem in problems}
    assert told.pop("root").startswith("there is no audio here")
    assert told == {
        "link": "is left out: a link out",
        "link.flac": "is left out: a link out",
        "pipe.flac": "is left out: not a regular file",
    }
    assert await all_tracks(tracks) == []


async def test_a_server_without_roots_scans_nothing(database: Database, settings: Settings) -> None:
    bare = settings.model_copy(update={"media_roots": ()})
    async with serving(database, bare) as address, grpc.aio.insecure_channel(address) as channel:
        with raises_status(grpc.StatusCode.FAILED_PRECONDITION):
            await scan(ingest_pb2_grpc.IngestServiceStub(channel), "/anything")


async def test_another_server_takes_up_what_one_had_in_hand(
    database: Database, settings: Settings, connection: Connection, root: Path
) -> None:
    for number in range(3):
        tone(root / f"{number}.flac", number + 1)
    idle = settings.model_copy(update={"ingest_workers": 0})
    async with serving(database, idle) as address, grpc.aio.insecure_channel(address) as channel:
        last, _ = await scan(ingest_pb2_grpc.IngestServiceStub(channel), root, wait=False)
        assert (last.queued, last.waiting, last.complete) == (3, 3, True)
        tracks = track_pb2_grpc.TrackServiceStub(channel)
        assert {track.status for track in await all_tracks(tracks)} == {
            track_pb2.TRACK_STATUS_PENDING
        }
        claimed = await tracks.ClaimTracks(track_pb2.ClaimTracksRequest(max_tracks=10))
        assert list(claimed.tracks) == []
    # A server claims the files and dies.
    await connection.execute(
        "UPDATE file_reading SET lease_id = gen_random_uuid(), attempts = 1, available_at = now()"
    )
    async with (
        serving(database, settings) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        tracks = track_pb2_grpc.TrackServiceStub(channel)

        async def all_are_complete() -> bool:
            stored = await all_tracks(tracks)
            return {track.status for track in stored} == {track_pb2.TRACK_STATUS_COMPLETED}

        await eventually(all_are_complete)


async def test_a_file_that_nobody_finishes_fails(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, connection: Connection,
    database: Database, settings: Settings, root: Path,
) -> None:  # fmt: skip
    tone(root / "a.flac")
    idle = settings.model_copy(update={"ingest_workers": 0})
    async with serving(database, idle) as address, grpc.aio.insecure_channel(address) as channel:
        await connection.execute("ALTER TABLE file_reading ALTER attempts SET DEFAULT 5")
        await scan(ingest_pb2_grpc.IngestServiceStub(channel), root, wait=False)

    async def has_failed() -> bool:
        [track] = await all_tracks(tracks)
        return track.failure_reason == "no server finished it in 5 tries"

    await eventually(has_failed)


async def widths(channel: grpc.aio.Channel, track_id: str) -> list[int]:
    """Return the widths of the pictures of a track, best first."""
    stub: ArtworkServiceAsyncStub = artwork_pb2_grpc.ArtworkServiceStub(channel)
    listed = await stub.ListArtwork(artwork_pb2.ListArtworkRequest(track_id=track_id))
    return [shown.artwork.width_px for shown in listed.artwork]


def embed(path: Path, *pictures: bytes) -> Path:
    audio = FLAC(path)
    for data in pictures:
        audio.add_picture(block(data))
    audio.save()
    return path


async def test_a_file_that_is_sent_brings_its_pictures(
    ingest: IngestServiceAsyncStub, channel: grpc.aio.Channel, tmp_path: Path
) -> None:
    cut = picture(300, 300, quality=95)[:-400]
    content = embed(tone(tmp_path / "x.flac"), picture(70, 70), cut).read_bytes()
    for _ in range(2):
        response = await ingest.IngestFile(messages(content))
        assert await widths(channel, response.track.id) == [70]
        assert any("its picture (front) is left out" in note for note in response.notes)


async def test_files_below_a_media_root_bring_their_pictures(
    ingest: IngestServiceAsyncStub,
    channel: grpc.aio.Channel,
    tracks: TrackServiceAsyncStub,
    root: Path,
) -> None:
    embed(tone(root / "a.flac", 1), picture(70, 70))
    tone(root / "b.flac", 2)
    (root / "cover.jpg").write_bytes(picture(90, 90))
    await scan(ingest, root)
    first, second = await all_tracks(tracks)
    assert await widths(channel, first.id) == [70, 90]
    assert await widths(channel, second.id) == [90]
    update = track_pb2.UpdateTrackRequest(track=track_pb2.Track(id=first.id, title="Renamed"))
    await tracks.UpdateTrack(update)
    [answer] = await write_tags(ingest, first.id)
    assert answer.written
    assert await widths(channel, first.id) == [70, 90]


def crash_on_killers(files: Sequence[Found], *, box: Path | None) -> list[Reading]:
    """Stand in for a parser; runs in another process."""
    if any("killer" in file.path for file in files):
        os._exit(3)
    return read_found(files, box=box)


async def test_a_file_that_kills_its_reader_fails_and_the_others_go_on(
    database: Database, settings: Settings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(("a.flac", "killer.flac", "b.flac"), start=1):
        tone(root / name, number)
    made = [
        (register, make)
        for register, make in CAPABILITIES
        if register is not add_IngestServiceServicer_to_server
    ]
    made.append(
        (add_IngestServiceServicer_to_server, lambda d, s: IngestServicer(d, s, crash_on_killers))
    )
    monkeypatch.setattr("tests.support.server.CAPABILITIES", made)
    async with (
        serving(database, settings) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        last, problems = await scan(ingest_pb2_grpc.IngestServiceStub(channel), root)
        stored = await all_tracks(track_pb2_grpc.TrackServiceStub(channel))
    assert (last.failed, [problem.reason for problem in problems]) == (
        1,
        ["crashes the program that reads it"],
    )
    assert [(track.title, track.status) for track in stored] == [
        ("a", track_pb2.TRACK_STATUS_COMPLETED),
        ("b", track_pb2.TRACK_STATUS_COMPLETED),
        ("killer.flac", track_pb2.TRACK_STATUS_FAILED),
    ]


async def write_tags(
    ingest: IngestServiceAsyncStub, *ids: str, **fields: Any
) -> list[pb.WriteTagsResponse]:
    request = pb.WriteTagsRequest(track_ids=ids, **fields)
    return [answer async for answer in ingest.WriteTags(request)]


async def test_files_say_what_the_catalogue_says(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, root: Path
) -> None:
    path = tone(root / "a.flac", title="Old", artist="Somebody")
    await scan(ingest, root)
    [track] = await all_tracks(tracks)
    edited = track_pb2.Track(id=track.id, title="New")
    await tracks.UpdateTrack(track_pb2.UpdateTrackRequest(track=edited))

    [seen] = await write_tags(ingest, track.id, validate_only=True)
    assert (seen.track_id, seen.uri, seen.problem) == (track.id, path.as_uri(), "")
    assert [(change.fact, *change.before, *change.after) for change in seen.changes] == [
        ("title", "Old", "New")
    ]
    assert not seen.written
    assert mutagen.File(path)["title"] == ["Old"]

    [written] = await write_tags(ingest, track.id)
    assert (written.written, written.changes) == (True, seen.changes)
    assert mutagen.File(path)["title"] == ["New"]
    after, _ = await scan(ingest, root)
    assert (after.found, after.unchanged) == (1, 1)
    [now] = await all_tracks(tracks)
    assert now.files[0].content_hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert now.files[0].audio_hash == track.files[0].audio_hash
    [again] = await write_tags(ingest, track.id)
    assert (again.written, again.problem, list(again.changes)) == (False, "", [])


async def test_files_elsewhere_are_not_written(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub, root: Path, tmp_path: Path
) -> None:
    outside = tone(tmp_path / "a.flac", title="Old")
    (root / "link.flac").symlink_to(outside)
    uris = [outside.as_uri(), f"{root.as_uri()}/link.flac", "s3://b/a.flac", f"{root.as_uri()}/no"]
    files = [types_pb2.AudioFile(uri=uri) for uri in uris]
    sent = track_pb2.CreateTrackRequest(track=track_pb2.Track(title="New", files=files))
    track = await tracks.CreateTrack(sent)
    answers = await write_tags(ingest, track.id)
    assert [answer.uri for answer in answers] == uris
    assert all(answer.problem and not answer.written for answer in answers)
    assert all("media root" in answer.problem for answer in answers[:3])
    assert mutagen.File(outside)["title"] == ["Old"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"track_ids": ["x"]},
        {"track_ids": ["01920000-0000-7000-8000-000000000000"] * 2},
        {"track_ids": ["01920000-0000-7000-8000-000000000000"], "facts": ["colour"]},
    ],
)
async def test_bad_requests_to_write_tags_are_refused(
    ingest: IngestServiceAsyncStub, fields: dict[str, Any]
) -> None:
    with raises_status(INVALID):
        await anext(aiter(ingest.WriteTags(pb.WriteTagsRequest(**fields))))


async def test_tags_of_tracks_that_are_not_there_are_not_written(
    ingest: IngestServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    with raises_status(grpc.StatusCode.NOT_FOUND):
        await write_tags(ingest, "01920000-0000-7000-8000-000000000000")
    track = await tracks.CreateTrack(
        track_pb2.CreateTrackRequest(track=track_pb2.Track(title="Gone"))
    )
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=track.id))
    with raises_status(grpc.StatusCode.FAILED_PRECONDITION):
        await write_tags(ingest, track.id)
