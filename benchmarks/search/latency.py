"""Latency of single searches: each mix at an easy pace, and the mixed one against the load.

Calls are due at even intervals, whether or not those before have been answered (open loop), and
take turns on eight connections. The pace is 50 a second; the load rises from 10 a second until one
call in a hundred takes longer than 100 ms or is refused. Client, service and PostgreSQL share the
cores.

A machine that idles between calls answers each of them later than one that is kept busy. How much
of that any call pays shows a method that does nothing, at the same pace and without pause, and the
mixed queries without pause. What a client on Python's own gRPC library adds shows the same schedule
with one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Final

from google.protobuf.empty_pb2 import Empty

from benchmarks.bench import Bench
from benchmarks.empty_rpc import PATH
from benchmarks.http2 import connections
from benchmarks.processes import Server
from benchmarks.report import Report, percentile
from benchmarks.search import clients, ground, plots
from benchmarks.search.mixes import Mixes

_NAME: Final = "search.latency"
_CONNECTIONS: Final = 8
_WARM_UP: Final = 200
_PACE: Final = 50
_OTHERS: Final = 250
"""How many queries of each mix but the mixed one."""

_LOADS: Final = (10, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 600, 800, 1_000)
_SECONDS: Final = 5
_TOO_SLOW_MS: Final = 100
_LIMITS: Final = {50: 2.5, 99: 10.0}


def run(bench: Bench, report: Report) -> None:
    mixes = ground.mixes(bench)
    with bench.serving_filled(empty_rpc=True) as server:
        bench.say("empty calls and searches, without pause and on schedule")
        floors = _floors(server, mixes.mixed)
        floors[f"mixed at {_PACE}/s, client on grpc.aio"] = clients.run(
            _by_asyncio(server, mixes.mixed[:_OTHERS])
        )
        bench.say(f"searches on schedule, {_PACE} a second")
        by_mix = _at_a_pace(server, mixes)
        bench.say("searches on schedule, more and more a second")
        by_load = _under_load(server, mixes.mixed)
    for name, times in floors.items():
        ground.report_times(report, _NAME, name, times)
    for mix, times in by_mix.items():
        name = f"{mix} at {_PACE}/s"
        limits = _LIMITS if mix == "mixed" else None
        ground.report_times(report, _NAME, name, times, limits)
    report.details[_NAME] = {
        "load": [
            {"per_second": load}
            | {f"p{percent}": percentile(sorted(times), percent) for percent in (50, 90, 99)}
            for load, times in by_load.items()
            if max(times) < math.inf
        ]
    }
    kept = [
        load for load, times in by_load.items() if percentile(sorted(times), 99) <= _TOO_SLOW_MS
    ]
    report.add(_NAME, f"highest load with p99 below {_TOO_SLOW_MS} ms", max(kept, default=0), "/s")
    report.plot("search-latency-load", plots.latency_against_load(by_load))


def _floors(server: Server, mixed: Sequence[str]) -> dict[str, list[float]]:
    with connections(server) as each:
        clients.ask(each[0], mixed[:_WARM_UP])
        return {
            "empty call, one after the other": [
                clients.call(each[0], PATH, Empty(), Empty)[0] for _ in range(_OTHERS)
            ],
            f"empty call at {_PACE}/s": clients.on_schedule(
                each, PATH, [Empty()] * _OTHERS, Empty, _PACE
            ),
            "mixed, one after the other": [of.milliseconds for of in clients.ask(each[0], mixed)],
        }


async def _by_asyncio(server: Server, mixed: Sequence[str]) -> list[float]:
    async with clients.asyncio_stub(server) as stub:
        return await clients.ask_by_asyncio_on_schedule(stub, mixed, _PACE)


def _at_a_pace(server: Server, mixes: Mixes) -> dict[str, list[float]]:
    parts: dict[str, Sequence[str]] = {
        "mixed": mixes.mixed,
        "exact": mixes.exact[:_OTHERS],
        "common": mixes.common,
        "typo": [each.text for each in mixes.typo[:_OTHERS]],
        "prefix": mixes.prefix[:_OTHERS],
    }
    with connections(server, _CONNECTIONS) as each:
        clients.ask_together(each, mixes.exact[-_WARM_UP:])
        clients.ask_together(each, mixes.prefix[-_WARM_UP:])
        return {mix: clients.ask_on_schedule(each, texts, _PACE) for mix, texts in parts.items()}


def _under_load(server: Server, texts: Sequence[str]) -> dict[int, list[float]]:
    by_load: dict[int, list[float]] = {}
    endless = cycle(texts)
    with connections(server, _CONNECTIONS) as each:
        for load in _LOADS:
            due = list(islice(endless, load * _SECONDS))
            by_load[load] = clients.ask_on_schedule(each, due, load)
            if percentile(sorted(by_load[load]), 99) > _TOO_SLOW_MS:
                break
    return by_load
