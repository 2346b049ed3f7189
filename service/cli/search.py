"""`fonoteca search`: what the catalogue finds, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import typer
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToJson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fonoteca.v1.search_pb2 import SearchHit, SearchTracksRequest
from fonoteca.v1.search_pb2_grpc import SearchServiceStub
from service.cli.connection import ANSWER_SECONDS, library_id, server_at
from service.cli.options import DEFAULT_ADDRESS, Address
from service.cli.terminal import USAGE, leave
from service.cli.upkeep import SearchCommand

#: Below this width, titles would be folded into columns of letters.
_WIDTH_FOR_ALBUMS: Final = 100
_WIDTH_OF_A_PIPE: Final = 200

#: Exit codes as of `grep`, so that a script can tell an empty answer from none.
_NOTHING_FOUND: Final = 1
_ERROR: Final = USAGE

_EPILOG: Final = (
    "Exit code: 0 when something was found, 1 when nothing was, "
    "2 when the options are wrong or the server cannot answer.\n\n"
    "`fonoteca search status`, `verify` and `rebuild` are commands of their own, about the index: "
    "see their --help. To search for one of these words, write `fonoteca search -- status`."
)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(cls=SearchCommand, epilog=_EPILOG)(search)


def search(
    query: Annotated[
        str, typer.Argument(help="Words of title, artist, album or genre, as they come to mind.")
    ],
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many hits at most.")] = 10,
    library: Annotated[
        str | None,
        typer.Option(metavar="NAME_OR_ID", show_default="all", help="Only this library."),
    ] = None,
    filter_: Annotated[
        str, typer.Option("--filter", help="Only these, for example 'year:1990..1999 -genre:live'.")
    ] = "",
    address: Address = DEFAULT_ADDRESS,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON for each hit.")
    ] = False,
) -> None:
    """Search the tracks.

    Example: fonoteca search "bohemian rapsody" --filter year:1975
    """
    with server_at(address, exit_code=_ERROR) as channel:
        request = SearchTracksRequest(
            query=query,
            filter=filter_,
            page_size=limit,
            library_id=library_id(channel, library) if library else "",
        )
        response = SearchServiceStub(channel).SearchTracks(request, timeout=ANSWER_SECONDS)
    if not response.hits:
        leave(_NOTHING_FOUND, _nothing_found(query, library=library, narrowed=bool(filter_)))
    if as_json:
        _print_json(response.hits)
    else:
        _print_table(response.hits)


def _nothing_found(query: str, *, library: str | None, narrowed: bool) -> str:
    advice = "try fewer or other words"
    if narrowed:
        advice = "try without --filter"
    elif library:
        advice = "try without --library"
    return f"nothing found for {query!r}: {advice}"


def _print_json(hits: Iterable[SearchHit]) -> None:
    for hit in hits:
        typer.echo(
            MessageToJson(hit, preserving_proto_field_name=True, indent=None, ensure_ascii=False)
        )


def _print_table(hits: Iterable[SearchHit]) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_PIPE
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for number in ("score", "year", "length"):
        table.add_column(number, justify="right", no_wrap=True)
    for text in ("title", "artist", "album")[: 3 if console.width >= _WIDTH_FOR_ALBUMS else 2]:
        table.add_column(text, overflow="fold")
    table.add_column("id", no_wrap=True)
    for hit in hits:
        track = hit.track
        numbers = (
            f"{hit.score:.2f}",
            str(track.release_date.year or ""),
            clock(track.duration) if track.HasField("duration") else "",
        )
        texts = (track.title, track.artist, track.album.title)[: len(table.columns) - 4]
        # Titles may hold what Rich would take for markup.
        table.add_row(*map(Text, (*numbers, *texts, track.id)))
    console.print(table)


def clock(duration: Duration) -> str:
    """Return a length as m:ss or h:mm:ss, to the nearest second."""
    minutes, seconds = divmod(duration.seconds + (duration.nanos >= 500_000_000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
