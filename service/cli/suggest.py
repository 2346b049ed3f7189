"""`fonoteca suggest`: what somebody who is typing may mean, as a search box would show it."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Annotated, Final

import typer
from rich.text import Text

from fonoteca.v1.search_pb2 import SuggestionGroup, SuggestionKind, SuggestRequest
from fonoteca.v1.search_pb2_grpc import SearchServiceStub
from service.cli.answers import NOTHING_FOUND, empty_table, marked, print_json, wide_console
from service.cli.connection import ANSWER_SECONDS, library_id, server_at
from service.cli.options import DEFAULT_ADDRESS, Address
from service.cli.terminal import USAGE, leave

_KIND_PREFIX: Final = "SUGGESTION_KIND_"
_EPILOG: Final = (
    "Exit code: 0 when something was found, 1 when nothing was, "
    "2 when the options are wrong or the server cannot answer."
)


class Kind(StrEnum):
    """What is suggested, as SuggestionKind."""

    TRACK = auto()
    ARTIST = auto()
    ALBUM = auto()
    PLAYLIST = auto()
    GENRE = auto()


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(epilog=_EPILOG)(suggest)


def suggest(
    typed: Annotated[str, typer.Argument(help="What was typed so far; one letter is enough.")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=20, help="How many of each kind at most.")] = 5,
    kind: Annotated[
        list[Kind] | None,
        typer.Option(
            case_sensitive=False,
            show_default="all",
            help="Only this kind; may be given several times.",
        ),
    ] = None,
    library: Annotated[
        str | None,
        typer.Option(metavar="NAME_OR_ID", show_default="all", help="Only this library."),
    ] = None,
    address: Address = DEFAULT_ADDRESS,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each kind.")
    ] = False,
) -> None:
    """Suggest what was meant while it is typed.

    The last word is read as unfinished.

    Example: fonoteca suggest radioh --kind artist
    """
    with server_at(address, exit_code=USAGE) as channel:
        request = SuggestRequest(
            query=typed,
            limit=limit,
            library_id=library_id(channel, library) if library else "",
            kinds=[SuggestionKind.Value(f"{_KIND_PREFIX}{of.name}") for of in kind or ()],
            highlight=True,
        )
        response = SearchServiceStub(channel).Suggest(request, timeout=ANSWER_SECONDS)
    if not response.groups:
        leave(NOTHING_FOUND, f"nothing begins like {typed!r}")
    if as_json:
        print_json(response.groups)
        return
    for index, group in enumerate(response.groups):
        if index:
            typer.echo()
        _print_group(group)


def _print_group(group: SuggestionGroup) -> None:
    name = SuggestionKind.Name(group.kind).removeprefix(_KIND_PREFIX).lower()
    table = empty_table(("score",), (name, ""))
    for of in group.suggestions:
        row = (marked(of.text, of.highlights), Text(of.detail), Text(of.id))
        table.add_row(f"{of.score:.2f}", *row)
    wide_console().print(table)
