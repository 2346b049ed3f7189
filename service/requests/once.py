"""Does a change once, however often its request arrives; or only tries it out.

The answer is stored in the transaction of the change: either both are there or neither is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TypeVar

from google.protobuf.message import Message

from service.database import Connection, Database
from service.errors import invalid
from service.requests import store
from service.validation import Check

M = TypeVar("M", bound=Message)


async def once(
    database: Database,
    request: Message,
    response_type: type[M],
    work: Callable[[Connection], Awaitable[M]],
    *,
    pipelined: bool = False,
) -> M:
    """Return what `work` returns, in one transaction; or what it returned when it was asked before.

    The request's field `request_id` decides. Without one the work is simply done. A request with
    `validate_only` is answered with what would be; nothing is stored then, not even its id. Raises
    `InvalidInput` when the id was used for another request within the last 24 hours. What
    `pipelined` asks of the work, `Database.write` says.
    """
    check = Check()
    request_id = check.optional_uuid("request_id", request.request_id)  # type: ignore[attr-defined]
    check.done()
    if request.validate_only:  # type: ignore[attr-defined]
        return await database.try_out(work)
    if request_id is None:
        return await database.write(work, pipelined=pipelined)
    method = request.DESCRIPTOR.full_name
    fingerprint = sha256(request.SerializeToString(deterministic=True)).digest()

    async def remembered(connection: Connection) -> M:
        earlier = await store.begin(connection, request_id, method, fingerprint)
        if earlier is None:
            response = await work(connection)
            await store.finish(connection, request_id, response.SerializeToString())
            return response
        if (earlier.method, earlier.fingerprint) != (method, fingerprint):
            raise invalid("request_id", "was used for another request")
        return response_type.FromString(earlier.response)

    return await database.write(remembered, pipelined=pipelined)
