"""`fonoteca scan`: tracks out of audio files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TextIO

import grpc
import typer
from rich.console import Console

from service.cli.connection import library_id, server_at
from service.cli.intake import ProblemLog, problem_log, stopped_by
from service.cli.options import (
    DEFAULT_ADDRESS,
    DEFAULT_LIBRARY,
    Address,
    DryRun,
    Library,
    flowing,
)
from service.cli.progress import Meter, meter, rate
from service.cli.terminal import FAILED, INTERRUPTED, counted, leave, say
from service.ingest.folders import FolderWalk
from service.ingest.locations import is_remote, local_path
from service.ingest.problems import Problem
from service.ingest.scan import MAX_PLACES, Fate, Result, Scan
from service.ingest.watching import changed_folders, outermost

_FIRST_SHOWN: Final = 1_000
"""Files after which progress is shown again while they are only looked at."""

_EPILOG = flowing("""
A file is taken by its name (.mp3, .flac, .m4a, .ogg, .opus, .wav, .aiff and some thirty more) or,
in a folder, by its first bytes when its name tells nothing. Hidden names (".x") are left out;
symbolic links are followed. A track without a title is named after its file. Files that the
catalogue knows with their size and time are not opened; files that are gone are marked as missing.

s3://, gs:// and https:// need `pip install 'fonoteca[s3]'`, `'fonoteca[gs]'` or
`'fonoteca[https]'`. The first two find their credentials as the tools of these stores do.

