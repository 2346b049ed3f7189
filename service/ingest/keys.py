"""Musical keys as programs write them.

"F#m", "Eb major", "a-Moll", "fis-moll", "Sol mineur", "8A" (Camelot), "1m" (Open Key), and two of
them together that agree, such as "8A - Am".
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_NAME: Final = re.compile(
    r"(?P<note>do|re|ré|mi|fa|sol|la|si|[A-Ha-h])"
    r"(?:\s*(?P<sign>#|♯|b|♭)|[\s-]+(?P<word>sharp|flat)|(?P<suffix>(?<=[Ee])s|(?<=[Aa])s|is|es))?"
    r"[\s-]*(?P<mode>[A-Za-zé]*)\.?",
    re.IGNORECASE,
)
_WHEEL: Final = re.compile(r"0?(1[0-2]|[1-9])\s*([ABDMabdm])")
#: Two notations of one key: "8A - Am", "Am/8A", "G minor (6A)".
_BOTH: Final = re.compile(r"(.+?)\s*(?:[/|,(]|\s-\s)\s*([^()]+?)\)?")
_PITCHES: Final = {
    "c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11,
    "do": 0, "re": 2, "ré": 2, "mi": 4, "fa": 5, "sol": 7, "la": 9, "si": 11,
}  # fmt: skip
_RAISED: Final = frozenset({"#", "♯", "sharp", "is"})
_MINOR: Final = frozenset({"m", "min", "minor", "moll", "mineur", "menor", "minore"})
_MAJOR: Final = frozenset({"", "maj", "major", "dur", "majeur", "mayor", "maggiore"})
_FIFTH: Final = 7
#: Where the wheels start, by their letter: number 1, as a pitch class.
_WHEEL_START: Final = {"b": 11, "a": 8, "d": 0, "m": 9}


class Key(NamedTuple):
    """A key: pitch class (0 = C to 11 = B) and mode."""

    pitch: int
    minor: bool


def parse_key(text: str) -> Key | None:
    """Return the key, or None when the text is not one, or two that differ."""
    text = text.strip()
    key = _one(text)
    if key is None and (both := _BOTH.fullmatch(text)):
        first, second = _one(both[1].strip()), _one(both[2].strip())
        key = first if first == second else None
    return key


def _one(text: str) -> Key | None:
    if match := _WHEEL.fullmatch(text):
        letter = match[2].lower()
        pitch = (_WHEEL_START[letter] + (int(match[1]) - 1) * _FIFTH) % 12
        return Key(pitch, minor=letter in "am")
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    # "m" and "M" are the one place where case matters.
    mode = "maj" if match["mode"] == "M" else match["mode"].lower()
    if mode not in _MINOR and mode not in _MAJOR:
        return None
    pitch = _PITCHES[match["note"].lower()]
    if sign := match["sign"] or match["word"] or match["suffix"]:
        pitch += 1 if sign.lower() in _RAISED else -1
    return Key(pitch % 12, minor=mode in _MINOR)
