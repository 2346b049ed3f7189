"""How the text after a field becomes tests: one reader for each kind of field.

A reader knows the value and neither the field nor where it stands; it raises `BadValueError` with
what it expects, and `service.query.syntax` adds the rest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from service.query.keys import compatible, key_named
from service.query.model import (
    Ago,
    ExternalId,
    Interval,
    Name,
    TagInterval,
    TagKey,
    TagValue,
    Test,
    Value,
    Whole,
    Words,
)


class BadValueError(Exception):
    """The value is not one of its kind. The message goes on after the name of the field."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written, after `:` (the comparison "") or after `=`, `<`, `<=`, `>` or `>=`.

    `key` is that of a tag.
    """

    text: str
    is_prefix: bool
    comparison: str
    key: str = ""

    def plain(self) -> str:
        """Return the text of a value that stands for itself."""
        if self.comparison not in ("", "="):
            raise BadValueError(f"has no order, so '{self.comparison}' means nothing")
        return self.exact()

    def exact(self) -> str:
        """Return the text of a value that cannot be a beginning."""
        if self.is_prefix:
            raise BadValueError("cannot be searched by its beginning: leave out the '*'")
        return self.text.strip()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of field: its name in the documentation, and how a value of it is read."""

    name: str
    read: Callable[[Literal], tuple[Test, ...]]


def _words(literal: Literal) -> tuple[Test, ...]:
    if literal.comparison:
        raise BadValueError(f"cannot be compared by '{literal.comparison}': write ':'")
    return (Words(literal.text, literal.is_prefix),)


def _text(literal: Literal) -> tuple[Test, ...]:
    return (Whole(literal.plain()),) if literal.comparison else _words(literal)


def _name(literal: Literal) -> tuple[Test, ...]:
    if literal.comparison not in ("", "="):
        raise BadValueError(f"has no order, so '{literal.comparison}' means nothing")
    return (Name(literal.text, literal.is_prefix),)


def _boolean(literal: Literal) -> tuple[Test, ...]:
    flag = _flag(literal.plain())
    if flag is None:
        raise BadValueError("must be true or false")
    return (Value(flag),)


def _flag(text: str) -> bool | None:
    return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())


def _id(literal: Literal) -> tuple[Test, ...]:
    identifier = _uuid(literal.plain())
    if identifier is None:
        raise BadValueError("must be a UUID such as 01920000-0000-7000-8000-000000000000")
    return (Value(identifier),)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _id_or_name(literal: Literal) -> tuple[Test, ...]:
    identifier = _uuid(literal.text)
    return (Value(identifier),) if identifier else _name(literal)


def _isrc(literal: Literal) -> tuple[Test, ...]:
    code = re.sub(r"[ -]", "", literal.plain()).upper()
    if not re.fullmatch(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}", code):
        raise BadValueError("must be an ISRC such as USRC17607839")
    return (Value(code),)


def _key(literal: Literal) -> tuple[Test, ...]:
    return (Value(_key_code(literal)),)


def _compatible_keys(literal: Literal) -> tuple[Test, ...]:
    return tuple(map(Value, compatible(_key_code(literal))))


def _key_code(literal: Literal) -> int:
    try:
        return key_named(literal.plain())
    except ValueError as error:
        raise BadValueError(str(error)) from None


def _source(literal: Literal) -> tuple[Test, ...]:
    name, slash, external_id = literal.plain().partition("/")
    name = name.lower()
    if not re.fullmatch(r"[a-z0-9._-]{1,50}", name) or (slash and not external_id):
        raise BadValueError(
            "must be the name of a system, or the name and an id: spotify, spotify/ID"
        )
    return (ExternalId(name, external_id) if slash else Value(name),)


def _tag(literal: Literal) -> tuple[Test, ...]:
    if not literal.key:
        return (TagKey(literal.plain()),)
    if literal.comparison in ("", "=") and not _is_range_of_numbers(literal.text):
        number, flag = _finite(literal.text), _flag(literal.text)
        return (TagValue(literal.key, literal.text, literal.is_prefix, number, flag),)
    low, high = _PLAIN_NUMBERS.interval(literal)
    return (TagInterval(literal.key, low, high),)


def _is_range_of_numbers(text: str) -> bool:
    start, dots, end = text.partition("..")
    return bool(dots) and all(not part or _finite(part) is not None for part in (start, end))


