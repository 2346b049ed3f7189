"""The command `fonoteca`: one module for each command or group of commands.

Only the module of the command that is asked for is imported, so that none waits for what another
needs, and help for none of them.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

_DISTRIBUTION: Final = "fonoteca"


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is defined (a module with `register(app)`), and what the help says of it."""

    module: str
    summary: str


COMMANDS: Final = {
    "serve": Command("service.cli.serve", "Serve the catalogue until SIGTERM or Ctrl-C."),
    "libraries": Command("service.cli.libraries", "List, create, change and delete libraries."),
    "import": Command(
        "service.cli.import_", "Import tracks from a table whose first line names the columns."
    ),
    "export": Command("service.cli.export", "Export tracks to a file that an import reads again."),
    "scan": Command(
        "service.cli.scan", "Read audio files below folders or buckets into the catalogue."
    ),
    "scan-path": Command(
        "service.cli.scan_path", "Have the server read audio files below its media roots."
    ),
    "tracks": Command("service.cli.tracks", "List, show, delete and undelete tracks."),
    "files": Command("service.cli.files", "List, relink and forget missing files."),
    "duplicates": Command(
        "service.cli.duplicates", "List duplicates, merge them, and take merges back."
    ),
    "provenance": Command(
        "service.cli.provenance", "See who says what a track is, decide, lock and undo."
    ),
    "tags": Command("service.cli.tags", "Write what the catalogue says into the tags of files."),
    "search": Command("service.cli.search", "Search the tracks."),
    "suggest": Command("service.cli.suggest", "Suggest what was meant while it is typed."),
    "credits": Command("service.cli.credits", "Decide about names that may be several artists."),
    "match": Command("service.cli.match", "Find the tracks that a table describes."),
    "purge": Command("service.cli.purge", "Remove for good what was deleted long ago."),
    "db": Command("service.cli.db", "Migrate, inspect, back up and restore the database."),
    "settings": Command("service.cli.settings", "List the settings."),
}
"""All commands, in the order of the help."""


def main() -> None:
    """Run the command line of this process."""
    completing = f"_{_DISTRIBUTION.upper()}_COMPLETE" in os.environ
    try:
        application([*COMMANDS] if completing else sys.argv[1:2])()
    except KeyboardInterrupt:  # while the module of the command was imported
        sys.exit(130)


def application(wanted: Sequence[str]) -> typer.Typer:
    """Return the application with the `wanted` commands; of the others it knows the names."""
    app = typer.Typer(
        name=_DISTRIBUTION,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,  # they would print the values of variables: secrets too
    )
    app.callback()(_common)
    for name, command in COMMANDS.items():
        if name in wanted:
            importlib.import_module(command.module).register(app)
        else:
            app.command(name, help=command.summary)(_placeholder)
    return app


def _placeholder() -> None:
    """Stand in the help for a command that is not asked for."""


def _print_version(asked: bool) -> None:  # noqa: FBT001  # typer calls it
    if asked:
        typer.echo(f"{_DISTRIBUTION} {_version()}")
        raise typer.Exit


def _version() -> str:
    try:
        return importlib.metadata.version(_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "(a checkout that is not installed)"


def _common(
    *,
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version, and exit."
        ),
    ] = False,
) -> None:
    """Fonoteca: a music catalogue as one gRPC service over PostgreSQL."""
