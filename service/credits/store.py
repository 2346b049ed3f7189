"""What the catalogue and its people know of names that may be those of several artists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.credits.model import Evidence, Part, parts_named
from service.database import Connection, load_statements

_SQL = load_statements(__package__)
_KNOWN = _SQL["find_known"]
_DECIDED = _SQL["find_decided"]
_ADD = _SQL["add_reviews"]
_LIST = _SQL["list_reviews"]
_DECIDE = _SQL["decide"]
_CREDITED = _SQL["find_credited"]
_CREDITED_ALBUMS = _SQL["find_credited_albums"]


@dataclass(frozen=True, slots=True)
class Review:
    """A name that is in doubt, and since when."""

    name: str
    seen_at: datetime


async def evidence(connection: Connection, names: Collection[str]) -> Evidence:
    """Return what is known of names."""
    if not names:
        return Evidence()
    parameters = {"names": list(names)}
    known = await (await connection.execute(_KNOWN, parameters)).fetchall()
    decided = await (await connection.execute(_DECIDED, parameters)).fetchall()
    return Evidence(
        frozenset(name for (name,) in known),
        {name: parts_named(name, names_in_it) or [Part(name)] for name, names_in_it in decided},
    )


async def add_reviews(connection: Connection, names: Collection[str]) -> None:
    """Ask people about names."""
    if names:
        await connection.execute(_ADD, {"names": list(names)})


async def list_reviews(connection: Connection, after: str, limit: int) -> list[Review]:
    """Return a page of the names that are in doubt, in their order."""
    rows = await (await connection.execute(_LIST, {"after": after, "limit": limit})).fetchall()
    return [Review(*row) for row in rows]


async def decide(connection: Connection, name: str, names: Sequence[str]) -> None:
    """Remember the names that stand in a name."""
    await connection.execute(_DECIDE, {"name": name, "names": list(names)})


async def find_credited(connection: Connection, name: str) -> list[UUID]:
    """Return the live tracks whose credit holds a name."""
    rows = await (await connection.execute(_CREDITED, {"name": name})).fetchall()
    return [row[0] for row in rows]


async def find_credited_albums(connection: Connection, name: str) -> list[UUID]:
    """Return the albums whose credit holds a name."""
    rows = await (await connection.execute(_CREDITED_ALBUMS, {"name": name})).fetchall()
    return [row[0] for row in rows]
