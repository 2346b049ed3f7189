"""The service as its users start it: processes of its own, and what they cost.

CPU time and memory are those of the operating system, so what a process does in C counts too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import psutil

from benchmarks.options import ROOT

_ANNOUNCEMENT: Final = "fonoteca listens on "
_STOP_SECONDS: Final = 120
_SAMPLE_SECONDS: Final = 0.1


class BenchmarkError(Exception):
    """A measurement could not be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running service."""

    address: str
    pid: int
    data_dir: Path
    log: Path
    """Where its stderr goes, and so the access log."""

    def cpu_seconds(self) -> float:
        """CPU time of the service so far (s), all its processes together, without PostgreSQL."""
        return cpu_seconds(self.pid)

    def postgres_cpu_seconds(self) -> float:
        """CPU time of its PostgreSQL so far (s), all connections together."""
        [pid_file] = (self.data_dir / "postgres").glob("*/postmaster.pid")
        return cpu_seconds(int(pid_file.read_text().splitlines()[0]))


@contextmanager
def serving(
    data_dir: Path, log: Path, *command: str, database: str | None = None
) -> Iterator[Server]:
    """Run the service on a free port until the block ends; `command` is what follows `python -m`.

    It serves `database`, or else the one in `data_dir`. The environment reaches it, but for
    DATABASE_URL: what is measured includes the database.
    """
    with (
        log.open("ab") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment(data_dir, database),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield Server(announced_address(process, log), process.pid, data_dir, log)
        finally:
            stop(process)


def environment(data_dir: Path, database: str | None = None) -> dict[str, str]:
    """Return the environment of a service with its data in `data_dir`, on a free port."""
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    given = {"DATABASE_URL": database} if database else {}
    return (
        inherited
        | given
        | {
            "FONOTECA_DATA_DIR": str(data_dir),
            "FONOTECA_LISTEN": "127.0.0.1:0",
            "FONOTECA_DRAIN_DELAY": "0",
        }
    )


def announced_address(process: subprocess.Popen[str], log: Path) -> str:
    """Wait until the service says that it accepts calls; returns where."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(_ANNOUNCEMENT):
            return line.removeprefix(_ANNOUNCEMENT).strip()
    raise BenchmarkError(f"the service did not start:\n{log.read_text(errors='replace')[-2_000:]}")


def stop(process: subprocess.Popen[str]) -> None:
    """End the process group of a service, gently if that works."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, of its children, and of those that have ended already."""
    process = psutil.Process(pid)
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


@dataclass(slots=True)
class PeakMemory:
    """Watches how much memory the largest of a process and its children takes in a block."""

    pid: int
    peak_bytes: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            with suppress(psutil.NoSuchProcess):
                main = psutil.Process(self.pid)
                for process in (main, *main.children(recursive=True)):
                    self.peak_bytes = max(self.peak_bytes, process.memory_info().rss)


@dataclass(slots=True)
class Stopwatch:
    """Tells the time since it was made."""

    _start: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start
