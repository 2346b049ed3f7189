"""Latency of single searches: each mix at an easy pace, and the mixed one against the load.

Calls are due at even intervals, whether or not those before have been answered (open loop), and
take turns on eight connections. The pace is 50 a second; the load rises from 10 a second until one
call in a hundred takes longer than 100 ms or is refused. Client, service and
PostgreSQL share the cores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Final

from benchmarks.bench import Bench
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
    with bench.serving_filled() as server:
        bench.say(f"searches on schedule, {_PACE} a second")
        by_mix = clients.run(_at_a_pace(server, mixes))
        bench.say("searches on schedule, more and more a second")
        by_load = clients.run(_under_load(server, mixes.mixed))
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
