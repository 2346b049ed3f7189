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


async def test_guests_in_brackets_are_split_and_shown_as_they_were(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    sent = tagged("A (feat. B)")
    sent.credits.add(name="C", role=types_pb2.CREDIT_ROLE_COMPOSER)
    await send(tracks, sent)
    [track] = await documents_agree(connection)
    assert track.artist == "A (feat. B)"
    assert [(name.name, name.role, name.join_phrase) for name in track.credits] == [
        ("A", types_pb2.CREDIT_ROLE_PRIMARY, " (feat. "),
        ("B", types_pb2.CREDIT_ROLE_FEATURED, ")"),
        ("C", types_pb2.CREDIT_ROLE_COMPOSER, ""),
    ]
    assert (await send(tracks, sent)).unchanged == 1
    sent.comment = "new"
    assert (await send(tracks, sent)).updated == 1
    [again] = await documents_agree(connection)
    assert again.credits == track.credits


def on_album(of: str, number: int = 1, **fields: Any) -> Track:
    """Return a track of a file whose tags name an album and its artist."""
    sent = tagged("Ann Lee", number)
    sent.album.CopyFrom(
        track_pb2.TrackAlbum(title="Album", credits=[CreditedName(name=of)], **fields)
    )
    return sent


async def album_artists(connection: Connection) -> dict[str, list[str]]:
    """Return the artists of the album of each track, by title."""
    tracks = await documents_agree(connection)
    assert len({track.album.artist for track in tracks}) == 1
    return {track.title: [name.name for name in track.album.credits] for track in tracks}


async def test_album_artists_are_split_and_the_album_stays_one(
    tracks: TrackServiceAsyncStub, credits: CreditServiceAsyncStub, connection: Connection
) -> None:
    await send(tracks, on_album("Ann Lee (feat. Cy Dee)", 1))
    split = ["Ann Lee", "Cy Dee"]
    assert await album_artists(connection) == {"Song 1": split}
    await send(tracks, on_album("Ann Lee (feat. Cy Dee)", 2))
    assert await album_artists(connection) == {"Song 1": split, "Song 2": split}
    assert len({track.album.id for track in await documents_agree(connection)}) == 1
    assert await in_doubt(credits) == []


async def test_an_album_keeps_its_artists_until_somebody_decides(
    tracks: TrackServiceAsyncStub, credits: CreditServiceAsyncStub, connection: Connection
) -> None:
    whole = "Ann Lee & Bo Ek"
    await send(tracks, on_album(whole, 1))
    assert await in_doubt(credits) == [whole]
    await send(tracks, tagged("Bo Ek", 9))
    changed = on_album(whole, 1, mbid="")
    changed.comment = "new"
    moved = on_album(whole, 2)
    moved.sources[0].id = moved.files[0].uri = "file:///music/CD2/2.mp3"
    await send(tracks, changed, moved)
    documents = [track for track in await documents_agree(connection) if track.album.id]
    assert len({track.album.id for track in documents}) == 1
    assert {track.album.artist for track in documents} == {whole}
    request = pb.DecideCreditRequest(name=whole, artists=["Ann Lee", "Bo Ek"])
    decided = await credits.DecideCredit(request)
    assert (decided.changed_tracks, decided.changed_albums) == (0, 1)
    documents = [track for track in await documents_agree(connection) if track.album.id]
    assert {tuple(name.name for name in track.album.credits) for track in documents} == {
        ("Ann Lee", "Bo Ek")
    }


async def test_album_ids_say_how_many_album_artists_there_are(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    sent = on_album("Ann & Bo")
    sent.attributes.extend(
        Attribute(key="musicbrainz_album_artist_id", text=str(uuid4())) for _ in range(2)
    )
    await send(tracks, sent)
    assert await album_artists(connection) == {"Song 1": ["Ann", "Bo"]}


async def test_an_album_that_is_told_by_its_first_artist_keeps_its_text(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    sent = on_album("Ann Lee (feat. Cy Dee)")
    sent.sources[0].id = sent.files[0].uri = f"file:///kept/{'a' * 64}"
    await send(tracks, sent)
    assert await album_artists(connection) == {"Song 1": ["Ann Lee (feat. Cy Dee)"]}


async def test_a_folder_takes_over_the_album_of_a_table_however_its_artists_are_split(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    text = "Ann Lee (feat. Cy Dee)"
    listed = Track(title="Listed", sources=[ExternalSource(type="table", id="1")])
    listed.album.CopyFrom(on_album(text).album)
    await send(tracks, listed)
    await send(tracks, on_album(text))
    assert len({track.album.id for track in await documents_agree(connection)}) == 1


async def test_an_album_whose_folder_moves_is_the_same_when_its_artists_are_split_by_now(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    whole = "Ann Lee & Bo Ek"
    await send(tracks, on_album(whole, 1))
    [before] = await documents_agree(connection)
    await send(tracks, tagged("Bo Ek", 9))
    moved = on_album(whole, 1)
    moved.sources[0].id = moved.files[0].uri = "file:///elsewhere/1.mp3"
    await send(tracks, moved)
    after = next(track for track in await documents_agree(connection) if track.id == before.id)
    assert after.album.id == before.album.id
    assert {file.uri for file in after.files} >= {moved.files[0].uri}


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
    assert await run(*decision, "--dry-run") == "1 track and 0 albums would change\n"
    assert await run(*decision) == "1 track and 0 albums changed\n"
    assert await run("review", "--json") == ""
    assert json.loads(await run("decide", "A & B", "--json"))["changed_tracks"] == "0"
