"""Whether the stored documents of tracks say what their rows say.

The message is put together a second time here, from the columns alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from psycopg.rows import dict_row

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1 import types_pb2
from service.database import Connection

Row = dict[str, Any]

_FEATURES: Final = (
    "tempo_bpm", "key", "time_signature", "loudness_lufs", "energy", "danceability", "valence",
    "acousticness", "instrumentalness", "liveness", "speechiness",
)  # fmt: skip
_PLAIN: Final = (
    "title", "disc_number", "disc_total", "track_number", "track_total", "isrc", "lyrics",
    "language", "explicit", "popularity", "failure_reason", "label", "comment",
)  # fmt: skip
_FILE: Final = (
    "uri", "size_bytes", "mime_type", "format", "codec", "sample_rate_hz", "channels", "bit_depth",
    "bitrate_bps", "content_hash", "audio_hash",
)  # fmt: skip


async def documents_agree(connection: Connection) -> list[pb.Track]:
    """Return all tracks as their documents show them; fail when a row says something else."""
    await connection.execute("SET timezone TO 'UTC'")
    tracks = []
    for row in await _rows(connection, "SELECT * FROM track WHERE merged_into IS NULL ORDER BY id"):
        document = pb.Track.FromString(row["document"])
        if not document.features.ByteSize():  # none, and none of its values, are one in columns
            document.ClearField("features")
        assert document == await _from_rows(connection, row)
        tracks.append(document)
    return tracks


async def _from_rows(connection: Connection, row: Row) -> pb.Track:
    track_id: UUID = row["id"]
    track = pb.Track(
        id=str(track_id),
        library_id=str(row["library_id"]),
        mbid=str(row["mbid"] or ""),
        status=pb.TrackStatus.Value(f"TRACK_STATUS_{row['status']}"),
        etag=f'"{row["revision"]}"',
        create_time=_time(row["created_at"]),
        update_time=_time(row["updated_at"]),
        delete_time=_time(row["deleted_at"]),
        duration=_duration(row["duration_ms"]),
        release_date=_date(row["release_date"]),
        original_release_date=_date(row["original_release_date"]),
        **_given(row, _PLAIN),
    )
    track.credits.extend(await _credits(connection, row["credit_id"]))
    track.artist = await _display(connection, row["credit_id"])
    features = _given(row, _FEATURES)
    if row["mode"]:
        features["mode"] = types_pb2.Mode.Value(f"MODE_{row['mode']}")
    if features:
        track.features.CopyFrom(types_pb2.AudioFeatures(**features))
    await _add_album(connection, track, row["album_id"])
    genres = await _children(
        connection, "SELECT g.name FROM track_genre JOIN genre AS g ON g.id = genre_id", track_id
    )
    track.genres.extend(genre["name"] for genre in genres)
    is_live = row["deleted_at"] is None
    for source in await _children(connection, "SELECT * FROM track_source", track_id):
        assert (source["library_id"], source["is_live"]) == (row["library_id"], is_live)
        track.sources.append(_source(source))
    for file in await _children(connection, "SELECT * FROM audio_file", track_id):
        assert (file["library_id"], file["is_live"]) == (row["library_id"], is_live)
        track.files.append(_file(file))
    facts = await _children(connection, "SELECT * FROM track_attribute", track_id)
    track.attributes.extend(map(_attribute, facts))
    return track


async def _add_album(connection: Connection, track: pb.Track, album_id: UUID | None) -> None:
    if album_id:
        [album] = await _rows(connection, "SELECT * FROM album WHERE id = %s", album_id)
        track.album.id = str(album_id)
        track.album.title = album["title"]
        track.album.mbid = str(album["mbid"] or "")
        track.album.credits.extend(await _credits(connection, album["credit_id"]))
        track.album.artist = await _display(connection, album["credit_id"])


async def _credits(
    connection: Connection, credit_id: UUID | None
) -> Iterable[types_pb2.CreditedName]:
    names = await _rows(
        connection,
        "SELECT * FROM artist_credit_name WHERE credit_id = %s ORDER BY position",
        credit_id,
    )
    return [
        types_pb2.CreditedName(
            artist_id=str(name["artist_id"]),
            name=name["name"],
            join_phrase=name["join_phrase"],
            role=types_pb2.CreditRole.Value(f"CREDIT_ROLE_{name['role']}"),
        )
        for name in names
    ]


async def _display(connection: Connection, credit_id: UUID | None) -> str:
    rows = await _rows(connection, "SELECT display FROM artist_credit WHERE id = %s", credit_id)
    return "".join(row["display"] for row in rows)


def _source(row: Row) -> types_pb2.ExternalSource:
    return types_pb2.ExternalSource(
        type=row["type"],
        id=row["external_id"],
        uri=row["uri"],
        unavailable=row["unavailable"],
        sync_time=_time(row["synced_at"]),
    )


def _file(row: Row) -> types_pb2.AudioFile:
    return types_pb2.AudioFile(
        id=str(row["id"]),
        duration=_duration(row["duration_ms"]),
        modify_time=_time(row["modified_at"]),
        missing_time=_time(row["missing_at"]),
        **_given(row, _FILE),
    )


def _attribute(row: Row) -> types_pb2.Attribute:
    return types_pb2.Attribute(
        key=row["key"],
        text=row["text_value"],
        number=row["number_value"],
        integer=row["integer_value"],
        flag=row["flag_value"],
        time=_time(row["time_value"]),
        source=row["source"] or "",
        confidence=row["confidence"],
    )


def _given(row: Row, names: Iterable[str]) -> Row:
    return {name: row[name] for name in names if row[name] is not None}


def _time(value: datetime | None) -> Timestamp | None:
    if value is None:
        return None
    since = value - datetime(1970, 1, 1, tzinfo=UTC)
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)


def _duration(milliseconds: int | None) -> Duration | None:
    if milliseconds is None:
        return None
    return Duration(seconds=milliseconds // 1_000, nanos=milliseconds % 1_000 * 1_000_000)


def _date(text: str | None) -> types_pb2.PartialDate | None:
    if text is None:
        return None
    return types_pb2.PartialDate(
        **dict(zip(("year", "month", "day"), map(int, text.split("-")), strict=False))
    )


async def _children(connection: Connection, statement: str, track_id: UUID) -> list[Row]:
    return await _rows(connection, f"{statement} WHERE track_id = %s ORDER BY position", track_id)


async def _rows(connection: Connection, statement: str, *parameters: object) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), parameters)
        return await cursor.fetchall()
