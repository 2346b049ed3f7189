"""Small conversions between the catalogue's types and the messages that every servicer needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from service.errors import EtagMismatch
from service.libraries.model import DEFAULT_LIBRARY_ID
from service.validation import Check

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def timestamp(moment: datetime) -> Timestamp:
    """Return `moment`, which must know its zone, as a message."""
    seconds, microseconds = divmod((moment - _EPOCH) // _MICROSECOND, 1_000_000)
    return Timestamp(seconds=seconds, nanos=microseconds * 1_000)


def moment(message: Timestamp) -> datetime:
    """Return the instant that a message of this server holds."""
    return _EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1_000)


def duration(milliseconds: int) -> Duration:
    """Return a length of time as a message."""
    seconds, rest = divmod(milliseconds, 1_000)
    return Duration(seconds=seconds, nanos=rest * 1_000_000)


def etag(revision: int) -> str:
    """Return the etag of a revision, quoted as in HTTP."""
    return f'"{revision}"'


def revision_of(own_etag: str) -> int:
    """Return the revision of an etag that this server has made."""
    return int(own_etag.strip('"'))


def require_etag(given: str, revision: int) -> None:
    """Raise `EtagMismatch` when an etag was given and is not that of the current revision."""
    if given and given != etag(revision):
        raise EtagMismatch(etag(revision))


def library_or_default(check: Check, field: str, value: str) -> UUID:
    """Read the library that something new belongs to: the one named, else "default"."""
    return check.optional_uuid(field, value) or DEFAULT_LIBRARY_ID
