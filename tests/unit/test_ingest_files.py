"""Audio files become tracks; these make their own files, in every container that can be written."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import PartialDate
from service.ingest import files
from service.ingest.files import read_track, read_tracks
from service.ingest.folders import FolderWalk
from service.ingest.formats import FORMATS
from service.ingest.mpeg_audio import MP3
from service.ingest.problems import Problem
from service.ingest.sound import Sound, describe
from service.sources import file_source_id
from tests.support.audio import MBID, RATE, id3_tags, mpeg_frame, tone, vorbis_tags, wav
from tests.support.limits import unprivileged


def track_of(path: Path) -> Track:
    reading = read_track(str(path))
    assert reading.error == ""
    return Track.FromString(reading.track)


@pytest.mark.parametrize(
    ("name", "how", "tag", "technical"),
    [
        ("a.mp3", {}, id3_tags, ("mp3", "mp3", 0)),
        ("a.wav", {"subtype": "PCM_24"}, id3_tags, ("wav", "pcm", 24)),
        ("b.wav", {"subtype": "FLOAT"}, id3_tags, ("wav", "pcm_float", 32)),
        ("a.aiff", {}, id3_tags, ("aiff", "pcm", 16)),
        ("a.flac", {}, vorbis_tags, ("flac", "flac", 16)),
        ("a.ogg", {}, vorbis_tags, ("ogg", "vorbis", 0)),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}, vorbis_tags, ("ogg", "opus", 0)),
    ],
)
def test_tags_and_technical_data_are_read(
    tmp_path: Path,
    name: str,
    how: dict[str, str],
    tag: Callable[[Path], None],
    technical: tuple[str, str, int],
) -> None:
    path = tone(tmp_path / name, how=how)
    tag(path)
    track = track_of(path)

    assert (track.title, track.album.title, track.mbid) == ("Jóga", "Homogenic", MBID)
    assert [credit.name for credit in track.credits] == ["Björk", "Mark Bell"]
    assert list(track.genres) == ["Rock", "Art Pop"]
    assert (track.track_number, track.track_total) == (2, 10)
    assert track.release_date == PartialDate(year=1997, month=9, day=22)
    assert (track.features.tempo_bpm, track.features.key) == (80, 9)
    assert track.comment == "fine"
    stated = {(fact.key, fact.text) for fact in track.attributes if fact.source != "file"}
    assert ("barcode", "123") in stated

    (file,) = track.files
    assert (file.format, file.codec, file.bit_depth) == technical
    assert (file.channels, file.size_bytes) == (1, path.stat().st_size)
    assert file.sample_rate_hz == (48_000 if file.codec == "opus" else RATE)
    assert file.content_hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file.modify_time.ToMicroseconds() == path.stat().st_mtime_ns // 1000
    assert abs(track.duration.ToMilliseconds() - 500) < 150
    assert (track.sources[0].type, track.sources[0].id) == ("file", path.as_uri())


def test_reading_again_gives_the_same_track(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.flac")
    assert read_track(str(path)) == read_track(str(path))


def test_files_that_are_read_together_are_read_as_each_is_alone(tmp_path: Path) -> None:
    large = large_file(tmp_path / "b.wav")
    small = [tone(tmp_path / name) for name in ("c.mp3", "a.ogg", "d.flac")]
    broken = tmp_path / "e.flac"
    broken.write_bytes(small[2].read_bytes()[:20])
    paths = list(map(str, [small[0], tmp_path / "none.mp3", large, broken, *small[1:]]))
    together = read_tracks(paths)
    assert together == list(map(read_track, paths))
    assert [reading.path for reading in together] == paths
    assert [bool(reading.error) for reading in together] == [False, True, False, True, False, False]


def test_a_track_without_title_has_the_name_of_its_file(tmp_path: Path) -> None:
    assert track_of(tone(tmp_path / "01 Jóga.live.flac")).title == "01 Jóga.live"


def test_a_name_that_is_not_unicode_is_kept_in_the_address(tmp_path: Path) -> None:
    plain = tone(tmp_path / "plain.flac")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.flac"))
    try:
        plain.rename(path)
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    track = track_of(path)
    assert track.sources[0].id.endswith("/caf%E9.flac")
    assert track.title == "caf�"


def test_long_addresses_are_hashed() -> None:
    assert file_source_id("file:///a.mp3") == "file:///a.mp3"
    assert len(file_source_id("file:///" + "x" * 600)) == len("sha256:") + 64


def test_the_content_tells_the_kind_when_the_name_lies(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.flac").rename(tmp_path / "a.mp3")
    reading = read_track(str(path))
    assert Track.FromString(reading.track).files[0].format == "flac"
    assert reading.notes == ("is flac, although its name promises mp3",)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.mp3", b"", "empty"),
        ("a.mp3", b"hello, world\n" * 100, "cannot be read as audio"),
        ("a.flac", b"fLaC" + b"\xff" * 100, "cannot be read as audio"),
        ("a.m4a", b"\x00\x00\x00\x18ftypM4A \xff\xff\xff\xff" * 9, "cannot be read as audio"),
        ("a.wav", b"RIFF\xff\xff\xff\xffWAVE", "cannot be read as audio"),
        ("a.xyz", b"\x00" * 100, "not audio of a known kind"),
    ],
)
def test_what_is_no_audio_is_an_error(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert reason in read_track(str(path)).error


def test_every_beginning_of_a_file_is_a_track_or_an_error(tmp_path: Path) -> None:
    path, part = tone(tmp_path / "a.flac"), tmp_path / "part.flac"
    content = path.read_bytes()
    for length in range(0, len(content), 97):
        part.write_bytes(content[:length])
        reading = read_track(str(part))
        assert bool(reading.error) != bool(reading.track)


def test_pipes_folders_and_nothing_are_errors(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    assert "regular" in read_track(str(tmp_path / "pipe.mp3")).error
    assert "regular" in read_track(str(tmp_path)).error
    assert "No such file" in read_track(str(tmp_path / "none.mp3")).error


@contextmanager
def again_and_again(do: Callable[[], object]) -> Iterator[None]:
    """Do something in another thread all the time that the context lasts; once before."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            do()

    do()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def large_file(path: Path) -> Path:
    """Write a file that takes no room, but a while to read."""
    path.write_bytes(wav())
    os.truncate(path, 50 << 20)
    return path


