"""Queries a second: in batches of a hundred, in single calls, and by Tantivy in one thread.

All answer the same mixed queries with twenty hits: the service sends twenty whole tracks each,
Tantivy finds numbers by its ladder. Each way has one call in flight, but for the one that has
eight. They take turns in random order; the median of each ratio over the rounds counts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from benchmarks.bench import Bench
from benchmarks.http2 import Connection, connections
from benchmarks.processes import BenchmarkError, Server, Stopwatch
from benchmarks.report import Report
from benchmarks.search import clients, ground
from benchmarks.search.tantivy_index import TantivyIndex
from benchmarks.songs import folded
from fonoteca.v1.search_pb2 import (
    BatchSearchTracksRequest,
    BatchSearchTracksResponse,
    SearchTracksRequest,
)

_NAME: Final = "search.batch"
_METHOD: Final = "/fonoteca.v1.SearchService/BatchSearchTracks"
_PAGE: Final = 20
_BATCH: Final = 100
_COMPARED: Final = 300
_IN_FLIGHT: Final = 8
_ALONE: Final = "single calls"
_TOGETHER: Final = f"single calls, {_IN_FLIGHT} in flight"
_BATCHES: Final = f"batches of {_BATCH}"
_TANTIVY: Final = "Tantivy's ladder, one thread"


def run(bench: Bench, report: Report) -> None:
    queries = ground.mixes(bench).mixed
    keys = folded(bench.filled.conninfo, list(queries))
    rival = ground.tantivy(bench)
    with bench.serving_filled() as server:
        bench.say(f"mixed queries, {_PAGE} tracks each, in batches and alone")
        rounds = _rounds(server, queries, keys, rival, bench.options.rounds)
    for way in rounds[0]:
        report.add(_NAME, way, median(each[way] for each in rounds), "/s")
    to_tantivy = median(each[_BATCHES] / each[_TANTIVY] for each in rounds)
    to_single = median(each[_BATCHES] / each[_ALONE] for each in rounds)
    to_many = median(each[_BATCHES] / each[_TOGETHER] for each in rounds)
    report.add(_NAME, "batches / Tantivy", to_tantivy, "x", at_least=1.0)
    report.add(_NAME, "batches / single calls", to_single, "x", at_least=5.0)
    report.add(_NAME, f"batches / {_TOGETHER}", to_many, "x")
    report.details[_NAME] = {"queries_per_second": rounds}


def _rounds(
    server: Server,
    queries: Sequence[str],
    keys: Sequence[str],
    rival: TantivyIndex,
    count: int,
) -> list[dict[str, float]]:
    dice = random.Random(1)
    with connections(server, _IN_FLIGHT) as each:
        clients.ask_together(each, queries[:_COMPARED], _PAGE)
        _ask_in_batches(each[0], queries[:_COMPARED])
        rounds = []
        for number in range(count):
            start = number * _COMPARED % len(queries)
            part = slice(start, start + _COMPARED)
            rounds.append(_round(dice, each, queries[part], keys[part], rival))
    return rounds


def _round(
    dice: random.Random,
    each: Sequence[Connection],
    queries: Sequence[str],
    keys: Sequence[str],
    rival: TantivyIndex,
) -> dict[str, float]:
    """Return queries a second of each way to ask."""

    def tantivy() -> None:
        for key in keys:
            rival.ladder(key, _PAGE)

    ways: dict[str, Callable[[], object]] = {
        _ALONE: lambda: clients.ask(each[0], queries, _PAGE),
        _TOGETHER: lambda: clients.ask_together(each, queries, _PAGE),
        _BATCHES: lambda: _ask_in_batches(each[0], queries),
        _TANTIVY: tantivy,
    }
    rates = {}
    for way in dice.sample(list(ways), k=len(ways)):
        watch = Stopwatch()
        ways[way]()
        rates[way] = len(queries) / watch.seconds
    return {way: rates[way] for way in ways}


def _ask_in_batches(connection: Connection, queries: Sequence[str]) -> None:
    """Ask each query once, one batch at a time."""
    for start in range(0, len(queries), _BATCH):
        batch = queries[start : start + _BATCH]
        requests = [SearchTracksRequest(query=text, page_size=_PAGE) for text in batch]
        request = BatchSearchTracksRequest(requests=requests)
        _, response = clients.call(connection, _METHOD, request, BatchSearchTracksResponse)
        if any(result.HasField("error") for result in response.results):
            raise BenchmarkError("a search of a batch failed")
