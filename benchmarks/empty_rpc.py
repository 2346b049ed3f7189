"""The service and a method that does nothing: what gRPC and our layers cost by themselves.

Everything else is as in `fonoteca serve`, and the method passes the same router and layers as all.
"""

from __future__ import annotations

import signal
import sys
from typing import Any, Final

import grpc
from google.protobuf.empty_pb2 import Empty

from service import logs, server, workers
from service.capabilities import CAPABILITIES
from service.database.embedded import EmbeddedPostgres
from service.server import Announce
from service.settings import Settings, load_settings

_SERVICE: Final = "fonoteca.benchmarks.EmptyService"
PATH: Final = f"/{_SERVICE}/Empty"
"""The method: takes and returns a google.protobuf.Empty."""


class EmptyServicer:
    """Does nothing."""

    async def empty(self, request: Empty, context: object) -> Empty:
        """Return the request."""
        del context
        return request


def add_empty_servicer(servicer: EmptyServicer, target: Any) -> None:
    """Register the method, as generated code would."""
    handler = grpc.unary_unary_rpc_method_handler(
        servicer.empty,
        request_deserializer=Empty.FromString,
        response_serializer=Empty.SerializeToString,
    )
    target.add_registered_method_handlers(_SERVICE, {"Empty": handler})


def work(settings: Settings, announce: Announce) -> int:
    """Serve in this process; returns the exit code."""
    capabilities = (*CAPABILITIES, (add_empty_servicer, lambda *_: EmptyServicer()))
    return server.work(settings, announce, capabilities)


def main() -> int:
    """Serve until SIGTERM, with an embedded PostgreSQL unless a database is given."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = load_settings()
    logs.configure(settings.log_level, settings.log_format)
    if settings.database_url:
        return _serve(settings)
    with EmbeddedPostgres(settings.data_dir) as postgres:
        return _serve(settings.model_copy(update={"database_url": postgres.conninfo}))


def _serve(settings: Settings) -> int:
    if settings.workers > 1:
        return workers.supervise(settings, work, server.print_address, server.nothing)
    return work(settings, server.print_address)


if __name__ == "__main__":
    sys.exit(main())
