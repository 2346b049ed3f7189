"""What Suggest asks of PostgreSQL: names and titles, the popular ones first.

Every statement looks at a bounded number of rows, whatever was typed and however much there is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID

from service.database import Connection, load_statements
from service.suggest.model import Kind, Match, Typed

_SQL = load_statements(__package__)
_PLAN_ONCE = _SQL["plan_once"]
_POPULAR: Final = (_SQL["popular_titles"], _SQL["popular_names"])
_OTHER: Final = (_SQL["other_titles"], _SQL["other_names"])
_WITH_WORDS: Final = (_SQL["titles_with_words"], _SQL["names_with_words"])
_CALLED = _SQL["names_called"]
_SETTLE = _SQL["settle_popularity"]
_BEGINNINGS = _SQL["known_beginnings"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: kinds of names, in one library or in all, so many of each kind."""

    kinds: tuple[Kind, ...]
    library_id: UUID | None
    limit: int
    highlight: bool = False


async def plan_once(connection: Connection) -> None:
    """Make the other statements quick, in the transaction of `connection`."""
    await connection.execute(_PLAN_ONCE)


async def popular(connection: Connection, typed: Typed, wanted: Wanted) -> list[Match]:
    """Return the best of what is popular."""
    return await _matches(connection, _POPULAR, typed.key, typed.probe, typed.begun, wanted)


async def other(
    connection: Connection, typed: Typed, probe: str | None, wanted: Wanted
) -> list[Match]:
    """Return the best of the rest; without a `probe`, only of what begins with the typed text."""
    return await _matches(connection, _OTHER, typed.key, probe, typed.begun, wanted)


async def with_words(
    connection: Connection, typed: Typed, words: str, wanted: Wanted
) -> list[Match]:
    """Return the best of what a tsquery finds; `typed` is what they are compared with."""
    return await _matches(connection, _WITH_WORDS, typed.key, words, words, wanted)


async def called(
    connection: Connection, typed: Typed, keys: Sequence[str], wanted: Wanted
) -> list[Match]:
    """Return the best of what bears one of some folded names; not tracks."""
    parameters = {
        "key": typed.key,
        "keys": list(keys),
        "library_id": wanted.library_id,
        "limit": wanted.limit,
        "kinds": [kind.name for kind in wanted.kinds],
    }
    rows = await (await connection.execute(_CALLED, parameters, prepare=True)).fetchall()
    return [Match(Kind[kind], *row) for kind, *row in rows]


async def _matches(
    connection: Connection,
    statements: tuple[LiteralString, LiteralString],
    key: str,
    probe: str | None,
    words: str,
    wanted: Wanted,
) -> list[Match]:
    of_titles, of_names = statements
    names = [kind for kind in wanted.kinds if kind is not Kind.TRACK]
    parameters = {
        "key": key,
        "probe": probe,
        "words": words,
        "library_id": wanted.library_id,
        "limit": wanted.limit,
        "kinds": [kind.name for kind in names],
    }
    rows = []
    if Kind.TRACK in wanted.kinds:
        rows += await (await connection.execute(of_titles, parameters, prepare=True)).fetchall()
    if names:
        rows += await (await connection.execute(of_names, parameters, prepare=True)).fetchall()
    return [Match(Kind[kind], *row) for kind, *row in rows]


async def known_beginnings(connection: Connection, beginnings: Collection[str]) -> frozenset[str]:
    """Return with which of these letters a word of the catalogue begins."""
    parameters = {"beginnings": list(beginnings)}
    rows = await (await connection.execute(_BEGINNINGS, parameters)).fetchall()
    return frozenset(row[0] for row in rows)


async def settle_popularity(connection: Connection, subjects: Sequence[UUID]) -> None:
    """Make artists and albums as popular as their tracks are now: writes only raise them."""
    await connection.execute(_SETTLE, {"subjects": list(subjects)})
