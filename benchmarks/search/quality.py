"""Whether search finds what was meant, by kind of query, and what that costs beside Tantivy.

A query is right first, or right in ten, when one of the tracks that were meant is; tracks are told
by their external sources. Queries go one at a time. Fifty of them and the same fifty with Tantivy
take turns, so that whatever else the machine does hits both alike. Some queries are asked before
the clock starts, so that connections are open and statements are prepared, but the answers of most
come for the first time.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from time import perf_counter
from typing import Final

from benchmarks.bench import Bench
from benchmarks.http2 import connections
from benchmarks.processes import Server
from benchmarks.queries import Query, make_queries, read_queries
from benchmarks.report import Report, histogram
from benchmarks.search import clients, ground
from benchmarks.search.tantivy_index import TantivyIndex
from benchmarks.songs import Song, folded
from fonoteca.v1.search_pb2 import SearchTracksResponse

_NAME: Final = "search.quality"
_TURN: Final = 50
_WARM_UP: Final = 100
_MANY: Final = 20
"""A kind of more queries than this has a target of its own."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The place of the first right track, from 1 on, 0 when there is none, and the time it took."""

    place: int
    milliseconds: float


def run(bench: Bench, report: Report) -> None:
    given, songs = bench.options.queries, ground.songs(bench)
    queries = read_queries(given, songs) if given else make_queries(songs)
    random.Random(1).shuffle(queries)
    rival = ground.tantivy(bench)
    keys = folded(bench.filled.conninfo, [query.text for query in queries])
    with bench.serving_filled() as server:
        bench.say(f"{len(queries):,} queries, one at a time, in turn with Tantivy")
        with clients.AccessLog(server) as log:
            ours, theirs = _in_turn(server, queries, keys, rival, songs)
            inside = log.milliseconds()[_WARM_UP:]
    report.add(_NAME, "queries", len(queries), "")
    _report_quality(report, queries, ours, theirs)
    _report_times(report, ours, theirs, inside, queries)


def _in_turn(
    server: Server,
    queries: Sequence[Query],
    keys: Sequence[str],
    rival: TantivyIndex,
    songs: Sequence[Song],
) -> tuple[list[_Outcome], list[_Outcome]]:
    ours: list[_Outcome] = []
    theirs: list[_Outcome] = []
    with connections(server) as [connection]:
        warm_up = [queries[-n % len(queries)].text for n in range(1, _WARM_UP + 1)]
        clients.ask(connection, warm_up)
        pairs = list(zip(queries, keys, strict=True))
        for start in range(0, len(pairs), _TURN):
            turn = pairs[start : start + _TURN]
            answers = clients.ask(connection, [query.text for query, _ in turn])
            for (query, key), answer in zip(turn, answers, strict=True):
                ours.append(_Outcome(_place(answer.response, query), answer.milliseconds))
                theirs.append(_ask_tantivy(rival, songs, query, key))
    return ours, theirs


def _place(response: SearchTracksResponse, query: Query) -> int:
    for place, hit in enumerate(response.hits, start=1):
        if any(f"{source.type}:{source.id}" in query.expected for source in hit.track.sources):
            return place
    return 0


def _ask_tantivy(rival: TantivyIndex, songs: Sequence[Song], query: Query, key: str) -> _Outcome:
    start = perf_counter()
    numbers = rival.ladder(key, clients.PAGE)
    milliseconds = 1_000 * (perf_counter() - start)
    places = (
        place
        for place, number in enumerate(numbers, start=1)
        if not query.expected.isdisjoint(songs[number].sources)
    )
    return _Outcome(next(places, 0), milliseconds)


