"""How long one write takes whose track can be found when it returns.

Tracks are created one at a time, each with the title of one track and the artist of another, then
given another title, then deleted. The catalogue is whole while this is measured, commits reach the
disk, and the time is that of the caller through gRPC.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask

from benchmarks.bench import Bench
from benchmarks.http2 import Connection, connections
from benchmarks.processes import BenchmarkError, Server
from benchmarks.report import Report
from benchmarks.search import clients, ground
from benchmarks.songs import Song
from fonoteca.v1.track_pb2 import CreateTrackRequest, DeleteTrackRequest, Track, UpdateTrackRequest
from fonoteca.v1.types_pb2 import CreditedName

_NAME: Final = "search.writes"
_CREATE: Final = "/fonoteca.v1.TrackService/CreateTrack"
_UPDATE: Final = "/fonoteca.v1.TrackService/UpdateTrack"
_DELETE: Final = "/fonoteca.v1.TrackService/DeleteTrack"
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
        times = _write(server, songs)
    for name, each in (("create a track", times.create), ("rename a track", times.update)):
        ground.report_times(report, _NAME, name, each[_WARM_UP:], {50: _MAX_MS})


def _write(server: Server, songs: Sequence[Song]) -> _Times:
    dice, times = random.Random(1), _Times()
    with connections(server) as [connection]:
        for _ in range(_WARM_UP + _COUNT):
            one, other, third = dice.sample(songs, k=3)
            track = Track(title=one.title)
            if other.artist:
                track.credits.append(CreditedName(name=other.artist))
            create = CreateTrackRequest(track=track)
            milliseconds, created = clients.call(connection, _CREATE, create, Track)
            times.create.append(milliseconds)
            renamed = Track(id=created.id, title=f"{third.title} {one.title}"[:200])
            update = UpdateTrackRequest(track=renamed, update_mask=FieldMask(paths=["title"]))
            milliseconds, _ = clients.call(connection, _UPDATE, update, Track)
            times.update.append(milliseconds)
            _find(connection, f"{renamed.title} {other.artist}", created.id)
            clients.call(connection, _DELETE, DeleteTrackRequest(id=created.id), Empty)
    return times


def _find(connection: Connection, text: str, track_id: str) -> None:
    """Raise BenchmarkError unless the track is found: an index that lags would look fast."""
    [answer] = clients.ask(connection, [text[:500]])
    if all(hit.track.id != track_id for hit in answer.response.hits):
        raise BenchmarkError(f"a track that was just written is not found: {text}")
