"""Searches whose right answers are known: read from a file, or made from the catalogue itself.

Those that are made imitate how people type: a whole name or a part of it, with a slip, words that
are swapped, run together or left out. Right is each track that is called like the one that the
query was made from.
"""

from __future__ import annotations

import json
import random
import string
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.processes import BenchmarkError
from benchmarks.songs import Song

_PER_KIND: Final = 60
_MOST_CUT: Final = 4
_MIN_TITLE: Final = 8
_EXTRA: Final = ("lyrics", "official video", "hd", "audio", "live")


@dataclass(frozen=True, slots=True)
class Query:
    """A search, and the external sources (`type:id`) of the tracks that are right answers."""

    text: str
    kind: str
    expected: frozenset[str]


_Name = tuple[str, str]
"""Title and artist, folded by case."""

Spelling = Callable[[random.Random, str, str], str]
"""Makes a query of title and artist."""


def read_queries(path: Path, songs: Sequence[Song]) -> list[Query]:
    """Read JSON Lines of `query`, `kind` and `expected_source_ids`.

    A query is left out when none of its tracks is in the catalogue, which may be only the head of
    the table that the queries are about.
    """
    with path.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines if line.strip()]
    known = {source for song in songs for source in song.sources}
    queries = (
        Query(record["query"], record["kind"], frozenset(record["expected_source_ids"]))
        for record in records
    )
    return [query for query in queries if query.expected & known]


def make_queries(songs: Sequence[Song], seed: int = 1) -> list[Query]:
    """Make some queries of each kind, the same ones for the same catalogue."""
    dice = random.Random(seed)
    ids: defaultdict[_Name, list[str]] = defaultdict(list)
    for song in songs:
        ids[song.name].extend(song.sources)
    names = [name for name in ids if len(name[0]) >= _MIN_TITLE and " " in name[0].strip()]
    if not names:
        raise BenchmarkError("there is no title of two words to make queries from")
    right = _RightAnswers(ids)
    return [
        Query(text := spell(dice, *name), kind, right.to(kind, name, text))
        for kind, spell in _SPELLINGS.items()
        for name in dice.choices(names, k=_PER_KIND)
    ]


class _RightAnswers:
    """Finds the tracks that a query may mean."""

    def __init__(self, ids: Mapping[_Name, Sequence[str]]) -> None:
        self._by_name = ids
        self._by_title: defaultdict[str, list[str]] = defaultdict(list)
        self._by_artist: defaultdict[str, list[str]] = defaultdict(list)
        for (title, artist), found in ids.items():
            self._by_title[title].extend(found)
            self._by_artist[artist].extend(found)
        self._titles = sorted(self._by_title)

    def to(self, kind: str, name: _Name, text: str) -> frozenset[str]:
        """Return the sources of the tracks that are right for `text`, made from `name`."""
        title, artist = name
        if kind == "artist_only":
            return frozenset(self._by_artist[artist])
        if kind == "prefix_title":
            return frozenset(self._beginning_with(text))
        if "artist" in kind:
            return frozenset(self._by_name[name])
        return frozenset(self._by_title[title])

    def _beginning_with(self, prefix: str) -> Iterator[str]:
        for title in islice(self._titles, bisect_left(self._titles, prefix), None):
            if not title.startswith(prefix):
                return
            yield from self._by_title[title]


def with_typo(dice: random.Random, text: str) -> str:
    """Put one slip of the finger into a word: a letter too few, too many, wrong, or swapped."""
    places = [index for index, letter in enumerate(text[:-1]) if letter.isalpha()]
    at = dice.choice(places[1:] or [0])
    letter = dice.choice(string.ascii_lowercase)
    return dice.choice(
        (
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at:],
            text[:at] + letter + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        )
    )


def _swapped(dice: random.Random, text: str) -> str:
    words = text.split()
    at = dice.randrange(len(words) - 1)
    words[at], words[at + 1] = words[at + 1], words[at]
    return " ".join(words)


def _joined(dice: random.Random, text: str) -> str:
    spaces = [index for index, letter in enumerate(text) if letter == " "]
    at = dice.choice(spaces)
    return text[:at] + text[at + 1 :]


def _without_a_word(dice: random.Random, text: str) -> str:
    words = text.split()
    del words[dice.randrange(len(words))]
    return " ".join(words)


def beginning(dice: random.Random, text: str) -> str:
    """Leave the last word unfinished."""
    last = text.rsplit(maxsplit=1)[-1]
    return text[: -dice.randint(1, max(1, min(_MOST_CUT, len(last) - 1)))]


def _plain(text: str) -> str:
    """Take the accents away."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_SPELLINGS: Final[Mapping[str, Spelling]] = {
    "title": lambda _, title, artist: title,
    "artist_title": lambda _, title, artist: f"{artist} {title}",
    "title_artist": lambda _, title, artist: f"{title} {artist}",
    "artist_dash_title": lambda _, title, artist: f"{artist} - {title}",
    "artist_only": lambda _, title, artist: artist,
    "prefix_title": lambda dice, title, artist: beginning(dice, title),
    "prefix_artist_title": lambda dice, title, artist: f"{artist} {beginning(dice, title)}",
    "typo1_title": lambda dice, title, artist: with_typo(dice, title),
    "typo1_artist_title": lambda dice, title, artist: with_typo(dice, f"{artist} {title}"),
    "typo2_artist_title": lambda dice, title, artist: (
        f"{with_typo(dice, artist + ' ')}{with_typo(dice, title)}"
    ),
    "accentless_artist_title": lambda _, title, artist: _plain(f"{artist} {title}"),
    "swapped_artist_title": lambda dice, title, artist: f"{artist} {_swapped(dice, title)}",
    "joined_artist_title": lambda dice, title, artist: f"{artist} {_joined(dice, title)}",
    "missing_artist_title": lambda dice, title, artist: f"{artist} {_without_a_word(dice, title)}",
    "extra_artist_title": lambda dice, title, artist: f"{artist} {title} {dice.choice(_EXTRA)}",
}
