"""Of things that may be one, that of which most is known comes first."""

from __future__ import annotations

from google.protobuf.message import Message


def known(message: Message) -> int:
    """Return how much is known of a thing: fields that are set, and entries of lists."""
    return sum(len(value) if field.is_repeated else 1 for field, value in message.ListFields())
