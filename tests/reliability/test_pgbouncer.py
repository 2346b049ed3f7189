"""The service behind PgBouncer in transaction mode: no call relies on what a session remembers.

There are two server connections for many clients, so that each transaction may run on another one
than the last. Skipped where no `pgbouncer` is installed.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import grpc
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fonoteca.v1 import playlist_pb2 as playlists_pb
from fonoteca.v1 import search_pb2
from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import AudioFeatures, AudioFile, CreditedName
from service.database import Connection, Database
from service.settings import Settings
from tests.reliability.test_server_lifecycle import running, started
from tests.support.documents import documents_agree
from tests.support.samples import create, create_all, get, source
from tests.support.waiting import PATIENCE, eventually

if TYPE_CHECKING:
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

# Debian keeps it where only root looks.
PROGRAM: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = pytest.mark.skipif(not PROGRAM, reason="there is no program `pgbouncer`")

SERVER_CONNECTIONS: Final = 2
CLIENTS: Final = 8
ROUNDS: Final = 5

CONFIGURATION: Final = """\
[databases]
* = {target}

[pgbouncer]
listen_port = 6432
unix_socket_dir = {folder}
unix_socket_mode = 0777
auth_type = any
pool_mode = transaction
default_pool_size = {server_connections}
"""


@contextmanager
def pgbouncer(folder: Path, target: str) -> Iterator[str]:
    """Run PgBouncer in front of a database; yields how to connect to it."""
    parts = conninfo_to_dict(target)
    account = _account(str(parts.get("host", "")))
    os.chown(folder, account.pw_uid, account.pw_gid)
    file = folder / "pgbouncer.ini"
    file.write_text(
        CONFIGURATION.format(target=target, folder=folder, server_connections=SERVER_CONNECTIONS)
    )
    command = [str(PROGRAM), "--quiet", str(file)]
    as_root = os.geteuid() == 0  # which PgBouncer refuses to be
    with subprocess.Popen(command, user=account.pw_uid if as_root else None) as process:
        try:
            yield make_conninfo(
                host=str(folder), port=6432, dbname=parts["dbname"], user=parts.get("user")
            )
        finally:
            process.kill()


def _account(host: str) -> pwd.struct_passwd:
    """Return who runs PgBouncer: for root, the owner of the server's socket, else `nobody`."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    if host.startswith("/"):
        return pwd.getpwuid(Path(host).stat().st_uid)
    return pwd.getpwnam("nobody")


@pytest.fixture
async def bouncer_url(database_url: str) -> AsyncIterator[str]:
    """How to connect to the database of this test by way of PgBouncer."""
    with (
        tempfile.TemporaryDirectory(prefix="fonoteca-test-") as folder,
        pgbouncer(Path(folder), database_url) as url,
    ):

        def answers() -> bool:
            try:
                psycopg.connect(url).close()
            except psycopg.OperationalError:
                return False
            return True

        await eventually(answers)
        yield url


@pytest.fixture
def settings(bouncer_url: str) -> Settings:
    return Settings(
        database_url=bouncer_url,
        pgbouncer=True,
        listen="127.0.0.1:0",
        pool_min_size=CLIENTS,
        drain_delay=0,
    )


@pytest.fixture
async def database(settings: Settings, bouncer_url: str) -> AsyncIterator[Database]:
    """The pool of the service under test, on the far side of PgBouncer."""
    database = Database(bouncer_url, settings)
    await database.open()
    yield database
    await database.close()


_LEFT: Final = """
SELECT
    pg_backend_pid(),
    (SELECT count(*) FROM pg_prepared_statements)
    + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')
    + (SELECT count(*) FROM pg_class WHERE relpersistence = 't')
    + (SELECT count(*) FROM pg_settings WHERE source = 'session' AND name <> 'application_name')
"""


async def left_in_sessions(database: Database) -> dict[int, int]:
    """Return, by process, how many things the sessions remember that PgBouncer hands out."""
    left = {}
    async with database.transaction() as one, database.transaction() as two:
        for connection in (one, two):
            [(pid, things)] = await (await connection.execute(_LEFT)).fetchall()
            left[pid] = things
    return left


def song(number: int) -> pb.Track:
    """Return a track that is written to every table of tracks."""
    return pb.Track(
        title=f"Song {number}",
        credits=[CreditedName(name=f"Artist {number % 3}")],
        album=pb.TrackAlbum(title=f"Album {number % 2}"),
        genres=["Rock"],
        features=AudioFeatures(key=number % 12),
        sources=[source(number)],
        files=[AudioFile(uri=f"file:///{number}")],
    )


