"""What upkeep looks at in PostgreSQL, and how it mends that.

Each `look_at_...` looks at the next rows of a stage and mends what it finds wrong, in the caller's
transaction: one that is rolled back only looks. None waits for a writer while it keeps another one
waiting, except for a rename of an artist whose credit is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, LiteralString, TypeVar
from uuid import UUID

from psycopg import errors as pg
from psycopg.rows import dict_row

from service.database import Connection, load_statements
from service.search.index import index_tracks, unindex_tracks
from service.suggest.store import settle_popularity
from service.upkeep.model import Census, Fault, Finding, Look, Stage, State

_SQL = load_statements(__package__)
_STATE = _SQL["state"]
_HOLD_STATE = _SQL["hold_state"]
_WAIT_FOR_STATE = _SQL["wait_for_state"]
_SAVE_STATE = _SQL["save_state"]
_LAST_ROUND = _SQL["last_round"]
_CENSUS = _SQL["census"]
_COUNT_ROWS = _SQL["count_rows"]
_PREPARE = _SQL["prepare_upkeep"]
_GENRES = _SQL["genres"]
_FOLD_GENRES = _SQL["fold_genres"]
_ARTISTS = _SQL["artists"]
_FOLD_ARTISTS = _SQL["fold_artists"]
_FOLD_ALIASES = _SQL["fold_aliases"]
_FOLD_MERGED = _SQL["fold_merged_artists"]
_CREDITS = _SQL["credits"]
_HOLD_ARTISTS = _SQL["hold_artists_of_credits"]
_MEND_CREDITS = _SQL["mend_credits"]
_ALBUMS = _SQL["albums"]
_FOLD_ALBUMS = _SQL["fold_albums"]
_TITLES = _SQL["titles"]
_FOLD_TITLES = _SQL["fold_titles"]
_TRACKS_AND_ENTRIES = _SQL["tracks_and_entries"]
_HOLD_ENTRIES = _SQL["hold_entries"]
_UNKNOWN_WORDS = _SQL["entries_with_unknown_words"]
_STRAY = _SQL["stray_entries"]
_NEEDLESS_LYRICS = _SQL["needless_lyrics"]
_WRITTEN_NOW = _SQL["entries_written_now"]
_NAMES = _SQL["names"]
_HOLD_NAMES = _SQL["hold_names"]
_MEND_NAMES = _SQL["mend_names"]
_WORDS = _SQL["words"]
_NOTE_STATISTICS = _SQL["note_statistics"]
_WEIGH_WORDS = _SQL["weigh_words"]
_HOLD_INDEX = _SQL["hold_index"]
_PRUNE = _SQL["prune_words"]

T = TypeVar("T")

_SIMPLE: Final[Mapping[Stage, tuple[LiteralString, LiteralString]]] = {
    Stage.ALBUMS: (_ALBUMS, _FOLD_ALBUMS),
    Stage.TITLES: (_TITLES, _FOLD_TITLES),
}
"""Stages of names that may be alike: what finds the stale ones, and what folds them anew."""

_UNIQUE: Final[Mapping[Stage, tuple[LiteralString, tuple[LiteralString, ...]]]] = {
    Stage.GENRES: (_GENRES, (_FOLD_GENRES,)),
    Stage.ARTISTS: (_ARTISTS, (_FOLD_ARTISTS, _FOLD_ALIASES, _FOLD_MERGED)),
}
"""Stages of names of which no two may be equal."""


async def state(connection: Connection) -> tuple[State, int]:
    """Return how far upkeep has come, and the version of the fold that the database has."""
    return _required(await _state(connection, _STATE))


async def hold_state(connection: Connection) -> tuple[State, int] | None:
    """Return the same, held until the transaction ends; None while somebody else holds it."""
    return await _state(connection, _HOLD_STATE)


async def wait_for_state(connection: Connection) -> tuple[State, int]:
    """Return the same, held until the transaction ends, when nobody else holds it any more."""
    return _required(await _state(connection, _WAIT_FOR_STATE))


async def save_state(connection: Connection, state: State, *, has_ended: bool = False) -> None:
    """Remember how far upkeep has come, and whether that was the end of a round."""
    await connection.execute(_SAVE_STATE, asdict(state) | {"has_ended": has_ended})


async def last_round(connection: Connection) -> datetime | None:
    """Return when everything had last been looked at."""
    [ended] = _required(await (await connection.execute(_LAST_ROUND)).fetchone())
    when: datetime | None = ended
    return when


async def census(connection: Connection) -> Census:
    """Count what the index holds. Takes seconds for a million tracks."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        counts = _required(await (await cursor.execute(_CENSUS)).fetchone())
    return Census(**counts | {"tiers": tuple(counts["tiers"] or ())})


