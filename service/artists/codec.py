"""`fonoteca.v1.Artist` in, `ArtistDraft` out; `Artist` in, message out."""

from __future__ import annotations

import re
from typing import Final

from fonoteca.v1 import artist_pb2 as pb
from fonoteca.v1 import types_pb2
from service.artists.merge_records import ListedArtistMerge
from service.artists.model import (
    MAX_ALIASES,
    MAX_DISAMBIGUATION,
    MAX_LINK_TYPE,
    MAX_LINK_URI,
    MAX_LINKS,
    MAX_NAME,
    Artist,
    ArtistAlias,
    ArtistDraft,
    Link,
)
from service.validation import Check
from service.wire.encoding import etag, timestamp
from service.wire.enums import EnumNames
from service.wire.types import decode_language_tag, decode_sources, encode_sources

OUTPUT_ONLY: Final = ("id", "etag", "create_time", "update_time")
"""What an update cannot change."""

_ALIAS_TYPES: Final = EnumNames(pb.AliasType)
_COUNTRY: Final = re.compile(r"([A-Z]{2})?")


def decode_artist(check: Check, message: pb.Artist) -> ArtistDraft:
    """Read an artist as a caller sends it; what is wrong with it is noted in `check`."""
    if not _COUNTRY.fullmatch(message.country):
        check.fail("country", "must be two capital letters, as in ISO 3166-1, such as IS")
    return ArtistDraft(
        name=check.text("name", message.name, max_length=MAX_NAME, required=True),
        sort_name=check.text("sort_name", message.sort_name, max_length=MAX_NAME),
        disambiguation=check.text(
            "disambiguation", message.disambiguation, max_length=MAX_DISAMBIGUATION
        ),
        country=message.country,
        mbid=check.optional_uuid("mbid", message.mbid),
        aliases=_aliases(check, message),
        links=check.each("links", _link, message.links, most=MAX_LINKS),
        sources=decode_sources(check, "sources", message.sources),
    )


def encode_artist(artist: Artist) -> pb.Artist:
    """Return a stored artist as callers see it."""
    message = encode_draft(artist.draft)
    message.id = str(artist.id)
    message.sort_name = message.sort_name or message.name
    message.etag = etag(artist.revision)
    message.create_time.CopyFrom(timestamp(artist.created_at))
    message.update_time.CopyFrom(timestamp(artist.updated_at))
    return message


def encode_snapshot(artist: Artist) -> bytes:
    """Return a stored artist as it is remembered when it is merged: without defaults."""
    message = encode_artist(artist)
    message.sort_name = artist.draft.sort_name
    return message.SerializeToString()


def encode_merged(merge: ListedArtistMerge) -> pb.MergedArtist:
    """Return a merged artist as callers see it."""
    message = pb.MergedArtist(
        artist=pb.Artist.FromString(merge.artist),
        survivor_id=str(merge.survivor_id),
        merge_time=timestamp(merge.merged_at),
    )
    message.artist.sort_name = message.artist.sort_name or message.artist.name
    return message


def encode_draft(draft: ArtistDraft) -> pb.Artist:
    """Return what was decided about an artist, without defaults: what an update starts from."""
    return pb.Artist(
        name=draft.name,
        sort_name=draft.sort_name,
        disambiguation=draft.disambiguation,
        country=draft.country,
        mbid=str(draft.mbid) if draft.mbid else "",
        aliases=[_encode_alias(alias) for alias in draft.aliases],
        links=[types_pb2.Link(type=link.type, uri=link.uri) for link in draft.links],
        sources=encode_sources(draft.sources),
    )


def _aliases(check: Check, message: pb.Artist) -> tuple[ArtistAlias, ...]:
    aliases = check.each("aliases", _alias, message.aliases, most=MAX_ALIASES)
    shown = set()
    for index, alias in enumerate(aliases):
        if alias.is_primary and alias.locale in shown:
            check.fail(f"aliases[{index}].primary", "must be set once in a locale at most")
        elif alias.is_primary:
            shown.add(alias.locale)
    return aliases


def _alias(check: Check, message: pb.ArtistAlias) -> ArtistAlias:
    return ArtistAlias(
        name=check.text("name", message.name, max_length=MAX_NAME, required=True),
        locale=decode_language_tag(check, "locale", message.locale),
        type=_ALIAS_TYPES.decode(check, "type", message.type),
        is_primary=message.primary,
    )


def _encode_alias(alias: ArtistAlias) -> pb.ArtistAlias:
    return pb.ArtistAlias(
        name=alias.name,
        locale=alias.locale,
        type=_ALIAS_TYPES.encode(alias.type),
        primary=alias.is_primary,
    )


def _link(check: Check, message: types_pb2.Link) -> Link:
    return Link(
        type=check.text("type", message.type, max_length=MAX_LINK_TYPE, required=True),
        uri=check.text("uri", message.uri, max_length=MAX_LINK_URI, required=True),
    )
