"""Makes a catalogue up, for those who have none: plausible where it matters to what is measured.

Words follow Zipf's law, and so do the tracks of an artist; some names are written in other scripts
or with accents; most fields are missing in most rows, as in tables that were put together from many
sources. The same seed makes the same rows.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

COLUMNS: Final = (
    "source_id", "title", "artists", "album", "year", "release_date", "duration_ms", "genre",
    "tempo", "key", "mode", "energy", "danceability", "valence", "popularity", "explicit", "isrc",
    "source",
)  # fmt: skip

_WORDS: Final = 30_000
_ROWS_PER_ARTIST: Final = 4
_GENRES: Final = 400
_ONSETS: Final = (
    *"bcdfghjklmnprstvwz", "br", "ch", "cr", "dr", "fl", "gr", "pl", "sh", "st", "th", "tr",
)  # fmt: skip
_VOWELS: Final = (*"aeiou", "ai", "ea", "ee", "ie", "oo", "ou")
_CODAS: Final = ("", "", "", "n", "r", "s", "t", "l", "m", "nd", "ng", "st", "ck")
_ACCENTED: Final = str.maketrans("aeiouncs", "áéíöüñçš")
_SCRIPTS: Final = (
    "абвгдежзиклмнопрстуфхцчшыя",
    "가나다라마바사아자하고노도로모보소",
    "あいうえおかきくけこさしすせそたちつてと",
    "愛夜空花月星海夢風光心雨春恋歌",
    "αβγδεζηθικλμνοπρστυφχψω",
)
_TAILS: Final = (" (Live)", " - Remastered", " (Acoustic)", " (Radio Edit)", " (Remix)")


def write_catalogue(path: Path, rows: int, seed: int = 1) -> None:
    """Write a CSV for `fonoteca import`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_Maker(rows, seed).rows())


class _Maker:
    """Draws rows."""

    def __init__(self, rows: int, seed: int) -> None:
        self._count = rows
        self._dice = random.Random(seed)
        self._words = _Zipf(self._dice, sorted({self._word() for _ in range(_WORDS)}))
        artists = [self._name() for _ in range(max(1, rows // _ROWS_PER_ARTIST))]
        self._artists = _Zipf(self._dice, artists)
        self._genres = _Zipf(self._dice, [self._phrase((5, 3)) for _ in range(_GENRES)])

    def rows(self) -> Iterator[Sequence[object]]:
        """Yield the cells of each row, in the order of `COLUMNS`."""
        for number in range(self._count):
            artists = self._joined(self._artists, self._pick((80, 15, 5)))
            year = self._dice.randint(1950, 2025)
            yield (
                f"demo:{number:08d}",
                self._title(),
                artists,
                # An artist has a handful of albums, so many tracks share one.
                self._maybe(0.28, f"{artists.split('|')[0]} {self._words.common(8)}"),
                self._maybe(0.45, year),
                self._maybe(0.37, self._date(year)),
                self._maybe(0.64, max(20_000, round(self._dice.gauss(225_000, 70_000)))),
                self._maybe(0.2, self._joined(self._genres, 2)),
                *self._features(),
                self._maybe(0.42, round(100 * self._dice.betavariate(1.5, 3))),
                self._maybe(0.44, self._pick((90, 10)) - 1),
                self._maybe(0.03, f"DEMO{number % 100_000_000:08d}"),
                "made up",
            )

    def _features(self) -> Sequence[object]:
        """Draw tempo, key, mode, energy, danceability and valence; either all are known or none."""
        if self._dice.random() > 0.51:
            return ("",) * 6
        share = [round(self._dice.random(), 3) for _ in range(3)]
        tempo = round(self._dice.gauss(120, 28) % 180 + 40, 3)
        return tempo, self._dice.randrange(12), self._dice.randrange(2), *share

    def _title(self) -> str:
        title = self._phrase((22, 32, 22, 14, 7, 3))
        return title + self._maybe(0.08, self._dice.choice(_TAILS))

    def _name(self) -> str:
        return self._maybe(0.15, "The ") + self._phrase((30, 50, 15, 5))

    def _phrase(self, weights: Sequence[int]) -> str:
        """Draw words, as many as the weights say; now and then in another script or accented."""
        chance = self._dice.random()
        if chance < 0.02:
            letters = self._dice.choice(_SCRIPTS)
            return "".join(self._dice.choices(letters, k=self._dice.randint(3, 8)))
        phrase = " ".join(self._words.draw() for _ in range(self._pick(weights))).title()
        return phrase.translate(_ACCENTED) if chance < 0.08 else phrase

    def _word(self) -> str:
        syllables = (
            self._dice.choice(_ONSETS) + self._dice.choice(_VOWELS) + self._dice.choice(_CODAS)
            for _ in range(self._pick((30, 50, 20)))
        )
        return "".join(syllables)

    def _date(self, year: int) -> str:
        month, day = self._dice.randint(1, 12), self._dice.randint(1, 28)
        return self._dice.choice(
            (f"{year}", f"{year}-{month:02d}", f"{year}-{month:02d}-{day:02d}")
        )

    def _joined(self, values: _Zipf, count: int) -> str:
        """Draw up to `count` different ones."""
        return "|".join(dict.fromkeys(values.draw() for _ in range(count)))

    def _pick(self, weights: Sequence[int]) -> int:
        """Draw 1, 2, 3 and so on with these weights."""
        return self._dice.choices(range(1, len(weights) + 1), weights)[0]

    def _maybe(self, share: float, value: object) -> str:
        return str(value) if self._dice.random() < share else ""


class _Zipf:
    """Draws the first values often and the last ones hardly ever."""

    def __init__(self, dice: random.Random, values: Sequence[str]) -> None:
        self._dice = dice
        self._values = list(values)
        dice.shuffle(self._values)
        self._weights = list(accumulate(1 / rank for rank in range(1, len(self._values) + 1)))

    def draw(self) -> str:
        """Draw one."""
        return self._dice.choices(self._values, cum_weights=self._weights)[0]

    def common(self, count: int) -> str:
        """Draw one of the `count` most frequent ones."""
        return self._values[self._dice.randrange(min(count, len(self._values)))]