async def import_and_search(
    tracks: TrackServiceAsyncStub, search: SearchServiceAsyncStub, client: int
) -> None:
    """Import the same again and again; what is stored is found in the same batch twice."""
    for turn in range(ROUNDS):
        batch = [song(number) for number in range(client, client + 20 + turn)]
        imported = await tracks.ImportTracks(iter([pb.ImportTracksRequest(tracks=batch)]))
        assert imported.failed == 0
        wanted = [search_pb2.SearchTracksRequest(query=f"song {client}")] * 2
        wanted += [search_pb2.SearchTracksRequest(query="", filter='artist:"artist 1"')]
        wanted += [search_pb2.SearchTracksRequest(query=track.title) for track in batch]
        answer = await search.BatchSearchTracks(
            search_pb2.BatchSearchTracksRequest(requests=wanted)
        )
        assert all(result.response.hits for result in answer.results)


async def write_twice(tracks: TrackServiceAsyncStub, client: int) -> None:
    """Send each write twice at once; it is done once."""
    for turn in range(ROUNDS):
        request = pb.CreateTrackRequest(
            track=pb.Track(title=f"Written {client}.{turn}"), request_id=str(uuid4())
        )
        one, two = await asyncio.gather(tracks.CreateTrack(request), tracks.CreateTrack(request))
        assert one == two == await get(tracks, one)


async def work(tracks: TrackServiceAsyncStub, done: list[str]) -> None:
    """Claim and complete what waits, until nothing does."""
    while claimed := (await tracks.ClaimTracks(pb.ClaimTracksRequest(max_tracks=2))).tracks:
        for task in claimed:
            await tracks.CompleteTrack(
                pb.CompleteTrackRequest(
                    track=pb.Track(id=task.track.id, isrc="GBUM71029605"), lease_id=task.lease_id
                )
            )
            done.append(task.track.id)


async def edit(playlists: PlaylistServiceAsyncStub, playlist_id: str, track_id: str) -> None:
    """Put a track at the end of a playlist, move it to the front and list all."""
    for _ in range(ROUNDS):
        added = await playlists.AddPlaylistItems(
            playlists_pb.AddPlaylistItemsRequest(playlist_id=playlist_id, track_ids=[track_id])
        )
        listed = await playlists.ListPlaylistItems(
            playlists_pb.ListPlaylistItemsRequest(playlist_id=playlist_id, page_size=1)
        )
        if (first := listed.items[0].id) != added.items[0].id:
            await playlists.MovePlaylistItems(
                playlists_pb.MovePlaylistItemsRequest(
                    playlist_id=playlist_id, item_ids=[added.items[0].id], before_item_id=first
                )
            )


async def test_all_kinds_of_calls_share_two_sessions(
    tracks: TrackServiceAsyncStub,
    search: SearchServiceAsyncStub,
    playlists: PlaylistServiceAsyncStub,
    database: Database,
    connection: Connection,
) -> None:
    waiting = await create_all(
        tracks,
        *(pb.Track(title=f"Waits {n}", status=pb.TRACK_STATUS_PENDING) for n in range(4 * CLIENTS)),
    )
    playlist = await playlists.CreatePlaylist(
        playlists_pb.CreatePlaylistRequest(playlist=playlists_pb.Playlist(name="shared"))
    )
    done: list[str] = []
    async with asyncio.TaskGroup() as group:
        for client in range(CLIENTS):
            group.create_task(import_and_search(tracks, search, client))
            group.create_task(write_twice(tracks, client))
            group.create_task(work(tracks, done))
            group.create_task(edit(playlists, playlist.id, waiting[client].id))

    assert sorted(done) == [track.id for track in waiting]
    edited = await playlists.GetPlaylist(playlists_pb.GetPlaylistRequest(id=playlist.id))
    assert edited.item_count == CLIENTS * ROUNDS
    numbers = {track.title for track in await documents_agree(connection)}
    assert len([name for name in numbers if name.startswith("Song")]) == CLIENTS + 19 + ROUNDS - 1
    assert len([name for name in numbers if name.startswith("Written")]) == CLIENTS * ROUNDS

    assert database.statistics()["pool_size"] >= CLIENTS
    assert list((await left_in_sessions(database)).values()) == [0] * SERVER_CONNECTIONS


async def test_a_call_that_runs_out_of_time_gives_its_session_back(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    track = await create(tracks, "before")
    rename = pb.UpdateTrackRequest(track=pb.Track(id=track.id, title="after"))
    async with connection.transaction():
        await connection.execute("SELECT FROM track FOR UPDATE")
        for _ in range(SERVER_CONNECTIONS + 1):
            with pytest.raises(grpc.aio.AioRpcError, match="DEADLINE_EXCEEDED"):
                await tracks.UpdateTrack(rename, timeout=0.2)
        assert (await get(tracks, track)).title == "before"
    assert (await tracks.UpdateTrack(rename)).title == "after"


async def test_the_command_serves(bouncer_url: str) -> None:
    async with running(bouncer_url, pgbouncer=1) as server:
        assert await server.pid() == server.process.pid


async def test_without_the_setting_the_log_says_what_is_refused(bouncer_url: str) -> None:
    process = await started(bouncer_url)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while b"unsupported startup parameter" not in await process.stderr.readline():
                pass
    finally:
        process.kill()
        await process.communicate()
