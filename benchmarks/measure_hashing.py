"""How fast both hashes of a file are made, beside `sha256sum` on the same file.

Three large files stand for the ways in which audio is told from the rest: by ranges of bytes (WAV),
by the packets in the pages of Ogg, and by the checksum that FLAC has in its header, so that only
the content is hashed. `sha256sum` and the hashing of the service read them in turn, out of memory;
medians of the rounds count. The target holds for the slowest of the three.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import soundfile  # type: ignore[import-untyped]

from benchmarks.bench import Bench
from benchmarks.processes import BenchmarkError, Stopwatch
from benchmarks.report import Report
from service.ingest.audio_hash import hash_file
from service.ingest.payload import find_payload

_BYTES: Final = 128 << 20
_MIB: Final = 1 << 20
_RATE: Final = 48_000
_AT_LEAST: Final = 0.7
_NAMES: Final[Mapping[str, str]] = {".wav": "WAV", ".ogg": "Ogg", ".flac": "FLAC"}


def run(bench: Bench, report: Report) -> None:
    rival = shutil.which("sha256sum")
    if rival is None:
        raise BenchmarkError("there is no sha256sum on this machine")
    ratios = {}
    for suffix, name in _NAMES.items():
        bench.say(f"hashing {name}")
        path = bench.folder / f"large{suffix}"
        _large(path)
        rounds = [(_ours(path), _theirs(rival, path)) for _ in range(bench.options.rounds)]
        path.unlink()
        ratios[name] = median(theirs / ours for ours, theirs in rounds)
        speed = median(_BYTES / _MIB / ours for ours, _ in rounds)
        report.add("hashing", f"{name}, both hashes", speed, "MiB/s")
        report.details.setdefault("hashing", {})[name] = rounds
    for name, ratio in ratios.items():
        report.add("hashing", f"{name} / sha256sum", ratio, "x", at_least=_AT_LEAST)


def _large(path: Path) -> None:
    """Write a file of the size of which as much as possible is audio."""
    if path.suffix == ".wav":
        soundfile.write(path, np.zeros(_BYTES // 2, np.int16), _RATE)
        return
    soundfile.write(path, np.zeros(_RATE, np.int16), _RATE)
    # Ogg files may follow each other in one file; of FLAC, all but the header is taken as it is.
    content = path.read_bytes()
    path.write_bytes(content * (_BYTES // len(content)))


def _ours(path: Path) -> float:
    watch = Stopwatch()
    with path.open("rb") as stream:
        hash_file(stream, find_payload(stream, path.stat().st_size))
    return watch.seconds


def _theirs(program: str, path: Path) -> float:
    watch = Stopwatch()
    subprocess.run([program, str(path)], check=True, stdout=subprocess.DEVNULL)
    return watch.seconds
