"""How fast `fonoteca scan` makes tracks of files, and how fast it sees that nothing has changed.

The files are short tones in six kinds of containers, each with audio of its own and tags out of a
made-up catalogue. A library of 2,000 is scanned, then one of 20,000 (BENCH_FILES), each by a
process of its own, and the large one once more. A rate is that of the command's report: from its
first look at the folder until the last track can be found. Memory is that of the largest process of
a scan at its worst moment, the readers among them; it must not grow with the library.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.audio_files import make_files
from benchmarks.bench import Bench
from benchmarks.options import ROOT
from benchmarks.processes import BenchmarkError, PeakMemory, Server, environment
from benchmarks.report import Report

_MIB: Final = 1 << 20
_SMALL: Final = 2_000
_MIN_FILES_A_SECOND: Final = 400
_MIN_UNCHANGED_A_SECOND: Final = 10_000
_MAX_GROWTH: Final = 1.1


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
