"""A small catalogue of made-up tracks in which filters find something, and miss something."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from psycopg import sql
from uuid_utils.compat import uuid7

from service.artists.credits import resolve_credits
from service.artists.model import CreditedName
from service.database import Connection
from service.search.index import index_tracks, reindex_artist

T = TypeVar("T")

NOW: Final = datetime(2026, 3, 15, 12, tzinfo=UTC)
OTHER_LIBRARY: Final = UUID("01920000-0000-7000-8000-00000000000b")
DEFAULT_LIBRARY: Final = UUID("00000000-0000-7000-8000-000000000001")
LIBRARIES: Final = {DEFAULT_LIBRARY: "default", OTHER_LIBRARY: "Café Library"}

TITLES: Final = (
    *("Love Me Do", "Love", "Lovely Day", "The Night We Met", "Night & Day", "R.E.M. Sleep"),
    *(
        "P!nk Elephant",
        "Don't Stop",
        "!!!",
        "愛の歌",
        "Sæglópur (Live)",
        "7 Rings",
        "Wait..",
        "Ænima",
    ),
    *("A" * 400 + " tail", "я" * 990 + " конец"),
)
ARTISTS: Final = {
    "Sigur Rós": ("Victory Rose",),
    "Queen": (),
    "Queen Latifah": ("Dana Owens",),
    "AC/DC": ("Acca Dacca",),
    "The The": (),
    "Beyoncé": ("Queen B",),
}
CREDITED_AS: Final = {"Queen Latifah": "Latifah", "Sigur Rós": "sigur ros"}
ALBUMS: Final = ("Love", "Night Moves", "( )", "Queen II", "Back in Black")
GENRES: Final = ("Rock", "Rock and Roll", "Hip-Hop", "Live", "Post-Rock", "Näit")
TAGS: Final[tuple[tuple[str, str | float | int | bool], ...]] = (
    *(("mood", "Calm"), ("mood", "Calm Night"), ("mood", "4"), ("my key", "Très bien")),
    *(("rating", 4), ("rating", 2.5), ("rating", 0), ("live", True), ("live", False)),
)
ISRCS: Final = ("USRC17607839", "GBAYE0601498")
SOURCES: Final = ("spotify", "deezer")


@dataclass(frozen=True, slots=True)
class File:
    """What filters ask of a file."""

    format: str | None
    bitrate_bps: int | None
    sample_rate_hz: int | None


@dataclass(frozen=True, slots=True)
class Album:
    """An album and whose it is."""

    id: UUID
    title: str
    artists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A track, flat. Artists are names of `ARTISTS`; None and () are not known."""

    id: UUID
    library_id: UUID
    title: str
    artists: tuple[str, ...]
    album: Album | None
    genres: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    status: str
    release_date: str | None
    duration_ms: int | None
    tempo_bpm: float | None
    key: int | None
    mode: str | None
    energy: float | None
    danceability: float | None
    valence: float | None
    loudness_lufs: float | None
    popularity: float | None
    explicit: bool | None
    language: str | None
    label: str | None
    comment: str | None
    lyrics: str | None
    track_number: int | None
    disc_number: int | None
    isrc: str | None
    mbid: UUID | None
    files: tuple[File, ...]
    sources: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str | float | int | bool], ...]


_COLUMNS: Final = (
    *("id", "library_id", "title", "created_at", "updated_at", "deleted_at", "status"),
    *("release_date", "duration_ms", "tempo_bpm", "key", "mode", "energy", "danceability"),
    *("valence", "loudness_lufs", "popularity", "explicit", "language", "label", "comment"),
    *("lyrics", "track_number", "disc_number", "isrc", "mbid"),
)


def make_records(count: int, seed: int) -> list[Record]:
    """Make records at random, the same ones for the same seed."""
    dice = random.Random(seed)
    albums = [Album(uuid7(), title, _some(dice, tuple(ARTISTS), 2)) for title in ALBUMS]
    return [_record(dice, albums, number) for number in range(count)]


def _record(dice: random.Random, albums: Sequence[Album], number: int) -> Record:
    created = NOW - timedelta(hours=dice.choice((1, 30, 200, 5_000, 20_000)))
    return Record(
        id=uuid7(),
        library_id=dice.choice(tuple(LIBRARIES)),
        title=dice.choice(TITLES),
        artists=_some(dice, tuple(ARTISTS), 3),
        album=dice.choice([None, *albums]),
        genres=_some(dice, GENRES, 3),
        created_at=created,
        updated_at=created + timedelta(minutes=dice.randrange(60)),
        deleted_at=dice.choice((None, None, None, NOW)),
        status=dice.choice(("COMPLETED", "COMPLETED", "COMPLETED", "PENDING", "FAILED")),
        release_date=dice.choice((None, "1999", "1999-03", "1999-03-08", "2000-12", "0476")),
        duration_ms=dice.choice((None, 210_000, 210_999, 211_000, 180_000, 0)),
        tempo_bpm=dice.choice((None, 120.0, 119.6, 128.04, 130.0)),
        key=dice.choice((None, *range(12))),
        mode=dice.choice((None, "MAJOR", "MINOR")),
        energy=dice.choice((None, 0.0, 0.5, 0.84, 1.0)),
        danceability=dice.choice((None, 0.25, 0.75)),
        valence=dice.choice((None, 0.1, 0.9)),
        loudness_lufs=dice.choice((None, -14.0, -8.5)),
        popularity=dice.choice((None, 0.0, 50.0, 99.5)),
        explicit=dice.choice((None, True, False)),
        language=dice.choice((None, "en", "en-US", "PT-br")),
        label=dice.choice((None, "Warp", "Warp Records", "XL")),
        comment=dice.choice((None, "ripped by me", "Love it")),
        lyrics=dice.choice((None, "la la la")),
        track_number=dice.choice((None, 1, 2, 12)),
        disc_number=dice.choice((None, 1, 2)),
        isrc=dice.choice((None, *ISRCS)),
        mbid=dice.choice((None, UUID(int=1), UUID(int=2))),
        files=_some(
            dice,
            (File("flac", 900_000, 44_100), File("mp3", 320_000, 48_000), File(None, None, None)),
            2,
        ),
        sources=tuple((name, f"id/{number}") for name in _some(dice, SOURCES, 2)),
        tags=_some(dice, TAGS, 4),
    )