async def count_rows(connection: Connection) -> int:
    """Return how many rows a round looks at."""
    [count] = _required(await (await connection.execute(_COUNT_ROWS)).fetchone())
    return int(count)


async def weigh_words(connection: Connection) -> None:
    """Note how common words are, if PostgreSQL has new statistics about that.

    An old figure makes searches slower, not wrong.
    """
    if await (await connection.execute(_NOTE_STATISTICS)).fetchone():
        await connection.execute(_WEIGH_WORDS)


async def look(connection: Connection, stage: Stage, after: str, limit: int) -> Look:
    """Look at up to `limit` rows of a stage behind a position, and mend what is wrong with them."""
    await connection.execute(_PREPARE)
    position: dict[str, object] = {"after": after, "limit": limit}
    if stage in _UNIQUE:
        return await _look_at_unique(connection, stage, position)
    if stage in _SIMPLE:
        return await _look_at_simple(connection, stage, position)
    if stage is Stage.CREDITS:
        return await _look_at_credits(connection, position)
    if stage is Stage.ENTRIES:
        return await _look_at_entries(connection, position)
    if stage is Stage.NAMES:
        return await _look_at_names(connection, position)
    return await _look_at_words(connection, position)


async def _look_at_unique(
    connection: Connection, stage: Stage, position: Mapping[str, object]
) -> Look:
    find, folds = _UNIQUE[stage]
    rows = await _rows(connection, find, position)
    stale = [key for key, is_stale, has_double in rows if is_stale and not has_double]
    for fold in folds if stale else ():
        await connection.execute(fold, {"ids": stale})
    double = [key for key, _, has_double in rows if has_double]
    findings = _findings(stage, Fault.STALE_NAME, stale)
    return _seen(rows, findings + _findings(stage, Fault.EQUAL_NAME, double))


async def _look_at_simple(
    connection: Connection, stage: Stage, position: Mapping[str, object]
) -> Look:
    find, fold = _SIMPLE[stage]
    rows = await _rows(connection, find, position)
    stale = [key for key, is_stale in rows if is_stale]
    if stale:
        await connection.execute(fold, {"ids": stale})
    return _seen(rows, _findings(stage, Fault.STALE_NAME, stale))


async def _look_at_credits(connection: Connection, position: Mapping[str, object]) -> Look:
    rows = await _rows(connection, _CREDITS, position)
    stale = [key for key, is_stale in rows if is_stale]
    if stale:
        await connection.execute(_HOLD_ARTISTS, {"ids": stale})
        await connection.execute(_MEND_CREDITS, {"ids": stale})
    return _seen(rows, _findings(Stage.CREDITS, Fault.STALE_WORDS, stale))


