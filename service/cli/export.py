"""`fonoteca export`: tracks into a file that `fonoteca import` reads again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import grpc
import typer
from rich.console import Console

from service.cli.connection import library_id, server_at
from service.cli.options import DEFAULT_ADDRESS, DEFAULT_LIBRARY, Address
from service.cli.progress import meter
from service.cli.terminal import FAILED, INTERRUPTED, USAGE, counted, leave, say
from service.ingest.client import ahead
from service.ingest.export import Form, Shape, pages, shape_of, writing
from service.ingest.replacing import replacing

_STDOUT: Final = Path("-")

_EPILOG: Final = (
    "Exit code: 0 when the file is written, 1 when it is not, 2 when the options are wrong, 130 "
    "after Ctrl-C. Unless it is 0 there is no new file, and one that was there is as it was."
)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("export", epilog=_EPILOG)(export_tracks)


def export_tracks(
    file: Annotated[
        Path,
        typer.Argument(
            help="Where to write: a name that ends with .jsonl or .csv, and .gz to compress it; - "
            "writes JSON Lines to the standard output.",
            dir_okay=False,
            allow_dash=True,
        ),
    ],
    *,
    library: Annotated[
        str, typer.Option(metavar="NAME_OR_ID", help="The library whose tracks these are.")
    ] = DEFAULT_LIBRARY,
    filter_: Annotated[
        str,
        typer.Option(
            "--filter", show_default="all", help="Only these, for example 'year:1990..1999'."
        ),
    ] = "",
    address: Address = DEFAULT_ADDRESS,
) -> None:
    """Export tracks to a file that an import reads again.

    It holds all that is known of them, and appears when it is complete.

    Example: fonoteca export tracks.jsonl.gz --filter 'genre:jazz'
    """
    shape = Shape(Form.JSON_LINES) if file == _STDOUT else shape_of(file)
    if shape is None:
        leave(USAGE, f"{file}: let the name end with .jsonl, .csv, .jsonl.gz or .csv.gz")
    with server_at(address) as channel:
        library = library_id(channel, library)
        try:
            with _opened(file) as stream:
                count = _export(channel, library, filter_, stream, shape)
        except KeyboardInterrupt:
            leave(INTERRUPTED, "stopped: nothing is written")
        except OSError as error:
            leave(FAILED, f"{file}: {error.strerror or error}")
    say(f"{counted(count, 'track')} in {file}")


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if file == _STDOUT:
        yield sys.stdout.buffer
        return
    with replacing(file) as stream:
        yield stream


def _export(
    channel: grpc.Channel, library: str, filter_: str, stream: BinaryIO, shape: Shape
) -> int:
    """Write the tracks, and return how many there are."""
    count = 0
    with (
        meter(Console(stderr=True)) as progress,
        writing(stream, shape) as write,
        closing(ahead(pages(channel, library, filter_))) as found,
    ):
        for tracks in found:
            write(tracks)
            count += len(tracks)
            progress.show(count, 0.0)
    return count