def _some(dice: random.Random, values: Sequence[T], most: int) -> tuple[T, ...]:
    return tuple(dice.sample(values, dice.randint(0, most)))


async def store(connection: Connection, records: Sequence[Record]) -> None:
    """Put records into the catalogue, in the way of the service where it matters to search."""
    await connection.execute(
        "INSERT INTO library (id, name) VALUES (%s, %s)", (OTHER_LIBRARY, LIBRARIES[OTHER_LIBRARY])
    )
    albums = {record.album.id: record.album for record in records if record.album}
    wanted = [record.artists for record in records] + [album.artists for album in albums.values()]
    credits = await _credits(connection, wanted)
    for album in albums.values():
        await connection.execute(
            "INSERT INTO album (id, title, credit_id) VALUES (%s, %s, %s)",
            (album.id, album.title, credits[album.artists]),
        )
    genres = await _genres(connection)
    for record in records:
        await _store_track(connection, record, credits[record.artists])
        await _store_children(connection, record, genres)
    await index_tracks(connection, [record.id for record in records])


async def _credits(
    connection: Connection, wanted: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], UUID | None]:
    names = [CreditedName(None, name, ", ", "PRIMARY") for name in ARTISTS]
    await resolve_credits(connection, [(name,) for name in names])
    rows = await (await connection.execute("SELECT name, id FROM artist")).fetchall()
    artists: dict[str, UUID] = dict(rows)
    lists = [
        tuple(
            CreditedName(artists[name], CREDITED_AS.get(name, name), ", ", "PRIMARY")
            for name in each
        )
        for each in wanted
    ]
    credits = await resolve_credits(connection, lists)
    for name, aliases in ARTISTS.items():
        for position, alias in enumerate(aliases):
            await connection.execute(
                "INSERT INTO artist_alias (artist_id, position, name) VALUES (%s, %s, %s)",
                (artists[name], position, alias),
            )
        await reindex_artist(connection, artists[name])
    return {
        each: credit.id if credit else None for each, credit in zip(wanted, credits, strict=True)
    }


async def _genres(connection: Connection) -> dict[str, int]:
    rows = await (
        await connection.execute(
            "INSERT INTO genre (name) SELECT unnest(%s::text[]) RETURNING name, id", (list(GENRES),)
        )
    ).fetchall()
    return dict(rows)


async def _store_track(connection: Connection, record: Record, credit_id: UUID | None) -> None:
    values = {name: getattr(record, name) for name in _COLUMNS}
    values |= {"credit_id": credit_id, "album_id": record.album and record.album.id}
    values |= {"document": b""}
    statement = sql.SQL("INSERT INTO track ({}) VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )
    await connection.execute(statement, values)


async def _store_children(connection: Connection, record: Record, genres: dict[str, int]) -> None:
    for position, genre in enumerate(record.genres):
        await connection.execute(
            "INSERT INTO track_genre (track_id, position, genre_id) VALUES (%s, %s, %s)",
            (record.id, position, genres[genre]),
        )
    for position, file in enumerate(record.files):
        await connection.execute(
            "INSERT INTO audio_file (id, track_id, position, library_id, uri, format, bitrate_bps,"
            " sample_rate_hz, is_live) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                uuid7(),
                *(record.id, position, record.library_id, f"file:///{uuid7()}"),
                *(file.format, file.bitrate_bps, file.sample_rate_hz, record.deleted_at is None),
            ),
        )
    for position, (name, external_id) in enumerate(record.sources):
        await connection.execute(
            "INSERT INTO track_source (track_id, position, library_id, type, external_id, is_live)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (record.id, position, record.library_id, name, external_id, record.deleted_at is None),
        )
    for position, (key, value) in enumerate(record.tags):
        column = {str: "text", float: "number", int: "integer", bool: "flag"}[type(value)]
        statement = sql.SQL(
            "INSERT INTO track_attribute (track_id, position, key, {}) VALUES (%s, %s, %s, %s)"
        ).format(sql.Identifier(f"{column}_value"))
        await connection.execute(statement, (record.id, position, key, value))
