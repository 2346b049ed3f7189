"""Prometheus metrics with the names that existing gRPC dashboards read.

`grpc_server_started_total`, `grpc_server_handled_total` and `grpc_server_handling_seconds`, labeled
as Go's middleware labels them. With several workers each writes its numbers to files in the folder
that `PROMETHEUS_MULTIPROC_DIR` names, and the parent process serves their sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import grpc
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.multiprocess import MultiProcessCollector

from service.wire.observation import Ending
from service.wire.router import Method

MULTIPROCESS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"

_LABELS: Final = ("grpc_type", "grpc_service", "grpc_method")
_KINDS: Final = {
    (False, False): "unary",
    (True, False): "client_stream",
    (False, True): "server_stream",
    (True, True): "bidi_stream",
}
_BUCKETS: Final = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    60,
)


class Metrics:
    """Counts and times calls; label lookups are done once for each method and code."""

    def __init__(self, registry: CollectorRegistry) -> None:
        started = Counter(
            "grpc_server_started", "Calls that have arrived.", _LABELS, registry=registry
        )
        handled = Counter(
            "grpc_server_handled",
            "Calls that have ended, by status.",
            (*_LABELS, "grpc_code"),
            registry=registry,
        )
        handling = Histogram(
            "grpc_server_handling_seconds",
            "How long calls took, in seconds.",
            _LABELS,
            registry=registry,
            buckets=_BUCKETS,
        )
        self._started = cache(lambda method: started.labels(*_labels(method)))
        self._handled = cache(lambda method, code: handled.labels(*_labels(method), go_name(code)))
        self._handling = cache(lambda method: handling.labels(*_labels(method)))

    def started(self, method: Method) -> None:
        """Count an arrival."""
        self._started(method).inc()

    def ended(self, method: Method, ending: Ending) -> None:
        """Count and time an end."""
        self._handled(method, ending.code).inc()
        self._handling(method).observe(ending.seconds)


@contextmanager
def served(registry: CollectorRegistry, listen: str) -> Iterator[None]:
    """Serve `registry` over HTTP at `host:port` for the time of the block.

    Raises OSError when the address cannot be had.
    """
    host, _, port = listen.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry)
    except OSError as error:
        raise OSError(f"cannot serve metrics on {listen}: {error.strerror}") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def process_registry() -> CollectorRegistry:
    """Return a registry for one process, with its memory, CPU time and open files."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def summed_registry(folder: str) -> CollectorRegistry:
    """Return a registry that reads what several processes have written to `folder`."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return registry


def _labels(method: Method) -> tuple[str, str, str]:
    return _KINDS[method.client_streams, method.server_streams], method.service, method.name


def go_name(code: grpc.StatusCode) -> str:
    """Return the label that Go gives a code: its dashboards are the ones in use."""
    if code is grpc.StatusCode.OK:
        return "OK"
    if code is grpc.StatusCode.CANCELLED:
        return "Canceled"
    return "".join(word.capitalize() for word in code.name.split("_"))
