"""How long one write takes whose track can be found when it returns.

Tracks are created one at a time, each with the title of one track and the artist of another, then
given another title, then deleted. The catalogue is whole while this is measured, commits reach the
disk, and the time is that of the caller through gRPC.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Final

from google.protobuf.field_mask_pb2 import FieldMask

from benchmarks.bench import Bench
from benchmarks.processes import BenchmarkError, Server
from benchmarks.report import Report
from benchmarks.search import clients, ground
from benchmarks.songs import Song
from fonoteca.v1.search_pb2_grpc import SearchServiceStub
from fonoteca.v1.track_pb2 import CreateTrackRequest, DeleteTrackRequest, Track, UpdateTrackRequest
from fonoteca.v1.track_pb2_grpc import TrackServiceStub
from fonoteca.v1.types_pb2 import CreditedName

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

_NAME: Final = "search.writes"
_COUNT: Final = 300
_WARM_UP: Final = 30
_MAX_MS: Final = 3.0


@dataclass(frozen=True, slots=True)
class _Times:
    """Milliseconds of each call."""

    create: list[float] = field(default_factory=list)
    update: list[float] = field(default_factory=list)


def run(bench: Bench, report: Report) -> None:
    songs = ground.songs(bench)
    with bench.serving_filled() as server:
        bench.say(f"creating and renaming {_COUNT} tracks, one at a time")
        times = clients.run(_write(server, songs))
    for name, each in (("create a track", times.create), ("rename a track", times.update)):
        ground.report_times(report, _NAME, name, each[_WARM_UP:], {50: _MAX_MS})


async def _write(server: Server, songs: Sequence[Song]) -> _Times:
    dice, times = random.Random(1), _Times()
    async with clients.channels(server) as [channel]:
        tracks: TrackServiceAsyncStub = TrackServiceStub(channel)
        search: SearchServiceAsyncStub = SearchServiceStub(channel)
        for _ in range(_WARM_UP + _COUNT):
            one, other, third = dice.sample(songs, k=3)
            track = Track(title=one.title)
            if other.artist:
                track.credits.append(CreditedName(name=other.artist))
            start = perf_counter()
            created = await tracks.CreateTrack(CreateTrackRequest(track=track))
            times.create.append(1_000 * (perf_counter() - start))
            renamed = Track(id=created.id, title=f"{third.title} {one.title}"[:200])
            request = UpdateTrackRequest(track=renamed, update_mask=FieldMask(paths=["title"]))
            start = perf_counter()
            await tracks.UpdateTrack(request)
            times.update.append(1_000 * (perf_counter() - start))
            await _find(search, f"{renamed.title} {other.artist}", created.id)
            await tracks.DeleteTrack(DeleteTrackRequest(id=created.id))
    return times


async def _find(search: SearchServiceAsyncStub, text: str, track_id: str) -> None:
    """Raise BenchmarkError unless the track is found: an index that lags would look fast."""
    [answer] = await clients.ask(search, [text[:500]])
    if all(hit.track.id != track_id for hit in answer.response.hits):
        raise BenchmarkError(f"a track that was just written is not found: {text}")
