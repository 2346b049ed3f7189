"""Save a database to one file, and bring it back: all of it, or nothing.

PostgreSQL's own programs do the work. Those of the embedded wheel serve any server up to their
version, but were built without TLS: for a server that asks for it the ones on the PATH are used.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from service.database import migrations
from service.database.embedded import Software

Progress = Callable[[int], None]
"""Called now and then with the number of bytes so far."""

_CHUNK: Final = 256 * 1024
_POLL: Final = 0.1
_TLS_MODES: Final = frozenset({"require", "verify-ca", "verify-full"})

_OBJECTS: Final = """\
SELECT EXISTS (
    SELECT FROM pg_class AS object
    WHERE object.relnamespace = 'public'::regnamespace
      AND NOT EXISTS (
        SELECT FROM pg_depend AS dependency
        WHERE dependency.objid = object.oid AND dependency.deptype = 'e'
      )
)
"""
"""Whether anything is there that did not come with an extension."""

_BEGIN: Final = """\
SET client_min_messages = warning;
SET lock_timeout = '30s';
BEGIN;
"""

_CLEAR: Final = """\
DROP SCHEMA public CASCADE;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""

_UNKNOWN_BEFORE_17: Final = b"SET transaction_timeout = 0;\n"
"""In the head of each script. Older servers refuse it; for newer ones it is the default."""

_COMMIT: Final = """
DO $$
BEGIN
    IF (SELECT version_num FROM public.alembic_version) NOT IN ({revisions}) THEN
        RAISE EXCEPTION 'the backup was made by a newer version of fonoteca: restore it with that';
    END IF;
END
$$;
COMMIT;
"""
"""The last word, which is only said when everything before it has arrived."""


class BackupError(Exception):
    """The backup could not be written or brought back; the message says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a database is, and how large (bytes)."""

    location: str
    version: str
    size: int


def describe(url: str) -> Server:
    """Ask a database about itself. Raises `psycopg.OperationalError` when it does not answer."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        info = connection.info
        return Server(
            location=f"{info.dbname} at {info.host}",
            version=info.parameter_status("server_version") or "",
            size=row[0] if row else 0,
        )


def is_empty(url: str) -> bool:
    """Whether there is nothing in the database that a restore would have to remove."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(_OBJECTS).fetchone() == (False,)


def backup(url: str, file: Path, progress: Progress) -> None:
    """Write the database as of now to `file`, which appears only when it is whole.

    Raises `BackupError`.
    """
    partial = file.with_name(f".{file.name}.partial")
    command = [*_program("pg_dump", url), "--format=custom", f"--file={partial}"]
    try:
        with _running(command, url) as process:
            while process.poll() is None:
                time.sleep(_POLL)
                progress(partial.stat().st_size if partial.exists() else 0)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def restore(url: str, file: Path, progress: Progress) -> None:
    """Replace the content of the database by that of `file`, in one transaction.

    Raises `BackupError`; the database is then as it was.
    """
    script = ["--no-owner", "--no-privileges", "--file=-", str(file)]
    psql = [*_program("psql", url), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    clear = "" if is_empty(url) else _CLEAR
    with _running(psql, url, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as target:
        sink = cast("IO[bytes]", target.stdin)
        sink.write((_BEGIN + clear).encode())
        pg_restore = [str(_path("pg_restore")), *script]
        with _running(pg_restore, url, stdout=subprocess.PIPE) as source:
            _copy(cast("IO[bytes]", source.stdout), sink, progress)
        sink.write(_COMMIT.format(revisions=_known_revisions()).encode())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # a backup holds no statistics


def _known_revisions() -> str:
    """The revisions that this version can work with, as a list of SQL literals."""
    return ", ".join(f"'{revision}'" for revision in migrations.pending(None) or ())


def _copy(source: IO[bytes], target: IO[bytes], progress: Progress) -> None:
    done = 0
    while chunk := source.read(_CHUNK):
        target.write(chunk if done else chunk.replace(_UNKNOWN_BEFORE_17, b"", 1))
        done += len(chunk)
        progress(done)


def _program(name: str, url: str) -> list[str]:
    """The start of a command that connects to `url`, without its password, which all could see."""
    parameters = conninfo_to_dict(url)
    parameters.pop("password", None)
    tls = (parameters.get("sslmode") or os.environ.get("PGSSLMODE")) in _TLS_MODES
    return [str(_path(name, tls=tls)), f"--dbname={make_conninfo('', **parameters)}"]


def _path(name: str, *, tls: bool = False) -> str:
    if not tls:
        return str(Software.installed().program(name))
    found = shutil.which(name)
    if found is None:
        raise BackupError(
            f"the database wants TLS, which needs {name} of an installed PostgreSQL: "
            "install its client programs (postgresql-client)"
        )
    return found


@contextmanager
def _running(
    command: list[str], url: str, *, stdin: int = subprocess.DEVNULL, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program during the block, which it does not survive; raise what it complains about."""
    password = conninfo_to_dict(url).get("password")
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(  # noqa: S603  # no shell, and no argument that is a command
            command, env=environment, stdin=stdin, stdout=stdout, stderr=errors, umask=0o077
        ) as process:
            try:
                yield process
            except BaseException as error:
                if not (isinstance(error, BrokenPipeError) and process.stdin):
                    process.kill()
                    raise
                # It hung up on us, and will have said why.
            finally:
                _hang_up(process)
        if process.returncode != 0:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace")
            raise BackupError(_complaint(Path(command[0]).name, said))


def _hang_up(process: subprocess.Popen[bytes]) -> None:
    """Close our end of the input, whether or not what is left of it can still be delivered."""
    if process.stdin:
        with suppress(BrokenPipeError):
            process.stdin.close()


def _complaint(program: str, text: str) -> str:
    """What a program said, with a hint where it is known what to do."""
    lines = text.strip().splitlines()[-5:] or [f"{program} failed"]
    if "lock timeout" in text:
        lines.append("somebody uses the database: stop the service first")
    return "\n".join(lines)
