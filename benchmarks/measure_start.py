"""How long a user waits for the first answer: on a new machine, and when starting again.

From the start of `python -m service serve` to the answer of the first search, on a data directory
that does not exist (so a PostgreSQL is created and migrated) and again on the same one. The clock
stops when a call succeeds; a call that is refused is repeated. The first start is then timed on to
the first hit: the sample of a new catalogue is imported while calls are already answered.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import grpc

from benchmarks.bench import Bench
from benchmarks.processes import BenchmarkError, Stopwatch
from benchmarks.report import Report
from fonoteca.v1.search_pb2 import SearchTracksRequest
from fonoteca.v1.search_pb2_grpc import SearchServiceStub

_PATIENCE: Final = 60.0
_PAUSE: Final = 0.01
_QUERY: Final = "bohemian rhapsody"
"""In the sample."""


def run(bench: Bench, report: Report) -> None:
    data_dir = bench.new_data_dir("started")
    first, first_hit = _start(bench, data_dir, with_hit=True)
    again, _ = _start(bench, data_dir, with_hit=False)
    report.add("start", "new data directory, first search answered", first, "s")
    report.add("start", "new data directory, first hit in the sample", first_hit, "s")
    report.add("start", "second start, first search answered", again, "s", at_most=3)


def _start(bench: Bench, data_dir: Path, *, with_hit: bool) -> tuple[float, float]:
    """Return when the first search was answered, and when there was a hit if that matters (s)."""
    watch = Stopwatch()
    with bench.serving(data_dir) as server:
        search_until(server.address, hit=False)
        answered = watch.seconds
        if with_hit:
            search_until(server.address, hit=True)
        return answered, watch.seconds


def search_until(address: str, *, hit: bool) -> None:
    """Search until the server answers, and if `hit` until it finds something."""
    watch = Stopwatch()
    with grpc.insecure_channel(address) as channel:
        stub = SearchServiceStub(channel)
        while watch.seconds < _PATIENCE:
            try:
                found = stub.SearchTracks(SearchTracksRequest(query=_QUERY), timeout=5)
            except grpc.RpcError:
                pass
            else:
                if found.hits or not hit:
                    return
            time.sleep(_PAUSE)
    raise BenchmarkError(f"no answer within {_PATIENCE:g} s")
