"""One table decides which status and which details a client sees for a domain error.

Details travel in HTTP/2 trailers, which clients refuse above 8 KiB, and then the error itself is
lost. So every text is cut, and the whole stays below `MAX_STATUS_BYTES` (base64 and the message,
which is sent a second time, come on top).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import (
    BadRequest,
    ErrorInfo,
    PreconditionFailure,
    QuotaFailure,
    ResourceInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status

from service import errors
from service.errors import DomainError

DOMAIN: Final = "fonoteca"
MAX_STATUS_BYTES: Final = 4_000
INTERNAL_MESSAGE: Final = "The server failed unexpectedly; its log has the cause under the error id"

_MAX_MESSAGE_BYTES: Final = 400
_MAX_TEXT_BYTES: Final = 200
_MAX_METADATA: Final = 8
_CONFLICT_RETRY: Final = timedelta(milliseconds=50)

_Detail = Callable[[Any], Message | None]


@dataclass(frozen=True, slots=True)
class _Rule:
    code: grpc.StatusCode
    details: Sequence[_Detail]


def to_status(error: DomainError) -> Status:
    """Return what a client may know of `error`: code, message and `google.rpc` details."""
    rule = _rule(type(error))
    status = _status(rule.code, error.message, error.reason, error.metadata)
    for make in rule.details:
        if detail := make(error):
            status.details.add().Pack(detail)
    return status


def internal_status(error_id: str) -> Status:
    """Return the answer to an error that nobody foresaw, which is in the log under `error_id`."""
    return _status(
        grpc.StatusCode.INTERNAL, INTERNAL_MESSAGE, DomainError.reason, {"error_id": error_id}
    )


def retry_after(error: DomainError) -> timedelta | None:
    """Return how long a client should wait before it sends the same call again, if it may."""
    if isinstance(error, errors.Aborted):
        return _CONFLICT_RETRY
    if isinstance(error, (errors.Unavailable, errors.ResourceExhausted)):
        return error.retry_after
    return None


def _status(code: grpc.StatusCode, message: str, reason: str, metadata: dict[str, str]) -> Status:
    number: int = code.value[0]
    status = Status(code=number, message=cut(message, _MAX_MESSAGE_BYTES))
    shown = list(metadata.items())[:_MAX_METADATA]
    info = ErrorInfo(
        reason=reason,
        domain=DOMAIN,
        metadata={cut(key, 64): cut(value, _MAX_TEXT_BYTES) for key, value in shown},
    )
    status.details.add().Pack(info)
    return status


def cut(text: str, limit: int) -> str:
    """Return `text` in at most `limit` bytes of UTF-8; what cannot be encoded becomes `?`."""
    data = text.encode(errors="replace")
    if len(data) <= limit:
        return data.decode()
    return data[: limit - 3].decode(errors="ignore") + "…"


def _bad_request(error: errors.InvalidInput) -> Message:
    detail = BadRequest()
    room = MAX_STATUS_BYTES - _MAX_MESSAGE_BYTES - 2 * _MAX_TEXT_BYTES
    for number, violation in enumerate(error.violations):
        field = cut(violation.field, _MAX_TEXT_BYTES)
        description = cut(violation.description, _MAX_TEXT_BYTES)
        room -= len(field.encode()) + len(description.encode()) + 8
        if room < 0:
            more = len(error.violations) - number
            detail.field_violations.add(description=f"and {more} more violations")
            break
        detail.field_violations.add(field=field, description=description)
    return detail


def _resource(error: errors.NotFound | errors.AlreadyExists) -> Message:
    return ResourceInfo(
        resource_type=cut(error.kind, _MAX_TEXT_BYTES),
        resource_name=cut(error.identifier, _MAX_TEXT_BYTES),
        description=cut(error.message, _MAX_TEXT_BYTES),
    )


def _precondition(error: errors.FailedPrecondition) -> Message:
    violation = PreconditionFailure.Violation(
        type=error.reason, description=cut(error.message, _MAX_TEXT_BYTES)
    )
    return PreconditionFailure(violations=[violation])


def _quota(error: errors.ResourceExhausted) -> Message:
    violation = QuotaFailure.Violation(
        subject=cut(error.metadata.get("limit", ""), _MAX_TEXT_BYTES),
        description=cut(error.message, _MAX_TEXT_BYTES),
    )
    return QuotaFailure(violations=[violation])


def _retry(error: DomainError) -> Message | None:
    delay = retry_after(error)
    if delay is None:
        return None
    info = RetryInfo()
    info.retry_delay.FromTimedelta(delay)
    return info


_TABLE: Final[dict[type[DomainError], _Rule]] = {
    errors.InvalidInput: _Rule(grpc.StatusCode.INVALID_ARGUMENT, (_bad_request,)),
    errors.NotFound: _Rule(grpc.StatusCode.NOT_FOUND, (_resource,)),
    errors.AlreadyExists: _Rule(grpc.StatusCode.ALREADY_EXISTS, (_resource,)),
    errors.FailedPrecondition: _Rule(grpc.StatusCode.FAILED_PRECONDITION, (_precondition,)),
    errors.EtagMismatch: _Rule(grpc.StatusCode.ABORTED, ()),
    errors.VersionMismatch: _Rule(grpc.StatusCode.ABORTED, ()),
    errors.Aborted: _Rule(grpc.StatusCode.ABORTED, (_retry,)),
    errors.ResourceExhausted: _Rule(grpc.StatusCode.RESOURCE_EXHAUSTED, (_quota, _retry)),
    errors.Unavailable: _Rule(grpc.StatusCode.UNAVAILABLE, (_retry,)),
    errors.DeadlineExceeded: _Rule(grpc.StatusCode.DEADLINE_EXCEEDED, ()),
    DomainError: _Rule(grpc.StatusCode.INTERNAL, ()),
}


def _rule(error_type: type[DomainError]) -> _Rule:
    return next(_TABLE[base] for base in error_type.__mro__ if base in _TABLE)
