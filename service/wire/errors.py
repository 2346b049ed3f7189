"""Whatever a call raises, its client gets a status, never the text of an unforeseen exception."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final, NoReturn

import grpc
from google.rpc.status_pb2 import Status
from uuid_utils.compat import uuid7

from service.correlation import current_call
from service.errors import DomainError
from service.wire.router import Call, Context, Method
from service.wire.status import internal_status, retry_after, to_status

_LOG: Final = logging.getLogger(__name__)
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}
_GRPC_ERRORS: Final = (grpc.aio.AbortError, grpc.aio.InternalError)
"""The call is already answered, or there is nobody left to answer."""


def errors(method: Method, call: Call) -> Call:
    """Turn exceptions into statuses."""

    async def answered(request: Any, context: Context) -> Any:
        try:
            return await call(request, context)
        except DomainError as error:
            _note_reason(error.reason)
            status, hints = to_status(error), _retry_hints(error)
        except _GRPC_ERRORS:
            raise
        except (Exception, asyncio.CancelledError) as error:
            if _cancelled_from_outside(error):
                raise
            status, hints = unforeseen(method.path, error), ()
        return await _abort(context, status, hints)

    return answered


def unforeseen(where: str, error: BaseException) -> Status:
    """Log `error` with its traceback under a new id; return the status that names only the id."""
    error_id = str(uuid7())
    _LOG.error("unexpected error in %s", where, exc_info=error, extra={"error_id": error_id})
    _note_reason(DomainError.reason)
    return internal_status(error_id)


def _cancelled_from_outside(error: BaseException) -> bool:
    """Tell whether the client is gone, its deadline has passed, or the server stops.

    gRPC takes any CancelledError for that and sends nothing; after one that the call itself raised
    the client would wait forever.
    """
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _note_reason(reason: str) -> None:
    if record := current_call.get():
        record.reason = reason


def _retry_hints(error: DomainError) -> tuple[tuple[str, str], ...]:
    """Return the retry hint that gRPC clients themselves understand, if there is one."""
    delay = retry_after(error)
    if delay is None:
        return ()
    return (("grpc-retry-pushback-ms", str(int(delay.total_seconds() * 1_000))),)


async def _abort(context: Context, status: Status, hints: tuple[tuple[str, str], ...]) -> NoReturn:
    details = ("grpc-status-details-bin", status.SerializeToString())
    await context.abort(
        _CODES[status.code],
        status.message,
        (*context.trailing_metadata(), details, *hints),
    )
