"""How fast `fonoteca scan` makes tracks of files, and how fast it sees that nothing has changed.

The files are short tones in six kinds of containers, each with audio of its own and tags out of a
made-up catalogue. A library of 2,000 is scanned, then one of 20,000 (BENCH_FILES), each by a
process of its own, and the large one once more. A rate is that of the command's report: from its
first look at the folder until the last track can be found. Memory is that of the largest process of
a scan at its worst moment, the readers among them; it must not grow with the library.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mutagen
import numpy as np
import soundfile  # type: ignore[import-untyped]
from mutagen.id3 import Frames

from benchmarks.bench import Bench
from benchmarks.made_up import write_catalogue
from benchmarks.options import ROOT
from benchmarks.processes import BenchmarkError, PeakMemory, Server, environment
from benchmarks.report import Report

_MIB: Final = 1 << 20
_SMALL: Final = 2_000
_FILES_A_FOLDER: Final = 100
_RATE: Final = 8_000
_MIN_FILES_A_SECOND: Final = 400
_MIN_UNCHANGED_A_SECOND: Final = 10_000
_MAX_GROWTH: Final = 1.1
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


@dataclass(frozen=True, slots=True)
class Scanned:
    """What one `fonoteca scan` did and cost."""

    files: Mapping[str, int]
    seconds: float
    peak_bytes: int

    @property
    def rate(self) -> float:
        """Files a second."""
        return sum(self.files.values()) / self.seconds


def run(bench: Bench, report: Report) -> None:
    count = bench.options.files
    bench.say(f"making {count + _SMALL:,} audio files")
    make_files(bench.folder / "small", _SMALL, seed=1)
    make_files(bench.folder / "large", count, seed=2)
    with bench.serving(bench.new_data_dir("scanned"), "--no-sample") as server:
        bench.say("scanning them")
        small = _scan(bench, server, "small")
        large = _scan(bench, server, "large")
        again = _scan(bench, server, "large")
    _require(small, "new", _SMALL)
    _require(large, "new", count)
    _require(again, "unchanged", count)
    report.add("scan", "new files", large.rate, "files/s", at_least=_MIN_FILES_A_SECOND)
    report.add("scan", "unchanged files", again.rate, "files/s", at_least=_MIN_UNCHANGED_A_SECOND)
    report.add("scan", "peak memory of a process", large.peak_bytes / _MIB, "MiB")
    growth = large.peak_bytes / small.peak_bytes
    report.add("scan", f"the same, beside {_SMALL:,} files", growth, "x", at_most=_MAX_GROWTH)
    report.details["scan"] = {
        "files": count,
        "seconds": {"small": small.seconds, "large": large.seconds, "again": again.seconds},
        "peak_bytes": {"small": small.peak_bytes, "large": large.peak_bytes},
    }


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


def _scan(bench: Bench, server: Server, name: str) -> Scanned:
    """Scan a folder as a user does."""
    report = bench.folder / "scan.jsonl"
    command = ["scan", str(bench.folder / name), "--address", server.address]
    with (
        subprocess.Popen(
            [sys.executable, "-m", "service", *command, "--report", str(report)],
            cwd=ROOT,
            env=environment(server.data_dir),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        PeakMemory(process.pid) as memory,
    ):
        _, errors = process.communicate()
    if process.returncode:
        raise BenchmarkError(f"the scan failed:\n{errors[-2_000:]}")
    *_, last = report.read_text(encoding="utf-8").splitlines()
    summary = json.loads(last)
    return Scanned(summary["files"], summary["seconds"], memory.peak_bytes)


def _require(scanned: Scanned, fate: str, count: int) -> None:
    if scanned.files != {fate: count}:
        raise BenchmarkError(f"the scan found {scanned.files} where {count} {fate} are")