def _report_times(
    report: Report,
    ours: Sequence[_Outcome],
    theirs: Sequence[_Outcome],
    inside: Sequence[float],
    queries: Sequence[Query],
) -> None:
    times = [each.milliseconds for each in ours]
    rival = [each.milliseconds for each in theirs]
    ground.report_times(report, _NAME, "through gRPC", times)
    ground.report_times(report, _NAME, "in the server", inside)
    ground.report_times(report, _NAME, "Tantivy's ladder", rival)
    ratio = fmean(times) / fmean(rival)
    report.add(_NAME, "mean through gRPC / Tantivy's ladder", ratio, "x", at_most=0.5)
    report.notes.append(f"{_NAME}, through gRPC: {histogram(sorted(times), 'ms')}")
    slowest = sorted(zip(times, queries, strict=True), key=lambda each: -each[0])[:20]
    report.details.setdefault(_NAME, {})["slowest"] = [
        {"query": query.text, "kind": query.kind, "milliseconds": time} for time, query in slowest
    ]


def _report_quality(
    report: Report,
    queries: Sequence[Query],
    ours: Sequence[_Outcome],
    theirs: Sequence[_Outcome],
) -> None:
    first, in_ten = _shares(ours)
    report.add(_NAME, "right first", first, "%", at_least=95)
    report.add(_NAME, "right in the first ten", in_ten, "%", at_least=99)
    kinds = _by_kind(queries, ours, theirs)
    common = {kind: found["in_ten"] for kind, found in kinds.items() if found["queries"] > _MANY}
    if common:
        weakest = min(common, key=lambda kind: common[kind])
        name = f"right in ten, weakest kind ({weakest})"
        report.add(_NAME, name, common[weakest], "%", at_least=95)
    report.add(_NAME, "Tantivy's ladder: right first", _shares(theirs)[0], "%")
    report.add(_NAME, "Tantivy's ladder: right in ten", _shares(theirs)[1], "%")
    report.details.setdefault(_NAME, {})["kinds"] = kinds
    report.details[_NAME]["not_in_ten"] = [
        {"query": query.text, "kind": query.kind}
        for query, outcome in zip(queries, ours, strict=True)
        if not outcome.place
    ]
    report.notes.append(_table(kinds))


def _by_kind(
    queries: Sequence[Query], ours: Sequence[_Outcome], theirs: Sequence[_Outcome]
) -> dict[str, dict[str, float]]:
    """Return shares (%) and mean times (ms) of each kind, the largest kind first."""
    groups: defaultdict[str, list[tuple[_Outcome, _Outcome]]] = defaultdict(list)
    for query, our, their in zip(queries, ours, theirs, strict=True):
        groups[query.kind].append((our, their))
    found = {}
    for kind, pairs in sorted(groups.items(), key=lambda item: -len(item[1])):
        ours_of, theirs_of = zip(*pairs, strict=True)
        first, in_ten = _shares(ours_of)
        rival_first, rival_in_ten = _shares(theirs_of)
        found[kind] = {
            "queries": len(pairs),
            "first": first,
            "in_ten": in_ten,
            "mean_ms": fmean(each.milliseconds for each in ours_of),
            "tantivy_first": rival_first,
            "tantivy_in_ten": rival_in_ten,
            "tantivy_mean_ms": fmean(each.milliseconds for each in theirs_of),
        }
    return found


def _table(kinds: dict[str, dict[str, float]]) -> str:
    heading = (
        f"{_NAME + ' (%, ms)':26} {'all':>5} {'first':>7} {'in ten':>7} {'mean':>7}"
        f" {'Tantivy':>9} {'in ten':>7} {'mean':>7}"
    )
    lines = [
        f"  {kind:24} {found['queries']:5.0f} {found['first']:7.1f} {found['in_ten']:7.1f}"
        f" {found['mean_ms']:7.2f} {found['tantivy_first']:9.1f} {found['tantivy_in_ten']:7.1f}"
        f" {found['tantivy_mean_ms']:7.2f}"
        for kind, found in kinds.items()
    ]
    return "\n".join((heading, *lines))


def _shares(outcomes: Sequence[_Outcome]) -> tuple[float, float]:
    """Return how many of the answers are right first, and right on the page (%)."""
    count = len(outcomes)
    first = sum(outcome.place == 1 for outcome in outcomes)
    found = sum(outcome.place > 0 for outcome in outcomes)
    return 100 * first / count, 100 * found / count
