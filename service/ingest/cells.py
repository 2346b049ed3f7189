"""Text in, value out: the rules by which one cell of a table is read.

Every function takes a cell that is not empty and raises `BadCellError`, whose message says what was
expected and what was found. Ranges are left to the server: it checks them for all clients alike.
"""

from __future__ import annotations

import math
import re
from datetime import date
from functools import lru_cache

_MULTI_SPACE = str.maketrans({"\t": " ", "\n": " ", "\r": " "})
# C0 and C1 controls and byte order marks: leftovers of other encodings, invisible, and poison to
# terminals. Line breaks and tabs are dealt with before.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
_INVISIBLE_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ufeff]")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d\d(?:\.\d+)?)", re.ASCII)
_NUMBER_OF = re.compile(r"(\d+)(?:\s*/\s*(\d+))?", re.ASCII)
_SHOWN_LENGTH = 60

_WORDS_FOR_TRUE = frozenset({"1", "true", "yes", "y", "t"})
_WORDS_FOR_FALSE = frozenset({"0", "false", "no", "n", "f"})


class BadCellError(ValueError):
    """A cell cannot be read as what its column holds."""


def clean_line(text: str) -> str:
    """Return the text on one line, without invisible characters and without space around it."""
    # Nearly every cell is printable, and this test costs a tenth of the substitution.
    if not text.isprintable():
        text = _INVISIBLE_IN_LINE.sub("", text.translate(_MULTI_SPACE))
    return text.strip()


def clean_text(text: str) -> str:
    """Return the text with its line breaks, without invisible characters and space around it."""
    if not text.isprintable():
        text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text.strip()


def clean_names(names: list[str]) -> list[str]:
    """Return the names that are not empty, each once, in order."""
    if len(names) == 1:
        name = clean_line(names[0])
        return [name] if name else []
    return list(dict.fromkeys(name for name in map(clean_line, names) if name))


def shown(cell: str) -> str:
    """Return the cell as a message shows it: quoted, escaped, and not too long."""
    return repr(cell if len(cell) <= _SHOWN_LENGTH else cell[: _SHOWN_LENGTH - 1] + "…")


def number(cell: str) -> float:
    """Read a finite decimal number with a point."""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in cell:
        raise BadCellError(f"{shown(cell)} is not a number")
    return value


def whole_number(cell: str) -> int:
    """Read a whole number; "7.0" is one too, because spreadsheets write it."""
    if cell.isdecimal():
        return int(cell)
    value = number(cell)
    if not value.is_integer():
        raise BadCellError(f"{shown(cell)} is not a whole number")
    return int(value)


def number_and_total(cell: str) -> tuple[int, int]:
    """Read "3" or "3/12"; the total is 0 when it is not given."""
    match = _NUMBER_OF.fullmatch(cell.strip())
    if match:
        return int(match[1]), int(match[2] or 0)
    return whole_number(cell), 0


def flag(cell: str) -> bool:
    """Read yes or no."""
    word = cell.strip().lower().removesuffix(".0")
    if word in _WORDS_FOR_TRUE:
        return True
    if word in _WORDS_FOR_FALSE:
        return False
    raise BadCellError(f"{shown(cell)} is neither 1 nor 0, true nor false")


def has_form_of_date(cell: str) -> bool:
    """Whether a cell is written as YYYY, YYYY-MM or YYYY-MM-DD."""
    return _DATE.fullmatch(cell.strip()) is not None


@lru_cache(maxsize=4096)
def partial_date(cell: str) -> tuple[int, int, int]:
    """Read YYYY, YYYY-MM or YYYY-MM-DD as year, month and day; what is not given is 0."""
    match = _DATE.fullmatch(cell.strip())
    if match is None:
        raise BadCellError(f"{shown(cell)} is not a date: expected YYYY, YYYY-MM or YYYY-MM-DD")
    year, month, day = (int(part or 0) for part in match.groups())
    try:
        date(year, 1 if match[2] is None else month, 1 if match[3] is None else day)
    except ValueError:
        raise BadCellError(f"{shown(cell)} is not a day of the calendar") from None
    return year, month, day


def milliseconds(cell: str) -> int:
    """Read a length in milliseconds."""
    return _not_negative(round(number(cell)), cell)


def clock_milliseconds(cell: str) -> int:
    """Read a length as seconds ("215", "215.4"), m:ss or h:mm:ss, in milliseconds."""
    match = _CLOCK.fullmatch(cell.strip())
    if match is None:
        return _not_negative(round(number(cell) * 1000), cell)
    hours, minutes, seconds = int(match[1] or 0), int(match[2]), float(match[3])
    if seconds >= 60 or (match[1] and minutes >= 60):
        raise BadCellError(f"{shown(cell)} is not a length: expected seconds, m:ss or h:mm:ss")
    return (hours * 60 + minutes) * 60_000 + round(seconds * 1000)


def _not_negative(value: int, cell: str) -> int:
    if value < 0:
        raise BadCellError(f"{shown(cell)} is negative")
    return value
