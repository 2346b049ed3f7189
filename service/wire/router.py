"""One table of methods, each wrapped once, when it is registered.

gRPC's own interceptors run anew for each call, and each method that generated code registers makes
every call of every method a little slower. So the table is a generic handler of ours, and a layer
is a plain function around a call.

A call that streams its responses is a coroutine that writes them to its context, also where the
servicer is an async generator: otherwise a deadline that strikes while a response is being written
would hit gRPC's code instead of ours, and the client would never know.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import grpc

from service.wire.codec import strict_decoder

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Call: TypeAlias = "Callable[[Any, Context], Awaitable[Any]]"
Layer: TypeAlias = "Callable[[Method, Call], Call]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Register: TypeAlias = Callable[[Any, grpc.aio.Server], None]


@dataclass(frozen=True, slots=True)
class Method:
    """A method, as layers see it."""

    service: str
    name: str
    client_streams: bool
    server_streams: bool

    @property
    def path(self) -> str:
        """The path in the HTTP/2 request."""
        return f"/{self.service}/{self.name}"

    @property
    def infrastructure(self) -> bool:
        """True for health and reflection, which work whatever the state of the catalogue."""
        return self.service.startswith("grpc.")

    @property
    def streams(self) -> bool:
        """True when either side sends more than one message."""
        return self.client_streams or self.server_streams


class Router(grpc.GenericRpcHandler):
    """Finds the handler of a call; `layers` are given outermost first."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = tuple(layers)
        self._handlers: dict[str, Handler] = {}
        self._services: list[str] = []

    @property
    def services(self) -> Sequence[str]:
        """The full names of the services, in the order in which they were added."""
        return tuple(self._services)

    def add(self, register: Register, servicer: object) -> None:
        """Add a servicer by the `add_..._to_server` function that was generated for it."""
        register(servicer, cast("grpc.aio.Server", self))

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """Return the handler; None makes gRPC answer UNIMPLEMENTED."""
        return self._handlers.get(handler_call_details.method)

    def add_generic_rpc_handlers(self, _: Iterable[grpc.GenericRpcHandler]) -> None:
        """Do nothing: generated code offers each service a second time, in the form below."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        """Take in the methods of a service. Generated code calls this."""
        self._services.append(service)
        for name, handler in handlers.items():
            method = Method(service, name, handler.request_streaming, handler.response_streaming)
            if wrapped := self._wrap(method, handler):
                self._handlers[method.path] = wrapped

    def _wrap(self, method: Method, handler: Handler) -> Handler | None:
        behavior = _behavior(handler)
        if inspect.isasyncgenfunction(behavior):
            behavior = _writing(behavior)
        elif not inspect.iscoroutinefunction(behavior):
            return None  # the generated stand-in for a method that the servicer does not have
        call = cast("Call", behavior)
        decode = strict_decoder(handler.request_deserializer)
        encode = handler.response_serializer
        if not method.client_streams and decode:
            call = _decoding(call, decode)
        if not method.server_streams and encode:
            call = _encoding(call, encode)
        for layer in reversed(self._layers):
            call = layer(method, call)
        return _handler(
            method,
            call,
            decode if method.client_streams else None,
            encode if method.server_streams else None,
        )


def _behavior(handler: Handler) -> Any:
    kinds = (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
    return next(kind for kind in kinds if kind)


def _writing(generate: Callable[[Any, Context], AsyncGenerator[Any, None]]) -> Call:
    async def call(request: Any, context: Context) -> None:
        async with aclosing(generate(request, context)) as responses:
            async for response in responses:
                await context.write(response)

    return call


def _decoding(call: Call, decode: Callable[[bytes], Any]) -> Call:
    async def decoded(request: bytes, context: Context) -> Any:
        return await call(decode(request), context)

    return decoded


def _encoding(call: Call, encode: Callable[[Any], bytes]) -> Call:
    async def encoded(request: Any, context: Context) -> bytes:
        return encode(await call(request, context))

    return encoded


def _handler(
    method: Method,
    call: Call,
    decode: Callable[[bytes], Any] | None,
    encode: Callable[[Any], bytes] | None,
) -> Handler:
    make: Callable[..., Handler] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[method.client_streams, method.server_streams]
    return make(call, decode, encode)
