"""`fonoteca match`: which tracks of the catalogue the rows of a table mean."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import grpc
import typer
from rich.console import Console
from rich.text import Text

from fonoteca.v1.search_pb2 import (
    MatchItem,
    MatchOptions,
    MatchReason,
    MatchResult,
    MatchTracksRequest,
)
from fonoteca.v1.search_pb2_grpc import SearchServiceStub
from service.cli.answers import empty_table, print_json, wide_console
from service.cli.connection import library_id, server_at
from service.cli.intake import ProblemLog, problem_log
from service.cli.options import DEFAULT_ADDRESS, Address, Report, flowing
from service.cli.progress import meter
from service.cli.terminal import FAILED, USAGE, leave, say
from service.ingest.client import violations
from service.ingest.columns import column_of_field
from service.ingest.problems import Problem, SourceError
from service.ingest.tables import Row, Table, open_table

_MESSAGE_ITEMS: Final = 250
_TIMEOUT_SECONDS: Final = 3_600
_NOT_MATCHED: Final = FAILED

_EPILOG: Final = flowing("""
Columns, in any order, each of which may be missing: title, artists (separated by |) or artist,
album, duration_ms or duration (seconds or m:ss), isrc, mbid, source_id (TYPE:ID). A row needs a
title or an identifier. Other columns are ignored. In JSON Lines the lists may be arrays.

Exit code: 0 when every row has a match, 1 when some have none, 2 when the options or the file
are wrong or the server cannot answer.
""")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(epilog=_EPILOG)(match)


def match(
    file: Annotated[
        Path,
        typer.Argument(help="CSV, TSV or JSON Lines; may be gzipped.", exists=True, dir_okay=False),
    ],
    *,
    library: Annotated[
        str | None,
        typer.Option(metavar="NAME_OR_ID", show_default="all", help="Only this library."),
    ] = None,
    address: Address = DEFAULT_ADDRESS,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="How sure a match must be.")
    ] = 0.5,
    runners_up: Annotated[
        int, typer.Option(min=0, max=10, help="How many other candidates to print with --json.")
    ] = 0,
    encoding: Annotated[str, typer.Option(help="Encoding of the text.")] = "utf-8",
    report: Report = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON for each row; ref is its line.")
    ] = False,
) -> None:
    """Find the tracks that a table describes.

    Example: fonoteca match playlist.csv --json > matches.jsonl
    """
    with server_at(address, exit_code=USAGE) as channel, problem_log(report, ProblemLog) as log:
        options = MatchOptions(
            library_id=library_id(channel, library) if library else "",
            max_runners_up=runners_up,
            min_confidence=min_confidence,
        )
        try:
            table = open_table(file, log.add, encoding=encoding, required=())
        except SourceError as error:
            leave(USAGE, str(error))
        with closing(table):
            matching = _Matching(channel, table, options, log)
            _print(matching.results(), as_json=as_json)
            matching.tell()
    raise typer.Exit(matching.exit_code)


@dataclass(slots=True)
class _Matching:
    """One table, and what became of its rows so far."""

    channel: grpc.Channel
    table: Table
    options: MatchOptions
    log: ProblemLog
    count: int = 0
    matched: int = 0
    seconds: float = 0.0
    broken_off: str = ""

    def results(self) -> Iterator[MatchResult]:
        """Yield what was found for each row that could be read."""
        start = time.monotonic()
        call = SearchServiceStub(self.channel).MatchTracks(
            self._requests(), timeout=_TIMEOUT_SECONDS
        )
        with meter(Console(stderr=True)) as view:
            for response in call:
                for result in response.results:
                    self.count += 1
                    self.matched += result.HasField("best")
                    self._note(result)
                    yield result
                view.show(self.count, self.table.fraction())
        self.seconds = time.monotonic() - start

    def _requests(self) -> Iterator[MatchTracksRequest]:
        """Yield the rows. gRPC asks for them in a thread of its own, so nothing is raised here."""
        yield MatchTracksRequest(options=self.options)
        rows = iter(self.table.rows)
        try:
            while items := [_item(row) for row in islice(rows, _MESSAGE_ITEMS)]:
                yield MatchTracksRequest(items=items)
        except SourceError as error:
            self.broken_off = str(error)

    def _note(self, result: MatchResult) -> None:
        if result.HasField("error"):
            self.log.add(
                *(
                    Problem(
                        str(self.table.path),
                        message,
                        int(result.ref),
                        column_of_field(field, self.table.columns),
                    )
                    for field, message in violations(result.error)
                )
            )

    def tell(self) -> None:
        """Say what became of all rows."""
        self.log.show()
        if self.broken_off:
            say(self.broken_off)
        pace = f"{self.seconds:.1f} s, {round(self.count / max(self.seconds, 0.001)):,} rows/s"
        say(f"{self.matched:,} of {self.count:,} rows have a match ({pace})")

    @property
    def exit_code(self) -> int:
        """What the command returns."""
        if self.broken_off:
            return USAGE
        return _NOT_MATCHED if self.log.failures or self.matched < self.count else 0


def _item(row: Row) -> MatchItem:
    """Return what a row says, as far as it helps."""
    line, track = row
    return MatchItem(
        ref=str(line),
        title=track.title,
        artists=[credit.name for credit in track.credits],
        album=track.album.title,
        duration=track.duration if track.HasField("duration") else None,
        isrc=track.isrc,
        mbid=track.mbid,
        source=track.sources[0] if track.sources else None,
    )


def _print(results: Iterable[MatchResult], *, as_json: bool) -> None:
    if as_json:
        print_json(results)
        return
    table = empty_table(("line", "sure"), ("title", "artist", "why"))
    for result in results:
        table.add_row(result.ref, *map(Text, _cells(result)))
    wide_console().print(table)


def _cells(result: MatchResult) -> tuple[str, str, str, str, str]:
    if not result.HasField("best"):
        return "-", "", "", "", ""
    best = result.best
    names = (MatchReason.Name(reason).removeprefix("MATCH_REASON_") for reason in best.reasons)
    why = ", ".join(name.lower().replace("_", " ") for name in names)
    return f"{best.confidence:.2f}", best.track.title, best.track.artist, why, best.track.id
