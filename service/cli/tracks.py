"""`fonoteca tracks`: single tracks, and all that a filter finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, Final

import grpc
import typer
from rich.text import Text

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.track_pb2_grpc import TrackServiceStub
from service.cli.answers import clock, empty_table, moment, print_json, text_table, wide_console
from service.cli.connection import ANSWER_SECONDS, library_id, pages, server_at
from service.cli.options import DEFAULT_ADDRESS, Address, AsJson, DryRun
from service.cli.terminal import FAILED, INTERRUPTED, counted, leave, say
from service.cli.values import value_text
from service.ingest.client import status_code

_OF_ONE: Final = frozenset(
    {
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.INVALID_ARGUMENT,
    }
)
"""Refusals that say nothing about the other tracks."""

_NOT_SHOWN: Final = frozenset({"artist", "lyrics", "files", "sources", "attributes", "features"})
"""What is not a line, or is told otherwise."""

_app = typer.Typer(no_args_is_help=True)

Filter = Annotated[
    str | None,
    typer.Option("--filter", show_default="all", help="Only these, such as 'year:1990..1999'."),
]
OfLibrary = Annotated[
    str | None,
    typer.Option("--library", metavar="NAME_OR_ID", show_default="all", help="Only this library."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(_app, name="tracks", help="List, show, delete and undelete tracks.")


@_app.command("list")
def list_(
    *,
    filter_: Filter = None,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Those that are deleted and can be brought back.")
    ] = False,
    order_by: Annotated[
        str,
        typer.Option(
            help="create_time, title, release_date, popularity, duration, artist or album; "
            "' desc' reverses."
        ),
    ] = "create_time",
    limit: Annotated[int, typer.Option(min=1, help="How many tracks at most.")] = 50,
    library: OfLibrary = None,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """List tracks in the order of a field.

    Example: fonoteca tracks list --filter 'artist:queen' --order-by 'release_date desc'
    """
    with server_at(address) as channel:
        listed = _listed(channel, filter_, library, deleted=deleted, order_by=order_by)
        found = list(islice(listed, limit))
    if as_json:
        print_json(found)
    elif found:
        _print_table(found, deleted=deleted)
    else:
        say("no such track")


@_app.command()
def show(
    track: Annotated[str, typer.Argument(metavar="ID", help="Id of the track.")],
    *,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Show a track. With --json, all that is known of it.

    Example: fonoteca tracks show 01920000-0000-7000-8000-000000000000
    """
    with server_at(address) as channel:
        request = pb.GetTrackRequest(id=track)
        found = TrackServiceStub(channel).GetTrack(request, timeout=ANSWER_SECONDS)
    if as_json:
        print_json([found])
        return
    table = text_table("field", "value")
    for field in pb.Track.DESCRIPTOR.fields:
        text = "" if field.name in _NOT_SHOWN else value_text(found, field.name)
        if text:
            table.add_row(field.name, Text(text))
    for file in found.files:
        table.add_row("file", Text(file.uri))
    for source in found.sources:
        table.add_row("source", Text(f"{source.type}:{source.id}"))
    wide_console().print(table)


@_app.command()
def delete(
    tracks: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Ids of tracks.", show_default="those of --filter"),
    ] = None,
    *,
    filter_: Filter = None,
    library: OfLibrary = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    address: Address = DEFAULT_ADDRESS,
) -> None:
    """Delete tracks. They can be brought back until they are purged.

    Example: fonoteca tracks delete --filter 'status:failed' --dry-run
    """
    if bool(tracks) == bool(filter_):
        raise typer.BadParameter("name tracks, or give a --filter")
    with server_at(address) as channel:
        ids = tracks or [track.id for track in _listed(channel, filter_, library)]
        if not ids:
            leave(0, "no such track")
        if not (dry_run or yes):
            typer.confirm(f"Delete {counted(len(ids), 'track')}?", abort=True, err=True)
        stub = TrackServiceStub(channel)
        requests = [pb.DeleteTrackRequest(id=each, validate_only=dry_run) for each in ids]
        _do_each(stub.DeleteTrack, requests, "would be deleted" if dry_run else "deleted")


@_app.command()
def undelete(
    tracks: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of deleted tracks.")],
    *,
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
) -> None:
    """Bring deleted tracks back.

    Example: fonoteca tracks undelete 01920000-0000-7000-8000-000000000000
    """
    with server_at(address) as channel:
        stub = TrackServiceStub(channel)
        requests = [pb.UndeleteTrackRequest(id=each, validate_only=dry_run) for each in tracks]
        _do_each(stub.UndeleteTrack, requests, "would be there again" if dry_run else "there again")


def _listed(
    channel: grpc.Channel,
    filter_: str | None,
    library: str | None,
    *,
    deleted: bool = False,
    order_by: str = "",
) -> Iterator[pb.Track]:
    request = pb.ListTracksRequest(
        library_id=library_id(channel, library) if library else "",
        filter=filter_ or "",
        order_by=order_by,
        only_deleted=deleted,
    )
    for page in pages(TrackServiceStub(channel).ListTracks, request):
        yield from page.tracks


def _do_each(call: Callable[..., pb.Track], requests: Sequence[Any], done: str) -> None:
    """Ask for each change; one that is refused leaves the others alone."""
    count = 0
    try:
        for request in requests:
            try:
                call(request, timeout=ANSWER_SECONDS)
            except grpc.RpcError as error:
                if status_code(error) not in _OF_ONE or not isinstance(error, grpc.Call):
                    raise
                say(f"{request.id}: {error.details()}")
            else:
                count += 1
    except KeyboardInterrupt:
        leave(INTERRUPTED, f"stopped: {counted(count, 'track')} {done}")
    typer.echo(f"{counted(count, 'track')} {done}")
    if count < len(requests):
        raise typer.Exit(FAILED)


def _print_table(tracks: Iterable[pb.Track], *, deleted: bool) -> None:
    table = empty_table(("deleted" if deleted else "year", "length"), ("title", "artist", "album"))
    for track in tracks:
        when = moment(track.delete_time) if deleted else str(track.release_date.year or "")
        length = clock(track.duration) if track.HasField("duration") else ""
        texts = (track.title, track.artist, track.album.title, track.id)
        table.add_row(when, length, *map(Text, texts))
    wide_console().print(table)
