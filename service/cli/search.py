"""`fonoteca search`: what the catalogue finds, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum, auto
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fonoteca.v1.search_pb2 import (
    SearchFacet,
    SearchFacetField,
    SearchHit,
    SearchMode,
    SearchTracksRequest,
    SearchTracksResponse,
)
from fonoteca.v1.search_pb2_grpc import SearchServiceStub
from service.cli.answers import (
    NOTHING_FOUND,
    clock,
    empty_table,
    marked,
    print_json,
    wide_console,
)
from service.cli.catalogue import search_catalogue
from service.cli.connection import ANSWER_SECONDS, library_id, server_at
from service.cli.explanation import explanation_lines, verdict_lines
from service.cli.options import DEFAULT_ADDRESS, Address
from service.cli.terminal import USAGE, counted, leave, say
from service.cli.upkeep import SearchCommand

#: Below this width, titles would be folded into columns of letters.
_WIDTH_FOR_ALBUMS: Final = 100
_ERROR: Final = USAGE

_FACET_PREFIX: Final = "SEARCH_FACET_FIELD_"


class Mode(StrEnum):
    """How freely a query is read, as SearchMode."""

    AUTO = auto()
    EXACT = auto()
    PREFIX = auto()
    FUZZY = auto()


class Facet(StrEnum):
    """What matches are counted by, as SearchFacetField."""

    GENRE = auto()
    ARTIST = auto()
    ALBUM = auto()
    YEAR = auto()
    DECADE = auto()
    FORMAT = auto()
    KEY = auto()


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
    mode: Annotated[
        Mode,
        typer.Option(
            case_sensitive=False,
            help="How freely to read the words: auto gets looser while hits are missing; exact, as "
            "typed; prefix, the last one unfinished; fuzzy, misspelt.",
        ),
    ] = Mode.AUTO,
    order_by: Annotated[
        str,
        typer.Option(
            help="The order: relevance, create_time, title, release_date, popularity, duration, "
            "artist or album, followed by ' desc' for the reverse."
        ),
    ] = "",
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out hits with a lower score.")
    ] = 0.0,
    facet: Annotated[
        list[Facet] | None,
        typer.Option(
            case_sensitive=False,
            show_default=False,
            help="Count all matches by this; may be given several times.",
        ),
    ] = None,
    catalogue: Annotated[
        bool,
        typer.Option(
            "--catalogue",
            help="Search artists, albums and playlists, too: a list of each. Goes with --limit and "
            "--library.",
        ),
    ] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Tell of each hit why it was found and how it was ranked."),
    ] = False,
    explain_track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            show_default=False,
            help="Tell what became of this track, and why; may be given several times.",
        ),
    ] = None,
    address: Address = DEFAULT_ADDRESS,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print a line of JSON for each hit, each facet and each --explain-track."
        ),
    ] = False,
) -> None:
    """Search the tracks.

    Example: fonoteca search "bohemian rapsody" --filter year:1975 --facet album
    """
    if catalogue:
        narrowing = (filter_, order_by, min_score, facet, explain, explain_track)
        if any(narrowing) or mode is not Mode.AUTO:
            leave(_ERROR, "--catalogue goes with --limit and --library alone")
        with server_at(address, exit_code=_ERROR) as channel:
            in_library = library_id(channel, library) if library else ""
            found = search_catalogue(channel, query, in_library, limit, as_json=as_json)
        if not found:
            leave(NOTHING_FOUND, _nothing_found(query, library=library, narrowed=False))
        return
    with server_at(address, exit_code=_ERROR) as channel:
        request = SearchTracksRequest(
            query=query,
            filter=filter_,
            page_size=limit,
            library_id=library_id(channel, library) if library else "",
            mode=SearchMode.Value(f"SEARCH_MODE_{mode.name}"),
            order_by=order_by,
            min_score=min_score,
            facets=[SearchFacetField.Value(f"{_FACET_PREFIX}{of.name}") for of in facet or ()],
            highlight=True,
            explain=explain,
            explain_track_ids=explain_track,
        )
        response = SearchServiceStub(channel).SearchTracks(request, timeout=ANSWER_SECONDS)
    _remark(response)
    if as_json:
        print_json([*response.hits, *response.facets, *response.verdicts])
    else:
        _print_table(response.hits)
        _print_facets(response.facets)
        _print_explanations(response)
    if not response.hits:
        leave(NOTHING_FOUND, _nothing_found(query, library=library, narrowed=bool(filter_)))


def _remark(response: SearchTracksResponse) -> None:
    """Say what the hits alone do not tell."""
    if response.did_you_mean:
        say(f"did you mean {response.did_you_mean!r}?")
    if response.partial:
        say("time ran out: there may be more and better hits")
    if response.facets:
        more = "" if response.total_size_exact else "at least "
        say(f"{more}{counted(response.total_size, 'track')} in all")


def _nothing_found(query: str, *, library: str | None, narrowed: bool) -> str:
    advice = "try fewer or other words"
    if narrowed:
        advice = "try without --filter"
    elif library:
        advice = "try without --library"
    return f"nothing found for {query!r}: {advice}"


def _print_table(hits: Sequence[SearchHit]) -> None:
    if not hits:
        return
    console = wide_console()
    texts = ("title", "artist", "album")[: 3 if console.width >= _WIDTH_FOR_ALBUMS else 2]
    table = empty_table(("score", "year", "length"), texts)
    for hit in hits:
        track = hit.track
        numbers = (
            f"{hit.score:.2f}",
            str(track.release_date.year or ""),
            clock(track.duration) if track.HasField("duration") else "",
        )
        cells = (
            _marked(hit, "title", track.title),
            _marked(hit, "artist", track.artist),
            _marked(hit, "album.title", track.album.title),
        )[: len(texts)]
        table.add_row(*numbers, *cells, track.id)
    console.print(table)


def _marked(hit: SearchHit, field: str, text: str) -> Text:
    """Return a text of a track with what was matched in bold."""
    return marked(text, (span for of in hit.highlights if of.field == field for span in of.spans))


def _print_facets(facets: Iterable[SearchFacet]) -> None:
    for facet in facets:
        name = SearchFacetField.Name(facet.field).removeprefix(_FACET_PREFIX).lower()
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column("tracks" if facet.exact else "at least", justify="right", no_wrap=True)
        table.add_column(name)
        for value in facet.values:
            table.add_row(str(value.count), Text(value.value))
        typer.echo()
        Console().print(table)


def _print_explanations(response: SearchTracksResponse) -> None:
    console = Console(soft_wrap=True)
    for hit in response.hits:
        if hit.HasField("explanation"):
            name = f"\n{hit.track.title} ({hit.track.artist})"
            console.print(Text("\n".join([name, *explanation_lines(hit.explanation)])))
    for verdict in response.verdicts:
        console.print(Text("\n".join(["", *verdict_lines(verdict)])))
