"""A page token is the position of the last row of a page, signed with the request it belongs to.

The position is the row's sort key, not an offset: the next page costs the same at any depth. The
signature binds it to the other arguments of the request, so that a token of another query, and one
that was made up, are refused alike.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, TypeVar

from google.protobuf.message import Message

from service.database import Database
from service.database.secrets import page_token_key
from service.errors import invalid

Position = Sequence[str | int | float | None]
"""The sort key of a row, the id last; ids and times as text."""

_SIGNATURE_BYTES: Final = 16
_REQUEST = TypeVar("_REQUEST", bound=Message)


class PageTokens:
    """Makes and reads the page tokens of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key: bytes | None = None

    async def issue(self, request: Message, position: Position) -> str:
        """Return the token of the page that follows `position` in the answer to `request`."""
        payload = json.dumps(list(position), separators=(",", ":")).encode()
        return urlsafe_b64encode(await self._sign(request, payload) + payload).decode()

    async def read(self, request: Message) -> list[str | int | float | None] | None:
        """Return the position that the request's `page_token` holds, or None on the first page."""
        token: str = request.page_token  # type: ignore[attr-defined]
        if not token:
            return None
        try:
            raw = b64decode(token.encode(), altchars=b"-_", validate=True)
        except (Base64Error, ValueError):
            raw = b""
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not compare_digest(signature, await self._sign(request, payload)):
            raise invalid("page_token", "must be the next_page_token of the same request")
        position: list[str | int | float | None] = json.loads(payload)
        return position

    async def _sign(self, request: Message, payload: bytes) -> bytes:
        if self._key is None:
            async with self._database.read() as connection:
                self._key = await page_token_key(connection)
        mac = blake2b(key=self._key, digest_size=_SIGNATURE_BYTES)
        mac.update(request.DESCRIPTOR.full_name.encode() + b"\0")
        mac.update(_without_page(request).SerializeToString(deterministic=True) + b"\0")
        mac.update(payload)
        return mac.digest()


def _without_page(request: _REQUEST) -> _REQUEST:
    """Return a copy of the request without what may differ from page to page."""
    rest = type(request)()
    rest.CopyFrom(request)
    rest.ClearField("page_token")
    rest.ClearField("page_size")
    return rest
