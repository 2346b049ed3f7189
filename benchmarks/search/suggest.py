"""Suggestions while somebody types one of the most popular titles, letter by letter.

Every beginning of the 1,000 most popular titles, from one letter on, is asked once, in random order
and one at a time. The time is that of the service itself (the access log).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from benchmarks.bench import Bench
from benchmarks.http2 import connections
from benchmarks.processes import Server
from benchmarks.report import Report, percentile
from benchmarks.search import clients, ground
from benchmarks.songs import Song
from fonoteca.v1.search_pb2 import SuggestRequest, SuggestResponse

_NAME: Final = "search.suggest"
_METHOD: Final = "/fonoteca.v1.SearchService/Suggest"
_TITLES: Final = 1_000
_WARM_UP: Final = 200
_MAX_LETTERS: Final = 200
_MAX_P99_MS: Final = 5.0
_SHORT: Final = (1, 2, 3)


def run(bench: Bench, report: Report) -> None:
    beginnings = _beginnings(ground.songs(bench))
    random.Random(1).shuffle(beginnings)
    with bench.serving_filled() as server:
        bench.say(f"{len(beginnings):,} beginnings of {_TITLES:,} titles")
        with clients.AccessLog(server) as log:
            times = _type(server, beginnings)
            inside = log.milliseconds(_METHOD)[_WARM_UP:]
    report.add(_NAME, "beginnings", len(beginnings), "")
    ground.report_times(report, _NAME, "in the server", inside, {99: _MAX_P99_MS})
    report.add(_NAME, "in the server: slowest", max(inside), "ms")
    for letters in _SHORT:
        short = [
            time for text, time in zip(beginnings, inside, strict=True) if len(text) == letters
        ]
        name = f"in the server, length {letters}: p99"
        report.add(_NAME, name, percentile(sorted(short), 99), "ms")
    ground.report_times(report, _NAME, "through gRPC", times)
    slowest = sorted(zip(inside, beginnings, strict=True), reverse=True)[:20]
    report.details[_NAME] = {"slowest": slowest}


def _beginnings(songs: Sequence[Song]) -> list[str]:
    """Return what is in the field after each letter, the same text once."""
    popular = sorted(songs, key=lambda song: (-song.popularity, song.title))
    titles = list(dict.fromkeys(song.title.casefold() for song in popular))[:_TITLES]
    typed = {
        title[:letters]: None
        for title in titles
        for letters in range(1, min(len(title), _MAX_LETTERS) + 1)
    }
    return [text for text in typed if text.strip()]


def _type(server: Server, beginnings: Sequence[str]) -> list[float]:
    """Return the time of each call (ms), without those that warm the service up."""
    times = []
    with connections(server) as [connection]:
        for number in range(-_WARM_UP, len(beginnings)):
            request = SuggestRequest(query=beginnings[number % len(beginnings)])
            milliseconds, _ = clients.call(connection, _METHOD, request, SuggestResponse)
            times.append(milliseconds)
    return times[_WARM_UP:]