def _presence(_literal: Literal) -> tuple[Test, ...]:
    raise BadValueError("can only be asked for with has: and missing:")


Bound = float | str | datetime | Ago
T = TypeVar("T", bound=Bound)


@dataclass(frozen=True, slots=True)
class Extent(Generic[T]):
    """The stretch of the scale that a value stands for, `end` excluded: "1999" is a whole year."""

    start: T
    end: T


@dataclass(frozen=True, slots=True)
class Scale(Generic[T]):
    """Values with an order. `extent` reads one; `nearly`, what is taken for equal to it."""

    lowest: T
    highest: T
    extent: Callable[[str], Extent[T]]
    nearly: Callable[[str], Extent[T]]

    def interval(self, literal: Literal) -> tuple[T, T]:
        """Return the first value that passes and the first one above that does not."""
        text = literal.exact()
        match literal.comparison:
            case "<":
                return self.lowest, self.extent(text).start
            case "<=":
                return self.lowest, self.extent(text).end
            case ">":
                return self.extent(text).end, self.highest
            case ">=":
                return self.extent(text).start, self.highest
        start, dots, end = text.partition("..")
        if not dots:
            equal = self.nearly(text)
            return equal.start, equal.end
        if not start and not end:
            raise BadValueError("needs at least one end of the range")
        low = self.extent(start).start if start else self.lowest
        high = self.extent(end).end if end else self.highest
        if _is_backwards(low, high):
            raise BadValueError("must not end before it begins")
        return low, high

    def read(self, literal: Literal) -> tuple[Test, ...]:
        """Read a value, a comparison or a range."""
        low, high = self.interval(literal)
        return (Interval(low, high),)


def _is_backwards(low: Any, high: Any) -> bool:
    """Whether a range cannot hold anything; with `Ago` in it, that depends on the time of use."""
    return not isinstance(low, Ago) and not isinstance(high, Ago) and bool(low > high)


_NUMBER: Final = re.compile(r"(-?[0-9]{1,15}(?:\.([0-9]{1,15}))?)\s*([a-zA-Z]*)")


def _finite(text: str) -> float | None:
    """Return the number that `text` is, without a unit."""
    found = _NUMBER.fullmatch(text)
    return float(found[1]) if found and not found[3] else None


def _numbers(example: str, units: Mapping[str, float]) -> Scale[float]:
    """Return the scale of numbers that may have a unit. What rounds to a number is equal to it."""

    def split(text: str) -> tuple[float, float]:
        found = _NUMBER.fullmatch(text)
        factor = {"": 1.0, **units}.get(found[3].lower()) if found else None
        if not found or factor is None:
            raise BadValueError(f"must be a number such as {example}, or a range of them")
        step = 10.0 ** -len(found[2] or "")
        return float(found[1]) * factor, step * factor

    def extent(text: str) -> Extent[float]:
        value, _ = split(text)
        return Extent(value, math.nextafter(value, math.inf))

    def nearly(text: str) -> Extent[float]:
        value, step = split(text)
        return Extent(value - step / 2, value + step / 2)

    return Scale(-math.inf, math.inf, extent, nearly)


_PLAIN_NUMBERS: Final = _numbers("4", {})

_CLOCK: Final = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,5}):([0-5][0-9])")
_SPAN: Final = re.compile(r"(?=[0-9])(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,7})s?)?")


def _duration(text: str) -> Extent[float]:
    """Read a length as whole seconds, the way players show it; in milliseconds."""
    found = _CLOCK.fullmatch(text) or _SPAN.fullmatch(text.lower())
    if not found:
        raise BadValueError("must be a length such as 3:30, 210 or 3m30s, or a range of them")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    start = 1_000.0 * (3_600 * hours + 60 * minutes + seconds)
    return Extent(start, start + 1_000)


_FIRST_DATE: Final = "0"
_BEYOND: Final = "~"
"""Sorts after everything that a date may go on with."""


def _year(text: str) -> Extent[str]:
    if not re.fullmatch("[0-9]{1,4}", text) or int(text) == 0:
        raise BadValueError("must be a year such as 1999, or a range such as 1990..1999")
    return Extent(text.zfill(4), text.zfill(4) + _BEYOND)


