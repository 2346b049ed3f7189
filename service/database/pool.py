"""Connections, and the two ways to use one: `read` and `write`.

Reads run in autocommit: one statement is one snapshot, and no round trip is spent on BEGIN and
COMMIT. Writes run in one transaction that is repeated when it met another one; where it is made of
many small statements, those whose answers nobody awaits travel together. A cancelled caller
cancels its statement: psycopg does that, so a deadline needs no code here.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final, TypeVar

from psycopg import AsyncConnection, Error, IsolationLevel, OperationalError, sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from service.database.arrays import FastListDumper
from service.database.errors import RETRYABLE, translated
from service.settings import Settings

Connection = AsyncConnection[TupleRow]

T = TypeVar("T")

_ATTEMPTS: Final = 4
_AT_ONCE: Final = 0.01
"""Seconds. A connection that was idle a moment ago is not waited for any longer."""

_EXPORT: Final = "SELECT pg_export_snapshot()"
_ADOPT: Final = sql.SQL("SET TRANSACTION SNAPSHOT {}")
_START: Final = "SAVEPOINT start"
RESTART: Final = "ROLLBACK TO SAVEPOINT start"
"""Makes a snapshot usable again after an error: what it sees stays, and it has written nothing."""

_log = logging.getLogger(__name__)


class _WarmPool(AsyncConnectionPool[Connection]):
    """Lends what was given back last: its backend still has in the caches what a call needs.

    By itself the library lends what has rested longest, so that calls one after the other go round
    all connections, and a search takes a tenth longer.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pool = _LastFirst()

    def turn(self) -> None:
        """Let the connection that has rested longest be the next one."""
        self._pool.rotate()


class _LastFirst(deque[Connection]):
    """What is added comes first."""

    def append(self, connection: Connection) -> None:
        self.appendleft(connection)


