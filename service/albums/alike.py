"""Which albums of one artist are alike enough to be one: by title, edition and year alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from service.matching.likeness import likeness
from service.matching.titles import DASH

_EDITION: Final = re.compile(
    r"(?<!\w)(?:edition|deluxe|expanded|re-?master(?:ed|ing)?|re-?issued?|anniversary|bonus"
    r"|special|limited|collector.?s|explicit|clean|mono|stereo)(?!\w)",
    re.IGNORECASE,
)
"""Words that tell one edition of an album from another."""

_OTHER_WORK: Final = re.compile(
    r"(?<!\w)(?:live|acoustic|unplugged|instrumentals?|demos?|remix(?:es|ed)?|karaoke|vol(?:ume)?"
    r"|part|pt|dis[ck]|cd|session|concert)(?!\w)",
    re.IGNORECASE,
)
"""Words that tell an album from another one, whatever stands beside them."""

_BRACKETS: Final = re.compile(r"\s*[(\[{]([^()\[\]{}]*)[)\]}]")
_BARE: Final = re.compile(
    r"\s+(?:super |special |limited |expanded |deluxe |anniversary |collector.?s )+edition$"
    r"|\s+(?:super )?deluxe$",
    re.IGNORECASE,
)

_ALIKE: Final = 0.7
"""How alike titles must be: one edit in six letters."""

_NEIGHBOURS: Final = 5

Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class AlbumTitle:
    """An album of an artist by its folded title, with the edition and without it, and its year."""

    id: UUID
    key: str
    core: str
    year: int | None


def without_edition(title: str) -> str:
    """Return a title without what it says of the edition, unless it says nothing else."""
    kept = _BRACKETS.sub(lambda found: "" if _is_edition(found[1]) else found[0], title)
    head, *tails = DASH.split(kept)
    if tails and _is_edition(tails[-1]):
        kept = " - ".join((head, *tails[:-1]))
    core = _BARE.sub("", kept).strip()
    return core if any(map(str.isalnum, core)) else title


def _is_edition(text: str) -> bool:
    return bool(_EDITION.search(text)) and not _OTHER_WORK.search(text)


def same_titles(albums: Sequence[AlbumTitle]) -> list[tuple[UUID, ...]]:
    """Return groups of albums of one title. The ids of a group are in order."""
    return [_ids(group) for group in _by(albums, lambda album: album.key)]


def other_editions(albums: Sequence[AlbumTitle]) -> list[tuple[UUID, ...]]:
    """Return groups of albums whose titles differ in the edition; the ids of each are in order."""
    groups = _by(albums, lambda album: album.core)
    return [_ids(group) for group in groups if len({album.key for album in group}) > 1]


def similar_pairs(albums: Sequence[AlbumTitle]) -> list[Pair]:
    """Return pairs of albums with similar titles, in order, that were released at about one time.

    Each is compared with its neighbours in the order of the titles, read forwards and backwards, so
    that the work grows with the number of albums. Those that differ in the edition only are left
    out.
    """
    pairs: set[Pair] = set()
    for ordered in (
        sorted(albums, key=lambda album: (album.core, album.id)),
        sorted(albums, key=lambda album: (album.core[::-1], album.id)),
    ):
        for number, one in enumerate(ordered):
            for other in ordered[number + 1 : number + 1 + _NEIGHBOURS]:
                if _are_similar(one, other):
                    pairs.add((min(one.id, other.id), max(one.id, other.id)))
    return sorted(pairs)


def connected(pairs: Iterable[Pair]) -> list[tuple[UUID, ...]]:
    """Return the groups that pairs form. The ids of a group are in order."""
    group_of: dict[UUID, set[UUID]] = {}
    for one, other in pairs:
        group = group_of.get(one, {one}) | group_of.get(other, {other})
        group_of.update(dict.fromkeys(group, group))
    return sorted({tuple(sorted(group)) for group in group_of.values()})


def near_years(years: Iterable[int | None]) -> bool:
    """Whether years that are known are at most one apart."""
    known = [year for year in years if year is not None]
    return not known or max(known) - min(known) <= 1


def _are_similar(one: AlbumTitle, other: AlbumTitle) -> bool:
    if one.core == other.core or not near_years((one.year, other.year)):
        return False
    return likeness(one.core, other.core) >= _ALIKE


def _by(
    albums: Sequence[AlbumTitle], key: Callable[[AlbumTitle], str]
) -> Iterator[list[AlbumTitle]]:
    """Yield the albums that share a key with others."""
    groups: Mapping[str, list[AlbumTitle]] = defaultdict(list)
    for album in albums:
        groups[key(album)].append(album)
    return (group for group in groups.values() if len(group) > 1)


def _ids(albums: Iterable[AlbumTitle]) -> tuple[UUID, ...]:
    return tuple(sorted(album.id for album in albums))
