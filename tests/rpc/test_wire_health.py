"""Health says whether the catalogue can be used, changes both ways, and is sticky at the end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc.error_details_pb2 import RetryInfo
from grpc_health.v1 import health_pb2

from service.errors import Unavailable
from service.wire.health import Readiness
from service.wire.router import Context
from tests.rpc.wire_harness import (
    SERVICE,
    Running,
    detail,
    failure,
    fine,
    handler,
    serving,
    status_of,
)

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Database:
    """A database that a test turns on and off."""

    def __init__(self, *, up: bool, fits: bool = True) -> None:
        self.up = up
        self.fits = fits

    async def check(self) -> None:
        if not self.up:
            raise Unavailable("the database is down")

    async def check_schema(self) -> None:
        if not self.fits:
            raise RuntimeError("the schema is too old")

    def readiness(self) -> Readiness:
        return Readiness(self.check, self.check_schema, interval=0.02)


async def echo(request: StringValue, _context: Context) -> StringValue:
    return request


async def status(running: Running, service: str = "") -> int:
    return int((await running.health.Check(health_pb2.HealthCheckRequest(service=service))).status)


async def test_health_follows_the_database_both_ways() -> None:
    database = Database(up=True)
    readiness = database.readiness()
    await readiness.probe()
    async with serving({"Call": handler(echo)}, readiness=readiness) as running:
        watch = running.health.Watch(health_pb2.HealthCheckRequest(), timeout=10)
        assert (await watch.read()).status == SERVING
        database.up = False
        assert (await watch.read()).status == NOT_SERVING
        assert await status(running, SERVICE) == NOT_SERVING
        assert await status(running, "live") == SERVING
        database.up = True
        assert (await watch.read()).status == SERVING
        assert await status(running, SERVICE) == SERVING


@pytest.mark.parametrize("database", [Database(up=False), Database(up=True, fits=False)])
async def test_calls_are_refused_until_the_schema_is_known_to_fit(database: Database) -> None:
    async with serving({"Call": handler(echo)}, readiness=database.readiness()) as running:
        assert await status(running) == NOT_SERVING
        assert await status(running, "live") == SERVING
        caught = await failure(running.unary()(StringValue()))
        assert caught.code() is grpc.StatusCode.UNAVAILABLE
        assert detail(status_of(caught), RetryInfo).retry_delay.ToMilliseconds() > 0

        watch = running.health.Watch(health_pb2.HealthCheckRequest(), timeout=10)
        assert (await watch.read()).status == NOT_SERVING
        database.up = database.fits = True
        assert (await watch.read()).status == SERVING
        assert await running.unary()(StringValue(value="hello")) == StringValue(value="hello")


async def rest(watch: Any) -> list[int]:
    """Return what a watch tells until the server ends it."""
    statuses = []
    with suppress(grpc.aio.AioRpcError):
        async for answer in watch:
            statuses.append(answer.status)  # noqa: PERF401 - a comprehension would lose them
    return statuses


async def test_a_single_late_check_changes_nothing() -> None:
    checks = 0

    async def check() -> None:
        nonlocal checks
        checks += 1
        if checks == 2:
            raise TimeoutError
        if checks == 4:
            arrived.set()

    arrived = asyncio.Event()
    readiness = Readiness(check, fine, interval=0.01)
    await readiness.probe()
    async with serving({}, readiness=readiness) as running:
        watch = running.health.Watch(health_pb2.HealthCheckRequest(), timeout=10)
        await arrived.wait()
        running.stop.drain.set()
        assert await rest(watch) == [SERVING, NOT_SERVING], "the drain, and nothing before it"


async def test_unknown_service_is_not_found() -> None:
    async with serving({}) as running:
        caught = await failure(status(running, "no.such.Service"))
    assert caught.code() is grpc.StatusCode.NOT_FOUND


async def test_draining_is_sticky_but_the_process_lives() -> None:
    async with serving({}, drain_delay=60) as running:
        watch = running.health.Watch(health_pb2.HealthCheckRequest(), timeout=10)
        assert (await watch.read()).status == SERVING
        running.stop.drain.set()
        assert (await watch.read()).status == NOT_SERVING
        assert await status(running, "live") == SERVING
        running.stop.interrupt()
