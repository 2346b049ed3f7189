"""Every call gets a request id, and is watched from its arrival to its end.

The id is the client's `x-request-id` when that is short printable ASCII, else a new UUIDv7; it is
sent back in the trailing metadata. Observers (the access log, the metrics) are told how each call
ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import grpc
from uuid_utils.compat import uuid7

from service.correlation import CallRecord, current_call
from service.wire.router import Call, Context, Layer, Method

REQUEST_ID_HEADER: Final = "x-request-id"
_MAX_REQUEST_ID: Final = 128


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended. `reason` is empty when it succeeded or nobody was told why not.

    `deadline` is what the client allowed in seconds, counted from the arrival, or None.
    """

    code: grpc.StatusCode
    reason: str
    seconds: float
    deadline: float | None
    peer: str


class Observer(Protocol):
    """Watches the calls of all methods."""

    def started(self, method: Method) -> None:
        """Note that a call has arrived."""

    def ended(self, method: Method, ending: Ending) -> None:
        """Note that it has ended."""


def observation(observers: Sequence[Observer]) -> Layer:
    """Return the layer that opens the call's record and reports to `observers`."""

    def layer(method: Method, call: Call) -> Call:
        async def observed(request: Any, context: Context) -> Any:
            record = CallRecord(_request_id(context))
            current_call.set(
                record
            )  # never reset: each call has a task, and so a context, of its own
            context.set_trailing_metadata(((REQUEST_ID_HEADER, record.request_id),))
            deadline = context.time_remaining()
            start = time.perf_counter()
            for observer in observers:
                observer.started(method)
            failure: BaseException | None = None
            try:
                return await call(request, context)
            except BaseException as error:
                failure = error
                raise
            finally:
                code = _code(context, failure)
                seconds = time.perf_counter() - start
                ending = Ending(code, record.reason, seconds, deadline, context.peer())
                for observer in observers:
                    observer.ended(method, ending)

        return observed

    return layer


def _request_id(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == REQUEST_ID_HEADER and isinstance(value, str) and _is_sane(value):
            return value
    return str(uuid7())


def _is_sane(request_id: str) -> bool:
    return (
        0 < len(request_id) <= _MAX_REQUEST_ID and request_id.isascii() and request_id.isprintable()
    )


def _code(context: Context, failure: BaseException | None) -> grpc.StatusCode:
    """Return the status of a call: what was sent, or what its client makes of getting nothing."""
    if failure is None or isinstance(failure, grpc.aio.AbortError):
        return context.code() or grpc.StatusCode.OK
    if isinstance(failure, asyncio.CancelledError) and context.time_remaining() == 0:
        return grpc.StatusCode.DEADLINE_EXCEEDED
    return grpc.StatusCode.CANCELLED
