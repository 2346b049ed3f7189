"""What a failed call says, read as a client reads it: from the status in the trailers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

_USUAL_REASONS: Final = {grpc.StatusCode.INVALID_ARGUMENT: "INVALID_FIELD"}


@dataclass
class Failure:
    """A failed call; filled in when the block that expects it has ended."""

    message: str = ""
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)


@contextmanager
def raises_status(
    code: grpc.StatusCode,
    *,
    reason: str = "",
    field: str = "",
    metadata: Mapping[str, str] | None = None,
) -> Iterator[Failure]:
    """Expect the one call in the block to fail with `code`.

    `reason` is that of ErrorInfo, by default the one that goes with the code; `field` must be among
    the violations of BadRequest; `metadata` must be a part of ErrorInfo's.
    """
    failure = Failure()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield failure
    error = caught.value
    assert error.code() is code, error
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert isinstance(status, Status), f"no details: {error}"
    _read(status, failure)
    assert failure.reason == (reason or _USUAL_REASONS.get(code, code.name)), status
    assert not field or field in failure.fields, status
    assert (metadata or {}).items() <= failure.metadata.items(), status


def _read(status: Status, failure: Failure) -> None:
    failure.message = status.message
    for packed in status.details:
        info, bad_request = ErrorInfo(), BadRequest()
        if packed.Unpack(info):
            assert info.domain == "fonoteca"
            failure.reason = info.reason
            failure.metadata = dict(info.metadata)
        elif packed.Unpack(bad_request):
            failure.fields = [violation.field for violation in bad_request.field_violations]
