"""`fonoteca provenance` against the service, as a person runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import AudioFeatures, CreditedName, ExternalSource, PartialDate
from service.cli.values import value_text
from tests.support.samples import UNKNOWN, get

if TYPE_CHECKING:
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import Run


async def say(tracks: TrackServiceAsyncStub, title: str) -> None:
    """Have another system say what the title is."""
    track = pb.Track(title=title, sources=[ExternalSource(type="spotify", id="1")])
    imported = await tracks.ImportTracks(iter([pb.ImportTracksRequest(tracks=[track])]))
    assert not imported.failed


@pytest.fixture
async def contradicted(tracks: TrackServiceAsyncStub) -> pb.Track:
    """A track whose title a person has set, and of which its source says something else."""
    await say(tracks, "Old")
    [track] = (await tracks.ListTracks(pb.ListTracksRequest())).tracks
    edited = pb.Track(id=track.id, title="Mine")
    changed = await tracks.UpdateTrack(pb.UpdateTrackRequest(track=edited))
    await say(tracks, "Theirs")
    return changed


async def conflicts(run: Run, *arguments: str) -> list[dict[str, Any]]:
    result = await run("provenance", "conflicts", "--json", *arguments)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


async def test_shows_who_says_what(run: Run, contradicted: pb.Track) -> None:
    table = await run("provenance", "show", contradicted.id)
    [row] = [line.split() for line in table.stdout.splitlines() if line.startswith("title")]
    assert (row[:3], row[-2:]) == (["title", "Mine", "user"], ["locked", "Old"])
    lines = await run("provenance", "show", contradicted.id, "--json")
    assert json.loads(lines.stdout)["track_id"] == contradicted.id
    unknown = await run("provenance", "show", UNKNOWN)
    assert (unknown.exit_code, "does not exist" in unknown.stderr) == (1, True)


async def test_conflicts_are_listed_and_decided(
    run: Run, contradicted: pb.Track, tracks: TrackServiceAsyncStub
) -> None:
    table = await run("provenance", "conflicts", "--library", "default")
    assert "title Mine import spotify:1 Theirs" in " ".join(table.stdout.split())
    [conflict] = await conflicts(run, "--track", contradicted.id)
    planned = await run("provenance", "resolve", conflict["id"], "accept", "--dry-run")
    assert planned.stdout == "Theirs: would be decided\n"
    kept = await run("provenance", "resolve", conflict["id"], "keep")
    assert kept.stdout == "Mine: decided\n"
    assert await conflicts(run) == []
    assert "no source contradicts" in (await run("provenance", "conflicts")).stderr
    assert len(await conflicts(run, "--dismissed")) == 1
    await run("provenance", "resolve", conflict["id"], "accept")
    assert (await get(tracks, contradicted)).title == "Theirs"


async def test_changes_are_undone_and_fields_locked(
    run: Run, contradicted: pb.Track, tracks: TrackServiceAsyncStub
) -> None:
    locked = await run("provenance", "lock", contradicted.id, "comment", "label")
    assert locked.stdout == "locked: title, label, comment\n"
    unlocked = await run("provenance", "unlock", contradicted.id, "*")
    assert unlocked.stdout == "locked: nothing\n"
    planned = await run("provenance", "revert", contradicted.id, "title", "--dry-run")
    assert planned.stdout == "Old: title would be Old\n"
    done = await run("provenance", "revert", contradicted.id, "title")
    assert done.stdout == "Old: title is Old\n"
    assert (await get(tracks, contradicted)).title == "Old"
    bad = await run("provenance", "lock", contradicted.id, "colour")
    assert (bad.exit_code, "colour" in bad.stderr) == (1, True)


@pytest.mark.parametrize(
    ("track", "field", "text"),
    [
        (pb.Track(), "title", ""),
        (pb.Track(genres=["rock", "pop"]), "genres", "rock, pop"),
        (pb.Track(release_date=PartialDate(year=1999, month=3)), "release_date", "1999-03"),
        (pb.Track(features=AudioFeatures(tempo_bpm=120.5)), "features.tempo_bpm", "120.5"),
        (pb.Track(), "features.tempo_bpm", ""),
        (pb.Track(explicit=False), "explicit", "false"),
        (
            pb.Track(credits=[CreditedName(name="A", join_phrase=" & "), CreditedName(name="B")]),
            "credits",
            "A & B",
        ),
        (pb.Track(album=pb.TrackAlbum(title="T")), "album", "T"),
    ],
)
def test_values_are_written_for_people(track: pb.Track, field: str, text: str) -> None:
    assert value_text(track, field) == text
