"""`fonoteca import`: tracks out of a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from service.cli.connection import library_id, server_at
from service.cli.intake import Intake, ProblemLog, problem_log
from service.cli.options import (
    DEFAULT_ADDRESS,
    DEFAULT_LIBRARY,
    Address,
    DryRun,
    Library,
    Report,
    flowing,
)
from service.cli.terminal import USAGE, leave, say
from service.ingest.columns import column_of_field
from service.ingest.problems import Problem, SourceError
from service.ingest.tables import Row, Table, open_table

COLUMN_HELP = flowing("""
Columns, in any order: source_id (TYPE:ID, needed), title (needed), artists (separated by |) or
artist, album, album_artist, genre or genres (separated by |), release_date (YYYY, YYYY-MM or
YYYY-MM-DD) or year, duration_ms or duration (seconds or m:ss), track_number, disc_number, isrc,
mbid, label, language, lyrics, comment, tempo or bpm, key (0 to 11, 0 = C), mode (1 or major, 0 or
minor), time_signature, loudness, energy, danceability, valence, acousticness, instrumentalness,
liveness, speechiness, popularity (0 to 100), explicit (1 or 0), source (who contributed the row).
In JSON Lines the lists may be arrays.

Exit code: 0 when every row is in the catalogue, 1 when some are not, 2 when the options, the file
or its columns are wrong and nothing was tried.
""")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("import", epilog=COLUMN_HELP)(import_tracks)


def import_tracks(
    file: Annotated[
        Path,
        typer.Argument(help="CSV, TSV or JSON Lines; may be gzipped.", exists=True, dir_okay=False),
    ],
    *,
    library: Library = DEFAULT_LIBRARY,
    address: Address = DEFAULT_ADDRESS,
    limit: Annotated[
        int | None, typer.Option(min=1, show_default="all", help="Stop after so many good rows.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of the text.")] = "utf-8",
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse columns that are not known.")
    ] = False,
    dry_run: DryRun = False,
    report: Report = None,
) -> None:
    """Import tracks from a table whose first line names the columns.

    A column that is not known becomes an attribute. A bad row is reported and left out. Importing a
    file again changes nothing, so an import that broke off is repeated with the same command.

    Example: fonoteca import tracks.csv.gz --report problems.jsonl
    """

    def locate(line: int, field: str, message: str) -> Problem:
        return Problem(str(file), message, line, column_of_field(field, table.columns))

    with server_at(address) as channel, problem_log(report, ProblemLog) as log:
        try:
            table = open_table(file, log.add, encoding=encoding, strict=strict)
        except SourceError as error:
            leave(USAGE, str(error))
        with closing(table):
            _name_unknown(table.unknown_columns)
            named = len(table.unknown_columns)
            intake = Intake(channel, address, library_id(channel, library), dry_run, log)
            rows = _Rows(table, limit)
            code = intake.run(rows, locate, fraction=rows.fraction)
            # JSON Lines has no header: its columns are known only now.
            _name_unknown(table.unknown_columns[named:])
    raise typer.Exit(code)


@dataclass(slots=True)
class _Rows:
    """The rows of a table up to a limit."""

    table: Table
    limit: int | None
    count: int = 0

    def __iter__(self) -> Iterator[Row]:
        if self.limit is None:
            return self.table.rows
        return self._counted(self.limit)

    def _counted(self, limit: int) -> Iterator[Row]:
        for row in islice(self.table.rows, limit):
            self.count += 1
            yield row

    def fraction(self) -> float:
        """Return which share of the rows has been read, 0 to 1."""
        return max(self.table.fraction(), self.count / self.limit if self.limit else 0.0)


def _name_unknown(columns: list[str]) -> None:
    if columns:
        say(f"kept as attributes, because no field has the name: {', '.join(columns)}")
