"""Every bad field of a track is refused, and named; nothing of the request is stored."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import (
    Attribute,
    AudioFeatures,
    AudioFile,
    CreditedName,
    CreditRole,
    ExternalSource,
    Mode,
    PartialDate,
)
from service.tracks.model import (
    MAX_ATTRIBUTES,
    MAX_COMMENT,
    MAX_FILES,
    MAX_GENRE,
    MAX_GENRES,
    MAX_LABEL,
    MAX_LYRICS,
    MAX_NUMBER,
    MAX_SOURCES,
    MAX_TITLE,
)
from tests.support.errors import raises_status
from tests.support.samples import UNKNOWN, create, create_all, source

if TYPE_CHECKING:
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def file(**fields: Any) -> list[AudioFile]:
    return [AudioFile(**{"uri": "file:///a", **fields})]


def date(year: int = 0, month: int = 0, day: int = 0) -> PartialDate:
    return PartialDate(year=year, month=month, day=day)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"title": ""}, "title"),
    ({"title": " \t\u3000"}, "title"),
    ({"title": "a\0b"}, "title"),
    ({"title": "x" * (MAX_TITLE + 1)}, "title"),
    ({"title": "x" * 2**20}, "title"),
    ({"library_id": "default"}, "library_id"),
    ({"mbid": "x"}, "mbid"),
    ({"mbid": UNKNOWN.replace("-", "")}, "mbid"),
    ({"isrc": "GB-UM7-10-29605"}, "isrc"),
    ({"isrc": "gbum71029605"}, "isrc"),
    ({"isrc": "GBUM7102960\u0665"}, "isrc"),  # an Arabic digit
    ({"language": "pt_BR"}, "language"),
    ({"language": "x" * 36}, "language"),
    ({"lyrics": "x" * (MAX_LYRICS + 1)}, "lyrics"),
    ({"lyrics": "\0"}, "lyrics"),
    ({"label": "x" * (MAX_LABEL + 1)}, "label"),
    ({"comment": "x" * (MAX_COMMENT + 1)}, "comment"),
    ({"disc_number": -1}, "disc_number"),
    ({"disc_total": MAX_NUMBER + 1}, "disc_total"),
    ({"track_number": -(2**31)}, "track_number"),
    ({"track_total": 2**31 - 1}, "track_total"),
    ({"popularity": math.nan}, "popularity"),
    ({"popularity": -0.1}, "popularity"),
    ({"popularity": 100.1}, "popularity"),
    ({"status": pb.TRACK_STATUS_PROCESSING}, "status"),
    ({"status": pb.TRACK_STATUS_FAILED}, "status"),
    ({"status": pb.TrackStatus.ValueType(99)}, "status"),
    ({"duration": Duration(seconds=-1)}, "duration"),
    ({"duration": Duration(nanos=-1)}, "duration"),
    ({"duration": Duration(seconds=2**40)}, "duration"),
    ({"release_date": date()}, "release_date"),
    ({"release_date": date(month=3)}, "release_date"),
    ({"release_date": date(10_000)}, "release_date"),
    ({"release_date": date(-1)}, "release_date"),
    ({"release_date": date(1999, 13)}, "release_date"),
    ({"release_date": date(1999, 0, 1)}, "release_date"),
    ({"original_release_date": date(1999, 2, 29)}, "original_release_date"),
    ({"original_release_date": date(2**31 - 1, 2**31 - 1, -(2**31))}, "original_release_date"),
    ({"features": AudioFeatures(energy=math.nan)}, "features.energy"),
    ({"features": AudioFeatures(valence=math.inf)}, "features.valence"),
    ({"features": AudioFeatures(speechiness=-0.01)}, "features.speechiness"),
    ({"features": AudioFeatures(tempo_bpm=0)}, "features.tempo_bpm"),
    ({"features": AudioFeatures(tempo_bpm=1_001)}, "features.tempo_bpm"),
    ({"features": AudioFeatures(loudness_lufs=20.1)}, "features.loudness_lufs"),
    ({"features": AudioFeatures(key=12)}, "features.key"),
    ({"features": AudioFeatures(key=-1)}, "features.key"),
    ({"features": AudioFeatures(time_signature=0)}, "features.time_signature"),
    ({"features": AudioFeatures(mode=Mode.ValueType(3))}, "features.mode"),
    ({"genres": [""]}, "genres[0]"),
    ({"genres": ["Rock", "x" * (MAX_GENRE + 1)]}, "genres[1]"),
    ({"genres": [str(number) for number in range(MAX_GENRES + 1)]}, "genres"),
    ({"credits": [CreditedName()]}, "credits[0].name"),
    ({"credits": [CreditedName(name="\0")]}, "credits[0].name"),
    ({"credits": [CreditedName(name="a"), CreditedName(artist_id="x")]}, "credits[1].artist_id"),
    ({"credits": [CreditedName(name="a", join_phrase="x" * 51)]}, "credits[0].join_phrase"),
    ({"credits": [CreditedName(name="a", role=CreditRole.ValueType(77))]}, "credits[0].role"),
    ({"credits": [CreditedName(name="a")] * 101}, "credits"),
    ({"album": pb.TrackAlbum()}, "album.title"),
    ({"album": pb.TrackAlbum(title="x" * (MAX_TITLE + 1))}, "album.title"),
    ({"album": pb.TrackAlbum(id="x")}, "album.id"),
    ({"album": pb.TrackAlbum(title="a", mbid="x")}, "album.mbid"),
    ({"album": pb.TrackAlbum(title="a", credits=[CreditedName()])}, "album.credits[0].name"),
    ({"sources": [ExternalSource(id="1")]}, "sources[0].type"),
    ({"sources": [ExternalSource(type="Spotify", id="1")]}, "sources[0].type"),
    ({"sources": [ExternalSource(type="spotify")]}, "sources[0].id"),
    ({"sources": [ExternalSource(type="a", id="1", uri="x" * 2_001)]}, "sources[0].uri"),
    (
        {"sources": [ExternalSource(type="a", id="1", sync_time=Timestamp(seconds=2**60))]},
        "sources[0].sync_time",
    ),
    ({"sources": [source(0), source(0)]}, "sources"),
    ({"sources": [source(number) for number in range(MAX_SOURCES + 1)]}, "sources"),
    ({"files": [AudioFile()]}, "files[0].uri"),
    ({"files": file(uri="/music/a.mp3")}, "files[0].uri"),
    ({"files": file(uri="ftp://host/a.mp3")}, "files[0].uri"),
    ({"files": file(uri="file://")}, "files[0].uri"),
    ({"files": file(uri="file:///" + "x" * 4_000)}, "files[0].uri"),
    ({"files": file(size_bytes=-1)}, "files[0].size_bytes"),
    ({"files": file(sample_rate_hz=-1)}, "files[0].sample_rate_hz"),
    ({"files": file(channels=2**15)}, "files[0].channels"),
    ({"files": file(bit_depth=-(2**31))}, "files[0].bit_depth"),
    ({"files": file(bitrate_bps=-(2**63))}, "files[0].bitrate_bps"),
    ({"files": file(content_hash="A" * 64)}, "files[0].content_hash"),
    ({"files": file(content_hash="a" * 63)}, "files[0].content_hash"),
    ({"files": file(audio_hash="x" * 201)}, "files[0].audio_hash"),
    ({"files": file(duration=Duration(seconds=-1))}, "files[0].duration"),
    ({"files": file(modify_time=Timestamp(nanos=-1))}, "files[0].modify_time"),
    ({"files": file(missing_time=Timestamp(seconds=-(2**62)))}, "files[0].missing_time"),
    ({"files": [*file(), *file()]}, "files"),
    ({"files": [*file()] * (MAX_FILES + 1)}, "files"),
    ({"attributes": [Attribute(text="a")]}, "attributes[0].key"),
    ({"attributes": [Attribute(key="a")]}, "attributes[0]"),
    ({"attributes": [Attribute(key="a", text="\0")]}, "attributes[0].text"),
    ({"attributes": [Attribute(key="a", text="x" * 10_001)]}, "attributes[0].text"),
    ({"attributes": [Attribute(key="a", number=math.inf)]}, "attributes[0].number"),
    ({"attributes": [Attribute(key="a", number=math.nan)]}, "attributes[0].number"),
    ({"attributes": [Attribute(key="a", time=Timestamp(seconds=2**60))]}, "attributes[0].time"),
    ({"attributes": [Attribute(key="a", flag=True, confidence=1.1)]}, "attributes[0].confidence"),
    ({"attributes": [Attribute(key="a", flag=True)] * (MAX_ATTRIBUTES + 1)}, "attributes"),
]


async def test_bad_values_are_named(tracks: TrackServiceAsyncStub) -> None:
    existing = await create(tracks)
    for values, field in BAD:
        fields: dict[str, Any] = {"title": "fine", **values}
        track = pb.Track(**fields)
        with raises_status(INVALID, field=f"track.{field}"):
            await tracks.CreateTrack(pb.CreateTrackRequest(track=track))
        with raises_status(INVALID, field=f"tracks[1].{field}"):
            await create_all(tracks, pb.Track(title="fine"), track)
        if field not in ("status", "library_id"):  # which an update ignores
            track.id = existing.id
            request = pb.UpdateTrackRequest(track=track)
            request.update_mask.paths.append("*")
            with raises_status(INVALID, field=f"track.{field}"):
                await tracks.UpdateTrack(request)
    listed = await tracks.ListTracks(pb.ListTracksRequest(show_deleted=True))
    assert list(listed.tracks) == [existing]


async def test_all_bad_fields_are_named_at_once(tracks: TrackServiceAsyncStub) -> None:
    with raises_status(INVALID) as failure:
        await create(tracks, "", isrc="x", credits=[CreditedName()], popularity=101)
    assert failure.fields == [
        "track.title", "track.credits[0].name", "track.isrc", "track.popularity",
    ]  # fmt: skip


async def test_many_bad_fields_are_named_as_far_as_fits(tracks: TrackServiceAsyncStub) -> None:
    with raises_status(INVALID) as failure:
        await create_all(tracks, *(pb.Track() for _ in range(1_000)))
    assert failure.fields[0] == "tracks[0].title"
    assert 20 <= len(failure.fields) <= 51


async def test_a_string_that_is_not_utf8_is_refused(channel: grpc.aio.Channel) -> None:
    request = pb.CreateTrackRequest(track=pb.Track(title="fine", label="###"))
    data = request.SerializeToString().replace(b"###", b"\xed\xa0\x80")
    call: Any = channel.unary_unary("/fonoteca.v1.TrackService/CreateTrack")
    with raises_status(INVALID, field="track.label"):
        await call(data)


@pytest.mark.parametrize("bad", ["", "x", "0" * 36, "{" + UNKNOWN + "}", UNKNOWN + " ", "é" * 36])
async def test_bad_ids_are_named(tracks: TrackServiceAsyncStub, bad: str) -> None:
    for call, request, field in (
        (tracks.GetTrack, pb.GetTrackRequest(id=bad), "id"),
        (tracks.BatchGetTracks, pb.BatchGetTracksRequest(ids=[UNKNOWN, bad]), "ids[1]"),
        (tracks.UpdateTrack, pb.UpdateTrackRequest(track=pb.Track(id=bad)), "track.id"),
        (tracks.DeleteTrack, pb.DeleteTrackRequest(id=bad), "id"),
        (tracks.UndeleteTrack, pb.UndeleteTrackRequest(id=bad), "id"),
    ):
        with raises_status(INVALID, field=field):
            await _called(call, request)


async def test_ids_that_nothing_has_are_named(tracks: TrackServiceAsyncStub) -> None:
    for call, request in (
        (tracks.GetTrack, pb.GetTrackRequest(id=UNKNOWN)),
        (tracks.BatchGetTracks, pb.BatchGetTracksRequest(ids=[UNKNOWN])),
        (tracks.UpdateTrack, pb.UpdateTrackRequest(track=pb.Track(id=UNKNOWN))),
        (tracks.DeleteTrack, pb.DeleteTrackRequest(id=UNKNOWN)),
        (tracks.UndeleteTrack, pb.UndeleteTrackRequest(id=UNKNOWN)),
    ):
        with raises_status(NOT_FOUND, metadata={"kind": "track", "id": UNKNOWN}):
            await _called(call, request)


async def _called(call: Callable[[Any], Any], request: object) -> None:
    await call(request)


async def test_references_must_exist(tracks: TrackServiceAsyncStub) -> None:
    references: list[tuple[str, dict[str, Any]]] = [
        ("library", {"library_id": UNKNOWN}),
        ("artist", {"credits": [CreditedName(artist_id=UNKNOWN)]}),
        ("artist", {"credits": [CreditedName(artist_id=UNKNOWN, name="Name")]}),
        ("album", {"album": pb.TrackAlbum(id=UNKNOWN)}),
        ("artist", {"album": pb.TrackAlbum(title="a", credits=[CreditedName(artist_id=UNKNOWN)])}),
    ]
    for kind, fields in references:
        with raises_status(NOT_FOUND, metadata={"kind": kind, "id": UNKNOWN}):
            await create(tracks, **fields)


@pytest.mark.parametrize("view", [3, -1])
async def test_unknown_views_are_refused(tracks: TrackServiceAsyncStub, view: int) -> None:
    unknown = pb.TrackView.ValueType(view)
    with raises_status(INVALID, field="view"):
        await tracks.GetTrack(pb.GetTrackRequest(id=UNKNOWN, view=unknown))
    with raises_status(INVALID, field="view"):
        await tracks.BatchGetTracks(pb.BatchGetTracksRequest(ids=[UNKNOWN], view=unknown))


async def test_batches_have_a_size(tracks: TrackServiceAsyncStub) -> None:
    with raises_status(INVALID, field="ids"):
        await tracks.BatchGetTracks(pb.BatchGetTracksRequest())
    with raises_status(INVALID, field="ids"):
        await tracks.BatchGetTracks(pb.BatchGetTracksRequest(ids=[UNKNOWN] * 1_001))
    with raises_status(INVALID, field="tracks"):
        await create_all(tracks)
    with raises_status(INVALID, field="tracks"):
        await create_all(tracks, *(pb.Track(title="a") for _ in range(1_001)))


async def test_tracks_of_a_batch_share_no_source_and_no_file(
    tracks: TrackServiceAsyncStub,
) -> None:
    a = pb.Track(title="a", sources=[source(0)])
    b = pb.Track(title="b", sources=[source(1), source(0)])
    with raises_status(INVALID, field="tracks[1].sources[1]"):
        await create_all(tracks, a, b)
    c, d = pb.Track(title="c", files=file()), pb.Track(title="d", files=file())
    with raises_status(INVALID, field="tracks[2].files[0]"):
        await create_all(tracks, a, c, d)


async def test_a_batch_names_whose_a_source_is(tracks: TrackServiceAsyncStub) -> None:
    owner = await create(tracks, sources=[source(0)])
    with raises_status(grpc.StatusCode.ALREADY_EXISTS, metadata={"id": owner.id}) as failure:
        await create_all(tracks, pb.Track(title="a"), pb.Track(title="b", sources=[source(0)]))
    assert "spotify:id-0" in failure.message
