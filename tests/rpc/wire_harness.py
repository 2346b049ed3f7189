"""A real server around handlers that a test makes up, and a real channel to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2_grpc
from grpc_status import rpc_status

from service.server import Server, StopSignals
from service.settings import Settings
from service.wire.access_log import AccessLog
from service.wire.health import Readiness
from service.wire.observation import Observer
from service.wire.router import Register

M = TypeVar("M", bound=Message)

SERVICE = "test.v1.Probe"


@dataclass(frozen=True, slots=True)
class Running:
    """A server under test, and a channel to it."""

    server: Server
    address: str
    channel: grpc.aio.Channel
    stop: StopSignals
    ended: asyncio.Task[None]

    @property
    def health(self) -> Any:
        """The stub of the health service, whose methods the type stubs do not know."""
        return health_pb2_grpc.HealthStub(self.channel)

    def unary(self, name: str = "Call") -> grpc.aio.UnaryUnaryMultiCallable[Any, Any]:
        return self.channel.unary_unary(
            f"/{SERVICE}/{name}", StringValue.SerializeToString, StringValue.FromString
        )

    def server_stream(self, name: str = "Call") -> grpc.aio.UnaryStreamMultiCallable[Any, Any]:
        return self.channel.unary_stream(
            f"/{SERVICE}/{name}", StringValue.SerializeToString, StringValue.FromString
        )

    def client_stream(self, name: str = "Call") -> grpc.aio.StreamUnaryMultiCallable[Any, Any]:
        return self.channel.stream_unary(
            f"/{SERVICE}/{name}", StringValue.SerializeToString, StringValue.FromString
        )

    def both_stream(self, name: str = "Call") -> grpc.aio.StreamStreamMultiCallable[Any, Any]:
        return self.channel.stream_stream(
            f"/{SERVICE}/{name}", StringValue.SerializeToString, StringValue.FromString
        )


async def fine() -> None:
    """A check that finds nothing wrong."""


def handler(
    behavior: Callable[..., Any],
    *,
    client_streams: bool = False,
    server_streams: bool = False,
    request: type[Message] = StringValue,
) -> grpc.RpcMethodHandler[Any, Any]:
    make: Callable[..., grpc.RpcMethodHandler[Any, Any]] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[client_streams, server_streams]
    return make(behavior, request.FromString, StringValue.SerializeToString)


def registration(handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]) -> Register:
    """Return what generated code would offer for a service with these handlers."""

    def register(_servicer: object, server: grpc.aio.Server) -> None:
        generic = grpc.method_handlers_generic_handler(SERVICE, dict(handlers))
        server.add_generic_rpc_handlers((generic,))
        server.add_registered_method_handlers(SERVICE, handlers)

    return register


@asynccontextmanager
async def serving(
    handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]],
    *,
    readiness: Readiness | None = None,
    observers: Sequence[Observer] = (AccessLog(),),
    **settings: Any,
) -> AsyncIterator[Running]:
    """Serve `handlers` on a free port, with all layers."""
    if readiness is None:
        readiness = Readiness(fine, fine)
        await readiness.probe()
    settings = {"listen": "127.0.0.1:0", "drain_delay": 0, "drain_grace": 0, **settings}
    servicers = [(registration(handlers), None)]
    server = Server(Settings(**settings), servicers, readiness, observers)
    address = await server.start()
    stop = StopSignals()
    ended = asyncio.create_task(server.serve(stop))
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            yield Running(server, address, channel, stop, ended)
    finally:
        stop.drain.set()
        await ended


async def failure(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    """Return the error that `call` ends with."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError(f"the call succeeded: {answer}")


def status_of(error: grpc.aio.AioRpcError) -> Status:
    """Return the rich status in the trailers."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert isinstance(status, Status)
    return status


def detail(status: Status, kind: type[M]) -> M:
    """Return the one detail of type `kind`."""
    (packed,) = [one for one in status.details if one.TypeName() == kind.DESCRIPTOR.full_name]
    message = kind()
    packed.Unpack(message)
    return message


def detail_names(status: Status) -> list[str]:
    return [one.TypeName() for one in status.details]
