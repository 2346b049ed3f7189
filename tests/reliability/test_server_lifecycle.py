"""The server starts only when it can serve, and stops without failing anybody."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
import psycopg
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from grpc_health.v1 import health_pb2, health_pb2_grpc
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.rpc.wire_harness import SERVICE, failure
from tests.support.waiting import PATIENCE, eventually

ROOT = Path(__file__).parent.parent.parent
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass(frozen=True, slots=True)
class Process:
    """A probe server, and a channel to it."""

    process: asyncio.subprocess.Process
    address: str
    channel: grpc.aio.Channel

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def exit_code(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    def hold(self, seconds: float) -> Any:
        """Call the slow method."""
        method = self.channel.unary_stream(
            f"/{SERVICE}/Hold", StringValue.SerializeToString, StringValue.FromString
        )
        return method(StringValue(value=str(seconds)))

    async def pid(self) -> int:
        """Ask, over a connection of its own, which process answers."""
        return await pid_at(self.address)

    def watch(self) -> Any:
        stub: Any = health_pb2_grpc.HealthStub(self.channel)
        return stub.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE)


async def pid_at(address: str) -> int:
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        method: Any = channel.unary_unary(
            f"/{SERVICE}/Pid", StringValue.SerializeToString, StringValue.FromString
        )
        return int((await method(StringValue(), timeout=PATIENCE)).value)


async def started(database_url: str, **settings: object) -> asyncio.subprocess.Process:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("FONOTECA_")
    }
    environment |= {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}",
        "DATABASE_URL": database_url,
        "FONOTECA_LISTEN": "127.0.0.1:0",
        "FONOTECA_DRAIN_DELAY": "0",
        "FONOTECA_POOL_MIN_SIZE": "1",
        **{f"FONOTECA_{name.upper()}": str(value) for name, value in settings.items()},
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from tests.reliability.probe_server import main; main()",
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def refused(database_url: str, **settings: object) -> str:
    """Start a server that must give up; returns what it says on stderr."""
    process = await started(database_url, **settings)
    async with asyncio.timeout(PATIENCE):
        out, said = await process.communicate()
    assert (process.returncode, out) == (1, b""), said.decode()
    return said.decode()


@asynccontextmanager
async def running(database_url: str, **settings: object) -> AsyncIterator[Process]:
    process = await started(database_url, **settings)
    assert process.stdout is not None
    assert process.stderr is not None
    said = asyncio.create_task(process.stderr.read())
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()
        found = re.fullmatch(r"fonoteca listens on (\S+)\n", line)
        if not found:
            pytest.fail(f"the server did not start: {(await said).decode()}")
        async with grpc.aio.insecure_channel(found[1]) as channel:
            yield Process(process, found[1], channel)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await said


async def test_call_in_flight_survives_sigterm(database_url: str) -> None:
    async with running(database_url) as server:
        call = server.hold(1)
        assert (await call.read()).value == "holding"
        server.signal(signal.SIGTERM)

        async def refuses() -> bool:
            try:
                await pid_at(server.address)
            except grpc.aio.AioRpcError as error:
                return error.code() is grpc.StatusCode.UNAVAILABLE
            return False

        await eventually(refuses)
        assert (await call.read()).value == "done"
        assert await call.code() is grpc.StatusCode.OK
        assert await server.exit_code() == 0


async def test_what_fails_under_load_may_be_repeated(database_url: str) -> None:
    answered = 0

    async def until_it_fails(method: Any) -> grpc.StatusCode:
        nonlocal answered
        while True:
            try:
                await method(StringValue(), timeout=PATIENCE)
            except grpc.aio.AioRpcError as error:
                return error.code()
            answered += 1

    async with running(database_url) as server:
        method: Any = server.channel.unary_unary(
            f"/{SERVICE}/Pid", StringValue.SerializeToString, StringValue.FromString
        )
        clients = [asyncio.create_task(until_it_fails(method)) for _ in range(32)]
        await eventually(lambda: answered > 500)
        server.signal(signal.SIGTERM)
        assert set(await asyncio.gather(*clients)) == {grpc.StatusCode.UNAVAILABLE}
        assert await server.exit_code() == 0


async def test_calls_are_still_accepted_during_the_delay(database_url: str) -> None:
    async with running(database_url, drain_delay=600) as server:
        watch = server.watch()
        assert (await watch.read()).status == SERVING
        server.signal(signal.SIGTERM)
        assert (await watch.read()).status == NOT_SERVING
        assert await server.pid() == server.process.pid
        server.signal(signal.SIGINT)
        assert await server.exit_code() == 0


async def test_first_sigint_drains_and_second_stops(database_url: str) -> None:
    async with running(database_url, drain_delay=600) as server:
        call = server.hold(600)
        assert (await call.read()).value == "holding"
        watch = server.watch()
        assert (await watch.read()).status == SERVING
        server.signal(signal.SIGINT)
        assert (await watch.read()).status == NOT_SERVING
        assert server.process.returncode is None
        server.signal(signal.SIGINT)
        assert (await failure(call.read())).code() is grpc.StatusCode.UNAVAILABLE
        assert await server.exit_code() == 0


async def test_calls_that_outlast_the_grace_are_ended(database_url: str) -> None:
    async with running(database_url, drain_grace=0.2) as server:
        call = server.hold(600)
        assert (await call.read()).value == "holding"
        server.signal(signal.SIGTERM)
        assert (await failure(call.read())).code() is grpc.StatusCode.UNAVAILABLE
        assert await server.exit_code() == 0


@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize("second", [1, 2])
async def test_address_in_use_is_an_error(database_url: str, first: int, second: int) -> None:
    async with running(database_url, workers=first) as server:
        said = await refused(database_url, workers=second, listen=server.address)
        assert f"fonoteca: cannot listen on {server.address}" in said
        assert "Traceback" not in said
        assert await server.pid() > 0


async def test_unix_socket_is_not_taken_away_but_a_stale_one_is(
    database_url: str, tmp_path: Path
) -> None:
    listen = f"unix:{tmp_path / 'socket'}"
    async with running(database_url, listen=listen) as server:
        assert "cannot listen" in await refused(database_url, listen=listen)
        assert await server.pid() == server.process.pid
        server.process.kill()
        await server.process.wait()
    async with running(database_url, listen=listen) as server:
        assert await server.pid() == server.process.pid


async def test_wrong_schema_is_refused(empty_database_url: str) -> None:
    said = await refused(empty_database_url)
    assert "fonoteca db upgrade" in said
    assert "Traceback" not in said


async def test_wrong_schema_is_refused_by_workers(empty_database_url: str) -> None:
    assert "fonoteca db upgrade" in await refused(empty_database_url, workers=2)


async def test_metrics_address_in_use_is_an_error(database_url: str, unused_tcp_port: int) -> None:
    listen = f"127.0.0.1:{unused_tcp_port}"
    async with running(database_url, metrics_listen=listen):
        said = await refused(database_url, metrics_listen=listen)
    assert f"fonoteca: cannot serve metrics on {listen}" in said
    assert "Traceback" not in said


async def test_unusable_certificate_is_an_error(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "file.pem").write_text("nothing of use")
    said = await refused(
        database_url, tls_cert=tmp_path / "file.pem", tls_key=tmp_path / "file.pem"
    )
    assert "fonoteca: the TLS certificate and its key are not usable" in said
    assert "Traceback" not in said


@contextmanager
def renamed(database_url: str, name: str) -> Iterator[None]:
    """Give a database another name for the time of the block."""
    old = str(conninfo_to_dict(database_url)["dbname"])
    with psycopg.connect(make_conninfo(database_url, dbname="postgres"), autocommit=True) as other:
        there, back = map(sql.Identifier, (name, old))
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        other.execute(rename.format(back, there))
        yield
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        other.execute(rename.format(there, back))


async def test_server_waits_for_a_database_that_is_down(database_url: str) -> None:
    later = f"{conninfo_to_dict(database_url)['dbname']}_later"
    async with running(make_conninfo(database_url, dbname=later), pool_timeout=1) as server:
        watch = server.watch()
        assert (await watch.read()).status == NOT_SERVING
        assert (await failure(server.pid())).code() is grpc.StatusCode.UNAVAILABLE
        with renamed(database_url, later):
            assert (await watch.read()).status == SERVING
            assert await server.pid() == server.process.pid
            server.signal(signal.SIGTERM)
            assert await server.exit_code() == 0


async def pids(server: Process, wanted: int) -> set[int]:
    """Connect again and again until `wanted` processes have answered."""
    seen: set[int] = set()

    async def enough() -> bool:
        seen.add(await server.pid())
        return len(seen) == wanted

    await eventually(enough)
    return seen


async def test_workers_share_the_port_and_drain(database_url: str) -> None:
    async with running(database_url, workers=2) as server:
        workers = await pids(server, 2)
        assert server.process.pid not in workers
        call = server.hold(1)
        assert (await call.read()).value == "holding"
        server.signal(signal.SIGTERM)
        assert (await call.read()).value == "done"
        assert await server.exit_code() == 0
        assert not any(map(psutil.pid_exists, workers))


async def test_worker_that_dies_is_replaced(database_url: str) -> None:
    async with running(database_url, workers=2) as server:
        before = await pids(server, 2)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        await eventually(lambda: not psutil.pid_exists(victim))
        after = await pids(server, 2)
        assert victim not in after
        assert len(before & after) == 1
        server.signal(signal.SIGTERM)
        assert await server.exit_code() == 0


async def test_workers_end_when_their_parent_is_killed(database_url: str) -> None:
    async with running(database_url, workers=2) as server:
        workers = await pids(server, 2)
        server.process.kill()
        await eventually(lambda: not any(map(psutil.pid_exists, workers)))


async def test_workers_stop_at_once_at_the_second_sigint(database_url: str) -> None:
    async with running(database_url, workers=2, drain_delay=600) as server:
        call = server.hold(600)
        assert (await call.read()).value == "holding"
        watch = server.watch()
        assert (await watch.read()).status == SERVING
        server.signal(signal.SIGINT)
        assert (await watch.read()).status == NOT_SERVING
        server.signal(signal.SIGINT)
        assert (await failure(call.read())).code() is grpc.StatusCode.UNAVAILABLE
        assert await server.exit_code() == 0


@pytest.mark.parametrize("workers", [1, 2])
async def test_metrics_are_those_of_all_workers(
    database_url: str, unused_tcp_port: int, workers: int
) -> None:
    listen = f"127.0.0.1:{unused_tcp_port}"
    async with running(database_url, workers=workers, metrics_listen=listen) as server:
        await pids(server, workers)

        def page() -> str:
            with urllib.request.urlopen(f"http://{listen}/metrics") as response:
                return str(response.read().decode())

        before = counted(page())
        await server.pid()
        await eventually(lambda: counted(page()) == before + 1)


def counted(page: str) -> float:
    """Return how many calls to the probe have ended, from a page of metrics."""
    pattern = r'^grpc_server_handled_total\{.*grpc_method="Pid".*\} (\S+)$'
    return sum(float(number) for number in re.findall(pattern, page, re.MULTILINE))
