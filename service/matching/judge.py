"""How sure one can be that a track is the one that was described.

Each field that both know gives a factor between 0 and 1 and a reason, and the confidence is their
product: what speaks against a match counts however much speaks for it. An equal identifier
outweighs all names, unless they contradict it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from service.matching.artists import Artists, compare_artists
from service.matching.likeness import essential
from service.matching.model import Item, Match, Reason
from service.matching.titles import DASH, Title, compare_titles, title_parts

SURE: Final = 0.9
"""A match as good as this is not looked further for."""

PLAUSIBLE: Final = 0.7
"""Without a match as good as this, words may be misspelt."""

_MOST_BY_NAMES: Final = 0.99
_IDENTIFIED: Final = {Reason.SAME_SOURCE: 1.0, Reason.SAME_MBID: 0.995, Reason.SAME_ISRC: 0.985}
_CONTRADICTED: Final = 0.6
"""What an MBID or an ISRC is worth when neither title nor artist fits: it may be a mistake."""

_ARTISTS_FIT: Final = frozenset({Reason.SAME_ARTISTS, Reason.SOME_ARTISTS, Reason.SIMILAR_ARTIST})
_LENGTHS: Final = ((2_000, 1.0), (5_000, 0.98), (10_000, 0.94), (20_000, 0.85), (30_000, 0.75))
"""How much two lengths that are so many milliseconds apart leave; more than that leave 0.6."""

_OTHER_LENGTH: Final = 0.6
_NO_LENGTH: Final = 0.96
_OTHER_ALBUM: Final = 0.99
_SWAPPED: Final = 0.95
_NO_ARTIST: Final = 0.8
_NO_ARTIST_SAME_LENGTH: Final = 0.9
_NO_ARTIST_SAME_ALBUM: Final = 0.95
_RIVAL: Final = 0.9
"""A match with this share of the best one's confidence could as well be the right one."""


