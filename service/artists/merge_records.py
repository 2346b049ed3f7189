"""What is remembered of merged artists: where ids lead, what they were, and what went over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from service.artists import store
from service.artists.model import Artist, CreditedName, TakenName
from service.database import Connection, load_statements
from service.errors import FailedPrecondition

_SQL = load_statements(__package__)
_HOLD_OF_ARTISTS = _SQL["hold_tracks_of_artists"]
_HOLD_OF_SUBJECTS = _SQL["hold_tracks_of_subjects"]
_LEADING = _SQL["artist_names"]
_LOCK = _SQL["lock_artists"]
_GIVE_UP = _SQL["give_up_places"]
_ADD = _SQL["add_artist_merges"]
_ADD_TAKEN = _SQL["add_taken_names"]
_ADD_LED = _SQL["add_led_names"]
_COPY_TAKEN = _SQL["copy_taken_names"]
_CREDITS_OF = _SQL["credits_of_artists"]
_TRACKS_OF = _SQL["tracks_of_these_credits"]
_CREDITS_OF_TRACKS = _SQL["credits_of_tracks"]
_REMOVE_CREDITS = _SQL["remove_credits"]
_REMOVE = _SQL["remove_artists"]
_GET = _SQL["get_artist_merge"]
_TAKEN = _SQL["taken_names"]
_MERGED_INTO = _SQL["artists_merged_into"]
_SET_GIVEN = _SQL["set_artist_given"]
_FORGET = _SQL["forget_artist_merge"]
_LIST = _SQL["list_merged_artists"]

Taken = Mapping[UUID, Sequence[TakenName]]
"""Names by the tracks or albums whose credits have them."""


@dataclass(frozen=True, slots=True)
class ArtistMerge:
    """A merge: what an artist was merged into and leads to, what it was, and what the survivor got.

    The last two are serialized artists.
    """

    survivor_id: UUID
    leads_to: UUID
    artist: bytes
    given: bytes


@dataclass(frozen=True, slots=True)
class Inherited:
    """A merged artist as it was, and what its survivor has from it; both serialized."""

    artist_id: UUID
    artist: bytes
    given: bytes


@dataclass(frozen=True, slots=True)
class MergedArtist:
    """An artist that is about to be merged; serialized, and what the survivor gets, too."""

    artist: Artist
    snapshot: bytes
    given: bytes


@dataclass(frozen=True, slots=True)
class ListedArtistMerge:
    """A merged artist as it was, serialized, and what it was merged into."""

    artist_id: UUID
    artist: bytes
    survivor_id: UUID
    merged_at: datetime


async def leading(connection: Connection, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the artists that ids lead to, by these ids."""
    rows = await (await connection.execute(_LEADING, {"ids": list(ids)})).fetchall()
    return {asked: artist_id for asked, artist_id, _ in rows}


async def hold_tracks(connection: Connection, ids: Iterable[UUID]) -> None:
    """Keep the tracks that show artists from being changed: to be done before these are locked."""
    await connection.execute(_HOLD_OF_ARTISTS, {"ids": list(ids)})


async def hold_subjects(connection: Connection, ids: Iterable[UUID]) -> None:
    """Keep tracks, and those on albums, from being changed, by the ids of these."""
    await connection.execute(_HOLD_OF_SUBJECTS, {"ids": list(ids)})


async def lock(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Artist]:
    """Return artists by their ids, and keep others from changing or crediting them meanwhile."""
    parameters = {"ids": list(ids)}
    await connection.execute(_LOCK, parameters)
    return {artist.id: artist for artist in await store.find_many(connection, parameters["ids"])}


async def add(connection: Connection, survivor_id: UUID, merged: Sequence[MergedArtist]) -> None:
    """Remember artists that become another one, to which their ids lead from now on."""
    parameters = {
        "survivor_id": survivor_id,
        "ids": [of.artist.id for of in merged],
        "names": [of.artist.draft.name for of in merged],
        "disambiguations": [of.artist.draft.disambiguation for of in merged],
        "artists": [of.snapshot for of in merged],
        "given": [of.given for of in merged],
    }
    await connection.execute(_ADD, parameters)


async def add_taken(connection: Connection, taken: Sequence[tuple[UUID, UUID, TakenName]]) -> None:
    """Remember names that were those of merged artists: artist, track or album, and name."""
    parameters = {
        "artist_ids": [artist_id for artist_id, _, _ in taken],
        "subjects": [subject for _, subject, _ in taken],
        "positions": [name.position for _, _, name in taken],
        "names": [name.name for _, _, name in taken],
        "roles": [name.role for _, _, name in taken],
    }
    await connection.execute(_ADD_TAKEN, parameters)