def is_open(path: Path) -> bool:
    """Whether this process has a file open."""
    return any(Path(each).resolve() == path for each in Path("/proc/self/fd").iterdir())


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = large_file(tmp_path / "a.wav")
    moments = itertools.count(1_700_000_000_000_000_000, 1_000_000)
    with again_and_again(lambda: os.utime(path, ns=(0, next(moments)))):
        assert "was changed while it was read" in read_track(str(path)).error
    assert read_track(str(path)).error == ""


def test_a_file_that_is_deleted_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = large_file(tmp_path.resolve() / "a.wav")

    def delete() -> None:
        if is_open(path):
            path.unlink()

    with again_and_again(delete):
        assert read_track(str(path)).error == "No such file or directory"


def test_what_may_not_be_read_is_an_error() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        path, closed = tone(folder / "a.flac", 0.1), folder / "closed"
        closed.mkdir(mode=0)
        path.chmod(0)
        problems: list[Problem] = []
        with unprivileged():
            found = list(FolderWalk(problems.append).files([str(folder)]))
            errors = [read_track(each.path).error for each in found]
        closed.chmod(0o700)
    assert [(each.path, error) for each, error in zip(found, errors, strict=True)] == [
        (str(path), "Permission denied")
    ]
    assert [str(problem) for problem in problems] == [
        f"{closed}: cannot be listed: Permission denied"
    ]


def test_a_parser_that_does_not_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PARSE_SECONDS", 1)

    def run_on(path: Path, stream: object, *, is_alone: bool) -> None:
        while True:
            pass

    monkeypatch.setattr(files, "_parse", run_on)
    path = tmp_path / "a.mp3"
    path.write_bytes(b"x")
    assert "in 1 s of work" in read_track(str(path)).error


def test_a_search_for_the_audio_that_does_not_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PARSE_SECONDS", 1)

    def run_on(stream: object, size: int) -> None:
        while True:
            pass

    monkeypatch.setattr(files, "find_payload", run_on)
    path = tmp_path / "a.mp3"
    path.write_bytes(mpeg_frame(128) * 10)
    assert "in 1 s of work" in read_track(str(path)).error


def test_files_that_are_stuck_leave_the_others_to_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_STEP_SECONDS", 0)
    paths = [str(tone(tmp_path / name)) for name in ("a.flac", "b.flac")]
    first, second = read_tracks(paths)
    assert (first, first.was_crowded) == (read_track(paths[0]), False)
    assert second.was_crowded
    assert "no time left" in second.error


@pytest.mark.parametrize("error", [MemoryError(), RecursionError(), ZeroDivisionError("x")])
def test_whatever_the_parser_raises_is_the_error_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(path: Path, stream: object, *, is_alone: bool) -> None:
        raise error

    monkeypatch.setattr(files, "_parse", fail)
    path = tmp_path / "a.mp3"
    path.write_bytes(b"x")
    assert "cannot be read as audio" in read_track(str(path)).error


@pytest.mark.parametrize("seconds", [-1.0, math.inf, math.nan, 25 * 24 * 3600.0])
def test_lengths_that_cannot_be_are_left_out(seconds: float) -> None:
    track = Track()
    file = track.files.add(size_bytes=10_000_000)
    assert len(describe(FORMATS[MP3], Sound(seconds=seconds, channels=2), track, file)) == 1
    assert not file.HasField("duration")
    assert file.channels == 2
