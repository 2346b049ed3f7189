"""`fonoteca scan`: tracks out of audio files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from fonoteca.v1.track_pb2 import Track
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
from service.cli.terminal import FAILED, counted, leave, say
from service.ingest.folders import FolderWalk, shown_path
from service.ingest.problems import Problem
from service.ingest.workers import read_all

#: Reading a file takes longer than storing it, so little is lost when a scan is interrupted.
_BATCH_FILES = 200

_EPILOG = flowing("""
A file is taken by its name (.mp3, .flac, .m4a, .ogg, .opus, .wav, .aiff and some thirty more) or,
under any name, by its first bytes. Hidden names (".x") are left out; symbolic links are followed. A
track without a title is named after its file.

Exit code: 0 when every audio file is in the catalogue, 1 when some are not, 2 when the options are
wrong.
""")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(epilog=_EPILOG)(scan)


def scan(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders or single files.", exists=True, show_default=False)
    ],
    *,
    library: Library = DEFAULT_LIBRARY,
    address: Address = DEFAULT_ADDRESS,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, show_default="one a core", help="Processes that read files."),
    ] = None,
    dry_run: DryRun = False,
    report: Report = None,
) -> None:
    """Read the audio files below some folders into the catalogue.

    Files that cannot be read are listed at the end. Scanning again changes only what has changed,
    so a scan that broke off is repeated with the same command.

    Example: fonoteca scan ~/Music --report problems.jsonl
    """

    def locate(path: str, field: str, message: str) -> Problem:
        return Problem(shown_path(path), message, column=field)

    with server_at(address) as channel, problem_log(report) as log:
        intake = Intake(channel, address, library_id(channel, library), dry_run, log)
        walk = FolderWalk(log.add)
        paths = list(walk.files(map(str, folders)))
        say(_found(len(paths), walk))
        if not paths and not log.failures:
            leave(FAILED, "there is no audio here: name another folder")
        files = _Files(paths, jobs or os.cpu_count() or 1, log)
        code = intake.run(files, locate, fraction=files.fraction, batch_size=_BATCH_FILES)
    raise typer.Exit(code)


def _found(audio: int, walk: FolderWalk) -> str:
    counts = ((audio, "audio file"), (walk.other, "other file"), (walk.hidden, "hidden name"))
    return ", ".join(counted(count, noun) for count, noun in counts)


@dataclass(slots=True)
class _Files:
    """The tracks of some files; those that cannot be read go to the log."""

    paths: Sequence[str]
    jobs: int
    log: ProblemLog
    done: int = 0

    def __iter__(self) -> Iterator[tuple[str, Track]]:
        with closing(read_all(self.paths, self.jobs)) as readings:
            for reading in readings:
                self.done += 1
                name = shown_path(reading.path)
                if reading.error:
                    self.log.add(Problem(name, reading.error))
                    continue
                if reading.notes:
                    self.log.add(*(Problem(name, note, note=True) for note in reading.notes))
                yield reading.path, Track.FromString(reading.track)

    def fraction(self) -> float:
        """Return which share of the files has been read, 0 to 1."""
        return self.done / len(self.paths) if self.paths else 1.0
