"""Musical keys as programs write them: "F#m", "Eb major", "8A" (Camelot), "1m" (Open Key)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_NAME: Final = re.compile(r"([A-Ha-h])\s*(#|♯|b|♭)?\s*([A-Za-z]*)")
_WHEEL: Final = re.compile(r"0?(1[0-2]|[1-9])\s*([ABDMabdm])")
_PITCHES: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
_ACCIDENTALS: Final = {"#": 1, "♯": 1, "b": -1, "♭": -1, None: 0}
_MINOR: Final = frozenset({"m", "min", "minor", "moll"})
_MAJOR: Final = frozenset({"", "maj", "major", "dur"})
_FIFTH: Final = 7
#: Where the wheels start, by their letter: number 1, as a pitch class.
_WHEEL_START: Final = {"b": 11, "a": 8, "d": 0, "m": 9}


class Key(NamedTuple):
    """A key: pitch class (0 = C to 11 = B) and mode."""

    pitch: int
    minor: bool


def parse_key(text: str) -> Key | None:
    """Return the key, or None when the text is not one."""
    text = text.strip()
    if match := _WHEEL.fullmatch(text):
        letter = match[2].lower()
        pitch = (_WHEEL_START[letter] + (int(match[1]) - 1) * _FIFTH) % 12
        return Key(pitch, minor=letter in "am")
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    pitch = (_PITCHES[match[1].lower()] + _ACCIDENTALS[match[2]]) % 12
    # "m" and "M" are the one place where case matters.
    word = "maj" if match[3] == "M" else match[3].lower()
    if word in _MINOR:
        return Key(pitch, minor=True)
    return Key(pitch, minor=False) if word in _MAJOR else None
