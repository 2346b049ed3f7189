"""Requests that were answered, by their id."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from service.database import Connection, load_statements

_SQL = load_statements(__package__)
_BEGIN = _SQL["begin_request"]
_GET = _SQL["get_request"]
_FINISH = _SQL["finish_request"]
_FORGET = _SQL["forget_requests"]


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """A request id that has been used, for what, and the serialized response."""

    method: str
    fingerprint: bytes
    response: bytes


async def begin(
    connection: Connection, request_id: UUID, method: str, fingerprint: bytes
) -> AnsweredRequest | None:
    """Claim a request id; return what it was used for when it is taken."""
    await connection.execute(_FORGET)
    claim = {"id": request_id, "method": method, "fingerprint": fingerprint}
    if await (await connection.execute(_BEGIN, claim)).fetchone():
        return None
    async with connection.cursor(row_factory=class_row(AnsweredRequest)) as cursor:
        await cursor.execute(_GET, {"id": request_id})
        return await cursor.fetchone()


async def finish(connection: Connection, request_id: UUID, response: bytes) -> None:
    """Remember the answer to a request id that `begin` has claimed."""
    await connection.execute(_FINISH, {"id": request_id, "response": response})
