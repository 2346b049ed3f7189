"""`fonoteca credits`: names in tags that may be those of several artists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated

import grpc
import typer
from rich.text import Text

from fonoteca.v1 import credit_pb2 as pb
from fonoteca.v1.credit_pb2_grpc import CreditServiceStub
from service.cli.answers import print_json, text_table, wide_console
from service.cli.connection import ANSWER_SECONDS, pages, server_at
from service.cli.options import DEFAULT_ADDRESS, Address, AsJson
from service.cli.terminal import counted, say

_app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(_app, name="credits", help="Decide about names that may be several artists.")


@_app.command()
def review(
    *,
    limit: Annotated[
        int | None, typer.Option(min=1, show_default="all", help="How many names at most.")
    ] = None,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """List the names that may be those of several artists.

    Example: fonoteca credits review --limit 20
    """
    with server_at(address) as channel:
        found = list(islice(_reviews(channel), limit))
    if as_json:
        print_json(found, with_zeros=True)
    elif found:
        _print_table(found)
    else:
        say("no name is in doubt")


@_app.command()
def decide(
    name: Annotated[str, typer.Argument(help="The name, as it stands in tags.")],
    artists: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ARTIST...", help="The artists in it, in order.", show_default="it is one"
        ),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how much would change.")
    ] = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Say which artists a name stands for; the tracks and albums that have it follow.

    Example: fonoteca credits decide "Drake & Future" Drake Future
    """
    request = pb.DecideCreditRequest(name=name, artists=artists or [name], validate_only=dry_run)
    with server_at(address) as channel:
        done = CreditServiceStub(channel).DecideCredit(request, timeout=ANSWER_SECONDS)
    if as_json:
        print_json([done], with_zeros=True)
    else:
        change = "would change" if dry_run else "changed"
        albums = counted(done.changed_albums, "album")
        typer.echo(f"{counted(done.changed_tracks, 'track')} and {albums} {change}")


def _reviews(channel: grpc.Channel) -> Iterator[pb.CreditReview]:
    listing = CreditServiceStub(channel).ListCreditReviews
    for page in pages(listing, pb.ListCreditReviewsRequest()):
        yield from page.reviews


def _print_table(reviews: Iterable[pb.CreditReview]) -> None:
    table = text_table("name", "of these, known as artists")
    for each in reviews:
        table.add_row(Text(each.name), Text(" | ".join(each.known_pieces)))
    wide_console().print(table)
