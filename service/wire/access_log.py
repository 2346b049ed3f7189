"""One line a call: what was called, by whom, how it ended and how long it took. Never a payload."""

from __future__ import annotations

import logging
from typing import Final

from service.wire.observation import Ending
from service.wire.router import Method

_LOG: Final = logging.getLogger("fonoteca.access")


class AccessLog:
    """Logs the end of each call at INFO, of health checks and reflection at DEBUG."""

    def started(self, method: Method) -> None:
        """Do nothing: a call is logged when it has ended."""

    def ended(self, method: Method, ending: Ending) -> None:
        """Write the line."""
        level = logging.DEBUG if method.infrastructure else logging.INFO
        if not _LOG.isEnabledFor(level):
            return
        duration = round(ending.seconds * 1_000, 3)
        fields = {
            "method": method.path,
            "code": ending.code.name,
            "reason": ending.reason,
            "duration_ms": duration,
            "deadline_ms": None if ending.deadline is None else round(ending.deadline * 1_000),
            "peer": ending.peer,
        }
        _LOG.log(level, "%s %s %s ms", method.path, ending.code.name, duration, extra=fields)
