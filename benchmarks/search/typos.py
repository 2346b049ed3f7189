"""Searches with a slip in one word: what they cost and whether the title is found all the same.

A search finds the title when a track of that title is among the first ten. The service is asked
through gRPC, one at a time, in turn with Tantivy's fuzzy query; the similarity search over titles
of the source designs, which is much slower, answers a part of the queries afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from time import perf_counter
from typing import Final

from benchmarks.bench import Bench
from benchmarks.http2 import connections
from benchmarks.processes import Server
from benchmarks.report import Report
from benchmarks.search import clients, ground
from benchmarks.search.mixes import Typo
from benchmarks.search.source_designs import source_designs
from benchmarks.search.tantivy_index import TantivyIndex
from benchmarks.songs import Song, folded
from fonoteca.v1.search_pb2 import SearchTracksResponse

_NAME: Final = "search.typos"
_WARM_UP: Final = 100
_SIMILAR: Final = 100


def run(bench: Bench, report: Report) -> None:
    songs, typos = ground.songs(bench), ground.mixes(bench).typo
    rival, conninfo = ground.tantivy(bench), bench.filled.conninfo
    texts = [typo.text for typo in typos]
    keys = folded(conninfo, texts)
    with bench.serving_filled() as server:
        bench.say(f"{len(typos):,} queries with a typo, in turn with Tantivy")
        with clients.AccessLog(server) as log:
            answers, theirs = _in_turn(server, texts, keys, rival)
            inside = log.milliseconds()[_WARM_UP:]
    with source_designs(conninfo) as designs:
        similar = designs.by_similarity(texts[:_SIMILAR], clients.PAGE)
    right = _right_answers(songs, typos)
    found = [
        _finds(answer.response, right[typo.title_key])
        for typo, answer in zip(typos, answers, strict=True)
    ]
    rival_found = [
        any(songs[number].title_key == typo.title_key for number in numbers)
        for typo, (_, numbers) in zip(typos, theirs, strict=True)
    ]
    times = [answer.milliseconds for answer in answers]
    rival_times = [milliseconds for milliseconds, _ in theirs]
    ground.report_times(report, _NAME, "through gRPC", times)
    ground.report_times(report, _NAME, "in the server", inside)
    ground.report_times(report, _NAME, "Tantivy, fuzzy", rival_times)
    ground.report_times(report, _NAME, "similarity over titles", similar)
    ratio = fmean(times) / fmean(rival_times)
    report.add(_NAME, "mean through gRPC / Tantivy, fuzzy", ratio, "x", at_most=1.0)
    ours_right, theirs_right = 100 * fmean(found), 100 * fmean(rival_found)
    report.add(_NAME, "Tantivy: title in the first ten", theirs_right, "%")
    report.add(_NAME, "title in the first ten", ours_right, "%", at_least=theirs_right)
    report.details[_NAME] = {
        "missed": [typo.text for typo, is_found in zip(typos, found, strict=True) if not is_found],
    }


def _in_turn(
    server: Server, texts: Sequence[str], keys: Sequence[str], rival: TantivyIndex
) -> tuple[list[clients.Answer], list[tuple[float, Sequence[int]]]]:
    answers: list[clients.Answer] = []
    theirs: list[tuple[float, Sequence[int]]] = []
    with connections(server) as [connection]:
        clients.ask(connection, [texts[-n % len(texts)] for n in range(1, _WARM_UP + 1)])
        for text, key in zip(texts, keys, strict=True):
            answers += clients.ask(connection, [text])
            start = perf_counter()
            numbers = rival.fuzzy(key, clients.PAGE)
            theirs.append((1_000 * (perf_counter() - start), numbers))
    return answers, theirs


def _right_answers(songs: Sequence[Song], typos: Sequence[Typo]) -> Mapping[str, set[str]]:
    """Return the sources of the tracks of each title."""
    wanted = {typo.title_key for typo in typos}
    right: defaultdict[str, set[str]] = defaultdict(set)
    for song in songs:
        if song.title_key in wanted:
            right[song.title_key].update(song.sources)
    return right


def _finds(response: SearchTracksResponse, right: set[str]) -> bool:
    return any(
        f"{source.type}:{source.id}" in right
        for hit in response.hits
        for source in hit.track.sources
    )
