"""From names to credits: artists are found by name, or created, and equal credits are shared.

A catalogue names the same few artists again and again, so everything works on whole batches, and a
`CreditCache` carries what is known from one batch of a transaction to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from uuid_utils.compat import uuid7

from service.artists.model import Credit, CreditedName, credit_of
from service.database import Connection, load_statements
from service.errors import NotFound

_SQL = load_statements(__package__)
_NAMES_OF = _SQL["artist_names"]
_FIND = _SQL["find_artists_by_name"]
_ADD = _SQL["add_artists"]
_HOLD = _SQL["hold_artists"]
_ADD_CREDITS = _SQL["add_credits"]


@dataclass(slots=True)
class CreditCache:
    """What a transaction has learned of artists and credits.

    `leading` has the artists that ids lead to, with their names; nobody else can rename or merge
    those that are `held` before the transaction ends.
    """

    artist_ids: dict[str, UUID] = field(default_factory=dict)
    leading: dict[UUID, tuple[UUID, str]] = field(default_factory=dict)
    held: set[UUID] = field(default_factory=set)
    credits: dict[tuple[CreditedName, ...], Credit] = field(default_factory=dict)
    by_id: dict[UUID, Credit] = field(default_factory=dict)


async def resolve_credits(
    connection: Connection,
    wanted: Sequence[tuple[CreditedName, ...]],
    cache: CreditCache | None = None,
) -> list[Credit | None]:
    """Return the stored credit of each list of names; None for an empty one.

    Creates the artists and credits that are missing. Raises `NotFound` when a name refers to an
    artist id that does not exist.
    """
    cache = cache or CreditCache()
    new = {names: None for names in wanted if names and names not in cache.credits}
    if new:
        every = [name for names in new for name in names]
        while True:
            await _learn_leading(connection, every, cache)
            await _learn_artists(connection, every, cache)
            fresh = {names: credit_of([_known(name, cache) for name in names]) for names in new}
            if await _hold(connection, fresh.values(), cache):
                break
        await store_credits(connection, fresh.values())
        cache.credits.update(fresh)
        cache.by_id.update((credit.id, credit) for credit in fresh.values())
    return [cache.credits[names] if names else None for names in wanted]


def _known(name: CreditedName, cache: CreditCache) -> CreditedName:
    """Return the name with its artist and its spelling."""
    if not name.artist_id:
        return replace(name, artist_id=cache.artist_ids[name.name])
    artist_id, spelling = cache.leading[name.artist_id]
    return replace(name, artist_id=artist_id, name=name.name or spelling)


async def _hold(connection: Connection, credits: Iterable[Credit], cache: CreditCache) -> bool:
    """Keep the artists of credits as they are; forget those that were merged; say whether none was.

    A rename or merge that is under way is waited for; one that comes later will find these credits.
    """
    wanted = _artist_ids(credits) - cache.held
    if not wanted:
        return True
    rows = await (await connection.execute(_HOLD, {"ids": list(wanted)})).fetchall()
    cache.held.update(row[0] for row in rows)
    if not (gone := wanted - cache.held):
        return True
    cache.artist_ids = {name: id_ for name, id_ in cache.artist_ids.items() if id_ not in gone}
    cache.leading = {id_: of for id_, of in cache.leading.items() if of[0] not in gone}
    return False


async def _learn_leading(
    connection: Connection, names: Iterable[CreditedName], cache: CreditCache
) -> None:
    """Read the artists that are given by id; a transaction sees them as long as it lasts."""
    wanted = {name.artist_id for name in names if name.artist_id} - cache.leading.keys()
    if not wanted:
        return
    rows = await (await connection.execute(_NAMES_OF, {"ids": list(wanted)})).fetchall()
    cache.leading.update((asked, (artist_id, name)) for asked, artist_id, name in rows)
    for missing in wanted - cache.leading.keys():
        raise NotFound("artist", missing)


async def _learn_artists(
    connection: Connection, names: Iterable[CreditedName], cache: CreditCache
) -> None:
    """Find the artists that are given by name, and create those that nobody knows."""
    wanted = {name.name for name in names if not name.artist_id} - cache.artist_ids.keys()
    if not wanted:
        return
    await _find_artists(connection, list(wanted), cache)
    if missing := sorted(wanted - cache.artist_ids.keys()):
        new = {"ids": [uuid7() for _ in missing], "names": missing}
        added: dict[str, UUID] = dict(await (await connection.execute(_ADD, new)).fetchall())
        cache.artist_ids.update(added)
        cache.held.update(added.values())  # nobody else sees them yet
    # Somebody else has just added these, or they are other spellings of what was added.
    if left := [name for name in missing if name not in cache.artist_ids]:
        await _find_artists(connection, left, cache)


async def _find_artists(connection: Connection, names: Sequence[str], cache: CreditCache) -> None:
    rows = await (await connection.execute(_FIND, {"names": list(names)})).fetchall()
    for name, artist_id, is_held in rows:
        cache.artist_ids[name] = artist_id
        if is_held:
            cache.held.add(artist_id)


def _artist_ids(of: Iterable[Credit]) -> set[UUID]:
    return {name.artist_id for credit in of for name in credit.names if name.artist_id}


async def store_credits(connection: Connection, credits: Iterable[Credit]) -> None:
    """Store credits of artists that cannot change meanwhile; those that exist are left alone."""
    by_id = {credit.id: credit for credit in credits}
    names = [
        (credit.id, position, name)
        for credit in by_id.values()
        for position, name in enumerate(credit.names)
    ]
    await connection.execute(
        _ADD_CREDITS,
        {
            "ids": list(by_id),
            "displays": [credit.display for credit in by_id.values()],
            "credit_ids": [credit_id for credit_id, _, _ in names],
            "positions": [position for _, position, _ in names],
            "artist_ids": [name.artist_id for _, _, name in names],
            "names": [name.name for _, _, name in names],
            "join_phrases": [name.join_phrase for _, _, name in names],
            "roles": [name.role for _, _, name in names],
        },
    )
