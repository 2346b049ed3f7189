"""ASF: the sound of a file in which there may be other streams as well.

mutagen takes the last stream for the sound, be it the film or the commands that go with it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from mutagen import asf

from service.ingest.chunks import WAVE_CODECS

_HEADER_HEAD: Final = 30
_OBJECT_HEAD: Final = 24
_NAME: Final = 16
_MOST_OBJECTS: Final = 10_000
_MOST_BYTES: Final = 128
#: No header is larger, whatever it says.
_LARGEST: Final = 1 << 32
_FILE: Final = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")
_STREAM: Final = bytes.fromhex("9107DCB7B7A9CF118EE600C00C205365")
_AUDIO: Final = bytes.fromhex("409E69F84D5BCF11A8FD00805F5C442B")
#: The length, in ten millionths of a second, and how much of it passes before the first sound, in
#: thousandths.
_TIMES: Final = struct.Struct("<40xQ8xQ")
#: The description of a stream of sound ends like that of WAV.
_WAVE: Final = struct.Struct("<54xHHII2xH")
_BROADCAST_FLAG: Final = 0x01
_FLAGS_AT: Final = 64


@dataclass(slots=True)
class AsfInfo:
    """The stream that sounds best, in the words of mutagen."""

    length: float = 0.0
    channels: int = 0
    sample_rate: int = 0
    bitrate: int = 0
    bits_per_sample: int = 0
    #: Empty when the number of the codec is not a known one.
    codec: str = ""
    codec_name: str = ""


class ASF(asf.ASF):
    """A file; its tags are read by mutagen."""

    def load(self, *args: Any, **kwargs: Any) -> None:
        """Read a file. Raises `mutagen.MutagenError`."""
        super().load(*args, **kwargs)
        self.info: Any = replace(asf_info(args[0]), codec_name=self.info.codec_name)


def asf_info(stream: BinaryIO) -> AsfInfo:
    """Return what a file says of its sound; nothing but zeros when it has none."""
    found = AsfInfo()
    for name, content in _objects(stream):
        if name == _FILE and len(content) >= _TIMES.size:
            length, before = _TIMES.unpack_from(content)
            # What is sent while it is made has no length yet.
            live = content[_FLAGS_AT : _FLAGS_AT + 1] or b"\0"
            if not live[0] & _BROADCAST_FLAG:
                found.length = max(length / 1e7 - before / 1e3, 0.0)
        elif name == _STREAM and content.startswith(_AUDIO) and len(content) >= _WAVE.size:
            number, channels, rate, bytes_a_second, bits = _WAVE.unpack_from(content)
            if bytes_a_second * 8 > found.bitrate:
                found.channels, found.sample_rate, found.bits_per_sample = channels, rate, bits
                found.bitrate = bytes_a_second * 8
                found.codec = WAVE_CODECS.get(number, "")
    return found


def _objects(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield the names of the objects of the header, and how each begins."""
    stream.seek(0)
    head = stream.read(_HEADER_HEAD)
    at, end = _HEADER_HEAD, int.from_bytes(head[_NAME:_OBJECT_HEAD], "little")
    for _ in range(_MOST_OBJECTS):
        if at + _OBJECT_HEAD > min(end, _LARGEST):
            return
        stream.seek(at)
        head = stream.read(_OBJECT_HEAD)
        size = int.from_bytes(head[_NAME:], "little")
        if len(head) < _OBJECT_HEAD or size < _OBJECT_HEAD:
            return
        yield head[:_NAME], stream.read(min(_MOST_BYTES, size - _OBJECT_HEAD))
        at += size
