"""What can be purged in PostgreSQL, a batch at a time.

What was deleted says when. What nothing refers to is noted when a purge first finds it so, and goes
when no purge has found a reference for long enough. Each batch is held before it is looked at again
and dropped, so that what is brought back or referred to meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from service.artists import merge_records
from service.database import Connection, load_statements
from service.purge.model import Batch, Kind
from service.tracks.store import try_import_lock

_SQL = load_statements(__package__)
_DELETED_PLAYLISTS = _SQL["deleted_playlists"]
_PURGE_PLAYLISTS = _SQL["purge_playlists"]
_DELETED_TRACKS = _SQL["deleted_tracks"]
_PURGE_TRACKS = _SQL["purge_tracks"]
_NOTE = _SQL["note_unreferenced"]
_FORGET_OTHERS = _SQL["forget_others"]
_FORGET = _SQL["forget_keys"]
_DUE = _SQL["due_keys"]
_UNUSED_SENT_FILES = _SQL["unused_sent_files"]
_HOLD_SENT_FILE = _SQL["hold_sent_file"]
_COUNT_NOTED = _SQL["count_noted"]
_COUNT: Final[Mapping[Kind, LiteralString]] = {
    Kind.PLAYLISTS: _SQL["count_playlists"],
    Kind.TRACKS: _SQL["count_tracks"],
    Kind.ALBUMS: _SQL["count_albums"],
    Kind.ARTISTS: _SQL["count_artists"],
    Kind.LINKS: _SQL["count_links"],
    Kind.PICTURES: _SQL["count_pictures"],
}
COUNTED: Final = tuple(_COUNT)
"""What goes from the database alone: all but the bytes of sent files."""

FIRST_ID: Final = str(UUID(int=0))


@dataclass(frozen=True, slots=True)
class _Rows:
    """How rows that something may refer to are gone through, from which key on."""

    first: str
    walk: LiteralString
    unused: LiteralString
    hold: LiteralString
    remove: LiteralString


_ROWS: Final[Mapping[Kind, _Rows]] = {
    Kind.ALBUMS: _Rows(
        FIRST_ID,
        _SQL["walk_albums"],
        _SQL["unused_albums"],
        _SQL["hold_albums"],
        _SQL["remove_albums"],
    ),
    Kind.ARTISTS: _Rows(
        FIRST_ID,
        _SQL["walk_artists"],
        _SQL["unused_artists"],
        _SQL["hold_artists"],
        _SQL["remove_artists"],
    ),
    Kind.LINKS: _Rows(
        "",
        _SQL["walk_links"],
        _SQL["unused_links"],
        _SQL["hold_links"],
        _SQL["remove_links"],
    ),
    Kind.PICTURES: _Rows(
        "",
        _SQL["walk_pictures"],
        _SQL["unused_pictures"],
        _SQL["hold_pictures"],
        _SQL["remove_pictures"],
    ),
}
UNREFERENCED: Final = tuple(_ROWS)
"""What goes when nothing refers to it, in the order in which it can."""

_KNOWN_TO_IMPORTS: Final = (Kind.ALBUMS, Kind.ARTISTS, Kind.LINKS, Kind.PICTURES)
"""What an import may have found, and refers to before it ends."""


async def purge_playlists(
    connection: Connection, before: datetime, after: str, limit: int
) -> Batch:
    """Drop playlists that were deleted before an instant, from an id on."""
    ids = await _column(connection, _DELETED_PLAYLISTS, _place(before, after, limit))
    await connection.execute(_PURGE_PLAYLISTS, {"ids": ids})
    return Batch(_last(ids), len(ids))


async def purge_tracks(connection: Connection, before: datetime, after: str, limit: int) -> Batch:
    """Drop tracks that were deleted before an instant, from an id on; not those in a playlist."""
    ids = await _column(connection, _DELETED_TRACKS, _place(before, after, limit))
    [gone] = await _column(connection, _PURGE_TRACKS, {"ids": ids})
    return Batch(_last(ids), gone)


def first_key(kind: Kind) -> str:
    """Return where to begin with rows of a kind: before the first key."""
    return _ROWS[kind].first


async def note(connection: Connection, kind: Kind, after: str, limit: int) -> str | None:
    """Note which of the next rows of a kind nothing refers to, and forget the others.

    Returns the last key, None at the end of all.
    """
    rows = _ROWS[kind]
    keys = await _column(connection, rows.walk, {"after": after, "limit": limit})
    last = keys[-1] if len(keys) == limit else None
    unused = await _column(connection, rows.unused, {"keys": keys})
    place = {"kind": kind, "after": after, "last": last, "keys": unused}
    await connection.execute(_FORGET_OTHERS, place)
    await connection.execute(_NOTE, {"kind": kind, "keys": unused})
    return last


async def count(connection: Connection, kind: Kind, before: datetime) -> int:
    """Count what would go if nobody held it, once it is noted what nothing refers to now."""
    [found] = await _column(connection, _COUNT[kind], {"before": before})
    return int(found)


async def count_noted(connection: Connection) -> int:
    """Count what is noted as without a reference, however long ago."""
    [found] = await _column(connection, _COUNT_NOTED, {})
    return int(found)


async def due(
    connection: Connection, kind: Kind, before: datetime, after: str, limit: int
) -> list[str]:
    """Return what nothing has referred to since before an instant, from a key on."""
    return await _column(connection, _DUE, {"kind": kind, **_place(before, after, limit)})


async def remove(
    connection: Connection, kind: Kind, before: datetime, keys: Sequence[str]
) -> list[str]:
    """Drop rows that nothing refers to, but for those that somebody holds; return what went.

    What imports remember stays while one runs.
    """
    rows = _ROWS[kind]
    if kind in _KNOWN_TO_IMPORTS and not await try_import_lock(connection):
        return []
    held = await _column(connection, rows.hold, {"keys": keys})
    unused = await _column(connection, rows.unused, {"keys": list(dict.fromkeys(held))})
    if kind is Kind.ARTISTS:
        former = await merge_records.credits_of(connection, map(UUID, unused))
        await merge_records.remove_credits(connection, former)
    gone = await _column(connection, rows.remove, {"keys": unused, "before": before})
    await connection.execute(_FORGET, {"kind": kind, "keys": gone})
    return gone


async def remove_due(
    connection: Connection, kind: Kind, before: datetime, after: str, limit: int
) -> Batch:
    """Drop rows that nothing has referred to since before an instant, from a key on."""
    keys = await due(connection, kind, before, after, limit)
    return Batch(_last(keys), len(await remove(connection, kind, before, keys)))


async def note_sent_files(connection: Connection, addresses: Collection[str]) -> None:
    """Note which of these files that were sent no file of a track is, and forget the others."""
    unused = await unused_sent_files(connection, addresses)
    others = [each for each in addresses if each not in set(unused)]
    await forget_sent_files(connection, others)
    await connection.execute(_NOTE, {"kind": Kind.SENT_FILES, "keys": unused})


async def unused_sent_files(connection: Connection, addresses: Collection[str]) -> list[str]:
    """Return those of these files that were sent which no file of a track is."""
    return await _column(connection, _UNUSED_SENT_FILES, {"keys": list(addresses)})


async def forget_sent_files(connection: Connection, addresses: Collection[str]) -> None:
    """Forget that no file of a track was one of these, since one is, or since they are gone."""
    await connection.execute(_FORGET, {"kind": Kind.SENT_FILES, "keys": list(addresses)})


async def hold_sent_file(connection: Connection, address: str) -> bool:
    """Keep a content from being sent again until the transaction ends, unless it just is."""
    [held] = await _column(connection, _HOLD_SENT_FILE, {"key": address})
    return bool(held)


def _place(before: datetime, after: str, limit: int) -> dict[str, object]:
    return {"before": before, "after": after, "limit": limit}


def _last(keys: list[Any]) -> str | None:
    return str(keys[-1]) if keys else None


async def _column(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, object]
) -> list[Any]:
    return [row[0] for row in await (await connection.execute(statement, parameters)).fetchall()]