class Database:
    """The pool of one server process.

    Every method raises domain errors: `Unavailable` when the database cannot be reached, `Aborted`
    when a change lost its race several times, `DeadlineExceeded` when the statement timeout struck.
    """

    def __init__(self, conninfo: str, settings: Settings) -> None:
        self._behind_pgbouncer = settings.pgbouncer
        self._pool = _WarmPool(
            conninfo,
            kwargs=_connection_arguments(settings),
            min_size=settings.pool_min_size,
            max_size=settings.pool_max_size,
            timeout=settings.pool_timeout,
            max_waiting=settings.pool_max_waiting,
            name="fonoteca",
            configure=_configure,
            open=False,
        )

    async def open(self) -> None:
        """Begin to connect. Returns at once: the pool goes on trying while the database is down."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give all connections back to PostgreSQL."""
        await self._pool.close()

    async def check(self) -> None:
        """Raise `Unavailable` unless a statement can be answered now.

        The idle connections take turns, so that one which broke is replaced before it is needed.
        """
        self._pool.turn()
        async with self.read() as connection:
            await connection.execute("SELECT 1")

    def statistics(self) -> dict[str, int]:
        """Return the counters of the pool, as psycopg_pool names them."""
        return self._pool.get_stats()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """Lend a connection in autocommit."""
        with translated():
            async with self._pool.connection() as connection:
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Lend a connection on which all statements see the catalogue as of one instant."""
        with translated():
            async with self._repeatable_read() as connection:
                await connection.execute(_START)
                yield connection

    @asynccontextmanager
    async def snapshots(self, count: int) -> AsyncIterator[Sequence[Connection]]:
        """Lend `count` connections that see the catalogue as of the same instant, or only one.

        One is lent, as by `snapshot`, where more would cost others something: when so many are not
        idle, when more than half of the pool would be lent then, or behind PgBouncer, where an idle
        connection may have to wait for a session that another such caller has. So it is when the
        snapshot cannot be shared.
        """
        with translated():
            async with AsyncExitStack() as stack:
                connections = await self._enter_shared(stack, count) if self._spares(count) else []
                yield connections or [await stack.enter_async_context(self.snapshot())]

    def _spares(self, count: int) -> bool:
        """Tell whether so many connections are idle, and no more than half are lent with them."""
        if count < 2 or self._behind_pgbouncer:
            return False
        now = self.statistics()
        idle = now["pool_available"]
        lent = now["pool_size"] - idle
        return count <= idle and 2 * (lent + count) <= now["pool_max"]

    async def _enter_shared(self, stack: AsyncExitStack, count: int) -> list[Connection]:
        """Return connections that share a snapshot until the stack unwinds; none if that fails."""
        try:
            async with AsyncExitStack() as entered:
                connections = [
                    await entered.enter_async_context(self._repeatable_read(_AT_ONCE))
                    for _ in range(count)
                ]
                await _share_snapshot(connections)
                stack.push_async_exit(entered.pop_all())
                return connections
        except Error as error:  # such as a full disk: a snapshot is exported to a file
            _log.info("snapshot not shared", extra={"why": str(error)})
            return []

    @asynccontextmanager
    async def _repeatable_read(self, within: float | None = None) -> AsyncIterator[Connection]:
        """Lend a connection in a transaction that has its snapshot from the first statement on."""
        async with self._pool.connection(within) as connection:
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            try:
                async with connection.transaction():
                    yield connection
            finally:
                if not connection.closed:  # one that broke takes no settings, and nobody gets it
                    await connection.set_isolation_level(None)

    @asynccontextmanager
    async def transaction(self, *, dry_run: bool = False) -> AsyncIterator[Connection]:
        """Lend a connection in a transaction that the block ends: committed, unless `dry_run`."""
        with translated():
            async with (
                self._pool.connection() as connection,
                connection.transaction(force_rollback=dry_run),
            ):
                yield connection

    async def try_out(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do `work` in a transaction that is rolled back: its result is what it would have been."""
        async with self.transaction(dry_run=True) as connection:
            return await work(connection)

    async def write(
        self, work: Callable[[Connection], Awaitable[T]], *, pipelined: bool = False
    ) -> T:
        """Do `work` in one transaction; do it again when it deadlocked with another one.

        When it is `pipelined`, a statement is sent with the next one whose rows are fetched, and
        its error may surface there. COPY does not work then, nor does catching the error of one
        statement.
        """
        begun = _pipelined if pipelined else AsyncConnection.transaction
        with translated():
            for attempt in range(1, _ATTEMPTS):
                try:
                    async with self._pool.connection() as connection, begun(connection):
                        return await work(connection)
                except RETRYABLE as error:
                    _log.info("transaction repeated", extra={"attempt": attempt, "why": str(error)})
            async with self._pool.connection() as connection, begun(connection):
                return await work(connection)


async def _share_snapshot(connections: Sequence[Connection]) -> None:
    """Let transactions that have just begun see what the first of them sees."""
    first, *others = connections
    [[name]] = await (await first.execute(_EXPORT)).fetchall()
    for other in others:
        await other.execute(_ADOPT.format(sql.Literal(name)))
    for connection in connections:
        await connection.execute(_START)  # nothing can be exported or adopted under a savepoint


@asynccontextmanager
async def _pipelined(connection: Connection) -> AsyncIterator[None]:
    """Run the block in a transaction whose BEGIN and COMMIT travel with other statements."""
    try:
        async with connection.pipeline():
            await connection.execute("BEGIN")
            yield
            await connection.execute("COMMIT")
    except BaseException:
        with suppress(OperationalError):  # a connection that broke has nothing to roll back
            await connection.rollback()
        raise


async def _configure(connection: Connection) -> None:
    """Prepare a new connection."""
    connection.adapters.register_dumper(list, FastListDumper)


def _connection_arguments(settings: Settings) -> dict[str, object]:
    arguments: dict[str, object] = {"autocommit": True, "application_name": "fonoteca"}
    if settings.pgbouncer:
        # What was prepared on one server connection is unknown on the next.
        arguments["prepare_threshold"] = None
    elif settings.session_options:
        arguments["options"] = settings.session_options
    return arguments
