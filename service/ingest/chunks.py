"""Text in the chunks of WAV, AIFF and DSDIFF files, which mutagen leaves where it is.

All three are chunks of a name, a size and bytes. Sizes are not believed: a walk ends where the file
ends, and it never goes back, so that no file can make it long.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Literal, NamedTuple

from service.ingest.mapping import Family
from service.ingest.problems import SourceError
from service.ingest.raw import Harvest, TagText, genre_names

_MOST_CHUNKS: Final = 10_000
_LONGEST_TEXT: Final = 1 << 20
_AIFF_TEXTS: Final = frozenset({b"NAME", b"AUTH", b"(c) ", b"ANNO"})
_DSDIFF_TEXTS: Final = {b"DITI": "NAME", b"DIAR": "AUTH"}
#: Fields of the Broadcast Wave chunk: name, where it starts, how long it is.
_BROADCAST: Final = (
    ("BEXT:DESCRIPTION", 0, 256),
    ("BEXT:ORIGINATOR", 256, 32),
    ("BEXT:ORIGINATOR_REFERENCE", 288, 32),
    ("BEXT:ORIGINATION_DATE", 320, 10),
    ("BEXT:ORIGINATION_TIME", 330, 8),
)
WAVE_CODECS: Final = {
    0x01: "pcm", 0x02: "adpcm", 0x03: "pcm_float", 0x06: "alaw", 0x07: "ulaw",
    0x0A: "wma_voice", 0x11: "adpcm", 0x31: "gsm", 0x42: "g723_1", 0x50: "mp2", 0x55: "mp3",
    0xFF: "aac", 0x160: "wma", 0x161: "wma", 0x162: "wma_pro", 0x163: "wma_lossless",
    0x2000: "ac3",
}  # fmt: skip
"""The codecs of sound by the numbers that WAV gives them, which ASF uses as well."""
_EXTENSIBLE: Final = 0xFFFE
_AIFF_CODECS: Final = {
    b"fl32": "pcm_float", b"FL32": "pcm_float", b"fl64": "pcm_float", b"FL64": "pcm_float",
    b"ulaw": "ulaw", b"ULAW": "ulaw", b"alaw": "alaw", b"ALAW": "alaw", b"ima4": "adpcm",
}  # fmt: skip
#: Channels, frames, bits, and the rate in two parts.
_AIFF_COMMON: Final = struct.Struct(">hLhHQ")
_FRACTION_BITS: Final = 64
#: The exponent of a number whose last bit counts one.
_EXPONENT_OF_WHOLE: Final = 16_383 + _FRACTION_BITS - 1

WAVPACK: Final = b"wvpk"
TOO_OLD_WAVPACK: Final = "WavPack before version 4 is not read"
"""Old WavPack files begin as WAV, and only their sound tells what they are."""

UNCOMPRESSED: Final = frozenset({"pcm", "pcm_float", "dsd"})
"""Codecs of which a second takes as much room as rate, channels and bits say."""

#: Zeros that may stand between two chunks.
_MOST_ZEROS: Final = 3
#: Where DSF says where its tag is.
_DSF_POINTER: Final = 20
#: A size in RF64 that stands in another chunk.
_ELSEWHERE: Final = 0xFFFFFFFF


class AIFFSound(NamedTuple):
    """What AIFF says of the sound."""

    channels: int
    frames: int
    bits_per_sample: int
    sample_rate: int

    @property
    def length(self) -> float:
        """The length in seconds."""
        return self.frames / self.sample_rate

    @property
    def bitrate(self) -> int:
        """Bits a second."""
        return self.channels * self.bits_per_sample * self.sample_rate


class TextPlace(NamedTuple):
    """Where a text is in a file, with all the room that it has."""

    name: str
    start: int
    length: int


@dataclass(slots=True)
class Chunks:
    """What the chunks of a file say."""

    tags: Harvest
    #: Empty when no chunk tells.
    codec: str = ""
    #: Sound as WAV describes it: rate, channels, bits, bytes a second, and bytes of sound.
    sample_rate: int = 0
    channels: int = 0
    bits_per_sample: int = 0
    byte_rate: int = 0
    sound_bytes: int = 0
    #: How many of these bytes are in the file.
    sound_present: int = 0
    #: How many samples there are of each channel, as compressed sound tells; 0 when it does not.
    frames: int = 0
    #: Sound as AIFF describes it; what mutagen's classes for sound have.
    common: AIFFSound | None = None
    #: Where an ID3 tag begins, or 0.
    id3_at: int = 0
    #: Where the texts are.
    places: list[TextPlace] = field(default_factory=list)
    #: Sizes of chunks that stand in another chunk, as RF64 has them.
    sizes: dict[bytes, int] = field(default_factory=dict)

    @property
    def describes_sound(self) -> bool:
        """Whether there is all that it takes to play the sound."""
        is_wave = self.sample_rate and self.channels and self.byte_rate and self.sound_bytes
        return bool(is_wave or self.common)

    @property
    def length(self) -> float:
        """The length of the sound in seconds."""
        if not self.sound_bytes:
            return 0.0
        if self.frames and self.sample_rate and self.codec not in UNCOMPRESSED:
            return self.frames / self.sample_rate
        return self.sound_bytes / self.byte_rate if self.byte_rate else 0.0

    @property
    def bitrate(self) -> int:
        """Bits a second."""
        if not self.byte_rate and self.length:
            return round(self.sound_bytes * 8 / self.length)
        return self.byte_rate * 8


class _Chunk(NamedTuple):
    name: bytes
    start: int
    size: int


def riff_chunks(stream: BinaryIO, end: int) -> Chunks:
    """Return what the chunks of a WAV file say; RF64 and BW64 are WAV files for large sizes.

    Raises `SourceError` when it is no WAV file after all.
    """
    found = Chunks(Harvest(Family.RIFF))
    for chunk in _walk(stream, 12, end, "little", found):
        if chunk.name in (b"fmt ", b"fact", b"data", b"ds64"):
            _wave_sound(stream, chunk, end, found)
        elif chunk.name.lower() == b"id3 " and chunk.size:
            found.id3_at = found.id3_at or chunk.start
        elif chunk.name == b"bext":
            for name, start, length in _BROADCAST:
                room = max(0, min(length, chunk.size - start))
                _add(stream, found, name, _Chunk(chunk.name, chunk.start + start, room))
        elif chunk.name == b"LIST" and _bytes(stream, chunk, 4) == b"INFO":
            inner = min(end, chunk.start + chunk.size)
            for text in _walk(stream, chunk.start + 4, inner, "little", found):
                name = text.name.decode("latin-1").rstrip().upper()
                _add(stream, found, name, _within(text, inner))
    return found


def _wave_sound(stream: BinaryIO, chunk: _Chunk, end: int, found: Chunks) -> None:
    """Take what a chunk says of the sound."""
    if chunk.name == b"fmt ":
        _wave_format(_bytes(stream, chunk, 40), found)
    elif chunk.name == b"fact":
        found.frames = int.from_bytes(_bytes(stream, chunk, 4), "little")
    elif chunk.name == b"ds64":
        found.sizes[b"data"] = int.from_bytes(_bytes(stream, chunk, 16)[8:16], "little")
    elif not found.sound_bytes:
        if _bytes(stream, chunk, len(WAVPACK)) == WAVPACK:
            raise SourceError(TOO_OLD_WAVPACK)
        # What is written while it is heard does not know how long it will be.
        streamed = not chunk.size and not _is_named(_bytes(stream, chunk._replace(size=4), 4))
        found.sound_bytes = end - chunk.start if streamed else chunk.size
        found.sound_present = min(found.sound_bytes, end - chunk.start)


def aiff_chunks(stream: BinaryIO, end: int) -> Chunks:
    """Return what the text chunks of an AIFF file say."""
    found = Chunks(Harvest(Family.AIFF), codec="pcm")
    for chunk in _walk(stream, 12, end, "big", found):
        if chunk.name in _AIFF_TEXTS:
            _add(stream, found, chunk.name.decode("ascii").upper(), chunk)
        elif chunk.name == b"COMT":
            for comment in _aiff_comments(stream, chunk):
                _add(stream, found, "COMT", comment)
        elif chunk.name == b"ID3 " and chunk.size:
            found.id3_at = found.id3_at or chunk.start
        elif chunk.name == b"COMM":
            content = _bytes(stream, chunk, 22)
            found.codec = _AIFF_CODECS.get(content[18:22], "pcm")
            found.common = found.common or _aiff_sound(content)
    return found


def _aiff_sound(content: bytes) -> AIFFSound | None:
    """Return what a chunk says of the sound, None when that cannot be."""
    if len(content) < _AIFF_COMMON.size:
        return None
    channels, frames, bits, exponent, fraction = _AIFF_COMMON.unpack_from(content)
    # The rate is a float of 80 bits: a sign, 15 bits of exponent, and all digits.
    shift = _EXPONENT_OF_WHOLE - exponent
    rate = fraction >> shift if 0 <= shift < _FRACTION_BITS else 0
    return AIFFSound(channels, frames, bits, rate) if rate else None


def dsdiff_chunks(stream: BinaryIO, end: int) -> Chunks:
    """Return title and artist of a DSDIFF file, and whether its sound is packed."""
    found = Chunks(Harvest(Family.AIFF), codec="dsd")
    for chunk in _walk(stream, 16, end, "big", found, width=8):
        if chunk.name == b"DST ":
            found.codec = "dst"
        elif chunk.name == b"ID3 " and chunk.size:
            found.id3_at = found.id3_at or chunk.start
        if chunk.name != b"DIIN":
            continue
        inner = min(end, chunk.start + chunk.size)
        for text in _walk(stream, chunk.start, inner, "big", found, width=8):
            if text.name in _DSDIFF_TEXTS:
                # The length comes before the text once more.
                content = _Chunk(text.name, text.start + 4, max(0, text.size - 4))
                _add(stream, found, _DSDIFF_TEXTS[text.name], _within(content, inner))
    return found


def dsf_chunks(stream: BinaryIO, end: int) -> Chunks:
    """Return where the tag of a DSF file is, which is the last thing in it."""
    stream.seek(_DSF_POINTER)
    at = int.from_bytes(stream.read(8), "little")
    return Chunks(Harvest(Family.ID3), codec="dsd", id3_at=at if at < end else 0)


def _walk(
    stream: BinaryIO, start: int, end: int, order: Literal["little", "big"], found: Chunks,
    *, width: int = 4,
) -> Iterator[_Chunk]:  # fmt: skip
    for _ in range(_MOST_CHUNKS):
        if start + 4 + width > end:
            return
        stream.seek(start)
        header = stream.read(4 + width)
        if len(header) < 4 + width:
            return
        size = int.from_bytes(header[4:], order)
        name = header[:4]
        if size == _ELSEWHERE:
            size = found.sizes.get(name, size)
        yield _Chunk(name, start + len(header), size)
        start += len(header) + size
        start += _gap(stream, start, size % 2, end, order)


def _gap(stream: BinaryIO, at: int, usual: int, end: int, order: Literal["little", "big"]) -> int:
    """Return how many bytes there are before the next chunk.

    A chunk of an odd size is followed by a zero, and some programs leave it out, or write more.
    """
    if at >= end:
        return usual
    stream.seek(at)
    head = stream.read(8)
    zeros = len(head) - len(head.lstrip(b"\0"))
    if not usual and not zeros:
        return 0
    if zeros:
        return zeros if zeros <= _MOST_ZEROS else usual
    fits = at + 8 + int.from_bytes(head[4:], order) <= end
    return 0 if len(head) == 8 and _is_named(head[:4]) and fits else usual


def _is_named(name: bytes) -> bool:
    """Whether bytes can be the name of a chunk; at the end of the file there are none."""
    return name.isascii() and name.decode().isprintable()


def _within(chunk: _Chunk, end: int) -> _Chunk:
    """Return what there is of a chunk before `end`, whatever it claims."""
    return chunk._replace(size=max(0, min(chunk.size, end - chunk.start)))


def _bytes(stream: BinaryIO, chunk: _Chunk, most: int) -> bytes:
    stream.seek(chunk.start)
    return stream.read(min(chunk.size, most))


def _add(stream: BinaryIO, found: Chunks, name: str, chunk: _Chunk) -> None:
    """Add a text. No encoding is declared: it is UTF-8 where it can be that."""
    whole = _bytes(stream, chunk, _LONGEST_TEXT)
    content = whole.partition(b"\0")[0]
    try:
        value, bytewise = content.decode("utf-8"), False
    except UnicodeDecodeError:
        value, bytewise = content.decode("latin-1"), True
    values = genre_names(value) if name == "IGNR" else [value]
    texts = [TagText(name, text, bytewise) for text in values if text.strip()]
    if texts:
        found.tags.texts += texts
        found.places.append(TextPlace(name, chunk.start, len(whole)))


def _aiff_comments(stream: BinaryIO, chunk: _Chunk) -> Iterator[_Chunk]:
    """Yield the texts of a comment chunk: each has a time, a marker and a length before it."""
    content = _bytes(stream, chunk, _LONGEST_TEXT)
    position = 2
    for _ in range(int.from_bytes(content[:2], "big")):
        if position + 8 > len(content):
            return
        length = int.from_bytes(content[position + 6 : position + 8], "big")
        text = _Chunk(chunk.name, chunk.start + position + 8, length)
        yield _within(text, chunk.start + len(content))
        position += 8 + length + length % 2


def _wave_format(content: bytes, found: Chunks) -> None:
    numbers = [int.from_bytes(content[at : at + 2], "little") for at in (0, 2, 12, 14, 24)]
    kind, found.channels, frame_bytes, found.bits_per_sample, subformat = numbers
    found.sample_rate = int.from_bytes(content[4:8], "little")
    found.byte_rate = int.from_bytes(content[8:12], "little")
    found.codec = WAVE_CODECS.get(subformat if kind == _EXTENSIBLE else kind, "pcm")
    if found.codec in UNCOMPRESSED and frame_bytes:
        # The more reliable of two ways to say the same.
        found.byte_rate = found.sample_rate * frame_bytes
