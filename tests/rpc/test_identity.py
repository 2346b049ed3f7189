"""What becomes of tracks when files change: the cases of docs/identity.md, each of which runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from fonoteca.v1 import file_pb2, playlist_pb2
from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import AudioFile, ExternalSource
from service.database import Connection
from service.tracks.model import MAX_FILES
from tests.conformance.source import ROOT
from tests.support.documents import documents_agree
from tests.support.samples import get, source

if TYPE_CHECKING:
    from fonoteca.v1.file_pb2_grpc import FileServiceAsyncStub
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

_PAGE: Final = (ROOT / "docs" / "identity.md").read_text(encoding="utf-8")
_TABLE: Final = re.compile(r"<!-- cases -->\n.*\n.*\n((?:\|.*\n)*)<!-- /cases -->")
_CODE: Final = re.compile(r"`([^`]*)`")
_ROOT: Final = "file:///music/"
_TITLES: Final = {"t": "One title", "t2": "One title", "u": "Another title"}
_LENGTHS: Final = {"s": 200, "r": 300}


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the words of the page: `a.mp3 s1/t`, or `a.mp3 s1/t missing`."""

    name: str
    audio: str
    tags: str
    is_missing: bool = False

    @classmethod
    def read(cls, text: str) -> Found:
        """Read the words."""
        name, content, *rest = text.split()
        audio, _, tags = content.partition("/")
        return cls(name, audio, tags, rest == ["missing"])

    @property
    def uri(self) -> str:
        """Its address."""
        return _ROOT + self.name

    def file(self) -> AudioFile:
        """Return the file as a scan sends it; the same content has the same bytes."""
        if self.audio == "-":
            return AudioFile(uri=self.uri)
        content = sha256(f"{self.audio}/{self.tags}".encode()).hexdigest()
        return AudioFile(
            uri=self.uri,
            size_bytes=int(content[:4], 16),
            modify_time=Timestamp(seconds=int(content[:6], 16)),
            duration=Duration(seconds=_LENGTHS[self.audio[0]]),
            content_hash=content,
            audio_hash=f"sha256:{self.audio}",
        )

    def track(self) -> pb.Track:
        """Return the track that a scan makes of it."""
        return pb.Track(
            title=_TITLES[self.tags],
            comment=self.tags,
            sources=[ExternalSource(type="file", id=self.uri, uri=self.uri)],
            files=[self.file()],
        )


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table."""

    title: str
    known: dict[str, list[Found]]
    found: list[Found]
    then: dict[str, list[str]]


def _case(row: str) -> Case:
    title, known, found, then = (cell.strip() for cell in row.strip("|\n").split("|"))
    return Case(
        title,
        {
            track: [Found.read(file) for file in files.split(",")]
            for track, files in map(_named, _CODE.findall(known))
        },
        [Found.read(file) for file in _CODE.findall(found)],
        {track: files.split(", ") for track, files in map(_named, _CODE.findall(then))},
    )


def _named(text: str) -> tuple[str, str]:
    name, _, rest = text.partition(": ")
    return name, rest


def _cases() -> list[Case]:
    table = _TABLE.search(_PAGE)
    assert table
    return [_case(row) for row in table[1].splitlines()]


@dataclass(frozen=True, slots=True)
class World:
    """The services that a case needs."""

    tracks: TrackServiceAsyncStub
    files: FileServiceAsyncStub
    playlists: PlaylistServiceAsyncStub

    async def send(self, *batches: Sequence[pb.Track]) -> pb.ImportTracksResponse:
        """Import tracks, each batch in a message of its own."""
        requests = [pb.ImportTracksRequest(tracks=batch) for batch in batches]
        return await self.tracks.ImportTracks(iter(requests))

    async def scan(self, found: Sequence[Found]) -> pb.ImportTracksResponse:
        """Scan the folder: check all, mark what is gone, import what is not as it was."""
        scan_id = str(uuid4())
        seen = [file.file() for file in found]
        request = file_pb2.CheckFilesRequest(
            scan_id=scan_id,
            files=[
                file_pb2.CheckedFile(
                    uri=file.uri, size_bytes=file.size_bytes, modify_time=file.modify_time
                )
                for file in seen
            ],
        )
        call = self.files.CheckFiles(iter([request]))
        states = [state async for response in call for state in response.states]
        await self.files.MarkFilesMissing(
            file_pb2.MarkFilesMissingRequest(scan_id=scan_id, uri_prefixes=[_ROOT], force=True)
        )
        news = [
            file.track()
            for file, state in zip(found, states, strict=True)
            if state != file_pb2.FILE_STATE_UNCHANGED
        ]
        response = await self.send(news)
        assert not response.failed, response.errors
        return response

    async def make(self, known: dict[str, list[Found]]) -> dict[str, pb.Track]:
        """Store the tracks of a case, as scans of each would have done."""
        made = {}
        for name, files in known.items():
            track = files[0].track()
            del track.files[:], track.sources[:]
            for file in files:
                track.files.append(file.file())
                track.sources.append(file.track().sources[0])
            if any(file.is_missing for file in files):
                del track.sources[:]  # they go with the address, which may be another's by now
            made[name] = await self.tracks.CreateTrack(pb.CreateTrackRequest(track=track))
            gone = [
                stored.id
                for stored, file in zip(made[name].files, files, strict=True)
                if file.is_missing
            ]
            if gone:
                await self.files.MarkFilesMissing(file_pb2.MarkFilesMissingRequest(ids=gone))
        return made


@pytest.fixture
def world(
    tracks: TrackServiceAsyncStub,
    files: FileServiceAsyncStub,
    playlists: PlaylistServiceAsyncStub,
) -> World:
    return World(tracks, files, playlists)


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.title)
async def test_case(world: World, connection: Connection, case: Case) -> None:
    made = await world.make(case.known)
    playlist = await _playlist(world, made)
    before = await _items(world, playlist)
    file_ids = {
        (name, file.uri.removeprefix(_ROOT)): file.id
        for name, track in made.items()
        for file in track.files
    }
    await world.scan(case.found)
    after = {track.id: track for track in await documents_agree(connection)}
    names = {track.id: name for name, track in made.items()}
    shown: dict[str, list[str]] = {}
    for track_id, track in after.items():
        name = names.get(track_id, "?")
        assert name not in shown, "no case makes two new tracks"
        shown[name] = [_shown(file, name, file_ids) for file in track.files]
    assert shown == case.then
    assert await _items(world, playlist) == before
    _speaks_of_its_first_file(list(after.values()), case.found)
    again = await world.scan(case.found)
    assert (again.created, again.updated) == (0, 0)
    assert {track.id: track for track in await documents_agree(connection)} == after


def _shown(file: AudioFile, track: str, ids: dict[tuple[str, str], str]) -> str:
    """Return a file of the result in the words of the page."""
    name = file.uri.removeprefix(_ROOT)
    if file.HasField("missing_time"):
        return f"{name} missing"
    was = next((old for (owner, old), id_ in ids.items() if id_ == file.id), name)
    assert (track, was) in ids or was == name
    return name if was == name else f"{name} ({was})"


def _speaks_of_its_first_file(tracks: Sequence[pb.Track], found: Sequence[Found]) -> None:
    """Every track says what the tags of its first present file say."""
    tags = {file.uri: file.tags for file in found}
    for track in tracks:
        first = next((file for file in track.files if not file.HasField("missing_time")), None)
        if first:
            assert track.comment == tags[first.uri]


async def _playlist(world: World, made: dict[str, pb.Track]) -> str:
    created = await world.playlists.CreatePlaylist(
        playlist_pb2.CreatePlaylistRequest(playlist=playlist_pb2.Playlist(name="Kept"))
    )
    if made:
        await world.playlists.AddPlaylistItems(
            playlist_pb2.AddPlaylistItemsRequest(
                playlist_id=created.id, track_ids=[track.id for track in made.values()]
            )
        )
    return created.id


async def _items(world: World, playlist: str) -> list[tuple[str, str]]:
    listed = await world.playlists.ListPlaylistItems(
        playlist_pb2.ListPlaylistItemsRequest(playlist_id=playlist)
    )
    return [(item.id, item.track_id) for item in listed.items]


def _copies(count: int) -> list[Found]:
    return [Found(f"{number:03}.mp3", "s1", "t") for number in range(count)]


async def test_copies_in_several_batches_of_a_stream_are_one_track(
    world: World, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.tracks.importing._BATCH", 3)
    found = [*_copies(10), Found("other.mp3", "r1", "u")]
    response = await world.send(*([file.track()] for file in found))
    assert (response.created, response.updated, response.failed) == (2, 9, 0)
    tracks = await documents_agree(connection)
    assert sorted(len(track.files) for track in tracks) == [1, 10]
    again = await world.send([file.track() for file in found])
    assert (again.created, again.updated, again.unchanged) == (0, 0, 11)


async def test_more_copies_than_a_track_can_have_are_refused(
    world: World, connection: Connection
) -> None:
    for start in (0, MAX_FILES - 5):
        response = await world.send([file.track() for file in _copies(MAX_FILES + 2)[start:]])
        assert response.failed == 2
        assert [error.source.id for error in response.errors] == [
            f"{_ROOT}{number}.mp3" for number in (MAX_FILES, MAX_FILES + 1)
        ]
    [track] = await documents_agree(connection)
    assert len(track.files) == len(track.sources) == MAX_FILES


async def test_what_the_tags_do_not_say_stays(world: World, connection: Connection) -> None:
    made = await world.make({"A": [Found("a.mp3", "s1", "t")]})
    await world.tracks.UpdateTrack(
        pb.UpdateTrackRequest(track=pb.Track(id=made["A"].id, label="said by hand"))
    )
    await world.scan([Found("b.mp3", "s1", "u")])
    [track] = await documents_agree(connection)
    assert (track.title, track.label) == ("Another title", "said by hand")
    assert [place.id for place in track.sources] == [f"{_ROOT}b.mp3"]


async def test_a_file_of_a_deleted_track_becomes_a_new_one(
    world: World, connection: Connection
) -> None:
    made = await world.make({"A": [Found("a.mp3", "s1", "t")]})
    await world.tracks.DeleteTrack(pb.DeleteTrackRequest(id=made["A"].id))
    response = await world.scan([Found("a.mp3", "s1", "t")])
    assert response.created == 1
    assert len(await documents_agree(connection)) == 2


async def test_what_another_system_knows_is_not_recognized_by_its_file(
    world: World, connection: Connection
) -> None:
    await world.make({"A": [Found("a.mp3", "s1", "t")]})
    other = Found("b.mp3", "s1", "t").track()
    del other.sources[:]
    other.sources.append(source(1))
    assert (await world.send([other])).created == 1
    mixed = Found("c.mp3", "s1", "t").track()
    mixed.sources.append(source(1))
    response = await world.send([mixed])
    assert response.failed == 1
    assert response.errors[0].error.code == grpc.StatusCode.ALREADY_EXISTS.value[0]
    assert len(await documents_agree(connection)) == 2


async def test_a_stream_changes_a_track_from_one_side(
    world: World, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Found("a.mp3", "s1", "t").track()
    known.sources.append(source(1))
    await world.send([known])
    monkeypatch.setattr("service.tracks.importing._BATCH", 1)
    told, told_again = (pb.Track(title=title, sources=[source(1)]) for title in ("Told", "Again"))
    retagged = Found("a.mp3", "s1", "u").track()
    for first, second in ((told, retagged), (retagged, told_again)):
        response = await world.send([first], [second])
        assert response.failed == 1
        assert response.errors[0].index == 1
    [track] = await documents_agree(connection)
    assert track.title == "Another title"


async def test_a_dry_run_says_what_a_move_would_do(world: World, connection: Connection) -> None:
    made = await world.make({"A": [Found("a.mp3", "s1", "t")]})
    requests = [pb.ImportTracksRequest(tracks=[Found("a.mp3", "s2", "u").track()])]
    requests[0].validate_only = True
    response = await world.tracks.ImportTracks(iter(requests))
    assert (response.created, response.updated) == (0, 1)
    assert await get(world.tracks, made["A"]) == made["A"]
