"""How long a search takes over the whole catalogue, and whether it finds what was meant.

Each query is sent through gRPC from another process, in random order: one at a time, then with
eight in flight. The time is that of the caller, from the call to the parsed response. A query is
right first, or right in ten, when one of the tracks that were meant is; tracks are told by their
external sources. Some queries are sent before the clock starts, so that connections are open and
statements are prepared, but the answers of most come for the first time.

Then one at a time, eight in flight and batches of a hundred take turns in random order on some of
the same queries, and their rates are compared within each round.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import grpc

from benchmarks.bench import Bench
from benchmarks.processes import BenchmarkError, Stopwatch
from benchmarks.queries import Query, make_queries, read_queries
from benchmarks.report import Report, histogram, percentile
from fonoteca.v1.search_pb2 import (
    BatchSearchTracksRequest,
    SearchTracksRequest,
    SearchTracksResponse,
)
from fonoteca.v1.search_pb2_grpc import SearchServiceStub

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

_PAGE: Final = 10
_IN_FLIGHT: Final = 8
_BATCH: Final = 100
_IN_BATCHES: Final = f"in batches of {_BATCH}"
_WARM_UP: Final = 100
_COMPARED: Final = 300
_TIMEOUT: Final = 20.0
_MAX_P99_MS: Final = 50
_PERCENTS: Final = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a query."""

    query: Query
    milliseconds: float
    place: int
    """Where the first right track stands, from 1 on; 0 when there is none."""


def run(bench: Bench, report: Report) -> None:
    given = bench.options.queries
    queries = read_queries(given, bench.catalogue) if given else make_queries(bench.catalogue)
    random.Random(1).shuffle(queries)
    with bench.serving(bench.filled.data_dir) as server:
        bench.say(f"{len(queries):,} queries, one at a time")
        asyncio.run(_measure(server.address, queries, bench.options.rounds, report))


async def _measure(address: str, queries: Sequence[Query], rounds: int, report: Report) -> None:
    # One connection for each call in flight, as from several clients.
    channels = [grpc.aio.insecure_channel(address, _options(n)) for n in range(_IN_FLIGHT)]
    try:
        stubs: list[SearchServiceAsyncStub] = [SearchServiceStub(each) for each in channels]
        await _ask_all(stubs, queries[-_WARM_UP:])
        alone = await _ask_all(stubs[:1], queries)
        together = await _ask_all(stubs, queries)
        dice = random.Random(1)
        rates = [await _rates(dice, stubs, queries[:_COMPARED]) for _ in range(rounds)]
    finally:
        for channel in channels:
            await channel.close()
    report.add("search", "queries", len(queries), "")
    _report_latency(report, "one at a time", alone)
    _report_latency(report, f"{_IN_FLIGHT} in flight", together)
    _report_rates(report, rates)
    _report_quality(report, alone)


def _options(number: int) -> list[tuple[str, Any]]:
    """Return options that differ, as channels with the same ones share a connection."""
    return [("grpc.max_receive_message_length", 64 << 20), ("fonoteca.benchmarks.channel", number)]


async def _rates(
    dice: random.Random, stubs: Sequence[SearchServiceAsyncStub], queries: Sequence[Query]
) -> dict[str, float]:
    """Return queries a second of each way to ask."""
    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "one at a time": lambda: _ask_all(stubs[:1], queries),
        f"{_IN_FLIGHT} in flight": lambda: _ask_all(stubs, queries),
        _IN_BATCHES: lambda: _ask_in_batches(stubs[0], queries),
    }
    rates = {}
    for way in dice.sample(list(ways), k=len(ways)):
        watch = Stopwatch()
        await ways[way]()
        rates[way] = len(queries) / watch.seconds
    return {way: rates[way] for way in ways}


async def _ask_all(
    stubs: Sequence[SearchServiceAsyncStub], queries: Sequence[Query]
) -> list[Answer]:
    """Ask each query once; every stub has one call in flight."""
    waiting = iter(queries)
    lists = await asyncio.gather(*(_ask_one_by_one(stub, waiting) for stub in stubs))
    return [answer for answers in lists for answer in answers]


