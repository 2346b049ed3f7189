"""What an import does at the terminal: send the tracks, show progress, list what went wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO, TypeVar

import grpc
import typer
from rich.console import Console

from fonoteca.v1.track_pb2 import Track
from service.cli.connection import explain
from service.cli.progress import Meter, meter, rate
from service.cli.terminal import FAILED, USAGE, leave, say
from service.ingest.client import (
    Batch,
    ImportClient,
    Outcome,
    ahead,
    batches,
    violations,
)
from service.ingest.problems import Problem, SourceError

INTERRUPTED: Final = 130
_SHOWN_PROBLEMS: Final = 20

Place = TypeVar("Place")


class ProblemLog:
    """Keeps the first problems for the terminal and writes all of them to the report."""

    def __init__(self, report: TextIO | None) -> None:
        self._report = report
        # Rows are read in one thread while the answers of the server come in another.
        self._lock = threading.Lock()
        self._first: list[Problem] = []
        self._first_notes: list[Problem] = []
        self._count = 0
        #: How many rows or files have problems.
        self.failures = 0

    def add(self, *problems: Problem) -> None:
        """Take note of all problems of one row or file."""
        with self._lock:
            self._remember(*problems)
            for problem in problems:
                self._write(problem.as_record())

    def _remember(self, *problems: Problem) -> None:
        """Keep the problems of one row or file for the terminal, if they are among the first."""
        self.failures += not all(problem.note for problem in problems)
        for problem in problems:
            self._count += 1
            first = self._first_notes if problem.note else self._first
            if len(first) < _SHOWN_PROBLEMS:
                first.append(problem)

    def forget(self) -> None:
        """Begin anew, for what is shown at the terminal."""
        self._first, self._first_notes, self._count, self.failures = [], [], 0, 0

    def _write(self, record: Mapping[str, object]) -> None:
        """Write one line of the report, if there is one."""
        if not (report := self._report):
            return
        try:
            # One string: json.dump writes in pieces, which takes five times as long.
            report.write(json.dumps(record, ensure_ascii=False) + "\n")
        except OSError as error:
            self._report = None
            raise SourceError(_unwritten(report.name, error)) from error

    def add_unexplained(self, count: int) -> None:
        """Take note of rows of which it is only known that something is wrong."""
        with self._lock:
            self.failures += count
            self._count += count

    @property
    def complete(self) -> bool:
        """Whether every problem will be read, and not only the first ones."""
        return self._report is not None

    def show(self) -> None:
        """List the first problems, and say how many more there are."""
        shown = (self._first + self._first_notes)[:_SHOWN_PROBLEMS]
        for problem in shown:
            typer.echo(_printable(str(problem)), err=True)
        more = self._count - len(shown)
        if more:
            where = f"the report {self._report.name} lists them" if self._report else "see --report"
            say(f"and {more:,} more: {where}")


Log = TypeVar("Log", bound=ProblemLog)


@contextmanager
def problem_log(report: Path | None, make: Callable[[TextIO | None], Log]) -> Iterator[Log]:
    """Open the report, if one is asked for, and make the log that writes it."""
    try:
        # Paths that are not valid Unicode are written as their escapes.
        stream = report.open("w", encoding="utf-8", errors="backslashreplace") if report else None
    except OSError as error:
        leave(USAGE, f"{report}: {error.strerror}: name another file for --report")
    log = make(stream)
    try:
        with stream or nullcontext():
            yield log
    except OSError as error:
        # What was left of the report; unless that was told before.
        if log.complete:
            leave(FAILED, _unwritten(str(report), error))


def _unwritten(name: str, error: OSError) -> str:
    return f"{name}: cannot be written: {error.strerror}"


@dataclass(slots=True)
class Totals:
    """What has become of the tracks so far."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0

    @property
    def stored(self) -> int:
        """How many tracks are in the catalogue as they were sent."""
        return self.created + self.updated + self.unchanged

    @property
    def answered(self) -> int:
        """How many tracks the server has answered for."""
        return self.stored + self.refused

    def add(self, outcome: Outcome[Place]) -> None:
        """Count one batch."""
        self.created += outcome.created
        self.updated += outcome.updated
        self.unchanged += outcome.unchanged
        self.refused += outcome.refused


@dataclass(frozen=True, slots=True)
class Intake:
    """Sends tracks to one library and tells the person at the terminal about it."""

    channel: grpc.Channel
    address: str
    library_id: str
    validate_only: bool
    log: ProblemLog

    def run(
        self,
        entries: Iterable[tuple[Place, Track]],
        locate: Callable[[Place, str, str], Problem],
        *,
        fraction: Callable[[], float],
    ) -> int:
        """Import all entries, print the result, and return the exit code.

        `locate` makes a problem of a place, a field of Track and a message.
        """
        totals, start = Totals(), time.monotonic()
        stopped, code = stopped_by(
            lambda: self._send_all(entries, locate, totals, fraction), self.address
        )
        self.log.show()
        if stopped:
            say(stopped)
        if stopped and not self.validate_only:
            say(f"{totals.stored:,} tracks are stored; the same command goes on from there")
        typer.echo(self._summary(totals, start))
        return code or (FAILED if self.log.failures else 0)

    def _send_all(
        self,
        entries: Iterable[tuple[Place, Track]],
        locate: Callable[[Place, str, str], Problem],
        totals: Totals,
        fraction: Callable[[], float],
    ) -> None:
        client = ImportClient(self.channel, explain_all=self.log.complete)
        prepared = ahead(
            batches(
                entries,
                library_id=self.library_id,
                validate_only=self.validate_only,
                fraction=fraction,
            )
        )
        done = 0.0
        with closing(prepared), meter(Console(stderr=True)) as view:
            for batch in prepared:
                outcome = client.send(batch, _shower(view, totals.answered, done, batch))
                totals.add(outcome)
                done = batch.fraction
                view.show(totals.answered, done)
                for refusal in outcome.refusals:
                    self.log.add(
                        *(locate(refusal.place, *found) for found in violations(refusal.error))
                    )
                self.log.add_unexplained(outcome.refused - len(outcome.refusals))

    def _summary(self, totals: Totals, start: float) -> str:
        seconds = time.monotonic() - start
        counts = (
            f"{totals.created:,} new, {totals.updated:,} changed, {totals.unchanged:,} unchanged"
        )
        if self.log.failures:
            counts += f", {self.log.failures:,} failed"
        pace = f"{seconds:.1f} s, {rate(totals.answered, start):,} tracks/s"
        return f"{'dry run, nothing is stored: ' if self.validate_only else ''}{counts} ({pace})"


def stopped_by(work: Callable[[], None], address: str) -> tuple[str, int]:
    """Do some work; return why it broke off and the exit code, or an empty text and 0."""
    try:
        work()
    except SourceError as error:
        return str(error), FAILED
    except OSError as error:  # what is to be done is kept in temporary files
        return f"cannot go on: {error.strerror or error}", FAILED
    except grpc.RpcError as error:
        return explain(error, address), FAILED
    except KeyboardInterrupt:
        return "interrupted", INTERRUPTED
    return "", 0


def _shower(view: Meter, before: int, done: float, batch: Batch[Place]) -> Callable[[int], None]:
    """Return what shows progress within a batch."""
    share = (batch.fraction - done) / max(len(batch.places), 1)
    return lambda sent: view.show(before + sent, done + sent * share)


def _printable(text: str) -> str:
    """Return the text so that any terminal takes it, whatever a file name holds."""
    return text.encode("utf-8", "replace").decode("utf-8")
