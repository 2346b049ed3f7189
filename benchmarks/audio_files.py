"""Audio files that are made up: short tones in six containers, with tags of a made-up catalogue."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import mutagen
import numpy as np
import soundfile  # type: ignore[import-untyped]
from mutagen.id3 import Frames

from benchmarks.made_up import write_catalogue

_FILES_A_FOLDER: Final = 100
_RATE: Final = 8_000
_KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    ".flac": {},
    ".ogg": {},
    ".opus": {"format": "OGG", "subtype": "OPUS"},
    ".mp3": {},
    ".wav": {},
    ".aiff": {},
}
_WITH_ID3: Final = (".mp3", ".wav", ".aiff")
_FRAMES: Final[Mapping[str, Any]] = Frames
#: Where a FLAC file has the MD5 of its audio.
_FLAC_MD5: Final = slice(26, 42)


def make_files(folder: Path, count: int, seed: int) -> None:
    """Write `count` audio files, no two of which sound the same."""
    folder.mkdir()
    table = folder.with_suffix(".csv")
    write_catalogue(table, count, seed)
    bases = {suffix: _base(folder / f"base{suffix}", how) for suffix, how in _KINDS.items()}
    suffixes = tuple(bases)
    with table.open(encoding="utf-8", newline="") as rows:
        for number, row in enumerate(csv.DictReader(rows)):
            suffix = suffixes[number % len(suffixes)]
            path = folder / str(number // _FILES_A_FOLDER) / f"{number}{suffix}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(_varied(bases[suffix], suffix, number * 2 + seed))
            _tag(path, row)


def _base(path: Path, how: Mapping[str, str]) -> bytes:
    """Return a short tone in a container."""
    wave = np.sin(np.arange(_RATE // 4) * 440 * 2 * math.pi / _RATE) * 0.3
    soundfile.write(path, wave, _RATE, **how)
    content = path.read_bytes()
    path.unlink()
    return content


def _varied(base: bytes, suffix: str, number: int) -> bytes:
    """Return the file with other audio: its last bytes, and what a FLAC file says of all."""
    content = bytearray(base)
    content[-8:] = number.to_bytes(8, "little")
    if suffix == ".flac":
        content[_FLAC_MD5] = hashlib.md5(number.to_bytes(8), usedforsecurity=False).digest()
    return bytes(content)


def _tag(path: Path, row: Mapping[str, str]) -> None:
    audio: Any = mutagen.File(path)
    artist = row["artists"].replace("|", "; ")
    values = (row["title"], artist, row["album"], row["year"], row["genre"])
    if path.suffix in _WITH_ID3:
        if audio.tags is None:
            audio.add_tags()
        for name, value in zip(("TIT2", "TPE1", "TALB", "TDRC", "TCON"), values, strict=True):
            if value:
                audio.tags.add(_FRAMES[name](encoding=3, text=value))
    else:
        names = ("title", "artist", "album", "date", "genre")
        audio.update({name: value for name, value in zip(names, values, strict=True) if value})
    audio.save()
