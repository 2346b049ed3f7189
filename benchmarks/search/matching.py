"""MatchTracks: ten thousand descriptions in one call, and whether they find their tracks.

The descriptions are made from the catalogue by a fixed seed: 70 % are title and artist as they are,
10 % have a slip in the title, 10 % an addition such as "(Official Video)", and 10 % pair the title
of one track with the artist of another that has no such title, so that nothing is right. A match is
right when a track of that title and artist is the best one. The clock runs from the first message
to the last result; the client reads while it writes.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.bench import Bench
from benchmarks.http2 import PATIENCE
from benchmarks.processes import BenchmarkError, Server, Stopwatch
from benchmarks.queries import with_typo
from benchmarks.report import Report
from benchmarks.search import clients, ground
from benchmarks.songs import Song
from fonoteca.v1.search_pb2 import MatchItem, MatchResult, MatchTracksRequest

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

_NAME: Final = "search.match"
_ITEMS: Final = 10_000
_MESSAGE: Final = 200
_WARM_UP: Final = 1_000
_RUNS: Final = 3
_MIN_RATE: Final = 2_000
_SURE: Final = 0.9
_MIN_TYPO: Final = 8
_ADDITIONS: Final = (" (Official Video)", " [HD]", " (Lyrics)")
_PLAIN, _TYPO, _ADDITION, _ABSENT = "as it is", "typo", "addition", "absent"
_SHARES: Final = {_PLAIN: 70, _TYPO: 10, _ADDITION: 10, _ABSENT: 10}


@dataclass(frozen=True, slots=True)
class _Item:
    """A description, and the sources of the tracks that are right."""

    kind: str
    title: str
    artist: str
    right: frozenset[str]


def run(bench: Bench, report: Report) -> None:
    items = _items(ground.songs(bench))
    with bench.serving_filled() as server:
        bench.say(f"matching {_ITEMS:,} descriptions, {_RUNS} times")
        runs = [clients.run(_match(server, items)) for _ in range(_RUNS)]
    rate = median(len(items) / seconds for seconds, _ in runs)
    report.add(_NAME, f"{_ITEMS:,} items in one call", rate, "items/s", at_least=_MIN_RATE)
    results = runs[-1][1]
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for item, result in zip(items, results, strict=True):
        found[item.kind][_verdict(item, result)] += 1
    for kind, verdicts in found.items():
        expected = "nothing" if kind == _ABSENT else "right"
        share = 100 * verdicts[expected] / verdicts.total()
        report.add(_NAME, f"{kind}: {expected}", share, "%")
    sure = [
        _verdict(item, result) == "right"
        for item, result in zip(items, results, strict=True)
        if result.best.confidence >= _SURE
    ]
    if sure:
        name = f"right, of confidence {_SURE:g} and more"
        report.add(_NAME, name, 100 * sum(sure) / len(sure), "%")
    report.details[_NAME] = {"verdicts": {kind: dict(each) for kind, each in found.items()}}


def _items(songs: Sequence[Song]) -> list[_Item]:
    dice = random.Random(1)
    sources: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for song in songs:
        sources[_name(song)].extend(song.sources)
    named = [song for song in songs if song.artist]
    kinds = dice.choices(list(_SHARES), weights=list(_SHARES.values()), k=_ITEMS)
    return [_item(dice, kind, named, sources) for kind in kinds]


def _name(song: Song) -> tuple[str, str]:
    """Return what songs share that are the same to whoever describes them."""
    return song.title_key, song.artist.casefold()


def _item(
    dice: random.Random,
    kind: str,
    songs: Sequence[Song],
    sources: dict[tuple[str, str], list[str]],
) -> _Item:
    song = dice.choice(songs)
    if kind == _ABSENT:
        other = dice.choice(songs)
        while (song.title_key, other.artist.casefold()) in sources:
            other = dice.choice(songs)
        return _Item(kind, song.title, other.artist, frozenset())
    title = song.title
    if kind == _TYPO and len(song.title_key) >= _MIN_TYPO:
        title = with_typo(dice, title)
    elif kind == _ADDITION:
        title += dice.choice(_ADDITIONS)
    return _Item(kind, title, song.artist, frozenset(sources[_name(song)]))


def _verdict(item: _Item, result: MatchResult) -> str:
    """Say what became of an item: right, wrong or nothing."""
    if result.HasField("error"):
        raise BenchmarkError(f"an item was refused: {result.error.message}")
    if not result.HasField("best"):
        return "nothing"
    best = {f"{source.type}:{source.id}" for source in result.best.track.sources}
    return "wrong" if item.right.isdisjoint(best) else "right"


async def _match(server: Server, items: Sequence[_Item]) -> tuple[float, list[MatchResult]]:
    """Return the seconds that all took, and the results in order."""
    async with clients.asyncio_stub(server) as stub:
        await _results(stub, items[:_WARM_UP])
        watch = Stopwatch()
        results = await _results(stub, items)
        return watch.seconds, results


async def _results(stub: SearchServiceAsyncStub, items: Sequence[_Item]) -> list[MatchResult]:
    call = stub.MatchTracks(_messages(items), timeout=PATIENCE)
    results = [result async for response in call for result in response.results]
    if len(results) != len(items):
        raise BenchmarkError(f"{len(items):,} items had {len(results):,} results")
    return results


async def _messages(items: Sequence[_Item]) -> AsyncIterator[MatchTracksRequest]:
    for start in range(0, len(items), _MESSAGE):
        yield MatchTracksRequest(
            items=[
                MatchItem(title=item.title[:1_000], artists=[item.artist[:500]])
                for item in items[start : start + _MESSAGE]
            ]
        )
