"""Searches whose right answers are known: read from a file, or made from the catalogue itself.

Those that are made imitate how people type: a whole name or a part of it, with a slip, words that
are swapped, run together or left out. Right is each track that is called like the one that the
query was made from.
"""

from __future__ import annotations

import csv
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

from benchmarks.bench import open_catalogue

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


@dataclass(frozen=True, slots=True)
class _Song:
    """A track as it is spoken of."""

    title: str
    artist: str


Spelling = Callable[[random.Random, _Song], str]


def read_queries(path: Path, catalogue: Path) -> list[Query]:
    """Read JSON Lines of `query`, `kind` and `expected_source_ids`.

    A query is left out when none of its tracks is in the catalogue, which may be only the head of
    the table that the queries are about.
    """
    with path.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines if line.strip()]
    with open_catalogue(catalogue) as file:
        known = {row["source_id"] for row in csv.DictReader(file)}
    queries = (
        Query(record["query"], record["kind"], frozenset(record["expected_source_ids"]))
        for record in records
    )
    return [query for query in queries if query.expected & known]


def make_queries(catalogue: Path, seed: int = 1) -> list[Query]:
    """Make some queries of each kind, the same ones for the same catalogue."""
    dice = random.Random(seed)
    ids = _ids_by_song(catalogue)
    songs = [song for song in ids if len(song.title) >= _MIN_TITLE and " " in song.title]
    if not songs:
        raise ValueError(f"{catalogue} has no title of two words to make queries from")
    right = _RightAnswers(ids)
    return [
        Query(text := spell(dice, song), kind, right.to(kind, song, text))
        for kind, spell in _SPELLINGS.items()
        for song in dice.choices(songs, k=_PER_KIND)
    ]


class _RightAnswers:
    """Finds the tracks that a query may mean."""

    def __init__(self, ids: Mapping[_Song, Sequence[str]]) -> None:
        self._by_song = ids
        self._by_title: defaultdict[str, list[str]] = defaultdict(list)
        self._by_artist: defaultdict[str, list[str]] = defaultdict(list)
        for song, found in ids.items():
            self._by_title[song.title].extend(found)
            self._by_artist[song.artist].extend(found)
        self._titles = sorted(self._by_title)

    def to(self, kind: str, song: _Song, text: str) -> frozenset[str]:
        """Return the sources of the tracks that are right for `text`, made from `song`."""
        if kind == "artist_only":
            return frozenset(self._by_artist[song.artist])
        if kind == "prefix_title":
            return frozenset(self._beginning_with(text))
        if "artist" in kind:
            return frozenset(self._by_song[song])
        return frozenset(self._by_title[song.title])

    def _beginning_with(self, prefix: str) -> Iterator[str]:
        for title in islice(self._titles, bisect_left(self._titles, prefix), None):
            if not title.startswith(prefix):
                return
            yield from self._by_title[title]


def _ids_by_song(catalogue: Path) -> Mapping[_Song, Sequence[str]]:
    found: defaultdict[_Song, list[str]] = defaultdict(list)
    with open_catalogue(catalogue) as file:
        for row in csv.DictReader(file):
            artist = row["artists"].split("|")[0]
            found[_Song(row["title"].casefold(), artist.casefold())].append(row["source_id"])
    return found


def _typo(dice: random.Random, text: str) -> str:
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


def _beginning(dice: random.Random, text: str) -> str:
    """Leave the last word unfinished."""
    last = text.rsplit(maxsplit=1)[-1]
    return text[: -dice.randint(1, max(1, min(_MOST_CUT, len(last) - 1)))]


def _plain(text: str) -> str:
    """Take the accents away."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_SPELLINGS: Final[Mapping[str, Spelling]] = {
    "title": lambda _, song: song.title,
    "artist_title": lambda _, song: f"{song.artist} {song.title}",
    "title_artist": lambda _, song: f"{song.title} {song.artist}",
    "artist_dash_title": lambda _, song: f"{song.artist} - {song.title}",
    "artist_only": lambda _, song: song.artist,
    "prefix_title": lambda dice, song: _beginning(dice, song.title),
    "prefix_artist_title": lambda dice, song: f"{song.artist} {_beginning(dice, song.title)}",
    "typo1_title": lambda dice, song: _typo(dice, song.title),
    "typo1_artist_title": lambda dice, song: _typo(dice, f"{song.artist} {song.title}"),
    "typo2_artist_title": lambda dice, song: (
        f"{_typo(dice, song.artist + ' ')}{_typo(dice, song.title)}"
    ),
    "accentless_artist_title": lambda _, song: _plain(f"{song.artist} {song.title}"),
    "swapped_artist_title": lambda dice, song: f"{song.artist} {_swapped(dice, song.title)}",
    "joined_artist_title": lambda dice, song: f"{song.artist} {_joined(dice, song.title)}",
    "missing_artist_title": lambda dice, song: f"{song.artist} {_without_a_word(dice, song.title)}",
    "extra_artist_title": lambda dice, song: f"{song.artist} {song.title} {dice.choice(_EXTRA)}",
}
