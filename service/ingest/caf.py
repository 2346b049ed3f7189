"""CAF: how its chunks describe the sound, and what its information says."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, NamedTuple

from service.ingest.mapping import Family
from service.ingest.problems import SourceError
from service.ingest.raw import Harvest, TagText, genre_names
from service.ingest.stream_info import StreamInfo

MAGIC: Final = b"caff"
_HEAD: Final = 8
_CHUNK_HEAD: Final = struct.Struct(">4sq")
#: Rate, codec, flags, and then bytes, samples, channels and bits: of a packet, or of a sample.
_DESCRIPTION: Final = struct.Struct(">d4sIIIII")
#: How many packets there are, and how many samples are to be heard.
_PACKETS: Final = struct.Struct(">qq")
_EDIT_COUNT: Final = 4
"""Bytes before the sound in its chunk."""

_MOST_CHUNKS: Final = 10_000
_LONGEST_TEXT: Final = 1 << 20
_FLOAT: Final = 1
_CODECS: Final = {
    b"lpcm": "pcm", b"aac ": "aac", b"aach": "aac", b"aacp": "aac", b"alac": "alac",
    b"ima4": "adpcm", b"ulaw": "ulaw", b"alaw": "alaw", b".mp1": "mp1", b".mp2": "mp2",
    b".mp3": "mp3", b"flac": "flac", b"opus": "opus", b"ac-3": "ac3", b"ec-3": "eac3",
    b"samr": "amr_nb", b"sawb": "amr_wb",
}  # fmt: skip
#: Codecs of which the flags tell how many bits went in.
_PACKED: Final = frozenset({b"alac", b"flac"})
_PACKED_BITS: Final = {1: 16, 2: 20, 3: 24, 4: 32}
#: What the information is called where it has a name of its own.
_NAMES: Final = {
    "TRACK NUMBER": "TRACKNUMBER", "RECORDED DATE": "DATE", "COMMENTS": "COMMENT",
    "KEY SIGNATURE": "KEY", "SOURCE ENCODER": "ENCODING", "ENCODING APPLICATION": "ENCODEDBY",
}  # fmt: skip


class Chunk(NamedTuple):
    """A part of the file: its name, and where its content is."""

    name: bytes
    start: int
    end: int


@dataclass(slots=True)
class CAF:
    """One file."""

    stream: BinaryIO
    info: StreamInfo = field(default_factory=StreamInfo)
    tags: Harvest = field(default_factory=lambda: Harvest(Family.VORBIS))

    def __post_init__(self) -> None:
        """Raises `SourceError` without a description of the sound."""
        content: dict[bytes, bytes] = {}
        sound_bytes = 0
        for chunk in caf_chunks(self.stream, 0, self.stream.seek(0, 2)):
            if chunk.name == b"data":
                sound_bytes = max(0, chunk.end - chunk.start - _EDIT_COUNT)
            elif chunk.name in (b"desc", b"pakt", b"info"):
                self.stream.seek(chunk.start)
                size = min(_LONGEST_TEXT, chunk.end - chunk.start)
                content.setdefault(chunk.name, self.stream.read(size))
        description = content.get(b"desc", b"")
        if len(description) < _DESCRIPTION.size:
            raise SourceError("does not describe its sound")
        self._describe(description, content.get(b"pakt", b""), sound_bytes)
        self.tags.texts.extend(_texts(content.get(b"info", b"")))

    def _describe(self, description: bytes, packets: bytes, sound_bytes: int) -> None:
        told = _DESCRIPTION.unpack_from(description)
        rate, codec, flags, packet_bytes, packet_samples, channels, bits = told
        info = self.info
        info.channels, info.bits_per_sample = channels, bits
        info.codec = _CODECS.get(codec) or _unknown(codec)
        if info.codec == "pcm" and flags & _FLOAT:
            info.codec = "pcm_float"
        if codec in _PACKED:
            info.bits_per_sample = _PACKED_BITS.get(flags, 0)
        count, samples = 0, 0
        if len(packets) >= _PACKETS.size:
            count, samples = _PACKETS.unpack_from(packets)
        if count <= 0 and packet_bytes:
            samples = sound_bytes // packet_bytes * packet_samples
        # A rate that is no number is not larger than any.
        if rate >= 1 and rate < 1 << 31 and samples > 0:
            info.length = samples / rate
            info.bitrate = round(sound_bytes * 8 / info.length)
        info.sample_rate = int(rate) if 1 <= rate < 1 << 31 else 0


def caf_chunks(stream: BinaryIO, start: int, end: int) -> Iterator[Chunk]:
    """Yield the chunks of the file that begins at `start`, none of which ends behind `end`."""
    at = start + _HEAD
    for _ in range(_MOST_CHUNKS):
        stream.seek(at)
        head = stream.read(_CHUNK_HEAD.size)
        if len(head) < _CHUNK_HEAD.size:
            return
        name, size = _CHUNK_HEAD.unpack(head)
        at += _CHUNK_HEAD.size
        # Sound that was streamed goes on to the end.
        stop = min(at + size, end) if size >= 0 else end
        yield Chunk(name, at, stop)
        at = stop


def _unknown(codec: bytes) -> str:
    """Return what a codec calls itself, or nothing when that is no name."""
    name = codec.decode("latin-1")
    return name.strip().lower() if name.isascii() and name.isprintable() else ""


def sound_in(chunk: Chunk) -> tuple[int, int]:
    """Return where the sound is in its chunk."""
    return min(chunk.start + _EDIT_COUNT, chunk.end), chunk.end


def _texts(content: bytes) -> Iterator[TagText]:
    """Yield the information: names and values that end with a zero, in turns."""
    parts = content[4:].split(b"\0")
    for key, text in zip(parts[::2], parts[1::2], strict=False):
        name, value = key.decode("utf-8", "replace").upper(), text.decode("utf-8", "replace")
        for one in genre_names(value) if name == "GENRE" else [value]:
            if name and one.strip():
                yield TagText(_NAMES.get(name, name), one)
