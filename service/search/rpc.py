"""SearchService: decode, call, encode.

A unary search is a batch of one; the difference is that an error of a batch's search is its result.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final
from uuid import UUID

from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1 import search_pb2_grpc
from service.albums.codec import encode_album
from service.artists.codec import encode_artist
from service.database import Database
from service.errors import DomainError
from service.matching.stream import MatchStream
from service.playlists.codec import encode_playlist
from service.query import clauses, parse
from service.search.answer import Page, Search, ShownHit, answer
from service.search.batch import answer_batch
from service.search.candidates import Scope
from service.search.codec import encode_explanation, encode_verdict
from service.search.explain import MAX_TRACKS
from service.search.facets import DEFAULT_VALUES, MAX_VALUES
from service.search.model import MAX_BATCH, MAX_QUERY, Facet, FacetCounts, Mode
from service.suggest.catalogue import Findings, search_catalogue
from service.suggest.codec import decode_suggest, encode_suggestions
from service.suggest.complete import complete
from service.tracks.listing import Order, order_of, place_of, position_of
from service.validation import Check
from service.wire.enums import EnumNames
from service.wire.page_token import PageTokens
from service.wire.router import Context
from service.wire.status import to_status

_MODES: Final = EnumNames(pb.SearchMode, default="AUTO")
_FACETS: Final = EnumNames(pb.SearchFacetField)
_RESERVED: Final = 0.25
"""The part of the remaining time that is kept for fetching the tracks and sending the answer."""

_MAX_RESERVED: Final = 1.0
"""Seconds."""


class SearchServicer(search_pb2_grpc.SearchServiceServicer):
    """Serves search over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page_tokens = PageTokens(database)

    async def SearchTracks(
        self, request: pb.SearchTracksRequest, context: Context
    ) -> pb.SearchTracksResponse:
        search = await self._decode(request)
        async with self._database.read() as connection:
            [page] = await answer(connection, [search], until=_until(context))
        response = pb.SearchTracksResponse()
        _encode(page, response)
        response.next_page_token = await self._token(request, page)
        return response

    async def Suggest(self, request: pb.SuggestRequest, context: Context) -> pb.SuggestResponse:
        text, wanted = decode_suggest(request)
        async with self._database.read() as connection:
            return encode_suggestions(await complete(connection, text, wanted))

    async def SearchCatalogue(
        self, request: pb.SearchCatalogueRequest, context: Context
    ) -> pb.SearchCatalogueResponse:
        check = Check()
        text = check.text("query", request.query, max_length=MAX_QUERY, required=True)
        library_id = check.optional_uuid("library_id", request.library_id)
        size = check.page_size(request.page_size)
        check.done()
        async with self._database.read() as connection:
            found = await search_catalogue(
                connection, text, library_id, size, until=_until(context)
            )
        return _encode_findings(found)

    async def BatchSearchTracks(
        self, request: pb.BatchSearchTracksRequest, context: Context
    ) -> pb.BatchSearchTracksResponse:
        check = Check()
        if not 1 <= len(request.requests) <= MAX_BATCH:
            given = len(request.requests)
            check.fail("requests", f"must have 1 to {MAX_BATCH} entries, has {given}")
        check.done()
        response = pb.BatchSearchTracksResponse()
        results = [response.results.add() for _ in request.requests]
        searches: list[Search] = []
        places: list[list[int]] = []
        for indexes in _equal(request.requests):
            try:
                searches.append(await self._decode(request.requests[indexes[0]]))
                places.append(indexes)
            except DomainError as error:
                for index in indexes:
                    results[index].error.CopyFrom(to_status(error))

        def encode(number: int, page: Page) -> None:
            _encode(page, results[places[number][0]].response)

        pages = await answer_batch(self._database, searches, encode, until=_until(context))
        for page, (first, *others) in zip(pages, places, strict=True):
            found = results[first].response
            found.next_page_token = await self._token(request.requests[first], page)
            for other in others:
                results[other].response.CopyFrom(found)
        return response

    async def MatchTracks(
        self, requests: AsyncIterator[pb.MatchTracksRequest], context: Context
    ) -> AsyncGenerator[pb.MatchTracksResponse, None]:
        async with aclosing(MatchStream(self._database, requests).responses()) as responses:
            async for response in responses:
                yield response

    async def _decode(self, request: pb.SearchTracksRequest) -> Search:
        check = Check()
        text = check.text("query", request.query, max_length=MAX_QUERY)
        library_id = check.optional_uuid("library_id", request.library_id)
        size = check.page_size(request.page_size)
        mode = Mode[_MODES.decode(check, "mode", request.mode)]
        min_score = check.number("min_score", request.min_score, low=0, high=1)
        facets = _decode_facets(check, request.facets)
        facet_size = check.page_size(
            request.facet_size, "facet_size", default=DEFAULT_VALUES, most=MAX_VALUES
        )
        explained = _decode_tracks(check, request.explain_track_ids)
        if not (text.strip() or request.filter.strip()):
            check.fail("query", "must not be blank without a filter")
        check.done()
        scope = Scope(library_id, parse(request.filter))
        order = _order(request.order_by)
        position = await self._page_tokens.read(request)
        after = place_of(position) if position else None
        return Search(
            text,
            scope,
            size,
            after,
            order=order,
            mode=mode,
            min_score=min_score,
            counts_total=request.count_total,
            facets=facets,
            facet_size=facet_size,
            highlight=request.highlight,
            explains=request.explain,
            explained=explained,
            clauses=clauses(request.filter) if explained else (),
        )

    async def _token(self, request: pb.SearchTracksRequest, page: Page) -> str:
        """Return the token of the next page, or "" when there is none."""
        return await self._page_tokens.issue(request, position_of(page.last)) if page.last else ""


