"""Where the audio is in a file: the bytes that retagging leaves alone.

Every container keeps its tags apart from its audio, each in its own way. `find_payload` looks at
heads, tails and sizes only; it reads nothing of the audio itself. Whatever a file says of itself is
doubted: what cannot be is noted, and the audio is then taken to be all that lies between the tags.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from service.ingest import au, caf
from service.ingest.atoms import atoms_of
from service.ingest.matroska_blocks import AudioBlocks
from service.ingest.mpeg4_samples import Range, sample_ranges
from service.ingest.mpeg_frames import index_bytes
from service.ingest.ogg import AudioPackets

#: Parts of a file that are looked at before it is given up: real ones have some dozens.
_MOST_PARTS: Final = 100_000
_MOST_TAGS: Final = 16

_ASF_HEADER: Final = bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C")
_ASF_DATA: Final = bytes.fromhex("3626B2758E66CF11A6D900AA0062CE6C")
#: How far from the start the sound is looked for when sizes do not lead to it.
_LARGEST_HEADER: Final = 4 << 20
#: After the head of the ASF data object: an id of the file, the number of packets, two bytes.
_ASF_DATA_HEAD: Final = 26
_EBML: Final = bytes.fromhex("1A45DFA3")
_STREAMINFO: Final = 34


class Unwrapper(Protocol):
    """Takes bytes piece by piece, and gives those of them that are audio."""

    #: Why these may not be the audio alone; empty when they are.
    problem: str

    def feed(self, piece: memoryview) -> Iterator[memoryview]:
        """Yield what is audio in the next bytes."""
        ...

    def end(self) -> Iterator[memoryview]:
        """Yield what is left after the last ones."""
        ...


@dataclass(frozen=True, slots=True)
class Payload:
    """The audio of a file: a checksum that the file holds itself, or the bytes in some ranges."""

    ranges: tuple[Range, ...] = ()
    #: MD5 of the decoded samples, as FLAC stores it.
    flac_md5: bytes = b""
    #: Makes what takes the audio out of the ranges, where not all of their bytes are audio.
    unwrap: type[Unwrapper] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """A chunk, atom or object of a container: its name and where its content is."""

    name: bytes
    start: int
    end: int


class _BrokenError(Exception):
    """The file is not what its beginning says; the message says where it stops making sense."""


def find_payload(stream: BinaryIO, size: int) -> Payload:
    """Return where the audio of a file of `size` bytes is."""
    start, end = between_tags(stream, size)
    head = _at(stream, start, 64)
    try:
        if (found := _BEGINNING.match(head)) and found.lastindex:
            return _CONTAINERS[found.lastindex - 1][1](stream, start, end)
        if index_bytes(head):
            return _indexed_mpeg(stream, start, end)
    except (_BrokenError, struct.error) as error:  # struct: the file has become shorter meanwhile
        note = f"{error}: the audio is taken to be all between the tags"
        return Payload(((start, end),), notes=(note,))
    return Payload(((start, end),))


# -------------------------------------------------------------------- tags at both ends of a file


def between_tags(stream: BinaryIO, size: int) -> Range:
    """Return what is left of a file without ID3, APEv2 and Lyrics3 at its ends."""
    start, end = 0, size
    for _ in range(_MOST_TAGS):
        length = _leading_tag(_at(stream, start, 32))
        if not length or start + length > end:
            break
        start += length
    for _ in range(_MOST_TAGS):
        tail_start = max(start, end - 512)
        length = _trailing_tag(_at(stream, tail_start, end - tail_start))
        if not length or end - length < start:
            break
        end -= length
    return start, end


def _leading_tag(head: bytes) -> int:
    """Return the length of the tag with which these bytes begin, or 0."""
    if head[:3] == b"ID3" and len(head) >= 10:
        footer = 10 if head[5] & 0x10 else 0
        return 10 + _syncsafe(head[6:10]) + footer
    if head[:8] == b"APETAGEX" and len(head) == 32:
        size, _, flags = struct.unpack_from("<III", head, 12)
        return int(size) + 32 if flags & 0x20000000 else 0
    return 0


def _trailing_tag(tail: bytes) -> int:
    """Return the length of the tag with which these bytes end, or 0."""
    if tail[-32:-24] == b"APETAGEX":
        size, _, flags = struct.unpack_from("<III", tail, len(tail) - 20)
        return int(size) + (32 if flags & 0x80000000 else 0)
    if tail[-9:] == b"LYRICS200" and tail[-15:-9].isdigit():
        return int(tail[-15:-9]) + 15
    if tail[-10:-7] == b"3DI":
        return _syncsafe(tail[-4:]) + 20
    # The middle of "APETAGEX" is no tag.
    if tail[-128:-125] == b"TAG" and tail[-131:-123] != b"APETAGEX":
        return 128 + (227 if tail[-355:-351] == b"TAG+" else 0)
    return 0


def _syncsafe(digits: bytes) -> int:
    """Return a number of which each byte holds seven bits."""
    value = 0
    for digit in digits:
        value = value << 7 | digit & 0x7F
    return value


# ------------------------------------------------------------------------------------ containers


def _indexed_mpeg(stream: BinaryIO, start: int, end: int) -> Payload:
    """Read MPEG audio whose first frame is no sound, but an index."""
    sound = start + index_bytes(_at(stream, start, 64))
    return Payload(((sound if sound < end else start, end),))


def _flac(stream: BinaryIO, start: int, end: int) -> Payload:
    """Read native FLAC: the checksum of its samples, or else its frames."""
    at, md5 = start + 4, b""
    for _ in range(_MOST_PARTS):
        block = _at(stream, at, 4 + _STREAMINFO)
        if len(block) < 4:
            raise _BrokenError("the FLAC metadata have no end")
        if block[0] & 0x7F == 0 and len(block) == 4 + _STREAMINFO:
            md5 = block[-16:]
        at += 4 + int.from_bytes(block[1:4])
        if at > end:
            raise _BrokenError("a FLAC metadata block is longer than the file")
        if block[0] & 0x80:
            return Payload(((at, end),), flac_md5=md5 if any(md5) else b"")
    raise _BrokenError("the FLAC metadata have no end")


def _ogg(stream: BinaryIO, start: int, end: int) -> Payload:
    """Read Ogg; FLAC in it has its checksum, too."""
    body = _at(stream, start + 28, 51)
    md5 = body[35:] if body.startswith(b"\x7fFLAC") and len(body) == 51 else b""
    return Payload(((start, end),), flac_md5=md5 if any(md5) else b"", unwrap=AudioPackets)


def _wave(stream: BinaryIO, start: int, end: int) -> Payload:
    return _parts_named(_riff(stream, start, end, "<"), end, b"data")


def _aiff(stream: BinaryIO, start: int, end: int) -> Payload:
    return _parts_named(_riff(stream, start, end, ">"), end, b"SSND")


def _riff(stream: BinaryIO, start: int, end: int, order: str) -> Iterator[_Part]:
    """Yield the chunks of RIFF, or of IFF when the `order` of bytes is the other one."""
    at, large = start + 12, 0
    while at + 8 <= end:
        name, length = struct.unpack(f"{order}4sI", _at(stream, at, 8))
        if name == b"ds64":  # RF64: sizes that need more than 32 bits stand here
            [large] = struct.unpack("<Q", _at(stream, at + 16, 8).ljust(8, b"\0"))
        if length == 0xFFFFFFFF and large:
            length = large
        yield _Part(name, at + 8, at + 8 + length)
        at += 8 + length + length % 2


def _mp4(stream: BinaryIO, start: int, end: int) -> Payload:
    # With something before it, places in the file may be counted in two ways.
    if not start and (ranges := sample_ranges(atoms_of(stream), end)):
        return Payload(tuple(ranges))
    return _parts_named(_atoms(stream, start, end), end, b"mdat")


def _atoms(stream: BinaryIO, start: int, end: int) -> Iterator[_Part]:
    at = start
    while at + 8 <= end:
        length, name = struct.unpack(">I4s", _at(stream, at, 8))
        head = 8
        if length == 1:
            length, head = int.from_bytes(_at(stream, at + 8, 8)), 16
        elif length == 0:
            length = end - at
        if length < head:
            raise _BrokenError(f"an atom has the impossible size {length}")
        yield _Part(name, at + head, at + length)
        at += length


def _dsf(stream: BinaryIO, start: int, end: int) -> Payload:
    tags = int.from_bytes(_at(stream, start + 20, 8), "little")
    stop = start + tags if 0 < tags < end - start else end
    return _parts_named(_long_chunks(stream, start, stop, "<", 12), stop, b"data")


def _dsdiff(stream: BinaryIO, start: int, end: int) -> Payload:
    return _parts_named(_long_chunks(stream, start + 16, end, ">", 0), end, b"DSD ", b"DST ")


def _long_chunks(
    stream: BinaryIO, start: int, end: int, order: str, counted: int
) -> Iterator[_Part]:
    """Yield chunks with 64-bit sizes, which count that many bytes of their own head."""
    at = start
    while at + 12 <= end:
        name, length = struct.unpack(f"{order}4sQ", _at(stream, at, 12))
        if length < counted:
            raise _BrokenError(f"a chunk has the impossible size {length}")
        stop = at + 12 + length - counted
        yield _Part(name, at + 12, stop)
        at = stop + (length % 2 if not counted else 0)


def _caf(stream: BinaryIO, start: int, end: int) -> Payload:
    parts = caf.caf_chunks(stream, start, end)
    return _parts_named((_Part(part.name, *caf.sound_in(part)) for part in parts), end, b"data")


def _au(stream: BinaryIO, start: int, end: int) -> Payload:
    sound = start + au.sound_start(_at(stream, start, 8))
    if sound >= end:
        raise _BrokenError("the audio is not where it should be")
    return Payload(((sound, end),))


def _asf(stream: BinaryIO, start: int, end: int) -> Payload:
    try:
        return _parts_named(_objects(stream, start, end), end, _ASF_DATA)
    except _BrokenError:
        # Old programs wrote tags and left the size of the header as it was.
        at = _at(stream, start, _LARGEST_HEADER).find(_ASF_DATA)
        if at < 0:
            raise
        return _parts_named(_objects(stream, start + at, end), end, _ASF_DATA)


def _objects(stream: BinaryIO, start: int, end: int) -> Iterator[_Part]:
    at = start
    while at + 24 <= end:
        name, length = struct.unpack("<16sQ", _at(stream, at, 24))
        if length < 24:
            raise _BrokenError(f"an object has the impossible size {length}")
        yield _Part(name, at + 24 + (_ASF_DATA_HEAD if name == _ASF_DATA else 0), at + length)
        at += length


def _matroska(_stream: BinaryIO, start: int, end: int) -> Payload:
    return Payload(((start, end),), unwrap=AudioBlocks)


def _parts_named(parts: Iterator[_Part], end: int, *names: bytes) -> Payload:
    """Return the content, up to `end`, of the parts with these names."""
    ranges: list[Range] = []
    for count, part in enumerate(parts):
        if count >= _MOST_PARTS:
            raise _BrokenError("there are too many parts")
        if part.name in names and part.start < min(part.end, end):
            ranges.append((part.start, min(part.end, end)))
    if not ranges:
        raise _BrokenError("the audio is not where it should be")
    return Payload(tuple(ranges))


def _at(stream: BinaryIO, position: int, length: int) -> bytes:
    """Return up to `length` bytes."""
    stream.seek(position)
    return stream.read(length)


_Reader = Callable[[BinaryIO, int, int], Payload]
#: How each container begins, after an ID3 tag if there is one, and how it is read. All others (AAC,
#: AC-3, AMR, Monkey's Audio, Musepack, WavPack, TrueAudio, TAK, OptimFROG) have tags at their ends.
_CONTAINERS: Final[Sequence[tuple[bytes, _Reader]]] = (
    (b"fLaC", _flac),
    (b"OggS", _ogg),
    (b"(?:RIFF|RF64|BW64).{4}WAVE", _wave),
    (b"FORM.{4}AIF[FC]", _aiff),
    (b".{4}(?:ftyp|moov|mdat|wide|free|skip)", _mp4),
    (b"DSD ", _dsf),
    (b"FRM8", _dsdiff),
    (caf.MAGIC, _caf),
    (re.escape(au.MAGIC), _au),
    (re.escape(_ASF_HEADER), _asf),
    (re.escape(_EBML), _matroska),
)
#: The beginnings as the groups of one expression: it is matched for every file.
_BEGINNING: Final = re.compile(
    b"|".join(b"(%b)" % beginning for beginning, _ in _CONTAINERS), re.DOTALL
)