async def add_led(connection: Connection, album_id: UUID, names: Sequence[CreditedName]) -> None:
    """Remember for an album that comes back which of its names merged artists had when it went.

    They have been merged since: their merges did not find the album.
    """
    parameters = {
        "subject": album_id,
        "artist_ids": [name.artist_id for name in names],
        "positions": list(range(len(names))),
        "names": [name.name for name in names],
        "roles": [name.role for name in names],
    }
    await connection.execute(_ADD_LED, parameters)


async def copy_taken(
    connection: Connection, from_id: UUID, to_id: UUID, names: Iterable[CreditedName]
) -> None:
    """Remember for an album that gets these names from another one which merged artists had."""
    artist_ids = [name.artist_id for name in names]
    parameters = {"from_id": from_id, "to_id": to_id, "artist_ids": artist_ids}
    await connection.execute(_COPY_TAKEN, parameters)


async def give_up_places(connection: Connection, ids: Iterable[UUID]) -> None:
    """Take from artists that are about to be merged what only one artist can have."""
    await connection.execute(_GIVE_UP, {"ids": list(ids)})


async def credits_of(connection: Connection, ids: Iterable[UUID]) -> list[UUID]:
    """Return the credits that name artists."""
    rows = await (await connection.execute(_CREDITS_OF, {"ids": list(ids)})).fetchall()
    return [row[0] for row in rows]


async def tracks_of_credits(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the tracks that have one of these credits, deleted ones included, with the credits."""
    return dict(await (await connection.execute(_TRACKS_OF, {"ids": list(ids)})).fetchall())


async def credits_of_tracks(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return those of these tracks that have a credit, with the credits."""
    return dict(await (await connection.execute(_CREDITS_OF_TRACKS, {"ids": list(ids)})).fetchall())


async def remove_credits(connection: Connection, ids: Iterable[UUID]) -> None:
    """Remove those of these credits that nothing has any more; their artists must be locked."""
    await connection.execute(_REMOVE_CREDITS, {"ids": list(ids)})


async def remove(connection: Connection, ids: Iterable[UUID]) -> None:
    """Remove merged artists, which nothing credits any more."""
    await connection.execute(_REMOVE, {"ids": list(ids)})


async def get(connection: Connection, artist_id: UUID) -> ArtistMerge:
    """Return the merge of an artist.

    Raises `FailedPrecondition` when the artist is not merged, `NotFound` when there is none.
    """
    async with connection.cursor(row_factory=class_row(ArtistMerge)) as cursor:
        found = await (await cursor.execute(_GET, {"id": artist_id})).fetchone()
    if found is None:
        await store.get(connection, artist_id)
        raise FailedPrecondition(f"artist {artist_id} is not merged")
    return found


async def taken_from(connection: Connection, artist_id: UUID) -> dict[UUID, list[TakenName]]:
    """Return the names that were a merged artist's, by the tracks and albums that have them."""
    taken: dict[UUID, list[TakenName]] = {}
    rows = await (await connection.execute(_TAKEN, {"id": artist_id})).fetchall()
    for subject, *name in rows:
        taken.setdefault(subject, []).append(TakenName(*name))
    return taken


async def merged_into(connection: Connection, survivor_id: UUID) -> list[Inherited]:
    """Return those that were merged into an artist and still are, the first one first."""
    async with connection.cursor(row_factory=class_row(Inherited)) as cursor:
        await cursor.execute(_MERGED_INTO, {"id": survivor_id})
        return await cursor.fetchall()


async def set_given(connection: Connection, artist_id: UUID, given: bytes) -> None:
    """Remember what a survivor has from a merged artist: a serialized one."""
    await connection.execute(_SET_GIVEN, {"id": artist_id, "given": given})


async def forget(connection: Connection, artist_id: UUID) -> None:
    """Forget the merge of an artist that is there again; what became it before leads to it."""
    await connection.execute(_FORGET, {"id": artist_id})


async def list_merged(
    connection: Connection, artist_id: UUID, after: UUID, limit: int
) -> list[ListedArtistMerge]:
    """Return up to `limit` artists whose ids lead where this one leads, those after an id.

    Raises `NotFound`.
    """
    parameters = {"id": artist_id, "after": after, "limit": limit}
    async with connection.cursor(row_factory=class_row(ListedArtistMerge)) as cursor:
        listed = await (await cursor.execute(_LIST, parameters)).fetchall()
    if not listed:
        await store.get(connection, artist_id)
    return listed
