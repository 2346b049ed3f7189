"""`fonoteca files`: what became of files that are not where they were."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import grpc
import typer
from rich.text import Text

from fonoteca.v1 import file_pb2 as pb
from fonoteca.v1.file_pb2_grpc import FileServiceStub
from service.cli.answers import empty_table, moment, print_json, wide_console
from service.cli.connection import ANSWER_SECONDS, library_id, pages, server_at
from service.cli.options import DEFAULT_ADDRESS, DEFAULT_LIBRARY, Address, AsJson
from service.cli.terminal import FAILED, counted, leave, say
from service.ingest.audio_hash import hash_file
from service.ingest.locations import file_uri, is_remote, local_path
from service.ingest.payload import find_payload

_MOST_FORGOTTEN: Final = 1_000
"""How many files the service forgets in a call."""

_app = typer.Typer(no_args_is_help=True)

Library = Annotated[
    str, typer.Option(metavar="NAME_OR_ID", help="The library whose files these are.")
]
Below = Annotated[
    str,
    typer.Option(
        metavar="FOLDER", show_default="anywhere", help="Only files below this folder or URL."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(_app, name="files", help="List, relink and forget missing files.")


@_app.command()
def missing(
    *,
    below: Below = "",
    limit: Annotated[
        int | None, typer.Option(min=1, show_default="all", help="How many files at most.")
    ] = None,
    library: Library = DEFAULT_LIBRARY,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """List the files that were looked for and not found, by address.

    Example: fonoteca files missing --below ~/Music
    """
    with server_at(address) as channel:
        found = list(islice(_missing(channel, library, below), limit))
    if as_json:
        print_json(found)
    elif found:
        _print_table(found)
    else:
        say("no file is missing")


@_app.command()
def relink(
    file: Annotated[str, typer.Argument(metavar="ID", help="Id of a missing file.")],
    place: Annotated[str, typer.Argument(help="Where it is now: a path, or a URL.")],
    *,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Say where a missing file is now. A file of this machine must hold the same audio.

    Example: fonoteca files relink 01920000-0000-7000-8000-000000000000 ~/Music/song.flac
    """
    request = _found_at(place)
    request.id = file
    with server_at(address) as channel:
        moved = FileServiceStub(channel).RelinkFile(request, timeout=ANSWER_SECONDS)
    if as_json:
        print_json([moved])
    else:
        typer.echo(f"{moved.track_title or moved.track_id} is at {moved.audio.uri}")


@_app.command()
def forget(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Ids of missing files.", show_default="all missing"),
    ] = None,
    *,
    below: Below = "",
    delete_tracks: Annotated[
        bool,
        typer.Option("--delete-tracks", help="Delete tracks that are left without any file, too."),
    ] = False,
    library: Library = DEFAULT_LIBRARY,
    address: Address = DEFAULT_ADDRESS,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one line of JSON.")
    ] = False,
) -> None:
    """Drop missing files for good: those named, or all, or all below a folder.

    Their tracks stay, without them, unless --delete-tracks is given.

    Example: fonoteca files forget --below ~/Music/old --delete-tracks
    """
    if files and below:
        raise typer.BadParameter("name files or --below, not both")
    with server_at(address) as channel:
        ids = files or [file.audio.id for file in _missing(channel, library, below)]
        if not ids:
            leave(0, "no file is missing")
        if not yes:
            what = " and the tracks that have no other" if delete_tracks else ""
            typer.confirm(f"Forget {counted(len(ids), 'missing file')}{what}?", abort=True)
        done = _forget(channel, ids, delete_tracks=delete_tracks)
    if as_json:
        print_json([done])
    else:
        deleted = counted(len(done.deleted_track_ids), "track")
        typer.echo(f"{counted(done.forgotten, 'file')} forgotten, {deleted} deleted")


def _missing(channel: grpc.Channel, library: str, below: str) -> Iterator[pb.File]:
    """Yield the missing files of a library, by address."""
    request = pb.ListFilesRequest(
        library_id=library_id(channel, library),
        presence=pb.FILE_PRESENCE_MISSING,
        uri_prefix=_folder(below) if below else "",
    )
    for page in pages(FileServiceStub(channel).ListFiles, request):
        yield from page.files


def _forget(
    channel: grpc.Channel, ids: Sequence[str], *, delete_tracks: bool
) -> pb.ForgetFilesResponse:
    """Forget files, as many in a call as a call takes."""
    done = pb.ForgetFilesResponse()
    for start in range(0, len(ids), _MOST_FORGOTTEN):
        request = pb.ForgetFilesRequest(
            ids=ids[start : start + _MOST_FORGOTTEN], delete_tracks=delete_tracks
        )
        answer = FileServiceStub(channel).ForgetFiles(request, timeout=ANSWER_SECONDS)
        done.forgotten += answer.forgotten
        done.deleted_track_ids.extend(answer.deleted_track_ids)
    return done


def _folder(place: str) -> str:
    """Return how the addresses below a folder begin; the folder need not be there any more."""
    address = place if is_remote(place) else file_uri(_absolute(place))
    return f"{address.rstrip('/')}/"


def _absolute(place: str) -> str:
    """Return a path as a scan names it: whole, with its symbolic links."""
    return os.path.abspath(local_path(place))  # noqa: PTH100  resolve() follows links


def _found_at(place: str) -> pb.RelinkFileRequest:
    """Return what is known of a file at its new place: of a local one, all that tells it apart."""
    if is_remote(place):
        return pb.RelinkFileRequest(uri=place)
    path = Path(_absolute(place))
    request = pb.RelinkFileRequest(uri=file_uri(str(path)))
    try:
        with path.open("rb") as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                leave(FAILED, f"{place}: is not a regular file")
            hashes = hash_file(stream, find_payload(stream, found.st_size))
    except OSError as error:
        leave(FAILED, f"{place}: {error.strerror}")
    request.size_bytes = found.st_size
    request.modify_time.FromMicroseconds(found.st_mtime_ns // 1_000)
    request.content_hash, request.audio_hash = hashes.content, hashes.audio
    return request


def _print_table(files: Iterable[pb.File]) -> None:
    table = empty_table(("missing since",), ("title", "artist", "address"))
    for file in files:
        texts = (file.track_title, file.track_artist, file.audio.uri, file.audio.id)
        table.add_row(moment(file.audio.missing_time), *map(Text, texts))
    wide_console().print(table)
