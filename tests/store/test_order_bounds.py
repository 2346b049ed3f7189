"""A page of tracks in an order is read along an index, at any depth and in any catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from fonoteca.v1.search_pb2 import SearchTracksRequest
from service.database import Connection, Database
from service.settings import Settings
from tests.support.catalogue import DEFAULT_LIBRARY
from tests.support.pages import is_bounded, one_connection, recorded, touched

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

_FIELDS: Final = (
    *("create_time", "title", "release_date", "popularity", "duration", "artist", "album"),
)
_ORDERS: Final = tuple(f"{field}{way}" for field in _FIELDS for way in ("", " desc"))
_SMALL: Final = 5_000
_LARGE: Final = 4 * _SMALL
_DEPTH: Final = 2
"""So many pages of a thousand precede the deep one: it is beyond the tracks without a value."""

# Each value is that of several tracks, and each third track has none.
_ADD: Final = (
    """
    INSERT INTO artist_credit (id, display, names_key, words)
    SELECT md5('credit ' || n)::uuid, 'Band ' || n, 'band ' || n, ''
    FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
    WHERE n %% 10 = 1
    """,
    """
    INSERT INTO album (id, title)
    SELECT md5('album ' || n)::uuid, 'Love ' || n %% 500
    FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
    WHERE n %% 10 = 1
    """,
    """
    INSERT INTO track (
        id, library_id, title, credit_id, album_id, track_number, duration_ms, release_date,
        popularity, status, document
    )
    SELECT
        gen_random_uuid(),
        %(library_id)s,
        'Song ' || n %% 1000,
        CASE WHEN n %% 3 > 0 THEN md5('credit ' || n / 10 * 10 + 1)::uuid END,
        CASE WHEN n %% 3 > 0 THEN md5('album ' || n / 10 * 10 + 1)::uuid END,
        1 + n %% 20,
        CASE WHEN n %% 3 > 0 THEN n %% 500 * 1000 END,
        CASE WHEN n %% 3 > 0 THEN 1900 + n %% 100 END,
        CASE WHEN n %% 3 > 0 THEN n %% 101 END,
        'COMPLETED',
        ''
    FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
    """,
    "VACUUM (ANALYZE)",
)
_SORTED: Final = "SELECT t.document FROM track AS t ORDER BY t.duration_ms / 2, t.id LIMIT 51"


@pytest.fixture
def settings(database_url: str) -> Settings:
    return one_connection(database_url)


async def test_a_page_in_any_order_touches_no_more_of_a_larger_catalogue(
    connection: Connection, database: Database, search: SearchServiceAsyncStub
) -> None:
    await _add(connection, 0, _SMALL)
    small = {order: await _pages(connection, database, search, order) for order in _ORDERS}
    small_sort = await touched(connection, _SORTED, {})
    await _add(connection, _SMALL, _LARGE)
    large = {order: await _pages(connection, database, search, order) for order in _ORDERS}
    # What sorts every track does not pass.
    assert not is_bounded(small_sort, await touched(connection, _SORTED, {}))
    for order in _ORDERS:
        assert small[order]
        assert is_bounded(small[order], large[order]), (order, small[order], large[order])


async def _add(connection: Connection, first: int, end: int) -> None:
    values = {"library_id": DEFAULT_LIBRARY, "first": first, "last": end - 1}
    for statement in _ADD:
        await connection.execute(statement.encode(), values if "%" in statement else None)


async def _pages(
    connection: Connection, database: Database, search: SearchServiceAsyncStub, order: str
) -> int:
    """Return the pages that the largest statement touches of a first page and of a deep one."""
    request = SearchTracksRequest(filter="has:title", order_by=order)
    async with recorded(database) as first:
        response = await search.SearchTracks(request)
    statements = [*first]
    for _ in range(_DEPTH):
        request.page_size, request.page_token = 1_000, response.next_page_token
        response = await search.SearchTracks(request)
    request.page_size, request.page_token = 50, response.next_page_token
    async with recorded(database) as deep:
        await search.SearchTracks(request)
    return max(
        [
            await touched(connection, text, values, "force_custom_plan")
            for text, values in [*statements, *deep]
        ]
    )
