"""How a command reaches the server, and what it says when that fails."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol, TypeVar

import grpc

from fonoteca.v1.library_pb2 import GetLibraryRequest
from fonoteca.v1.library_pb2_grpc import LibraryServiceStub
from service.cli.terminal import FAILED, CommandError, leave
from service.ingest.client import status_code

ANSWER_SECONDS: Final = 30
"""How long a command waits for the answer to a single question."""

LIST_PAGE: Final = 1_000
"""How many entries of a list a command asks for at a time."""

_OPTIONS: Final = [("grpc.max_receive_message_length", 64 << 20)]


class Paged(Protocol):
    """Asks for a page of a list."""

    page_size: int
    page_token: str


class Page(Protocol):
    """A page of a list."""

    next_page_token: str


Request = TypeVar("Request", bound=Paged)
Response = TypeVar("Response", bound=Page)


@contextmanager
def server_at(address: str, *, exit_code: int = FAILED) -> Iterator[grpc.Channel]:
    """Open a channel to the server; a call that fails ends the command with a sentence."""
    with grpc.insecure_channel(address, _OPTIONS) as channel:
        try:
            yield channel
        except grpc.RpcError as error:
            leave(exit_code, explain(error, address))
        except CommandError as error:
            leave(exit_code, str(error))


def library_id(channel: grpc.Channel, library: str) -> str:
    """Return the id of a library that is given by its name or id."""
    try:
        request = GetLibraryRequest(id=str(uuid.UUID(library)))
    except ValueError:
        request = GetLibraryRequest(name=library)
    try:
        return LibraryServiceStub(channel).GetLibrary(request, timeout=ANSWER_SECONDS).id
    except grpc.RpcError as error:
        if status_code(error) is grpc.StatusCode.NOT_FOUND:
            raise CommandError(f"there is no library {library}") from error
        raise


def pages(
    call: Callable[..., Response], request: Request, *, size: int = LIST_PAGE
) -> Iterator[Response]:
    """Yield all pages of a list; the next one is asked for when it is wanted."""
    request.page_size = size
    while True:
        page = call(request, timeout=ANSWER_SECONDS)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def explain(error: grpc.RpcError, address: str) -> str:
    """Return what a failed call means for the person at the terminal."""
    code = status_code(error)
    details = (error.details() if isinstance(error, grpc.Call) else None) or str(error)
    if code is grpc.StatusCode.UNAVAILABLE and "connect" in details.lower():
        return f"no server at {address}: start it with `fonoteca serve`, or name another --address"
    if code is grpc.StatusCode.UNAVAILABLE:
        return f"the server at {address} is not available: {details}"
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"the server at {address} did not answer in time: try again"
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return f"the server at {address} does not know this call: is it Fonoteca, and up to date?"
    return details
