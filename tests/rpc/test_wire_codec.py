"""A request that cannot be decoded is refused with the path of what is wrong in it."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc import error_details_pb2
from google.rpc.error_details_pb2 import BadRequest

from fonoteca.v1 import library_pb2
from service.wire.router import Context
from tests.rpc.wire_harness import SERVICE, detail, failure, handler, serving, status_of

SURROGATE = b"\xed\xa0\x80"


def broken(message: Message) -> bytes:
    """Return the bytes of `message` with a lone surrogate in place of each `###`."""
    return message.SerializeToString().replace(b"###", SURROGATE)


CREATE = library_pb2.CreateLibraryRequest(
    library=library_pb2.Library(name="fine", source_folder="###")
)
REPEATED = BadRequest(
    field_violations=[
        BadRequest.FieldViolation(field="fine"),
        BadRequest.FieldViolation(field="fine", description="###"),
    ]
)
MAPPED = error_details_pb2.ErrorInfo(metadata={"fine": "###"})
NESTED = struct_pb2.ListValue(
    values=[
        struct_pb2.Value(number_value=1),
        struct_pb2.Value(
            struct_value=struct_pb2.Struct(fields={"fine": struct_pb2.Value(string_value="###")})
        ),
    ]
)

CASES = [
    (CREATE, "library.source_folder"),
    (REPEATED, "field_violations[1].description"),
    (MAPPED, "metadata[0].value"),
    (NESTED, "values[1].struct_value.fields[0].value.string_value"),
]


async def never(_request: Message, _context: Context) -> StringValue:
    raise AssertionError("a request that does not decode must not reach the servicer")


def violation(caught: grpc.aio.AioRpcError) -> tuple[str, str]:
    assert caught.code() is grpc.StatusCode.INVALID_ARGUMENT
    (only,) = detail(status_of(caught), BadRequest).field_violations
    return only.field, only.description


async def refused(kind: type[Message], data: bytes) -> tuple[str, str]:
    """Send `data` to a method that takes a `kind`; return the violation in the answer."""
    async with serving({"Call": handler(never, request=kind)}) as running:
        call: Any = running.channel.unary_unary(f"/{SERVICE}/Call")
        return violation(await failure(call(data)))


@pytest.mark.parametrize(("message", "path"), CASES, ids=[path for _, path in CASES])
async def test_string_that_is_not_utf8_is_found(message: Message, path: str) -> None:
    assert await refused(type(message), broken(message)) == (path, "must be valid UTF-8")


@pytest.mark.parametrize(
    "data", [b"\x0a\x7f", b"\xff" * 20, b"\x0a" + b"\x80" * 11, b"\x07"], ids=bytes.hex
)
async def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    expected = ("request", "must be an encoded fonoteca.v1.CreateLibraryRequest")
    assert await refused(library_pb2.CreateLibraryRequest, data) == expected


async def test_deep_nesting_is_refused() -> None:
    data = b""
    for _ in range(400):  # a list in a list in a list, twice as deep as the parser goes
        data = (
            b"\x0a"
            + _varint(len(data) + 1 + len(_varint(len(data))))
            + b"\x32"
            + _varint(len(data))
            + data
        )
    field, description = await refused(struct_pb2.ListValue, data)
    assert (field, description) == ("request", "must be an encoded google.protobuf.ListValue")


async def test_large_message_is_refused_without_a_search() -> None:
    large = library_pb2.CreateLibraryRequest(
        library=library_pb2.Library(name="x" * 600_000, source_folder="###")
    )
    field, _ = await refused(library_pb2.CreateLibraryRequest, broken(large))
    assert field == "request"


async def test_bad_message_in_the_middle_of_a_stream_is_refused() -> None:
    async def call(requests: AsyncIterable[StringValue], _context: Context) -> StringValue:
        async for _ in requests:
            pass
        raise AssertionError("the servicer must not see the end of the stream")

    async with serving({"Call": handler(call, client_streams=True)}) as running:
        stream: Any = running.channel.stream_unary(f"/{SERVICE}/Call")()
        await stream.write(StringValue(value="fine").SerializeToString())
        await stream.write(broken(StringValue(value="###")))
        caught = await failure(stream)
    assert violation(caught) == ("value", "must be valid UTF-8")


async def test_bad_message_in_a_stream_both_ways_is_refused() -> None:
    async def call(
        requests: AsyncIterable[StringValue], _context: Context
    ) -> AsyncIterator[StringValue]:
        async for request in requests:
            yield request

    both = handler(call, client_streams=True, server_streams=True)
    async with serving({"Call": both}) as running:
        stream: Any = running.channel.stream_stream(f"/{SERVICE}/Call")()
        await stream.write(StringValue(value="fine").SerializeToString())
        assert StringValue.FromString(await stream.read()).value == "fine"
        await stream.write(broken(StringValue(value="###")))
        caught = await failure(stream.read())
    assert violation(caught) == ("value", "must be valid UTF-8")


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
