"""`fonoteca.v1.Track` in, `TrackDraft` out; `Track` in, message out.

Reading checks every limit of the proto, so that nothing malformed reaches the database. It runs for
each track of an import, hundreds of thousands of times, and so it is written straight down, and
makes the paths of list entries only for the entries there are.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1 import types_pb2
from service.artists.model import CreditedName
from service.tracks.model import (
    COMPLETED,
    FAILED,
    MAX_ATTRIBUTES,
    MAX_COMMENT,
    MAX_FILE_URI,
    MAX_FILES,
    MAX_GENRE,
    MAX_GENRES,
    MAX_LABEL,
    MAX_LANGUAGE,
    MAX_LYRICS,
    MAX_NUMBER,
    MAX_TITLE,
    NO_FEATURES,
    PENDING,
    PROCESSING,
    AlbumChoice,
    AlbumOfTrack,
    Attribute,
    AudioFeatures,
    AudioFile,
    Track,
    TrackDraft,
)
from service.validation import Check
from service.wire.encoding import duration, etag, library_or_default, timestamp
from service.wire.types import (
    decode_credits,
    decode_partial_date,
    decode_sources,
    decode_timestamp,
    encode_credits,
    encode_partial_date,
    encode_sources,
)

OUTPUT_ONLY: Final = (
    "id",
    "library_id",
    "artist",
    "status",
    "failure_reason",
    "etag",
    "create_time",
    "update_time",
    "delete_time",
)
"""What an update cannot change."""

_ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_URI: Final = re.compile(r"(file|gs|s3|https)://\S.*", re.DOTALL)
_CONTENT_HASH: Final = re.compile(r"[0-9a-f]{64}")
_MAX_INT64: Final = 2**63 - 1
_MAX_INT32: Final = 2**31 - 1
_MAX_INT16: Final = 2**15 - 1
_MAX_AUDIO_HASH: Final = 200
_MAX_FLOAT: Final = sys.float_info.max
_MAX_ATTRIBUTE_TEXT: Final = 10_000

_UNIT_FEATURES: Final = (
    "energy",
    "danceability",
    "valence",
    "acousticness",
    "instrumentalness",
    "liveness",
    "speechiness",
)
_MODES: Final[Mapping[types_pb2.Mode.ValueType, str | None]] = {
    types_pb2.MODE_UNSPECIFIED: None,
    types_pb2.MODE_MAJOR: "MAJOR",
    types_pb2.MODE_MINOR: "MINOR",
}
_MODE_NUMBERS: Final = {mode: number for number, mode in _MODES.items()}
_NEW_STATUSES: Final[Mapping[int, str]] = {
    pb.TRACK_STATUS_UNSPECIFIED: COMPLETED,
    pb.TRACK_STATUS_COMPLETED: COMPLETED,
    pb.TRACK_STATUS_PENDING: PENDING,
}
_STATUSES: Final[Mapping[int, str]] = {
    **_NEW_STATUSES,
    pb.TRACK_STATUS_PROCESSING: PROCESSING,
    pb.TRACK_STATUS_FAILED: FAILED,
}
STATUS_NUMBERS: Final = {
    COMPLETED: pb.TRACK_STATUS_COMPLETED,
    PENDING: pb.TRACK_STATUS_PENDING,
    PROCESSING: pb.TRACK_STATUS_PROCESSING,
    FAILED: pb.TRACK_STATUS_FAILED,
}


# All tracks of a transaction have the same times; the messages are only ever copied from.
_same_time: Final = lru_cache(maxsize=64)(timestamp)


def decode_track(check: Check, message: pb.Track, *, is_new: bool) -> TrackDraft:
    """Read a track as a caller sends it; what is wrong with it is noted in `check`.

    A new track is PENDING or COMPLETED; one that exists may have any status.
    """
    status = (_NEW_STATUSES if is_new else _STATUSES).get(message.status)
    if status is None:
        check.fail("status", "must be PENDING or COMPLETED for a new track")
    features = (
        check.within("features", _features, message.features)
        if message.HasField("features")
        else NO_FEATURES
    )
    return TrackDraft(
        library_id=library_or_default(check, "library_id", message.library_id),
        title=check.text("title", message.title, max_length=MAX_TITLE, required=True),
        credits=decode_credits(check, "credits", message.credits),
        album=check.within("album", _album, message.album) if message.HasField("album") else None,
        disc_number=_counted(check, "disc_number", message.disc_number),
        disc_total=_counted(check, "disc_total", message.disc_total),
        track_number=_counted(check, "track_number", message.track_number),
        track_total=_counted(check, "track_total", message.track_total),
        genres=_genres(check, message),
        release_date=(
            _date(check, "release_date", message.release_date)
            if message.HasField("release_date")
            else None
        ),
        original_release_date=(
            _date(check, "original_release_date", message.original_release_date)
            if message.HasField("original_release_date")
            else None
        ),
        duration_ms=(
            check.milliseconds("duration", message.duration.seconds, message.duration.nanos)
            if message.HasField("duration")
            else None
        ),
        isrc=decode_isrc(check, message.isrc) if message.isrc else None,
        mbid=check.uuid("mbid", message.mbid) if message.mbid else None,
        lyrics=_text(check, "lyrics", message.lyrics, MAX_LYRICS),
        language=_language(check, message.language) if message.language else None,
        explicit=message.explicit if message.HasField("explicit") else None,
        features=features,
        popularity=(
            check.number("popularity", message.popularity, low=0, high=100)
            if message.HasField("popularity")
            else None
        ),
        status=status or COMPLETED,
        files=_files(check, message),
        sources=decode_sources(check, "sources", message.sources),
        attributes=check.each("attributes", _attribute, message.attributes, most=MAX_ATTRIBUTES),
        label=_text(check, "label", message.label, MAX_LABEL),
        comment=_text(check, "comment", message.comment, MAX_COMMENT),
    )


def decode_named(message: pb.Track) -> tuple[tuple[CreditedName, ...], AlbumChoice | None]:
    """Read the artists and the album of a stored track."""
    check = Check()
    album = _album(check, message.album) if message.HasField("album") else None
    return decode_credits(check, "credits", message.credits), album


def encode_track(track: Track) -> pb.Track:
    """Return a stored track as callers see it."""
    draft, credit = track.draft, track.credit
    return pb.Track(
        id=str(track.id),
        library_id=str(draft.library_id),
        title=draft.title,
        credits=encode_credits(credit.names) if credit else None,
        artist=credit.display if credit else "",
        album=encode_album(track.album) if track.album else None,
        disc_number=draft.disc_number or 0,
        disc_total=draft.disc_total or 0,
        track_number=draft.track_number or 0,
        track_total=draft.track_total or 0,
        genres=[genre.name for genre in track.genres],
        release_date=_encode_date(draft.release_date),
        original_release_date=_encode_date(draft.original_release_date),
        duration=None if draft.duration_ms is None else duration(draft.duration_ms),
        isrc=draft.isrc or "",
        mbid=str(draft.mbid) if draft.mbid else "",
        lyrics=draft.lyrics or "",
        language=draft.language or "",
        explicit=draft.explicit,
        features=_encode_features(draft.features) if draft.features is not NO_FEATURES else None,
        popularity=draft.popularity,
        status=STATUS_NUMBERS[draft.status],
        failure_reason=track.failure_reason or "",
        files=[_encode_file(file) for file in track.files],
        sources=encode_sources(draft.sources),
        attributes=[_encode_attribute(attribute) for attribute in draft.attributes],
        label=draft.label or "",
        comment=draft.comment or "",
        etag=etag(track.revision),
        create_time=_same_time(track.created_at),
        update_time=_same_time(track.updated_at),
        delete_time=timestamp(track.deleted_at) if track.deleted_at else None,
    )


def encode_album(album: AlbumOfTrack) -> pb.TrackAlbum:
    """Return the album of a track as callers see it."""
    message = pb.TrackAlbum(id=str(album.id), title=album.title)
    if album.credit:
        message.credits.extend(encode_credits(album.credit.names))
        message.artist = album.credit.display
    if album.mbid:
        message.mbid = str(album.mbid)
    return message


def _date(check: Check, field: str, message: types_pb2.PartialDate) -> str | None:
    """Read a date that was given: an empty one is not "no date" but a mistake."""
    if not message.year:
        check.fail(field, "needs a year from 1 to 9999")
        return None
    return decode_partial_date(check, field, message)


def _album(check: Check, message: pb.TrackAlbum) -> AlbumChoice:
    return AlbumChoice(
        id=check.optional_uuid("id", message.id),
        title=check.text("title", message.title, max_length=MAX_TITLE, required=not message.id),
        credits=decode_credits(check, "credits", message.credits),
        mbid=check.optional_uuid("mbid", message.mbid),
    )


def _counted(check: Check, field: str, value: int) -> int | None:
    """Read a number of which 0 means that it is not known."""
    if not value:
        return None
    return check.whole(field, value, low=1, high=MAX_NUMBER)


def _text(check: Check, field: str, value: str, max_length: int) -> str | None:
    return check.text(field, value, max_length=max_length) if value else None


def _genres(check: Check, message: pb.Track) -> tuple[str, ...]:
    return check.each("genres", _genre, message.genres, most=MAX_GENRES)


def _genre(check: Check, name: str) -> str:
    return check.text("", name, max_length=MAX_GENRE, required=True)


def decode_isrc(check: Check, value: str) -> str:
    """Read an ISRC in its canonical form: 12 characters, upper case."""
    if not _ISRC.fullmatch(value):
        check.fail("isrc", "must be an ISRC without hyphens, such as GBAYE6800011")
    return value


def _language(check: Check, value: str) -> str:
    if len(value) > MAX_LANGUAGE or not _LANGUAGE.fullmatch(value):
        check.fail("language", "must be a BCP 47 tag, such as pt-BR")
    return value


def _encode_date(text: str | None) -> types_pb2.PartialDate | None:
    return encode_partial_date(text) if text else None


def _features(check: Check, message: types_pb2.AudioFeatures) -> AudioFeatures:
    given: dict[str, float] = {
        name: check.number(f"{name}", getattr(message, name), low=0, high=1)
        for name in _UNIT_FEATURES
        if message.HasField(name)
    }
    if message.HasField("tempo_bpm"):
        given["tempo_bpm"] = check.number("tempo_bpm", message.tempo_bpm, low=0, high=1_000)
        if message.tempo_bpm == 0:
            check.fail("tempo_bpm", "must be above 0")
    if message.HasField("loudness_lufs"):
        given["loudness_lufs"] = check.number(
            "loudness_lufs", message.loudness_lufs, low=-100, high=20
        )
    if message.mode not in _MODES:
        check.fail("mode", "must be MODE_MAJOR or MODE_MINOR")
    return AudioFeatures(
        key=_optional_whole(check, message, "key", low=0, high=11),
        mode=_MODES.get(message.mode),
        time_signature=_optional_whole(check, message, "time_signature", low=1, high=32),
        **given,
    )


def _optional_whole(
    check: Check, message: types_pb2.AudioFeatures, name: str, *, low: int, high: int
) -> int | None:
    if not message.HasField(name):  # type: ignore[arg-type]
        return None
    return check.whole(f"{name}", getattr(message, name), low=low, high=high)


def _encode_features(features: AudioFeatures) -> types_pb2.AudioFeatures:
    message = types_pb2.AudioFeatures(mode=_MODE_NUMBERS[features.mode])
    for name in (*_UNIT_FEATURES, "tempo_bpm", "key", "time_signature", "loudness_lufs"):
        value = getattr(features, name)
        if value is not None:
            setattr(message, name, value)
    return message


def _files(check: Check, message: pb.Track) -> tuple[AudioFile, ...]:
    files = check.each("files", _file, message.files, most=MAX_FILES)
    if len(files) > 1 and len({file.uri for file in files}) < len(files):
        check.fail("files", "must not hold the same uri twice")
    return files


def _file(check: Check, message: types_pb2.AudioFile) -> AudioFile:
    return AudioFile(
        id=None,
        uri=decode_file_uri(check, message.uri),
        size_bytes=decode_file_size(check, message.size_bytes),
        mime_type=_text(check, "mime_type", message.mime_type, 100),
        format=_text(check, "format", message.format, 50),
        codec=_text(check, "codec", message.codec, 50),
        duration_ms=(
            check.milliseconds("duration", message.duration.seconds, message.duration.nanos)
            if message.HasField("duration")
            else None
        ),
        sample_rate_hz=_size(check, "sample_rate_hz", message.sample_rate_hz, _MAX_INT32),
        channels=_size(check, "channels", message.channels, _MAX_INT16),
        bit_depth=_size(check, "bit_depth", message.bit_depth, _MAX_INT16),
        bitrate_bps=_size(check, "bitrate_bps", message.bitrate_bps, _MAX_INT64),
        modified_at=decode_timestamp(check, "modify_time", message, "modify_time"),
        content_hash=decode_content_hash(check, message.content_hash),
        audio_hash=decode_audio_hash(check, message.audio_hash),
        missing_at=decode_timestamp(check, "missing_time", message, "missing_time"),
    )


def decode_file_uri(check: Check, value: str) -> str:
    """Read the field `uri`: the address of a file."""
    uri = check.text("uri", value, max_length=MAX_FILE_URI, required=True)
    if uri and not _URI.fullmatch(uri):
        check.fail("uri", "must begin with file://, gs://, s3:// or https://")
    return uri


def decode_content_hash(check: Check, value: str) -> str | None:
    """Read the field `content_hash`: that of all bytes of a file, or nothing."""
    if value and not _CONTENT_HASH.fullmatch(value):
        check.fail("content_hash", "must be 64 lower-case hexadecimal digits")
    return value or None


def decode_audio_hash(check: Check, value: str) -> str | None:
    """Read the field `audio_hash`: that of the audio of a file, or nothing."""
    return _text(check, "audio_hash", value, _MAX_AUDIO_HASH)


def decode_file_size(check: Check, value: int) -> int | None:
    """Read the field `size_bytes`, of which 0 means that it is not known."""
    return _size(check, "size_bytes", value, _MAX_INT64)


def _size(check: Check, field: str, value: int, most: int) -> int | None:
    """Read a size of which 0 means that it is not known."""
    return check.whole(field, value, low=1, high=most) if value else None


def _encode_file(file: AudioFile) -> types_pb2.AudioFile:
    message = types_pb2.AudioFile(
        id=str(file.id),
        uri=file.uri,
        size_bytes=file.size_bytes or 0,
        mime_type=file.mime_type or "",
        format=file.format or "",
        codec=file.codec or "",
        sample_rate_hz=file.sample_rate_hz or 0,
        channels=file.channels or 0,
        bit_depth=file.bit_depth or 0,
        bitrate_bps=file.bitrate_bps or 0,
        content_hash=file.content_hash or "",
        audio_hash=file.audio_hash or "",
    )
    if file.duration_ms is not None:
        message.duration.CopyFrom(duration(file.duration_ms))
    if file.modified_at:
        message.modify_time.CopyFrom(timestamp(file.modified_at))
    if file.missing_at:
        message.missing_time.CopyFrom(timestamp(file.missing_at))
    return message


def _attribute(check: Check, message: types_pb2.Attribute) -> Attribute:
    return Attribute(
        key=check.text("key", message.key, max_length=100, required=True),
        value=_value(check, message),
        source=_text(check, "source", message.source, 100),
        confidence=(
            check.number("confidence", message.confidence, low=0, high=1)
            if message.HasField("confidence")
            else None
        ),
    )


def _value(check: Check, message: types_pb2.Attribute) -> str | float | int | bool | datetime:
    match message.WhichOneof("value"):
        case "text":
            return check.text("text", message.text, max_length=_MAX_ATTRIBUTE_TEXT)
        case "number":
            return check.number("number", message.number, low=-_MAX_FLOAT, high=_MAX_FLOAT)
        case "integer":
            return message.integer
        case "flag":
            return message.flag
        case "time":
            return decode_timestamp(check, "time", message, "time") or ""
        case _:
            check.fail("", "must have a value")
            return ""


def _encode_attribute(attribute: Attribute) -> types_pb2.Attribute:
    message = types_pb2.Attribute(
        key=attribute.key, source=attribute.source or "", confidence=attribute.confidence
    )
    match attribute.value:
        case bool(flag):
            message.flag = flag
        case int(integer):
            message.integer = integer
        case float(number):
            message.number = number
        case str(text):
            message.text = text
        case time:
            message.time.CopyFrom(timestamp(time))
    return message
