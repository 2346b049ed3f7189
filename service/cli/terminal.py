"""How commands speak: results on stdout, the rest on stderr, and no traceback for a mistake."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

import typer
from rich.console import Console

FAILED: Final = 1
"""Exit code of a command that could not do what it was asked."""

USAGE: Final = 2
"""Exit code of a command that was asked for something wrong."""

INTERRUPTED: Final = 130
"""Exit code of a command that Ctrl-C ended."""

_LINE_EVERY: Final = 10.0
"""Seconds between two lines of progress where there is no terminal."""


class CommandError(Exception):
    """A command failed; the message says why and what to do next."""


def say(line: str) -> None:
    """Tell the person at the terminal something that is not the result."""
    typer.echo(f"fonoteca: {line}", err=True)


def leave(code: int, *problems: str) -> NoReturn:
    """End the command, with a line for each of its problems."""
    for problem in problems:
        say(problem)
    raise typer.Exit(code)


def counted(count: int, noun: str) -> str:
    """Write how many there are of something whose plural ends in s."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def megabytes(size: int) -> str:
    """Write a number of bytes for people."""
    return f"{size / 1_000_000:.1f} MB"


@contextmanager
def bytes_progress(doing: str) -> Iterator[Callable[[int], None]]:
    """Yield what shows how many bytes are done: live in a terminal, else a line now and then."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(doing)
        return
    with console.status(doing) as status:
        yield lambda done: status.update(f"{doing}: {megabytes(done)}")


def _lines(doing: str) -> Callable[[int], None]:
    last = time.monotonic()

    def line(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _LINE_EVERY:
            last = time.monotonic()
            say(f"{doing}: {megabytes(done)}")

    return line
