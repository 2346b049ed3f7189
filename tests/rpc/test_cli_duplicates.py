"""`fonoteca duplicates` against the service, as a person runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from google.protobuf.duration_pb2 import Duration

from fonoteca.v1 import album_pb2, artist_pb2
from fonoteca.v1 import track_pb2 as pb
from service.cli.mergeable import KINDS, Tier
from tests.support.samples import UNKNOWN

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import NewTrack, Run

ISRC = "GBAYE7700257"


@pytest.fixture
async def pair(new_track: NewTrack) -> tuple[pb.Track, pb.Track]:
    """Two tracks that are one recording; the first is the one of which more is known."""
    length = Duration(seconds=215)
    first = await new_track("One", artist="X", isrc=ISRC, duration=length, label="L")
    return first, await new_track("One", artist="X", isrc=ISRC, duration=length)


async def test_the_same_group_is_told_of_once_by_the_surest_tier(
    run: Run, pair: tuple[pb.Track, pb.Track]
) -> None:
    table = await run("duplicates", "list")
    lines = table.stdout.splitlines()
    assert lines[0] == "same-isrc: same isrc, same title, same artists, same length"
    assert [line.split() for line in lines[2:]] == [
        ["3:35", "One", "X", track.id] for track in pair
    ]
    listed = await run("duplicates", "list", "--json", "--tier", "same-name")
    [group] = [json.loads(line) for line in listed.stdout.splitlines()]
    assert group["tier"] == "same-name"
    assert [track["id"] for track in group["tracks"]] == [track.id for track in pair]


async def test_no_duplicates(run: Run, libraries: LibraryServiceAsyncStub) -> None:
    nothing = await run("duplicates", "list", "--library", "default")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "no duplicates" in nothing.stderr
    elsewhere = await run("duplicates", "list", "--library", "nowhere")
    assert (elsewhere.exit_code, "no library nowhere" in elsewhere.stderr) == (1, True)


async def test_tracks_are_merged_and_taken_back(
    run: Run, pair: tuple[pb.Track, pb.Track], tracks: TrackServiceAsyncStub
) -> None:
    one, two = (track.id for track in pair)
    planned = await run("duplicates", "merge", one, two, "--dry-run")
    assert planned.stdout.startswith(
        "1 track would be merged into One (X); 0 moved items, 0 dropped"
    )
    assert (await tracks.GetTrack(pb.GetTrackRequest(id=two))).id == two
    await run("duplicates", "merge", one, two)
    assert (await tracks.GetTrack(pb.GetTrackRequest(id=two))).id == one
    listed = await run("duplicates", "merged", one, "--json")
    assert json.loads(listed.stdout)["track"]["id"] == two
    assert two in (await run("duplicates", "merged", one)).stdout
    back = await run("duplicates", "unmerge", two)
    assert back.stdout == "One (X) is there again\n"
    assert (await tracks.GetTrack(pb.GetTrackRequest(id=two))).id == two
    refused = await run("duplicates", "merge", one, UNKNOWN)
    assert (refused.exit_code, "does not exist" in refused.stderr) == (1, True)


async def test_all_groups_of_a_tier_are_merged(
    run: Run,
    pair: tuple[pb.Track, pb.Track],
    new_track: NewTrack,
    tracks: TrackServiceAsyncStub,
) -> None:
    one, two = (track.id for track in pair)
    other = [(await new_track("Two", artist="Y", mbid=UNKNOWN)).id for _ in range(2)]
    asked = await run("duplicates", "merge-all", "same-isrc", answer="n\n")
    assert (asked.exit_code, "Merge 1 track into 1?" in asked.stderr) == (1, True)
    assert (await tracks.GetTrack(pb.GetTrackRequest(id=two))).id == two
    done = await run("duplicates", "merge-all", "same-isrc", "--yes", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (
        0,
        {"survivor_id": one, "track_ids": [two]},
    )
    assert "1 group merged, 0 refused" in done.stderr
    assert (await tracks.GetTrack(pb.GetTrackRequest(id=two))).id == one
    assert (await tracks.GetTrack(pb.GetTrackRequest(id=other[1]))).id == other[1]
    again = await run("duplicates", "merge-all", "same-isrc", "--yes")
    assert (again.exit_code, "no duplicates" in again.stderr) == (0, True)


async def test_artists_and_albums_are_merged_in_the_same_way(
    run: Run, new_track: NewTrack, artists: ArtistServiceAsyncStub, albums: AlbumServiceAsyncStub
) -> None:
    one = await new_track("One", artist="AC/DC", album={"title": "Album"})
    two = await new_track("Two", artist="ACDC", album={"title": "Album (Deluxe Edition)"})
    listed = await run("duplicates", "list", "--of", "artists", "--json")
    [group] = [json.loads(line) for line in listed.stdout.splitlines()]
    assert group["tier"] == "same-letters"
    assert {artist["name"] for artist in group["artists"]} == {"AC/DC", "ACDC"}
    ids = [track.credits[0].artist_id for track in (one, two)]
    done = await run("duplicates", "merge-all", "same-letters", "--of", "artists", "--yes")
    assert "1 group merged, 0 refused" in done.stderr
    found = {(await artists.GetArtist(artist_pb2.GetArtistRequest(id=each))).id for each in ids}
    assert len(found) == 1
    [survivor] = found
    [merged] = set(ids) - found
    table = await run("duplicates", "merged", survivor, "--of", "artists")
    assert table.stdout.splitlines()[1].endswith(merged)
    assert (await run("duplicates", "unmerge", merged, "--of", "artists")).exit_code == 0
    assert (await artists.GetArtist(artist_pb2.GetArtistRequest(id=merged))).id == merged

    joined = await run("duplicates", "merge", one.album.id, two.album.id, "--of", "albums")
    assert joined.stdout == "1 album merged into Album (AC/DC); 1 moved tracks\n"
    led = await albums.GetAlbum(album_pb2.GetAlbumRequest(id=two.album.id))
    assert led.id == one.album.id


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--of", "artists", "--tier", "same-isrc"], "artists have no tier same-isrc"),
        (["--of", "albums", "--library", "default"], "--library is for tracks"),
    ],
)
async def test_what_a_kind_does_not_have_is_refused(
    run: Run, arguments: list[str], why: str
) -> None:
    result = await run("duplicates", "list", *arguments)
    assert (result.exit_code, why in " ".join(result.stderr.split())) == (2, True)


def test_each_tier_belongs_to_a_kind() -> None:
    assert {tier for kind in KINDS.values() for tier in kind.tiers} == set(Tier)
