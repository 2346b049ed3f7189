"""Which tracks of one artist are alike enough to be one recording: by title and length alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from service.matching.model import Reason
from service.matching.titles import Title, compare_titles

SAME_LENGTH_MS: Final = 2_000
"""Two lengths that differ by no more are the same."""

_CONTRADICTION_MS: Final = 5_000
_LEAST: Final = 0.65
"""How alike titles must be when the lengths fit: one edit in six letters."""

_LEAST_ALONE: Final = 0.9
"""The same when a length is not known."""

_NEIGHBOURS: Final = 5


@dataclass(frozen=True, slots=True)
class SongTitle:
    """A track by its title, taken apart and folded, and its length."""

    id: UUID
    key: str
    core: str
    kinds: frozenset[str]
    additions: str
    duration_ms: int | None

    @property
    def title(self) -> Title:
        """The title as it is compared."""
        return Title(self.key, self.core, self.kinds, self.additions)


def close_lengths(lengths: Mapping[UUID, int | None]) -> list[tuple[UUID, ...]]:
    """Return groups of tracks whose lengths are known and within 2 seconds of each other.

    The ids of a group are in order.
    """
    known = sorted((ms, track_id) for track_id, ms in lengths.items() if ms is not None)
    groups: list[list[UUID]] = []
    shortest = 0
    for ms, track_id in known:
        if groups and ms - shortest <= SAME_LENGTH_MS:
            groups[-1].append(track_id)
        else:
            groups.append([track_id])
            shortest = ms
    return [tuple(sorted(group)) for group in groups if len(group) > 1]


def similar_songs(songs: Sequence[SongTitle]) -> list[tuple[UUID, ...]]:
    """Return groups of tracks of one artist with similar titles and lengths that do not contradict.

    Each is compared with its neighbours in the order of the titles, read forwards and backwards, so
    that the work grows with the number of tracks. Groups whose titles and lengths are all the same
    are left out. The ids of a group are in order.
    """
    group_of = {song.id: _Group([song]) for song in songs}
    for ordered in _orders(songs):
        for number, song in enumerate(ordered):
            for other in ordered[number + 1 : number + 1 + _NEIGHBOURS]:
                one, two = group_of[song.id], group_of[other.id]
                if one is not two and one.fits(two) and _are_similar(song, other):
                    one.songs += two.songs
                    group_of.update((of.id, one) for of in two.songs)
    groups = {id(group): group for group in group_of.values()}
    return [
        tuple(sorted(song.id for song in group.songs))
        for group in groups.values()
        if len(group.songs) > 1 and not group.is_same
    ]


@dataclass(slots=True)
class _Group:
    """Tracks that are similar, none of which contradicts another."""

    songs: list[SongTitle]

    @property
    def lengths(self) -> list[int]:
        """The lengths that are known."""
        return [song.duration_ms for song in self.songs if song.duration_ms is not None]

    @property
    def is_same(self) -> bool:
        """Whether all have one title and one length."""
        lengths = self.lengths
        if len({song.key for song in self.songs}) > 1 or len(lengths) < len(self.songs):
            return False
        return max(lengths) - min(lengths) <= SAME_LENGTH_MS

    def fits(self, other: _Group) -> bool:
        """Whether the lengths of two groups do not contradict each other."""
        lengths = [*self.lengths, *other.lengths]
        return not lengths or max(lengths) - min(lengths) <= _CONTRADICTION_MS


def _orders(songs: Sequence[SongTitle]) -> Iterable[list[SongTitle]]:
    def rest(song: SongTitle) -> tuple[list[str], int, UUID]:
        return sorted(song.kinds), song.duration_ms or 0, song.id

    yield sorted(songs, key=lambda song: (song.core, *rest(song)))
    yield sorted(songs, key=lambda song: (song.core[::-1], *rest(song)))


def _are_similar(one: SongTitle, other: SongTitle) -> bool:
    is_known = one.duration_ms is not None and other.duration_ms is not None
    likely, reasons = compare_titles(one.title, other.title)
    return likely >= (_LEAST if is_known else _LEAST_ALONE) and Reason.OTHER_VERSION not in reasons