async def _look_at_entries(connection: Connection, position: Mapping[str, object]) -> Look:
    """Write the entries of some tracks again: those that this changes were wrong.

    The entries are held before the tracks are read. Whoever changes a track writes its entry in the
    same transaction, so what is read is either before all of that change or after all of it.
    """
    rows = await _rows(connection, _TRACKS_AND_ENTRIES, position)
    ids: list[UUID] = [row[0] for row in rows]
    entries = dict(await _rows(connection, _HOLD_ENTRIES, {"ids": ids}))
    free = [track_id for track_id in ids if entries.get(track_id, True)]
    of_free = {"ids": free}
    stray = await _column(connection, _STRAY, of_free)
    needless = await _column(connection, _NEEDLESS_LYRICS, of_free)
    unknown = await _column(connection, _UNKNOWN_WORDS, of_free)
    if stray or unknown:
        await unindex_tracks(connection, [*stray, *unknown])
    await index_tracks(connection, free)
    written = {*await _column(connection, _WRITTEN_NOW, of_free), *needless}
    changed = written - {*unknown, *stray}
    faults = (
        (Fault.STRAY, stray),
        (Fault.UNKNOWN_WORDS, sorted(set(unknown) - set(stray))),
        (Fault.MISSING, sorted(changed - entries.keys())),
        (Fault.WRONG, sorted(changed & entries.keys())),
    )
    findings = [finding for fault, of in faults for finding in _findings(Stage.ENTRIES, fault, of)]
    return _seen(rows, findings)


async def _look_at_names(connection: Connection, position: Mapping[str, object]) -> Look:
    """Compare what is suggested with what it is made from; leave to writers what they write."""
    rows = await _rows(connection, _NAMES, position)
    wrong = [subject for subject, *is_so, _ in rows if any(is_so)]
    held = set(await _column(connection, _HOLD_NAMES, {"ids": wrong})) if wrong else set()
    if held:
        await connection.execute(_MEND_NAMES, {"ids": list(held)})
    unsettled = await settle_popularity(
        connection, [subject for subject, *_, has_tracks in rows if has_tracks]
    )
    mended = [row for row in rows if row[0] in held]
    faults = (
        (Fault.MISSING, [subject for subject, is_missing, *_ in mended if is_missing]),
        (Fault.WRONG, [subject for subject, _, is_wrong, *_ in mended if is_wrong]),
        (Fault.STRAY, [subject for subject, _, _, is_stray, _ in mended if is_stray]),
        (Fault.STALE_POPULARITY, sorted(unsettled - held)),
    )
    findings = [finding for fault, of in faults for finding in _findings(Stage.NAMES, fault, of)]
    return _seen(rows, findings)


async def _look_at_words(connection: Connection, position: Mapping[str, object]) -> Look:
    rows = await _rows(connection, _WORDS, position)
    unused = [word for word, is_used in rows if not is_used]
    if unused:
        await _prune(connection, unused)
    return _seen(rows, _findings(Stage.WORDS, Fault.UNUSED_WORD, unused))


async def _prune(connection: Connection, words: Sequence[str]) -> None:
    """Take words out of the vocabulary, unless somebody is writing: the next round comes soon."""
    try:
        async with connection.transaction():
            await connection.execute(_HOLD_INDEX)
            await connection.execute(_PRUNE, {"words": list(words)})
    except pg.LockNotAvailable:
        pass


def _findings(stage: Stage, fault: Fault, subjects: Collection[object]) -> list[Finding]:
    return [Finding(stage, str(subject), fault) for subject in subjects]


def _seen(rows: Sequence[tuple[Any, ...]], findings: Sequence[Finding]) -> Look:
    return Look(str(rows[-1][0]) if rows else None, len(rows), tuple(findings))


async def _state(connection: Connection, statement: LiteralString) -> tuple[State, int] | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        row = await (await cursor.execute(statement)).fetchone()
    if row is None:
        return None
    wanted = row.pop("wanted")
    return State(**row | {"stage": Stage(row["stage"])}), wanted


def _required(found: T | None) -> T:
    if found is None:
        raise LookupError("the database has lost the row of search_upkeep")
    return found


async def _rows(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    return await (await connection.execute(statement, parameters)).fetchall()


async def _column(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, object]
) -> list[UUID]:
    return [row[0] for row in await _rows(connection, statement, parameters)]
