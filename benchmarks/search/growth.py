"""Latency in a catalogue that is twice and four times as large.

The larger one is a copy of the database to which tracks are added inside PostgreSQL: each has the
title, genres and other values of one track, the artists of another and the album of a third, so
that words stay as frequent as they are. They are indexed by the statement that indexes every track.
Their stored messages are those of the tracks that gave the titles, so answers are as long as real
ones. The vocabulary does not grow, as that of new music would.

At each size the same mixed queries are asked 50 times a second, in turns with the catalogue as it
was, and the ratio of the percentiles over all turns counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import psycopg
from psycopg import sql

from benchmarks.bench import Bench
from benchmarks.http2 import connections
from benchmarks.processes import Server
from benchmarks.report import Report, percentile
from benchmarks.search import clients, ground, plots
from service.database.embedded import DATABASE, ROLE, SUPERUSER, EmbeddedPostgres
from service.search.index import index_tracks

_NAME: Final = "search.growth"
_GROWN: Final = "fonoteca_grown"
_DOUBLINGS: Final = 2
_PACE: Final = 50
_CONNECTIONS: Final = 8
_QUERIES: Final = 500
_TURNS: Final = 3
_BLOCK: Final = 10_000
_MAX_RATIO: Final = 1.3
_PERCENTS: Final = (50, 90, 99)

_PLAIN_COLUMNS: Final = """
SELECT column_name::text
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = 'track' AND is_generated = 'NEVER'
    AND column_name NOT IN ('id', 'credit_id', 'album_id', 'isrc', 'mbid')
"""
# Odd steps through a numbering: each doubling pairs other tracks.
_RECOMBINE: Final = """
CREATE TEMPORARY TABLE recombined AS
WITH numbered AS (
    SELECT
        t.id, t.credit_id, t.album_id,
        row_number() OVER (ORDER BY t.id) - 1 AS n,
        count(*) OVER () AS total
    FROM track AS t
    WHERE t.status = 'COMPLETED' AND t.deleted_at IS NULL
)
SELECT
    uuidv7() AS id,
    one.id AS title_of,
    other.credit_id,
    third.album_id
FROM numbered AS one
JOIN numbered AS other ON other.n = (one.n + one.total / 3) % one.total
JOIN numbered AS third ON third.n = (one.n + one.total / 7) % one.total
"""
_ADD_TRACKS: Final = sql.SQL(
    """
INSERT INTO track (id, credit_id, album_id, {columns})
SELECT r.id, r.credit_id, r.album_id, {values}
FROM recombined AS r
JOIN track AS t ON t.id = r.title_of
"""
)
_ADD_GENRES: Final = """
INSERT INTO track_genre (track_id, position, genre_id)
SELECT r.id, g.position, g.genre_id
FROM recombined AS r
JOIN track_genre AS g ON g.track_id = r.title_of
"""


def run(bench: Bench, report: Report) -> None:
    queries = ground.mixes(bench).mixed[:_QUERIES]
    filled = bench.filled
    with _copy(filled.postgres) as conninfo:
        times: dict[int, Sequence[float]] = {}
        for doubling in range(1, _DOUBLINGS + 1):
            bench.say("doubling the catalogue")
            _double(filled.postgres)
            size = _size(conninfo)
            bench.say(f"asking both, {_size(filled.conninfo):,} and {size:,} tracks")
            with (
                bench.serving_filled() as small,
                bench.serving(bench.new_data_dir(_GROWN), database=conninfo) as large,
            ):
                before, after = _in_turns(small, large, queries)
            times.setdefault(_size(filled.conninfo), before)
            times[size] = after
            _report(report, size, before, after, is_last=doubling == _DOUBLINGS)
    report.plot("search-latency-size", plots.latency_against_size(times))


def _report(
    report: Report,
    size: int,
    before: Sequence[float],
    after: Sequence[float],
    *,
    is_last: bool,
) -> None:
    before, after = sorted(before), sorted(after)
    for percent in _PERCENTS:
        here, there = percentile(before, percent), percentile(after, percent)
        limit = _MAX_RATIO if is_last and percent != 90 else None
        name = f"{size:,} tracks: p{percent}"
        report.add(_NAME, name, there, "ms")
        report.add(_NAME, f"{name} / as it was", there / here, "x", at_most=limit)


def _in_turns(
    small: Server, large: Server, queries: Sequence[str]
) -> tuple[list[float], list[float]]:
    before: list[float] = []
    after: list[float] = []
    with connections(small, _CONNECTIONS) as ones, connections(large, _CONNECTIONS) as others:
        for each in (ones, others):  # so that connections and caches are warm
            clients.ask_together(each, queries)
        for _ in range(_TURNS):
            before += clients.ask_on_schedule(ones, queries, _PACE)
            after += clients.ask_on_schedule(others, queries, _PACE)
    return before, after


@contextmanager
def _copy(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Make a copy of the database; yields how to connect to it."""
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
        sql.Identifier(_GROWN), sql.Identifier(DATABASE)
    )
    drop = sql.SQL("DROP DATABASE {}").format(sql.Identifier(_GROWN))
    with psycopg.connect(postgres.conninfo_of("postgres", ROLE), autocommit=True) as connection:
        connection.execute(create)
        try:
            yield postgres.conninfo_of(_GROWN, ROLE)
        finally:
            connection.execute(drop)


def _double(postgres: EmbeddedPostgres) -> None:
    """Add as many tracks as there are."""
    superuser = postgres.conninfo_of(_GROWN, SUPERUSER)
    with psycopg.connect(superuser, autocommit=True) as connection:
        # What the rows refer to is there: they are taken from rows that refer to it already.
        connection.execute("SET session_replication_role = replica")
        connection.execute(_RECOMBINE)
        names = [row[0] for row in connection.execute(_PLAIN_COLUMNS)]
        connection.execute(
            _ADD_TRACKS.format(
                columns=sql.SQL(", ").join(map(sql.Identifier, names)),
                values=sql.SQL(", ").join(sql.Identifier("t", name) for name in names),
            )
        )
        connection.execute(_ADD_GENRES)
        ids = [row[0] for row in connection.execute("SELECT id FROM recombined")]
    asyncio.run(_index(postgres.conninfo_of(_GROWN, ROLE), ids))
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


async def _index(conninfo: str, ids: Sequence[UUID]) -> None:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        for start in range(0, len(ids), _BLOCK):
            await index_tracks(connection, ids[start : start + _BLOCK])


def _size(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT count(*) FROM track_search").fetchone()
    assert row
    return int(row[0])
