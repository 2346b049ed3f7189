"""Technical data of a file: what its parser found out about the sound, as far as it can be true."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

from mutagen.mp3 import BitrateMode

from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import AudioFile
from service.ingest.ac3 import AC3
from service.ingest.amr import AMR
from service.ingest.asf import ASF
from service.ingest.au import AU
from service.ingest.caf import CAF
from service.ingest.chunks import UNCOMPRESSED, Chunks
from service.ingest.formats import Format, Parser
from service.ingest.matroska import Matroska
from service.ingest.mpeg4 import MP4
from service.ingest.mpeg_audio import MP3
from service.ingest.musepack import Musepack

_LONGEST_SECONDS: Final = 24 * 24 * 3600
_INT32_MAX: Final = 2**31 - 1
_INT16_MAX: Final = 2**15 - 1
#: Opus has no rate of its own: it is played at this one.
_OPUS_RATE_HZ: Final = 48_000
#: Less than this is not worth a word, when it is missing at the end.
_SLACK_SECONDS: Final = 0.5
_LOSSLESS_CODECS: Final = frozenset(
    {"alac", "als", "dst", "flac", "tta", "wavpack", "wma_lossless", *UNCOMPRESSED}
)
_MP4_CODECS: Final = {"ac-3": "ac3", "ec-3": "eac3", "samr": "amr_nb", "sawb": "amr_wb"}
#: Objects in MPEG-4 that are other codecs than AAC.
_MP4_OBJECTS: Final = {
    "mp4a.6b": "mp3", "mp4a.69": "mp3", "mp4a.a5": "ac3", "mp4a.a6": "eac3", "mp4a.40.32": "mp1",
    "mp4a.40.33": "mp2", "mp4a.40.34": "mp3", "mp4a.40.36": "als",
}  # fmt: skip
#: Kinds of which the parser tells the codec in our words.
_THAT_TELL: Final = frozenset({AMR, AU, CAF, Matroska})
_MODES: Final = {BitrateMode.CBR: "CBR", BitrateMode.VBR: "VBR", BitrateMode.ABR: "ABR"}
#: Silence is said to need so many decibels more.
_SILENT: Final = 51.0
#: Formats whose encoders may have measured the volume.
_MEASURED: Final = frozenset({MP3, Musepack})
#: What heads of MPEG audio (LAME) and of Musepack say of the volume, in the words of mutagen.
_VOLUMES: Final = {
    "replaygain_track_gain": ("track_gain", "title_gain"),
    "replaygain_track_peak": ("track_peak", "title_peak"),
    "replaygain_album_gain": ("album_gain",),
    "replaygain_album_peak": ("album_peak",),
}


@dataclass(slots=True)
class Sound:
    """What is known about the sound of a file; 0 and "" are not known."""

    seconds: float = 0.0
    #: How long it can be at most, by the bytes that are there. 0 where that does not follow.
    present_seconds: float = 0.0
    rate: int = 0
    channels: int = 0
    bits: int = 0
    bitrate: int = 0
    codec: str = ""
    bitrate_mode: str = ""
    encoder: str = ""
    encoder_settings: str = ""
    #: The rate of what was encoded, where that differs from the rate at which it is played.
    original_rate: int = 0
    #: Volumes that the encoder has measured, by the attributes that they become.
    volumes: dict[str, float] = field(default_factory=dict)


def sound_of(info: Any, chunks: Chunks | None, size: int, parser: Parser) -> Sound:
    """Return what a parser found out, or the chunks where it found nothing. `size` is in bytes."""
    parsed = info is not None
    info = info if parsed else chunks
    found = Sound(
        seconds=float(getattr(info, "length", 0) or 0),
        rate=_positive(info, "sample_rate", _INT32_MAX),
        channels=_positive(info, "channels", _INT16_MAX),
        bits=_positive(info, "bits_per_sample", _INT16_MAX),
        bitrate=_positive(info, "bitrate", _INT32_MAX),
        codec=_codec(parser, info) if parsed else "",
    )
    if chunks and chunks.codec:
        _add_chunks(chunks, found)
    if not found.present_seconds and found.codec in UNCOMPRESSED:
        bits_a_second = found.rate * found.channels * found.bits
        found.present_seconds = size * 8 / bits_a_second if bits_a_second else 0.0
    if parsed and parser is MP3:
        found.bitrate_mode = _MODES.get(info.bitrate_mode, "")
        found.encoder, found.encoder_settings = info.encoder_info, info.encoder_settings
    if parsed and parser in _MEASURED:
        _add_volumes(info, found)
    return found


def _add_volumes(info: Any, found: Sound) -> None:
    """Add what an encoder has measured."""
    for key, names in _VOLUMES.items():
        values = (getattr(info, name, None) for name in names)
        value = next(filter(None, values), None)
        if value and abs(value) < _SILENT:
            found.volumes[key] = round(float(value), 6)


def _add_chunks(chunks: Chunks, found: Sound) -> None:
    """Add what mutagen does not read, or reads as if all sound were the plain one."""
    found.codec = chunks.codec
    if chunks.length:
        found.seconds, found.bitrate = chunks.length, _positive(chunks, "bitrate", _INT32_MAX)
        found.present_seconds = chunks.length * chunks.sound_present / chunks.sound_bytes
    elif chunks.codec not in UNCOMPRESSED:
        found.bitrate = 0


def _codec(kind: Parser, info: Any) -> str:
    """Return the codec, where the container allows several."""
    if kind is MP4:
        codec: str = info.codec.lower()
        named = _MP4_OBJECTS.get(codec) or _MP4_CODECS.get(codec)
        return named or ("aac" if codec.startswith("mp4a") else codec)
    if kind is MP3:
        return f"mp{info.layer}"
    if kind is AC3:
        return "eac3" if info.codec == "ec-3" else "ac3"
    if kind is ASF:
        return info.codec or _asf_codec(info.codec_name.lower())
    return str(info.codec) if kind in _THAT_TELL else ""


def _asf_codec(name: str) -> str:
    for word, codec in (("lossless", "wma_lossless"), ("voice", "wma_voice"), ("pro", "wma_pro")):
        if word in name:
            return codec
    return "wma"


def _positive(info: object, name: str, most: int) -> int:
    """Return a number that the parser found, or 0 when it found none that can be true."""
    value = getattr(info, name, 0) or 0
    # What is not finite is not between these either.
    return int(value) if 0 < value <= most else 0


def describe(known: Format, sound: Sound, track: Track, file: AudioFile) -> list[str]:
    """Write what is known about the sound; return notes about what cannot be true.

    What the file has no field for becomes an attribute of the track.
    """
    file.format = known.container
    file.mime_type = known.mime_type
    file.codec = sound.codec or known.codec
    file.sample_rate_hz = _OPUS_RATE_HZ if file.codec == "opus" else sound.rate
    file.channels = sound.channels
    if file.codec in _LOSSLESS_CODECS or (known.lossless and file.codec == known.codec):
        file.bit_depth = sound.bits
    seconds, notes = _length(sound, file.size_bytes, timed=known.timed)
    if seconds:
        # The method of the message that does this takes several times as long.
        whole, milliseconds = divmod(round(seconds * 1000), 1000)
        file.duration.seconds, file.duration.nanos = whole, milliseconds * 1_000_000
    file.bitrate_bps = sound.bitrate or (round(file.size_bytes * 8 / seconds) if seconds else 0)
    _add_facts(sound, track, file)
    return notes


def _length(sound: Sound, size: int, *, timed: bool) -> tuple[float, list[str]]:
    """Return the length in seconds, 0 when it is not known, and a note when it cannot be true.

    Even silence takes more than a byte a second. But where the length is stated as a time it is
    that of the recording, even when most of the file is missing.
    """
    seconds, present = sound.seconds, sound.present_seconds
    if present and seconds > present:
        if seconds <= present + _SLACK_SECONDS:
            return present, []
        note = f"the length {seconds:g} s is left out: there are {present:.3f} s in the file"
        return present, [note]
    possible = math.isfinite(seconds) and 0 <= seconds <= _LONGEST_SECONDS
    if not possible or (seconds > size and not timed):
        return 0.0, [f"the length {seconds:g} s is left out: not possible"]
    return seconds, []


def _add_facts(sound: Sound, track: Track, file: AudioFile) -> None:
    stated = {fact.key for fact in track.attributes}
    mode = sound.bitrate_mode or ("CBR" if file.codec in UNCOMPRESSED else "")
    for key, text in (
        ("bitrate_mode", mode),
        ("encoder", sound.encoder),
        ("encoder_settings", sound.encoder_settings),
    ):
        if text and key not in stated:
            track.attributes.add(key=key, text=text, source="file")
    for key, number in sound.volumes.items():
        if key not in stated:
            track.attributes.add(key=key, number=number, source="file")
    if 0 < sound.original_rate <= _INT32_MAX:
        track.attributes.add(
            key="original_sample_rate_hz", integer=sound.original_rate, source="file"
        )
