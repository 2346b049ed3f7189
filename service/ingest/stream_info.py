"""What a container that mutagen does not read says of its sound, in the words of mutagen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class StreamInfo:
    """Technical data of the sound; 0 or "" for what is not known.

    The length is in seconds, the bit rate in bits a second.
    """

    length: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    bits_per_sample: int = 0
    bitrate: int = 0
    codec: str = ""
