"""ClaimTracks, CompleteTrack, FailTrack: how workers share what waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from fonoteca.v1 import library_pb2
from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import AudioFeatures, CreditedName
from service.database import Connection
from service.tracks.model import MAX_ATTEMPTS
from tests.support.documents import documents_agree
from tests.support.errors import raises_status
from tests.support.samples import UNKNOWN, create, create_all, get, ids
from tests.support.writing import found

if TYPE_CHECKING:
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
ABORTED = grpc.StatusCode.ABORTED


def pending(title: str = "waits", library_id: str = "") -> pb.Track:
    return pb.Track(title=title, library_id=library_id, status=pb.TRACK_STATUS_PENDING)


async def claim(
    tracks: TrackServiceAsyncStub, most: int = 1, library_id: str = ""
) -> list[pb.ClaimedTrack]:
    response = await tracks.ClaimTracks(
        pb.ClaimTracksRequest(max_tracks=most, library_id=library_id)
    )
    return list(response.tracks)


async def complete(
    tracks: TrackServiceAsyncStub, claimed: pb.ClaimedTrack, *paths: str, **fields: object
) -> pb.Track:
    return await tracks.CompleteTrack(
        pb.CompleteTrackRequest(
            track=pb.Track(id=claimed.track.id, **fields),  # type: ignore[arg-type]
            lease_id=claimed.lease_id,
            update_mask=FieldMask(paths=paths),
        )
    )


async def fail(
    tracks: TrackServiceAsyncStub, claimed: pb.ClaimedTrack, *, retry: bool = False
) -> pb.Track:
    return await tracks.FailTrack(
        pb.FailTrackRequest(
            id=claimed.track.id, lease_id=claimed.lease_id, reason="unreadable", retry=retry
        )
    )


async def end_leases(connection: Connection) -> None:
    await connection.execute("UPDATE track_task SET available_at = now() - interval '1 second'")


async def test_a_pending_track_is_claimed_and_completed(
    tracks: TrackServiceAsyncStub, search: SearchServiceAsyncStub, connection: Connection
) -> None:
    [track] = await create_all(tracks, pending())
    assert await found(search, "waits") == set()
    [claimed] = await claim(tracks)
    assert claimed.track.status == pb.TRACK_STATUS_PROCESSING
    assert claimed.track.etag == '"2"'
    assert claimed.attempt == 1
    lease = claimed.lease_expire_time.seconds - claimed.track.update_time.seconds
    assert lease == 300
    assert await documents_agree(connection) == [claimed.track]
    assert await claim(tracks) == []
    done = await complete(
        tracks, claimed, isrc="GBUM71029605", features=AudioFeatures(key=3),
        credits=[CreditedName(name="Found Out")],
    )  # fmt: skip
    assert done.status == pb.TRACK_STATUS_COMPLETED
    assert (done.title, done.isrc, done.features.key) == ("waits", "GBUM71029605", 3)
    assert await documents_agree(connection) == [done]
    assert await found(search, "found out waits") == {track.id}
    assert await claim(tracks) == []
    with raises_status(ABORTED, reason="CONFLICT"):
        await complete(tracks, claimed)


async def test_completing_stores_what_the_mask_names(tracks: TrackServiceAsyncStub) -> None:
    await create(tracks, status=pb.TRACK_STATUS_PENDING, label="kept", comment="cleared")
    [claimed] = await claim(tracks)
    done = await complete(tracks, claimed, "comment", label="ignored")
    assert (done.label, done.comment) == ("kept", "")


async def test_a_bad_finding_leaves_the_claim(tracks: TrackServiceAsyncStub) -> None:
    await create_all(tracks, pending())
    [claimed] = await claim(tracks)
    with raises_status(INVALID, field="track.isrc"):
        await complete(tracks, claimed, isrc="bad")
    with raises_status(INVALID, field="update_mask"):
        await complete(tracks, claimed, "nmae")
    assert (await complete(tracks, claimed)).status == pb.TRACK_STATUS_COMPLETED


async def test_no_track_is_handed_out_twice(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    made = await create_all(tracks, *(pending(str(number)) for number in range(300)))
    seen: list[pb.ClaimedTrack] = []

    async def work(most: int) -> None:
        while claimed := await claim(tracks, most):
            assert len(claimed) <= most
            seen.extend(claimed)
            await asyncio.gather(*(complete(tracks, one) for one in claimed[::2]))

    await asyncio.gather(*(work(most) for most in (1, 2, 3, 7, 20, 50, 1, 5)))
    assert sorted(one.track.id for one in seen) == sorted(ids(*made))
    await documents_agree(connection)


async def test_the_oldest_are_handed_out_first(tracks: TrackServiceAsyncStub) -> None:
    made = await create_all(tracks, *(pending(str(number)) for number in range(5)))
    assert [one.track.id for one in await claim(tracks, 2)] == ids(*made[:2])
    assert [one.track.id for one in await claim(tracks, 1_000)] == ids(*made[2:])


async def test_claims_may_be_of_one_library(
    tracks: TrackServiceAsyncStub, libraries: LibraryServiceAsyncStub
) -> None:
    other = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    )
    here, there = await create_all(tracks, pending(), pending(library_id=other.id))
    assert [one.track.id for one in await claim(tracks, 10, other.id)] == [there.id]
    assert await claim(tracks, 10, other.id) == []
    assert [one.track.id for one in await claim(tracks, 10)] == [here.id]


async def test_a_lease_ends(tracks: TrackServiceAsyncStub, connection: Connection) -> None:
    await create_all(tracks, pending())
    [first] = await claim(tracks)
    await end_leases(connection)
    [second] = await claim(tracks)
    assert (second.track.id, second.attempt) == (first.track.id, 2)
    for stale in (complete(tracks, first), fail(tracks, first)):
        with raises_status(ABORTED, reason="CONFLICT"):
            await stale
    await end_leases(connection)  # a lease that nobody else has taken since is still good
    assert (await complete(tracks, second)).status == pb.TRACK_STATUS_COMPLETED


async def test_a_track_that_nobody_finishes_is_given_up(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    [track] = await create_all(tracks, pending())
    for attempt in range(1, MAX_ATTEMPTS + 1):
        [claimed] = await claim(tracks)
        assert claimed.attempt == attempt
        await end_leases(connection)
    assert await claim(tracks) == []
    failed = await get(tracks, track)
    assert failed.status == pb.TRACK_STATUS_FAILED
    assert "5 tries" in failed.failure_reason
    assert await documents_agree(connection) == [failed]


async def test_a_track_can_be_given_up(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await create_all(tracks, pending())
    [claimed] = await claim(tracks)
    failed = await fail(tracks, claimed)
    assert (failed.status, failed.failure_reason) == (pb.TRACK_STATUS_FAILED, "unreadable")
    assert await documents_agree(connection) == [failed]
    assert await claim(tracks) == []
    renamed = await tracks.UpdateTrack(
        pb.UpdateTrackRequest(track=pb.Track(id=failed.id, title="renamed"))
    )
    assert (renamed.status, renamed.failure_reason) == (failed.status, failed.failure_reason)
    assert await documents_agree(connection) == [renamed]


async def test_a_retry_gives_the_track_back_until_tries_run_out(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await create_all(tracks, pending())
    for attempt in range(1, MAX_ATTEMPTS + 1):
        [claimed] = await claim(tracks)
        assert claimed.attempt == attempt
        after = await fail(tracks, claimed, retry=True)
        is_last = attempt == MAX_ATTEMPTS
        expected = pb.TRACK_STATUS_FAILED if is_last else pb.TRACK_STATUS_PENDING
        assert after.status == expected
        assert after.failure_reason == ("unreadable" if is_last else "")
        assert await documents_agree(connection) == [after]
    assert await claim(tracks) == []


async def test_a_deleted_track_is_not_handed_out(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    waiting, claimed_track = await create_all(tracks, pending("a"), pending("b"))
    await tracks.DeleteTrack(pb.DeleteTrackRequest(id=waiting.id))
    [claimed] = await claim(tracks)
    assert claimed.track.id == claimed_track.id
    await tracks.DeleteTrack(pb.DeleteTrackRequest(id=claimed_track.id))
    with raises_status(ABORTED, reason="CONFLICT"):
        await complete(tracks, claimed)
    await tracks.UndeleteTrack(pb.UndeleteTrackRequest(id=waiting.id))
    await tracks.UndeleteTrack(pb.UndeleteTrackRequest(id=claimed_track.id))
    assert len(await claim(tracks, 10)) == 2
    await documents_agree(connection)


async def test_an_update_does_not_disturb_the_worker(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    await create_all(tracks, pending())
    [claimed] = await claim(tracks)
    await tracks.UpdateTrack(
        pb.UpdateTrackRequest(track=pb.Track(id=claimed.track.id, label="edited"))
    )
    assert await claim(tracks) == []
    done = await complete(tracks, claimed, comment="found out")
    assert (done.label, done.comment) == ("edited", "found out")
    assert await documents_agree(connection) == [done]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ClaimTracksRequest(max_tracks=-1), "max_tracks"),
        (pb.ClaimTracksRequest(max_tracks=1_001), "max_tracks"),
        (pb.ClaimTracksRequest(library_id="x"), "library_id"),
        (pb.ClaimTracksRequest(lease_duration=Duration()), "lease_duration"),
        (pb.ClaimTracksRequest(lease_duration=Duration(nanos=999_999_999)), "lease_duration"),
        (pb.ClaimTracksRequest(lease_duration=Duration(seconds=-1)), "lease_duration"),
        (pb.ClaimTracksRequest(lease_duration=Duration(seconds=86_401)), "lease_duration"),
        (pb.ClaimTracksRequest(lease_duration=Duration(seconds=2**62)), "lease_duration"),
    ],
)
async def test_bad_claims_are_refused(
    tracks: TrackServiceAsyncStub, request_: pb.ClaimTracksRequest, field: str
) -> None:
    with raises_status(INVALID, field=field):
        await tracks.ClaimTracks(request_)


async def test_a_lease_is_as_long_as_asked(tracks: TrackServiceAsyncStub) -> None:
    await create_all(tracks, pending())
    response = await tracks.ClaimTracks(
        pb.ClaimTracksRequest(lease_duration=Duration(seconds=1, nanos=500_000_000))
    )
    [claimed] = response.tracks
    since, until = claimed.track.update_time, claimed.lease_expire_time
    assert until.ToNanoseconds() - since.ToNanoseconds() == 1_500_000_000


async def test_bad_answers_are_refused(tracks: TrackServiceAsyncStub) -> None:
    lease_id = str(uuid4())
    with raises_status(INVALID, field="track.id"):
        await tracks.CompleteTrack(pb.CompleteTrackRequest(lease_id=lease_id))
    with raises_status(INVALID, field="lease_id"):
        await tracks.CompleteTrack(pb.CompleteTrackRequest(track=pb.Track(id=UNKNOWN)))
    with raises_status(ABORTED, reason="CONFLICT"):
        await tracks.CompleteTrack(
            pb.CompleteTrackRequest(track=pb.Track(id=UNKNOWN), lease_id=lease_id)
        )
    with raises_status(INVALID) as failure:
        await tracks.FailTrack(pb.FailTrackRequest())
    assert failure.fields == ["id", "lease_id", "reason"]
    with raises_status(INVALID, field="reason"):
        await tracks.FailTrack(
            pb.FailTrackRequest(id=UNKNOWN, lease_id=lease_id, reason="x" * 2_001)
        )
