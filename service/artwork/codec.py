"""Requests of `ArtworkService` in, pictures out as messages."""

from __future__ import annotations

from typing import Final

from fonoteca.v1 import artwork_pb2 as pb
from service.artwork.model import (
    EMBEDDED,
    FRONT,
    MAX_BYTES,
    MAX_FILES,
    MAX_LINKS,
    MAX_TYPE,
    FileLinks,
    Link,
    Picture,
    Upload,
)
from service.errors import invalid
from service.validation import Check
from service.wire.encoding import timestamp
from service.wire.enums import EnumNames

_ORIGINS: Final = EnumNames(pb.ArtworkOrigin, EMBEDDED)


def decode_upload(first: pb.PutArtworkRequest | None) -> Upload:
    """Read the description of a picture, which is the first message. Raises `InvalidInput`."""
    if first is None or first.WhichOneof("part") != "description":
        raise invalid("description", "must be in the first message")
    check = Check()
    given = first.description
    size = check.whole("description.size_bytes", given.size_bytes, low=1, high=MAX_BYTES)
    sha256 = check.sha256("description.sha256", given.sha256)
    check.done()
    return Upload(size, sha256)


def decode_files(check: Check, request: pb.LinkArtworkRequest) -> tuple[FileLinks, ...]:
    """Read which pictures go with which files."""
    if not request.files:
        check.fail("files", "must not be empty")
    files = check.each("files", _file, request.files, most=MAX_FILES)
    if len({file.content_hash for file in files}) < len(files) and not check.violations:
        check.fail("files", "must not name a file twice")
    return files


def encode_picture(picture: Picture, uri: str) -> pb.Artwork:
    """Return a picture as callers see it."""
    return pb.Artwork(
        hash=picture.hash,
        uri=uri,
        mime_type=picture.mime_type,
        width_px=picture.width_px,
        height_px=picture.height_px,
        size_bytes=picture.size_bytes,
        create_time=timestamp(picture.created_at),
    )


def _file(check: Check, message: pb.FileArtwork) -> FileLinks:
    return FileLinks(
        check.sha256("content_hash", message.content_hash),
        check.each("links", _link, message.links, most=MAX_LINKS),
    )


def _link(check: Check, message: pb.ArtworkLink) -> Link:
    return Link(
        check.sha256("hash", message.hash),
        check.text("type", message.type or FRONT, max_length=MAX_TYPE, required=True),
        _ORIGINS.decode(check, "origin", message.origin),
    )
