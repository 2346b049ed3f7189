"""What Suggest asks of PostgreSQL: names and titles, the popular ones first.

Every statement looks at a bounded number of rows, whatever was typed and however much there is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg.rows import TupleRow

from service.database import Connection, load_statements
from service.suggest.candidates import Source, read_typed_statement, statement
from service.suggest.model import Kind, Match, Typed

_SQL = load_statements(__package__)
_READ_TYPED = read_typed_statement()
_SETTLE = _SQL["settle_popularity"]
_BEGINNINGS = _SQL["known_beginnings"]

_IN_TWO_STEPS: Final = frozenset({Kind.TRACK, Kind.ARTIST, Kind.ALBUM})
"""The kinds of which the popular ones are looked through first; there are few of the others."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: kinds of names, in one library or in all, so many of each kind."""

    kinds: tuple[Kind, ...]
    library_id: UUID | None
    limit: int
    highlight: bool = False


async def read_typed(connection: Connection, text: str) -> Typed:
    """Return what was typed, folded."""
    [[key, begun]] = await _READ_TYPED.rows(connection, {"text": text})
    return Typed(key or "", begun or "")


async def begun(connection: Connection, text: str, wanted: Wanted) -> tuple[Typed, list[Match]]:
    """Return what was typed, folded, and the best of what it may become.

    That is what is popular, or has just the letters that were typed; and of the kinds of which this
    is too little, the best of the rest.
    """
    in_two_steps = [kind.name for kind in wanted.kinds if kind in _IN_TWO_STEPS]
    sought = {"text": text, "in_two_steps": in_two_steps}
    rows = await _rows(connection, Source.BEGUN, sought, wanted)
    [key, begun, *_] = rows[0]
    found = [Match(Kind[kind], *row) for _, _, kind, *row in rows if kind]
    return Typed(key or "", begun or ""), found


async def with_words(
    connection: Connection, typed: Typed, words: str, wanted: Wanted
) -> list[Match]:
    """Return the best of what a tsquery finds; `typed` is what they are compared with."""
    return await _matches(connection, Source.WITH_WORDS, typed, {"words": words}, wanted)


async def called(
    connection: Connection, typed: Typed, keys: Sequence[str], wanted: Wanted
) -> list[Match]:
    """Return the best of what bears one of some folded names; not tracks."""
    return await _matches(connection, Source.CALLED, typed, {"keys": list(keys)}, wanted)


async def _matches(
    connection: Connection,
    source: Source,
    typed: Typed,
    sought: Mapping[str, object],
    wanted: Wanted,
) -> list[Match]:
    given = {"key": typed.key, "words": None, "keys": None, **sought}
    return [
        Match(Kind[kind], *row) for kind, *row in await _rows(connection, source, given, wanted)
    ]


async def _rows(
    connection: Connection, source: Source, sought: Mapping[str, object], wanted: Wanted
) -> list[TupleRow]:
    names = [kind.name for kind in wanted.kinds if kind is not Kind.TRACK]
    query = statement(
        source,
        titles=Kind.TRACK in wanted.kinds,
        names=bool(names),
        in_library=wanted.library_id is not None,
    )
    parameters = {
        "kinds": names,
        "library_id": wanted.library_id,
        "limit": wanted.limit,
        **sought,
    }
    return await query.rows(connection, parameters)


async def known_beginnings(connection: Connection, beginnings: Collection[str]) -> frozenset[str]:
    """Return with which of these letters a word of the catalogue begins."""
    parameters = {"beginnings": list(beginnings)}
    rows = await (await connection.execute(_BEGINNINGS, parameters)).fetchall()
    return frozenset(row[0] for row in rows)


async def settle_popularity(connection: Connection, subjects: Sequence[UUID]) -> set[UUID]:
    """Make artists and albums as popular as their tracks are now: writes only raise them.

    Returns those that were not.
    """
    rows = await (await connection.execute(_SETTLE, {"subjects": list(subjects)})).fetchall()
    return {row[0] for row in rows}
