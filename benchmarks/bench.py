"""What the benchmarks of one run share: a scratch folder and a catalogue, filled when first needed.

The folder is gone when the run ends, and PostgreSQL with it.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Final

import psycopg
from rich.console import Console

from benchmarks.made_up import write_catalogue
from benchmarks.options import ROOT, Options
from benchmarks.processes import (
    BenchmarkError,
    PeakMemory,
    Server,
    Stopwatch,
    environment,
    serving,
)
from service.database.embedded import EmbeddedPostgres

_FILLED: Final = "filled"
_SUMMARY: Final = re.compile(
    r"([\d,]+) new, ([\d,]+) changed, ([\d,]+) unchanged(?:, ([\d,]+) failed)?"
)


@dataclass(frozen=True, slots=True)
class Imported:
    """What one `fonoteca import` did and cost. Times are in seconds."""

    seconds: float
    client_cpu: float
    server_cpu: float
    postgres_cpu: float
    peak_bytes: int
    created: int
    updated: int
    unchanged: int
    failed: int

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.created + self.updated + self.unchanged + self.failed


@dataclass(frozen=True, slots=True)
class Filled:
    """Where a service with the whole catalogue has its data."""

    data_dir: Path
    conninfo: str
    """How to connect to the database."""

    embedded: EmbeddedPostgres | None
    """The PostgreSQL at work there; None when the database was given."""

    @property
    def postgres(self) -> EmbeddedPostgres:
        """The PostgreSQL of this run. Raises BenchmarkError when the database was given."""
        if self.embedded is None:
            raise BenchmarkError("a database that was given is only read")
        return self.embedded

    def track_ids(self) -> list[str]:
        """Return the ids of all tracks."""
        with psycopg.connect(self.conninfo) as connection:
            return [str(row[0]) for row in connection.execute("SELECT id FROM track")]


class Bench:
    """One run."""

    def __init__(self, options: Options, console: Console, folder: Path, stack: ExitStack) -> None:
        self.options = options
        self.folder = folder
        self._console = console
        self._stack = stack
        self._imported = False

    def say(self, line: str) -> None:
        """Tell the person who waits."""
        self._console.print(line, style="dim", highlight=False)

    @cached_property
    def catalogue(self) -> Path:
        """The table that is imported."""
        given, rows = self.options.catalogue, self.options.rows
        if given and not rows:
            return given.absolute()
        path = self.folder / "catalogue.csv"
        if given:
            self.say(f"taking the first {rows:,} rows of {given}")
            _copy_head(given, path, rows)
        else:
            self.say(f"making up a catalogue of {rows:,} rows")
            write_catalogue(path, rows)
        return path

    def new_data_dir(self, name: str) -> Path:
        """Return where a service may keep its data; nothing is there yet."""
        return self.folder / name

    def serving(
        self,
        data_dir: Path,
        *command: str,
        empty_rpc: bool = False,
        database: str | None = None,
    ) -> AbstractContextManager[Server]:
        """Run a service on `data_dir`: the one that users start, or the one with the empty RPC."""
        program = ("benchmarks.empty_rpc",) if empty_rpc else ("service", "serve", *command)
        return serving(data_dir, self.folder / "server.log", *program, database=database)

    def import_into(self, server: Server) -> Imported:
        """Import the catalogue as a user does."""
        command = [sys.executable, "-m", "service", "import", str(self.catalogue)]
        before = _Costs.of(server)
        watch = Stopwatch()
        with PeakMemory(server.pid) as memory:
            done = subprocess.run(
                [*command, "--address", server.address],
                cwd=ROOT,
                env=environment(server.data_dir),
                capture_output=True,
                text=True,
                check=False,
            )
        seconds, after = watch.seconds, _Costs.of(server)
        summary = _SUMMARY.search(done.stdout)
        if not summary:
            raise BenchmarkError(f"the import failed:\n{done.stderr[-2_000:]}")
        created, updated, unchanged, failed = (
            int((count or "0").replace(",", "")) for count in summary.groups()
        )
        return Imported(
            seconds,
            after.client - before.client,
            after.server - before.server,
            after.postgres - before.postgres,
            memory.peak_bytes,
            created,
            updated,
            unchanged,
            failed,
        )

    @cached_property
    def filled(self) -> Filled:
        """The service with the whole catalogue in it; its PostgreSQL runs until the end."""
        if given := self.options.database:
            return Filled(self.new_data_dir(_FILLED), given, None)
        if not self._imported:
            self.say("importing the catalogue")
            with self.empty_service() as server:
                self.import_into(server)
        data_dir = self.new_data_dir(_FILLED)
        postgres = self._stack.enter_context(EmbeddedPostgres(data_dir))
        self.say("vacuuming, so that autovacuum does not do it in the middle of a measurement")
        with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
        return Filled(data_dir, postgres.conninfo, postgres)

    def serving_filled(self, *, empty_rpc: bool = False) -> AbstractContextManager[Server]:
        """Run a service with the whole catalogue."""
        filled = self.filled
        return self.serving(filled.data_dir, empty_rpc=empty_rpc, database=self.options.database)

    @contextmanager
    def empty_service(self) -> Iterator[Server]:
        """Run the service that is to be filled: the block imports the catalogue."""
        with self.serving(self.new_data_dir(_FILLED), "--no-sample") as server:
            yield server
        self._imported = True


@contextmanager
def opened(options: Options, console: Console) -> Iterator[Bench]:
    """Begin a run; what it started is stopped and what it stored is removed when the block ends."""
    with tempfile.TemporaryDirectory(prefix="fonoteca-bench-") as name, ExitStack() as stack:
        Path(name).chmod(0o711)  # run by root, PostgreSQL is another account's
        yield Bench(options, console, Path(name), stack)


@dataclass(frozen=True, slots=True)
class _Costs:
    """CPU time so far (s)."""

    client: float
    server: float
    postgres: float

    @classmethod
    def of(cls, server: Server) -> _Costs:
        # Of the processes that were started here, only clients have ended when this is asked twice.
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        client = ended.ru_utime + ended.ru_stime
        return cls(client, server.cpu_seconds(), server.postgres_cpu_seconds())


def open_catalogue(path: Path) -> io.TextIOBase:
    """Open a CSV that may be gzipped."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _copy_head(source: Path, target: Path, rows: int) -> None:
    with open_catalogue(source) as given, target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(islice(csv.reader(given), rows + 1))