def _decode_facets(check: Check, given: Sequence[int]) -> tuple[Facet, ...]:
    facets: dict[Facet, None] = {}
    for index, number in enumerate(given):
        name = _FACETS.decode(check, f"facets[{index}]", number)
        if number == pb.SEARCH_FACET_FIELD_UNSPECIFIED:
            check.fail(f"facets[{index}]", "must be given")
        elif name in facets:
            check.fail(f"facets[{index}]", "must not be repeated")
        elif name in Facet.__members__:
            facets[Facet(name)] = None
    return tuple(facets)


def _decode_tracks(check: Check, given: Sequence[str]) -> tuple[UUID, ...]:
    field = "explain_track_ids"
    if len(given) > MAX_TRACKS:
        check.fail(field, f"must have at most {MAX_TRACKS} entries, has {len(given)}")
        return ()
    ids = tuple(check.uuid(f"{field}[{index}]", text) for index, text in enumerate(given))
    for index, track_id in enumerate(ids):
        if track_id in ids[:index]:
            check.fail(f"{field}[{index}]", "must not be repeated")
    return ids


def _order(text: str) -> Order | None:
    """Read `order_by`; None is the order by relevance."""
    by_relevance = text.strip() in ("", "relevance")
    return None if by_relevance else order_of(text, besides="relevance, or ")


def _encode(page: Page, response: pb.SearchTracksResponse) -> None:
    """Fill in the response; hits are made in their place, for copies of tracks cost most."""
    for shown in page.hits:
        _encode_hit(shown, response.hits.add())
    response.partial = page.is_partial
    response.total_size = page.counts.total
    response.total_size_exact = page.counts.is_exact
    response.facets.extend(map(_encode_facet, page.counts.facets))
    response.did_you_mean = page.did_you_mean
    response.verdicts.extend(map(encode_verdict, page.verdicts))


def _encode_hit(shown: ShownHit, hit: pb.SearchHit) -> None:
    hit.track.CopyFrom(shown.track)
    hit.score = shown.hit.score
    hit.rung = pb.SearchRung.ValueType(shown.hit.rung)
    for highlight in shown.highlights:
        spans = [pb.TextSpan(start=start, end=end) for start, end in highlight.spans]
        hit.highlights.add(field=highlight.field, spans=spans)
    if explanation := encode_explanation(shown.explanation):
        hit.explanation.CopyFrom(explanation)


def _encode_findings(found: Findings) -> pb.SearchCatalogueResponse:
    response = pb.SearchCatalogueResponse(
        artists=[
            pb.ArtistHit(
                artist=encode_artist(artist),
                score=hit.score,
                rung=pb.SearchRung.ValueType(hit.rung),
            )
            for hit, artist in found.artists
        ],
        albums=[
            pb.AlbumHit(
                album=encode_album(album), score=hit.score, rung=pb.SearchRung.ValueType(hit.rung)
            )
            for hit, album in found.albums
        ],
        playlists=[
            pb.PlaylistHit(
                playlist=encode_playlist(playlist),
                score=hit.score,
                rung=pb.SearchRung.ValueType(hit.rung),
            )
            for hit, playlist in found.playlists
        ],
        partial=found.is_partial,
    )
    for shown in found.tracks:
        _encode_hit(shown, response.tracks.add())
    return response


def _encode_facet(counts: FacetCounts) -> pb.SearchFacet:
    return pb.SearchFacet(
        field=_FACETS.encode(counts.facet),
        values=[
            pb.SearchFacetValue(
                value=value.name, id=value.id, filter=value.filter, count=value.tracks
            )
            for value in counts.values
        ],
        exact=counts.is_exact,
    )


def _until(context: Context) -> float | None:
    """Return when to stop searching, by the clock of the event loop, so that the answer arrives."""
    remaining = context.time_remaining()
    if remaining is None:
        return None
    reserve = min(remaining * _RESERVED, _MAX_RESERVED)
    return asyncio.get_running_loop().time() + remaining - reserve


def _equal(requests: Sequence[pb.SearchTracksRequest]) -> list[list[int]]:
    """Return the indexes of equal searches together, so that each is done once."""
    indexes: dict[bytes, list[int]] = {}
    for index, request in enumerate(requests):
        indexes.setdefault(request.SerializeToString(deterministic=True), []).append(index)
    return list(indexes.values())
