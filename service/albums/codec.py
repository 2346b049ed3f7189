"""`fonoteca.v1.Album` in, `AlbumDraft` out; `Album` in, message out."""

from __future__ import annotations

import re
from typing import Final

from fonoteca.v1 import album_pb2 as pb
from service.albums.merge_records import ListedAlbumMerge
from service.albums.model import (
    FRONT,
    MAX_CATALOG_NUMBER,
    MAX_COVER_MIME_TYPE,
    MAX_COVER_TYPE,
    MAX_COVER_URI,
    MAX_COVERS,
    MAX_LABEL,
    MAX_TITLE,
    MAX_TOTAL_TRACKS,
    Album,
    AlbumCover,
    AlbumDraft,
)
from service.validation import Check
from service.wire.encoding import etag, timestamp
from service.wire.enums import EnumNames
from service.wire.types import (
    decode_credits,
    decode_partial_date,
    decode_sources,
    encode_credits,
    encode_partial_date,
    encode_sources,
)

OUTPUT_ONLY: Final = ("id", "artist", "etag", "create_time", "update_time")
"""What an update cannot change."""

_TYPES: Final = EnumNames(pb.AlbumType)
_BARCODE: Final = re.compile(r"([0-9]{6,18})?")
_MAX_PIXELS: Final = 2**31 - 1


def decode_album(check: Check, message: pb.Album) -> AlbumDraft:
    """Read an album as a caller sends it; what is wrong with it is noted in `check`."""
    if not _BARCODE.fullmatch(message.barcode):
        check.fail("barcode", "must have 6 to 18 digits and nothing else")
    return AlbumDraft(
        title=check.text("title", message.title, max_length=MAX_TITLE, required=True),
        credits=decode_credits(check, "credits", message.credits),
        type=_TYPES.decode(check, "type", message.type),
        release_date=decode_partial_date(check, "release_date", message.release_date),
        total_tracks=_known(check, "total_tracks", message.total_tracks, MAX_TOTAL_TRACKS),
        mbid=check.optional_uuid("mbid", message.mbid),
        barcode=message.barcode,
        label=check.text("label", message.label, max_length=MAX_LABEL),
        catalog_number=check.text(
            "catalog_number", message.catalog_number, max_length=MAX_CATALOG_NUMBER
        ),
        covers=check.each("covers", _cover, message.covers, most=MAX_COVERS),
        sources=decode_sources(check, "sources", message.sources),
    )


def encode_album(album: Album) -> pb.Album:
    """Return a stored album as callers see it."""
    message = encode_draft(album.draft)
    message.id = str(album.id)
    message.artist = album.credit.display if album.credit else ""
    message.etag = etag(album.revision)
    message.create_time.CopyFrom(timestamp(album.created_at))
    message.update_time.CopyFrom(timestamp(album.updated_at))
    return message


def encode_merged(merge: ListedAlbumMerge) -> pb.MergedAlbum:
    """Return a merged album as callers see it."""
    return pb.MergedAlbum(
        album=pb.Album.FromString(merge.album),
        survivor_id=str(merge.survivor_id),
        merge_time=timestamp(merge.merged_at),
    )


def encode_draft(draft: AlbumDraft) -> pb.Album:
    """Return what was decided about an album: what an update starts from."""
    return pb.Album(
        title=draft.title,
        credits=encode_credits(draft.credits),
        type=_TYPES.encode(draft.type),
        release_date=encode_partial_date(draft.release_date) if draft.release_date else None,
        total_tracks=draft.total_tracks or 0,
        mbid=str(draft.mbid) if draft.mbid else "",
        barcode=draft.barcode,
        label=draft.label,
        catalog_number=draft.catalog_number,
        covers=[_encode_cover(cover) for cover in draft.covers],
        sources=encode_sources(draft.sources),
    )


def _cover(check: Check, message: pb.AlbumCover) -> AlbumCover:
    return AlbumCover(
        uri=check.text("uri", message.uri, max_length=MAX_COVER_URI, required=True),
        type=check.text("type", message.type or FRONT, max_length=MAX_COVER_TYPE, required=True),
        width_px=_known(check, "width_px", message.width_px, _MAX_PIXELS),
        height_px=_known(check, "height_px", message.height_px, _MAX_PIXELS),
        mime_type=check.text("mime_type", message.mime_type, max_length=MAX_COVER_MIME_TYPE),
    )


def _encode_cover(cover: AlbumCover) -> pb.AlbumCover:
    return pb.AlbumCover(
        uri=cover.uri,
        type=cover.type,
        width_px=cover.width_px or 0,
        height_px=cover.height_px or 0,
        mime_type=cover.mime_type,
    )


def _known(check: Check, field: str, value: int, high: int) -> int | None:
    """Read a number of which 0 means that it is not known."""
    return check.whole(field, value, low=0, high=high) or None
