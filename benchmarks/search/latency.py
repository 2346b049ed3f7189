"""Latency of single searches: each mix at an easy pace, and the mixed one against the load.

Calls are due at even intervals, whether or not those before have been answered (open loop), and
take turns on eight connections. The pace is 50 a second; the load rises from 10 a second until one
call in a hundred takes longer than 100 ms or is refused. Client, service and
PostgreSQL share the cores.

A machine that idles between calls answers each of them later than one that is kept busy. How much
of that any call pays shows a method that does nothing, at the same pace and without pause, and the
mixed queries without pause.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import cycle, islice
from time import perf_counter
from typing import TYPE_CHECKING, Final

import grpc

from benchmarks.bench import Bench
from benchmarks.empty_rpc import PATH
from benchmarks.processes import Server
from benchmarks.report import Report, percentile
from benchmarks.search import clients, ground, plots
from benchmarks.search.mixes import Mixes
from fonoteca.v1.search_pb2_grpc import SearchServiceStub

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

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
        floors = clients.run(_floors(server, mixes.mixed))
        bench.say(f"searches on schedule, {_PACE} a second")
        by_mix = clients.run(_at_a_pace(server, mixes))
        bench.say("searches on schedule, more and more a second")
        by_load = clients.run(_under_load(server, mixes.mixed))
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


async def _floors(server: Server, mixed: Sequence[str]) -> dict[str, list[float]]:
    async with clients.channels(server) as [channel]:
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(PATH)
        empty = partial(method, b"", timeout=clients.TIMEOUT)
        stub: SearchServiceAsyncStub = SearchServiceStub(channel)
        await clients.ask_together([stub], mixed[:_WARM_UP])
        return {
            "empty call, one after the other": [await _timed(empty) for _ in range(_OTHERS)],
            f"empty call at {_PACE}/s": await clients.on_schedule([empty] * _OTHERS, _PACE),
            "mixed, one after the other": [
                of.milliseconds for of in await clients.ask(stub, mixed)
            ],
        }


async def _timed(call: Callable[[], Awaitable[object]]) -> float:
    start = perf_counter()
    await call()
    return 1_000 * (perf_counter() - start)


async def _at_a_pace(server: Server, mixes: Mixes) -> dict[str, list[float]]:
    parts: dict[str, Sequence[str]] = {
        "mixed": mixes.mixed,
        "exact": mixes.exact[:_OTHERS],
        "common": mixes.common,
        "typo": [each.text for each in mixes.typo[:_OTHERS]],
        "prefix": mixes.prefix[:_OTHERS],
    }
    async with clients.stubs(server, _CONNECTIONS) as stubs:
        await clients.ask_together(stubs, mixes.exact[-_WARM_UP:])
        await clients.ask_together(stubs, mixes.prefix[-_WARM_UP:])
        return {
            mix: await clients.ask_on_schedule(stubs, texts, _PACE) for mix, texts in parts.items()
        }


async def _under_load(server: Server, texts: Sequence[str]) -> dict[int, list[float]]:
    by_load: dict[int, list[float]] = {}
    endless = cycle(texts)
    async with clients.stubs(server, _CONNECTIONS) as stubs:
        for load in _LOADS:
            due = list(islice(endless, load * _SECONDS))
            by_load[load] = await clients.ask_on_schedule(stubs, due, load)
            if percentile(sorted(by_load[load]), 99) > _TOO_SLOW_MS:
                break
    return by_load
