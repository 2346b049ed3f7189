"""Readers die, hang and run out of memory; what they read goes on."""

from __future__ import annotations

import os
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import soundfile  # type: ignore[import-untyped]

from fonoteca.v1.track_pb2 import Track
from service.ingest.files import Reading
from service.ingest.locations import Found
from service.ingest.problems import SourceError
from service.ingest.readers import Readers, read_found, relocated
from tests.support.audio import id3_tag, tone

FOREVER = 300


def named(*names: str) -> list[Found]:
    return [Found(f"file:///{name}", f"/{name}", 0, 0) for name in names]


def read_or_misbehave(files: Sequence[Found]) -> list[Reading]:
    """Stand in for the parser; runs in another process."""
    return list(map(_read_or_misbehave, files))


def _read_or_misbehave(found: Found) -> Reading:
    if "killer" in found.path:
        os._exit(3)
    if "sleeper" in found.path:
        time.sleep(FOREVER)
    if "glutton" in found.path:
        try:
            bytearray(64 << 30)
        except MemoryError:
            return Reading(found.path, error="no memory")
    return Reading(found.path, b"x")


def die_once(files: Sequence[Found]) -> list[Reading]:
    """Stand in for a parser that fails by chance: kills its process the first time."""
    mark = Path(files[0].path)
    if mark.suffix == ".once" and not mark.exists():
        mark.touch()
        os._exit(3)
    return [Reading(found.path, b"x") for found in files]


def errors_of(readings: Sequence[tuple[Found, Reading]]) -> dict[str, str]:
    return {found.path: reading.error for found, reading in readings if reading.error}


def test_only_the_files_that_harm_their_reader_are_lost() -> None:
    files = named(*(f"{number}.mp3" for number in range(60)))
    files[7:7] = named("killer.mp3")
    files[30:30] = named("sleeper.mp3")
    files[50:50] = named("glutton.mp3")
    with Readers(2, read_or_misbehave, seconds=1) as readers:
        readings = list(readers.read(files))
    assert [found for found, _ in readings] == files
    assert [reading.path for _, reading in readings] == [found.path for found in files]
    assert errors_of(readings) == {
        "/killer.mp3": "crashes the program that reads it",
        "/sleeper.mp3": "could not be read in time",
        "/glutton.mp3": "no memory",
    }


def test_a_file_has_a_second_chance(tmp_path: Path) -> None:
    mark = tmp_path / "a.once"
    with Readers(1, die_once) as readers:
        [(_, reading)] = readers.read([Found(mark.as_uri(), str(mark), 0, 0)])
    assert (reading.error, mark.exists()) == ("", True)


def read_and_tell(files: Sequence[Found], *, log: Path) -> list[Reading]:
    """Stand in for the parser, and note what it was given."""
    with log.open("a") as stream:
        stream.writelines(f"{found.path}\n" for found in files)
    return read_or_misbehave(files)


@pytest.mark.parametrize(
    ("file", "together"),
    [
        (Found("file:///a.mp3", "/a.mp3", 1_000, 0), 64),
        (Found("file:///a.mp3", "/a.mp3", 10 << 20, 0), 4),
        (Found("file:///a.mp3", "/a.mp3", 1 << 30, 0), 1),
        (Found("s3://music/a.mp3", "s3://music/a.mp3", 1_000, 0), 8),
    ],
)
def test_fewer_large_or_distant_files_share_the_way_to_a_reader(
    tmp_path: Path, file: Found, together: int
) -> None:
    files = [file] * together
    files[-1] = file._replace(path="/killer.mp3")
    log = tmp_path / "log"
    with Readers(1, partial(read_and_tell, log=log)) as readers:
        assert len(list(readers.read([*files, *named("last.mp3")]))) == together + 1
    # Whatever was handed out together with the culprit is read once more.
    assert log.read_text().count(f"{file.path}\n") == 2 * (together - 1)
    assert log.read_text().count("/last.mp3\n") == 1


def test_a_file_that_fills_the_memory_does_not_take_it_from_others(tmp_path: Path) -> None:
    picture = b"\0image/png\0\3\0" + b"x" * (160 << 20)
    content = len(picture).to_bytes(4) + zlib.compress(picture, 9)
    tag = id3_tag(b"APIC" + len(content).to_bytes(4) + b"\0\x80" + content)
    names = [f"{number}.mp3" for number in range(4)]
    sound = tone(tmp_path / "sound.mp3").read_bytes()
    for name in names:
        (tmp_path / name).write_bytes(tag + sound)
    paths = [str(tmp_path / name) for name in [*names, "sound.mp3"]]
    # Enough for one of them.
    with Readers(1, memory_bytes=1 << 30) as readers:
        found = [Found(f"file://{path}", path, 1, 0) for path in paths]
        readings = [reading for _, reading in readers.read(found)]
    assert [(reading.error, reading.notes) for reading in readings] == [("", ())] * 5


def test_files_are_not_listed_far_ahead_of_the_reading() -> None:
    listed = 0

    def endless() -> Iterator[Found]:
        nonlocal listed
        while True:
            listed += 1
            yield from named("a.mp3")

    with Readers(1, read_or_misbehave) as readers, closing(readers.read(endless())) as readings:
        next(readings)
        assert listed < 200


def test_closing_ends_the_readers_and_whoever_waits() -> None:
    readers = Readers(1, read_or_misbehave)
    readings = readers.read(named("sleeper.mp3"))
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            next(readings)
        except SourceError as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    readers.submit(named("a.mp3"))
    readers.close()
    waiting.join(30)
    assert [str(error) for error in raised] == ["the reading was stopped"]


def test_nothing_to_read_is_nothing() -> None:
    with Readers(1) as readers:
        assert list(readers.read([])) == []


def test_a_copy_is_read_as_the_file_that_was_found(tmp_path: Path) -> None:
    path = tmp_path / "copy.wav"
    soundfile.write(path, [0.0] * 800, 8000)
    here = Found(path.as_uri(), str(path), path.stat().st_size, 1)
    there = Found("s3://bucket/copy.wav", "s3://bucket/copy.wav", here.size, 5_000_001)
    track = Track.FromString(relocated(read_found([here])[0], there).track)
    assert (track.files[0].uri, track.sources[0].id) == (there.uri, there.uri)
    assert track.files[0].modify_time.ToMicroseconds() == 5_000_001
    assert track.files[0].size_bytes == here.size
    bad = Found("file:///none.wav", "/none.wav", 0, 0)
    assert relocated(read_found([bad])[0], there).path == there.path


@pytest.mark.parametrize("url", ["ftp://host/a.mp3", "memory://a.mp3"])
def test_urls_of_other_kinds_are_refused(url: str) -> None:
    assert "is not known here" in read_found([Found(url, url, 0, 0)])[0].error
