"""Each call has a request id and leaves one line in the log and its mark in the metrics."""

from __future__ import annotations

import json
import logging
import sys
import urllib.request
from collections.abc import Iterator
from uuid import UUID

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from service import errors, logs
from service.correlation import request_id
from service.wire import metrics
from service.wire.access_log import AccessLog
from service.wire.router import Context
from tests.rpc.wire_harness import SERVICE, failure, handler, serving
from tests.support.waiting import eventually


async def echo_request_id(_request: StringValue, _context: Context) -> StringValue:
    return StringValue(value=request_id())


async def missing(_request: StringValue, _context: Context) -> StringValue:
    raise errors.NotFound("track", "1")


async def exchanged(sent: str | None) -> tuple[str, str]:
    """Return the id that the handler saw and the one in the trailers."""
    async with serving({"Call": handler(echo_request_id)}) as running:
        metadata = () if sent is None else (("x-request-id", sent),)
        call = running.unary()(StringValue(), metadata=metadata)
        seen = (await call).value
        return seen, str(dict(await call.trailing_metadata())["x-request-id"])


async def test_request_id_of_the_client_is_kept() -> None:
    assert await exchanged("job-42/7 retry") == ("job-42/7 retry", "job-42/7 retry")


@pytest.mark.parametrize("sent", [None, "", "x" * 129], ids=["none", "empty", "too long"])
async def test_without_a_sane_request_id_one_is_made(sent: str | None) -> None:
    seen, echoed = await exchanged(sent)
    assert seen == echoed
    assert UUID(seen).version == 7


async def test_error_carries_the_request_id() -> None:
    async with serving({"Call": handler(missing)}) as running:
        call = running.unary()(StringValue(), metadata=(("x-request-id", "abc"),))
        caught = await failure(call)
    assert dict(caught.trailing_metadata())["x-request-id"] == "abc"


def test_no_request_id_outside_of_a_call() -> None:
    assert request_id() == ""


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """Undo what `logs.configure` changes for the whole process."""
    root, pool = logging.getLogger(), logging.getLogger("psycopg.pool")
    before = root.handlers[:], root.level, pool.level, pool.filters[:]
    switches = logging.logThreads, logging.logMultiprocessing, logging._srcfile
    yield
    root.handlers[:], root.level, pool.level, pool.filters[:] = before
    logging.logThreads, logging.logMultiprocessing, logging._srcfile = switches


@pytest.mark.usefixtures("_own_logging")
async def test_access_log_has_one_json_line_for_each_call(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("INFO", "json")
    async with serving({"Call": handler(missing)}) as running:
        metadata = (("x-request-id", "abc"),)
        await failure(running.unary()(StringValue(value="secret"), metadata=metadata, timeout=10))
    written = capsys.readouterr().err
    assert "secret" not in written
    (line,) = [one for one in map(json.loads, written.splitlines()) if "method" in one]
    assert line["method"] == f"/{SERVICE}/Call"
    assert (line["code"], line["reason"]) == ("NOT_FOUND", "NOT_FOUND")
    assert line["request_id"] == "abc"
    assert line["peer"].startswith("ipv4:127.0.0.1:")
    assert 0 < line["duration_ms"] < line["deadline_ms"] < 11_000  # rounded up on its way


@pytest.mark.usefixtures("_own_logging")
def test_the_pool_says_once_why_it_cannot_connect(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "text")
    pool = logging.getLogger("psycopg.pool")
    pool.info("chatter")
    for reason in ("refused", "refused again"):
        pool.warning("error connecting in %r: %s", "fonoteca", reason)
    pool.warning("of another kind")
    written = capsys.readouterr().err
    assert [line.rpartition(": ")[2] for line in written.splitlines()] == [
        "refused", "of another kind",
    ]  # fmt: skip


@pytest.mark.parametrize(("terminal", "first"), [(True, "2"), (False, "{")])
@pytest.mark.usefixtures("_own_logging")
def test_logs_are_text_on_a_terminal_and_json_elsewhere(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    terminal: bool,
    first: str,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    logs.configure("INFO", "auto")
    logging.getLogger("any").info("something")
    assert capsys.readouterr().err.startswith(first)


@pytest.mark.usefixtures("_own_logging")
async def test_text_log_shows_the_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "text")
    async with serving({"Call": handler(missing)}) as running:
        call = running.unary()(StringValue(), metadata=(("x-request-id", "abc"),))
        await failure(call)
    written = capsys.readouterr().err
    assert f"/{SERVICE}/Call NOT_FOUND" in written
    assert "(request abc)" in written


def scraped(listen: str) -> str:
    with urllib.request.urlopen(f"http://{listen}/metrics") as response:
        return str(response.read().decode())


async def test_metrics_count_and_time_calls(unused_tcp_port: int) -> None:
    listen = f"127.0.0.1:{unused_tcp_port}"
    registry = metrics.process_registry()
    observers = (AccessLog(), metrics.Metrics(registry))
    with metrics.served(registry, listen):
        async with serving({"Call": handler(missing)}, observers=observers) as running:
            await failure(running.unary()(StringValue()))
            await eventually(lambda: "NotFound" in scraped(listen))
            page = scraped(listen)
    labels = f'grpc_method="Call",grpc_service="{SERVICE}",grpc_type="unary"'
    assert f"grpc_server_started_total{{{labels}}} 1.0" in page
    assert f'grpc_server_handled_total{{grpc_code="NotFound",{labels}}} 1.0' in page
    assert f"grpc_server_handling_seconds_count{{{labels}}} 1.0" in page


def test_metrics_address_in_use_is_an_error(unused_tcp_port: int) -> None:
    listen = f"127.0.0.1:{unused_tcp_port}"
    registry = metrics.process_registry()
    with (
        metrics.served(registry, listen),
        pytest.raises(OSError, match=f"cannot serve metrics on {listen}"),
        metrics.served(registry, listen),
    ):
        pass


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (grpc.StatusCode.OK, "OK"),
        (grpc.StatusCode.CANCELLED, "Canceled"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "DeadlineExceeded"),
    ],
)
def test_codes_are_spelled_as_in_go(code: grpc.StatusCode, name: str) -> None:
    assert metrics.go_name(code) == name