@dataclass(frozen=True, slots=True)
class RawReading:
    """One way to understand a description, as it was sent."""

    title: str
    artists: tuple[str, ...]
    is_swapped: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a description, as it is compared."""

    title: Title
    artists: Artists
    is_swapped: bool

    @property
    def words(self) -> tuple[str, ...]:
        """The distinct words of the title's core and of the artists, without fillers."""
        return tuple(dict.fromkeys(essential(self.text.split())))

    @property
    def title_words(self) -> tuple[str, ...]:
        """The distinct words of the title's core, without fillers."""
        return tuple(dict.fromkeys(essential(self.title.core.split())))

    @property
    def text(self) -> str:
        """The title's core and the artists, folded."""
        return f"{self.title.core} {self.artists.key}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A description as it is compared; the first reading is the one as given."""

    item: Item
    readings: tuple[Reading, ...]
    album: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track that may be the one, as it is compared."""

    track_id: UUID
    title: Title
    artists: Artists
    album: str
    duration_ms: int | None
    popularity: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """A match, and what decides between equally good ones."""

    match: Match
    candidate: Candidate
    by_names: float
    apart_ms: int

    @property
    def order(self) -> tuple[float, float, int, float, UUID]:
        """The place among the matches of an item, the best first."""
        return (
            -self.match.confidence,
            -self.by_names,
            self.apart_ms,
            -self.candidate.popularity,
            self.candidate.track_id,
        )


def raw_readings(item: Item) -> Iterator[RawReading]:
    """Yield the ways to understand a description, the one as given first.

    Title and artist may be swapped, or stand in the title both, with a dash between them.
    """
    if not item.title:
        return
    yield RawReading(item.title, item.artists)
    if len(item.artists) == 1:
        yield RawReading(item.artists[0], (item.title,), is_swapped=True)
    left, *right = DASH.split(item.title, maxsplit=1)
    if not right or not left.strip() or not right[0].strip():
        return
    if title_parts(item.title).kinds <= {"part"}:
        yield RawReading(right[0], (left,), is_swapped=True)
        if not item.artists:
            yield RawReading(left, (right[0],), is_swapped=True)


def judge(wanted: Wanted, candidate: Candidate, identity: Reason | None) -> Judgement:
    """Compare a track with a description; `identity` is the identifier that is equal, if one is."""
    by_names = 0.0
    reasons: tuple[Reason, ...] = ()
    for reading in wanted.readings:
        read = _judge_reading(wanted, reading, candidate)
        if read[0] > by_names or not reasons:
            by_names, reasons = read
        if by_names >= SURE:
            break
    confidence = min(by_names, _MOST_BY_NAMES)
    if identity:
        is_doubtful = identity is not Reason.SAME_SOURCE and _contradict(reasons)
        worth = _CONTRADICTED if is_doubtful else _IDENTIFIED[identity]
        confidence, reasons = max(confidence, worth), (identity, *reasons)
    match = Match(candidate.track_id, confidence, tuple(sorted(reasons)))
    return Judgement(match, candidate, by_names, _apart(wanted.item, candidate) or 0)


def _contradict(reasons: Iterable[Reason]) -> bool:
    """Whether nothing that the names say speaks for a match."""
    return Reason.OTHER_TITLE in reasons and not _ARTISTS_FIT.intersection(reasons)


def _judge_reading(
    wanted: Wanted, reading: Reading, candidate: Candidate
) -> tuple[float, tuple[Reason, ...]]:
    title, of_title = compare_titles(reading.title, candidate.title)
    artist, of_artist = compare_artists(reading.artists, candidate.artists)
    length, of_length = _compare_lengths(_apart(wanted.item, candidate))
    album, of_album = _compare_albums(wanted.album, candidate.album)
    reasons = (*of_title, of_artist, *of_length, *of_album)
    is_same_length = Reason.SAME_LENGTH in of_length
    if is_same_length and Reason.SIMILAR_TITLE in of_title:
        title = (1 + title) / 2
    if is_same_length and of_artist is Reason.SIMILAR_ARTIST:
        artist = (1 + artist) / 2
    if of_artist is Reason.NO_ARTIST:
        artist = _NO_ARTIST_SAME_LENGTH if is_same_length else _NO_ARTIST
        if Reason.SAME_ALBUM in of_album:
            artist = _NO_ARTIST_SAME_ALBUM
    if reading.is_swapped:
        return title * artist * length * album * _SWAPPED, (*reasons, Reason.SWAPPED)
    return title * artist * length * album, reasons


def _apart(item: Item, candidate: Candidate) -> int | None:
    """Return by how many milliseconds the lengths differ; None when one is not known."""
    if not item.duration_ms or not candidate.duration_ms:
        return None
    return abs(item.duration_ms - candidate.duration_ms)


def _compare_lengths(apart: int | None) -> tuple[float, tuple[Reason, ...]]:
    if apart is None:
        return _NO_LENGTH, ()
    left = next((left for most, left in _LENGTHS if apart <= most), _OTHER_LENGTH)
    if left == 1:
        return left, (Reason.SAME_LENGTH,)
    return left, () if apart <= 10_000 else (Reason.OTHER_LENGTH,)


def _compare_albums(one: str, other: str) -> tuple[float, tuple[Reason, ...]]:
    if not one or not other:
        return 1.0, ()
    return (1.0, (Reason.SAME_ALBUM,)) if one == other else (_OTHER_ALBUM, (Reason.OTHER_ALBUM,))


def ranked(judgements: Iterable[Judgement]) -> list[Match]:
    """Return the matches, the best first.

    When no artist is known, and tracks of several artists fit, they share the confidence of one.
    """
    in_order = sorted(judgements, key=lambda judgement: judgement.order)
    matches = [judgement.match for judgement in in_order]
    if not matches or Reason.NO_ARTIST not in matches[0].reasons:
        return matches
    least = _RIVAL * matches[0].confidence
    rivals = {of.candidate.artists.key for of in in_order if of.match.confidence >= least}
    if len(rivals) < 2:
        return matches
    share = matches[0].confidence / len(rivals)
    return [
        Match(match.track_id, share, (*match.reasons, Reason.AMBIGUOUS))
        if match.confidence >= least
        else Match(match.track_id, min(match.confidence, share), match.reasons)
        for match in matches
    ]
