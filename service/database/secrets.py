"""Keys that all servers of a database share are kept in it: nobody has to configure them."""

from __future__ import annotations

from typing import cast

from service.database.pool import Connection
from service.database.statements import load_statements

_SQL = load_statements(__package__)
_SECRET = _SQL["secret"]


async def page_token_key(connection: Connection) -> bytes:
    """Return the key that signs page tokens."""
    row = await (await connection.execute(_SECRET, {"name": "page_token"})).fetchone()
    if row is None:
        raise LookupError("the database has no secret 'page_token'")
    return cast("bytes", row[0])
