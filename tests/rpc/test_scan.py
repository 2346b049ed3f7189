"""`fonoteca scan` against the service: what it reads, what it leaves alone, what it says."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import mutagen
import psycopg
import pytest
import soundfile  # type: ignore[import-untyped]
from typer.testing import CliRunner, Result

from fonoteca.v1 import file_pb2, track_pb2
from fonoteca.v1.types_pb2 import AudioFile, ExternalSource
from service.cli import application
from service.ingest.scan import Fate, Scan
from service.ingest.scan import Result as Outcome
from service.ingest.watching import changed_folders, outermost
from tests.support.buckets import s3_bucket
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from fonoteca.v1.file_pb2_grpc import FileServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from service.database import Connection

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(server: str) -> Run:
    """Runs a scan in another thread, so that the service can answer it."""

    async def run(*arguments: str | Path) -> Result:
        words = ["scan", *map(str, arguments), "--address", server, "--jobs", "1"]
        return await asyncio.to_thread(CliRunner().invoke, application(["scan"]), words)

    return run


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder with three files of three kinds, each with its title."""
    folder = tmp_path.resolve() / "music"
    for number, name in enumerate(("one.flac", "b/two.ogg", "b/c/three.flac"), start=1):
        tone(folder / name, number)
    return folder


def tone(path: Path, number: int, **tags: str) -> Path:
    """Write a short file that sounds like no other number's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = [(index * number % 8191) / 16384 for index in range(4000)]
    soundfile.write(path, samples, 8000)
    retag(path, title=tags.pop("title", path.stem), **tags)
    return path


def retag(path: Path, **tags: str) -> None:
    audio: Any = mutagen.File(path)
    audio.update(tags)
    audio.save()


def spoil(folder: Path) -> None:
    """Let whoever opens the files find no audio; their sizes and times stay as they are."""
    for path in folder.rglob("*.*"):
        status = path.stat()
        path.write_bytes(b"\0" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def empty_out(folder: Path) -> None:
    """Leave a folder as a drive leaves it that is taken away."""
    folder.rename(folder.with_name("away"))
    folder.mkdir()


async def all_tracks(tracks: TrackServiceAsyncStub) -> list[track_pb2.Track]:
    request = track_pb2.ListTracksRequest(page_size=1000, order_by="title")
    return list((await tracks.ListTracks(request)).tracks)


def lines(report: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]


async def test_a_second_scan_reads_no_file(
    run: Run, music: Path, tmp_path: Path, tracks: TrackServiceAsyncStub
) -> None:
    first = await run(music)
    assert first.exit_code == 0, first.stderr
    assert first.stdout.startswith("3 new, 0 changed, 0 unchanged (")
    before = await all_tracks(tracks)
    assert [track.title for track in before] == ["one", "three", "two"]
    spoil(music)
    report = tmp_path / "report.jsonl"
    again = await run(music, "--report", report)
    assert again.exit_code == 0, again.stderr
    assert again.stdout.startswith("0 new, 0 changed, 3 unchanged (")
    assert {line["fate"] for line in lines(report)[:-1]} == {"unchanged"}
    assert await all_tracks(tracks) == before
    full = await run(music, "--full")
    assert full.exit_code == 1
    assert ", 3 failed" in full.stdout


async def test_changed_files_are_read_and_files_that_are_gone_are_marked(
    run: Run, music: Path, tracks: TrackServiceAsyncStub, files: FileServiceAsyncStub
) -> None:
    await run(music)
    retag(music / "one.flac", title="Uno", artist="Somebody")
    (music / "b" / "two.ogg").unlink()
    result = await run(music)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("0 new, 1 changed, 1 unchanged, 1 missing (")
    listed = await files.ListFiles(
        file_pb2.ListFilesRequest(presence=file_pb2.FILE_PRESENCE_MISSING)
    )
    assert [Path(file.audio.uri).name for file in listed.files] == ["two.ogg"]
    assert [track.title for track in await all_tracks(tracks)] == ["three", "two", "Uno"]


async def test_the_report_names_the_files_that_are_gone(
    run: Run, music: Path, tmp_path: Path
) -> None:
    gone = tone(music / "gone.flac", 7).rename(music / os.fsdecode(b"\xe9 gone.flac"))
    await run(music)
    gone.unlink()
    (music / "b" / "two.ogg").unlink()
    for options in (("--dry-run",), ()):
        report = tmp_path / "report.jsonl"
        result = await run(music, music / "b", "--report", report, *options)
        assert result.exit_code == 0, result.stderr
        assert "2 missing" in result.stdout
        *told, summary = lines(report)
        missing = {line["file"]: line["uri"] for line in told if line["fate"] == "missing"}
        assert missing == {
            f"{music}/b/two.ogg": (music / "b" / "two.ogg").as_uri(),
            f"{music}/\ufffd gone.flac": gone.as_uri(),
        }
        assert (summary["files"], summary["missing"]) == ({"unchanged": 2}, 2)


async def test_moved_and_retagged_files_keep_their_tracks(
    run: Run, music: Path, tracks: TrackServiceAsyncStub
) -> None:
    await run(music)
    before = {track.title: track.id for track in await all_tracks(tracks)}
    (music / "b").rename(music / "moved")
    retag(music / "moved" / "two.ogg", album="New")
    result = await run(music)
    assert result.exit_code == 0, result.stderr
    assert {track.title: track.id for track in await all_tracks(tracks)} == before


async def test_the_report_says_what_became_of_every_file_and_why(
    run: Run, music: Path, tmp_path: Path
) -> None:
    (music / "bad.mp3").write_text("not audio")
    (music / "empty.flac").touch()
    (music / "wrong.ogg").write_bytes((music / "one.flac").read_bytes() + b"tail")
    os.mkfifo(music / "pipe.mp3")
    report = tmp_path / "report.jsonl"
    result = await run(music, "--report", report)
    assert result.exit_code == 1
    assert f"{music / 'empty.flac'}: the file is empty" in result.stderr
    *told, summary = lines(report)
    fates = {Path(line["file"]).name: line["fate"] for line in told}
    assert fates == {
        "one.flac": "new", "two.ogg": "new", "three.flac": "new", "wrong.ogg": "new",
        "bad.mp3": "failed", "empty.flac": "failed", "pipe.mp3": "skipped",
    }  # fmt: skip
    reasons = {Path(line["file"]).name: " ".join(line.get("reasons", [])) for line in told}
    assert "cannot be read as audio" in reasons["bad.mp3"]
    assert "promises ogg" in reasons["wrong.ogg"]
    assert summary["files"] == {"new": 4, "failed": 2, "skipped": 1}


async def test_a_dry_run_stores_nothing(
    run: Run, music: Path, tracks: TrackServiceAsyncStub
) -> None:
    result = await run(music, "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.startswith("dry run, nothing is stored: 3 new, 0 changed")
    assert await all_tracks(tracks) == []


async def test_an_empty_place_is_taken_for_a_missing_drive(
    run: Run, music: Path, files: FileServiceAsyncStub
) -> None:
    await run(music)
    empty_out(music)
    result = await run(music)
    assert result.exit_code == 1
    assert "nothing is marked as missing" in result.stderr
    present = await files.ListFiles(
        file_pb2.ListFilesRequest(presence=file_pb2.FILE_PRESENCE_PRESENT)
    )
    assert len(present.files) == 3


async def test_nothing_is_marked_when_a_folder_could_not_be_listed(
    server: str, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(scanned, server, music)
    (music / "one.flac").unlink()
    list_folder = os.scandir

    def refuse(path: str) -> Any:
        if path.endswith("/c"):
            raise PermissionError(13, "Permission denied", path)
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", refuse)
    scan, outcomes = await asyncio.to_thread(scanned, server, music)
    assert scan.tally.missing == 0
    reasons = [reason for outcome in outcomes for reason in outcome.reasons]
    assert any("nothing is marked as missing" in reason for reason in reasons)


def scanned(address: str, *places: str | Path, **options: Any) -> tuple[Scan, list[Outcome]]:
    """Scan without a terminal."""
    outcomes: list[Outcome] = []
    with grpc.insecure_channel(address) as channel:
        scan = Scan(channel, "", outcomes.append, jobs=1, **options)
        scan.run([str(place) for place in places])
    return scan, outcomes


async def test_many_messages_are_checked_in_order(server: str, tmp_path: Path) -> None:
    for number in range(4_321):
        (tmp_path / f"{number}.mp3").touch()
    scan, outcomes = await asyncio.to_thread(scanned, server, tmp_path)
    assert Counter(outcome.fate for outcome in outcomes) == {Fate.FAILED: 4_321}
    assert len({outcome.uri for outcome in outcomes}) == 4_321
    assert (scan.tally.to_read, scan.tally.read) == (4_321, 4_321)


async def started(server: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a scan as a process of its own."""
    command = [sys.executable, "-m", "service", "scan", *map(str, arguments)]
    path = os.pathsep.join(path for path in sys.path if path)
    return await asyncio.to_thread(
        subprocess.Popen,
        [*command, "--address", server, "--jobs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


async def test_a_scan_that_was_interrupted_is_completed_by_the_next(
    server: str, music: Path, tracks: TrackServiceAsyncStub, run: Run
) -> None:
    for number in range(600):
        tone(music / "many" / f"{number}.flac", number + 4, title=str(number))
    process = await started(server, music)

    async def something_is_stored() -> bool:
        return len(await all_tracks(tracks)) > 0 or process.poll() is not None

    await eventually(something_is_stored, within=60)
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 130, (out, err)
    assert "the same command goes on from there" in err
    assert "Traceback" not in err
    stored = len(await all_tracks(tracks))
    result = await run(music)
    assert result.exit_code == 0
    assert stored > 0
    assert len(await all_tracks(tracks)) == 603
    again = await run(music)
    assert again.stdout.startswith("0 new, 0 changed, 603 unchanged (")


async def test_a_scan_goes_on_when_the_database_was_away(
    server: str, music: Path, connection: Connection, tracks: TrackServiceAsyncStub
) -> None:
    for number in range(900):
        tone(music / "many" / f"{number}.flac", number + 4, title=str(number))
    process = await started(server, music)

    async def something_is_stored() -> bool:
        return len(await all_tracks(tracks)) > 0 or process.poll() is not None

    await eventually(something_is_stored, within=60)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0, (out, err)
    assert out.startswith("903 new, 0 changed, 0 unchanged (")
    assert len(await all_tracks(tracks)) == 903


async def test_a_scan_asks_again_when_the_database_was_away(
    server: str, tmp_path: Path, database_url: str, tracks: TrackServiceAsyncStub
) -> None:
    def known(number: int) -> track_pb2.Track:
        path = tmp_path / f"{number}.mp3"
        path.write_bytes(b"x")
        audio = AudioFile(uri=path.as_uri(), size_bytes=1)
        audio.modify_time.FromNanoseconds(path.stat().st_mtime_ns // 1000 * 1000)
        source = ExternalSource(type="file", id=path.as_uri())
        return track_pb2.Track(title=str(number), files=[audio], sources=[source])

    requests = (
        track_pb2.ImportTracksRequest(tracks=map(known, range(start, start + 1_000)))
        for start in range(0, 5_000, 1_000)
    )
    assert (await tracks.ImportTracks(requests)).created == 5_000
    fates: Counter[Fate] = Counter()

    def take(outcome: Outcome) -> None:
        fates[outcome.fate] += 1
        # By now the next questions are with the server, and others are to follow.
        if fates.total() == 1:
            with psycopg.connect(database_url) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    def scan() -> None:
        with grpc.insecure_channel(server) as channel:
            Scan(channel, "", take, jobs=1).run([str(tmp_path)])

    await asyncio.to_thread(scan)
    assert fates == {Fate.UNCHANGED: 5_000}


async def test_a_file_that_goes_before_its_turn_is_reported(server: str, music: Path) -> None:
    await asyncio.to_thread(scanned, server, music / "one.flac")
    outcomes: list[Outcome] = []

    def take(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if outcome.fate is Fate.UNCHANGED:  # all have been found, and none is read yet
            (music / "b" / "two.ogg").unlink()

    def scan() -> None:
        with grpc.insecure_channel(server) as channel:
            Scan(channel, "", take, jobs=1).run([str(music)])

    await asyncio.to_thread(scan)
    told = {Path(outcome.file).name: (outcome.fate, outcome.reasons) for outcome in outcomes}
    assert told == {
        "one.flac": (Fate.UNCHANGED, ()),
        "two.ogg": (Fate.FAILED, ("No such file or directory",)),
        "three.flac": (Fate.NEW, ()),
    }


async def test_names_that_are_no_unicode_are_scanned(
    run: Run, music: Path, tracks: TrackServiceAsyncStub
) -> None:
    odd = (music / "one.flac").rename(music / os.fsdecode(b"caf\xe9 \xff.flac"))
    first = await run(music)
    assert first.exit_code == 0, first.stderr
    stored = {track.title: track.files[0].uri for track in await all_tracks(tracks)}
    assert stored["one"] == odd.as_uri()
    assert stored["one"].endswith("/caf%E9%20%FF.flac")
    again = await run(music)
    assert again.stdout.startswith("0 new, 0 changed, 3 unchanged (")


async def test_links_that_lead_back_do_not_keep_a_scan(run: Run, music: Path) -> None:
    (music / "b" / "c" / "loop").symlink_to(music)
    (music / "b" / "self.flac").symlink_to("self.flac")
    (music / "there").symlink_to("back")
    (music / "back").symlink_to("there")
    result = await run(music)
    assert result.stdout.startswith("3 new, 0 changed, 0 unchanged, 1 failed (")
    assert "self.flac: cannot be looked at: Too many levels of symbolic links" in result.stderr


async def test_a_report_that_cannot_be_written_is_told(run: Run, music: Path) -> None:
    result = await run(music, "--report", "/dev/full")
    assert result.exit_code == 1
    assert "/dev/full: cannot be written: No space left on device" in result.stderr
    assert "Traceback" not in result.stderr


async def test_a_full_disk_ends_a_scan_with_a_word(server: str, music: Path) -> None:
    for number in range(500):  # so many are no longer kept in memory
        (music / f"{number}.mp3").touch()
    scan = [sys.executable, "-m", "service", "scan", str(music), "--address", server]
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *scan),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert "cannot go on: File too large" in err.decode()
    assert "Traceback" not in err.decode()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty bucket on an S3 server of this test."""
    with s3_bucket(monkeypatch, "music") as url:
        yield url


async def test_buckets_are_scanned_as_folders_are(
    run: Run, music: Path, bucket: str, tracks: TrackServiceAsyncStub
) -> None:
    import s3fs  # type: ignore[import-untyped]  # noqa: PLC0415

    store = s3fs.S3FileSystem(skip_instance_cache=True)
    await asyncio.to_thread(store.put, str(music), "music/in a folder", recursive=True)
    await asyncio.to_thread(store.pipe, "music/in a folder/.hidden/x.mp3", b"x")
    await asyncio.to_thread(store.pipe, "music/in a folder/cover.jpg", b"x")
    first = await run(f"{bucket}/in a folder")
    assert first.exit_code == 0, first.stderr
    assert first.stdout.startswith("3 new, 0 changed, 0 unchanged (")
    stored = await all_tracks(tracks)
    assert stored[0].files[0].uri == "s3://music/in a folder/one.flac"
    await asyncio.to_thread(store.rm, "music/in a folder/one.flac")
    again = await run(bucket)
    assert again.stdout.startswith("0 new, 0 changed, 2 unchanged, 1 missing (")
    single = await run(f"{bucket}/in a folder/b/two.ogg")
    assert single.stdout.startswith("0 new, 0 changed, 1 unchanged (")
    none = await run("s3://none")
    assert none.exit_code == 1
    assert "s3://none: cannot be listed" in none.stderr


async def test_changes_are_noticed(music: Path) -> None:
    root, stop = str(music), threading.Event()
    seen: set[str] = set()

    def watch() -> None:
        for folders in changed_folders([root], stop, timeout_ms=50):
            seen.update(folders)

    watching = asyncio.create_task(asyncio.to_thread(watch))
    numbers = iter(range(10_000))

    async def changed() -> bool:
        # Nobody tells when the watch has begun.
        (music / "b" / "c" / f"{next(numbers)}.mp3").touch()
        return str(music / "b" / "c") in seen

    await eventually(changed)
    stop.set()
    await watching


async def test_a_watch_scans_what_changes_until_ctrl_c(
    server: str, music: Path, tracks: TrackServiceAsyncStub
) -> None:
    process = await started(server, music, "--watch")

    async def all_are_stored() -> bool:
        assert process.poll() is None
        return len(await all_tracks(tracks)) == 3

    numbers = iter(range(4, 10_000))

    async def more_are_stored() -> bool:
        # Nobody tells when the watch has begun.
        number = next(numbers)
        await asyncio.to_thread(tone, music / "new" / f"{number}.flac", number)
        return len(await all_tracks(tracks)) > 3

    await eventually(all_are_stored, within=60)
    await eventually(more_are_stored, within=60)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode in (0, 130), err
    assert "Traceback" not in err


def test_folders_inside_others_need_not_be_scanned() -> None:
    assert outermost(["/a/b", "/a", "/c/d", "/c/d/e", "/ab"]) == {"/a", "/c/d", "/ab"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("/no/such/folder",), "does not exist"),
        (("s3://bucket", "--watch"), "--watch needs folders"),
        ((".", "--watch", "--dry-run"), "--watch needs folders"),
        ((".", "--watch", "--report", "scan.jsonl"), "would be a change in the folder"),
        (tuple("." * 101), "at most 100 places"),
    ],
)
async def test_wrong_options_are_refused(run: Run, arguments: tuple[str, ...], reason: str) -> None:
    result = await run(*arguments)
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.replace("│", "").split())
