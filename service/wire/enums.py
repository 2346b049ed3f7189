"""Enums are stored by name, without the prefix of all names of an enum: ALBUM_TYPE_LIVE is LIVE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from service.validation import Check

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper as EnumType

V = TypeVar("V", bound=int)


class EnumNames(Generic[V]):
    """The names of one protobuf enum as they are stored.

    `default` is the stored name of the value 0, which a caller leaves when it says nothing.
    """

    def __init__(self, enum: EnumType[V], default: str = "UNSPECIFIED") -> None:
        prefix = enum.Name(enum.values()[0]).removesuffix("UNSPECIFIED")
        self._numbers = {name.removeprefix(prefix): number for name, number in enum.items()}
        self._names: dict[int, str] = {number: name for name, number in self._numbers.items()}
        self._names[0] = default
        self._full_name = enum.DESCRIPTOR.full_name

    def decode(self, check: Check, field: str, value: int) -> str:
        """Return the stored name of a value that a caller sent."""
        name = self._names.get(value)
        if name is None:
            check.fail(field, f"{value} is no value of {self._full_name}")
            return self._names[0]
        return name

    def decode_required(self, check: Check, field: str, value: int) -> str:
        """Return the stored name of a value that a caller must send."""
        if not value:
            check.fail(field, "is required")
        return self.decode(check, field, value)

    def encode(self, name: str) -> V:
        """Return the value of a stored name."""
        return self._numbers[name]
