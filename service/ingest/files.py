"""One audio file: its tags as text, its technical data, and the track that they make.

Whatever a file makes the parser do is that file's error: `read_track` returns it and never raises.
The result depends on the bytes, the path and the modification time only, so that reading an
unchanged file again gives the same track.
"""

from __future__ import annotations

import math
import os
import signal
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

import mutagen
from mutagen.aac import AAC
from mutagen.ac3 import AC3
from mutagen.aiff import AIFF
from mutagen.apev2 import APETextValue, APEv2
from mutagen.asf import ASF, ASFTags
from mutagen.dsdiff import DSDIFF
from mutagen.dsf import DSF
from mutagen.flac import FLAC
from mutagen.id3 import COMM, ID3, TCON, TXXX, UFID, USLT, PairedTextFrame, TextFrame
from mutagen.monkeysaudio import MonkeysAudio
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4, MP4Tags
from mutagen.musepack import Musepack
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggtheora import OggTheora
from mutagen.oggvorbis import OggVorbis
from mutagen.optimfrog import OptimFROG
from mutagen.smf import SMF
from mutagen.tak import TAK
from mutagen.trueaudio import TrueAudio
from mutagen.wave import WAVE
from mutagen.wavpack import WavPack

from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import AudioFile
from service.ingest.audio_hash import hash_file
from service.ingest.problems import SourceError
from service.ingest.tags import Family, RawTags, map_tags
from service.sources import FILE, MAX_SOURCE_URI, file_source_id

#: How long the parser may take for one file before it is taken to be stuck.
PARSE_SECONDS: Final = 60
_LONGEST_SECONDS: Final = 24 * 24 * 3600
_INT32_MAX: Final = 2**31 - 1
_OPUS_RATE_HZ: Final = 48_000
#: How much of a file tells its kind.
HEADER_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Format:
    """What the catalogue calls a kind of file."""

    container: str
    codec: str
    mime_type: str
    lossless: bool = False


_OGG: Final = "audio/ogg"
_FORMATS: Final[dict[type[mutagen.FileType], Format]] = {
    MP3: Format("mp3", "mp3", "audio/mpeg"),
    FLAC: Format("flac", "flac", "audio/flac", lossless=True),
    MP4: Format("mp4", "aac", "audio/mp4"),
    OggVorbis: Format("ogg", "vorbis", _OGG),
    OggOpus: Format("ogg", "opus", _OGG),
    OggSpeex: Format("ogg", "speex", _OGG),
    OggFLAC: Format("ogg", "flac", _OGG, lossless=True),
    OggTheora: Format("ogg", "theora", "video/ogg"),
    WAVE: Format("wav", "pcm", "audio/wav", lossless=True),
    AIFF: Format("aiff", "pcm", "audio/aiff", lossless=True),
    ASF: Format("asf", "wma", "audio/x-ms-wma"),
    MonkeysAudio: Format("ape", "ape", "audio/x-ape", lossless=True),
    Musepack: Format("mpc", "musepack", "audio/x-musepack"),
    WavPack: Format("wv", "wavpack", "audio/x-wavpack", lossless=True),
    OptimFROG: Format("ofr", "optimfrog", "audio/x-optimfrog", lossless=True),
    TrueAudio: Format("tta", "tta", "audio/x-tta", lossless=True),
    TAK: Format("tak", "tak", "audio/x-tak", lossless=True),
    DSF: Format("dsf", "dsd", "audio/x-dsf", lossless=True),
    DSDIFF: Format("dff", "dsd", "audio/x-dff", lossless=True),
    AAC: Format("aac", "aac", "audio/aac"),
    AC3: Format("ac3", "ac3", "audio/ac3"),
    SMF: Format("mid", "midi", "audio/midi"),
}

_WAVE_CODECS: Final = {0x03: "pcm_float", 0x06: "alaw", 0x07: "ulaw", 0x55: "mp3"}

_SUFFIXES: Final = {
    "mp3": ".mp3 .mp2",
    "flac": ".flac",
    "mp4": ".m4a .m4b .m4p .m4r .mp4 .3gp .alac",
    "ogg": ".ogg .oga .opus .spx .oggflac",
    "wav": ".wav .wave",
    "aiff": ".aif .aiff .aifc",
    "asf": ".wma .asf",
    "ape": ".ape",
    "mpc": ".mpc .mpp .mp+",
    "wv": ".wv",
    "ofr": ".ofr .ofs",
    "tta": ".tta",
    "tak": ".tak",
    "dsf": ".dsf",
    "dff": ".dff",
    "aac": ".aac .adts .adif",
    "ac3": ".ac3 .eac3",
    "mid": ".mid .midi .kar",
}

