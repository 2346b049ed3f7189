"""Groups of duplicates: what each tier takes for the same, why, and page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.duration_pb2 import Duration
from grpc import StatusCode

from fonoteca.v1 import library_pb2, types_pb2
from fonoteca.v1 import track_pb2 as pb
from tests.support.errors import raises_status

if TYPE_CHECKING:
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import NewTrack

MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"


async def groups(tracks: TrackServiceAsyncStub, **fields: Any) -> list[pb.DuplicateGroup]:
    """Return all groups, read page by page."""
    request = pb.ListDuplicatesRequest(**fields)
    found: list[pb.DuplicateGroup] = []
    while True:
        response = await tracks.ListDuplicates(request)
        assert len(response.groups) <= (request.page_size or 50)
        found += response.groups
        if not response.next_page_token:
            return found
        request.page_token = response.next_page_token


def ids(group: pb.DuplicateGroup) -> list[str]:
    return [track.id for track in group.tracks]


def titles(found: list[pb.DuplicateGroup]) -> list[set[str]]:
    return [{track.title for track in group.tracks} for group in found]


def file(name: str, content: str = "", audio: str = "") -> types_pb2.AudioFile:
    return types_pb2.AudioFile(uri=f"file:///{name}", content_hash=content * 64, audio_hash=audio)


async def test_files_of_the_same_bytes_or_sound(
    tracks: TrackServiceAsyncStub, new_track: NewTrack
) -> None:
    one = await new_track("One", files=[file("1", "a", "md5:1"), file("1b", "a", "md5:1")])
    two = await new_track("Two", files=[file("2", "a", "md5:1")], label="more is known")
    three = await new_track("Three", files=[file("3", "c", "md5:1")])
    await new_track("Alone", files=[file("4", "d", "md5:2"), file("4b", "d", "md5:2")])
    [content] = await groups(tracks, tier=pb.DUPLICATE_TIER_SAME_CONTENT)
    assert ids(content) == [one.id, two.id]
    assert list(content.reasons) == [
        pb.DUPLICATE_REASON_SAME_CONTENT, pb.DUPLICATE_REASON_SAME_AUDIO
    ]  # fmt: skip
    [audio] = await groups(tracks, tier=pb.DUPLICATE_TIER_SAME_AUDIO)
    assert set(ids(audio)) == {one.id, two.id, three.id}
    assert list(audio.reasons) == [pb.DUPLICATE_REASON_SAME_AUDIO]


@pytest.mark.parametrize(
    ("tier", "reason", "fields"),
    [
        (
            pb.DUPLICATE_TIER_SAME_ISRC,
            pb.DUPLICATE_REASON_SAME_ISRC,
            {"isrc": "GBAYE7700257"},
        ),
        (pb.DUPLICATE_TIER_SAME_MBID, pb.DUPLICATE_REASON_SAME_MBID, {"mbid": MBID}),
    ],
)
async def test_the_same_identifier(
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    tier: pb.DuplicateTier.ValueType,
    reason: pb.DuplicateReason.ValueType,
    fields: dict[str, str],
) -> None:
    poor = await new_track("One", **fields)
    rich = await new_track("Another", label="A label", **fields)
    gone = await new_track("Gone", **fields)
    await new_track("Waiting", status=pb.TRACK_STATUS_PENDING, **fields)
    await tracks.DeleteTrack(pb.DeleteTrackRequest(id=gone.id))
    [group] = await groups(tracks, tier=tier)
    assert ids(group) == [rich.id, poor.id]
    assert list(group.reasons) == [reason]
    assert not group.truncated
    await tracks.MergeTracks(pb.MergeTracksRequest(survivor_id=rich.id, track_ids=[poor.id]))
    assert await groups(tracks, tier=tier) == []


async def test_the_same_name_and_length(tracks: TrackServiceAsyncStub, new_track: NewTrack) -> None:
    async def song(title: str, artist: str, seconds: int) -> pb.Track:
        length = Duration(seconds=seconds) if seconds else None
        return await new_track(title, artist=artist, duration=length)

    same = [await song("Jóga", "Björk", 305), await song("joga", "BJORK", 307)]
    long = [await song("Joga", "Bjork", 400), await song("Joga", "Bjork", 401)]
    await song("Joga", "Bjork", 0)
    await song("Joga", "Somebody", 305)
    await song("Untold", "", 10)
    await song("Untold", "", 10)
    found = await groups(tracks, tier=pb.DUPLICATE_TIER_SAME_NAME)
    assert [ids(group) for group in found] == [[of.id for of in each] for each in (same, long)]
    assert list(found[0].reasons) == [
        pb.DUPLICATE_REASON_SAME_TITLE,
        pb.DUPLICATE_REASON_SAME_ARTISTS,
        pb.DUPLICATE_REASON_SAME_LENGTH,
    ]


async def test_similar_titles(tracks: TrackServiceAsyncStub, new_track: NewTrack) -> None:
    async def song(title: str, seconds: int, artist: str = "Pearl Jam") -> None:
        length = Duration(seconds=seconds) if seconds else None
        await new_track(title, artist=artist, duration=length)

    await song("Jeremy", 318)
    await song("Jeremy - 2009 Remaster", 320)
    await song("Jermey (Remastered)", 319)
    await song("Jeremy (Live)", 319)
    await song("Jeremy", 400)
    await song("Jeremy", 318, artist="Someone Else")
    await song("Black", 340)
    await song("Black", 0)
    await song("Even Flow", 200)
    await song("Even Flow", 201)
    found = await groups(tracks, tier=pb.DUPLICATE_TIER_SIMILAR)
    assert sorted(map(sorted, titles(found))) == [
        ["Black"],
        ["Jeremy", "Jeremy - 2009 Remaster", "Jermey (Remastered)"],
    ]
    reasons = {len(group.tracks): list(group.reasons) for group in found}
    assert reasons[2] == [pb.DUPLICATE_REASON_SAME_TITLE, pb.DUPLICATE_REASON_SAME_ARTISTS]
    assert reasons[3] == [
        pb.DUPLICATE_REASON_SIMILAR_TITLE,
        pb.DUPLICATE_REASON_SAME_ARTISTS,
        pb.DUPLICATE_REASON_SAME_LENGTH,
    ]


@pytest.mark.parametrize("page_size", [1, 2, 0])
async def test_pages_of_every_tier(
    tracks: TrackServiceAsyncStub,
    libraries: LibraryServiceAsyncStub,
    new_track: NewTrack,
    page_size: int,
) -> None:
    created = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="else"))
    )
    wanted = ("a", "b", "c")
    for number, letter in enumerate(wanted):
        for library_id in ("", created.id):
            for copy in "123":
                await new_track(
                    f"Song {letter}",
                    artist="One Band",
                    library_id=library_id,
                    duration=Duration(seconds=100 * number) if copy < "3" else None,
                    isrc=f"GBAYE770025{number}",
                    mbid=MBID[:-1] + letter,
                    files=[file(f"{letter}{copy}", letter, letter)],
                )
    tiers = [tier for tier in pb.DuplicateTier.values() if tier]
    for tier in tiers:
        everywhere = await groups(tracks, tier=tier, page_size=page_size)
        assert len(everywhere) == 6, tier
        assert all(len({of.library_id for of in group.tracks}) == 1 for group in everywhere)
        assert len({tuple(ids(group)) for group in everywhere}) == 6
        inside = await groups(tracks, tier=tier, page_size=page_size, library_id=created.id)
        assert sorted(map(sorted, titles(inside))) == [[f"Song {letter}"] for letter in wanted]


async def test_a_large_group_is_cut(tracks: TrackServiceAsyncStub) -> None:
    many = [pb.Track(title=f"Copy {number}", isrc="GBAYE7700257") for number in range(101)]
    await tracks.BatchCreateTracks(pb.BatchCreateTracksRequest(tracks=many))
    [group] = await groups(tracks, tier=pb.DUPLICATE_TIER_SAME_ISRC)
    assert (len(group.tracks), group.truncated) == (100, True)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "tier"),
        ({"tier": 99}, "tier"),
        ({"tier": 1, "library_id": "x"}, "library_id"),
        ({"tier": 1, "page_size": -1}, "page_size"),
        ({"tier": 1, "page_token": "x"}, "page_token"),
    ],
)
async def test_bad_questions_are_named(
    tracks: TrackServiceAsyncStub, fields: dict[str, Any], field: str
) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
        await tracks.ListDuplicates(pb.ListDuplicatesRequest(**fields))
