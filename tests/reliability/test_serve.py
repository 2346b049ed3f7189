"""`fonoteca serve` brings its PostgreSQL up and takes it down again, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from fonoteca.v1.library_pb2 import ListLibrariesRequest
from fonoteca.v1.library_pb2_grpc import LibraryServiceStub
from service.database import migrations
from service.database.embedded import SUPERUSER, EmbeddedPostgres
from tests.support.waiting import eventually


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder in a place that the account which runs PostgreSQL for root can reach."""
    with tempfile.TemporaryDirectory(prefix="fonoteca-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "data"


@contextmanager
def serving(data_dir: Path, *options: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command until the block ends; it is the leader of a process group, as in a shell."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "PYTHONPATH": os.pathsep.join(sys.path),
        "FONOTECA_DATA_DIR": str(data_dir),
        "FONOTECA_LISTEN": "127.0.0.1:0",
        "FONOTECA_DRAIN_DELAY": "0",
        **settings,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "service", "serve", *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def address(process: subprocess.Popen[str]) -> str:
    """Wait until the service is ready; return where it listens."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        pytest.fail(process.communicate()[1])
    return line.removeprefix("fonoteca listens on ").strip()


def ready(target: str) -> bool:
    with grpc.insecure_channel(target) as channel:
        request = health_pb2.HealthCheckRequest()
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(request, timeout=10, wait_for_ready=True)
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def has_server(data_dir: Path) -> bool:
    return server_pid(data_dir) is not None


def server_pid(data_dir: Path) -> int | None:
    """What the pid file of PostgreSQL says, which outlives a server that was killed."""
    for path in (data_dir / "postgres").glob("*/postmaster.pid"):
        if written := path.read_text().split():  # it is empty for an instant
            return int(written[0])
    return None


def kill_server(data_dir: Path) -> int:
    pid = server_pid(data_dir)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def lists_libraries(channel: grpc.Channel) -> bool:
    try:
        LibraryServiceStub(channel).ListLibraries(ListLibrariesRequest(), timeout=10)
    except grpc.RpcError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_signals_end_the_service_and_its_database(
    data_dir: Path, number: signal.Signals, workers: str
) -> None:
    with serving(data_dir, "--workers", workers, "--no-sample") as process:
        assert ready(address(process))
        assert has_server(data_dir)
        os.killpg(process.pid, number)  # Ctrl-C in a terminal reaches the whole group
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
    assert not has_server(data_dir)


def test_a_new_database_is_migrated(data_dir: Path) -> None:
    with serving(data_dir, "--no-sample") as process:
        address(process)
        with EmbeddedPostgres(data_dir) as postgres:
            assert migrations.is_current(postgres.conninfo)


def test_the_service_comes_back_after_kill_9(data_dir: Path) -> None:
    with serving(data_dir, "--no-sample") as process:
        address(process)
        process.kill()
    assert has_server(data_dir)
    with serving(data_dir, "--no-sample") as process:
        assert ready(address(process))
        process.terminate()
        assert process.wait(30) == 0
    assert not has_server(data_dir)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_database_that_was_killed_comes_back_by_itself(
    data_dir: Path, workers: str
) -> None:
    options = ("--workers", workers, "--no-sample")
    with serving(data_dir, *options, FONOTECA_LOG_LEVEL="WARNING") as process:
        with grpc.insecure_channel(address(process)) as channel:
            assert lists_libraries(channel)
            killed = kill_server(data_dir)
            await eventually(lambda: server_pid(data_dir) not in {None, killed}, within=30)
            await eventually(lambda: lists_libraries(channel), within=30)
        process.terminate()
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
        assert errors.count("PostgreSQL had died and was started again") == 1
    assert not has_server(data_dir)


def test_a_database_that_cannot_come_back_ends_the_service(data_dir: Path) -> None:
    with serving(data_dir, "--no-sample") as process:
        address(process)
        with (
            EmbeddedPostgres(data_dir) as postgres,
            psycopg.connect(postgres.conninfo_of("postgres", SUPERUSER), autocommit=True) as root,
        ):
            root.execute("ALTER SYSTEM SET shared_preload_libraries = 'no_such_library'")
        kill_server(data_dir)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1, errors
        assert errors.count("could not be started 5 times in a row: the service ends") == 1
        assert "no_such_library" in errors
        assert "Traceback" not in errors


async def test_a_database_that_dies_while_the_service_drains_is_left_alone(data_dir: Path) -> None:
    with serving(data_dir, "--no-sample", FONOTECA_DRAIN_DELAY="2") as process:
        target = address(process)
        process.terminate()
        await eventually(lambda: not ready(target))
        kill_server(data_dir)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
        assert "was started again" not in errors


def test_sigterm_during_the_start_leaves_nothing_running(data_dir: Path) -> None:
    with serving(data_dir, "--no-sample") as process:
        assert process.stderr is not None
        assert "creating" in process.stderr.readline()
        process.terminate()
        process.communicate(timeout=30)
    assert not has_server(data_dir)


def test_a_wrong_setting_is_refused_with_exit_code_2(data_dir: Path) -> None:
    with serving(data_dir, FONOTECA_WORKERS="many") as process:
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 2
        assert errors.startswith("fonoteca: FONOTECA_WORKERS=many: ")
        assert errors.count("\n") == 1
