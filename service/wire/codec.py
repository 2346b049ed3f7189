"""A request that does not decode is the client's mistake, and the answer says where it is.

gRPC would answer INTERNAL. Most such requests have a string field that is not UTF-8 (a lone
surrogate, Latin-1). The parser says no more than that it failed, so the bytes are walked once more,
as the unknown fields of an empty message, beside the descriptor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from service.errors import InvalidInput, invalid

_LENGTH_DELIMITED: Final = 2
_MAX_DEPTH: Final = 100
"""How deep the protobuf parser itself goes."""

_MAX_EXPLAINED_BYTES: Final = 512 * 1024
"""Walking this much takes about 0.1 s, during which nothing else is answered."""


def strict_decoder(decode: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    """Return `decode` (a generated `FromString`) with `InvalidInput` in place of `DecodeError`."""
    message_type = getattr(decode, "__self__", None)
    if (
        decode is None
        or not isinstance(message_type, type)
        or not issubclass(message_type, Message)
    ):
        return decode
    descriptor = cast("Descriptor", message_type.DESCRIPTOR)

    def strict(data: bytes) -> Any:
        try:
            return decode(data)
        except DecodeError:
            raise _explain(data, descriptor) from None

    return strict


def _explain(data: bytes, descriptor: Descriptor) -> InvalidInput:
    if len(data) <= _MAX_EXPLAINED_BYTES:
        try:
            if path := next(_not_utf8(data, descriptor, "", _MAX_DEPTH), None):
                return invalid(path, "must be valid UTF-8")
        except DecodeError:
            pass  # the message is broken as a whole, not in one string
    return invalid("request", f"must be an encoded {descriptor.full_name}")


def _not_utf8(data: bytes, descriptor: Descriptor, prefix: str, depth: int) -> Iterator[str]:
    """Yield the path of each string that is not UTF-8."""
    seen: Counter[int] = Counter()
    fields = UnknownFieldSet(Empty.FromString(data))
    for unknown in (fields[index] for index in range(len(fields))):
        field = descriptor.fields_by_number.get(unknown.field_number)
        if field is None or unknown.wire_type != _LENGTH_DELIMITED:
            continue
        path = prefix + field.name + (f"[{seen[field.number]}]" if field.is_repeated else "")
        seen[field.number] += 1
        if field.type == FieldDescriptor.TYPE_STRING and not _is_utf8(unknown.data):
            yield path
        elif field.message_type and depth:
            yield from _not_utf8(unknown.data, field.message_type, f"{path}.", depth - 1)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
