"""CreditService: decode, call, encode."""

from __future__ import annotations

from functools import partial

from fonoteca.v1 import credit_pb2 as pb
from fonoteca.v1 import credit_pb2_grpc
from service.artists.model import MAX_CREDITS, MAX_NAME
from service.credits import review, store
from service.credits.model import Evidence, Part, parts_named, parts_of
from service.credits.store import Review
from service.database import Connection, Database
from service.requests import once
from service.validation import Check
from service.wire.encoding import timestamp
from service.wire.page_token import PageTokens
from service.wire.router import Context


class CreditServicer(credit_pb2_grpc.CreditServiceServicer):
    """Serves the names that are in doubt."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page_tokens = PageTokens(database)

    async def ListCreditReviews(
        self, request: pb.ListCreditReviewsRequest, context: Context
    ) -> pb.ListCreditReviewsResponse:
        check = Check()
        size = check.page_size(request.page_size)
        check.done()
        position = await self._page_tokens.read(request)
        async with self._database.snapshot() as connection:
            found = await store.list_reviews(
                connection, str(position[0]) if position else "", size + 1
            )
            page = found[:size]
            pieces = {part.text for review in page for part in parts_of(review.name)}
            evidence = await store.evidence(connection, pieces)
        response = pb.ListCreditReviewsResponse(reviews=[_encode(each, evidence) for each in page])
        if len(found) > size:
            response.next_page_token = await self._page_tokens.issue(request, [page[-1].name])
        return response

    async def DecideCredit(
        self, request: pb.DecideCreditRequest, context: Context
    ) -> pb.DecideCreditResponse:
        parts = _decode_parts(request)
        decide = partial(_decide, name=request.name, parts=parts)
        return await once(self._database, request, pb.DecideCreditResponse, decide)


async def _decide(connection: Connection, name: str, parts: list[Part]) -> pb.DecideCreditResponse:
    changed = await review.decide(connection, name, parts)
    return pb.DecideCreditResponse(changed_tracks=changed.tracks, changed_albums=changed.albums)


def _decode_parts(request: pb.DecideCreditRequest) -> list[Part]:
    check = Check()
    name = check.text("name", request.name, max_length=MAX_NAME, required=True)
    artists = check.each(
        "artists",
        lambda c, artist: c.text("", artist, max_length=MAX_NAME, required=True),
        request.artists,
        most=MAX_CREDITS,
    )
    parts = parts_named(name, artists)
    if parts is None:
        check.fail("artists", "must stand in the name, in their order, and begin and end it")
    check.done()
    return parts or []


def _encode(found: Review, evidence: Evidence) -> pb.CreditReview:
    pieces = [part.text for part in parts_of(found.name)]
    return pb.CreditReview(
        name=found.name,
        pieces=pieces,
        known_pieces=[piece for piece in pieces if piece in evidence.known],
        see_time=timestamp(found.seen_at),
    )
