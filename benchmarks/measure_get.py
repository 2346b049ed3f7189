"""What reading a track costs beside what any call costs.

One service, the ordinary one with an empty method added, gets three kinds of load: that method,
GetTrack of random tracks of the whole catalogue, and BatchGetTracks of 1,000 of them at a time.
They take turns in random order, several rounds, and the ratio of each round counts, so that
whatever else the machine does hits all of them alike; the median of the rounds is what is reported.
The load comes from another process (`benchmarks.http2`), whose own cost is reported too: as long as
it stays well below one core, it is not what limits the rates. The access log is on unless
FONOTECA_LOG_LEVEL=WARNING turns it off, for all three alike.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from statistics import median
from typing import Final

from google.protobuf.message import Message

from benchmarks.bench import Bench
from benchmarks.empty_rpc import PATH as EMPTY_PATH
from benchmarks.http2 import Rate, load
from benchmarks.processes import Server
from benchmarks.report import Report
from fonoteca.v1.track_pb2 import BatchGetTracksRequest, GetTrackRequest

_GET_PATH: Final = "/fonoteca.v1.TrackService/GetTrack"
_BATCH_PATH: Final = "/fonoteca.v1.TrackService/BatchGetTracks"
_BATCH: Final = 1_000
_BATCHES: Final = 100
_GETS: Final = 50_000
_QUIET_LEVELS: Final = ("WARNING", "ERROR")


def run(bench: Bench, report: Report) -> None:
    dice = random.Random(1)
    ids = bench.filled.track_ids()
    gets = _serialized(GetTrackRequest(id=each) for each in dice.choices(ids, k=_GETS))
    batches = _serialized(
        BatchGetTracksRequest(ids=dice.choices(ids, k=_BATCH)) for _ in range(_BATCHES)
    )
    seconds = bench.options.seconds
    with bench.serving_filled(empty_rpc=True) as server:
        parts: dict[str, Callable[[Server], Rate]] = {
            "empty": lambda to: load(to, EMPTY_PATH, [b""], seconds=seconds),
            "get": lambda to: load(to, _GET_PATH, gets, seconds=seconds),
            "batch": lambda to: load(
                to, _BATCH_PATH, batches, seconds=seconds, count=2, in_flight=1
            ),
        }
        rounds = [_round(bench, dice, parts, server) for _ in range(bench.options.rounds)]
    _report(report, rounds)


def _serialized(messages: Iterable[Message]) -> list[bytes]:
    return [message.SerializeToString() for message in messages]


def _round(
    bench: Bench,
    dice: random.Random,
    parts: dict[str, Callable[[Server], Rate]],
    server: Server,
) -> dict[str, Rate]:
    order = dice.sample(list(parts), k=len(parts))
    bench.say(f"load: {', '.join(order)}")
    return {name: parts[name](server) for name in order}


def _report(report: Report, rounds: list[dict[str, Rate]]) -> None:
    rates = {name: [each[name].per_second for each in rounds] for name in rounds[0]}
    to_empty = [each["get"].per_second / each["empty"].per_second for each in rounds]
    to_get = [_BATCH * each["batch"].per_second / each["get"].per_second for each in rounds]
    busy = max(rate.client_cpu_seconds / rate.seconds for each in rounds for rate in each.values())
    cpu = {
        name: 1e6 * median(each[name].server_cpu_seconds / each[name].calls for each in rounds)
        for name in rounds[0]
    }
    log = "off" if os.environ.get("FONOTECA_LOG_LEVEL") in _QUIET_LEVELS else "on"
    report.add("get", f"empty calls (access log {log})", median(rates["empty"]), "/s")
    report.add("get", "GetTrack calls", median(rates["get"]), "/s")
    report.add("get", "GetTrack / empty call", median(to_empty), "x", at_least=0.45)
    report.add("get", "CPU of the service, empty call", cpu["empty"], "µs")
    report.add("get", "CPU of the service, GetTrack", cpu["get"], "µs")
    report.add("get", "tracks by BatchGetTracks", _BATCH * median(rates["batch"]), "/s")
    report.add("get", "BatchGetTracks / GetTrack, in tracks", median(to_get), "x", at_least=10)
    report.add("get", "load generator at its busiest", 100 * busy, "% of a core")
    report.details["get"] = {
        "access_log": log,
        "calls_per_second": rates,
        "service_cpu_microseconds_per_call": cpu,
        "get_to_empty": to_empty,
        "batch_to_get": to_get,
    }
