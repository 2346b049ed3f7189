"""Each domain error reaches its client with the status and the details that the contract names."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc.error_details_pb2 import (
    BadRequest,
    ErrorInfo,
    PreconditionFailure,
    QuotaFailure,
    ResourceInfo,
    RetryInfo,
)

from fonoteca.v1 import error_reason_pb2
from service import errors
from service.wire.status import MAX_STATUS_BYTES, to_status
from tests.rpc.wire_harness import detail, detail_names, failure, handler, serving, status_of

Code = grpc.StatusCode

CASES = [
    (errors.invalid("track.title", "must not be blank"), Code.INVALID_ARGUMENT, [BadRequest]),
    (errors.NotFound("track", "42"), Code.NOT_FOUND, [ResourceInfo]),
    (errors.AlreadyExists("library", "default"), Code.ALREADY_EXISTS, [ResourceInfo]),
    (
        errors.FailedPrecondition("it is busy", {"status": "PENDING"}),
        Code.FAILED_PRECONDITION,
        [PreconditionFailure],
    ),
    (errors.EtagMismatch('"7"'), Code.ABORTED, []),
    (errors.VersionMismatch(7), Code.ABORTED, []),
    (errors.Aborted(), Code.ABORTED, [RetryInfo]),
    (
        errors.ResourceExhausted("too much", {"limit": "calls"}, timedelta(seconds=3)),
        Code.RESOURCE_EXHAUSTED,
        [QuotaFailure, RetryInfo],
    ),
    (errors.ResourceExhausted("too much"), Code.RESOURCE_EXHAUSTED, [QuotaFailure]),
    (errors.Unavailable("gone"), Code.UNAVAILABLE, [RetryInfo]),
    (errors.DeadlineExceeded(), Code.DEADLINE_EXCEEDED, []),
]


def raising(error: BaseException) -> grpc.RpcMethodHandler[Any, Any]:
    async def call(_request: StringValue, _context: object) -> StringValue:
        raise error

    return handler(call)


async def failing(error: BaseException) -> grpc.aio.AioRpcError:
    async with serving({"Call": raising(error)}) as running:
        return await failure(running.unary()(StringValue()))


def all_subclasses(base: type[errors.DomainError]) -> set[type[errors.DomainError]]:
    return {base}.union(*(all_subclasses(child) for child in base.__subclasses__()))


@pytest.mark.parametrize(
    ("error", "code", "details"), CASES, ids=lambda value: type(value).__name__
)
async def test_error_has_its_status_and_details(
    error: errors.DomainError, code: grpc.StatusCode, details: list[Any]
) -> None:
    caught = await failing(error)
    status = status_of(caught)
    assert (caught.code(), caught.details()) == (code, error.message)
    expected = [kind.DESCRIPTOR.full_name for kind in (ErrorInfo, *details)]
    assert detail_names(status) == expected
    info = detail(status, ErrorInfo)
    assert (info.domain, info.reason) == ("fonoteca", error.reason)
    assert dict(info.metadata) == error.metadata


def test_every_error_has_a_case() -> None:
    ours = {
        kind for kind in all_subclasses(errors.DomainError) if kind.__module__ == "service.errors"
    }
    assert ours == {type(error) for error, _, _ in CASES} | {errors.DomainError}


def test_reasons_are_those_of_the_contract() -> None:
    registered = {
        name.removeprefix("ERROR_REASON_")
        for name in error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_name
        if name != "ERROR_REASON_UNSPECIFIED"
    }
    assert registered == {kind.reason for kind in all_subclasses(errors.DomainError)}


def test_unlisted_error_has_the_status_of_its_base() -> None:
    class TrackMissing(errors.NotFound):
        """A kind of error that the table does not list."""

    assert to_status(TrackMissing("track", "1")).code == Code.NOT_FOUND.value[0]


async def test_every_violation_is_named() -> None:
    violations = [errors.FieldViolation(f"tracks[{n}].title", "is bad") for n in range(3)]
    status = status_of(await failing(errors.InvalidInput(violations)))
    named = detail(status, BadRequest).field_violations
    assert [(one.field, one.description) for one in named] == [
        (f"tracks[{n}].title", "is bad") for n in range(3)
    ]


@pytest.mark.parametrize(
    "text", ["x" * 5_000, "\N{MUSICAL SYMBOL G CLEF}" * 5_000, "\udcff" * 5_000]
)
async def test_status_never_outgrows_the_trailers(text: str) -> None:
    violations = [errors.FieldViolation(f"{n}{text}", text) for n in range(500)]
    caught = await failing(errors.InvalidInput(violations))
    assert caught.code() is Code.INVALID_ARGUMENT
    status = status_of(caught)
    assert status.ByteSize() <= MAX_STATUS_BYTES
    last = detail(status, BadRequest).field_violations[-1]
    assert last.description.startswith("and ")


@pytest.mark.parametrize("kind", [errors.NotFound, errors.AlreadyExists])
def test_long_names_are_cut(kind: type[errors.NotFound]) -> None:
    status = to_status(kind("k" * 9_000, "i" * 9_000))
    assert status.ByteSize() <= MAX_STATUS_BYTES


async def test_clients_are_told_when_to_retry() -> None:
    caught = await failing(errors.Unavailable("later", timedelta(milliseconds=1_500)))
    assert detail(status_of(caught), RetryInfo).retry_delay.ToMilliseconds() == 1_500
    assert dict(caught.trailing_metadata())["grpc-retry-pushback-ms"] == "1500"


async def test_grpc_clients_heed_the_hint() -> None:
    attempts = 0

    async def call(request: StringValue, _context: object) -> StringValue:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise errors.Unavailable("not yet", timedelta(milliseconds=10))
        return request

    config = """{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 2,
        "initialBackoff": "60s", "maxBackoff": "60s", "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"]}}]}"""
    async with (
        serving({"Call": handler(call)}) as running,
        grpc.aio.insecure_channel(
            running.address, options=[("grpc.service_config", config)]
        ) as channel,
    ):
        again = channel.unary_unary(
            "/test.v1.Probe/Call", StringValue.SerializeToString, StringValue.FromString
        )
        assert await again(StringValue(value="hello"), timeout=10) == StringValue(value="hello")