Exit code: 0 when every audio file is in the catalogue, 1 when some are not, 2 when the options are
wrong.
""")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(epilog=_EPILOG)(scan)


def _existing(places: list[str]) -> list[str]:
    for place in places:
        if not is_remote(place) and not os.path.lexists(local_path(place)):
            raise typer.BadParameter(f"{place} does not exist")
    if len(places) > MAX_PLACES:
        raise typer.BadParameter(f"at most {MAX_PLACES} places can be scanned together")
    return places


def scan(
    places: Annotated[
        list[str],
        typer.Argument(
            help="Folders, single files, s3://bucket/folder, gs://bucket, https://host/folder/.",
            callback=_existing,
            show_default=False,
        ),
    ],
    *,
    library: Library = DEFAULT_LIBRARY,
    address: Address = DEFAULT_ADDRESS,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, show_default="one a core", help="Processes that read files."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read every file again, changed or not.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Then wait for changes, and scan what has changed.")
    ] = False,
    dry_run: DryRun = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            help="Write what became of each file to this file, as JSON Lines.",
        ),
    ] = None,
) -> None:
    """Read audio files below folders or buckets into the catalogue.

    Files that cannot be read are listed at the end. Scanning again reads only what has changed, so
    a scan that broke off is repeated with the same command.

    Example: fonoteca scan ~/Music --report scan.jsonl
    """
    if watch:
        _require_watchable(places, report, dry_run=dry_run)
    with server_at(address) as channel, problem_log(report, ScanLog) as log:
        options = _Options(
            channel, address, library_id(channel, library), jobs or os.cpu_count() or 1,
            full=full, dry_run=dry_run,
        )  # fmt: skip
        code = _scan(options, places, log)
        if watch and code != INTERRUPTED:
            _watch(options, places, log)
    raise typer.Exit(code)


def _require_watchable(places: Sequence[str], report: Path | None, *, dry_run: bool) -> None:
    """Refuse options that make no sense with --watch."""
    if dry_run or any(map(is_remote, places)):
        raise typer.BadParameter("--watch needs folders of this machine, and no --dry-run")
    roots = [Path(local_path(place)).resolve() for place in places]
    if report and any(report.resolve().is_relative_to(root) for root in roots):
        raise typer.BadParameter("the report would be a change in the folder that is watched")


@dataclass(frozen=True, slots=True)
class _Options:
    """What all scans of one command have in common."""

    channel: grpc.Channel
    address: str
    library_id: str
    jobs: int
    full: bool
    dry_run: bool


class ScanLog(ProblemLog):
    """Writes what became of every file to the report, and shows progress and problems."""

    def __init__(self, report: TextIO | None) -> None:
        super().__init__(report)
        self._view: Meter | None = None
        self._scan: Scan | None = None

    @contextmanager
    def following(self, scan: Scan) -> Iterator[None]:
        """Show how far a scan is while the context lasts."""
        with meter(Console(stderr=True), "files") as self._view:
            self._scan = scan
            yield
        self._view = self._scan = None

    def take(self, result: Result) -> None:
        """Take note of what became of a file."""
        self._write(result.as_record())
        is_note = result.fate is not Fate.FAILED
        if result.reasons:
            self._remember(
                *(Problem(result.file, reason, note=is_note) for reason in result.reasons)
            )
        if self._view and self._scan:
            tally = self._scan.tally
            if tally.to_read is not None or tally.done % _FIRST_SHOWN == 0:
                self._view.show(tally.done, tally.fraction)

    def summarize(self, scan: Scan, seconds: float) -> None:
        """Write the summary as the last line of the report."""
        tally = scan.tally
        self._write(
            {
                "files": dict(tally.files),
                "tracks": {
                    "created": tally.created,
                    "updated": tally.updated,
                    "unchanged": tally.unchanged,
                },
                "missing": tally.missing,
                "returned": tally.returned,
                "seconds": round(seconds, 3),
            }
        )


def _scan(
    options: _Options, places: Sequence[str], log: ScanLog, *, allow_empty: bool = False
) -> int:
    """Scan some places, print the result, and return the exit code."""
    scan = Scan(
        options.channel, options.library_id, log.take, jobs=options.jobs,
        full=options.full, dry_run=options.dry_run, allow_empty=allow_empty,
    )  # fmt: skip
    start = time.monotonic()
    with log.following(scan):
        stopped, code = stopped_by(lambda: scan.run(places), options.address)
    say(_found(scan.tally.found, scan.walk))
    log.show()
    if stopped:
        say(stopped)
        if not options.dry_run:
            stored = scan.tally.created + scan.tally.updated
            say(f"{stored:,} tracks are stored; the same command goes on from there")
    elif not scan.tally.found and not scan.tally.files[Fate.FAILED] and not allow_empty:
        leave(FAILED, "there is no audio here: name another folder")
    log.summarize(scan, time.monotonic() - start)
    typer.echo(_summary(scan, options, start))
    return code or (FAILED if scan.tally.files[Fate.FAILED] else 0)


def _watch(options: _Options, places: Sequence[str], log: ScanLog) -> None:
    """Scan the folders that change until Ctrl-C."""
    roots = [local_path(place) for place in places]
    say("waiting for changes; Ctrl-C ends it")
    waiting: set[str] = set()
    try:
        for folders in changed_folders(roots):
            waiting = outermost([*waiting, *folders])
            if waiting:
                changed = sorted(waiting) if len(waiting) <= MAX_PLACES else roots
                log.forget()
                # A root that holds nothing at all may be a drive that was taken away.
                is_there = all(any(os.scandir(root)) for root in roots if Path(root).is_dir())
                if _scan(options, changed, log, allow_empty=is_there) == INTERRUPTED:
                    return
                waiting.clear()
    except KeyboardInterrupt:
        say("no longer waiting for changes")


def _found(audio: int, walk: FolderWalk) -> str:
    counts = ((audio, "audio file"), (walk.other, "other file"), (walk.hidden, "hidden name"))
    return ", ".join(counted(count, noun) for count, noun in counts)


def _summary(scan: Scan, options: _Options, start: float) -> str:
    tally = scan.tally
    unchanged = tally.unchanged + tally.files[Fate.UNCHANGED]
    counts = f"{tally.created:,} new, {tally.updated:,} changed, {unchanged:,} unchanged"
    for count, what in (
        (tally.files[Fate.FAILED], "failed"),
        (tally.missing, "missing"),
        (tally.returned, "back again"),
    ):
        counts += f", {count:,} {what}" if count else ""
    pace = f"{time.monotonic() - start:.1f} s, {rate(tally.done, start):,} files/s"
    return f"{'dry run, nothing is stored: ' if options.dry_run else ''}{counts} ({pace})"
