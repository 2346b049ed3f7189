"""The id that ties a request to its log lines and to the changes it made.

The wire layer opens a `CallRecord` when a call arrives; whoever runs on behalf of that call (a
store writing a change record, a log line) reads the id from here without passing it along.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class CallRecord:
    """What is known of the call that is being answered.

    `reason` is filled in when the call fails: the reason that the client is told.
    """

    request_id: str
    reason: str = ""


current_call: ContextVar[CallRecord | None] = ContextVar("current_call", default=None)


def request_id() -> str:
    """Return the id of the request being answered, or an empty string outside of one."""
    record = current_call.get()
    return record.request_id if record else ""
