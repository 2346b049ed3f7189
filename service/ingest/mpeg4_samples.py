"""The samples of the sound in an MPEG-4 file: where their bytes are, and how long they last.

A file tells it in tables before the sound, or piece by piece in fragments. Chapters, films and free
room may stand between the samples, and differ between files of the same sound.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final, NamedTuple

from service.ingest.atoms import Atom

#: A table of more bytes is none.
_LARGEST_TABLE: Final = 64 << 20
#: Sounds in packets, whose samples may be of one size: AC-3, AMR, MP3 and their like. Elsewhere one
#: size may be of anything, such as a byte: PCM and QuickTime count samples in ways of their own.
_PACKETS: Final = frozenset(
    {b"ac-3", b"ec-3", b"ac-4", b"mlpa", b"dtsc", b"dtsh", b"dtsl", b"dtse",
     b"mp4a", b".mp3", b"Opus", b"samr", b"sawb", b"sawp", b"sevc", b"sqcp"}
)  # fmt: skip
#: What a fragment says of all its samples, by the flags that tell which of these are there: where
#: it counts from, how the samples are described, how long and how large each is.
_HEAD_FIELDS: Final = ((0x01, 8), (0x02, 4), (0x08, 4), (0x10, 4))
_BASE, _DURATION, _SIZE = 0x01, 0x08, 0x10
#: What a run says of each of its samples, in this order.
_SAMPLE_FIELDS: Final = (0x100, 0x200, 0x400, 0x800)
_DURATIONS, _SIZES = _SAMPLE_FIELDS[:2]
_RUN_OFFSET, _FIRST_FLAGS = 0x01, 0x04

Range = tuple[int, int]
"""Bytes of a file: from the first to before the second."""


class _Run(NamedTuple):
    """Samples that stand one behind the other."""

    ticks: int
    size: int
    #: Whether all of them are described.
    is_whole: bool
    #: Where they begin, counted from where the fragment counts from; None: behind the run before.
    offset: int | None


@dataclass(frozen=True, slots=True)
class _Fragment:
    """Some samples of a track."""

    base: int
    runs: tuple[_Run, ...]


class _UntoldError(Exception):
    """It is not told of all samples where they are."""


def fragments_seconds(atoms: Atom) -> float:
    """Return the length of a file whose sound is in fragments; 0 when it does not tell."""
    track = _sound_track(atoms)
    rate = _number(track, (b"mdia", b"mdhd"), 12, 20) if track else 0
    if track is None or not rate:
        return 0.0
    return sum(run.ticks for part in _fragments(atoms, track) for run in part.runs) / rate


def sample_ranges(atoms: Atom, end: int) -> list[Range]:
    """Return where the samples of the sound are, up to `end`; nothing when the file does not tell.

    What cannot be, such as samples that share bytes, is not told; neither is a part of the samples.
    """
    track = _sound_track(atoms)
    if track is None:
        return []
    try:
        found = [*_chunks(track), *_in_fragments(atoms, track)]
    except _UntoldError:
        return []
    if atoms.is_cut_off:
        return []
    ranges = sorted((start, min(stop, end)) for start, stop in found if start < min(stop, end))
    if any(one[1] > other[0] for one, other in pairwise(ranges)):
        return []
    return ranges


def _sound_track(atoms: Atom) -> Atom | None:
    return next((trak for trak in atoms.below(b"moov", b"trak") if _is_sound(trak)), None)


def _is_sound(track: Atom) -> bool:
    handlers = (atom.read(atom.stream, 12)[1] for atom in track.below(b"mdia", b"hdlr"))
    return any(content[8:12] == b"soun" for content in handlers)


def _number(track: Atom, names: tuple[bytes, ...], short: int, long: int) -> int:
    """Return a number of four bytes, whose place depends on how long times are before it."""
    found = next(track.below(*names), None)
    if found is None:
        return 0
    _, content = found.read(found.stream, long + 4)
    at = long if content[:1] == b"\x01" else short
    return int.from_bytes(content[at : at + 4])


# ------------------------------------------------------------------------------------- tables


def _chunks(track: Atom) -> Iterator[Range]:
    """Yield where the chunks are that tables tell of; nothing when these contradict each other.

    Raises `_UntoldError`.
    """
    table = next(track.below(b"mdia", b"minf", b"stbl"), None)
    if table is None:
        return
    told = _numbers(table, b"stsz", "I")
    one_size, samples = told[1:3] if len(told) > 2 else (0, 0)
    sizes = told[3:]
    offsets = _numbers(table, b"stco", "I")[2:]
    if wide := next(table.findall(b"co64"), None):
        # The head is of four bytes each, as in all tables.
        offsets = _unpacked(_content(wide)[8:], "Q")
    groups = list(_groups(_numbers(table, b"stsc", "I")[2:], len(offsets)))
    if one_size and not _is_in_packets(table):
        return
    if sum(count * chunks for count, chunks in groups) != (samples if one_size else len(sizes)):
        return
    at, rest = iter(sizes), iter(offsets)
    for count, chunks in groups:
        for offset in islice(rest, chunks):
            yield offset, offset + (count * one_size if one_size else sum(islice(at, count)))


def _is_in_packets(table: Atom) -> bool:
    found = next(table.findall(b"stsd"), None)
    # Of the first description: its name, and behind eight other bytes its version.
    content = found.read(found.stream, 26)[1] if found else b""
    return content[12:16] in _PACKETS and content[24:26] == b"\0\0"


def _groups(entries: tuple[int, ...], chunks: int) -> Iterator[tuple[int, int]]:
    """Yield how many samples a chunk has, and in how many chunks it is so."""
    firsts = [*entries[::3], chunks + 1]
    for first, following, count in zip(firsts, firsts[1:], entries[1::3], strict=False):
        yield count, max(0, following - first)


def _numbers(table: Atom, name: bytes, kind: str) -> tuple[int, ...]:
    found = next(table.findall(name), None)
    return _unpacked(_content(found), kind) if found else ()


def _content(table: Atom) -> bytes:
    """Return a table. Raises `_UntoldError`."""
    if table.datalength > _LARGEST_TABLE:
        raise _UntoldError
    return table.read(table.stream)[1]


def _unpacked(content: bytes, kind: str) -> tuple[int, ...]:
    count = len(content) // struct.calcsize(f">{kind}")
    return struct.unpack_from(f">{count}{kind}", content)


# ---------------------------------------------------------------------------------- fragments


def _in_fragments(atoms: Atom, track: Atom) -> Iterator[Range]:
    """Yield where the runs of samples are that fragments tell of. Raises `_UntoldError`."""
    for fragment in _fragments(atoms, track):
        at = fragment.base
        for run in fragment.runs:
            if not run.is_whole:
                raise _UntoldError
            at = at if run.offset is None else fragment.base + run.offset
            yield at, at + run.size
            at += run.size


def _fragments(atoms: Atom, track: Atom) -> Iterator[_Fragment]:
    number = _number(track, (b"tkhd",), 12, 20)
    usual = {_DURATION: 0, _SIZE: 0}
    for extends in atoms.below(b"moov", b"mvex", b"trex"):
        _, content = extends.read(extends.stream, 24)
        if int.from_bytes(content[4:8]) == number:
            usual = {
                _DURATION: int.from_bytes(content[12:16]),
                _SIZE: int.from_bytes(content[16:20]),
            }
    for movie in atoms.findall(b"moof"):
        for part in movie.findall(b"traf"):
            said = _said(part, number)
            if said is not None:
                said = {_BASE: movie.offset, **usual, **said}
                runs = tuple(_run(run, said) for run in part.findall(b"trun"))
                yield _Fragment(said[_BASE], runs)


def _said(fragment: Atom, track: int) -> dict[int, int] | None:
    """Return what the head of a fragment says, by its flags; None if it is of another track."""
    head = next(fragment.findall(b"tfhd"), None)
    if head is None:
        return None
    _, content = head.read(head.stream, 32)
    if int.from_bytes(content[4:8]) != track:
        return None
    flags, at = int.from_bytes(content[1:4]), 8
    said: dict[int, int] = {}
    for flag, width in _HEAD_FIELDS:
        if flags & flag:
            said[flag] = int.from_bytes(content[at : at + width])
            at += width
    return said


def _run(run: Atom, said: dict[int, int]) -> _Run:
    _, content = run.read(run.stream, _LARGEST_TABLE)
    flags, count = int.from_bytes(content[1:4]), int.from_bytes(content[4:8])
    at, offset = 8, None
    if flags & _RUN_OFFSET:
        at, offset = 12, int.from_bytes(content[8:12], signed=True)
    at += 4 if flags & _FIRST_FLAGS else 0
    fields = [field for field in _SAMPLE_FIELDS if flags & field]
    values = _unpacked(content[at : at + 4 * count * len(fields)], "I")
    is_whole = len(values) == count * len(fields)
    values = values[: len(values) // max(1, len(fields)) * len(fields)]

    def total(field: int, usual: int) -> int:
        if field not in fields:
            return count * usual
        return sum(values[fields.index(field) :: len(fields)])

    ticks, size = total(_DURATIONS, said[_DURATION]), total(_SIZES, said[_SIZE])
    return _Run(ticks, size, is_whole, offset)
