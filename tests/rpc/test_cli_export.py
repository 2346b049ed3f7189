"""`fonoteca export` against the service, and back by `fonoteca import`."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fonoteca.v1 import library_pb2
from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import CreditedName
from service.database import Connection
from service.ingest.export import pages
from service.ingest.records import FIELDS
from tests.support.samples import UNKNOWN, any_track, create, create_all, facts, full_track, source

if TYPE_CHECKING:
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import Run


def lines(path: Path) -> list[str]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return text.decode().splitlines(keepends=True)


async def empty(connection: Connection) -> None:
    await connection.execute("TRUNCATE track, artist, album, genre CASCADE")


@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink would take minutes
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sent=st.lists(any_track(), min_size=1, max_size=3), name=st.sampled_from(["jsonl", "csv"]))
async def test_what_is_exported_comes_back(
    run: Run,
    tracks: TrackServiceAsyncStub,
    connection: Connection,
    tmp_path: Path,
    sent: list[pb.Track],
    name: str,
) -> None:
    await empty(connection)
    for number, track in enumerate(sent):  # what one track holds, no other may
        for file in track.files:
            file.uri = f"{file.uri}{number}"
        for place in track.sources:
            place.type = f"{place.type[:40]}-{number}"
    created = await create_all(tracks, *sent)
    first, second = tmp_path / f"first.{name}", tmp_path / f"second.{name}"
    assert (await run("export", first)).exit_code == 0
    await empty(connection)
    imported = await run("import", first)
    assert imported.exit_code == 0, imported.output
    assert (await run("export", second)).exit_code == 0
    assert sorted(lines(first)) == sorted(lines(second))
    stored = {track.title: track for track in await all_tracks(tracks)}
    for track in created:
        if track.sources and [other.title for other in sent].count(track.title) == 1:
            assert facts(stored[track.title]) == facts(track)


async def all_tracks(tracks: TrackServiceAsyncStub) -> list[pb.Track]:
    return list(
        (await tracks.ListTracks(pb.ListTracksRequest(view=pb.TRACK_VIEW_FULL, page_size=9))).tracks
    )


@pytest.mark.parametrize("name", ["t.jsonl", "t.jsonl.gz", "t.csv", "t.csv.gz", "T.NDJSON"])
async def test_every_field_of_a_track_comes_back(
    run: Run,
    tracks: TrackServiceAsyncStub,
    connection: Connection,
    tmp_path: Path,
    name: str,
) -> None:
    [created] = await create_all(tracks, full_track())
    path = tmp_path / name
    exported = await run("export", path)
    assert exported.exit_code == 0, exported.output
    assert f"1 track in {path}" in exported.stderr
    before = lines(path)
    await empty(connection)
    assert (await run("import", path)).stdout.startswith("1 new, 0 changed")
    [back] = await all_tracks(tracks)
    assert facts(back) == facts(created)
    assert back.artist == created.artist
    assert back.album.credits[0].name == "Queen"
    assert (await run("import", path)).stdout.startswith("0 new, 0 changed, 1 unchanged")
    await run("export", path)
    assert lines(path) == before


async def test_the_same_tracks_are_the_same_bytes(
    run: Run, tracks: TrackServiceAsyncStub, tmp_path: Path
) -> None:
    await create(tracks)
    first, second = tmp_path / "a.csv.gz", tmp_path / "b.csv.gz"
    await run("export", first)
    await run("export", second)
    assert first.read_bytes() == second.read_bytes()


async def test_odd_text_survives_a_table(
    run: Run, tracks: TrackServiceAsyncStub, connection: Connection, tmp_path: Path
) -> None:
    odd = 'a\r\nb\rc\u2028d|e;f\t"g",\ufeff=1+1'
    await create(tracks, f"x{odd}", lyrics=odd, genres=["a|b"], credits=[CreditedName(name="A|B")])
    path = tmp_path / "t.csv"
    await run("export", path)
    await empty(connection)
    assert (await run("import", path)).exit_code == 0
    [back] = await all_tracks(tracks)
    assert (back.title, back.lyrics) == (f"x{odd}", odd)
    assert [*back.genres, *(name.name for name in back.credits)] == ["a|b", "A|B"]


async def test_long_values_fit_into_a_cell(
    run: Run, tracks: TrackServiceAsyncStub, connection: Connection, tmp_path: Path
) -> None:
    words = [{"key": "words", "text": "la " * 3_000 + str(number)} for number in range(30)]
    await create(tracks, attributes=words)
    path = tmp_path / "t.csv"
    await run("export", path)
    await empty(connection)
    assert (await run("import", path)).exit_code == 0
    [back] = await all_tracks(tracks)
    assert len(back.attributes) == 30


async def test_a_track_from_nowhere_is_known_again(
    run: Run, tracks: TrackServiceAsyncStub, connection: Connection, tmp_path: Path
) -> None:
    created = await create(tracks)
    path = tmp_path / "t.jsonl"
    await run("export", path)
    await empty(connection)
    assert (await run("import", path)).stdout.startswith("1 new")
    assert (await run("import", path)).stdout.startswith("0 new, 0 changed, 1 unchanged")
    [back] = await all_tracks(tracks)
    assert [(place.type, place.id) for place in back.sources] == [("fonoteca", created.id)]


async def test_a_library_and_a_filter_choose_the_tracks(
    run: Run, tracks: TrackServiceAsyncStub, libraries: LibraryServiceAsyncStub, tmp_path: Path
) -> None:
    request = library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    other = await libraries.CreateLibrary(request)
    await create(tracks, "Here", genres=["Jazz"])
    await create(tracks, "Out", genres=["Rock"])
    await create(tracks, "There", genres=["Jazz"], library_id=other.id)
    deleted = await create(tracks, "Gone", genres=["Jazz"])
    await tracks.DeleteTrack(pb.DeleteTrackRequest(id=deleted.id))
    path = tmp_path / "t.jsonl"
    assert (await run("export", path, "--filter", "genre:jazz")).exit_code == 0
    assert [json.loads(line)["title"] for line in lines(path)] == ["Here"]
    assert (await run("export", path, "--library", "other")).exit_code == 0
    assert [json.loads(line)["title"] for line in lines(path)] == ["There"]


async def test_what_was_given_up_waits_again(
    run: Run, tracks: TrackServiceAsyncStub, tmp_path: Path
) -> None:
    await create(tracks, status=pb.TRACK_STATUS_PENDING, sources=[source(1)])
    await tracks.ClaimTracks(pb.ClaimTracksRequest())
    path = tmp_path / "t.jsonl"
    await run("export", path)
    assert json.loads(lines(path)[0])["status"] == "TRACK_STATUS_PENDING"


async def test_lines_go_to_the_standard_output(run: Run, tracks: TrackServiceAsyncStub) -> None:
    await create(tracks, "Jóga")
    exported = await run("export", "-")
    assert json.loads(exported.stdout)["title"] == "Jóga"


async def test_an_empty_library_is_a_table_without_rows(run: Run, tmp_path: Path) -> None:
    assert (await run("export", tmp_path / "t.csv")).exit_code == 0
    assert lines(tmp_path / "t.csv") == [",".join(FIELDS) + "\r\n"]


@pytest.mark.parametrize("arguments", [("--filter", "genre:("), ("--library", "none")])
async def test_after_an_error_the_old_file_is_there(
    run: Run, tmp_path: Path, arguments: tuple[str, str]
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("old")
    assert (await run("export", path, *arguments)).exit_code == 1
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]  # noqa: ASYNC240  (three names)


def endless(asked: threading.Event, stop: threading.Event) -> list[grpc.GenericRpcHandler]:
    """Return the methods that an export calls, of a catalogue whose second page never comes."""

    def list_tracks(
        request: pb.ListTracksRequest, context: grpc.ServicerContext
    ) -> pb.ListTracksResponse:
        if request.page_token:
            asked.set()
            stop.wait(30)
        songs = [pb.Track(title="t" * 1_000) for _ in range(request.page_size)]
        return pb.ListTracksResponse(tracks=songs, next_page_token="more")

    listing = grpc.unary_unary_rpc_method_handler(
        list_tracks,
        request_deserializer=pb.ListTracksRequest.FromString,
        response_serializer=pb.ListTracksResponse.SerializeToString,
    )
    library = grpc.unary_unary_rpc_method_handler(
        lambda request, context: library_pb2.Library(id=UNKNOWN),
        request_deserializer=library_pb2.GetLibraryRequest.FromString,
        response_serializer=library_pb2.Library.SerializeToString,
    )
    return [
        grpc.method_handlers_generic_handler("fonoteca.v1.LibraryService", {"GetLibrary": library}),
        grpc.method_handlers_generic_handler("fonoteca.v1.TrackService", {"ListTracks": listing}),
    ]


@pytest.mark.parametrize("name", ["t.jsonl", "t.csv.gz"])
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    asked, stop = threading.Event(), threading.Event()
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers(endless(asked, stop))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    words = ["-m", "service", "export", str(tmp_path / name), "--address", f"127.0.0.1:{port}"]
    paths = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(
        [sys.executable, *words],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as process:
        try:
            assert asked.wait(30)
            process.send_signal(signal.SIGINT)
            stop.set()
            _, told = process.communicate(timeout=30)
        finally:
            process.kill()
            stop.set()
            server.stop(0).wait()
    assert (process.returncode, list(tmp_path.iterdir())) == (130, [])
    assert told == "fonoteca: stopped: nothing is written\n"


async def test_the_new_file_keeps_the_permissions_of_the_old_one(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old")
    path.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    await run("export", link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert lines(path)[0].startswith("title,")


@pytest.mark.parametrize("name", ["t.txt", "t", "t.gz", "t.tar.gz"])
async def test_a_name_that_tells_no_form_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    refused = await run("export", tmp_path / name)
    assert refused.exit_code == 2
    assert ".jsonl" in refused.stderr


async def test_a_folder_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    failed = await run("export", tmp_path / "none" / "t.csv")
    assert failed.exit_code == 1
    assert "No such file or directory" in failed.stderr


async def test_a_page_that_is_too_large_comes_in_parts(
    server: str, tracks: TrackServiceAsyncStub
) -> None:
    songs = [pb.Track(title=f"t{number}", lyrics="x" * 90_000) for number in range(7)]
    await create_all(tracks, *songs)

    def read() -> list[str]:
        options = [("grpc.max_receive_message_length", 200_000)]
        with grpc.insecure_channel(server, options) as channel:
            return [track.title for page in pages(channel, "", "") for track in page]

    assert sorted(await asyncio.to_thread(read)) == [song.title for song in songs]
