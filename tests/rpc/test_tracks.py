"""TrackService, as a client sees it: one track after the other, and in batches."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import HealthCheck, given, settings

from fonoteca.v1 import album_pb2, artist_pb2, library_pb2, types_pb2
from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import AudioFeatures, AudioFile, CreditedName, PartialDate
from service.database import Connection
from service.libraries.model import DEFAULT_LIBRARY_ID
from tests.support.documents import documents_agree
from tests.support.errors import raises_status
from tests.support.samples import (
    UNKNOWN,
    any_track,
    create,
    create_all,
    facts,
    full_track,
    get,
    ids,
    source,
)

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
BASIC = pb.TRACK_VIEW_BASIC
FULL = pb.TRACK_VIEW_FULL


async def update(
    tracks: TrackServiceAsyncStub, track: pb.Track, *paths: str, dry: bool = False
) -> pb.Track:
    return await tracks.UpdateTrack(
        pb.UpdateTrackRequest(track=track, update_mask=FieldMask(paths=paths), validate_only=dry)
    )


async def delete(tracks: TrackServiceAsyncStub, track: pb.Track) -> pb.Track:
    return await tracks.DeleteTrack(pb.DeleteTrackRequest(id=track.id))


async def undelete(tracks: TrackServiceAsyncStub, track: pb.Track) -> pb.Track:
    return await tracks.UndeleteTrack(pb.UndeleteTrackRequest(id=track.id))


async def count(connection: Connection, table: str) -> int:
    row = await (await connection.execute(f"SELECT count(*) FROM {table}".encode())).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_full_track_is_read_as_it_was_created(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    sent = full_track()
    created = await tracks.CreateTrack(pb.CreateTrackRequest(track=sent))
    assert await get(tracks, created) == created
    expected = facts(sent)
    assert facts(created) == expected
    assert {field.name for field, _ in created.ListFields()} == (
        {field.name for field in pb.Track.DESCRIPTOR.fields} - {"failure_reason", "delete_time"}
    )
    assert created.library_id == str(DEFAULT_LIBRARY_ID)
    assert created.artist == "Queen & David Bowie feat. A Guest"
    assert created.album.artist == "Queen"
    [queen] = created.album.credits
    assert (queen.artist_id, queen.name) == (created.credits[0].artist_id, "Queen")
    assert [(name.name, name.role) for name in created.credits] == [
        (name.name, name.role) for name in sent.credits
    ]
    assert [name.join_phrase for name in created.credits] == [" & ", " feat. ", "", ""]
    assert created.etag == '"1"'
    assert created.create_time == created.update_time
    assert [created] == await documents_agree(connection)


async def test_what_a_track_needs_is_a_title(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    created = await create(tracks, " Song ")
    assert created == pb.Track(
        id=created.id,
        library_id=str(DEFAULT_LIBRARY_ID),
        title=" Song ",
        status=pb.TRACK_STATUS_COMPLETED,
        etag='"1"',
        create_time=created.create_time,
        update_time=created.create_time,
    )
    assert [created] == await documents_agree(connection)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sent=any_track())
async def test_any_track_is_read_as_it_was_created(
    tracks: TrackServiceAsyncStub, connection: Connection, sent: pb.Track
) -> None:
    await connection.execute("TRUNCATE track CASCADE")
    created = await tracks.CreateTrack(pb.CreateTrackRequest(track=sent))
    assert facts(created) == facts(sent)
    assert [name.name for name in created.credits] == [name.name for name in sent.credits]
    assert [name.role for name in created.credits] == [name.role or 1 for name in sent.credits]
    assert await get(tracks, created) == created
    [document] = await documents_agree(connection)
    if created.features.ByteSize():
        assert document == created


async def test_what_only_the_service_says_is_ignored(tracks: TrackServiceAsyncStub) -> None:
    created = await create(
        tracks, id=UNKNOWN, artist="Nobody", failure_reason="none", etag='"9"',
        album=pb.TrackAlbum(title="Album", artist="Nobody"),
        files=[AudioFile(id="not an id", uri="file:///a")],
    )  # fmt: skip
    assert created.id != UNKNOWN
    assert (created.artist, created.failure_reason, created.etag) == ("", "", '"1"')
    assert created.album.artist == ""
    assert created.files[0].id != "not an id"


async def test_lyrics_come_with_the_full_view(tracks: TrackServiceAsyncStub) -> None:
    created = await create(tracks, lyrics="La la la")
    for view, lyrics in ((0, "La la la"), (BASIC, ""), (FULL, "La la la")):
        request = pb.GetTrackRequest(id=created.id, view=pb.TrackView.ValueType(view))
        assert (await tracks.GetTrack(request)).lyrics == lyrics
    for view, lyrics in ((0, ""), (BASIC, ""), (FULL, "La la la")):
        batch = pb.BatchGetTracksRequest(ids=[created.id], view=pb.TrackView.ValueType(view))
        [found] = (await tracks.BatchGetTracks(batch)).tracks
        assert found.lyrics == lyrics


async def test_artists_albums_and_genres_are_shared(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    one = await create(
        tracks, credits=[CreditedName(name="Björk")], genres=["Art Pop"],
        album=pb.TrackAlbum(title="Début"),
    )  # fmt: skip
    two = await create(
        tracks, credits=[CreditedName(name="BJORK")], genres=["art-pop", "ART POP"],
        album=pb.TrackAlbum(title="debut"),
    )  # fmt: skip
    assert two.credits[0].artist_id == one.credits[0].artist_id
    assert (one.artist, two.artist) == ("Björk", "BJORK")
    assert two.album == one.album
    assert list(two.genres) == ["Art Pop"]
    for table in ("artist", "album", "genre"):
        assert await count(connection, table) == 1
    await documents_agree(connection)


async def test_artists_and_albums_may_be_given_by_id(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    one = await create(
        tracks, credits=[CreditedName(name="Björk")], album=pb.TrackAlbum(title="Début")
    )
    artist_id = one.credits[0].artist_id
    two = await create(
        tracks,
        credits=[CreditedName(artist_id=artist_id), CreditedName(name="B", artist_id=artist_id)],
        album=pb.TrackAlbum(id=one.album.id),
    )
    assert two.artist == "Björk, B"
    assert two.album == one.album
    await documents_agree(connection)


async def test_albums_of_one_title_by_different_artists_are_different(
    tracks: TrackServiceAsyncStub,
) -> None:
    album = pb.TrackAlbum(title="Greatest Hits")
    one, two, nobodys, other = await create_all(
        tracks,
        pb.Track(title="a", credits=[CreditedName(name="Queen")], album=album),
        pb.Track(title="b", credits=[CreditedName(name="ABBA")], album=album),
        pb.Track(title="c", album=album),
        pb.Track(
            title="d",
            credits=[CreditedName(name="A guest")],
            album=pb.TrackAlbum(title="greatest hits", credits=[CreditedName(name="abba")]),
        ),
    )
    assert len({one.album.id, two.album.id, nobodys.album.id}) == 3
    assert other.album.id == two.album.id


async def test_twenty_clients_that_name_a_new_artist_make_one(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    made = await asyncio.gather(
        *(
            create(
                tracks, f"Song {number}", genres=["New Genre"],
                credits=[CreditedName(name="New Artist")], album=pb.TrackAlbum(title="New Album"),
            )
            for number in range(20)
        )
    )  # fmt: skip
    assert len({track.credits[0].artist_id for track in made}) == 1
    assert len({track.album.id for track in made}) == 1
    for table in ("artist", "album", "genre", "artist_credit"):
        assert await count(connection, table) == 1
    assert await count(connection, "track") == 20
    await documents_agree(connection)


async def test_a_batch_is_read_in_the_order_of_the_request(tracks: TrackServiceAsyncStub) -> None:
    a, b, c = await create_all(tracks, *(pb.Track(title=title) for title in "abc"))
    wanted = [c.id, a.id, c.id, b.id]
    found = await tracks.BatchGetTracks(pb.BatchGetTracksRequest(ids=wanted))
    assert ids(*found.tracks) == wanted
    await delete(tracks, a)
    [deleted] = (await tracks.BatchGetTracks(pb.BatchGetTracksRequest(ids=[a.id]))).tracks
    assert deleted.HasField("delete_time")


async def test_a_batch_is_read_as_a_whole_or_not_at_all(tracks: TrackServiceAsyncStub) -> None:
    track, missing = await create(tracks), str(uuid4())
    with raises_status(grpc.StatusCode.NOT_FOUND, metadata={"kind": "track", "id": missing}):
        await tracks.BatchGetTracks(pb.BatchGetTracksRequest(ids=[track.id, missing, UNKNOWN]))


async def test_a_batch_is_created_in_the_order_of_the_request(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    wanted = [pb.Track(title=str(number), track_number=number + 1) for number in range(1_000)]
    made = await create_all(tracks, *wanted)
    assert [track.title for track in made] == [track.title for track in wanted]
    assert ids(*made) == sorted(ids(*made))
    assert await documents_agree(connection) == made


async def test_a_batch_is_created_as_a_whole_or_not_at_all(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    fine = pb.Track(title="fine", credits=[CreditedName(name="Artist")])
    with raises_status(INVALID, field="tracks[1].title"):
        await create_all(tracks, fine, pb.Track(), fine)
    with raises_status(grpc.StatusCode.NOT_FOUND, metadata={"kind": "album", "id": UNKNOWN}):
        await create_all(tracks, fine, pb.Track(title="a", album=pb.TrackAlbum(id=UNKNOWN)))
    for table in ("track", "artist", "track_search"):
        assert await count(connection, table) == 0


async def test_a_source_belongs_to_one_live_track(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    first = await create(tracks, sources=[source(0), source(1)])
    with raises_status(
        grpc.StatusCode.ALREADY_EXISTS, metadata={"kind": "track", "id": first.id}
    ) as failure:
        await create(tracks, sources=[source(2), source(1)])
    assert "spotify:id-1" in failure.message
    second = await create(tracks, sources=[source(2)])
    with raises_status(grpc.StatusCode.ALREADY_EXISTS, metadata={"id": first.id}):
        await update(tracks, pb.Track(id=second.id, sources=[source(0)]))
    await delete(tracks, first)
    await update(tracks, pb.Track(id=second.id, sources=[source(0)]))
    with raises_status(grpc.StatusCode.ALREADY_EXISTS, metadata={"id": second.id}):
        await undelete(tracks, first)
    await delete(tracks, second)
    await undelete(tracks, first)
    await documents_agree(connection)


async def test_a_file_belongs_to_one_live_track(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    file = AudioFile(uri="file:///music/1.flac")
    first = await create(tracks, files=[file])
    with raises_status(grpc.StatusCode.ALREADY_EXISTS, metadata={"id": first.id}):
        await create(tracks, files=[file])
    await delete(tracks, first)
    second = await create(tracks, files=[file])
    with raises_status(grpc.StatusCode.ALREADY_EXISTS, metadata={"id": second.id}):
        await undelete(tracks, first)
    await documents_agree(connection)


async def test_libraries_may_share_sources_and_files(
    tracks: TrackServiceAsyncStub, libraries: LibraryServiceAsyncStub
) -> None:
    other = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    )
    track = pb.Track(title="a", sources=[source(0)], files=[AudioFile(uri="file:///a")])
    elsewhere = pb.Track(title="b", library_id=other.id, sources=track.sources, files=track.files)
    made = await create_all(tracks, track, elsewhere)
    assert [track.library_id for track in made] == [str(DEFAULT_LIBRARY_ID), other.id]


async def test_one_of_two_clients_gets_a_new_source(tracks: TrackServiceAsyncStub) -> None:
    results = await asyncio.gather(
        *(create(tracks, str(number), sources=[source(0)]) for number in range(10)),
        return_exceptions=True,
    )
    failures = [result for result in results if isinstance(result, grpc.aio.AioRpcError)]
    assert [failure.code() for failure in failures] == [grpc.StatusCode.ALREADY_EXISTS] * 9


async def test_an_update_changes_what_the_mask_names(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    before = await tracks.CreateTrack(pb.CreateTrackRequest(track=full_track()))
    wanted = pb.Track(id=before.id, title="Other", label="ignored")
    after = await update(tracks, wanted, "title", "isrc", "album", "duration", "explicit")
    expected = pb.Track()
    expected.CopyFrom(before)
    expected.title = "Other"
    for name in ("isrc", "album", "duration", "explicit"):
        expected.ClearField(name)
    expected.etag = '"2"'
    expected.update_time.CopyFrom(after.update_time)
    assert after == expected
    assert after.update_time.ToNanoseconds() > before.update_time.ToNanoseconds()
    assert await get(tracks, after) == after
    assert await documents_agree(connection) == [after]


async def test_without_a_mask_the_fields_that_are_set_change(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    before = await tracks.CreateTrack(pb.CreateTrackRequest(track=full_track()))
    after = await update(tracks, pb.Track(id=before.id, comment="new", explicit=True))
    assert (after.comment, after.explicit) == ("new", True)
    assert (after.title, after.label) == (before.title, before.label)
    assert await documents_agree(connection) == [after]


async def test_a_star_replaces_the_whole_track(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    before = await tracks.CreateTrack(pb.CreateTrackRequest(track=full_track()))
    after = await update(tracks, pb.Track(id=before.id, title="Bare"), "*")
    bare = await create(tracks, "Bare")
    assert facts(after) == facts(bare)
    assert list(after.credits) == []
    await documents_agree(connection)
    with raises_status(INVALID, field="track.title"):
        await update(tracks, pb.Track(id=before.id), "*")
    full = full_track()
    full.id = before.id
    again = await update(tracks, full, "*")
    assert facts(again) == facts(before)
    await documents_agree(connection)


async def test_paths_lead_into_messages(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    before = await tracks.CreateTrack(pb.CreateTrackRequest(track=full_track()))
    wanted = pb.Track(
        id=before.id, features=AudioFeatures(key=7, energy=0.0), release_date=PartialDate(year=1983)
    )
    after = await update(tracks, wanted, "features.key", "features.mode", "release_date.year")
    assert (after.features.key, after.features.mode) == (7, types_pb2.MODE_UNSPECIFIED)
    assert after.features.energy == before.features.energy
    assert after.release_date == PartialDate(year=1983, month=5, day=21)
    bare = await create(tracks)
    cleared = await update(tracks, pb.Track(id=bare.id), "features.key")
    assert not cleared.HasField("features")
    await documents_agree(connection)


async def test_lists_are_replaced(tracks: TrackServiceAsyncStub, connection: Connection) -> None:
    before = await tracks.CreateTrack(pb.CreateTrackRequest(track=full_track()))
    kept, gone = before.files
    wanted = pb.Track(
        id=before.id,
        genres=["Álbum", "Jazz"],
        credits=[before.credits[1]],
        files=[AudioFile(uri="s3://bucket/new"), AudioFile(uri=kept.uri)],
        sources=[before.sources[1]],
        attributes=[before.attributes[0]],
    )
    after = await update(tracks, wanted)
    assert list(after.genres) == ["Álbum", "Jazz"]
    assert after.artist == "David Bowie"
    assert [file.uri for file in after.files] == ["s3://bucket/new", kept.uri]
    assert after.files[1].id == kept.id
    assert after.files[0].id not in (kept.id, gone.id)
    assert list(after.sources) == [before.sources[1]]
    assert list(after.attributes) == [before.attributes[0]]
    cleared = await update(
        tracks, pb.Track(id=before.id), "genres", "credits", "files", "sources", "attributes"
    )
    for name in ("genres", "credits", "files", "sources", "attributes", "artist"):
        assert not getattr(cleared, name)
    assert await documents_agree(connection) == [cleared]


async def test_an_update_cannot_set_what_the_service_sets(tracks: TrackServiceAsyncStub) -> None:
    before = await create(tracks)
    wanted = pb.Track(
        id=before.id, library_id=UNKNOWN, artist="Nobody", status=pb.TRACK_STATUS_FAILED,
        failure_reason="none", create_time=full_track().files[0].modify_time,
        delete_time=full_track().files[0].modify_time,
    )  # fmt: skip
    for paths in ((), ("library_id", "status", "etag", "create_time", "delete_time"), ("id",)):
        after = await update(tracks, wanted, *paths)
        assert facts(after) == facts(before)
        assert (after.library_id, after.create_time) == (before.library_id, before.create_time)


@pytest.mark.parametrize(
    "path", ["nmae", "title.x", "credits.name", "features.", "", "album.title", "album.nonsense"]
)
async def test_a_path_that_does_not_exist_is_refused(
    tracks: TrackServiceAsyncStub, path: str
) -> None:
    track = await create(tracks)
    with raises_status(INVALID, field="update_mask"):
        await update(tracks, track, path)
    with raises_status(INVALID, field="update_mask"):
        await update(tracks, track, "*", path)


async def test_a_stale_etag_is_refused(tracks: TrackServiceAsyncStub) -> None:
    old = await create(tracks)
    new = await update(tracks, pb.Track(id=old.id, etag=old.etag, title="new"))
    stale = raises_status(
        grpc.StatusCode.ABORTED, reason="ETAG_MISMATCH", metadata={"current_etag": new.etag}
    )
    with stale:
        await update(tracks, old)
    with raises_status(grpc.StatusCode.ABORTED, reason="ETAG_MISMATCH"):
        await tracks.DeleteTrack(pb.DeleteTrackRequest(id=old.id, etag=old.etag))
    gone = await tracks.DeleteTrack(pb.DeleteTrackRequest(id=old.id, etag=new.etag))
    with raises_status(
        grpc.StatusCode.ABORTED, reason="ETAG_MISMATCH", metadata={"current_etag": gone.etag}
    ):
        await tracks.UndeleteTrack(pb.UndeleteTrackRequest(id=old.id, etag=new.etag))
    await tracks.UndeleteTrack(pb.UndeleteTrackRequest(id=old.id, etag=gone.etag))


async def test_updates_at_the_same_time_lose_nothing(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    track = await create(tracks)
    fields = ("title", "label", "comment", "lyrics", "isrc", "language")
    values = ("A", "B", "C", "D", "GBUM71029605", "pt")
    await asyncio.gather(
        *(
            update(tracks, pb.Track(id=track.id, **{name: value}))  # type: ignore[arg-type]
            for name, value in zip(fields, values, strict=True)
        )
    )
    [after] = await documents_agree(connection)
    assert tuple(getattr(after, name) for name in fields) == values
    assert after.etag == '"7"'


async def test_a_new_title_of_the_album_reaches_its_tracks(
    tracks: TrackServiceAsyncStub, albums: AlbumServiceAsyncStub, connection: Connection
) -> None:
    track = await create(
        tracks, album=pb.TrackAlbum(title="Old", credits=[CreditedName(name="Queen")])
    )
    await albums.UpdateAlbum(
        album_pb2.UpdateAlbumRequest(album=album_pb2.Album(id=track.album.id, title="New"))
    )
    [after] = await documents_agree(connection)
    assert (after.album.title, after.etag) == ("New", '"2"')


async def test_a_new_name_of_the_artist_leaves_the_credit(
    tracks: TrackServiceAsyncStub, artists: ArtistServiceAsyncStub, connection: Connection
) -> None:
    track = await create(tracks, credits=[CreditedName(name="Prince")])
    artist = artist_pb2.Artist(id=track.credits[0].artist_id, name="Symbol")
    await artists.UpdateArtist(artist_pb2.UpdateArtistRequest(artist=artist))
    assert await documents_agree(connection) == [track]


async def test_a_deleted_track_can_be_read_and_brought_back(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    before = await tracks.CreateTrack(pb.CreateTrackRequest(track=full_track()))
    gone = await delete(tracks, before)
    assert gone.delete_time == gone.update_time
    assert gone.etag == '"2"'
    assert await get(tracks, before) == gone
    assert await documents_agree(connection) == [gone]
    with raises_status(grpc.StatusCode.NOT_FOUND, metadata={"kind": "track", "id": before.id}):
        await delete(tracks, before)
    with raises_status(grpc.StatusCode.FAILED_PRECONDITION):
        await update(tracks, pb.Track(id=before.id, title="new"))
    back = await undelete(tracks, before)
    assert facts(back) == facts(before)
    assert list(back.files) == list(before.files)
    assert not back.HasField("delete_time")
    assert await documents_agree(connection) == [back]
    with raises_status(grpc.StatusCode.ALREADY_EXISTS, metadata={"id": before.id}):
        await undelete(tracks, before)


async def test_an_album_is_renamed_on_deleted_tracks_too(
    tracks: TrackServiceAsyncStub, albums: AlbumServiceAsyncStub, connection: Connection
) -> None:
    track = await create(tracks, album=pb.TrackAlbum(title="Old"))
    await delete(tracks, track)
    await albums.UpdateAlbum(
        album_pb2.UpdateAlbumRequest(album=album_pb2.Album(id=track.album.id, title="New"))
    )
    await documents_agree(connection)
    assert (await undelete(tracks, track)).album.title == "New"


async def test_validate_only_stores_nothing(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    request = pb.CreateTrackRequest(track=full_track(), validate_only=True)
    shown = await tracks.CreateTrack(request)
    assert facts(shown) == facts(full_track())
    for table in ("track", "artist", "album", "genre", "track_search", "search_word"):
        assert await count(connection, table) == 0
    track = await create(tracks, "before")
    dry = await update(tracks, pb.Track(id=track.id, title="after"), dry=True)
    assert (dry.title, dry.etag) == ("after", '"2"')
    assert await get(tracks, track) == track
    with raises_status(INVALID, field="track.title"):
        await tracks.CreateTrack(pb.CreateTrackRequest(validate_only=True))
    with raises_status(grpc.StatusCode.NOT_FOUND):
        await update(tracks, pb.Track(id=UNKNOWN, title="after"), dry=True)


async def test_a_request_id_makes_writes_repeatable(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    new = pb.CreateTrackRequest(track=full_track(), request_id=str(uuid4()))
    track = await tracks.CreateTrack(new)
    assert await tracks.CreateTrack(new) == track
    batch = pb.BatchCreateTracksRequest(
        tracks=[pb.Track(title="a"), pb.Track(title="b")], request_id=str(uuid4())
    )
    assert await tracks.BatchCreateTracks(batch) == await tracks.BatchCreateTracks(batch)
    assert await count(connection, "track") == 3
    change = pb.UpdateTrackRequest(track=track, request_id=str(uuid4()))
    assert await tracks.UpdateTrack(change) == await tracks.UpdateTrack(change)
    gone = pb.DeleteTrackRequest(id=track.id, request_id=str(uuid4()))
    assert await tracks.DeleteTrack(gone) == await tracks.DeleteTrack(gone)
    back = pb.UndeleteTrackRequest(id=track.id, request_id=str(uuid4()))
    assert await tracks.UndeleteTrack(back) == await tracks.UndeleteTrack(back)
    new.track.title = "Other"
    with raises_status(INVALID, field="request_id"):
        await tracks.CreateTrack(new)


async def test_a_bad_request_id_is_refused(tracks: TrackServiceAsyncStub) -> None:
    track = await create(tracks)
    for dry in (False, True):
        with raises_status(INVALID, field="request_id"):
            await tracks.CreateTrack(
                pb.CreateTrackRequest(track=pb.Track(title="a"), request_id="x", validate_only=dry)
            )
        with raises_status(INVALID, field="request_id"):
            await tracks.UpdateTrack(
                pb.UpdateTrackRequest(track=track, request_id="x", validate_only=dry)
            )
