"""Matching, any number of items at once: each step is a few statements for all that still need it.

Identifiers and exact titles come first and settle most items. Only for those that are left are
tracks looked up by words and by artist, and only for what is still not plausible are words mended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from service.database import Connection
from service.matching import store
from service.matching.artists import Artists, artist_names
from service.matching.judge import (
    PLAUSIBLE,
    SURE,
    Candidate,
    Judgement,
    RawReading,
    Reading,
    Wanted,
    judge,
    ranked,
    raw_readings,
)
from service.matching.model import Item, Match, Reason
from service.matching.store import Described, Found, NameLookup, WordLookup
from service.matching.titles import Title, TitleParts, title_parts
from service.search.patterns import (
    every_word,
    with_typos,
)
from service.search.store import fold
from service.search.vocabulary import Lexicon

_MAX_NAMES: Final = 6
"""By how many names of a credit a track is looked up."""

_YIELD_EVERY: Final = 20
"""Comparing hundreds of items takes long enough that other calls must get a turn in between."""

_Folded = Mapping[str, str]


@dataclass(slots=True)
class _Hunt:
    """How far one item of the batch has come."""

    ordinal: int
    wanted: Wanted
    identified: dict[UUID, Reason] = field(default_factory=dict)
    judged: dict[UUID, Judgement] = field(default_factory=dict)

    @property
    def given(self) -> Sequence[Reading]:
        """The item as given; empty when it has no title."""
        return self.wanted.readings[:1]

    def needs(self, confidence: float, count: int = 1) -> bool:
        """Whether there are names to look for, and no match as good as this, or too few at all."""
        best = max((of.match.confidence for of in self.judged.values()), default=0.0)
        return bool(self.wanted.readings) and (best < confidence or len(self.judged) < count)


async def match(
    connection: Connection, library_id: UUID | None, items: Sequence[Item], runners_up: int = 0
) -> list[list[Match]]:
    """Return the matches of each item, the best first, down to those that are hardly alike.

    A sure match ends the search for an item, unless it has fewer than `runners_up` others.
    """
    wanted = await _wanted(connection, items)
    hunts = [_Hunt(ordinal, of) for ordinal, of in enumerate(wanted)]
    pack = _Pack(connection, library_id, hunts)
    await pack.find_by_identifier()
    await pack.find_by_names(hunts)
    await pack.judge()
    if unsure := [hunt for hunt in hunts if hunt.needs(SURE, 1 + runners_up)]:
        await pack.find_by_title(unsure)
        await pack.find_by_artist(unsure)
        await pack.find_by_words(unsure)
        await pack.judge()
    if implausible := [hunt for hunt in hunts if hunt.needs(PLAUSIBLE)]:
        await pack.find_by_mended_words(implausible)
        await pack.judge()
    return [ranked(hunt.judged.values()) for hunt in hunts]


class _Pack:
    """The items of one batch, and what was learned of the tracks that may be them."""

    def __init__(
        self, connection: Connection, library_id: UUID | None, hunts: Sequence[_Hunt]
    ) -> None:
        self._connection = connection
        self._library_id = library_id
        self._hunts = hunts
        self._known: dict[UUID, Candidate] = {}
        self._found: list[Found] = []

    async def find_by_identifier(self) -> None:
        """Look up sources, MBIDs and ISRCs."""
        items = [
            (hunt.ordinal, item)
            for hunt in self._hunts
            if (item := hunt.wanted.item).isrc or item.mbid or item.source
        ]
        for ordinal, reason, track_id in await store.identified(
            self._connection, self._library_id, items
        ):
            self._hunts[ordinal].identified.setdefault(track_id, reason)
            self._found.append((ordinal, track_id))

    async def find_by_names(self, hunts: Sequence[_Hunt]) -> None:
        """Look up title and artists together, as they are given."""
        lookups = _name_lookups((hunt, hunt.given) for hunt in hunts)
        self._found += await store.by_names(self._connection, self._library_id, lookups)

    async def find_by_title(self, hunts: Sequence[_Hunt]) -> None:
        """Look up titles, whose artists need only be similar."""
        lookups = _name_lookups((hunt, hunt.wanted.readings) for hunt in hunts)
        self._found += await store.by_title(self._connection, self._library_id, lookups)

    async def find_by_artist(self, hunts: Sequence[_Hunt]) -> None:
        """Look for similar titles among the tracks of the artists."""
        lookups = [
            NameLookup(hunt.ordinal, reading.title.core, name)
            for hunt in hunts
            for reading in hunt.given
            for name in _lookup_names(reading)
        ]
        self._found += await store.by_artist(self._connection, self._library_id, lookups)

    async def find_by_words(self, hunts: Sequence[_Hunt]) -> None:
        """Look for tracks that have all words of the title and of an artist, wherever they stand.

        A title without an artist is looked up like that only when nothing was found so far: many
        tracks may have its words.
        """
        lookups = [
            WordLookup(hunt.ordinal, reading.text, _all_words(reading))
            for hunt in hunts
            for reading in _of_other_words(hunt.wanted.readings)
            if reading.artists.key or not hunt.judged
        ]
        self._found += await store.by_words(self._connection, self._library_id, lookups)

    async def find_by_mended_words(self, hunts: Sequence[_Hunt]) -> None:
        """Look for tracks that have all words after mending those that the catalogue lacks.

        The artists may be misspelt beyond mending, so words of the title are tried by themselves.
        """
        wanted = [
            (hunt.ordinal, reading.text, words)
            for hunt in hunts
            for reading in hunt.given
            for words in dict.fromkeys((reading.words, reading.title_words))
            if len(words) > 1 or words == reading.words
        ]
        mended = await _mended(self._connection, [words for _, _, words in wanted])
        lookups = [
            WordLookup(ordinal, text, words)
            for (ordinal, text, _), words in zip(wanted, mended, strict=True)
            if words
        ]
        self._found += await store.by_words(self._connection, self._library_id, lookups)

    async def judge(self) -> None:
        """Compare what was found since the last time."""
        new = {track_id for _, track_id in self._found} - self._known.keys()
        self._known |= await _candidates(self._connection, new)
        for number, (ordinal, track_id) in enumerate(self._found):
            hunt = self._hunts[ordinal]
            if track_id in self._known and track_id not in hunt.judged:
                hunt.judged[track_id] = judge(
                    hunt.wanted, self._known[track_id], hunt.identified.get(track_id)
                )
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
        self._found = []


def _name_lookups(wanted: Iterable[tuple[_Hunt, Sequence[Reading]]]) -> list[NameLookup]:
    """Return the lookups of titles as they are and without additions."""
    return [
        NameLookup(hunt.ordinal, title, reading.artists.key, hunt.wanted.item.duration_ms)
        for hunt, readings in wanted
        for reading in readings
        for title in dict.fromkeys((reading.title.key, reading.title.core))
    ]


def _lookup_names(reading: Reading) -> list[str]:
    """Return the names by which the tracks of a credit are looked up, the whole first."""
    names = dict.fromkeys((reading.artists.key, *sorted(reading.artists.names)))
    return [name for name in names if name][:_MAX_NAMES]


def _of_other_words(readings: Iterable[Reading]) -> Iterable[Reading]:
    """Return readings without those that have the same words as another: swapped ones have."""
    return {frozenset(reading.words): reading for reading in reversed(tuple(readings))}.values()


def _all_words(reading: Reading) -> str:
    """Return the tsquery of the title's core and of any one artist."""
    title = every_word(reading.title.core.split())
    artists = " | ".join(f"({every_word(name.split())})" for name in _lookup_names(reading))
    return f"{title} & ({artists})" if artists else title