def _date(text: str) -> Extent[str]:
    if _partial_date(text) is None:
        raise BadValueError(
            "must be a date such as 1999, 1999-03 or 1999-03-08, or a range of them"
        )
    return Extent(text, text + _BEYOND)


def _partial_date(text: str) -> tuple[date, int] | None:
    """Return the first day of a year, month or day, and how many parts of it are given."""
    if not re.fullmatch("[0-9]{4}(?:-[0-9]{2}){0,2}", text):
        return None
    parts = [int(part) for part in text.split("-")]
    try:
        return date(parts[0], *[*parts[1:], 1, 1][:2]), len(parts)
    except ValueError:
        return None


Instant = datetime | Ago

_FIRST_INSTANT: Final = datetime.min.replace(tzinfo=UTC)
_LAST_INSTANT: Final = datetime.max.replace(tzinfo=UTC)
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2})?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_AGO: Final = re.compile("-([0-9]{1,5})([hdwmy])")
_AGO_UNITS: Final = {"h": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "y": 365 * 24}


def _instant(text: str) -> Extent[Instant]:
    """Read a point or period of time; what does not name its zone is UTC."""
    if ago := _AGO.fullmatch(text.lower()):
        moment = Ago(timedelta(hours=int(ago[1]) * _AGO_UNITS[ago[2]]))
        return Extent(moment, moment)
    return _moment(text)


def _moment(text: str) -> Extent[Instant]:
    try:
        if partial := _partial_date(text):
            first, parts = partial
            start = datetime(first.year, first.month, first.day, tzinfo=UTC)
            return Extent(start, _after_period(start, parts))
        if found := _INSTANT.fullmatch(text):
            moment = datetime.fromisoformat(text.upper())
            start = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
            return Extent(start, start + timedelta(seconds=1 if found[1] else 60))
    except (ValueError, OverflowError):
        pass
    raise BadValueError(
        "must be a time such as 2024, 2024-03, 2024-03-08, 2024-03-08T10:00Z or -7d"
    )


def _after_period(start: datetime, parts: int) -> datetime:
    """Return the end of the year, month or day that begins at `start`."""
    try:
        if parts == 3:
            return start + timedelta(days=1)
        if parts == 2 and start.month < 12:
            return start.replace(month=start.month + 1)
        return start.replace(year=start.year + 1, month=1)
    except (ValueError, OverflowError):
        return _LAST_INSTANT


def _single_moment(text: str) -> Extent[Instant]:
    if _AGO.fullmatch(text.lower()):
        raise BadValueError(f"must be a range when it counts from now, such as {text}..")
    return _moment(text)


_INSTANTS: Final[Scale[Instant]] = Scale(_FIRST_INSTANT, _LAST_INSTANT, _instant, _single_moment)


def number(example: str, units: Mapping[str, float] | None = None) -> Kind:
    """Return the kind of numbers that may have one of `units` behind them, each with its factor."""
    return Kind("number", _numbers(example, units or {}).read)


def choice(*names: str) -> Kind:
    """Return the kind of values that are one of `names`, in either case."""

    def read(literal: Literal) -> tuple[Test, ...]:
        value = literal.plain().upper()
        if value not in names:
            raise BadValueError(f"must be one of {', '.join(name.lower() for name in names)}")
        return (Value(value),)

    return Kind("choice", read)


WORDS: Final = Kind("words", _words)
TEXT: Final = Kind("text", _text)
NAME: Final = Kind("name", _name)
ID: Final = Kind("id", _id)
ID_OR_NAME: Final = Kind("id or name", _id_or_name)
ISRC: Final = Kind("code", _isrc)
BOOLEAN: Final = Kind("yes or no", _boolean)
KEY: Final = Kind("key", _key)
COMPATIBLE_KEY: Final = Kind("key", _compatible_keys)
SOURCE: Final = Kind("source", _source)
TAG: Final = Kind("tag", _tag)
PRESENCE: Final = Kind("presence", _presence)
DURATION: Final = Kind("length", Scale(-math.inf, math.inf, _duration, _duration).read)
YEAR: Final = Kind("year", Scale(_FIRST_DATE, _BEYOND, _year, _year).read)
DATE: Final = Kind("date", Scale(_FIRST_DATE, _BEYOND, _date, _date).read)
TIME: Final = Kind("time", _INSTANTS.read)
