"""What is wrong with an album that is sent."""

from __future__ import annotations

import pytest

from fonoteca.v1 import album_pb2 as pb
from fonoteca.v1.types_pb2 import (
    CREDIT_ROLE_PRIMARY,
    CREDIT_ROLE_PRODUCER,
    CreditedName,
    ExternalSource,
    PartialDate,
)
from service.albums.codec import decode_album, encode_draft
from service.validation import Check


def test_reads_what_it_wrote() -> None:
    message = pb.Album(
        title="Homogenic",
        credits=[
            CreditedName(name="Björk", role=CREDIT_ROLE_PRIMARY),
            CreditedName(name="Mark Bell", role=CREDIT_ROLE_PRODUCER),
        ],
        type=pb.ALBUM_TYPE_ALBUM,
        release_date=PartialDate(year=1997, month=9),
        total_tracks=10,
        mbid="c3c1d4a9-2a4f-4d4f-b8b9-8c8b6c8b6c8b",
        barcode="5016958048327",
        label="One Little Indian",
        catalog_number="TPLP71CD",
        covers=[pb.AlbumCover(uri="https://x/front.webp", type="front", width_px=500)],
        sources=[ExternalSource(type="discogs", id="98")],
    )
    check = Check()
    draft = decode_album(check, message)
    check.done()
    assert encode_draft(draft) == message


def test_a_cover_shows_the_front_by_default() -> None:
    draft = decode_album(Check(), pb.Album(title="a", covers=[pb.AlbumCover(uri="x")]))
    assert draft.covers[0].type == "front"


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (pb.Album(), "title"),
        (pb.Album(title="a" * 1001), "title"),
        (pb.Album(title="a", credits=[CreditedName(name="b"), CreditedName()]), "credits[1].name"),
        (pb.Album(title="a", credits=[CreditedName(artist_id="b")]), "credits[0].artist_id"),
        (pb.Album(title="a", credits=[CreditedName(name="b", role=99)]), "credits[0].role"),  # type: ignore[arg-type]
        (pb.Album(title="a", credits=[CreditedName(name="b")] * 101), "credits"),
        (pb.Album(title="a", type=99), "type"),  # type: ignore[arg-type]
        (pb.Album(title="a", release_date=PartialDate(year=1997, month=2, day=29)), "release_date"),
        (pb.Album(title="a", total_tracks=-1), "total_tracks"),
        (pb.Album(title="a", total_tracks=40_000), "total_tracks"),
        (pb.Album(title="a", mbid="b"), "mbid"),
        (pb.Album(title="a", barcode="12345"), "barcode"),
        (pb.Album(title="a", barcode="123456x"), "barcode"),
        (pb.Album(title="a", label="b" * 501), "label"),
        (pb.Album(title="a", catalog_number="b" * 101), "catalog_number"),
        (pb.Album(title="a", covers=[pb.AlbumCover(uri="")]), "covers[0].uri"),
        (pb.Album(title="a", covers=[pb.AlbumCover(uri="b", width_px=-1)]), "covers[0].width_px"),
        (pb.Album(title="a", covers=[pb.AlbumCover(uri="b")] * 51), "covers"),
        (pb.Album(title="a", sources=[ExternalSource(type="b", id="")]), "sources[0].id"),
    ],
)
def test_names_the_bad_field(bad: pb.Album, field: str) -> None:
    check = Check()
    decode_album(check, bad)
    assert [violation.field for violation in check.violations] == [field]
