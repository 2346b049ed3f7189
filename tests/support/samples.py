"""Tracks for tests of tracks: the smallest, the fullest, and any between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import strategies as st

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1 import types_pb2
from fonoteca.v1.types_pb2 import (
    Attribute,
    AudioFeatures,
    AudioFile,
    CreditedName,
    ExternalSource,
    PartialDate,
)

if TYPE_CHECKING:
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

UNKNOWN: Final = "01920000-0000-7000-8000-000000000000"
MBID: Final = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
_ASSIGNED: Final = (
    "id", "library_id", "artist", "etag", "create_time", "update_time", "credits",
)  # fmt: skip


async def create(tracks: TrackServiceAsyncStub, title: str = "Song", **fields: Any) -> pb.Track:
    """Create a track with the title and the fields that are given."""
    return await tracks.CreateTrack(pb.CreateTrackRequest(track=pb.Track(title=title, **fields)))


async def create_all(tracks: TrackServiceAsyncStub, *wanted: pb.Track) -> list[pb.Track]:
    """Create tracks in one call."""
    created = await tracks.BatchCreateTracks(pb.BatchCreateTracksRequest(tracks=wanted))
    return list(created.tracks)


async def get(tracks: TrackServiceAsyncStub, track: pb.Track) -> pb.Track:
    """Read a track again."""
    return await tracks.GetTrack(pb.GetTrackRequest(id=track.id))


def source(number: int | str, type_: str = "spotify") -> ExternalSource:
    """Return a place in another system."""
    return ExternalSource(type=type_, id=f"id-{number}")


def full_track() -> pb.Track:
    """Return a track of which every field that a caller may set is set."""
    then = Timestamp(seconds=1_234_567_890, nanos=123_456_000)
    return pb.Track(
        title="Under Pressure",
        credits=[
            CreditedName(name="Queen", join_phrase=" & ", role=types_pb2.CREDIT_ROLE_PRIMARY),
            CreditedName(name="David Bowie", role=types_pb2.CREDIT_ROLE_PRIMARY),
            CreditedName(name="A Guest", role=types_pb2.CREDIT_ROLE_FEATURED),
            CreditedName(name="Freddie Mercury", role=types_pb2.CREDIT_ROLE_COMPOSER),
        ],
        album=pb.TrackAlbum(
            title="Hot Space",
            credits=[CreditedName(name="Queen", role=types_pb2.CREDIT_ROLE_PRIMARY)],
            mbid=MBID,
        ),
        disc_number=1,
        disc_total=2,
        track_number=11,
        track_total=9_999,
        genres=["Rock", "Pop/Rock", "Álbum"],
        release_date=PartialDate(year=1982, month=5, day=21),
        original_release_date=PartialDate(year=1981),
        duration=Duration(seconds=248, nanos=40_000_000),
        isrc="GBUM71029605",
        mbid=MBID,
        lyrics="Pressure\nPushing down on me",
        language="en-GB",
        explicit=False,
        features=AudioFeatures(
            tempo_bpm=113.86, key=2, mode=types_pb2.MODE_MAJOR, time_signature=4,
            loudness_lufs=-11.5, energy=0.75, danceability=0.5, valence=0.25, acousticness=0.0,
            instrumentalness=1.0, liveness=0.125, speechiness=0.0625,
        ),
        popularity=87.5,
        status=pb.TRACK_STATUS_COMPLETED,
        files=[
            AudioFile(
                uri="file:///music/Queen/Under%20Pressure.flac", size_bytes=2**40,
                mime_type="audio/flac", format="flac", codec="flac",
                duration=Duration(seconds=248), sample_rate_hz=44_100, channels=2, bit_depth=16,
                bitrate_bps=900_000, modify_time=then, content_hash="0123456789abcdef" * 4,
                audio_hash="sha256:00", missing_time=then,
            ),
            AudioFile(uri="https://example.org/1.mp3?a=b c"),
        ],
        sources=[
            ExternalSource(
                type="spotify", id="11IzgLRXV7Cgek3tEgGgjw",
                uri="https://example.org/track/1", unavailable=True, sync_time=then,
            ),
            ExternalSource(type="deezer", id="7868469"),
        ],
        attributes=[
            Attribute(key="mood", text="", source="tag:TXXX", confidence=0.0),
            Attribute(key="mood", text="tense"),
            Attribute(key="rating", number=4.5, confidence=1.0),
            Attribute(key="plays", integer=-(2**63)),
            Attribute(key="live", flag=False),
            Attribute(key="heard", time=then),
        ],
        label="EMI",
        comment="The bass line",
    )  # fmt: skip


def facts(track: pb.Track) -> pb.Track:
    """Return what a caller said of a track that came back, without what the service assigns."""
    said = pb.Track()
    said.CopyFrom(track)
    for name in _ASSIGNED:
        said.ClearField(name)
    for file in said.files:
        file.ClearField("id")
    said.album.ClearField("id")
    said.album.ClearField("artist")
    said.album.ClearField("credits")
    if not track.HasField("album"):
        said.ClearField("album")
    return said


def _text(most: int, least: int = 1) -> st.SearchStrategy[str]:
    """Any text without NUL that is not blank, or empty when `least` is 0."""
    alphabet = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    some = st.text(alphabet, min_size=1, max_size=most).filter(lambda text: not text.isspace())
    return some if least else st.just("") | some


_unit = st.floats(0, 1)
_optional_unit = st.none() | _unit
_number = st.integers(0, 9_999)
_times = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999).map(
    lambda microseconds: Timestamp(
        seconds=microseconds // 1_000_000, nanos=microseconds % 1_000_000 * 1_000
    )
)  # the years 1 to 9999
_durations = st.integers(0, 2**31 - 1).map(
    lambda ms: Duration(seconds=ms // 1_000, nanos=ms % 1_000 * 1_000_000)
)
_dates = st.one_of(
    st.builds(PartialDate, year=st.integers(1, 9_999)),
    st.builds(PartialDate, year=st.integers(1, 9_999), month=st.integers(1, 12)),
    st.dates().map(lambda date: PartialDate(year=date.year, month=date.month, day=date.day)),
)
_uris = st.builds(
    "{}://{}{}".format,
    st.sampled_from(["file", "gs", "s3", "https"]),
    st.sampled_from(["a", "/"]),
    _text(40, 0),
)
_features = st.builds(
    AudioFeatures,
    tempo_bpm=st.none() | st.floats(0, 1_000, exclude_min=True),
    key=st.none() | st.integers(0, 11),
    mode=st.sampled_from(types_pb2.Mode.values()),
    time_signature=st.none() | st.integers(1, 32),
    loudness_lufs=st.none() | st.floats(-100, 20),
    energy=_optional_unit,
    danceability=_optional_unit,
    valence=_optional_unit,
    acousticness=_optional_unit,
    instrumentalness=_optional_unit,
    liveness=_optional_unit,
    speechiness=_optional_unit,
)
_files = st.builds(
    AudioFile,
    uri=_uris,
    size_bytes=st.integers(0, 2**63 - 1),
    mime_type=_text(100, 0),
    format=_text(50, 0),
    codec=_text(50, 0),
    duration=st.none() | _durations,
    sample_rate_hz=st.integers(0, 2**31 - 1),
    channels=st.integers(0, 2**15 - 1),
    bit_depth=st.integers(0, 2**15 - 1),
    bitrate_bps=st.integers(0, 2**63 - 1),
    modify_time=st.none() | _times,
    content_hash=st.just("") | st.text("0123456789abcdef", min_size=64, max_size=64),
    audio_hash=_text(200, 0),
    missing_time=st.none() | _times,
)
_sources = st.builds(
    ExternalSource,
    type=st.text("abz09._-", min_size=1, max_size=50),
    id=_text(500),
    uri=_text(200, 0),
    unavailable=st.booleans(),
    sync_time=st.none() | _times,
)
_values: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"text": _text(200, 0)}),
    st.fixed_dictionaries({"number": st.floats(allow_nan=False, allow_infinity=False)}),
    st.fixed_dictionaries({"integer": st.integers(-(2**63), 2**63 - 1)}),
    st.fixed_dictionaries({"flag": st.booleans()}),
    st.fixed_dictionaries({"time": _times}),
)
_attributes = st.builds(
    lambda value, **rest: Attribute(**value, **rest),
    _values,
    key=_text(100),
    source=_text(100, 0),
    confidence=_optional_unit,
)
_names = st.builds(
    CreditedName,
    name=_text(50),
    join_phrase=_text(10, 0),
    role=st.sampled_from(types_pb2.CreditRole.values()),
)


def any_track() -> st.SearchStrategy[pb.Track]:
    """Return a strategy for tracks within the limits, whose lists hold nothing twice.

    Genres and albums come from a few that differ from one another however they are written.
    """
    return st.builds(
        pb.Track,
        title=_text(1_000),
        credits=st.lists(_names, max_size=3),
        album=st.none() | st.sampled_from(["Love", "( )", "愛"]).map(_album),
        disc_number=_number,
        disc_total=_number,
        track_number=_number,
        track_total=_number,
        genres=st.lists(st.sampled_from(["Rock", "Hip-Hop", "!!!", "演歌"]), unique=True),
        release_date=st.none() | _dates,
        original_release_date=st.none() | _dates,
        duration=st.none() | _durations,
        isrc=st.sampled_from(["", "GBUM71029605"]),
        mbid=st.just("") | st.uuids().map(str),
        lyrics=_text(200, 0),
        language=st.sampled_from(["", "pt-BR", "zh-Hant-TW"]),
        explicit=st.none() | st.booleans(),
        features=st.none() | _features,
        popularity=st.none() | st.floats(0, 100),
        status=st.sampled_from([pb.TRACK_STATUS_PENDING, pb.TRACK_STATUS_COMPLETED]),
        files=st.lists(_files, max_size=2, unique_by=lambda file: file.uri),
        sources=st.lists(_sources, max_size=2, unique_by=lambda found: (found.type, found.id)),
        attributes=st.lists(_attributes, max_size=3),
        label=_text(200, 0),
        comment=_text(200, 0),
    )


def _album(title: str) -> pb.TrackAlbum:
    return pb.TrackAlbum(title=title)


def ids(*tracks: pb.Track) -> list[str]:
    """Return the ids of tracks."""
    return [track.id for track in tracks]
