"""What an album gets from one that becomes it, and how it gives that back.

A survivor takes pictures and places in other systems, and of the rest what it does not know itself.
Nothing of its own is overwritten, so a merge is taken back by removing what was given, unless
somebody has changed it since.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from service.albums.model import MAX_COVERS, AlbumDraft
from service.errors import FailedPrecondition
from service.sources import MAX_SOURCES

_UNKNOWN: Final[dict[str, Any]] = {
    "credits": (),
    "type": "UNSPECIFIED",
    "release_date": None,
    "total_tracks": None,
    "mbid": None,
    "barcode": "",
    "label": "",
    "catalog_number": "",
}
"""What can be known once only, and its value when it is not known."""

_MOST: Final = {"covers": MAX_COVERS, "sources": MAX_SOURCES}


def given_by(merged: AlbumDraft, survivor: AlbumDraft) -> AlbumDraft:
    """Return what a survivor lacks of an album that becomes it."""
    known = {name: of for name, of in _UNKNOWN.items() if getattr(survivor, name) != of}
    pictures = {cover.uri for cover in survivor.covers}
    covers = tuple(cover for cover in merged.covers if cover.uri not in pictures)
    return replace(merged, covers=covers, **known)


def with_given(survivor: AlbumDraft, given: AlbumDraft) -> AlbumDraft:
    """Return a survivor with what it is given.

    Raises `FailedPrecondition` when it would have more than an album can have.
    """
    facts = {
        name: getattr(given, name)
        for name, value in _UNKNOWN.items()
        if getattr(survivor, name) == value
    }
    draft = replace(
        survivor,
        covers=survivor.covers + given.covers,
        sources=survivor.sources + given.sources,
        **facts,
    )
    for field, most in _MOST.items():
        if (count := len(getattr(draft, field))) > most:
            raise FailedPrecondition(
                f"the survivor would have {count} {field}, and can have {most}",
                {"field": field, "limit": str(most)},
            )
    return draft


def give_back(
    survivor: AlbumDraft, merged: AlbumDraft, given: AlbumDraft
) -> tuple[AlbumDraft, AlbumDraft]:
    """Return a survivor without what it was given and still has, and the other as it was.

    Sources are as they are now; those that the survivor has lost are lost for both.
    """
    facts = {
        name: value
        for name, value in _UNKNOWN.items()
        if getattr(survivor, name) == getattr(given, name)
    }
    pictures = {cover.uri for cover in given.covers}
    places = {(source.type, source.id) for source in given.sources}
    left = replace(
        survivor,
        covers=tuple(cover for cover in survivor.covers if cover.uri not in pictures),
        sources=tuple(of for of in survivor.sources if (of.type, of.id) not in places),
        **facts,
    )
    returned = tuple(of for of in survivor.sources if (of.type, of.id) in places)
    return left, replace(merged, sources=returned)


def given_instead(other: AlbumDraft, before: AlbumDraft, left: AlbumDraft) -> AlbumDraft:
    """Return what one that is still merged into a survivor has of what this has just given back.

    The survivor had that from the one that left, so the other did not need to give it. What nobody
    else can have, a MusicBrainz id and places in other systems, is not among it.
    """
    kept = {
        name: of for name, of in _UNKNOWN.items() if getattr(before, name) == getattr(left, name)
    }
    lost = {cover.uri for cover in before.covers} - {cover.uri for cover in left.covers}
    given = given_by(other, left)
    covers = tuple(cover for cover in given.covers if cover.uri in lost)
    return replace(given, **(kept | {"covers": covers, "sources": (), "mbid": None}))


def given_in_all(given: AlbumDraft, later: AlbumDraft) -> AlbumDraft:
    """Return what somebody gave who has given something more."""
    facts = {
        name: getattr(later, name) for name, of in _UNKNOWN.items() if getattr(later, name) != of
    }
    return replace(given, covers=tuple(dict.fromkeys(given.covers + later.covers)), **facts)
