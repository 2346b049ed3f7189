"""`python -m benchmarks`, which is what `make bench` runs.

A benchmark that breaks ends the run with exit code 1. A target that is missed does not: it is a
finding, printed and stored as such.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from benchmarks import (
    measure_get,
    measure_hashing,
    measure_import,
    measure_install,
    measure_reading,
    measure_scan,
    measure_start,
)
from benchmarks.bench import Bench, opened
from benchmarks.options import Options
from benchmarks.processes import BenchmarkError
from benchmarks.report import Report
from benchmarks.search import (
    batches,
    common,
    growth,
    latency,
    matching,
    quality,
    suggest,
    typos,
    writes,
)

_BENCHMARKS: Final[Mapping[str, Callable[[Bench, Report], None]]] = {
    "install": measure_install.run,
    "start": measure_start.run,
    "import": measure_import.run,
    "reading": measure_reading.run,
    "hashing": measure_hashing.run,
    "scan": measure_scan.run,
    "get": measure_get.run,
    "search.quality": quality.run,
    "search.latency": latency.run,
    "search.common": common.run,
    "search.typos": typos.run,
    "search.batch": batches.run,
    "search.suggest": suggest.run,
    "search.match": matching.run,
    "search.writes": writes.run,
    "search.growth": growth.run,
}
_ONLY_BY_NAME: Final = ("install",)
_READING: Final = (
    *("reading", "hashing", "get"),
    *("search.quality", "search.latency", "search.common", "search.typos", "search.batch"),
    *("search.suggest", "search.match"),
)
"""Those that do not change the database, so that one can be given."""

_DEFAULT_ROWS: Final = 100_000
_WIDTH: Final = 120

Table = Annotated[
    Path | None,
    typer.Option(
        envvar="BENCH_CATALOGUE",
        exists=True,
        dir_okay=False,
        help="Table for `fonoteca import`, a CSV or its .gz. [default: one is made up]",
    ),
]
Queries = Annotated[
    Path | None,
    typer.Option(
        envvar="BENCH_QUERIES",
        exists=True,
        dir_okay=False,
        help="JSON Lines with query, kind, expected_source_ids. [default: made from the catalogue]",
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        envvar="BENCH_DATABASE_URL",
        help="A database that is filled already; it is only read. [default: one is made]",
    ),
]
Rows = Annotated[
    int | None,
    typer.Option(
        envvar="BENCH_ROWS",
        min=1_000,
        help=f"Rows to make up, or to take of the table. [default: {_DEFAULT_ROWS:,}, or all]",
    ),
]
Files = Annotated[
    int, typer.Option(envvar="BENCH_FILES", min=100, help="Audio files to make up for `scan`.")
]
Audio = Annotated[
    Path | None,
    typer.Option(
        envvar="BENCH_AUDIO",
        exists=True,
        file_okay=False,
        help="Folder with audio files for `reading`, beside those that are made up.",
    ),
]
Rounds = Annotated[
    int, typer.Option(envvar="BENCH_ROUNDS", min=1, help="How often rates are compared.")
]
Seconds = Annotated[
    float, typer.Option(envvar="BENCH_SECONDS", min=0.1, help="Length of each part of a round.")
]


def main(
    only: Annotated[
        str,
        typer.Option(
            help=f"Some of {', '.join(_BENCHMARKS)}, with commas between; `search` is all of it."
        ),
    ] = "",
    catalogue: Table = None,
    database: Database = None,
    queries: Queries = None,
    rows: Rows = None,
    files: Files = 20_000,
    audio: Audio = None,
    rounds: Rounds = 9,
    seconds: Seconds = 1.5,
) -> None:
    """Measure the service, print each figure beside its target, and store all as JSON.

    All benchmarks but `install` run unless --only names some.
    """
    # The servers are not in our process group: however this ends, they must be stopped from here.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    console = _console()
    if rows is None:
        rows = 0 if catalogue else _DEFAULT_ROWS
    options = Options(catalogue, database, queries, rows, files, audio, rounds, seconds)
    names, report = _chosen(only, reading=bool(database)), Report()
    try:
        with opened(options, console) as bench:
            for name in names:
                bench.say(f"benchmark {name}")
                _BENCHMARKS[name](bench, report)
    except BenchmarkError as error:
        console.print(f"benchmarks: {error}", markup=False)
        raise typer.Exit(1) from error
    report.show(console)
    path = report.write(_settings(options))
    console.print(f"stored in {path}", highlight=False)


def _console() -> Console:
    """Return a console that is wide enough for the table where there is no terminal to fit."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


def _chosen(only: str, *, reading: bool) -> list[str]:
    """Return the benchmarks to run, in the order in which they help each other."""
    usual = _READING if reading else [name for name in _BENCHMARKS if name not in _ONLY_BY_NAME]
    wanted: set[str] = set()
    for name in (each.strip() for each in only.split(",") if each.strip()):
        found = {each for each in _BENCHMARKS if each == name or each.startswith(f"{name}.")}
        if not found:
            raise typer.BadParameter(f"there is no benchmark {name}")
        wanted |= found & set(usual) or found
    if not wanted:
        wanted = set(usual)
    if reading and (writing := wanted - set(_READING)):
        raise typer.BadParameter(f"{', '.join(sorted(writing))} would write to the database")
    return [name for name in _BENCHMARKS if name in wanted]


def _settings(options: Options) -> dict[str, object]:
    """Return what the figures depend on."""
    return {
        "rows": options.rows,
        "database": "given" if options.database else "embedded",
        "catalogue": "given" if options.catalogue else "made up",
        "queries": "given" if options.queries else "made from the catalogue",
        "audio": "made up and given" if options.audio else "made up",
        "rounds": options.rounds,
        "seconds": options.seconds,
        "environment": {
            name: value for name, value in os.environ.items() if name.startswith("FONOTECA_")
        },
    }


if __name__ == "__main__":
    typer.run(main)
