"""Pages of tracks in one of four orders, with any filter.

The only statement of this package that is put together: from fragments that are static text, one
for each order. A page begins after the sort key of the last row of the page before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID

from psycopg import sql
from psycopg.rows import class_row

from service.database import Connection
from service.errors import invalid
from service.query import Query, condition


@dataclass(frozen=True, slots=True)
class Order:
    """One order of tracks: the expression that an index has, its type, the direction."""

    key: LiteralString
    key_type: LiteralString
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A track of a page, with its sort key."""

    id: UUID
    sort_key: str | float | UUID
    document: bytes


# A missing value counts as the lowest. Indexes: track_library_idx, track_title_idx,
# track_release_date_idx, track_popularity_idx.
_KEYS: Final[dict[str, tuple[LiteralString, LiteralString]]] = {
    "create_time": ("t.id", "uuid"),
    "title": ("t.title_key", "text"),
    "release_date": ("coalesce(t.release_date::text, '') COLLATE \"C\"", "text"),
    "popularity": ("coalesce(t.popularity, -1)", "double precision"),
}
_AFTER: Final = sql.SQL("({key}, t.id) {beyond} (%(after_key)s::{key_type}, %(after_id)s::uuid)")
_PAGE: Final = sql.SQL(
    """
    SELECT t.id, {key} AS sort_key, t.document
    FROM track AS t
    WHERE t.library_id = {library} AND {conditions}
    ORDER BY {key} {direction}, t.id {direction}
    LIMIT %(limit)s::integer
    """
)
_OF_ONE: Final = sql.SQL("%(library_id)s::uuid")
_OF_EACH: Final = sql.SQL("l.id")
# Libraries are few: a page of each by its index, and the best of these.
_PAGE_OF_ALL: Final = sql.SQL(
    """
    SELECT p.id, p.sort_key, p.document
    FROM library AS l
    CROSS JOIN LATERAL ({page}) AS p
    ORDER BY p.sort_key {direction}, p.id {direction}
    LIMIT %(limit)s::integer
    """
)
_LIVE: Final = sql.SQL("t.deleted_at IS NULL")
_NOT_MERGED: Final = sql.SQL("t.merged_into IS NULL")


def order_of(text: str, *, besides: str = "") -> Order:
    """Read `order_by`: a field, then nothing or " desc". Raises `InvalidInput`.

    `besides` is what else the caller understands, for the message.
    """
    name, _, direction = text.strip().partition(" ")
    if (name or "create_time") in _KEYS and direction.strip().lower() in ("", "asc", "desc"):
        key, key_type = _KEYS[name or "create_time"]
        return Order(key, key_type, direction.strip().lower() == "desc")
    names = ", ".join(_KEYS)
    raise invalid("order_by", f"must be {besides}one of {names}, alone or followed by ' desc'")


async def list_tracks(
    connection: Connection,
    library_id: UUID | None,
    query: Query,
    order: Order,
    after: tuple[object, UUID] | None,
    limit: int,
    *,
    with_deleted: bool,
    also: sql.Composable | None = None,
    values: Mapping[str, object] | None = None,
) -> list[Row]:
    """Return up to `limit` tracks of a library, or of all, in order: those after `after`.

    `also` is one more condition on the track `t`, with the values of its parameters.
    """
    statement, parameters = page_statement(
        library_id, query, order, after, with_deleted=with_deleted, also=also
    )
    parameters |= {"limit": limit, **(values or {})}
    async with connection.cursor(row_factory=class_row(Row)) as cursor:
        # The values decide which index is right, so the plan is made for them each time.
        await cursor.execute(statement, parameters, prepare=False)
        return await cursor.fetchall()


def page_statement(
    library_id: UUID | None,
    query: Query,
    order: Order,
    after: tuple[object, UUID] | None,
    *,
    with_deleted: bool,
    also: sql.Composable | None = None,
) -> tuple[sql.Composed, dict[str, object]]:
    """Return the statement of a page, and its parameters but for the limit."""
    conditions: list[sql.Composable] = [also] if also else []
    parameters: dict[str, object] = {"library_id": library_id} if library_id else {}
    conditions.append(_NOT_MERGED if with_deleted else _LIVE)
    key = sql.SQL(order.key)
    if after:
        beyond = sql.SQL("<" if order.descending else ">")
        conditions.append(_AFTER.format(key=key, beyond=beyond, key_type=sql.SQL(order.key_type)))
        parameters |= {"after_key": after[0], "after_id": after[1]}
    if not query.is_empty:
        wanted, values = condition(query)
        conditions.append(wanted)
        parameters |= values
    direction = sql.SQL("DESC" if order.descending else "ASC")
    page = _PAGE.format(
        key=key,
        library=_OF_ONE if library_id else _OF_EACH,
        conditions=sql.SQL(" AND ").join(conditions),
        direction=direction,
    )
    if library_id:
        return page, parameters
    return _PAGE_OF_ALL.format(page=page, direction=direction), parameters
