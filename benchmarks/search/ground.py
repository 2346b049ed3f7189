"""What the benchmarks of search stand on, made once a run when it is first needed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from statistics import fmean
from typing import Final

from benchmarks.bench import Bench
from benchmarks.report import Report, percentile
from benchmarks.search.mixes import Mixes, make_mixes
from benchmarks.search.tantivy_index import TantivyIndex
from benchmarks.songs import Song, read_songs

_PERCENTS: Final = (50, 90, 99)


@cache
def songs(bench: Bench) -> Sequence[Song]:
    """Return all tracks of the catalogue."""
    bench.say("reading what tracks are called")
    return list(read_songs(bench.filled.conninfo))


@cache
def mixes(bench: Bench) -> Mixes:
    """Return the queries."""
    return make_mixes(songs(bench))


@cache
def tantivy(bench: Bench) -> TantivyIndex:
    """Return Tantivy's index of the same tracks."""
    bench.say("indexing the same tracks with Tantivy")
    folder = bench.folder / "tantivy"
    folder.mkdir()
    return TantivyIndex(folder, songs(bench))


def report_times(
    report: Report,
    benchmark: str,
    name: str,
    milliseconds: Sequence[float],
    at_most: dict[int, float] | None = None,
) -> None:
    """Report mean and percentiles of some times, with limits to the percentiles that have one."""
    times = sorted(milliseconds)
    limits = at_most or {}
    report.add(benchmark, f"{name}: mean", fmean(times), "ms")
    for percent in _PERCENTS:
        value = percentile(times, percent)
        report.add(benchmark, f"{name}: p{percent}", value, "ms", at_most=limits.get(percent))
