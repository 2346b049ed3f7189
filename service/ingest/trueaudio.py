"""TrueAudio: channels and bits, which mutagen leaves in the head of the sound."""

from __future__ import annotations

from typing import BinaryIO, Final

from mutagen import trueaudio

from service.ingest.id3 import ID3

#: Where the head of the sound has them: two bytes each.
_CHANNELS: Final = 6
_BITS: Final = 8


class TrueAudioInfo(trueaudio.TrueAudioInfo):
    """What the head says."""

    def __init__(self, fileobj: BinaryIO, offset: int) -> None:
        """Raises `TrueAudioHeaderError`."""
        super().__init__(fileobj, offset)
        fileobj.seek((offset or 0) + _CHANNELS)
        self.channels = int.from_bytes(fileobj.read(2), "little")
        self.bits_per_sample = int.from_bytes(fileobj.read(2), "little")


class TrueAudio(trueaudio.TrueAudio):
    """A file."""

    ID3 = ID3
    _Info = TrueAudioInfo
