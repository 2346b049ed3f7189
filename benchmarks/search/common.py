"""Searches for the most common words, which match the most tracks.

Each query is asked ten times, in random order, one at a time: the service, whose own clock counts
(the `duration_ms` of its access log: servicer and PostgreSQL, without HTTP/2 and client), Tantivy,
and the text search of the source designs. The three take turns, query by query.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import fmean
from time import perf_counter
from typing import Final

from benchmarks.bench import Bench
from benchmarks.http2 import connections
from benchmarks.processes import Server
from benchmarks.report import Report
from benchmarks.search import clients, ground
from benchmarks.search.source_designs import SourceDesigns, source_designs
from benchmarks.search.tantivy_index import TantivyIndex
from benchmarks.songs import folded

_NAME: Final = "search.common"
_TIMES: Final = 10
_MAX_P99_MS: Final = 5.0
_MAX_RATIO: Final = 2.0


def run(bench: Bench, report: Report) -> None:
    queries = list(ground.mixes(bench).common)
    rival = ground.tantivy(bench)
    conninfo = bench.filled.conninfo
    asked = random.Random(1).sample(queries * _TIMES, k=_TIMES * len(queries))
    keys = folded(conninfo, asked)
    bench.say("building the table of the source designs")
    with source_designs(conninfo) as designs, bench.serving_filled() as server:
        bench.say(f"{len(asked):,} searches for {len(queries)} common words, pairs and genres")
        designs.by_rank(queries, clients.PAGE)
        with clients.AccessLog(server) as log:
            theirs, ranked = _in_turn(server, asked, keys, rival, designs)
            ours = log.milliseconds()[len(asked) :]
    ground.report_times(report, _NAME, "in the server", ours, {99: _MAX_P99_MS})
    ground.report_times(report, _NAME, "Tantivy, all words", theirs)
    ground.report_times(report, _NAME, "ts_rank over all matches", ranked)
    ratio = fmean(ours) / fmean(theirs)
    report.add(_NAME, "mean in the server / Tantivy", ratio, "x", at_most=_MAX_RATIO)
    report.details[_NAME] = {
        "queries": queries,
        "slowest": sorted(zip(ours, asked, strict=True), reverse=True)[:20],
    }


def _in_turn(
    server: Server,
    asked: Sequence[str],
    keys: Sequence[str],
    rival: TantivyIndex,
    designs: SourceDesigns,
) -> tuple[list[float], list[float]]:
    theirs: list[float] = []
    ranked: list[float] = []
    with connections(server) as [connection]:
        clients.ask(connection, asked)  # so that connections and caches are warm
        for text, key in zip(asked, keys, strict=True):
            clients.ask(connection, [text])
            start = perf_counter()
            rival.all_words(key, clients.PAGE)
            theirs.append(1_000 * (perf_counter() - start))
            ranked += designs.by_rank([text], clients.PAGE)
    return theirs, ranked
