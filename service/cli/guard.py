"""Brings the embedded PostgreSQL back when it dies under the service.

Nobody else does: it is a child of no process, and a supervisor sees only the service. So a thread
looks twice a second. When PostgreSQL cannot be started, the service ends, and whoever supervises it
takes over.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from types import TracebackType
from typing import Final, Self

from service.database.embedded import EmbeddedError, EmbeddedPostgres

_LOG: Final = logging.getLogger(__name__)

_INTERVAL: Final = 0.5
"""Seconds between two looks, and between two attempts to start."""

_ATTEMPTS: Final = 5


class Guard:
    """Watches over `postgres` during the block, or until `rest`."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self.gave_up = False
        """Whether the last of several attempts to start PostgreSQL has failed."""

        self._postgres = postgres
        self._resting = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.rest()
        self._thread.join()

    def rest(self) -> None:
        """Let PostgreSQL be from now on: the service is about to stop it. Returns at once."""
        self._resting.set()

    def _watch(self) -> None:
        failures = 0
        while not self._resting.wait(_INTERVAL):
            failures = 0 if self._is_well() else failures + 1
            if failures == _ATTEMPTS:
                self._give_up()
                return

    def _is_well(self) -> bool:
        """Whether PostgreSQL runs, after an attempt to start it if it did not."""
        try:
            if self._postgres.revive():
                _LOG.warning("PostgreSQL had died and was started again")
        except EmbeddedError as error:
            _LOG.warning("PostgreSQL died and cannot be started again: %s", error)
            return False
        return True

    def _give_up(self) -> None:
        _LOG.error("PostgreSQL could not be started %d times in a row: the service ends", _ATTEMPTS)
        self.gave_up = True
        os.kill(os.getpid(), signal.SIGTERM)
