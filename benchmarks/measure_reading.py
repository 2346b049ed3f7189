"""How fast files are read, beside a bare loop that calls `mutagen.File` on the same files.

Made-up files as those of `scan`, and those of BENCH_AUDIO, are read by the pool of reader processes
as a scan reads them: tags, sound, both hashes and pictures, one process for each core. Its rate is
compared with that of one bare loop times the cores, which is what as many loops would do if they
did not hinder each other, and with that of as many loops at once. Each of the three goes over the
files in turn; medians of the rounds count. The files are in memory, and all processes have started.
The processor time of a file is told beside: other programs change it less than they change rates.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import mutagen

from benchmarks.audio_files import make_files
from benchmarks.bench import Bench
from benchmarks.processes import BenchmarkError, Stopwatch, cpu_seconds
from benchmarks.report import Report
from service.ingest.folders import FolderWalk
from service.ingest.locations import Found
from service.ingest.readers import Readers, read_found

_FILES: Final = 3_000
_AT_LEAST: Final = 0.8


def run(bench: Bench, report: Report) -> None:
    bench.say(f"making {_FILES:,} audio files")
    made_up = bench.folder / "reading"
    make_files(made_up, _FILES, seed=3)
    folders = {"made-up files": made_up}
    if bench.options.audio:
        folders["given files"] = bench.options.audio
    for name, folder in folders.items():
        bench.say(f"reading {name}")
        _compare(report, name, _enough(folder), bench.options.rounds)


def _enough(folder: Path) -> list[Found]:
    """Return the audio files below a folder, again and again until they take some time."""
    found = list(FolderWalk(lambda _problem: None).files([str(folder)]))
    if not found:
        raise BenchmarkError(f"there are no audio files below {folder}")
    return list(islice(cycle(found), max(_FILES, len(found))))


def _compare(report: Report, name: str, files: Sequence[Found], rounds: int) -> None:
    cores = os.cpu_count() or 1
    paths = [found.path for found in files]
    with (
        TemporaryDirectory(prefix="fonoteca-bench-") as box,
        Readers(cores, partial(read_found, box=Path(box))) as readers,
        ProcessPoolExecutor(cores, get_context("spawn")) as loops,
    ):
        ways: dict[str, Callable[[], object]] = {
            "pool": lambda: list(readers.read(files)),
            "one loop": lambda: bare_loop(paths),
            "loops": lambda: _bare_loops(loops, paths, cores),
        }
        for way in ways.values():
            way()
        costs = [{way: _cost(do) for way, do in ways.items()} for _ in range(rounds)]
    rates = {way: [len(files) / each[way].seconds for each in costs] for way in ways}
    cpu = {way: [each[way].cpu_seconds / len(files) * 1e6 for each in costs] for way in ways}
    to_one = [
        rate / cores / bare for rate, bare in zip(rates["pool"], rates["one loop"], strict=True)
    ]
    to_all = [rate / bare for rate, bare in zip(rates["pool"], rates["loops"], strict=True)]
    report.add("reading", f"{name}, {cores} processes", median(rates["pool"]), "files/s")
    report.add("reading", "bare loop, one process", median(rates["one loop"]), "files/s")
    report.add("reading", f"bare loops, {cores} processes", median(rates["loops"]), "files/s")
    against = f"{name} / {cores} x one bare loop"
    report.add("reading", against, median(to_one), "x", at_least=_AT_LEAST)
    report.add("reading", f"{name} / {cores} bare loops at once", median(to_all), "x")
    report.add("reading", "processor time of a file", median(cpu["pool"]), "µs")
    report.add("reading", "the same, bare loop", median(cpu["one loop"]), "µs")
    details = report.details.setdefault("reading", {"cores": cores})
    details[name] = {
        "files": len(files),
        "files_per_second": rates,
        "cpu_microseconds_per_file": cpu,
    }


@dataclass(frozen=True, slots=True)
class _Cost:
    """What going over all files has taken: time, and time of the processors."""

    seconds: float
    cpu_seconds: float


def _cost(do: Callable[[], object]) -> _Cost:
    before, watch = cpu_seconds(os.getpid()), Stopwatch()
    do()
    return _Cost(watch.seconds, cpu_seconds(os.getpid()) - before)


def bare_loop(paths: Sequence[str]) -> None:
    """Let mutagen read some files, and forget what it says."""
    for path in paths:
        # It refuses some files by other errors than its own.
        with suppress(Exception):
            mutagen.File(path)


def _bare_loops(processes: Executor, paths: Sequence[str], count: int) -> None:
    for _ in processes.map(bare_loop, [paths[first::count] for first in range(count)]):
        pass
