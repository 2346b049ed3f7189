"""Everything that can be set, in one frozen object read once from the environment.

`load_settings` is the only reader of environment variables. It refuses a variable that it does not
know, a value that it cannot read and a combination that makes no sense, and reports all of them at
once: a service that starts with half of its settings fails later, and elsewhere.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import platformdirs
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo

PREFIX: Final = "FONOTECA_"

_MIB: Final = 1024 * 1024


class SettingsError(Exception):
    """The environment does not make a valid configuration; `problems` has a line for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _listen_address(value: str) -> str:
    """Accept `host:port`, `[ipv6]:port` and `unix:path`."""
    if value.startswith("unix:"):
        if value == "unix:":
            raise ValueError("must name a socket, such as unix:/run/fonoteca.sock")
        return value
    host, colon, port = value.rpartition(":")
    bare_ipv6 = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if not colon or not host or bare_ipv6 or not port.isdecimal() or int(port) > 65_535:
        raise ValueError("must be host:port, [ipv6]:port or unix:path")
    return value


def _tcp_address(value: str) -> str:
    """Accept `host:port` and `[ipv6]:port`."""
    if value.startswith("unix:"):
        raise ValueError("must be host:port or [ipv6]:port")
    return _listen_address(value)


def _database_url(value: str) -> str:
    """Accept what libpq accepts: a URL or a list of `key=value`."""
    try:
        conninfo_to_dict(value)
    except ProgrammingError:
        raise ValueError(
            "must be a PostgreSQL URL, such as postgresql://user:password@host:5432/fonoteca"
        ) from None
    return value


def _readable_file(path: Path) -> Path:
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _artwork_place(value: str) -> str:
    """Accept a folder, and what the store of pictures can write to."""
    scheme, colon, rest = value.partition("://")
    if not colon:
        return str(_absolute(Path(value)))
    if scheme not in ("s3", "gs") or not rest:
        raise ValueError("must be a folder, s3://bucket/path or gs://bucket/path")
    return value


def _split_folders(value: object) -> object:
    """Accept folders as a shell writes them in PATH."""
    return (
        [folder for folder in value.split(os.pathsep) if folder]
        if isinstance(value, str)
        else value
    )


def _default_data_dir() -> Path:
    """The user's data directory; `/var/lib/fonoteca` for root."""
    if os.geteuid() == 0:
        return Path("/var/lib/fonoteca")
    return platformdirs.user_data_path("fonoteca")


