"""Who says what a track is: sources, locks, conflicts and undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given

from fonoteca.v1 import artist_pb2, track_pb2, types_pb2
from fonoteca.v1 import provenance_pb2 as pb
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from fonoteca.v1.types_pb2 import (
    Attribute,
    AudioFeatures,
    AudioFile,
    CreditedName,
    ExternalSource,
    FieldSource,
    PartialDate,
)
from service.database import Connection
from service.provenance.fields import changed_fields, only, with_field
from service.provenance.model import FIELDS, MAX_UNDO
from tests.support.documents import documents_agree
from tests.support.errors import raises_status
from tests.support.samples import UNKNOWN, any_track, create, full_track, get, source

if TYPE_CHECKING:
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.provenance_pb2_grpc import ProvenanceServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
FAILED = grpc.StatusCode.FAILED_PRECONDITION
NOT_FOUND = grpc.StatusCode.NOT_FOUND
URI = "file:///music/a.mp3"
TAG = types_pb2.FIELD_SOURCE_KIND_TAG
IMPORT = types_pb2.FIELD_SOURCE_KIND_IMPORT
USER = types_pb2.FIELD_SOURCE_KIND_USER
RULE = types_pb2.FIELD_SOURCE_KIND_RULE
ACCEPT, KEEP = pb.CONFLICT_RESOLUTION_ACCEPT, pb.CONFLICT_RESOLUTION_KEEP


def tagged(title: str = "Song", *, uri: str = URI, **fields: Any) -> Track:
    """Return a track as a scan of one file sends it."""
    return Track(
        title=title,
        sources=[ExternalSource(type="file", id=uri)],
        files=[AudioFile(uri=uri, audio_hash="sha256:1")],
        **fields,
    )


async def send(tracks: TrackServiceAsyncStub, *sent: Track) -> track_pb2.ImportTracksResponse:
    """Import tracks; none may be refused."""
    response = await tracks.ImportTracks(iter([track_pb2.ImportTracksRequest(tracks=sent)]))
    assert not response.failed, response
    return response


async def edit(tracks: TrackServiceAsyncStub, track: Track, **fields: Any) -> Track:
    """Change fields as a person does."""
    wanted = Track(id=track.id, **fields)
    return await tracks.UpdateTrack(track_pb2.UpdateTrackRequest(track=wanted))


async def states(
    provenance: ProvenanceServiceAsyncStub, track: Track
) -> dict[str, pb.FieldProvenance]:
    """Return the provenance of the fields of a track."""
    of = await provenance.GetTrackProvenance(pb.GetTrackProvenanceRequest(id=track.id))
    assert of.track_id == track.id
    return {field.field: field for field in of.fields}


async def conflicts(
    provenance: ProvenanceServiceAsyncStub, **fields: Any
) -> list[pb.TrackConflict]:
    """Return the conflicts on the first page."""
    page = await provenance.ListTrackConflicts(pb.ListTrackConflictsRequest(**fields))
    return list(page.conflicts)


async def revert(provenance: ProvenanceServiceAsyncStub, track: Track, field: str) -> Track:
    """Undo the last change of a field."""
    return await provenance.RevertTrackField(pb.RevertTrackFieldRequest(id=track.id, field=field))


async def resolve(
    provenance: ProvenanceServiceAsyncStub,
    conflict: pb.TrackConflict,
    resolution: pb.ConflictResolution.ValueType,
) -> Track:
    """Decide a conflict."""
    request = pb.ResolveTrackConflictRequest(id=conflict.id, resolution=resolution)
    return await provenance.ResolveTrackConflict(request)


def locked(fields: dict[str, pb.FieldProvenance]) -> set[str]:
    return {name for name, field in fields.items() if field.HasField("lock_time")}


async def scanned(tracks: TrackServiceAsyncStub, connection: Connection, sent: Track) -> Track:
    """Import what a scan sends, and return the one track that is there."""
    await send(tracks, sent)
    [track] = await documents_agree(connection)
    return track


async def test_each_field_knows_its_source(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    track = await scanned(tracks, connection, tagged(comment="x", genres=["Rock"]))
    fields = await states(provenance, track)
    assert list(fields) == ["title", "genres", "comment"]
    assert {name: field.source for name, field in fields.items()} == dict.fromkeys(
        fields, FieldSource(kind=TAG, name=f"file:{URI}")
    )
    assert {field.state_time.ToMicroseconds() for field in fields.values()} == {
        track.create_time.ToMicroseconds()
    }
    assert not locked(fields)
    edited = await edit(tracks, track, comment="y")
    await edit(tracks, edited, features=AudioFeatures(key=3))
    fields = await states(provenance, track)
    assert list(fields) == ["title", "genres", "features.key", "comment"]
    assert fields["title"].source.kind == TAG
    assert fields["comment"].source == FieldSource(kind=USER)
    assert fields["comment"].state_time == edited.update_time
    assert fields["comment"].previous == Track(comment="x")
    assert fields["features.key"].HasField("previous")
    assert fields["features.key"].previous == Track()
    assert locked(fields) == {"comment", "features.key"}


async def test_imports_and_callers_are_sources_too(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    song = Track(title="Song", sources=[source(1)])
    track = await scanned(tracks, connection, song)
    title = (await states(provenance, track))["title"]
    assert title.source == FieldSource(kind=IMPORT, name="spotify:id-1")
    heard = FieldSource(kind=RULE, name="analyzer:x", confidence=0.75)
    await tracks.UpdateTrack(
        track_pb2.UpdateTrackRequest(
            track=Track(id=track.id, features=AudioFeatures(tempo_bpm=120)), source=heard
        )
    )
    tempo = (await states(provenance, track))["features.tempo_bpm"]
    assert tempo.source == heard
    assert not tempo.HasField("lock_time")
    made = await create(tracks, "By hand")
    title = (await states(provenance, made))["title"]
    assert title.source == FieldSource(kind=USER)
    assert not title.HasField("lock_time")


async def test_a_worker_is_a_rule_unless_it_says_more(
    tracks: TrackServiceAsyncStub, provenance: ProvenanceServiceAsyncStub
) -> None:
    track = await create(tracks, "Waits", status=track_pb2.TRACK_STATUS_PENDING)
    await edit(tracks, track, label="By hand")
    [claimed] = (await tracks.ClaimTracks(track_pb2.ClaimTracksRequest())).tracks
    done = await tracks.CompleteTrack(
        track_pb2.CompleteTrackRequest(
            track=Track(id=track.id, comment="found", label="found"), lease_id=claimed.lease_id
        )
    )
    assert (done.comment, done.label) == ("found", "By hand")
    fields = await states(provenance, track)
    assert fields["comment"].source == FieldSource(kind=RULE)
    [conflict] = await conflicts(provenance)
    assert (conflict.field, conflict.said) == ("label", Track(label="found"))


async def test_text_in_a_guessed_encoding_is_as_sure_as_the_guess(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    guessed = Attribute(key="encoding", text="cp1251", source="rule:encoding", confidence=0.5)
    sent = tagged("Группа", label="ASCII", attributes=[guessed])
    fields = await states(provenance, await scanned(tracks, connection, sent))
    assert fields["title"].source.confidence == 0.5
    assert not fields["label"].source.HasField("confidence")


async def test_a_scan_leaves_what_a_person_has_set(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    track = await scanned(tracks, connection, tagged("Song", comment="x"))
    await edit(tracks, track, title="Mine")
    response = await send(tracks, tagged("Sonk", comment="y"))
    assert (response.updated, response.unchanged) == (1, 0)
    [after] = await documents_agree(connection)
    assert (after.title, after.comment) == ("Mine", "y")
    [conflict] = await conflicts(provenance)
    assert conflict.track_id == track.id
    assert (conflict.field, conflict.track_title) == ("title", "Mine")
    assert (conflict.said, conflict.current) == (Track(title="Sonk"), Track(title="Mine"))
    assert conflict.source == FieldSource(kind=TAG, name=f"file:{URI}")
    assert (await send(tracks, tagged("Sonk", comment="y"))).unchanged == 1
    assert await conflicts(provenance) == [conflict]
    await send(tracks, tagged("Mine", comment="y"))
    assert await conflicts(provenance) == []


async def test_an_import_leaves_every_locked_field(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    sent = full_track()
    track = await scanned(tracks, connection, sent)
    everything = pb.LockTrackFieldsRequest(id=track.id, fields=FieldMask(paths=["*"]))
    assert len((await provenance.LockTrackFields(everything)).fields) == len(FIELDS)
    other = Track(
        title="Other", credits=[CreditedName(name="Other")], album=TrackAlbum(title="Other"),
        disc_number=8, disc_total=8, track_number=8, track_total=8, genres=["Other"],
        release_date=PartialDate(year=1999), original_release_date=PartialDate(year=1999),
        duration=Duration(seconds=8), isrc="GBUM71029606", mbid=UNKNOWN, lyrics="Other",
        language="de", explicit=True,
        features=AudioFeatures(
            tempo_bpm=8, key=8, mode=types_pb2.MODE_MINOR, time_signature=8, loudness_lufs=8,
            energy=0.8, danceability=0.8, valence=0.8, acousticness=0.8, instrumentalness=0.8,
            liveness=0.8, speechiness=0.8,
        ),
        popularity=8, attributes=[Attribute(key="x", flag=True)], label="Other", comment="Other",
        sources=[sent.sources[0]],
    )  # fmt: skip
    assert (await send(tracks, other)).unchanged == 1
    assert await documents_agree(connection) == [track]
    found = {conflict.field: conflict.said for conflict in await conflicts(provenance)}
    assert found == {field: only(other, field) for field in FIELDS}
    assert (await connection.execute("SELECT 1 FROM artist WHERE name = 'Other'")).rowcount == 0


@pytest.mark.parametrize(
    "said",
    [
        {"genres": ["ROCK", "pop rock", "Album"]},
        {"album": TrackAlbum(title="HOT SPACE")},
        {"album": TrackAlbum(title="Hot Space", credits=[CreditedName(name="queen")])},
        {"features": AudioFeatures(energy=0.75)},
    ],
)
async def test_another_spelling_is_no_conflict(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
    said: dict[str, Any],
) -> None:
    track = await scanned(tracks, connection, full_track())
    everything = pb.LockTrackFieldsRequest(id=track.id, fields=FieldMask(paths=["*"]))
    await provenance.LockTrackFields(everything)
    await send(tracks, Track(title=track.title, sources=[track.sources[0]], **said))
    assert await conflicts(provenance) == []
    assert await documents_agree(connection) == [track]


async def test_a_moved_file_has_one_conflict(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    track = await scanned(tracks, connection, tagged("Song"))
    await edit(tracks, track, title="Mine")
    await send(tracks, tagged("Sonk"))
    [first] = await conflicts(provenance)
    missing = tagged("Sonk", uri="file:///music/b.mp3")
    await connection.execute("UPDATE audio_file SET missing_at = now()")
    stored = await get(tracks, track)
    stored.files[0].missing_time.FromSeconds(1)
    await connection.execute("UPDATE track SET document = %s", [stored.SerializeToString()])
    await send(tracks, missing)
    [conflict] = await conflicts(provenance)
    assert conflict.id == first.id
    assert (await get(tracks, track)).title == "Mine"


async def test_a_conflict_is_accepted_and_that_is_undone(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    track = await scanned(tracks, connection, tagged("Song"))
    await edit(tracks, track, title="Mine")
    await send(tracks, tagged("Sonk"))
    [conflict] = await conflicts(provenance)
    request = pb.ResolveTrackConflictRequest(
        id=conflict.id, resolution=ACCEPT, validate_only=True, etag='"2"'
    )
    assert (await provenance.ResolveTrackConflict(request)).title == "Sonk"
    assert (await get(tracks, track)).title == "Mine"
    assert (await resolve(provenance, conflict, ACCEPT)).title == "Sonk"
    assert await conflicts(provenance, show_dismissed=True) == []
    title = (await states(provenance, track))["title"]
    assert title.source.kind == TAG
    assert not title.HasField("lock_time")
    with raises_status(NOT_FOUND):
        await resolve(provenance, conflict, ACCEPT)
    await send(tracks, tagged("Song again"))
    assert (await get(tracks, track)).title == "Song again"
    for title_before in ("Sonk", "Mine", "Song"):
        assert (await revert(provenance, track, "title")).title == title_before
    await documents_agree(connection)


async def test_a_conflict_that_is_dismissed_stays_so_until_the_source_says_something_new(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    track = await scanned(tracks, connection, tagged("Song"))
    await edit(tracks, track, title="Mine")
    await send(tracks, tagged("Sonk"))
    [conflict] = await conflicts(provenance, track_id=track.id)
    assert (await resolve(provenance, conflict, KEEP)).title == "Mine"
    assert await conflicts(provenance, track_id=track.id) == []
    [dismissed] = await conflicts(provenance, track_id=track.id, show_dismissed=True)
    assert dismissed.HasField("dismiss_time")
    await send(tracks, tagged("Sonk", comment="new"))
    assert await conflicts(provenance) == []
    await send(tracks, tagged("Sonck", comment="new"))
    [again] = await conflicts(provenance)
    assert (again.id, again.said) == (conflict.id, Track(title="Sonck"))
    await edit(tracks, track, title="Mine, really")
    assert await conflicts(provenance) == []


async def test_an_unlocked_field_follows_its_source_again(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    track = await scanned(tracks, connection, tagged("Song"))
    await edit(tracks, track, title="Mine")
    await send(tracks, tagged("Sonk"))
    unlock = pb.UnlockTrackFieldsRequest(id=track.id, fields=FieldMask(paths=["title"]))
    unlock.validate_only = True
    of = await provenance.UnlockTrackFields(unlock)
    assert not of.fields[0].HasField("lock_time")
    assert locked(await states(provenance, track)) == {"title"}
    unlock.validate_only = False
    unlock.request_id = str(uuid4())
    first = await provenance.UnlockTrackFields(unlock)
    assert await provenance.UnlockTrackFields(unlock) == first
    assert not locked(await states(provenance, track))
    assert len(await conflicts(provenance)) == 1
    await send(tracks, tagged("Sonck"))
    assert (await get(tracks, track)).title == "Sonck"
    assert await conflicts(provenance) == []


async def test_edits_are_undone_with_their_locks(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    before = await scanned(tracks, connection, full_track())
    await edit(tracks, before, credits=[CreditedName(name="Nobody")], album=TrackAlbum(title="No"))
    await edit(tracks, before, credits=[CreditedName(name="Somebody")])
    await tracks.UpdateTrack(
        track_pb2.UpdateTrackRequest(
            track=Track(id=before.id),
            update_mask=FieldMask(paths=["features.key", "explicit", "duration", "genres"]),
        )
    )
    for field in ("credits", "credits", "album", "features.key", "explicit", "duration", "genres"):
        await revert(provenance, before, field)
    [after] = await documents_agree(connection)
    after.etag, after.update_time.seconds = before.etag, before.update_time.seconds
    after.update_time.nanos = before.update_time.nanos
    assert after == before
    fields = await states(provenance, before)
    assert not locked(fields)
    assert {field.source.kind for field in fields.values()} == {IMPORT}
    with raises_status(FAILED):
        await revert(provenance, before, "credits")


async def test_undoing_what_a_scan_did_keeps_the_scan_from_doing_it_again(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    track = await scanned(tracks, connection, tagged("Song"))
    await send(tracks, tagged("Sonk"))
    request = pb.RevertTrackFieldRequest(id=track.id, field="title", validate_only=True)
    assert (await provenance.RevertTrackField(request)).title == "Song"
    assert (await get(tracks, track)).title == "Sonk"
    assert (await revert(provenance, track, "title")).title == "Song"
    assert locked(await states(provenance, track)) == {"title"}
    await send(tracks, tagged("Sonk", comment="new"))
    assert (await get(tracks, track)).title == "Song"
    assert await conflicts(provenance) == []


async def test_undo_makes_an_artist_anew_that_is_gone(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    artists: ArtistServiceAsyncStub,
    connection: Connection,
) -> None:
    track = await scanned(tracks, connection, tagged("Song", credits=[CreditedName(name="Gone")]))
    await edit(tracks, track, credits=[CreditedName(name="Stays")])
    await connection.execute("DELETE FROM artist_credit WHERE display = 'Gone'")
    await connection.execute("DELETE FROM artist WHERE name = 'Gone'")
    after = await revert(provenance, track, "credits")
    assert after.artist == "Gone"
    found = await artists.GetArtist(artist_pb2.GetArtistRequest(id=after.credits[0].artist_id))
    assert found.name == "Gone"


async def test_a_field_remembers_its_last_changes(
    tracks: TrackServiceAsyncStub, provenance: ProvenanceServiceAsyncStub
) -> None:
    track = await create(tracks, "0")
    for number in range(1, MAX_UNDO + 4):
        await edit(tracks, track, title=str(number))
    for number in reversed(range(3, MAX_UNDO + 3)):
        assert (await revert(provenance, track, "title")).title == str(number)
    with raises_status(FAILED):
        await revert(provenance, track, "title")
    title = (await states(provenance, track))["title"]
    assert (title.source.kind, title.HasField("previous")) == (USER, False)


async def test_conflicts_come_in_pages(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    connection: Connection,
) -> None:
    songs = [Track(title="Song", sources=[source(number)]) for number in range(5)]
    await send(tracks, *songs)
    for track in await documents_agree(connection):
        await edit(tracks, track, title="Mine")
    for song in songs:
        song.title = "Sonk"
    await send(tracks, *songs)
    request = pb.ListTrackConflictsRequest(page_size=2)
    seen = []
    for _ in range(3):
        page = await provenance.ListTrackConflicts(request)
        seen += [conflict.track_id for conflict in page.conflicts]
        request.page_token = page.next_page_token
    assert not request.page_token
    assert len(set(seen)) == len(seen) == 5
    assert await conflicts(provenance, library_id=UNKNOWN) == []
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=seen[0]))
    assert len(await conflicts(provenance)) == 4


async def test_bad_input_is_refused(
    tracks: TrackServiceAsyncStub, provenance: ProvenanceServiceAsyncStub
) -> None:
    track = await create(tracks, "Song")
    with raises_status(INVALID, field="id"):
        await provenance.GetTrackProvenance(pb.GetTrackProvenanceRequest(id="x"))
    with raises_status(NOT_FOUND):
        await provenance.GetTrackProvenance(pb.GetTrackProvenanceRequest(id=UNKNOWN))
    for paths in ([], ["files"], ["title", "x"], ["features.x"]):
        with raises_status(INVALID, field="fields"):
            request = pb.LockTrackFieldsRequest(id=track.id, fields=FieldMask(paths=paths))
            await provenance.LockTrackFields(request)
    with raises_status(INVALID, field="field"):
        await revert(provenance, track, "etag")
    with raises_status(INVALID, field="page_token"):
        await conflicts(provenance, page_token="x")
    with raises_status(INVALID, field="resolution"):
        await resolve(provenance, pb.TrackConflict(id=UNKNOWN), 0)  # type: ignore[arg-type]
    with raises_status(NOT_FOUND):
        await resolve(provenance, pb.TrackConflict(id=UNKNOWN), KEEP)
    update = track_pb2.UpdateTrackRequest(track=Track(id=track.id, title="x"))
    update.source.confidence = 2
    with raises_status(INVALID, field="source.confidence"):
        await tracks.UpdateTrack(update)
    with raises_status(INVALID, field="source.kind"):
        update.source.confidence = 1
        await tracks.UpdateTrack(update)
    with raises_status(grpc.StatusCode.ABORTED, reason="ETAG_MISMATCH"):
        await provenance.LockTrackFields(
            pb.LockTrackFieldsRequest(id=track.id, fields=FieldMask(paths=["*"]), etag='"9"')
        )
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=track.id))
    with raises_status(FAILED):
        await provenance.LockTrackFields(
            pb.LockTrackFieldsRequest(id=track.id, fields=FieldMask(paths=["*"]))
        )
    assert "title" in await states(provenance, track)


async def test_what_is_only_tried_changes_nothing(tracks: TrackServiceAsyncStub) -> None:
    track = await create(tracks, "Song")
    delete = track_pb2.DeleteTrackRequest(id=track.id, validate_only=True)
    assert (await tracks.DeleteTrack(delete)).HasField("delete_time")
    assert await get(tracks, track) == track
    with raises_status(grpc.StatusCode.ALREADY_EXISTS):
        await tracks.UndeleteTrack(track_pb2.UndeleteTrackRequest(id=track.id, validate_only=True))
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=track.id))
    undelete = track_pb2.UndeleteTrackRequest(id=track.id, validate_only=True)
    assert not (await tracks.UndeleteTrack(undelete)).HasField("delete_time")
    assert (await get(tracks, track)).HasField("delete_time")
    batch = track_pb2.BatchCreateTracksRequest(tracks=[Track(title="x")], validate_only=True)
    [made] = (await tracks.BatchCreateTracks(batch)).tracks
    with raises_status(NOT_FOUND):
        await get(tracks, made)


@given(any_track(), any_track())
def test_a_track_is_made_another_field_by_field(one: Track, other: Track) -> None:
    changed = list(changed_fields(one, other))
    assert set(changed) <= set(FIELDS)
    result = one
    for field in changed:
        assert only(result, field) != only(other, field)
        result = with_field(result, other, field)
    assert list(changed_fields(result, other)) == []
    for field in changed:
        result = with_field(result, one, field)
    assert list(changed_fields(result, one)) == []
