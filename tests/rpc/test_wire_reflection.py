"""Tools find every service by reflection, in the version that they ask for."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.wrappers_pb2 import StringValue
from grpc_reflection.v1alpha import reflection_pb2

from service.wire.reflection import V1, V1ALPHA
from service.wire.router import Context
from tests.rpc.wire_harness import SERVICE, Running, failure, handler, serving

HEALTH = "grpc.health.v1.Health"

Request = reflection_pb2.ServerReflectionRequest


async def echo(request: StringValue, _context: Context) -> StringValue:
    return request


async def asked(running: Running, service: str, request: Request) -> Any:
    call: Any = running.channel.stream_stream(
        f"/{service}/ServerReflectionInfo",
        Request.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    (answer,) = [one async for one in call(iter([request]))]
    return answer


@pytest.mark.parametrize("version", [V1ALPHA, V1])
async def test_both_versions_list_all_services(version: str) -> None:
    async with serving({"Call": handler(echo)}) as running:
        answer = await asked(running, version, Request(list_services=""))
    listed = [service.name for service in answer.list_services_response.service]
    assert listed == sorted([SERVICE, HEALTH, V1ALPHA, V1])


@pytest.mark.parametrize("version", [V1ALPHA, V1])
@pytest.mark.parametrize("symbol", [HEALTH, V1ALPHA, V1])
async def test_both_versions_describe_services(version: str, symbol: str) -> None:
    async with serving({}) as running:
        answer = await asked(running, version, Request(file_containing_symbol=symbol))
    files = [
        descriptor_pb2.FileDescriptorProto.FromString(data)
        for data in answer.file_descriptor_response.file_descriptor_proto
    ]
    names = [f"{file.package}.{service.name}" for file in files for service in file.service]
    assert names == [symbol]


async def test_reflection_can_be_switched_off() -> None:
    async with serving({"Call": handler(echo)}, reflection=False) as running:
        for version in (V1ALPHA, V1):
            caught = await failure(asked(running, version, Request(list_services="")))
            assert caught.code() is grpc.StatusCode.UNIMPLEMENTED
        assert await running.unary()(StringValue(value="hello")) == StringValue(value="hello")
