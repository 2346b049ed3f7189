"""Shows how far a long command is: a bar on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_LINE_SECONDS: Final = 5.0


class Meter(Protocol):
    """Takes note of progress."""

    def show(self, count: int, fraction: float) -> None:
        """Tell that `count` are done, and which share of all that is, 0 (not known) to 1."""


@contextmanager
def meter(console: Console, noun: str = "tracks") -> Iterator[Meter]:
    """Show progress while the context lasts, in so many of what `noun` says."""
    if not console.is_terminal:
        yield _Lines(console, noun)
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        yield _Bar(progress, noun)


class _Bar:
    def __init__(self, progress: Progress, noun: str) -> None:
        self._noun = noun
        self._start = time.monotonic()
        self._progress = progress
        self._task = progress.add_task("reading", total=None)

    def show(self, count: int, fraction: float) -> None:
        text = f"{count:,} {self._noun}, {rate(count, self._start):,}/s,"
        total = 1.0 if fraction else None
        self._progress.update(self._task, completed=fraction, total=total, description=text)


class _Lines:
    def __init__(self, console: Console, noun: str) -> None:
        self._console = console
        self._noun = noun
        self._start = self._last = time.monotonic()

    def show(self, count: int, fraction: float) -> None:
        now = time.monotonic()
        if now - self._last < _LINE_SECONDS:
            return
        self._last = now
        line = f"{count:,} {self._noun}, {rate(count, self._start):,}/s"
        if fraction:
            left = (now - self._start) * (1 - fraction) / fraction
            line = f"{fraction:.0%}: {line}, about {left:.0f} s left"
        self._console.print(line, highlight=False)


def rate(count: int, start: float) -> int:
    """Return how many a second, since a moment of the monotonic clock."""
    return round(count / max(time.monotonic() - start, 0.001))
