"""Musical keys in the notations of musicians and DJs, and which of them mix.

A key is a number from 0 to 23: twice its pitch class (0 = C, 1 = C sharp, up to 11 = B), plus one
when it is minor. On the wheel of fifths the keys have hours from 1 to 12; a minor key shares the
hour of its relative major.
"""

from __future__ import annotations

import re
from typing import Final

_PITCHES: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NOTE: Final = re.compile(r"([A-Ga-g])([#♯b♭]?)(?: ?(maj|major|M|m|min|minor))?")
_HOUR: Final = re.compile(r"(1[0-2]|[1-9])([ABabDdMm])")


def key_named(text: str) -> int:
    """Return the key that `text` names: "8A" (Camelot), "1m" (Open Key), "A minor", "C#m", "Db".

    A note alone is the major key. Raises `ValueError`.
    """
    if hour := _HOUR.fullmatch(text):
        return _on_wheel(int(hour[1]), hour[2].upper())
    if note := _NOTE.fullmatch(text) or _NOTE.fullmatch(text[:1] + text[1:].lower()):
        accidental = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[note[2]]
        pitch = (_PITCHES[note[1].upper()] + accidental) % 12
        return 2 * pitch + (note[3] in ("m", "min", "minor"))
    raise ValueError("must be a key such as 8A, 1m, C#m or 'F# minor'")


def compatible(key: int) -> tuple[int, ...]:
    """Return the keys that mix: the key, its neighbors on the wheel, and the relatives of these."""
    tonic, is_minor = divmod(key, 2)
    majors = [(tonic + 3 * is_minor + fifths) % 12 for fifths in (0, 7, -7)]
    return tuple(
        sorted(code for major in majors for code in (2 * major, 2 * ((major + 9) % 12) + 1))
    )


def camelot(key: int) -> str:
    """Return the key as an hour of Camelot's wheel, such as "8A" for A minor."""
    tonic, is_minor = divmod(key, 2)
    major = (tonic + 3 * is_minor) % 12
    return f"{(7 * major + 7) % 12 + 1}{'A' if is_minor else 'B'}"


def _on_wheel(hour: int, letter: str) -> int:
    """Return the key at an hour of Camelot's wheel (letters A and B) or of Open Key's (M and D)."""
    is_minor = letter in ("A", "M")
    hour_of_c = 8 if letter in ("A", "B") else 1
    major = 7 * (hour - hour_of_c) % 12
    return 2 * ((major + 9 * is_minor) % 12) + is_minor
