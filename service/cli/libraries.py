"""`fonoteca libraries`: the boundaries that tracks, files and playlists lie in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from rich.text import Text

from fonoteca.v1 import library_pb2 as pb
from fonoteca.v1.library_pb2_grpc import LibraryServiceStub
from service.cli.answers import empty_table, moment, print_json, wide_console
from service.cli.connection import ANSWER_SECONDS, library_id, pages, server_at
from service.cli.options import DEFAULT_ADDRESS, Address, AsJson, DryRun

_app = typer.Typer(no_args_is_help=True)

Which = Annotated[str, typer.Argument(metavar="NAME_OR_ID", help="The library.")]
_FOLDER = typer.Option(show_default=False, help="Where its files come from: a folder or URL.")
_STRATEGY = typer.Option(show_default=False, help="How workers are to process its files.")
SourceFolder = Annotated[str, _FOLDER]
ChangedFolder = Annotated[str | None, _FOLDER]
Strategy = Annotated[str, _STRATEGY]
ChangedStrategy = Annotated[str | None, _STRATEGY]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(_app, name="libraries", help="List, create, change and delete libraries.")


@_app.command("list")
def list_(*, address: Address = DEFAULT_ADDRESS, as_json: AsJson = False) -> None:
    """List the libraries by name.

    Example: fonoteca libraries list
    """
    with server_at(address) as channel:
        listing = pages(LibraryServiceStub(channel).ListLibraries, pb.ListLibrariesRequest())
        found = [library for page in listing for library in page.libraries]
    if as_json:
        print_json(found)
        return
    table = empty_table(("since",), ("name", "source folder", "strategy"))
    for each in found:
        cells = (each.name, each.source_folder, each.processing_strategy, each.id)
        table.add_row(moment(each.create_time), *map(Text, cells))
    wide_console().print(table)


@_app.command()
def create(
    name: Annotated[str, typer.Argument(help="Its name; no other library may have it.")],
    *,
    source_folder: SourceFolder = "",
    strategy: Strategy = "",
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Create a library.

    Example: fonoteca libraries create vinyl --source-folder /music/vinyl
    """
    wanted = pb.Library(name=name, source_folder=source_folder, processing_strategy=strategy)
    request = pb.CreateLibraryRequest(library=wanted, validate_only=dry_run)
    with server_at(address) as channel:
        created = LibraryServiceStub(channel).CreateLibrary(request, timeout=ANSWER_SECONDS)
    if as_json:
        print_json([created])
    else:
        typer.echo(f"{created.name} {'would be created' if dry_run else f'is {created.id}'}")


@_app.command()
def update(
    library: Which,
    *,
    name: Annotated[str | None, typer.Option(show_default=False, help="Its new name.")] = None,
    source_folder: ChangedFolder = None,
    strategy: ChangedStrategy = None,
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Change what the options name; an empty text clears it.

    Example: fonoteca libraries update vinyl --name records
    """
    given = {"name": name, "source_folder": source_folder, "processing_strategy": strategy}
    said = {path: value for path, value in given.items() if value is not None}
    if not said:
        raise typer.BadParameter("say what to change: --name, --source-folder or --strategy")
    with server_at(address) as channel:
        request = pb.UpdateLibraryRequest(
            library=_library(library_id(channel, library), said),
            update_mask=FieldMask(paths=said),
            validate_only=dry_run,
        )
        changed = LibraryServiceStub(channel).UpdateLibrary(request, timeout=ANSWER_SECONDS)
    if as_json:
        print_json([changed])
    else:
        typer.echo(f"{changed.name} {'would be' if dry_run else 'is'} changed")


@_app.command()
def delete(
    library: Which,
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Delete what is in it as well; that cannot be taken back."),
    ] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    address: Address = DEFAULT_ADDRESS,
) -> None:
    """Delete a library for good.

    Example: fonoteca libraries delete vinyl --dry-run
    """
    with server_at(address) as channel:
        request = pb.DeleteLibraryRequest(
            id=library_id(channel, library), force=force, validate_only=dry_run
        )
        if not (dry_run or yes):
            what = " and all that is in it" if force else ""
            typer.confirm(f"Delete {library}{what} for good?", abort=True, err=True)
        LibraryServiceStub(channel).DeleteLibrary(request, timeout=ANSWER_SECONDS)
    typer.echo(f"{library} {'would be' if dry_run else 'is'} deleted")


def _library(id_: str, said: Mapping[str, str]) -> pb.Library:
    library = pb.Library(id=id_)
    for path, value in said.items():
        setattr(library, path, value)
    return library