async def _ask_one_by_one(stub: SearchServiceAsyncStub, queries: Iterator[Query]) -> list[Answer]:
    answers = []
    for query in queries:
        request = SearchTracksRequest(query=query.text, page_size=_PAGE)
        start = perf_counter()
        response = await stub.SearchTracks(request, timeout=_TIMEOUT)
        milliseconds = 1_000 * (perf_counter() - start)
        answers.append(Answer(query, milliseconds, _place(response, query)))
    return answers


async def _ask_in_batches(stub: SearchServiceAsyncStub, queries: Sequence[Query]) -> None:
    """Ask each query once, one batch at a time."""
    for start in range(0, len(queries), _BATCH):
        batch = queries[start : start + _BATCH]
        requests = [SearchTracksRequest(query=query.text, page_size=_PAGE) for query in batch]
        response = await stub.BatchSearchTracks(
            BatchSearchTracksRequest(requests=requests), timeout=_TIMEOUT
        )
        if any(result.HasField("error") for result in response.results):
            raise BenchmarkError("a search of a batch failed")


def _place(response: SearchTracksResponse, query: Query) -> int:
    for place, hit in enumerate(response.hits, start=1):
        if any(f"{source.type}:{source.id}" in query.expected for source in hit.track.sources):
            return place
    return 0


def _report_latency(report: Report, how: str, answers: Sequence[Answer]) -> None:
    times = sorted(answer.milliseconds for answer in answers)
    for percent in _PERCENTS:
        limit = _MAX_P99_MS if percent == 99 else None
        value = percentile(times, percent)
        report.add("search", f"p{percent}, {how}", value, "ms", at_most=limit)
    report.add("search", f"slowest, {how}", times[-1], "ms")
    report.notes.append(f"search, {how}: {histogram(times, 'ms')}")
    slowest = sorted(answers, key=lambda answer: -answer.milliseconds)[:10]
    report.details.setdefault("search", {})[how] = {
        "milliseconds": {str(percent): percentile(times, percent) for percent in _PERCENTS},
        "slowest": [
            {"query": each.query.text, "kind": each.query.kind, "milliseconds": each.milliseconds}
            for each in slowest
        ],
    }


def _report_rates(report: Report, rounds: Sequence[dict[str, float]]) -> None:
    for way in rounds[0]:
        report.add("search", f"rate, {way}", median(each[way] for each in rounds), "/s")
    ratios = [each[_IN_BATCHES] / each["one at a time"] for each in rounds]
    report.add("search", "rate, batches / one at a time", median(ratios), "x")
    report.details["search"]["queries_per_second"] = rounds


def _report_quality(report: Report, answers: Sequence[Answer]) -> None:
    by_kind: defaultdict[str, list[int]] = defaultdict(list)
    for answer in answers:
        by_kind[answer.query.kind].append(answer.place)
    everything = [answer.place for answer in answers]
    report.add("search", "right first", _share(everything, 1), "%")
    report.add("search", "right in the first ten", _share(everything, _PAGE), "%")
    kinds = {
        kind: {
            "queries": len(places),
            "first": round(_share(places, 1), 1),
            "in_ten": round(_share(places, _PAGE), 1),
        }
        for kind, places in sorted(by_kind.items(), key=lambda item: -len(item[1]))
    }
    report.details["search"]["kinds"] = kinds
    lines = [
        f"  {kind:24} {found['queries']:5,} {found['first']:7.1f} {found['in_ten']:7.1f}"
        for kind, found in kinds.items()
    ]
    heading = f"{'search, right answers (%)':26} {'all':>5} {'first':>7} {'in ten':>7}"
    report.notes.append("\n".join((heading, *lines)))


def _share(places: Sequence[int], within: int) -> float:
    """Return how many of the answers are right within the first ones (%)."""
    return 100 * sum(0 < place <= within for place in places) / len(places)