ListenAddress = Annotated[str, AfterValidator(_listen_address)]
TcpAddress = Annotated[str, AfterValidator(_tcp_address)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Folder = Annotated[Path, AfterValidator(_absolute)]
ReadableFile = Annotated[Path, AfterValidator(_readable_file)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
SecondsOrZero = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
DaysOrZero = Annotated[int, Field(ge=0, le=36_500)]
Bytes = Annotated[int, Field(ge=1024, le=1024 * _MIB)]
FileBytes = Annotated[int, Field(ge=1024, le=1024 * 1024 * _MIB)]
ArtworkPlace = Annotated[str, AfterValidator(_artwork_place)]
Folders = Annotated[tuple[Folder, ...], BeforeValidator(_split_folders)]


class Settings(BaseModel):
    """The configuration of one service. Times are in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    database_url: DatabaseUrl | None = Field(
        default=None,
        repr=False,  # it may hold a password
        description="PostgreSQL to use, 15 or later, as URL or `key=value` list. "
        "Unset: an embedded PostgreSQL below the data directory is started and migrated.",
    )
    listen: ListenAddress = Field(
        default="127.0.0.1:50051",
        description="Where gRPC is served: `host:port`, `[ipv6]:port` or `unix:path`. "
        "Port 0 takes a free one.",
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=256,
        description="Processes that share the port. More than one needs a TCP address.",
    )
    data_dir: Folder = Field(
        default_factory=_default_data_dir,
        description="Where the embedded PostgreSQL and files that are sent are kept.",
    )
    pool_min_size: int = Field(
        default=2, ge=0, le=1_000, description="Connections that each process keeps open."
    )
    pool_max_size: int = Field(
        default=10, ge=1, le=1_000, description="Connections that each process opens at most."
    )
    pool_timeout: Seconds = Field(
        default=5.0, description="How long a call waits for a connection (s)."
    )
    pool_max_waiting: int = Field(
        default=200,
        ge=1,
        description="Calls that may wait for a connection at once; the next one is refused.",
    )
    statement_timeout: Seconds = Field(
        default=90.0,
        description="PostgreSQL ends a statement after this time (s); a backstop behind deadlines.",
    )
    lock_timeout: Seconds = Field(
        default=10.0, description="PostgreSQL gives up waiting for a lock after this time (s)."
    )
    idle_in_transaction_timeout: Seconds = Field(
        default=60.0,
        description="PostgreSQL ends a transaction in which nothing happens for this time (s).",
    )
    pgbouncer: bool = Field(
        default=False,
        description="The database is behind PgBouncer in transaction mode: no prepared statements, "
        "and the three timeouts above and `jit = off` are not sent. Set them on the role instead "
        "(`ALTER ROLE fonoteca SET statement_timeout = '90s'`). "
        "Migrations need a direct connection.",
    )
    max_deadline: Seconds = Field(
        default=60.0,
        description="Deadline of a unary call that brings none, and the longest allowed (s).",
    )
    stream_deadline: Seconds = Field(
        default=3_600.0,
        description="Deadline of a streaming call that brings none, and the longest allowed (s).",
    )
    max_concurrent_calls: int = Field(
        default=256,
        ge=1,
        description="Calls that one process answers at once; further ones are refused at once "
        "with RESOURCE_EXHAUSTED.",
    )
    max_receive_bytes: Bytes = Field(
        default=16 * _MIB, description="Largest message that is accepted (bytes)."
    )
    max_send_bytes: Bytes = Field(
        default=4 * _MIB,
        description="Largest message that is sent (bytes). Clients refuse more than 4 MiB "
        "unless they are told otherwise.",
    )
    upkeep_interval: SecondsOrZero = Field(
        default=5.0,
        description="How often each process looks at some rows of the search index, and mends what "
        "is wrong (s). 0: never; `fonoteca search verify --repair` does the same.",
    )
    purge_after_days: DaysOrZero = Field(
        default=0,
        description="For how many days deleted tracks and playlists can be brought back, and "
        "what nothing refers to any more is kept: albums, artists, pictures and files that were "
        "sent. 0: for ever; `fonoteca purge` ends that by hand.",
    )
    media_roots: Folders = Field(
        default=(),
        description="Folders below which callers may have the server scan files, separated by `:`.",
    )
    ingest_workers: int | None = Field(
        default=None,
        ge=0,
        le=256,
        description="Processes of each server process that read the files which scans have queued. "
        "Unset: 1 when there are media roots, else 0.",
    )
    media_store: Folder | None = Field(
        default=None,
        description="Where files that are sent are kept. Servers of one catalogue must share it. "
        "Unset: `media` in the data directory.",
    )
    artwork_store: ArtworkPlace | None = Field(
        default=None,
        description="Where pictures are kept: a folder, or a URL such as `s3://bucket/artwork`. "
        "Servers of one catalogue must share it. Unset: `artwork` in the data directory.",
    )
    upload_max_bytes: FileBytes = Field(
        default=2_048 * _MIB, description="Largest file that may be sent (bytes)."
    )
    upload_room_bytes: FileBytes = Field(
        default=8_192 * _MIB,
        description="How much disk the files may take that are being sent at once to one server "
        "process (bytes); the next one is refused.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe messages that are logged."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto",
        description="`json`: one object a line; `text`: for people; "
        "`auto`: `text` when stderr is a terminal, else `json`.",
    )
    reflection: bool = Field(
        default=True, description="Serve gRPC reflection, which grpcurl and evans rely on."
    )
    drain_delay: SecondsOrZero = Field(
        default=5.0,
        description="After SIGTERM, how long calls are still accepted while health says "
        "NOT_SERVING (s), so that load balancers notice.",
    )
    drain_grace: SecondsOrZero = Field(
        default=30.0, description="Then, how long calls in flight may take to end (s)."
    )
    tls_cert: ReadableFile | None = Field(
        default=None, description="Certificate chain in PEM; serves TLS. Needs the key."
    )
    tls_key: ReadableFile | None = Field(
        default=None, description="Private key of the certificate in PEM."
    )
    tls_client_ca: ReadableFile | None = Field(
        default=None,
        description="Authority in PEM that must have signed the certificate of each client.",
    )
    metrics_listen: TcpAddress | None = Field(
        default=None, description="Where Prometheus metrics are served over HTTP: `host:port`."
    )

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        problems = list(_contradictions(self))
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def reading_processes(self) -> int:
        """How many processes read the files that scans have queued."""
        return int(bool(self.media_roots)) if self.ingest_workers is None else self.ingest_workers

    @property
    def media_store_dir(self) -> Path:
        """Where files that are sent are kept."""
        return self.media_store or self.data_dir / "media"

    @property
    def artwork_store_place(self) -> str:
        """Where pictures are kept: a folder, or a URL."""
        return self.artwork_store or str(self.data_dir / "artwork")

    @property
    def session_options(self) -> str:
        """The libpq `options` that set up a session; empty behind PgBouncer.

        The timeouts, and no compilation of statements: a search does a hundredth of the work that
        the planner expects, and compiling takes longer than that. PgBouncer refuses this startup
        parameter, and in transaction mode a plain SET would reach whichever session comes next,
        so there it is left to the role.
        """
        if self.pgbouncer:
            return ""
        timeouts = {
            "statement_timeout": self.statement_timeout,
            "lock_timeout": self.lock_timeout,
            "idle_in_transaction_session_timeout": self.idle_in_transaction_timeout,
        }
        options = {"jit": "off"} | {
            name: str(round(seconds * 1_000)) for name, seconds in timeouts.items()
        }
        return " ".join(f"-c {name}={value}" for name, value in options.items())


def _contradictions(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with values that are each fine on their own."""
    if settings.tls_cert and not settings.tls_key:
        yield "FONOTECA_TLS_CERT is set without FONOTECA_TLS_KEY: set both, or neither"
    if settings.tls_key and not settings.tls_cert:
        yield "FONOTECA_TLS_KEY is set without FONOTECA_TLS_CERT: set both, or neither"
    if settings.tls_client_ca and not settings.tls_cert:
        yield "FONOTECA_TLS_CLIENT_CA needs FONOTECA_TLS_CERT and FONOTECA_TLS_KEY"
    if settings.workers > 1 and settings.listen.startswith("unix:"):
        yield "FONOTECA_WORKERS above 1 needs a TCP address in FONOTECA_LISTEN"
    if settings.ingest_workers and not settings.media_roots:
        yield "FONOTECA_INGEST_WORKERS needs FONOTECA_MEDIA_ROOTS: there is nothing to read"
    if settings.metrics_listen == settings.listen and not settings.listen.endswith(":0"):
        yield "FONOTECA_METRICS_LISTEN must differ from FONOTECA_LISTEN"
    for small, large in _ORDERED:
        low, high = getattr(settings, small), getattr(settings, large)
        if low > high:
            yield (
                f"{variable(small)} ({low:g}) must not be more than {variable(large)} ({high:g})"
            )


_ORDERED: Final = (
    ("pool_min_size", "pool_max_size"),
    ("pool_timeout", "max_deadline"),
    ("lock_timeout", "statement_timeout"),
    ("statement_timeout", "stream_deadline"),
    ("max_deadline", "stream_deadline"),
    ("upload_max_bytes", "upload_room_bytes"),
)
"""Pairs of settings of which the first is pointless when it is more than the second."""


def variable(field: str) -> str:
    """Return the environment variable that sets `field`."""
    return "DATABASE_URL" if field == "database_url" else PREFIX + field.upper()


def load_settings(environ: Mapping[str, str] = os.environ, **overrides: object) -> Settings:
    """Read the settings from `environ`; `overrides` (command line options) that are not None win.

    An empty variable counts as unset. Raises `SettingsError` with everything that is wrong.
    """
    values: dict[str, Any] = {
        field: environ[variable(field)]
        for field in Settings.model_fields
        if environ.get(variable(field))
    }
    values |= {field: value for field, value in overrides.items() if value is not None}
    problems = list(_unknown_variables(environ))
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(problems + list(_explain(error))) from None
    if problems:
        raise SettingsError(problems)
    return settings


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        field = name.removeprefix(PREFIX).lower()
        if field not in Settings.model_fields or name != variable(field):
            close = difflib.get_close_matches(field, Settings.model_fields, n=1)
            hint = f"did you mean {variable(close[0])}?" if close else "see `fonoteca settings`"
            yield f"{name} is not a setting: {hint}"


def _explain(error: ValidationError) -> Iterator[str]:
    """Turn what pydantic found into one line a problem, without the value of a secret."""
    for detail in error.errors(include_url=False):
        message = detail["msg"].removeprefix("Value error, ")
        if not detail["loc"]:  # from `_check_combinations`
            yield from message.split("\n")
            continue
        field = str(detail["loc"][0])
        shown = "" if field == "database_url" else f"={detail['input']}"
        yield f"{variable(field)}{shown}: {message[0].lower()}{message[1:]}"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of the reference: how a setting is called, what it is when unset, what it does."""

    field: str
    variable: str
    default: str
    meaning: str
    secret: bool


def settings_table() -> list[SettingRow]:
    """Describe all settings, in the order of the reference."""
    return [
        SettingRow(
            field=name,
            variable=variable(name),
            default=_shown_default(field),
            meaning=field.description or "",
            secret=not field.repr,
        )
        for name, field in Settings.model_fields.items()
    ]


def _shown_default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return (field.default_factory.__doc__ or "").rstrip(".")
    match field.default:
        case None:
            return "unset"
        case ():
            return "unset"
        case bool(value):
            return f"`{str(value).lower()}`"
        case float(value):
            return f"`{value:g}`"
        case value:
            return f"`{value}`"
