"""What can go wrong, in the catalogue's own words.

Nothing here knows of gRPC or of PostgreSQL: stores and servicers raise these, and
`service.wire.status` alone decides which status and which details a client sees. Every error
carries a `reason` (a value of `fonoteca.v1.ErrorReason` without its prefix) and `metadata`, which
together are the machine-readable half of the message: each word of the message that varies is in
the metadata too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


class DomainError(Exception):
    """The request could not be carried out."""

    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str = "", metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message or type(self).__doc__ or "")
        self.message = str(self)
        self.metadata: dict[str, str] = dict(metadata or {})


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One thing wrong with one field.

    `field` is the path as a client writes it (`track.title`, `tracks[3].isrc`); `description` says
    what is expected, in a sentence without the field's name.
    """

    field: str
    description: str


class InvalidInput(DomainError):
    """The request is malformed, whatever the state of the catalogue."""

    reason = "INVALID_FIELD"

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        super().__init__(f"{first.field}: {first.description}{more}", {"field": first.field})
        self.violations = tuple(violations)


def invalid(field: str, description: str) -> InvalidInput:
    """Return the error for a single bad field."""
    return InvalidInput([FieldViolation(field, description)])


class NotFound(DomainError):
    """The resource does not exist."""

    reason = "NOT_FOUND"

    def __init__(self, kind: str, identifier: object) -> None:
        super().__init__(
            f"{kind} {identifier} does not exist", {"kind": kind, "id": str(identifier)}
        )
        self.kind = kind
        self.identifier = str(identifier)


class AlreadyExists(DomainError):
    """A live resource with the same identity exists."""

    reason = "ALREADY_EXISTS"

    def __init__(self, kind: str, identifier: object, message: str = "") -> None:
        super().__init__(
            message or f"{kind} {identifier} already exists",
            {"kind": kind, "id": str(identifier)},
        )
        self.kind = kind
        self.identifier = str(identifier)


class FailedPrecondition(DomainError):
    """The catalogue is not in the state that the request needs."""

    reason = "FAILED_PRECONDITION"


class EtagMismatch(DomainError):
    """The resource has changed since the etag was read: read it again, then repeat the change."""

    reason = "ETAG_MISMATCH"

    def __init__(self, current_etag: str) -> None:
        super().__init__("", {"current_etag": current_etag})


class VersionMismatch(DomainError):
    """The list is not at the version that the request was made for: read it again."""

    reason = "VERSION_MISMATCH"

    def __init__(self, current_version: int) -> None:
        super().__init__("", {"current_version": str(current_version)})


class Aborted(DomainError):
    """The change lost a race with another one: repeat it."""

    reason = "CONFLICT"


class ResourceExhausted(DomainError):
    """A limit of the server was reached."""

    reason = "RESOURCE_EXHAUSTED"

    def __init__(
        self,
        message: str = "",
        metadata: Mapping[str, str] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message, metadata)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """The catalogue cannot be reached for the moment: the same call may succeed later."""

    reason = "UNAVAILABLE"

    def __init__(self, message: str = "", retry_after: timedelta = timedelta(seconds=1)) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeadlineExceeded(DomainError):
    """The deadline passed before the answer was there."""

    reason = "DEADLINE_EXCEEDED"
