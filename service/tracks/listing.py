"""Pages of tracks in one of several orders, with any filter.

The only statement of this package that is put together: from fragments that are static text, some
for each order. A page begins after the place of the last row of the page before, and an index is
walked from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, LiteralString
from uuid import UUID

from psycopg import sql

from service.database import Connection
from service.errors import invalid
from service.query import Query, condition
from service.tracks.model import Place


@dataclass(frozen=True, slots=True)
class Stretch:
    """Tracks that have the same sort keys, each an expression and its type; then comes the id.

    `source` are the tables, of which `t` is the track, and `condition` selects the tracks. The
    first `leading` keys are those of an index of another table, which is walked.
    """

    keys: tuple[tuple[LiteralString, LiteralString], ...] = ()
    source: LiteralString = "track AS t"
    condition: LiteralString = "true"
    leading: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """One order of tracks: stretches, one after the other, no two of which have as many keys."""

    stretches: tuple[Stretch, ...]
    descending: bool = False

    def following(self, after: Place | None) -> tuple[Stretch, ...]:
        """Return the stretches in their order, from the one on that has a place.

        Raises `InvalidInput` for a place in another order.
        """
        ordered = self.stretches[::-1] if self.descending else self.stretches
        if after is None:
            return ordered
        for first, stretch in enumerate(ordered):
            if len(stretch.keys) + 1 == len(after):
                return ordered[first:]
        raise invalid("page_token", "must be the next_page_token of this version of the service")


@dataclass(frozen=True, slots=True)
class Row:
    """A track of a page, with its place in the order."""

    id: UUID
    document: bytes
    place: Place


class Deleted(Enum):
    """What becomes of deleted tracks in a list; merged ones are never in it."""

    HIDDEN = auto()
    SHOWN = auto()
    ONLY = auto()


# A missing value counts as the lowest. Indexes: track_library_idx, track_title_idx,
# track_release_date_idx, track_popularity_idx, track_duration_idx.
_BY_TRACK: Final = {
    "create_time": Stretch(),
    "title": Stretch((("t.title_key", "text"),)),
    "release_date": Stretch((("coalesce(t.release_date::text, '') COLLATE \"C\"", "text"),)),
    "popularity": Stretch((("coalesce(t.popularity, -1)", "double precision"),)),
    "duration": Stretch((("coalesce(t.duration_ms, -1)", "integer"),)),
}
# track_without_credit_idx; artist_credit_names_idx and track_credit_idx.
_BY_ARTIST: Final = (
    Stretch(condition="t.credit_id IS NULL"),
    Stretch(
        (('left(c.names_key, 300) COLLATE "C"', "text"), ("t.title_key", "text")),
        source="artist_credit AS c JOIN track AS t ON t.credit_id = c.id",
        leading=1,
    ),
)
# track_without_album_idx; album_title_key_idx and track_album_idx.
_BY_ALBUM: Final = (
    Stretch(condition="t.album_id IS NULL"),
    Stretch(
        (
            ("a.title_key", "text"),
            ("a.id", "uuid"),
            ("coalesce(t.disc_number, 0)", "integer"),
            ("coalesce(t.track_number, 0)", "integer"),
        ),
        source="album AS a JOIN track AS t ON t.album_id = a.id",
        leading=2,
    ),
)
_ORDERS: Final = {
    **{name: (stretch,) for name, stretch in _BY_TRACK.items()},
    "artist": _BY_ARTIST,
    "album": _BY_ALBUM,
}

_PAGE: Final = sql.SQL(
    """
    SELECT t.id, t.document{keys}
    FROM {source}
    WHERE t.library_id = {library} AND {conditions}
    ORDER BY {order}
    LIMIT %(limit)s::integer
    """
)
_OF_ONE: Final = sql.SQL("%(library_id)s::uuid")
_OF_EACH: Final = sql.SQL("l.id")
# Libraries are few: a page of each by its index, and the best of these.
_PAGE_OF_ALL: Final = sql.SQL(
    """
    SELECT p.*
    FROM library AS l
    CROSS JOIN LATERAL ({page}) AS p
    ORDER BY {order}
    LIMIT %(limit)s::integer
    """
)
# Deleted ones alone: track_deleted_idx, whatever the order. They are few, so they can be sorted.
_CONDITIONS: Final = {
    Deleted.HIDDEN: sql.SQL("t.deleted_at IS NULL"),
    Deleted.SHOWN: sql.SQL("t.merged_into IS NULL"),
    Deleted.ONLY: sql.SQL("t.deleted_at IS NOT NULL AND t.merged_into IS NULL"),
}
_KEY: Final = sql.SQL(", {expression} AS {name}")
_BEYOND: Final = sql.SQL("({columns}) {operator} ({place})")


def order_of(text: str, *, besides: str = "") -> Order:
    """Read `order_by`: a field, then nothing or " desc". Raises `InvalidInput`.

    `besides` is what else the caller understands, for the message.
    """
    name, _, direction = text.strip().partition(" ")
    if (name or "create_time") in _ORDERS and direction.strip().lower() in ("", "asc", "desc"):
        return Order(_ORDERS[name or "create_time"], direction.strip().lower() == "desc")
    names = ", ".join(_ORDERS)
    raise invalid("order_by", f"must be {besides}one of {names}, alone or followed by ' desc'")


def position_of(place: Place) -> list[str | float]:
    """Return a place as a page token holds it."""
    return [str(part) if isinstance(part, UUID) else part for part in place]


def place_of(position: Sequence[str | float | None]) -> Place:
    """Return the place that a page token holds."""
    *keys, id_ = position
    return (*(key for key in keys if key is not None), UUID(str(id_)))


async def list_tracks(
    connection: Connection,
    library_id: UUID | None,
    query: Query,
    order: Order,
    after: Place | None,
    limit: int,
    *,
    deleted: Deleted,
    also: sql.Composable | None = None,
    values: Mapping[str, object] | None = None,
) -> list[Row]:
    """Return up to `limit` tracks of a library, or of all, in order: those after `after`.

    `also` is one more condition on the track `t`, with the values of its parameters.
    """
    rows: list[Row] = []
    for stretch in order.following(after):
        statement, parameters = page_statement(
            library_id, query, stretch, after,
            descending=order.descending, deleted=deleted, also=also,
        )  # fmt: skip
        parameters |= {"limit": limit - len(rows), **(values or {})}
        # The values decide which index is right, so the plan is made for them each time.
        found = await connection.execute(statement, parameters, prepare=False)
        rows += [Row(id_, of, (*keys, id_)) for id_, of, *keys in await found.fetchall()]
        if len(rows) == limit:
            break
        after = None
    return rows


def page_statement(
    library_id: UUID | None,
    query: Query,
    stretch: Stretch,
    after: Place | None,
    *,
    descending: bool,
    deleted: Deleted,
    also: sql.Composable | None = None,
) -> tuple[sql.Composed, dict[str, object]]:
    """Return the statement of a page of one stretch, and its parameters but for the limit."""
    conditions: list[sql.Composable] = [sql.SQL(stretch.condition), *([also] if also else ())]
    parameters: dict[str, object] = {"library_id": library_id} if library_id else {}
    conditions.append(_CONDITIONS[deleted])
    if after:
        conditions += _beyond(stretch, descending=descending)
        parameters |= {f"after{index}": value for index, value in enumerate(after)}
    if not query.is_empty:
        wanted, values = condition(query)
        conditions.append(wanted)
        parameters |= values
    names = [sql.Identifier(f"k{index}") for index in range(len(stretch.keys))]
    direction = sql.SQL(" DESC" if descending else " ASC")
    order = sql.SQL(", ").join(name + direction for name in [*names, sql.Identifier("id")])
    page = _PAGE.format(
        keys=sql.SQL("").join(
            _KEY.format(expression=sql.SQL(expression), name=name)
            for (expression, _), name in zip(stretch.keys, names, strict=True)
        ),
        source=sql.SQL(stretch.source),
        library=_OF_ONE if library_id else _OF_EACH,
        conditions=sql.SQL(" AND ").join(conditions),
        order=order,
    )
    if library_id:
        return page, parameters
    return _PAGE_OF_ALL.format(page=page, order=order), parameters


def _beyond(stretch: Stretch, *, descending: bool) -> list[sql.Composable]:
    """Return the conditions for what comes after a place, the parameters `after0` and on."""
    operator: LiteralString = "<" if descending else ">"
    whole = _compared([*stretch.keys, ("t.id", "uuid")], operator)
    if not stretch.leading:
        return [whole]
    # Of a comparison with columns of two tables, an index is asked for none.
    return [_compared(stretch.keys[: stretch.leading], operator + "="), whole]


def _compared(
    columns: Sequence[tuple[LiteralString, LiteralString]], operator: LiteralString
) -> sql.Composable:
    return _BEYOND.format(
        columns=sql.SQL(", ").join(sql.SQL(expression) for expression, _ in columns),
        operator=sql.SQL(operator),
        place=sql.SQL(", ").join(
            sql.Placeholder(f"after{index}") + sql.SQL("::" + type_)
            for index, (_, type_) in enumerate(columns)
        ),
    )
