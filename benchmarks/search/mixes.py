"""The queries that search is measured with: drawn from the catalogue by a fixed seed.

- `exact`: a title, or a title and its artist, one as often as the other;
- `common`: the words, pairs of neighbouring words and genres that occur in the most tracks;
- `typo`: a title of eight letters or more with one slip of the finger;
- `prefix`: a title whose last word is not finished;
- `mixed`: 70 % exact, 15 % common, 15 % typo.

Each exact, typo and prefix query is made from another track, so few of them repeat.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from benchmarks.queries import beginning, with_typo
from benchmarks.songs import Song

COUNT: Final = 1_000
"""How many queries a mix has, but for the common ones."""

_WORDS: Final = 30
_PAIRS: Final = 20
_GENRES: Final = 10
_MIN_TYPO: Final = 8
_SHARES: Final = {"exact": 0.7, "common": 0.15, "typo": 0.15}


@dataclass(frozen=True, slots=True)
class Mixes:
    """The queries of each mix, as typed."""

    exact: Sequence[str]
    common: Sequence[str]
    typo: Sequence[Typo]
    prefix: Sequence[str]
    mixed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Typo:
    """A title with a slip in it, and the title as search compares it."""

    text: str
    title_key: str


def make_mixes(songs: Sequence[Song], seed: int = 1) -> Mixes:
    """Draw the queries; the same ones for the same songs."""
    dice = random.Random(seed)
    exact = _drawn(dice, songs, lambda song: _exact(dice, song))
    common = _common(songs)
    long = [song for song in songs if len(song.title_key) >= _MIN_TYPO]
    typo = [
        Typo(with_typo(dice, song.title.casefold()), song.title_key)
        for song in dice.sample(long, k=min(COUNT, len(long)))
    ]
    prefix = _drawn(dice, songs, lambda song: beginning(dice, song.title.casefold()))
    parts = {"exact": exact, "common": common, "typo": [each.text for each in typo]}
    mixed = [
        text
        for name, share in _SHARES.items()
        for text in dice.choices(parts[name], k=round(share * COUNT))
    ]
    dice.shuffle(mixed)
    return Mixes(exact, common, typo, prefix, mixed)


def _drawn(
    dice: random.Random, songs: Sequence[Song], query: Callable[[Song], str]
) -> Sequence[str]:
    drawn = dice.sample(songs, k=min(COUNT, len(songs)))
    return [text for text in map(query, drawn) if text.strip()]


def _exact(dice: random.Random, song: Song) -> str:
    return song.title if dice.random() < 0.5 else f"{song.title} {song.artist}"


def _common(songs: Sequence[Song]) -> Sequence[str]:
    words: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    genres: Counter[str] = Counter()
    for song in songs:
        title = song.title_key.split()
        words.update(set(title))
        pairs.update(set(pairwise(title)))
        genres[song.genres_key] += 1
    del genres[""]
    return [
        *(word for word, _ in words.most_common(_WORDS)),
        *(" ".join(pair) for pair, _ in pairs.most_common(_PAIRS)),
        *(genre for genre, _ in genres.most_common(_GENRES)),
    ]