async def _mended(connection: Connection, texts: Sequence[Sequence[str]]) -> list[str | None]:
    """Return the tsquery of what each list of words may mean; None when that is nothing new."""
    vocabulary = await Lexicon(connection).learn(texts)
    patterns = [with_typos(words, vocabulary) for words in texts]
    return [pattern.words if pattern else None for pattern in patterns]


async def _wanted(connection: Connection, items: Sequence[Item]) -> list[Wanted]:
    """Return items as they are compared."""
    raw = [tuple(raw_readings(item)) for item in items]
    parts = {reading.title: title_parts(reading.title) for of in raw for reading in of}
    texts = [text for of in raw for one in of for text in _texts(one, parts[one.title])]
    folded = await _fold(connection, [*texts, *(item.album for item in items)])
    return [
        Wanted(item, tuple(_readings(of, parts, folded)), folded[item.album])
        for item, of in zip(items, raw, strict=True)
    ]


def _texts(reading: RawReading, parts: TitleParts) -> Iterator[str]:
    """Yield what is to be folded of a reading."""
    yield from (reading.title, parts.core, parts.additions, " ".join(reading.artists))
    yield from _names(reading, parts)


def _names(reading: RawReading, parts: TitleParts) -> list[str]:
    """Return the names that a reading gives: the first artist first, and each as given, too."""
    pieces = [piece for name in reading.artists for piece in artist_names(name)]
    return [*pieces[:1], *reading.artists, *pieces[1:], *artist_names(parts.guests)]


def _readings(
    raw: Iterable[RawReading], parts: Mapping[str, TitleParts], folded: _Folded
) -> Iterator[Reading]:
    for reading in raw:
        of = parts[reading.title]
        title = _title(folded[reading.title], of, folded)
        if title.key:  # else it is invisible, and nothing is like it
            names = [folded[name] for name in _names(reading, of)]
            artists = Artists.of(folded[" ".join(reading.artists)], names)
            yield Reading(title, artists, reading.is_swapped)


def _title(key: str, parts: TitleParts, folded: _Folded) -> Title:
    return Title(key, folded[parts.core] or key, parts.kinds, folded[parts.additions])


async def _candidates(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Candidate]:
    """Return tracks as they are compared."""
    described = await store.describe(connection, list(ids))
    parts = {track.title: title_parts(track.title) for track in described}
    taken_apart = (of for title, of in parts.items() if of.core != title)
    folded = await _fold(
        connection, [text for of in taken_apart for text in (of.core, of.additions)]
    )
    return {track.track_id: _candidate(track, parts[track.title], folded) for track in described}


def _candidate(track: Described, parts: TitleParts, folded: _Folded) -> Candidate:
    key = track.title_key
    return Candidate(
        track.track_id,
        Title(key, folded.get(parts.core) or key, parts.kinds, folded.get(parts.additions, "")),
        Artists.of(track.artist_key, track.names),
        track.album_key,
        track.duration_ms,
        track.popularity,
    )


async def _fold(connection: Connection, texts: Iterable[str]) -> dict[str, str]:
    """Return the folded text of each text."""
    distinct = [text for text in dict.fromkeys(texts) if text]
    folded = await fold(connection, distinct) if distinct else []
    return {"": "", **dict(zip(distinct, folded, strict=True))}
