"""Lists as PostgreSQL arrays, in a fraction of the driver's time.

Every statement for many rows takes arrays. The driver writes them item by item, through adapters;
for the two kinds that make up nearly all of them, text and UUIDs, one pass over the list will do.

No list says what type it has, for the statements do: otherwise a list of nothing but NULL, or of
larger numbers, would make another statement of the same text, which is parsed and planned again.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from psycopg.abc import Buffer, DumperKey
from psycopg.adapt import PyFormat
from psycopg.types.array import BaseListDumper, ListDumper

_NULL: Final = type(None)
_UNKNOWN: Final = 0
"""The OID of no type: PostgreSQL then takes that to which the parameter is cast."""


class FastListDumper(ListDumper):
    """Dumps flat lists of text or UUIDs at once; all others as the driver does."""

    def get_key(self, obj: list[Any], format_: PyFormat) -> DumperKey:
        """Return what lists have in common that one dumper can dump."""
        return self.cls if _kind_of(obj) else super().get_key(obj, format_)

    def upgrade(self, obj: list[Any], format_: PyFormat) -> BaseListDumper:
        """Return the dumper of a list."""
        if _kind_of(obj):
            return self
        dumper = super().upgrade(obj, format_)
        dumper.oid = _UNKNOWN
        return dumper

    def dump(self, obj: list[Any]) -> Buffer | None:
        """Return the list in the text form of arrays."""
        kind = _kind_of(obj)
        if kind is str:
            return f"{{{','.join(map(_quoted, obj))}}}".encode()
        if kind is UUID:
            return f"{{{','.join(map(_digits, obj))}}}".encode()
        return super().dump(obj)


def _kind_of(items: list[Any]) -> type[Any] | None:
    """Return whether items are all text or all UUIDs; those that are NULL alone are any."""
    kinds = set(map(type, items))
    kinds.discard(_NULL)
    if kinds == {str}:
        return str
    return UUID if kinds <= {UUID} else None


def _quoted(text: str | None) -> str:
    if text is None:
        return "NULL"
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _digits(item: UUID | None) -> str:
    # PostgreSQL reads a UUID without hyphens too, and this is twice as fast as str().
    return "NULL" if item is None else f"{item.int:032x}"
