# ruff: noqa: E501  (the table of formats is read as a table)
"""The kinds of audio files: what the catalogue calls them, and how their content tells them apart."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from mutagen.flac import FLAC
from mutagen.monkeysaudio import MonkeysAudio
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggtheora import OggTheora
from mutagen.oggvorbis import OggVorbis
from mutagen.optimfrog import OptimFROG
from mutagen.smf import SMF
from mutagen.tak import TAK

from service.ingest import amr, au, caf
from service.ingest.aac import AAC
from service.ingest.ac3 import AC3
from service.ingest.amr import AMR
from service.ingest.asf import ASF
from service.ingest.au import AU
from service.ingest.caf import CAF
from service.ingest.id3_chunks import AIFF, DSDIFF, DSF, WAVE
from service.ingest.matroska import Matroska
from service.ingest.mpeg4 import MP4
from service.ingest.mpeg_audio import MP3
from service.ingest.musepack import Musepack
from service.ingest.trueaudio import TrueAudio
from service.ingest.wavpack import WavPack

#: How much of a file tells its kind.
HEADER_BYTES: Final = 64
#: How much of an Ogg file has the beginnings of all its streams.
_OGG_BYTES: Final = 4096

#: A class that reads a stream and has `info` and `tags` afterwards.
Parser = type[Any]


@dataclass(frozen=True, slots=True)
class Format:
    """What the catalogue calls a kind of file."""

    title: str
    container: str
    codec: str
    mime_type: str
    suffixes: str
    lossless: bool = False
    #: Whether the file states its length as a time, so that it does not follow from sizes.
    timed: bool = False


_OGG: Final = "audio/ogg"
FORMATS: Final[dict[Parser, Format]] = {
    MP3: Format("MPEG audio", "mp3", "mp3", "audio/mpeg", ".mp3 .mp2 .mp1 .mpga"),
    FLAC: Format("FLAC", "flac", "flac", "audio/flac", ".flac", lossless=True),
    MP4: Format("MPEG-4", "mp4", "aac", "audio/mp4", ".m4a .m4b .m4p .m4r .mp4 .3gp .3g2 .alac", timed=True),
    OggVorbis: Format("Ogg Vorbis", "ogg", "vorbis", _OGG, ".ogg .oga"),
    OggOpus: Format("Ogg Opus", "ogg", "opus", _OGG, ".opus"),
    OggSpeex: Format("Ogg Speex", "ogg", "speex", _OGG, ".spx"),
    OggFLAC: Format("Ogg FLAC", "ogg", "flac", _OGG, ".oggflac", lossless=True),
    OggTheora: Format("Ogg Theora", "ogg", "theora", "video/ogg", ".ogv"),
    WAVE: Format("WAV", "wav", "pcm", "audio/wav", ".wav .wave .bwf .rf64", lossless=True),
    AIFF: Format("AIFF", "aiff", "pcm", "audio/aiff", ".aif .aiff .aifc", lossless=True),
    CAF: Format("CAF", "caf", "", "audio/x-caf", ".caf"),
    AU: Format("AU", "au", "pcm", "audio/basic", ".au .snd", lossless=True),
    AMR: Format("AMR", "amr", "amr_nb", "audio/amr", ".amr .awb"),
    ASF: Format("ASF (WMA)", "asf", "wma", "audio/x-ms-wma", ".wma .asf"),
    MonkeysAudio: Format("Monkey's Audio", "ape", "ape", "audio/x-ape", ".ape", lossless=True),
    Musepack: Format("Musepack", "mpc", "musepack", "audio/x-musepack", ".mpc .mpp .mp+"),
    WavPack: Format("WavPack", "wv", "wavpack", "audio/x-wavpack", ".wv", lossless=True),
    OptimFROG: Format("OptimFROG", "ofr", "optimfrog", "audio/x-optimfrog", ".ofr .ofs", lossless=True),
    TrueAudio: Format("TrueAudio", "tta", "tta", "audio/x-tta", ".tta", lossless=True),
    TAK: Format("TAK", "tak", "tak", "audio/x-tak", ".tak", lossless=True),
    DSF: Format("DSF", "dsf", "dsd", "audio/x-dsf", ".dsf", lossless=True),
    DSDIFF: Format("DSDIFF", "dff", "dsd", "audio/x-dff", ".dff", lossless=True),
    AAC: Format("AAC (ADTS, ADIF)", "aac", "aac", "audio/aac", ".aac .adts .adif"),
    AC3: Format("AC-3, E-AC-3", "ac3", "ac3", "audio/ac3", ".ac3 .eac3"),
    Matroska: Format("Matroska, WebM", "matroska", "", "audio/x-matroska", ".mka .mkv .webm .weba", timed=True),
    SMF: Format("Standard MIDI", "mid", "midi", "audio/midi", ".mid .midi .kar"),
}  # fmt: skip

_BY_SUFFIX: Final[dict[str, Parser]] = {
    suffix: parser for parser, known in FORMATS.items() for suffix in known.suffixes.split()
}
#: Ends of the names of files that are tried whatever they begin with, and what they promise.
AUDIO_SUFFIXES: Final = {suffix: FORMATS[parser].container for suffix, parser in _BY_SUFFIX.items()}

#: Beginnings that only one kind of file has: offset, bytes, kind.
_MAGIC: Final[tuple[tuple[int, bytes, Parser], ...]] = (
    (0, b"ID3", MP3),
    (0, b"fLaC", FLAC),
    (8, b"WAVE", WAVE),
    (8, b"AIFF", AIFF),
    (8, b"AIFC", AIFF),
    (4, b"ftypM4A ", MP4),
    (4, b"ftypM4B ", MP4),
    (0, b"MAC ", MonkeysAudio),
    (0, b"wvpk", WavPack),
    (0, b"TTA1", TrueAudio),
    (0, b"TTA2", TrueAudio),
    (0, b"tBaK", TAK),
    (0, b"OFR ", OptimFROG),
    (0, b"MPCK", Musepack),
    (0, b"MP+", Musepack),
    (0, b"DSD ", DSF),
    (0, b"FRM8", DSDIFF),
    (0, b"MThd", SMF),
    (0, caf.MAGIC, CAF),
    (0, au.MAGIC, AU),
    (0, amr.MAGIC, AMR),
    (0, b"ADIF", AAC),
    (0, bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C"), ASF),
    (28, b"OpusHead", OggOpus),
    (28, b"\x01vorbis", OggVorbis),
    (28, b"Speex   ", OggSpeex),
    (28, b"\x7fFLAC", OggFLAC),
)
#: Beginnings that more files have than sound, so that they do not make a file audio by themselves.
_AMBIGUOUS: Final[tuple[tuple[int, bytes, Parser], ...]] = (
    (4, b"ftyp", MP4),
    (4, b"moov", MP4),
    (4, b"mdat", MP4),
    (0, b"\x1a\x45\xdf\xa3", Matroska),
    (0, b"\x0b\x77", AC3),
)
_IN_OGG: Final[tuple[tuple[bytes, Parser], ...]] = (
    (b"\x01vorbis", OggVorbis),
    (b"OpusHead", OggOpus),
    (b"\x7fFLAC", OggFLAC),
    (b"fLaC", OggFLAC),
    (b"Speex   ", OggSpeex),
    (b"\x80theora", OggTheora),
)


#: The same as one expression, whose groups are the beginnings: it is matched for every file.
_BEGINNING: Final = re.compile(
    b"|".join(b".{%d}(%b)" % (offset, re.escape(magic)) for offset, magic, _ in _MAGIC), re.DOTALL
)


def kind_of(header: bytes) -> Parser | None:
    """Return the kind of audio file that begins like this, or None when that does not tell."""
    found = _BEGINNING.match(header)
    return _MAGIC[found.lastindex - 1][2] if found and found.lastindex else None


def suffix_of(path: str) -> str:
    """Return the ending of a name that tells what a file holds, such as ".mp3"."""
    return os.path.splitext(path)[1].lower()  # noqa: PTH122  (a Path takes four times as long)


def parsers(header: bytes, stream: BinaryIO, name: str) -> Iterator[Parser]:
    """Yield the parsers that may read a file, by its content first, then by its name.

    `header` is what the sound begins with, behind any ID3 tag.
    """
    found = kind_of(header) or _ambiguous(header)
    if found is None and header.startswith(b"OggS"):
        stream.seek(0)
        start = stream.read(_OGG_BYTES)
        found = next((parser for magic, parser in _IN_OGG if magic in start), None)
    if found:
        yield found
    promised = _BY_SUFFIX.get(suffix_of(name))
    # Content that belongs to one format is that format; only frames may begin with anything.
    if promised and promised is not found and (found is None or found in (MP3, AAC, AC3)):
        yield promised


def _ambiguous(header: bytes) -> Parser | None:
    for offset, magic, kind in _AMBIGUOUS:
        if header.startswith(magic, offset):
            return kind
    if len(header) > 1 and header[0] == 0xFF:
        if header[1] & 0xF6 == 0xF0:
            return AAC
        if header[1] & 0xE6 in (0xE2, 0xE4, 0xE6):
            return MP3
    return None
