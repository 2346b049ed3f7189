"""What PostgreSQL refuses, in the catalogue's own words.

Decided by SQLSTATE and by the name of the constraint, never by the text of a message, which depends
on the server's language. Stores that can say more about a constraint catch the driver's error
themselves, with `constraint_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import errors as pg
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from service.errors import (
    Aborted,
    AlreadyExists,
    DeadlineExceeded,
    DomainError,
    FailedPrecondition,
    Unavailable,
)

RETRYABLE: Final = (pg.SerializationFailure, pg.DeadlockDetected)
"""The transaction did nothing wrong but meet another one: the same again will do."""

# Looked up along the MRO of the error. No word of the driver's goes on: names of tables and
# constraints are internal.
_MEANINGS: Final[Mapping[type[BaseException], Callable[[], DomainError]]] = {
    **dict.fromkeys(RETRYABLE, Aborted),
    pg.LockNotAvailable: lambda: Aborted("another change holds the same rows for too long"),
    pg.QueryCanceled: DeadlineExceeded,
    pg.UniqueViolation: lambda: AlreadyExists(
        "resource", "", "a resource with the same identity exists"
    ),
    pg.ForeignKeyViolation: lambda: FailedPrecondition(
        "a resource that this one refers to is gone, or this one is still in use"
    ),
    **dict.fromkeys(
        (
            # A full pool is no quota of the caller: the same call will do in a moment, elsewhere at
            # once. Clients repeat UNAVAILABLE by themselves, and most repeat nothing else.
            PoolTimeout,
            TooManyRequests,
            PoolClosed,
            pg.AdminShutdown,
            pg.CrashShutdown,
            pg.CannotConnectNow,
            pg.TooManyConnections,
            pg.ReadOnlySqlTransaction,
            pg.IdleInTransactionSessionTimeout,
            pg.UndefinedTable,  # not migrated yet, or being restored
        ),
        Unavailable,
    ),
}


def constraint_of(error: psycopg.Error) -> str:
    """Return the name of the violated constraint or unique index, or "" when there is none."""
    return error.diag.constraint_name or ""


@contextmanager
def translated() -> Iterator[None]:
    """Let domain errors out instead of the driver's; unknown ones pass, as faults of ours."""
    try:
        yield
    except psycopg.Error as error:
        known = _translate(error)
        if known is None:
            raise
        raise known from error


def _translate(error: psycopg.Error) -> DomainError | None:
    for known in type(error).__mro__:
        if known in _MEANINGS:
            return _MEANINGS[known]()
    # The connection broke or could not be made (class 08, or no answer from the server at all).
    if isinstance(error, psycopg.OperationalError) and (error.sqlstate or "08")[:2] == "08":
        return Unavailable()
    return None
