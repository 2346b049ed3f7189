"""The sending side of an import, against a server that fails when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from fonoteca.v1.library_pb2 import GetLibraryRequest, Library
from fonoteca.v1.track_pb2 import ImportTracksRequest, ImportTracksResponse, Track
from service.ingest.client import ATTEMPTS, Batch, ImportClient, batches

EXPLAINED = 10


class FailingServer:
    """Takes imports, except where `fail` says no."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.stored: list[str] = []
        self.statuses: list[Status] = []
        self.bad: Callable[[str], bool] = lambda title: False
        self.wait = threading.Event()
        self.wait.set()
        self.entered = threading.Event()

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """Return the two methods that an import calls."""
        get_library = grpc.unary_unary_rpc_method_handler(
            lambda request, context: Library(id="01890000-0000-7000-8000-000000000000"),
            request_deserializer=GetLibraryRequest.FromString,
            response_serializer=Library.SerializeToString,
        )
        import_tracks = grpc.stream_unary_rpc_method_handler(
            self._import_tracks,
            request_deserializer=ImportTracksRequest.FromString,
            response_serializer=ImportTracksResponse.SerializeToString,
        )
        return [
            grpc.method_handlers_generic_handler(f"fonoteca.v1.{service}", {name: handler})
            for service, name, handler in (
                ("LibraryService", "GetLibrary", get_library),
                ("TrackService", "ImportTracks", import_tracks),
            )
        ]

    def _import_tracks(
        self, requests: Iterator[ImportTracksRequest], context: grpc.ServicerContext
    ) -> ImportTracksResponse:
        messages = list(requests)
        titles = [track.title for message in messages for track in message.tracks]
        self.calls.append(titles)
        self.entered.set()
        self.wait.wait(30)
        if self.statuses:
            context.abort_with_status(rpc_status.to_status(self.statuses.pop(0)))
        response = ImportTracksResponse()
        for index, title in enumerate(titles):
            if self.bad(title):
                response.failed += 1
                if len(response.errors) < EXPLAINED:
                    response.errors.add(index=index, error=Status(code=3, message=f"bad {title}"))
            else:
                response.created += 1
                if not messages[0].validate_only:
                    self.stored.append(title)
        # In no order that matters.
        response.errors.reverse()
        return response


@pytest.fixture
def failing() -> FailingServer:
    return FailingServer()


@pytest.fixture
def address(failing: FailingServer) -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers(failing.handlers())
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    failing.wait.set()
    server.stop(0).wait()


@pytest.fixture
def channel_to(address: str) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(address) as channel:
        yield channel


def batch_of(count: int) -> Batch[int]:
    tracks = ((number, Track(title=str(number))) for number in range(count))
    return next(batches(tracks))


def status(code: grpc.StatusCode, wait_seconds: int | None = None) -> Status:
    found = Status(code=code.value[0], message="on demand")
    if wait_seconds is not None:
        hint = RetryInfo()
        hint.retry_delay.seconds = wait_seconds
        found.details.add().Pack(hint)
    return found


def test_what_may_pass_is_sent_again(failing: FailingServer, channel_to: grpc.Channel) -> None:
    pauses: list[float] = []
    failing.statuses = [
        status(grpc.StatusCode.UNAVAILABLE),
        status(grpc.StatusCode.ABORTED),
        status(grpc.StatusCode.RESOURCE_EXHAUSTED, wait_seconds=7),
    ]
    outcome = ImportClient(channel_to, pause=pauses.append).send(batch_of(1200))
    assert outcome.created == 1200
    assert failing.calls == [[str(number) for number in range(1200)]] * 4
    assert 0 < pauses[0] <= 0.25
    assert 0.25 <= pauses[1] <= 0.5
    assert pauses[2] == 7


@pytest.mark.parametrize("code", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL])
def test_what_will_not_pass_is_not_sent_again(
    failing: FailingServer, channel_to: grpc.Channel, code: grpc.StatusCode
) -> None:
    pauses: list[float] = []
    failing.statuses = [status(code)]
    with pytest.raises(grpc.RpcError, match="on demand"):
        ImportClient(channel_to, pause=pauses.append).send(batch_of(3))
    assert len(failing.calls) == 1
    assert pauses == []


def test_tries_come_to_an_end(failing: FailingServer, channel_to: grpc.Channel) -> None:
    pauses: list[float] = []
    failing.statuses = [status(grpc.StatusCode.UNAVAILABLE)] * 100
    with pytest.raises(grpc.RpcError):
        ImportClient(channel_to, pause=pauses.append).send(batch_of(3))
    assert len(failing.calls) == ATTEMPTS == len(pauses) + 1


def test_refusals_are_counted_and_the_first_ones_explained(
    failing: FailingServer, channel_to: grpc.Channel
) -> None:
    failing.bad = lambda title: title.endswith("7")
    outcome = ImportClient(channel_to).send(batch_of(1200))
    assert (outcome.created, outcome.refused) == (1080, 120)
    assert [refusal.place for refusal in outcome.refusals] == list(range(7, 100, 10))
    assert len(failing.calls) == 1


def test_every_refusal_is_explained_on_demand(
    failing: FailingServer, channel_to: grpc.Channel
) -> None:
    failing.bad = lambda title: title.endswith("7")
    outcome = ImportClient(channel_to, explain_all=True).send(batch_of(1200))
    assert [refusal.place for refusal in outcome.refusals] == list(range(7, 1200, 10))
    assert all(refusal.error.message == f"bad {refusal.place}" for refusal in outcome.refusals)
    assert len(failing.stored) == 1080


def test_progress_is_told(failing: FailingServer, channel_to: grpc.Channel) -> None:
    counts: list[int] = []
    ImportClient(channel_to).send(batch_of(1200), counts.append)
    assert counts == [500, 1000, 1200]


def test_ctrl_c_stops_and_tells_what_is_stored(
    failing: FailingServer, address: str, tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    rows = "".join(f"t:{number},{number}\n" for number in range(60_000))
    table.write_text("source_id,title\n" + rows)
    command = [sys.executable, "-m", "service", "import", str(table), "--address", address]
    path = os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    while len(failing.calls) < 2:
        if len(failing.calls) == 1:
            failing.wait.clear()
        assert failing.entered.wait(30)
        assert process.poll() is None
        failing.entered.clear()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "50,000 tracks are stored" in err
    assert "Traceback" not in err
    assert out.startswith("50,000 new")
