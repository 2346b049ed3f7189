"""The messages of types.proto that tracks, artists and albums share, read and written in one place.

Each `decode_*` takes the name of the field as seen from its caller; `Check` puts the rest of the
path before it, and only when something is wrong: an import reads millions of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from fonoteca.v1 import types_pb2 as pb
from service.artists.model import MAX_CREDITS, MAX_JOIN_PHRASE, MAX_NAME, CreditedName
from service.sources import MAX_SOURCE_ID, MAX_SOURCE_URI, MAX_SOURCES, Source
from service.validation import Check
from service.wire.encoding import timestamp
from service.wire.enums import EnumNames

_ROLES: Final = EnumNames(pb.CreditRole, default="PRIMARY")
_SOURCE_TYPE: Final = re.compile(r"[a-z0-9._-]{1,50}")
_LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_MAX_LANGUAGE_TAG: Final = 35
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS: Final = 1_000_000_000


def decode_timestamp(check: Check, field: str, message: Message, name: str) -> datetime | None:
    """Read the instant that `message` has as `name`, cut to microseconds; None when unset."""
    if not message.HasField(name):
        return None
    given: Timestamp = getattr(message, name)
    try:
        if 0 <= given.nanos < _NANOS:
            return _EPOCH + timedelta(seconds=given.seconds, microseconds=given.nanos // 1_000)
    except OverflowError:
        pass
    check.fail(field, "must be a time between the years 1 and 9999, with 0 to 999,999,999 nanos")
    return None


def decode_partial_date(check: Check, field: str, message: pb.PartialDate) -> str | None:
    """Read a date as it is stored, such as "1999" or "1999-03"; None when the message is empty."""
    year, month, day = message.year, message.month, message.day
    if not (year or month or day):
        return None
    if not month:
        if not day and 1 <= year <= 9_999:
            return f"{year:04}"
    elif day:
        if _exists(year, month, day):
            return f"{year:04}-{month:02}-{day:02}"
    elif _exists(year, month, 1):
        return f"{year:04}-{month:02}"
    check.fail(field, _what_is_wrong(year, month, day))
    return None


def encode_partial_date(text: str) -> pb.PartialDate:
    """Return a stored date as a message."""
    # "1999-03-08" by position: a date is cut short, never padded.
    return pb.PartialDate(year=int(text[:4]), month=int(text[5:7] or 0), day=int(text[8:10] or 0))


def decode_language_tag(check: Check, field: str, value: str) -> str:
    """Read a BCP 47 tag such as "pt-BR", or nothing."""
    if value and (len(value) > _MAX_LANGUAGE_TAG or not _LANGUAGE_TAG.fullmatch(value)):
        check.fail(field, "must be a BCP 47 tag such as pt-BR, at most 35 characters")
    return value


def decode_source(check: Check, field: str, message: pb.ExternalSource) -> Source:
    """Read the place of something in another system."""
    return check.within(field, _source, message)


def decode_sources(
    check: Check, field: str, messages: Sequence[pb.ExternalSource]
) -> tuple[Source, ...]:
    """Read a list of places, of which no two are the same."""
    sources = check.each(field, _source, messages, most=MAX_SOURCES)
    if len(sources) > 1 and len({(source.type, source.id) for source in sources}) < len(sources):
        check.fail(field, "must not hold the same type and id twice")
    return sources


def encode_source(source: Source) -> pb.ExternalSource:
    """Return the place of something in another system as a message."""
    return pb.ExternalSource(
        type=source.type,
        id=source.id,
        uri=source.uri,
        unavailable=source.unavailable,
        sync_time=timestamp(source.synced_at) if source.synced_at else None,
    )


def encode_sources(sources: Iterable[Source]) -> list[pb.ExternalSource]:
    """Return places in other systems as messages."""
    return [encode_source(source) for source in sources]


def decode_credit(check: Check, field: str, message: pb.CreditedName) -> CreditedName:
    """Read one name of a credit."""
    return check.within(field, _credit, message)


def decode_credits(
    check: Check, field: str, messages: Sequence[pb.CreditedName]
) -> tuple[CreditedName, ...]:
    """Read an artist credit."""
    return check.each(field, _credit, messages, most=MAX_CREDITS)


def encode_credit(name: CreditedName) -> pb.CreditedName:
    """Return one name of a credit as a message."""
    return pb.CreditedName(
        artist_id=str(name.artist_id) if name.artist_id else "",
        name=name.name,
        join_phrase=name.join_phrase,
        role=_ROLES.encode(name.role),
    )


def encode_credits(names: Iterable[CreditedName]) -> list[pb.CreditedName]:
    """Return an artist credit as messages."""
    return [encode_credit(name) for name in names]


def _source(check: Check, message: pb.ExternalSource) -> Source:
    if not _SOURCE_TYPE.fullmatch(message.type):
        check.fail("type", 'must be 1 to 50 lower-case letters, digits, ".", "_" or "-"')
    return Source(
        message.type,
        check.text("id", message.id, max_length=MAX_SOURCE_ID, required=True),
        check.text("uri", message.uri, max_length=MAX_SOURCE_URI),
        message.unavailable,
        decode_timestamp(check, "sync_time", message, "sync_time"),
    )


def _credit(check: Check, message: pb.CreditedName) -> CreditedName:
    artist_id, name = message.artist_id, message.name
    if name or not artist_id:
        name = check.text("name", name, max_length=MAX_NAME, required=True)
    return CreditedName(
        check.optional_uuid("artist_id", artist_id),
        name,
        check.text("join_phrase", message.join_phrase, max_length=MAX_JOIN_PHRASE),
        _ROLES.decode(check, "role", message.role),
    )


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except (ValueError, OverflowError):
        return False
    return True


def _what_is_wrong(year: int, month: int, day: int) -> str:
    if not 1 <= year <= 9_999:
        return f"needs a year from 1 to 9999, has {year}"
    if not month:
        return "must not have a day without a month"
    if not 1 <= month <= 12:
        return f"needs a month from 1 to 12, or 0, has {month}"
    return f"{year:04}-{month:02} has no day {day}"
