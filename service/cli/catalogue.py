"""`fonoteca search --catalogue`: tracks, artists, albums and playlists, a short list of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import grpc
import typer
from google.protobuf.message import Message
from rich.text import Text

from fonoteca.v1.search_pb2 import SearchCatalogueRequest, SearchCatalogueResponse
from fonoteca.v1.search_pb2_grpc import SearchServiceStub
from service.cli.answers import empty_table, print_json, wide_console
from service.cli.connection import ANSWER_SECONDS
from service.cli.terminal import counted, say

_Row = tuple[float, str, str, str]
"""A hit: score, name, what tells it apart, id."""


def search_catalogue(
    channel: grpc.Channel, query: str, library_id: str, limit: int, *, as_json: bool
) -> bool:
    """Print what there is of each kind; returns whether there is anything."""
    request = SearchCatalogueRequest(query=query, library_id=library_id, page_size=limit)
    response = SearchServiceStub(channel).SearchCatalogue(request, timeout=ANSWER_SECONDS)
    if response.partial:
        say("time ran out: there may be more and better tracks")
    if as_json:
        print_json(_hits(response))
    else:
        _print_lists(response)
    return next(_hits(response), None) is not None


def _hits(response: SearchCatalogueResponse) -> Iterator[Message]:
    yield from response.tracks
    yield from response.artists
    yield from response.albums
    yield from response.playlists


def _print_lists(response: SearchCatalogueResponse) -> None:
    lists: dict[str, Sequence[_Row]] = {
        "track": [
            (of.score, of.track.title, of.track.artist, of.track.id) for of in response.tracks
        ],
        "artist": [
            (of.score, of.artist.name, of.artist.disambiguation, of.artist.id)
            for of in response.artists
        ],
        "album": [
            (of.score, of.album.title, of.album.artist, of.album.id) for of in response.albums
        ],
        "playlist": [
            (of.score, of.playlist.name, counted(of.playlist.item_count, "item"), of.playlist.id)
            for of in response.playlists
        ],
    }
    some = [(kind, rows) for kind, rows in lists.items() if rows]
    for index, (kind, rows) in enumerate(some):
        if index:
            typer.echo()
        table = empty_table(("score",), (kind, ""))
        for score, *texts in rows:
            table.add_row(f"{score:.2f}", *map(Text, texts))
        wide_console().print(table)
