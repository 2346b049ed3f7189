"""Artists that come as one text are split where that is certain, and listed where it is not."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
from typer.testing import CliRunner

from fonoteca.v1 import credit_pb2 as pb
from fonoteca.v1 import provenance_pb2, track_pb2, types_pb2
from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import Attribute, AudioFile, CreditedName, ExternalSource
from service.cli import application
from service.database import Connection
from tests.support.documents import documents_agree
from tests.support.errors import raises_status

if TYPE_CHECKING:
    from fonoteca.v1.credit_pb2_grpc import CreditServiceAsyncStub
    from fonoteca.v1.provenance_pb2_grpc import ProvenanceServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def tagged(artist: str, number: int = 1, **fields: Any) -> Track:
    """Return a track as a scan of one file sends it."""
    uri = f"file:///music/{number}.mp3"
    return Track(
        title=f"Song {number}",
        credits=[CreditedName(name=artist)],
        sources=[ExternalSource(type="file", id=uri)],
        files=[AudioFile(uri=uri, audio_hash=f"sha256:{number}")],
        **fields,
    )


async def send(tracks: TrackServiceAsyncStub, *sent: Track) -> track_pb2.ImportTracksResponse:
    """Import tracks; none may be refused."""
    response = await tracks.ImportTracks(iter([track_pb2.ImportTracksRequest(tracks=sent)]))
    assert not response.failed, response
    return response


async def credited(connection: Connection) -> dict[str, list[str]]:
    """Return the artists of each track, by title."""
    tracks = await documents_agree(connection)
    return {track.title: [name.name for name in track.credits] for track in tracks}


async def in_doubt(credits: CreditServiceAsyncStub) -> list[str]:
    """Return the names on the first page."""
    page = await credits.ListCreditReviews(pb.ListCreditReviewsRequest())
    return [review.name for review in page.reviews]


async def decide(credits: CreditServiceAsyncStub, name: str, *artists: str, **fields: Any) -> int:
    """Decide about a name; return how many tracks that changed."""
    request = pb.DecideCreditRequest(name=name, artists=artists, **fields)
    return (await credits.DecideCredit(request)).changed_tracks


async def test_a_scan_splits_what_is_certain(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    sent = tagged("A feat. B")
    sent.credits.add(name="C", role=types_pb2.CREDIT_ROLE_COMPOSER)
    await send(tracks, sent)
    [track] = await documents_agree(connection)
    assert track.artist == "A feat. B"
    assert [(name.name, name.role) for name in track.credits] == [
        ("A", types_pb2.CREDIT_ROLE_PRIMARY),
        ("B", types_pb2.CREDIT_ROLE_FEATURED),
        ("C", types_pb2.CREDIT_ROLE_COMPOSER),
    ]
    of = await provenance.GetTrackProvenance(provenance_pb2.GetTrackProvenanceRequest(id=track.id))
    [found] = [field for field in of.fields if field.field == "credits"]
    assert found.source.kind == types_pb2.FIELD_SOURCE_KIND_RULE
    assert found.source.confidence == 0.95
    assert (await send(tracks, sent)).unchanged == 1
    undo = provenance_pb2.RevertTrackFieldRequest(id=track.id, field="credits")
    whole = await provenance.RevertTrackField(undo)
    assert [name.name for name in whole.credits] == ["A feat. B", "C"]
    sent.comment = "new"
    await send(tracks, sent)
    assert await credited(connection) == {"Song 1": ["A feat. B", "C"]}
    assert not (
        await provenance.ListTrackConflicts(provenance_pb2.ListTrackConflictsRequest())
    ).conflicts


async def test_other_files_and_the_catalogue_are_evidence(
    tracks: TrackServiceAsyncStub, credits: CreditServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, tagged("Ann Lee & Bo Ek", 1), tagged("Ann Lee", 2))
    assert (await credited(connection))["Song 1"] == ["Ann Lee & Bo Ek"]
    assert await in_doubt(credits) == ["Ann Lee & Bo Ek"]
    await send(tracks, tagged("BO EK", 3))
    await send(tracks, tagged("Ann Lee & Bo Ek", 4))
    assert (await credited(connection))["Song 4"] == ["Ann Lee", "Bo Ek"]
    await send(tracks, tagged("Cy Dee & Ed Foo", 5), tagged("Ed Foo", 6), tagged("Cy Dee", 7))
    assert (await credited(connection))["Song 5"] == ["Cy Dee", "Ed Foo"]


async def test_ids_and_lists_are_evidence(
    tracks: TrackServiceAsyncStub, credits: CreditServiceAsyncStub, connection: Connection
) -> None:
    ids = [Attribute(key="musicbrainz_artist_id", text=str(uuid4())) for _ in range(2)]
    listed = tagged("Earth, Wind & Fire", 3)
    listed.credits.add(name="Somebody")
    await send(
        tracks,
        tagged("Ann & Bo", 1, attributes=ids),
        tagged("Hall & Oates", 2, attributes=ids[:1]),
        listed,
        tagged("Hall & Oates", 4),
        tagged("Earth, Wind & Fire", 5),
    )
    assert await credited(connection) == {
        "Song 1": ["Ann", "Bo"],
        "Song 2": ["Hall & Oates"],
        "Song 3": ["Earth, Wind & Fire", "Somebody"],
        "Song 4": ["Hall & Oates"],
        "Song 5": ["Earth, Wind & Fire"],
    }
    assert await in_doubt(credits) == []


async def test_what_another_system_lists_is_left_alone(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    song = Track(
        title="Song 1",
        credits=[CreditedName(name="A feat. B")],
        sources=[ExternalSource(type="spotify", id="1")],
    )
    await send(tracks, song)
    assert await credited(connection) == {"Song 1": ["A feat. B"]}


async def test_a_decision_holds_for_what_is_there_and_what_comes(
    tracks: TrackServiceAsyncStub, credits: CreditServiceAsyncStub, connection: Connection
) -> None:
    name = "Ann & Bo"
    await send(tracks, tagged(name, 1), tagged(f"X feat. {name}", 2), tagged(name, 3))
    locked = next(track for track in await documents_agree(connection) if track.title == "Song 3")
    people = [CreditedName(name=name), CreditedName(name="Z")]
    await tracks.UpdateTrack(
        track_pb2.UpdateTrackRequest(track=Track(id=locked.id, credits=people))
    )
    assert await in_doubt(credits) == [name]
    before = await credited(connection)
    assert await decide(credits, name, "Ann", "Bo", validate_only=True) == 2
    assert (await credited(connection), await in_doubt(credits)) == (before, [name])
    assert await decide(credits, name, "Ann", "Bo", request_id=str(uuid4())) == 2
    assert await in_doubt(credits) == []
    await send(tracks, tagged(name, 4))
    assert await credited(connection) == {
        "Song 1": ["Ann", "Bo"],
        "Song 2": ["X", "Ann", "Bo"],
        "Song 3": [name, "Z"],
        "Song 4": ["Ann", "Bo"],
    }


async def test_a_name_that_is_one_stays_one(
    tracks: TrackServiceAsyncStub, credits: CreditServiceAsyncStub, connection: Connection
) -> None:
    name = "Ann Lee & Bo Ek"
    assert await decide(credits, name, name) == 0
    await send(tracks, tagged(name, 1), tagged("Ann Lee", 2), tagged("Bo Ek", 3))
    assert (await credited(connection))["Song 1"] == [name]
    assert await in_doubt(credits) == []


async def test_names_come_in_pages(
    tracks: TrackServiceAsyncStub, credits: CreditServiceAsyncStub
) -> None:
    await send(tracks, *(tagged(f"Ann {number} & Bo", number) for number in range(5)))
    request = pb.ListCreditReviewsRequest(page_size=2)
    seen = []
    for _ in range(3):
        page = await credits.ListCreditReviews(request)
        seen += [review.name for review in page.reviews]
        request.page_token = page.next_page_token
    assert seen == [f"Ann {number} & Bo" for number in range(5)]
    assert not request.page_token


async def test_bad_decisions_are_refused(credits: CreditServiceAsyncStub) -> None:
    with raises_status(INVALID, field="name"):
        await decide(credits, "")
    for artists in ([], ["A"], ["B", "A"], ["A", "C"]):
        with raises_status(INVALID, field="artists"):
            await decide(credits, "A & B", *artists)
    with raises_status(INVALID, field="page_size"):
        await credits.ListCreditReviews(pb.ListCreditReviewsRequest(page_size=-1))


async def test_the_command_line_lists_and_decides(
    tracks: TrackServiceAsyncStub, credits: CreditServiceAsyncStub, server: str
) -> None:
    await send(tracks, tagged("Ann Lee & Bo Ek", 1), tagged("Ann Lee", 2))

    async def run(*arguments: str) -> str:
        command = ["credits", *arguments, "--address", server]
        done = await asyncio.to_thread(CliRunner().invoke, application(["credits"]), command)
        assert done.exit_code == 0, done.output
        return done.stdout

    shown = await run("review")
    assert "Ann Lee & Bo Ek" in shown
    [found] = map(json.loads, (await run("review", "--json")).splitlines())
    assert (found["pieces"], found["known_pieces"]) == (["Ann Lee", "Bo Ek"], ["Ann Lee"])
    decision = ("decide", "Ann Lee & Bo Ek", "Ann Lee", "Bo Ek")
    assert await run(*decision, "--dry-run") == "1 track would change\n"
    assert await run(*decision) == "1 track changed\n"
    assert await run("review", "--json") == ""
    assert json.loads(await run("decide", "A & B", "--json"))["changed_tracks"] == "0"
