"""What an artist is, and what a credit says of one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from service.sources import Source

MAX_NAME: Final = 500
MAX_DISAMBIGUATION: Final = 200
MAX_ALIASES: Final = 200
MAX_LINKS: Final = 100
MAX_LINK_TYPE: Final = 50
MAX_LINK_URI: Final = 2_000
MAX_JOIN_PHRASE: Final = 50
MAX_CREDITS: Final = 100

DISPLAYED_ROLES: Final = frozenset({"PRIMARY", "FEATURED"})
_CLOSING: Final = re.compile(r"\s*[)\]]\s*")
FORMER_NAME: Final = "FORMER_NAME"
"""The type of an alias that was the artist's name in this catalogue."""


@dataclass(frozen=True, slots=True)
class ArtistAlias:
    """Another name of an artist; `is_primary` when it is the one to show in its locale."""

    name: str
    locale: str
    type: str
    is_primary: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A page about an artist elsewhere."""

    type: str
    uri: str


@dataclass(frozen=True, slots=True)
class ArtistDraft:
    """What a caller decides about an artist. An empty `sort_name` means that it is the name."""

    name: str
    sort_name: str
    disambiguation: str
    country: str
    mbid: UUID | None
    aliases: tuple[ArtistAlias, ...]
    links: tuple[Link, ...]
    sources: tuple[Source, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that the artist can be found by."""
        return (self.name, *(alias.name for alias in self.aliases))

    def renamed_from(self, former: str) -> ArtistDraft:
        """Return the draft of an artist that was called `former` until now.

        The former name becomes an alias, unless it is one. A name that the artist bore before and
        bears again is no former name any more.
        """
        if self.name == former:
            return self
        kept = tuple(
            alias for alias in self.aliases if (alias.type, alias.name) != (FORMER_NAME, self.name)
        )
        if all(alias.name != former for alias in kept):
            kept += (ArtistAlias(former, "", FORMER_NAME, is_primary=False),)
        return replace(self, aliases=kept)


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist as stored; `name_key` is the folded name, `revision` counts the changes."""

    id: UUID
    draft: ArtistDraft
    name_key: str
    revision: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CreditedName:
    """One name of a credit as a caller gives it: `artist_id`, `name` or both are known."""

    artist_id: UUID | None
    name: str
    join_phrase: str
    role: str


@dataclass(frozen=True, slots=True)
class TakenName:
    """A name of a credit that was a merged artist's, and where it stood."""

    position: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Credit:
    """An artist credit: every name has its artist, its spelling and its join phrase.

    A value: equal credits have equal ids, and a changed credit is another one.
    """

    id: UUID
    names: tuple[CreditedName, ...]

    @property
    def display(self) -> str:
        """The primary and featured names as they are shown."""
        return displayed(self.names)

    @property
    def first_artist_id(self) -> UUID:
        """The artist under whom an album of this credit is filed."""
        artist_id = self.names[0].artist_id
        if artist_id is None:
            raise ValueError("the names of a credit must be resolved")
        return artist_id


def credit_of(names: Sequence[CreditedName]) -> Credit:
    """Return the credit of names whose artists are known."""
    joined = joined_names(names)
    said = "\x1e".join(
        f"{name.artist_id}\x1f{name.name}\x1f{name.join_phrase}\x1f{name.role}" for name in joined
    )
    return Credit(_hash_id(said), joined)


def given_over(credit: Credit, from_ids: Collection[UUID], to_id: UUID) -> Credit:
    """Return a credit in which the names of some artists, as they stand, are those of another."""
    return credit_of([
        replace(name, artist_id=to_id) if name.artist_id in from_ids else name
        for name in credit.names
    ])  # fmt: skip


def given_back(credit: Credit, taken: Iterable[TakenName], from_id: UUID, to_id: UUID) -> Credit:
    """Return a credit in which names that were taken from an artist are its own again."""
    return credit_of(names_given_back(credit.names, taken, from_id, to_id))


def names_given_back(
    names: Iterable[CreditedName], taken: Iterable[TakenName], from_id: UUID, to_id: UUID
) -> list[CreditedName]:
    """Return the names of a credit, of which those that were taken from an artist are its own.

    A name is known by its place, or when that has changed, by its text and role.
    """
    left = list(names)
    for one in taken:
        alike = [
            place
            for place, name in enumerate(left)
            if (name.artist_id, name.name, name.role) == (from_id, one.name, one.role)
        ]
        if alike:
            place = one.position if one.position in alike else alike[0]
            left[place] = replace(left[place], artist_id=to_id)
    return left


def joined_names(names: Sequence[CreditedName]) -> tuple[CreditedName, ...]:
    """Return the names with a join phrase between any two that are shown one after the other.

    " feat. " stands before the first featured artist and ", " before any other, unless the caller
    gave another phrase; of what follows the last shown name, a closing bracket stays.
    """
    if len(names) == 1 and not names[0].join_phrase:
        return tuple(names)
    joined = []
    for index, name in enumerate(names):
        following = next((n for n in names[index + 1 :] if n.role in DISPLAYED_ROLES), None)
        phrase = name.join_phrase
        if name.role not in DISPLAYED_ROLES:
            phrase = ""
        elif following is None:
            phrase = phrase if _CLOSING.fullmatch(phrase) else ""
        elif not phrase:
            featured_first = following.role == "FEATURED" and name.role != "FEATURED"
            phrase = " feat. " if featured_first else ", "
        joined.append(CreditedName(name.artist_id, name.name, phrase, name.role))
    return tuple(joined)


def displayed(names: Sequence[CreditedName]) -> str:
    """Return names as they are shown: the primary and featured ones, or all when there are none."""
    joined = joined_names(names)
    shown = [name for name in joined if name.role in DISPLAYED_ROLES] or joined
    return "".join(name.name + name.join_phrase for name in shown)


def _hash_id(said: str) -> UUID:
    """Return a UUID of version 8 (RFC 9562: by a rule of one's own) from a hash of the content."""
    number = int.from_bytes(sha256(said.encode()).digest()[:16])
    number = number & ~(0xF << 76) | 0x8 << 76
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)
