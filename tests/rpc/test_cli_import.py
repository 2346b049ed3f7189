"""`fonoteca import`, `scan`, `search` and `match` against the service, as a person runs them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import soundfile  # type: ignore[import-untyped]
from typer.testing import CliRunner

from fonoteca.v1 import library_pb2, track_pb2
from service.cli import application
from service.cli.import_ import COLUMN_HELP
from service.cli.sample import import_sample, sample_path
from service.ingest.columns import KNOWN
from service.ingest.problems import Problem
from service.ingest.tables import open_table

if TYPE_CHECKING:
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import Run


TABLE = (
    "source_id,title,artists,album,year,duration_ms,isrc\n"
    "t:1,Jóga,Björk,Homogenic,1997,305000,\n"
    "t:2,Under Pressure,Queen|David Bowie,,1981,,\n"
    "t:3,No such code,Nobody,,,,XX\n"
    "t:4,Bad year,Nobody,,19x1,,\n"
    "t:5,Hyperballad,Björk,Post,1995,,\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "tracks.csv", TABLE)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


async def all_tracks(tracks: TrackServiceAsyncStub, library_id: str = "") -> list[track_pb2.Track]:
    request = track_pb2.ListTracksRequest(library_id=library_id, page_size=1000, order_by="title")
    return list((await tracks.ListTracks(request)).tracks)


async def test_good_rows_are_stored_and_bad_ones_reported(
    run: Run, table: Path, tracks: TrackServiceAsyncStub, tmp_path: Path
) -> None:
    report = tmp_path / "report.jsonl"
    result = await run("import", table, "--report", report)
    assert result.exit_code == 1
    assert result.stdout.startswith("3 new, 0 changed, 0 unchanged, 2 failed")
    assert f"{table}:5: year: '19x1' is not a number" in result.stderr
    reported = [json.loads(line) for line in read(report).splitlines()]
    assert {(problem["line"], problem["column"]) for problem in reported} == {
        (4, "isrc"),
        (5, "year"),
    }
    stored = await all_tracks(tracks)
    assert [(track.title, track.artist) for track in stored] == [
        ("Hyperballad", "Björk"),
        ("Jóga", "Björk"),
        ("Under Pressure", "Queen, David Bowie"),
    ]


async def test_importing_again_changes_nothing(run: Run, table: Path) -> None:
    await run("import", table)
    again = await run("import", table)
    assert again.stdout.startswith("0 new, 0 changed, 3 unchanged, 2 failed")
    other = write(table.with_name("other.csv"), TABLE.replace("Hyperballad", "Hyper-Ballad"))
    changed = await run("import", other)
    assert changed.stdout.startswith("0 new, 1 changed, 2 unchanged, 2 failed")


async def test_a_dry_run_stores_nothing(
    run: Run, table: Path, tracks: TrackServiceAsyncStub
) -> None:
    result = await run("import", table, "--dry-run", "--limit", "2")
    assert result.exit_code == 0
    assert result.stdout.startswith("dry run, nothing is stored: 2 new")
    assert await all_tracks(tracks) == []


async def test_tracks_go_to_the_library_that_is_named(
    run: Run, table: Path, libraries: LibraryServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    request = library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="Jazz"))
    library = await libraries.CreateLibrary(request)
    await run("import", table, "--library", "jazz", "--limit", "1")
    await run("import", table, "--library", library.id, "--limit", "2")
    assert len(await all_tracks(tracks, library.id)) == 2
    refused = await run("import", table, "--library", "Rock")
    assert (refused.exit_code, "no library Rock" in refused.stderr) == (1, True)


async def test_unknown_columns_are_named_and_kept(
    run: Run, tmp_path: Path, tracks: TrackServiceAsyncStub
) -> None:
    path = write(tmp_path / "t.csv", "source_id,title,mood\nt:1,x,calm\n")
    result = await run("import", path)
    assert "no field has the name: mood" in result.stderr
    (track,) = await all_tracks(tracks)
    assert [(fact.key, fact.text) for fact in track.attributes] == [("mood", "calm")]
    assert (await run("import", path, "--strict")).exit_code == 2


async def test_a_file_of_no_use_is_a_mistake_of_usage(run: Run, tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.csv", "")
    result = await run("import", empty)
    assert (result.exit_code, result.stderr) == (2, f"fonoteca: {empty}: the file is empty\n")
    assert (await run("import", tmp_path / "none.csv")).exit_code == 2


@pytest.mark.parametrize(("command", "code"), [("import", 1), ("scan", 1), ("search", 2)])
def test_without_a_server_the_next_step_is_named(command: str, code: int, table: Path) -> None:
    arguments = [command, str(table), "--address", "127.0.0.1:1"]
    result = CliRunner().invoke(application([command]), arguments)
    assert result.exit_code == code
    assert "no server at 127.0.0.1:1: start it with `fonoteca serve`" in result.stderr


@pytest.mark.parametrize("command", ["import", "scan", "search"])
def test_help_has_an_example(command: str) -> None:
    result = CliRunner().invoke(application([command]), [command, "--help"])
    assert result.exit_code == 0
    assert f"Example: fonoteca {command}" in result.stdout


def test_help_names_every_column() -> None:
    assert [name for name in KNOWN if name not in COLUMN_HELP] == []


async def test_folders_are_scanned_and_a_second_scan_changes_nothing(
    run: Run, tmp_path: Path, tracks: TrackServiceAsyncStub
) -> None:
    for name in ("one.flac", "two.ogg", "three.wav"):
        soundfile.write(tmp_path / name, [0.0] * 4000, 8000)
    write(tmp_path / "bad.mp3", "not audio")
    first = await run("scan", tmp_path)
    assert first.exit_code == 1
    assert first.stdout.startswith("3 new, 0 changed, 0 unchanged, 1 failed")
    assert f"{tmp_path / 'bad.mp3'}: cannot be read as audio" in first.stderr
    again = await run("scan", tmp_path, "--jobs", "1")
    assert again.stdout.startswith("0 new, 0 changed, 3 unchanged, 1 failed")
    stored = await all_tracks(tracks)
    assert [(track.title, track.files[0].format) for track in stored] == [
        ("one", "flac"),
        ("three", "wav"),
        ("two", "ogg"),
    ]


async def test_a_folder_without_audio_is_told(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "note.txt", "no audio")
    result = await run("scan", tmp_path)
    assert (result.exit_code, "there is no audio here" in result.stderr) == (1, True)
    assert "0 audio files, 1 other file, 0 hidden names" in result.stderr


async def test_what_is_imported_is_found(run: Run, table: Path) -> None:
    await run("import", table)
    result = await run("search", "bjork joga")
    assert result.exit_code == 0
    assert "Jóga" in result.stdout
    assert "5:05" in result.stdout
    hits = (await run("search", "björk", "--json")).stdout.splitlines()
    assert {json.loads(hit)["track"]["title"] for hit in hits} == {"Jóga", "Hyperballad"}
    assert len((await run("search", "björk", "--json", "--limit", "1")).stdout.splitlines()) == 1


MATCHED = (
    "Title,Artist,duration,isrc,rating\n"
    "hyperballad,bjork,,,5\n"
    "Joga (Remastered 2011),Björk,5:05,,4\n"
    "Nothing like it,Nobody,,,\n"
    "Under Pressure,David Bowie & Queen,,bad,\n"
    ",,,,\n"
)


async def test_rows_are_matched_in_order(run: Run, table: Path, tmp_path: Path) -> None:
    await run("import", table)
    wanted, report = write(tmp_path / "wanted.csv", MATCHED), tmp_path / "problems.jsonl"
    matched = await run("match", wanted, "--json", "--runners-up", 1, "--report", report)
    assert matched.exit_code == 1, matched.output
    found = [json.loads(line) for line in matched.stdout.splitlines()]
    assert [result["ref"] for result in found] == ["2", "3", "4", "5", "6"]
    titles = [result.get("best", {}).get("track", {}).get("title") for result in found]
    assert titles == ["Hyperballad", "Jóga", None, None, None]
    problems = [json.loads(line) for line in read(report).splitlines()]
    assert [(problem["line"], problem["column"]) for problem in problems] == [
        (5, "isrc"),
        (6, "title"),
    ]
    assert "2 of 5 rows have a match" in matched.stderr


async def test_matches_are_a_table_too(run: Run, table: Path, tmp_path: Path) -> None:
    await run("import", table)
    wanted = write(tmp_path / "wanted.jsonl", '{"title": "Jóga", "artists": ["Björk"]}\n')
    matched = await run("match", wanted, "--library", "default")
    assert matched.exit_code == 0, matched.output
    assert "same title, same artists" in matched.stdout
    strict = await run("match", wanted, "--min-confidence", 1)
    assert strict.exit_code == 1


async def test_a_table_that_cannot_be_matched_is_a_mistake_of_usage(
    run: Run, tmp_path: Path
) -> None:
    wanted = write(tmp_path / "wanted.csv", "title\n")
    assert (await run("match", wanted, "--library", "none")).exit_code == 2
    empty = await run("match", write(tmp_path / "empty.csv", ""))
    assert empty.exit_code == 2
    assert "is empty" in empty.stderr
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"title\nJ\xf3ga\n")
    matched = await run("match", broken)
    assert matched.exit_code == 2
    assert "--encoding" in matched.stderr


async def test_a_search_says_how_to_read_order_and_count(run: Run, table: Path) -> None:
    await run("import", table)
    mended = await run("search", "hyperbalad")
    assert "did you mean 'hyperballad'?" in mended.stderr
    assert (await run("search", "hyperbalad", "--mode", "exact")).exit_code == 1
    ordered = await run("search", "björk", "--json", "--order-by", "title desc")
    titles = [json.loads(hit)["track"]["title"] for hit in ordered.stdout.splitlines()]
    assert titles == ["Jóga", "Hyperballad"]
    assert (await run("search", "björk", "--min-score", "1")).exit_code == 1
    counts = await run("search", "björk", "--facet", "artist", "--facet", "GENRE")
    assert "2 tracks in all" in counts.stderr
    assert "2 Björk" in counts.stdout
    lines = (await run("search", "björk", "--json", "--facet", "artist")).stdout.splitlines()
    [value] = json.loads(lines[-1])["values"]
    assert (len(lines), value["value"], value["count"]) == (3, "Björk", 2)
    for wrong in (("--mode", "loose"), ("--order-by", "colour"), ("--facet", "mood")):
        assert (await run("search", "björk", *wrong)).exit_code == 2


async def test_a_search_is_explained(run: Run, table: Path) -> None:
    await run("import", table)
    explained = (await run("search", "hyperbalad", "--explain")).stdout
    assert "    title: hyperbalad is hyperballad (mended); 1 counted of 1\n" in explained
    assert "    typo: score 0.4" in explained
    assert "    relevance: 0.400 words (of 0.4) + " in explained
    [joga] = (await run("search", "joga", "--json", "--limit", 1)).stdout.splitlines()
    track_id = json.loads(joga)["track"]["id"]
    why = ("--explain-track", track_id, "--filter", "year:..1996")
    told = await run("search", "hyperballad", *why)
    assert f"{track_id}: filtered out\n" in told.stdout
    assert "    does not pass the filter at column 1: year:..1996\n" in told.stdout
    assert "    missing: hyperballad\n" in told.stdout
    assert f"{track_id}: hit, number 1\n" in (await run("search", "joga", *why[:2])).stdout
    nothing = await run("search", "qwxyz", *why)
    assert (nothing.exit_code, track_id in nothing.stdout) == (1, True)
    lines = (await run("search", "hyperballad", *why, "--json")).stdout.splitlines()
    assert json.loads(lines[-1])["outcome"] == "SEARCH_OUTCOME_FILTERED_OUT"
    alone = await run("search", "--explain", "", "--filter", "year:1997")
    assert "    found by the filter alone\n" in alone.stdout
    assert (await run("search", "joga", "--explain-track", "x")).exit_code == 2


async def test_nothing_found_is_told(run: Run) -> None:
    result = await run("search", "qwxyz")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing found for 'qwxyz': try fewer or other words" in result.stderr
    narrowed = await run("search", "qwxyz", "--filter", "year:1999")
    assert "try without --filter" in narrowed.stderr


async def test_a_search_that_fails_is_not_one_that_finds_nothing(run: Run) -> None:
    assert (await run("search", "x", "--library", "Rock")).exit_code == 2
    assert (await run("search", "x", "--filter", "year:")).exit_code == 2
    assert (await run("search", "x", "--limit", "0")).exit_code == 2
    explained = (await run("search", "--help")).stdout
    assert "2 when the options are wrong or" in " ".join(explained.split())


async def test_the_sample_is_imported_whole(server: str, tracks: TrackServiceAsyncStub) -> None:
    await asyncio.to_thread(import_sample, server)
    problems: list[Problem] = []
    rows = list(open_table(sample_path(), problems.append, strict=True).rows)
    assert problems == []
    assert len(await all_tracks(tracks)) == len(rows) >= 200
