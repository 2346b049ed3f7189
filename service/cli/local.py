"""What the commands share that work on the database itself, not through the service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from service.cli.terminal import FAILED, INTERRUPTED, USAGE, CommandError, leave, say
from service.database.backup import BackupError
from service.database.embedded import EmbeddedError, EmbeddedPostgres
from service.database.migrations import MigrationError
from service.settings import SettingsError, load_settings


@contextmanager
def explained() -> Iterator[None]:
    """Turn the failures that a command expects into a message and an exit code."""
    try:
        yield
    except SettingsError as error:
        leave(USAGE, *error.problems)
    except (CommandError, BackupError, EmbeddedError, MigrationError) as error:
        leave(FAILED, str(error))
    except psycopg.OperationalError as error:
        leave(FAILED, f"the database does not answer: {str(error).strip()}")
    except KeyboardInterrupt:
        leave(INTERRUPTED, "interrupted")


@contextmanager
def database(*, create: bool = False) -> Iterator[str]:
    """Yield how to connect: DATABASE_URL, or the embedded PostgreSQL, which runs meanwhile.

    An embedded one that does not exist is created if `create` says so, else it is a CommandError.
    """
    settings = load_settings()
    if settings.database_url:
        yield settings.database_url
        return
    postgres = EmbeddedPostgres(settings.data_dir, progress=say)
    if not create and not postgres.exists:
        raise CommandError(
            f"there is no database in {settings.data_dir} yet: `fonoteca serve` creates one; "
            "or set DATABASE_URL"
        )
    with postgres:
        yield postgres.conninfo
