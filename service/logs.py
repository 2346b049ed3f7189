"""Logs go to stderr, as text for people or as one JSON object a line for machines.

Each line that is written on behalf of a request carries its id.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import Final, Literal

from pythonjsonlogger.json import JsonFormatter

from service.correlation import request_id

_TEXT: Final = "%(asctime)s %(levelname)s [%(process)d] %(name)s: %(message)s"
_JSON: Final = "%(asctime)s %(levelname)s %(process)d %(name)s %(message)s"
_JSON_NAMES: Final = {"asctime": "time", "levelname": "level", "name": "logger", "process": "pid"}

_POOL_REPEATS_AFTER: Final = 60.0
"""Seconds."""


def configure(level: str, form: Literal["auto", "json", "text"]) -> None:
    """Send everything from `level` up to stderr; replaces what was configured before.

    `auto` is text on a terminal, and JSON anywhere else.
    """
    if form == "auto":
        form = "text" if sys.stderr.isatty() else "json"
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_add_request_id)
    handler.setFormatter(_TextFormatter(_TEXT) if form == "text" else _json_formatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    _calm_pool()
    # Looking up the calling line and the thread is a third of a log call, and nobody prints them.
    logging.logThreads = False
    logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - the switch that the library documents


def _calm_pool() -> None:
    """Let the pool say why it cannot connect, but not at each of its attempts."""
    pool = logging.getLogger("psycopg.pool")
    pool.setLevel(logging.WARNING)
    pool.filters = [_Seldom()]


class _Seldom(logging.Filter):
    """Lets one record of a kind through a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        is_due = now >= self._next.get(record.msg, 0)
        if is_due:
            self._next[record.msg] = now + _POOL_REPEATS_AFTER
        return is_due


def _add_request_id(record: logging.LogRecord) -> bool:
    if current := request_id():
        record.request_id = current
    return True


def _json_formatter() -> JsonFormatter:
    formatter = JsonFormatter(_JSON, rename_fields=_JSON_NAMES)
    formatter.default_msec_format = "%s.%03d"
    return formatter


class _TextFormatter(logging.Formatter):
    """Puts the request id behind the message."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        current = getattr(record, "request_id", "")
        return f"{line} (request {current})" if current else line