#: Ends of the names of files that are tried whatever they begin with, and what they promise.
AUDIO_SUFFIXES: Final = {
    suffix: container for container, suffixes in _SUFFIXES.items() for suffix in suffixes.split()
}

#: Beginnings that only one kind of file has: offset, bytes, kind.
_MAGIC: Final[tuple[tuple[int, bytes, type[mutagen.FileType]], ...]] = (
    (0, b"fLaC", FLAC),
    (8, b"WAVE", WAVE),
    (8, b"AIFF", AIFF),
    (8, b"AIFC", AIFF),
    (4, b"ftypM4A ", MP4),
    (4, b"ftypM4B ", MP4),
    (0, b"MAC ", MonkeysAudio),
    (0, b"wvpk", WavPack),
    (0, b"TTA1", TrueAudio),
    (0, b"tBaK", TAK),
    (0, b"OFR ", OptimFROG),
    (0, b"MPCK", Musepack),
    (0, b"DSD ", DSF),
    (0, b"FRM8", DSDIFF),
    (0, bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C"), ASF),
    (28, b"OpusHead", OggOpus),
    (28, b"\x01vorbis", OggVorbis),
    (28, b"Speex   ", OggSpeex),
    (28, b"\x7fFLAC", OggFLAC),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one file."""

    path: str
    #: The track, serialized, because it comes from another process; empty when there is an error.
    track: bytes = b""
    error: str = ""
    #: What was left out of the track.
    notes: tuple[str, ...] = ()


def kind_of(header: bytes) -> type[mutagen.FileType] | None:
    """Return the kind of file that begins like this, or None when that does not tell."""
    for offset, magic, kind in _MAGIC:
        if header.startswith(magic, offset):
            return kind
    return None


def read_files(paths: list[str]) -> list[Reading]:
    """Read several files, one after the other."""
    return [read_track(path) for path in paths]


def read_track(path: str) -> Reading:
    """Read one file; whatever goes wrong with it is in the result."""
    try:
        track, notes = _read(Path(path))
        return Reading(path, track.SerializeToString(), notes=tuple(notes))
    except SourceError as error:
        return Reading(path, error=str(error))
    except OSError as error:
        return Reading(path, error=error.strerror or type(error).__name__)
    # The parser fails in any way on a broken file: struct.error, MemoryError, RecursionError, ...
    except Exception as error:  # noqa: BLE001
        reason = str(error).replace(path, "").strip(" '") or type(error).__name__
        return Reading(path, error=f"cannot be read as audio: {reason}")


def _read(path: Path) -> tuple[Track, list[str]]:
    before = path.stat()
    if not stat.S_ISREG(before.st_mode):
        raise SourceError("is not a regular file")
    if not before.st_size:
        raise SourceError("the file is empty")
    with path.open("rb") as stream:
        header = stream.read(HEADER_BYTES)
        with _time_limit(PARSE_SECONDS):
            audio = _parse(path, header)
        hashes = hash_file(stream)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceError("was changed while it was read: scan it again when it is complete")
    track = Track()
    notes = map_tags(raw_tags(audio.tags), track)
    if not track.title:
        track.title = os.fsencode(path.stem).decode("utf-8", "replace")
    uri = path.as_uri()
    track.sources.add(
        type=FILE, id=file_source_id(uri), uri=uri if len(uri) <= MAX_SOURCE_URI else ""
    )
    file = track.files.add(uri=uri, size_bytes=before.st_size)
    file.content_hash, file.audio_hash = hashes.content, hashes.audio
    notes += hashes.notes
    # The catalogue keeps microseconds; more would look like a change on every scan.
    file.modify_time.FromNanoseconds(before.st_mtime_ns // 1000 * 1000)
    notes += describe(type(audio), audio.info, file)
    promised = AUDIO_SUFFIXES.get(path.suffix.lower(), file.format)
    if promised != file.format:
        notes.append(f"is {file.format}, although its name promises {promised}")
    if file.HasField("duration"):
        track.duration.CopyFrom(file.duration)
    return track, notes


def _parse(path: Path, header: bytes) -> Any:
    kind = kind_of(header)
    if kind is None and header.startswith((b"ftyp", b"moov"), 4):
        kind = MP4
    audio = kind(path) if kind else mutagen.File(path)
    if audio is None or type(audio) not in _FORMATS:
        raise SourceError("is not audio of a known kind, whatever its name says")
    return audio


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    """Raise `SourceError` when the parser does not come to an end."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise SourceError(f"could not be read within {seconds} s")

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


# -------------------------------------------------------------------------- technical data


def describe(kind: type[mutagen.FileType], info: Any, file: AudioFile) -> list[str]:
    """Write what the parser found out about the sound; return notes about what cannot be true."""
    known = _FORMATS[kind]
    file.format = known.container
    file.mime_type = known.mime_type
    file.codec = _codec(kind, info, known)
    file.sample_rate_hz = _positive(info, "sample_rate")
    file.channels = _positive(info, "channels")
    file.bitrate_bps = _positive(info, "bitrate")
    if file.codec == "opus":
        file.sample_rate_hz = _OPUS_RATE_HZ
    if known.lossless or file.codec == "alac":
        file.bit_depth = _positive(info, "bits_per_sample")
    seconds = float(getattr(info, "length", 0) or 0)
    if not math.isfinite(seconds) or not 0 <= seconds <= _LONGEST_SECONDS:
        return [f"the length {seconds:g} s is left out: not possible"]
    file.duration.FromMilliseconds(round(seconds * 1000))
    return []


def _codec(kind: type[object], info: Any, known: Format) -> str:
    """Return the codec, where the container allows several."""
    if kind is MP4:
        codec: str = info.codec.lower()
        return "aac" if codec.startswith("mp4a") else codec
    if kind is MP3:
        return f"mp{info.layer}"
    if kind is AC3:
        return "eac3" if info.codec == "ec-3" else "ac3"
    if kind is WAVE:
        return _WAVE_CODECS.get(info.audio_format, "pcm")
    return known.codec


def _positive(info: object, name: str) -> int:
    """Return a number that the parser found, or 0 when it found none that can be true."""
    value = getattr(info, name, 0) or 0
    return int(value) if math.isfinite(value) and 0 < value <= _INT32_MAX else 0


# ------------------------------------------------------------------------------------ tags


def raw_tags(tags: Any) -> RawTags:
    """Return the tags of a file as text, each value under its name."""
    family, values = _family(tags)
    found: dict[str, list[str]] = {}
    for name, value in values:
        found.setdefault(name, []).append(value)
    return RawTags(family, {name: tuple(values) for name, values in found.items()})


def _family(tags: Any) -> tuple[Family, Iterable[tuple[str, str]]]:
    kinds = type(tags).__mro__
    if ID3 in kinds:
        return Family.ID3, _id3_values(tags)
    if MP4Tags in kinds:
        return Family.MP4, _mp4_values(tags)
    if APEv2 in kinds:
        return Family.APE, _ape_values(tags)
    family = Family.ASF if ASFTags in kinds else Family.VORBIS
    # What is left is a list of pairs, or nothing.
    return family, ((name.upper(), str(value)) for name, value in tags or ())


def _id3_values(tags: Any) -> Iterator[tuple[str, str]]:
    for frame in tags.values():
        name, kinds = frame.FrameID, type(frame).__mro__
        values: Sequence[object] = ()
        if TXXX in kinds:
            name, values = f"TXXX:{frame.desc.upper()}", frame.text
        elif TCON in kinds:
            values = frame.genres
        elif COMM in kinds:
            # Comments under another heading are programs' notes to themselves.
            values = frame.text if frame.desc.lower() in ("", "description", "comment") else ()
        elif USLT in kinds:
            values = [frame.text]
        elif UFID in kinds:
            name, values = f"UFID:{frame.owner.upper()}", [frame.data.decode("ascii", "replace")]
        elif PairedTextFrame in kinds:
            yield from ((f"{name}:{role.upper()}", person) for role, person in frame.people)
        elif TextFrame in kinds:
            values = frame.text
        yield from ((name, str(value)) for value in values)


def _mp4_values(tags: Any) -> Iterator[tuple[str, str]]:
    for key, values in tags.items():
        if key.startswith("----:"):
            name = f"----:{key.rpartition(':')[2].upper()}"
            yield from ((name, bytes(value).decode("utf-8", "replace")) for value in values)
        elif key in ("trkn", "disk"):
            yield from ((key, f"{number}/{total}") for number, total in values)
        elif key == "cpil":
            yield key, str(int(values))
        elif isinstance(values, list) and key != "covr":
            yield from ((key, str(value)) for value in values)


def _ape_values(tags: Any) -> Iterator[tuple[str, str]]:
    for key, value in tags.items():
        if type(value) is APETextValue:
            yield from ((key.upper(), text) for text in value)
