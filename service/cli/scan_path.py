"""`fonoteca scan-path`: the server reads files that lie on its own disks."""

from __future__ import annotations

from typing import Annotated

import grpc
import typer
from rich.console import Console

from fonoteca.v1 import ingest_pb2 as pb
from fonoteca.v1.ingest_pb2_grpc import IngestServiceStub
from service.cli.answers import print_json
from service.cli.connection import library_id, server_at
from service.cli.options import DEFAULT_ADDRESS, DEFAULT_LIBRARY, Address, Library, flowing
from service.cli.progress import meter
from service.cli.terminal import FAILED, INTERRUPTED, leave, say

_EPILOG = flowing("""
The path must lie below a media root of the server (FONOTECA_MEDIA_ROOTS). `fonoteca scan` reads
files of this machine instead.

Exit code: 0 when every audio file is in the catalogue, or queued with --no-wait; 1 when some cannot
be read; 130 after Ctrl-C: what is queued is read all the same, and the same command goes on.
""")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("scan-path", epilog=_EPILOG)(scan_path)


def scan_path(
    path: Annotated[str, typer.Argument(help="A folder or file of the server: an absolute path.")],
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Read every file again, changed or not.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="End when everything is queued for reading.")
    ] = False,
    library: Library = DEFAULT_LIBRARY,
    address: Address = DEFAULT_ADDRESS,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one line of JSON.")
    ] = False,
) -> None:
    """Have the server read audio files below its media roots.

    Example: fonoteca scan-path /srv/music
    """
    with server_at(address) as channel:
        request = pb.ScanPathRequest(
            library_id=library_id(channel, library), path=path, full=full, wait=not no_wait
        )
        try:
            result, problems = _watched(channel, request)
        except KeyboardInterrupt:
            leave(INTERRUPTED, "stopped: what is queued is read; the same command goes on")
    if as_json:
        print_json([result])
    else:
        typer.echo(_summary(result))
    if problems or result.failed:
        raise typer.Exit(FAILED)


def _watched(channel: grpc.Channel, request: pb.ScanPathRequest) -> tuple[pb.ScanPathResponse, int]:
    """Show how far the scan is; return its last message, and how many problems there were."""
    last, problems = pb.ScanPathResponse(), 0
    with meter(Console(stderr=True), "files") as view:
        for last in IngestServiceStub(channel).ScanPath(request):
            problems += len(last.problems)
            for problem in last.problems:
                say(f"{problem.uri}: {problem.reason}")
            read = last.queued - last.waiting
            share = (last.unchanged + read) / max(last.found, 1) if last.complete else 0.0
            view.show(last.unchanged + read, share)
    return last, problems


def _summary(result: pb.ScanPathResponse) -> str:
    counts = f"{result.found:,} found: {result.unchanged:,} unchanged, {result.queued:,} queued"
    for count, what in (
        (result.waiting, "waiting"),
        (result.failed, "failed"),
        (result.missing, "missing"),
    ):
        counts += f", {count:,} {what}" if count else ""
    return counts
