"""How fast a catalogue comes in through `fonoteca import`, beside the bare COPY of what it wrote.

The first import fills an empty service; the second one sends the same table again, and must change
nothing. Then all tables are written to files by COPY, and read again by COPY in the order of their
foreign keys into a second database with the same schema: indexes, constraints, triggers and
generated columns work there as they do for the service, so what remains is the least that any way
in has to pay. A table that triggers have filled by then is left out: they were paid for already.
The faster of two such runs counts. CPU time is that of client, service and PostgreSQL apart; memory
is the largest of the service's processes at its worst moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from benchmarks.bench import Bench, Imported
from benchmarks.processes import Stopwatch
from benchmarks.report import Report
from service.database import migrations
from service.database.embedded import ROLE, SUPERUSER, EmbeddedPostgres

_MIB: Final = 1 << 20
_CHUNK: Final = 1 << 18
_RUNS: Final = 2
_HALF_A_MILLION_IN_A_MINUTE: Final = 506_273 / 60
_MAX_WORKER_MIB: Final = 400
_MAX_RATIO: Final = 3.0
_BARE: Final = "fonoteca_bare"

_TABLES: Final = """\
SELECT relname, ARRAY(
    SELECT confrelid::regclass::text FROM pg_constraint
    WHERE conrelid = table_.oid AND contype = 'f' AND confrelid <> table_.oid
)
FROM pg_class AS table_
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""


def run(bench: Bench, report: Report) -> None:
    with bench.empty_service() as server:
        bench.say("importing the catalogue")
        first = bench.import_into(server)
        bench.say("importing it again")
        second = bench.import_into(server)
    copied, rows = _copy_times(bench)
    floor = sum(copied.values())
    _report(report, first, second)
    report.add("import", "bare COPY of the same tables", floor, "s")
    report.add("import", "import / bare COPY", first.seconds / floor, "x", at_most=_MAX_RATIO)
    report.details["import"] = {
        "first": _plain(first),
        "second": _plain(second),
        "copy_seconds": copied,
        "copied_rows": rows,
    }


def _report(report: Report, first: Imported, second: Imported) -> None:
    rate = first.rows / first.seconds
    report.add("import", "rows", first.rows, "")
    report.add("import", "rows that were refused", first.failed, "")
    report.add("import", "first import", first.seconds, "s")
    report.add("import", "rate", rate, "rows/s", at_least=_HALF_A_MILLION_IN_A_MINUTE)
    peak = max(first.peak_bytes, second.peak_bytes) / _MIB
    report.add("import", "peak memory of a worker", peak, "MiB", at_most=_MAX_WORKER_MIB)
    report.add("import", "CPU of the client", first.client_cpu, "s")
    report.add("import", "CPU of the service", first.server_cpu, "s")
    report.add("import", "CPU of PostgreSQL", first.postgres_cpu, "s")
    report.add("import", "second import", second.seconds, "s")
    changed = second.created + second.updated
    report.add("import", "rows that the second import changed", changed, "", at_most=0)


def _plain(imported: Imported) -> dict[str, float]:
    return {name: getattr(imported, name) for name in Imported.__slots__}


def _copy_times(bench: Bench) -> tuple[dict[str, float], dict[str, int]]:
    """Return for each table how long its COPY took in the faster run (s), and its rows."""
    postgres = bench.filled.postgres
    with psycopg.connect(postgres.conninfo, autocommit=True) as source:
        rows = _with_rows(source, _in_order(source))
        bench.say("writing the tables to files")
        files = {table: _dump(source, table, bench.folder / f"{table}.copy") for table in rows}
    with _same_schema(postgres) as conninfo:
        times = []
        for number in range(1, _RUNS + 1):
            bench.say(f"reading them by COPY, {number} of {_RUNS}")
            times.append(_read(postgres, conninfo, files))
    for file in files.values():
        file.unlink()
    return min(times, key=lambda run: sum(run.values())), rows


def _in_order(connection: psycopg.Connection) -> list[str]:
    """Return the tables, each after those that it refers to."""
    references: dict[str, list[str]] = dict(connection.execute(_TABLES).fetchall())
    return list(TopologicalSorter(references).static_order())


def _with_rows(connection: psycopg.Connection, tables: list[str]) -> dict[str, int]:
    counts = {}
    for table in tables:
        statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        row = connection.execute(statement).fetchone()
        if row and row[0]:
            counts[table] = row[0]
    return counts


def _dump(connection: psycopg.Connection, table: str, file: Path) -> Path:
    statement = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
    with file.open("wb") as target, connection.cursor().copy(statement) as copy:
        for block in copy:
            target.write(block)
    return file


@contextmanager
def _same_schema(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Make a second database with our schema; yields how to connect to it."""
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_BARE))
    # Not WITH (FORCE), which may not end a vacuum that is the superuser's; this waits for it.
    drop = sql.SQL("DROP DATABASE {}").format(sql.Identifier(_BARE))
    with psycopg.connect(postgres.conninfo_of("postgres", ROLE), autocommit=True) as connection:
        connection.execute(create)
        try:
            conninfo = postgres.conninfo_of(_BARE, ROLE)
            migrations.upgrade(conninfo)
            yield conninfo
        finally:
            connection.execute(drop)


def _read(postgres: EmbeddedPostgres, conninfo: str, files: dict[str, Path]) -> dict[str, float]:
    """Empty the tables and read the files; returns how long each of them took (s)."""
    names = sql.SQL(", ").join(map(sql.Identifier, files))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
        _checkpoint(postgres)
        return {
            table: _load(connection, table, file)
            for table, file in files.items()
            if not _has_rows(connection, table)
        }


def _has_rows(connection: psycopg.Connection, table: str) -> bool:
    statement = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
    row = connection.execute(statement).fetchone()
    return row is not None and bool(row[0])


def _checkpoint(postgres: EmbeddedPostgres) -> None:
    """Have what was written before go to disk now, and not while the clock runs."""
    superuser = postgres.conninfo_of("postgres", SUPERUSER)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _load(connection: psycopg.Connection, table: str, file: Path) -> float:
    watch = Stopwatch()
    statement = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))
    with file.open("rb") as source, connection.cursor().copy(statement) as copy:
        while block := source.read(_CHUNK):
            copy.write(block)
    return watch.seconds
