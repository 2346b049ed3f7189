"""What an artist gets from one that becomes it, and how it gives that back.

A survivor takes every name, so that all of them lead to it, links and places in other systems, and
of the rest what it does not know itself. Nothing of its own is overwritten, so a merge is taken
back by removing what was given, unless somebody has changed it since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from service.artists.model import (
    FORMER_NAME,
    MAX_ALIASES,
    MAX_LINKS,
    ArtistAlias,
    ArtistDraft,
)
from service.errors import FailedPrecondition
from service.sources import MAX_SOURCES

_MOST: Final = {"aliases": MAX_ALIASES, "links": MAX_LINKS, "sources": MAX_SOURCES}


def given_by(merged: ArtistDraft, survivor: ArtistDraft, keys: Mapping[str, str]) -> ArtistDraft:
    """Return what a survivor lacks of an artist that becomes it; `keys` are all names, folded."""
    known_links = {(link.type, link.uri) for link in survivor.links}
    return replace(
        merged,
        country="" if survivor.country else merged.country,
        mbid=None if survivor.mbid else merged.mbid,
        aliases=_new_names(merged, survivor, keys),
        links=tuple(link for link in merged.links if (link.type, link.uri) not in known_links),
    )


def with_given(survivor: ArtistDraft, given: ArtistDraft) -> ArtistDraft:
    """Return a survivor with what it is given.

    Raises `FailedPrecondition` when it would have more than an artist can have.
    """
    draft = replace(
        survivor,
        country=survivor.country or given.country,
        mbid=survivor.mbid or given.mbid,
        aliases=survivor.aliases + given.aliases,
        links=survivor.links + given.links,
        sources=survivor.sources + given.sources,
    )
    for field, most in _MOST.items():
        if (count := len(getattr(draft, field))) > most:
            raise FailedPrecondition(
                f"the survivor would have {count} {field}, and can have {most}",
                {"field": field, "limit": str(most)},
            )
    return draft


def give_back(
    survivor: ArtistDraft, merged: ArtistDraft, given: ArtistDraft
) -> tuple[ArtistDraft, ArtistDraft]:
    """Return a survivor without what it was given and still has, and the other as it was.

    Sources are as they are now; those that the survivor has lost are lost for both.
    """
    names = {(alias.name, alias.locale, alias.type) for alias in given.aliases}
    links = {(link.type, link.uri) for link in given.links}
    places = {(source.type, source.id) for source in given.sources}
    left = replace(
        survivor,
        country="" if survivor.country == given.country else survivor.country,
        mbid=None if survivor.mbid == given.mbid else survivor.mbid,
        aliases=tuple(
            alias
            for alias in survivor.aliases
            if (alias.name, alias.locale, alias.type) not in names
        ),
        links=tuple(link for link in survivor.links if (link.type, link.uri) not in links),
        sources=tuple(of for of in survivor.sources if (of.type, of.id) not in places),
    )
    returned = tuple(of for of in survivor.sources if (of.type, of.id) in places)
    return left, replace(merged, sources=returned)


def given_instead(
    other: ArtistDraft, before: ArtistDraft, left: ArtistDraft, keys: Mapping[str, str]
) -> ArtistDraft:
    """Return what one that is still merged into a survivor has of what this has just given back.

    The survivor had that from the one that left, so the other did not need to give it. What nobody
    else can have, a MusicBrainz id and places in other systems, is not among it.
    """
    lost = {keys[name] for name in before.names} - {keys[name] for name in left.names}
    lost_links = set(before.links) - set(left.links)
    given = given_by(other, left, keys)
    return replace(
        given,
        country=given.country if before.country != left.country else "",
        mbid=None,
        aliases=tuple(alias for alias in given.aliases if keys[alias.name] in lost),
        links=tuple(link for link in given.links if link in lost_links),
        sources=(),
    )


def given_in_all(given: ArtistDraft, later: ArtistDraft) -> ArtistDraft:
    """Return what somebody gave who has given something more."""
    return replace(
        given,
        country=later.country or given.country,
        aliases=tuple(dict.fromkeys(given.aliases + later.aliases)),
        links=tuple(dict.fromkeys(given.links + later.links)),
    )


def _new_names(
    merged: ArtistDraft, survivor: ArtistDraft, keys: Mapping[str, str]
) -> tuple[ArtistAlias, ...]:
    """Return the names under which the survivor is not found yet, however they are spelled.

    A survivor that has a name to show in a locale keeps that one.
    """
    known = {keys[name] for name in survivor.names}
    shown = {alias.locale for alias in survivor.aliases if alias.is_primary}
    aliases = []
    for alias in (ArtistAlias(merged.name, "", FORMER_NAME, is_primary=False), *merged.aliases):
        if keys[alias.name] not in known:
            known.add(keys[alias.name])
            aliases.append(
                replace(alias, is_primary=alias.is_primary and alias.locale not in shown)
            )
    return tuple(aliases)
