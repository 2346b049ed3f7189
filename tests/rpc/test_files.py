"""FileService: what a scan sees, what is missing, and where it is now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from fonoteca.v1 import file_pb2 as pb
from fonoteca.v1 import library_pb2, track_pb2
from fonoteca.v1.types_pb2 import AudioFile, ExternalSource
from service.database import Connection
from service.files.model import MAX_BATCH, MAX_CHECKED
from tests.support.documents import documents_agree
from tests.support.errors import raises_status
from tests.support.samples import UNKNOWN, create, create_all, get

if TYPE_CHECKING:
    from fonoteca.v1.file_pb2_grpc import FileServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
FAILED = grpc.StatusCode.FAILED_PRECONDITION
NOT_FOUND = grpc.StatusCode.NOT_FOUND
TAKEN = grpc.StatusCode.ALREADY_EXISTS

UNCHANGED = pb.FILE_STATE_UNCHANGED
CHANGED = pb.FILE_STATE_CHANGED
NEW = pb.FILE_STATE_UNKNOWN
THEN = Timestamp(seconds=1_700_000_000, nanos=5_000)
ROOT = "file:///music/"


def audio(name: str, **fields: Any) -> AudioFile:
    """Return a file below the folder that the tests scan."""
    known: dict[str, Any] = {"size_bytes": 1_000, "modify_time": THEN, **fields}
    return AudioFile(uri=ROOT + name, **known)


def sight(name: str, size_bytes: int = 1_000, modify_time: Timestamp = THEN) -> pb.CheckedFile:
    """Return a file as a scan sees it: by default as `audio` says."""
    return pb.CheckedFile(uri=ROOT + name, size_bytes=size_bytes, modify_time=modify_time)


async def songs(tracks: TrackServiceAsyncStub, *names: str) -> list[track_pb2.Track]:
    """Create a track with one file and its source for each name."""
    return await create_all(
        tracks,
        *(
            track_pb2.Track(
                title=name,
                files=[audio(name)],
                sources=[ExternalSource(type="file", id=ROOT + name)],
            )
            for name in names
        ),
    )


async def check(
    files: FileServiceAsyncStub, *seen: pb.CheckedFile, **fields: Any
) -> list[pb.FileState.ValueType]:
    """Send one message of a scan."""
    call = files.CheckFiles(iter([pb.CheckFilesRequest(files=seen, **fields)]))
    return [state async for response in call for state in response.states]


async def complete(
    files: FileServiceAsyncStub, scan_id: str, *prefixes: str, **fields: Any
) -> tuple[int, int]:
    """Complete a scan of the folder, or of what the prefixes say."""
    request = pb.MarkFilesMissingRequest(scan_id=scan_id, uri_prefixes=prefixes or [ROOT], **fields)
    response = await files.MarkFilesMissing(request)
    return response.missing, response.returned


async def lost(files: FileServiceAsyncStub, *ids: str) -> int:
    return (await files.MarkFilesMissing(pb.MarkFilesMissingRequest(ids=ids))).missing


async def listed(files: FileServiceAsyncStub, **fields: Any) -> list[str]:
    """Return the names of all files that a list has, page by page."""
    request = pb.ListFilesRequest(**fields)
    names: list[str] = []
    while True:
        page = await files.ListFiles(request)
        names += [file.audio.uri.removeprefix(ROOT) for file in page.files]
        if not page.next_page_token:
            return names
        request.page_token = page.next_page_token


def file_ids(*tracks: track_pb2.Track) -> list[str]:
    return [track.files[0].id for track in tracks]


async def test_files_are_listed_by_address(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    made = await songs(tracks, "b.mp3", "a/1.mp3", "a/2.mp3", "a b.mp3", "é.mp3")
    await lost(files, *file_ids(made[1]))
    everything = ["a b.mp3", "a/1.mp3", "a/2.mp3", "b.mp3", "é.mp3"]
    for size in (1, 2, 0):
        assert await listed(files, page_size=size) == everything
    assert await listed(files, uri_prefix=ROOT + "a/") == ["a/1.mp3", "a/2.mp3"]
    assert await listed(files, presence=pb.FILE_PRESENCE_MISSING, page_size=1) == ["a/1.mp3"]
    present = await listed(files, presence=pb.FILE_PRESENCE_PRESENT, uri_prefix=ROOT + "a")
    assert present == ["a b.mp3", "a/2.mp3"]
    assert await listed(files, presence=pb.FILE_PRESENCE_MISSING, uri_prefix=ROOT + "b") == []


async def test_addresses_longer_than_an_index_entry_are_listed_once(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    names = [f"{'x' * 600}{number}.mp3" for number in range(5)]
    await create_all(tracks, *(track_pb2.Track(title=name, files=[audio(name)]) for name in names))
    assert sorted(await listed(files, page_size=2)) == names
    assert await listed(files, uri_prefix=ROOT + "x" * 600 + "3") == names[3:4]


async def test_a_file_shows_its_track(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    [track] = await songs(tracks, "a.mp3")
    found = await files.GetFile(pb.GetFileRequest(id=track.files[0].id))
    assert found == pb.File(
        audio=track.files[0],
        track_id=track.id,
        library_id=track.library_id,
        track_title="a.mp3",
    )
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=track.id))
    with raises_status(NOT_FOUND, metadata={"kind": "file", "id": found.audio.id}):
        await files.GetFile(pb.GetFileRequest(id=found.audio.id))
    assert await listed(files) == []


async def test_a_check_tells_what_must_be_read(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    await songs(tracks, "same.mp3", "longer.mp3", "later.mp3")
    await create(tracks, files=[AudioFile(uri=ROOT + "never read.mp3")])
    states = await check(
        files,
        sight("same.mp3"),
        sight("longer.mp3", size_bytes=1_001),
        sight("later.mp3", modify_time=Timestamp(seconds=THEN.seconds, nanos=6_000)),
        sight("new.mp3"),
        sight("never read.mp3"),
        sight("same.mp3", modify_time=Timestamp(seconds=THEN.seconds, nanos=5_999)),
    )
    assert states == [UNCHANGED, CHANGED, CHANGED, NEW, CHANGED, UNCHANGED]


async def test_a_stream_is_answered_message_by_message(files: FileServiceAsyncStub) -> None:
    call = files.CheckFiles()
    for count in (1, 0, 3):
        await call.write(pb.CheckFilesRequest(files=[sight(f"{n}.mp3") for n in range(count)]))
        response = await anext(aiter(call))
        assert list(response.states) == [NEW] * count
    await call.done_writing()


async def test_what_a_completed_scan_has_not_seen_is_missing(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    made = await songs(tracks, "stays.mp3", "goes.mp3", "changed.mp3")
    await create(tracks, "elsewhere", files=[AudioFile(uri="file:///other/x.mp3")])
    scan_id = str(uuid4())
    await check(files, sight("stays.mp3"), sight("changed.mp3", 5), scan_id=scan_id)
    assert await complete(files, scan_id, validate_only=True) == (1, 0)
    assert await listed(files, presence=pb.FILE_PRESENCE_MISSING) == []
    assert await complete(files, scan_id) == (1, 0)
    assert await listed(files, presence=pb.FILE_PRESENCE_MISSING) == ["goes.mp3"]
    gone = await get(tracks, made[1])
    assert gone.files[0].HasField("missing_time")
    assert (gone.etag, gone.title) == ('"2"', "goes.mp3")
    assert [track.etag for track in await documents_agree(connection)].count('"1"') == 3
    assert await complete(files, scan_id) == (1, 0)
    with raises_status(FAILED):
        await check(files, sight("goes.mp3"), scan_id=scan_id)


async def test_what_comes_back_unchanged_is_present_again(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    made = await songs(tracks, "back.mp3", "other.mp3")
    await lost(files, *file_ids(*made))
    scan_id = str(uuid4())
    states = await check(files, sight("back.mp3"), sight("other.mp3", 5), scan_id=scan_id)
    assert states == [UNCHANGED, CHANGED]
    assert await complete(files, scan_id) == (0, 1)
    assert await listed(files, presence=pb.FILE_PRESENCE_MISSING) == ["other.mp3"]
    [first, second] = await documents_agree(connection)
    assert not first.files[0].HasField("missing_time")
    assert second.files[0].HasField("missing_time")


async def test_only_what_a_scan_was_to_look_through_becomes_missing(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    await songs(tracks, "a/1.mp3", "a/2.mp3", "ab.mp3", "b/1.mp3", "c.mp3")
    scan_id = str(uuid4())
    await check(files, sight("a/2.mp3"), scan_id=scan_id)
    assert await complete(files, scan_id, ROOT + "a/", ROOT + "c.mp3") == (2, 0)
    assert await listed(files, presence=pb.FILE_PRESENCE_MISSING) == ["a/1.mp3", "c.mp3"]


async def test_what_a_scan_has_not_seen_is_listed_before_it_is_marked(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    made = await songs(tracks, "a.mp3", "b.mp3", "c/d.mp3", "c/e.mp3", "f.mp3")
    await lost(files, *file_ids(made[4]))
    scan_id = str(uuid4())
    await check(files, sight("a.mp3"), sight("c/d.mp3", size_bytes=1), scan_id=scan_id)
    await songs(tracks, "later.mp3")
    for size in (1, 0):
        unseen = await listed(files, unseen_by_scan_id=scan_id, page_size=size)
        assert unseen == ["b.mp3", "c/e.mp3"]
    below = await listed(files, unseen_by_scan_id=scan_id, uri_prefix=ROOT + "c/")
    assert below == ["c/e.mp3"]
    assert await complete(files, scan_id) == (2, 0)
    with raises_status(FAILED):
        await listed(files, unseen_by_scan_id=scan_id)
    with raises_status(NOT_FOUND):
        await listed(files, unseen_by_scan_id=str(uuid4()))
    with raises_status(INVALID, field="unseen_by_scan_id"):
        await listed(files, unseen_by_scan_id="x")
    with raises_status(INVALID, field="presence"):
        await listed(files, unseen_by_scan_id=scan_id, presence=pb.FILE_PRESENCE_MISSING)


async def test_a_scan_goes_through_more_files_than_a_step_takes(
    files: FileServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.files.presence._STEP", 3)
    names = [f"{number:02}.mp3" for number in range(12)]
    await songs(tracks, *names)
    scan_id = str(uuid4())
    for name in names[::2]:
        await check(files, sight(name), scan_id=scan_id)
    assert await complete(files, scan_id, validate_only=True) == (6, 0)
    assert await complete(files, scan_id) == (6, 0)
    assert await listed(files, presence=pb.FILE_PRESENCE_MISSING) == names[1::2]
    await documents_agree(connection)


async def test_what_was_stored_during_a_scan_is_not_missing(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    scan_id = str(uuid4())
    await check(files, sight("first.mp3"), scan_id=scan_id)
    await songs(tracks, "new.mp3")
    assert await complete(files, scan_id) == (0, 0)


async def test_a_scan_of_nothing_is_not_believed(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    await songs(tracks, "a.mp3")
    scan_id = str(uuid4())
    with raises_status(NOT_FOUND, metadata={"kind": "scan", "id": scan_id}):
        await complete(files, scan_id)
    await check(files, scan_id=scan_id)
    for dry in (True, False):
        with raises_status(FAILED) as failure:
            await complete(files, scan_id, validate_only=dry)
        assert "force" in failure.message
    assert await complete(files, scan_id, force=True) == (1, 0)


async def test_scans_belong_to_a_library(
    files: FileServiceAsyncStub, libraries: LibraryServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    request = library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    other = (await libraries.CreateLibrary(request)).id
    await songs(tracks, "a.mp3")
    scan_id = str(uuid4())
    assert await check(files, sight("a.mp3"), library_id=other, scan_id=scan_id) == [NEW]
    with raises_status(FAILED):
        await check(files, sight("a.mp3"), scan_id=scan_id)
    with raises_status(NOT_FOUND):
        await complete(files, scan_id)
    with raises_status(NOT_FOUND, metadata={"kind": "library", "id": UNKNOWN}):
        await check(files, library_id=UNKNOWN)
    assert await complete(files, scan_id, library_id=other) == (0, 0)
    await libraries.DeleteLibrary(library_pb2.DeleteLibraryRequest(id=other))


async def test_old_scans_are_forgotten(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await songs(tracks, "a.mp3")
    await check(files, sight("a.mp3"), scan_id=str(uuid4()))
    await connection.execute("UPDATE file_scan SET started_at = now() - interval '8 days'")
    scan_id = str(uuid4())
    await check(files, scan_id=scan_id)
    rows = await connection.execute("SELECT id::text FROM file_scan")
    assert await rows.fetchall() == [(scan_id,)]
    assert await (await connection.execute("SELECT FROM file_seen")).fetchall() == []


async def test_files_are_marked_by_id(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    made = file_ids(*await songs(tracks, "a.mp3", "b.mp3"))
    preview = pb.MarkFilesMissingRequest(ids=made, validate_only=True)
    assert (await files.MarkFilesMissing(preview)).missing == 2
    with raises_status(NOT_FOUND, metadata={"kind": "file", "id": UNKNOWN}):
        await lost(files, made[0], UNKNOWN)
    assert await lost(files, made[0]) == 1
    assert await lost(files, *made) == 1


async def test_a_missing_file_gives_its_address_up(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    [old] = await create_all(tracks, track_pb2.Track(title="old", files=[audio("a.mp3")]))
    with raises_status(TAKEN):
        await create(tracks, "new", files=[audio("a.mp3")])
    await lost(files, old.files[0].id)
    new = await create(tracks, "new", files=[audio("a.mp3", size_bytes=7)])
    assert await check(files, sight("a.mp3", 7)) == [UNCHANGED]
    edited = track_pb2.Track(id=old.id, title="edited", files=(await get(tracks, old)).files)
    await tracks.UpdateTrack(track_pb2.UpdateTrackRequest(track=edited))
    scan_id = str(uuid4())
    await check(files, sight("a.mp3"), scan_id=scan_id)
    assert await complete(files, scan_id) == (0, 0)
    assert await listed(files, presence=pb.FILE_PRESENCE_MISSING) == ["a.mp3"]
    assert (await get(tracks, new)).files[0].uri == ROOT + "a.mp3"
    await documents_agree(connection)


async def test_a_missing_file_is_relinked(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    sources = [
        ExternalSource(type="file", id=ROOT + "a.mp3"),
        ExternalSource(type="spotify", id="1"),
    ]
    old = audio("a.mp3", content_hash="a" * 64, audio_hash="sha256:1")
    track = await create(tracks, files=[audio("z.flac"), old], sources=sources)
    file_id = track.files[1].id
    await lost(files, file_id)
    request = pb.RelinkFileRequest(
        id=file_id, uri=ROOT + "b.mp3", size_bytes=9, content_hash="b" * 64,
        audio_hash="sha256:1", request_id=str(uuid4()),
    )  # fmt: skip
    moved = await files.RelinkFile(request)
    assert await files.RelinkFile(request) == moved
    expected = audio("b.mp3", id=file_id, size_bytes=9, content_hash="b" * 64)
    expected.audio_hash = "sha256:1"
    expected.ClearField("modify_time")
    assert moved.audio == expected
    [stored] = await documents_agree(connection)
    assert [source.id for source in stored.sources] == [ROOT + "b.mp3", "1"]
    assert list(stored.files) == [track.files[0], expected]
    assert await check(files, sight("b.mp3", 9)) == [CHANGED]


async def test_a_missing_file_of_the_same_bytes_is_relinked_whatever_its_audio_hash(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    known = audio("a.mp3", content_hash="a" * 64, audio_hash="sha256:old")
    [file] = (await create(tracks, files=[known])).files
    await lost(files, file.id)
    request = pb.RelinkFileRequest(
        id=file.id, uri=ROOT + "b.mp3", content_hash="a" * 64, audio_hash="sha256:new"
    )
    assert (await files.RelinkFile(request)).audio.audio_hash == "sha256:new"


async def test_a_file_is_relinked_to_where_another_is_missing(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    first, second = await songs(tracks, "a.mp3", "b.mp3")
    await lost(files, *file_ids(first, second))
    await files.RelinkFile(pb.RelinkFileRequest(id=first.files[0].id, uri=ROOT + "b.mp3"))
    one, two = await documents_agree(connection)
    assert [source.id for source in one.sources] == [ROOT + "b.mp3"]
    assert (len(two.sources), two.files[0].uri) == (0, ROOT + "b.mp3")


async def test_what_cannot_be_relinked(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    gone, there = await songs(tracks, "a.mp3", "b.mp3")
    known = audio("c.mp3", content_hash="a" * 64)
    hashed = await create(tracks, files=[known])
    await lost(files, gone.files[0].id, hashed.files[0].id)
    with raises_status(FAILED) as failure:
        await files.RelinkFile(pb.RelinkFileRequest(id=there.files[0].id, uri=ROOT + "x"))
    assert "is not missing" in failure.message
    with raises_status(TAKEN, metadata={"kind": "track", "id": there.id}):
        await files.RelinkFile(pb.RelinkFileRequest(id=gone.files[0].id, uri=ROOT + "b.mp3"))
    with raises_status(FAILED) as failure:
        other = pb.RelinkFileRequest(
            id=hashed.files[0].id, uri=ROOT + "x", content_hash="b" * 64, audio_hash="sha256:1"
        )
        await files.RelinkFile(other)
    assert "hashes" in failure.message
    with raises_status(NOT_FOUND):
        await files.RelinkFile(pb.RelinkFileRequest(id=UNKNOWN, uri=ROOT + "x"))


async def test_missing_files_are_forgotten(
    files: FileServiceAsyncStub, tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    first, second, third = await songs(tracks, "a.mp3", "b.mp3", "c.mp3")
    [two] = await create_all(
        tracks, track_pb2.Track(title="two", files=[audio("d.mp3"), audio("d.flac")])
    )
    gone = [*file_ids(first, second), two.files[0].id]
    await lost(files, *gone)
    with raises_status(FAILED):
        await files.ForgetFiles(pb.ForgetFilesRequest(ids=[*gone, third.files[0].id]))
    preview = pb.ForgetFilesRequest(ids=gone, delete_tracks=True, validate_only=True)
    assert len((await files.ForgetFiles(preview)).deleted_track_ids) == 2
    kept = await files.ForgetFiles(pb.ForgetFilesRequest(ids=gone[:1]))
    assert kept == pb.ForgetFilesResponse(forgotten=1)
    request = pb.ForgetFilesRequest(ids=gone[1:], delete_tracks=True, request_id=str(uuid4()))
    done = await files.ForgetFiles(request)
    assert (done.forgotten, list(done.deleted_track_ids)) == (2, [second.id])
    assert await files.ForgetFiles(request) == done
    stored = {track.title: track for track in await documents_agree(connection)}
    assert (len(stored["a.mp3"].files), len(stored["a.mp3"].sources)) == (0, 0)
    assert stored["b.mp3"].HasField("delete_time")
    assert [file.uri for file in stored["two"].files] == [ROOT + "d.flac"]
    with raises_status(NOT_FOUND):
        await files.ForgetFiles(pb.ForgetFilesRequest(ids=gone[:1]))


def bad_checks() -> Iterable[tuple[Sequence[pb.CheckFilesRequest], str]]:
    good = pb.CheckFilesRequest(files=[sight("a.mp3")])
    yield [pb.CheckFilesRequest(library_id="x")], "library_id"
    yield [pb.CheckFilesRequest(scan_id="x")], "scan_id"
    yield [good, pb.CheckFilesRequest(library_id=UNKNOWN)], "library_id"
    yield [good, pb.CheckFilesRequest(scan_id=UNKNOWN)], "scan_id"
    yield [pb.CheckFilesRequest(files=[pb.CheckedFile(uri="a.mp3")])], "files[0].uri"
    yield [pb.CheckFilesRequest(files=[pb.CheckedFile()])], "files[0].uri"
    yield [pb.CheckFilesRequest(files=[sight("a\0")])], "files[0].uri"
    yield [pb.CheckFilesRequest(files=[sight("a", -1)])], "files[0].size_bytes"
    never = Timestamp(seconds=2**62)
    yield [pb.CheckFilesRequest(files=[sight("a", 1, never)])], "files[0].modify_time"
    yield [pb.CheckFilesRequest(files=[sight("a")] * (MAX_CHECKED + 1))], "files"


@pytest.mark.parametrize(("requests", "field"), list(bad_checks()))
async def test_a_bad_check_names_its_field(
    files: FileServiceAsyncStub, requests: Sequence[pb.CheckFilesRequest], field: str
) -> None:
    with raises_status(INVALID, field=field):
        async for _ in files.CheckFiles(iter(requests)):
            pass


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.MarkFilesMissingRequest(), "scan_id"),
        (pb.MarkFilesMissingRequest(ids=[UNKNOWN], scan_id=UNKNOWN, uri_prefixes=["a"]), "scan_id"),
        (pb.MarkFilesMissingRequest(scan_id=UNKNOWN), "uri_prefixes"),
        (pb.MarkFilesMissingRequest(ids=[UNKNOWN], uri_prefixes=["a"]), "uri_prefixes"),
        (pb.MarkFilesMissingRequest(scan_id=UNKNOWN, uri_prefixes=[""]), "uri_prefixes[0]"),
        (pb.MarkFilesMissingRequest(ids=["x"]), "ids[0]"),
        (pb.MarkFilesMissingRequest(ids=[UNKNOWN] * (MAX_BATCH + 1)), "ids"),
    ],
)
async def test_a_bad_mark_names_its_field(
    files: FileServiceAsyncStub, request_: pb.MarkFilesMissingRequest, field: str
) -> None:
    with raises_status(INVALID, field=field):
        await files.MarkFilesMissing(request_)


async def test_other_bad_input_names_its_field(files: FileServiceAsyncStub) -> None:
    with raises_status(INVALID, field="presence"):
        await files.ListFiles(pb.ListFilesRequest(presence=9))  # type: ignore[arg-type]
    with raises_status(INVALID, field="uri_prefix"):
        await files.ListFiles(pb.ListFilesRequest(uri_prefix="x" * 4_001))
    with raises_status(INVALID, field="page_size"):
        await files.ListFiles(pb.ListFilesRequest(page_size=-1))
    with raises_status(INVALID, field="page_token"):
        await files.ListFiles(pb.ListFilesRequest(page_token="x"))
    with raises_status(INVALID, field="id"):
        await files.GetFile(pb.GetFileRequest(id="x"))
    with raises_status(INVALID, field="ids"):
        await files.ForgetFiles(pb.ForgetFilesRequest())
    with raises_status(INVALID, field="request_id"):
        await files.ForgetFiles(
            pb.ForgetFilesRequest(ids=[UNKNOWN], request_id="x", validate_only=True)
        )
    bad = pb.RelinkFileRequest(id="x", uri="x", content_hash="x", size_bytes=-1)
    with raises_status(INVALID, field="content_hash") as failure:
        await files.RelinkFile(bad)
    assert failure.fields == ["id", "uri", "size_bytes", "content_hash"]
