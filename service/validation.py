"""Bad input is refused as a whole: every bad field is named in one answer.

A servicer makes one `Check`, reads each field of the request through it, and calls `done()` before
it touches a store. Each method returns the value in the catalogue's own type, or a harmless
stand-in when the field is bad, so that reading goes on to the next field; `done()` then raises
`InvalidInput` with everything that was found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from service.errors import FieldViolation, InvalidInput

DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 1_000
MAX_VIOLATIONS: Final = 50
"""Details travel in HTTP/2 trailers, which clients refuse above 8 KiB."""

MAX_DURATION_MS: Final = 2**31 - 1
"""24.8 days: the range of the `integer` column, and longer than any recording."""

NIL: Final = UUID(int=0)

_SHA256: Final = re.compile(r"[0-9a-f]{64}")

M = TypeVar("M")
T = TypeVar("T")


class Check:
    """Collects what is wrong with a request."""

    __slots__ = ("violations",)

    def __init__(self) -> None:
        self.violations: list[FieldViolation] = []

    def fail(self, field: str, description: str) -> None:
        """Note that `field` is bad."""
        self.violations.append(FieldViolation(field, description))

    def done(self) -> None:
        """Raise `InvalidInput` when anything was bad."""
        if not self.violations:
            return
        shown = self.violations[:MAX_VIOLATIONS]
        if len(self.violations) > MAX_VIOLATIONS:
            more = len(self.violations) - MAX_VIOLATIONS
            shown.append(FieldViolation("", f"and {more} more violations"))
        raise InvalidInput(shown)

    def within(self, field: str, read: Callable[[Check, M], T], message: M) -> T:
        """Read the message that `field` holds; `read` names fields as seen from inside it."""
        before = len(self.violations)
        value = read(self, message)
        if len(self.violations) > before:
            self._prefix(field, before)
        return value

    def each(
        self, field: str, read: Callable[[Check, M], T], messages: Sequence[M], *, most: int
    ) -> tuple[T, ...]:
        """Read the messages of the list `field`, at most `most` of them.

        Paths such as `tracks[3].credits[0].name` are put together only when something is wrong.
        """
        if len(messages) > most:
            self.fail(field, f"must have at most {most} entries, has {len(messages)}")
            return ()
        values = []
        for index, message in enumerate(messages):
            before = len(self.violations)
            values.append(read(self, message))
            if len(self.violations) > before:
                self._prefix(f"{field}[{index}]", before)
        return tuple(values)

    def _prefix(self, path: str, first: int) -> None:
        """Put `path` before the fields of the violations from the one with index `first` on."""
        for index, violation in enumerate(self.violations[first:], first):
            field = f"{path}.{violation.field}" if violation.field else path
            self.violations[index] = FieldViolation(field, violation.description)

    def uuid(self, field: str, value: str) -> UUID:
        """Read a required id: a UUID in its canonical form, 36 characters."""
        try:
            if len(value) == 36:
                return UUID(value)
        except ValueError:
            pass
        self.fail(field, "must be a UUID such as 01920000-0000-7000-8000-000000000000")
        return NIL

    def optional_uuid(self, field: str, value: str) -> UUID | None:
        """Read an id that may be left empty."""
        return self.uuid(field, value) if value else None

    def sha256(self, field: str, value: str) -> str:
        """Read a required hash: 64 lower-case hexadecimal digits."""
        if _SHA256.fullmatch(value):
            return value
        self.fail(field, "must be 64 lower-case hexadecimal digits")
        return ""

    def text(self, field: str, value: str, *, max_length: int, required: bool = False) -> str:
        """Read text of at most `max_length` characters, not NUL; `required` forbids blank text."""
        if len(value) > max_length:
            self.fail(field, f"must have at most {max_length} characters, has {len(value)}")
        elif "\0" in value:
            self.fail(field, "must not contain a NUL character")
        elif required and (not value or value.isspace()):
            self.fail(field, "must not be blank")
        else:
            return value
        return ""

    def whole(self, field: str, value: int, *, low: int, high: int) -> int:
        """Read a whole number between `low` and `high`, both included."""
        if low <= value <= high:
            return value
        self.fail(field, f"must be between {low} and {high}, is {value}")
        return low

    def number(self, field: str, value: float, *, low: float, high: float) -> float:
        """Read a finite number between `low` and `high`, both included."""
        if low <= value <= high:  # False for NaN
            return value
        self.fail(field, f"must be between {low:g} and {high:g}, is {value}")
        return low

    def milliseconds(self, field: str, seconds: int, nanos: int) -> int:
        """Read a `google.protobuf.Duration` as whole milliseconds, at most `MAX_DURATION_MS`."""
        total = seconds * 1_000 + nanos // 1_000_000
        if seconds < 0 or nanos < 0 or nanos > 999_999_999:
            self.fail(field, "must be a duration that is not negative")
        elif total > MAX_DURATION_MS:
            self.fail(field, f"must be at most {timedelta(milliseconds=MAX_DURATION_MS)}")
        else:
            return total
        return 0

    def page_size(
        self,
        value: int,
        field: str = "page_size",
        *,
        default: int = DEFAULT_PAGE_SIZE,
        most: int = MAX_PAGE_SIZE,
    ) -> int:
        """Read a page size: 0 means the default, more than the maximum means the maximum."""
        if value < 0:
            self.fail(field, "must not be negative")
        return min(value or default, most)
