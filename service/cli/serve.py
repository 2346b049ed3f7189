"""`fonoteca serve`: the service, with a PostgreSQL of its own when none is named."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from typing import Annotated, Final

import typer

from service import server
from service.cli.guard import Guard
from service.cli.local import explained
from service.cli.sample import import_sample
from service.cli.terminal import FAILED, say
from service.database import migrations
from service.database.embedded import EmbeddedPostgres
from service.settings import Settings, load_settings

_LOG: Final = logging.getLogger(__name__)

_SEE_SETTINGS: Final = (
    "Every other setting is an environment variable: `fonoteca settings` lists them."
)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(epilog=_SEE_SETTINGS)(serve)


def serve(
    *,
    listen: Annotated[
        str | None,
        typer.Option(help="Address: host:port or unix:path. [default: FONOTECA_LISTEN]"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes. [default: FONOTECA_WORKERS]")
    ] = None,
    sample: Annotated[
        bool, typer.Option(help="Fill a new embedded database with some well-known recordings.")
    ] = True,
) -> None:
    """Serve the catalogue until SIGTERM or Ctrl-C.

    Uses DATABASE_URL. Without it, an embedded PostgreSQL is started, migrated, and stopped again.

    Example: fonoteca serve --listen 0.0.0.0:50051 --workers 2
    """
    with explained():
        settings = load_settings(listen=listen, workers=workers)
        if settings.database_url:
            raise typer.Exit(server.run(settings))
        raise typer.Exit(_serve_embedded(settings, sample=sample))


def _serve_embedded(settings: Settings, *, sample: bool) -> int:
    # Until the server listens to signals itself, SIGTERM must unwind the stack: PostgreSQL would
    # otherwise stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with EmbeddedPostgres(settings.data_dir, progress=say) as postgres:
        migrations.upgrade(postgres.conninfo)
        settings = settings.model_copy(update={"database_url": postgres.conninfo})
        fill = sample and postgres.is_new and settings.tls_cert is None
        announce = _announce_and_fill if fill else server.print_address
        postgres.progress = _LOG.info  # the server is about to set up the logs
        with Guard(postgres) as guard:
            code = server.run(settings, announce, on_stop=guard.rest)
        return FAILED if guard.gave_up else code


def _announce_and_fill(address: str) -> None:
    """Say that calls are accepted, and import the sample through one, beside the server."""
    server.print_address(address)
    threading.Thread(target=_fill, args=(address,), daemon=True).start()


def _fill(address: str) -> None:
    """Import the sample; the service is as good without it, so whatever fails is only logged."""
    try:
        import_sample(address)
    except Exception:  # noqa: BLE001
        _LOG.exception("the sample could not be imported")
