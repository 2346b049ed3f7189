"""A library of a thousand files is retagged and moved as a whole, and nobody has to notice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import mutagen
import numpy as np
import soundfile  # type: ignore[import-untyped]
from google.protobuf.field_mask_pb2 import FieldMask
from mutagen.id3 import ID3

from fonoteca.v1 import file_pb2, playlist_pb2, provenance_pb2, track_pb2
from tests.support.audio import frame, mp4

if TYPE_CHECKING:
    from fonoteca.v1.file_pb2_grpc import FileServiceAsyncStub
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from fonoteca.v1.provenance_pb2_grpc import ProvenanceServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import Run

FILES: Final = 1_000
CORRECTED: Final = range(0, FILES, 25)
"""The tracks that somebody has given another title."""

KINDS: Final = ("flac", "ogg", "opus", "mp3", "wav", "aiff", "m4a")
ENCODERS: Final = {"opus": {"format": "OGG", "subtype": "OPUS"}}


def make_library(folder: Path) -> list[Path]:
    """Write files of all kinds, each of which sounds like no other."""
    paths = []
    for number in range(FILES):
        kind = KINDS[number % len(KINDS)]
        path = folder / str(number // 50) / f"{number}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "m4a":
            path.write_bytes(mp4()[:-8] + number.to_bytes(8))
        else:
            noise = np.random.default_rng(number).uniform(-0.3, 0.3, 2_000)
            soundfile.write(path, noise, 8_000, **ENCODERS.get(kind, {}))
        retag(path, title=f"Song {number}", album=f"Album {number // 50}")
        paths.append(path)
    return paths


def retag(path: Path, **tags: str) -> None:
    audio: Any = mutagen.File(path, easy=True)
    if audio.tags is None:
        audio.add_tags()
    if isinstance(audio.tags, ID3):  # those of WAV and AIFF are never easy
        names = {"title": "TIT2", "album": "TALB", "artist": "TPE1"}
        tags = {names[name]: frame(names[name], text=text) for name, text in tags.items()}
    for name, value in tags.items():
        audio[name] = value
    audio.save()


def move_library(paths: list[Path], target: Path) -> list[Path]:
    """Retag all files, and move each into another folder, under another name."""
    moved = []
    for number, path in enumerate(paths):
        retag(path, title=f"Retagged {number}", album=f"New {number % 40}", artist="Somebody")
        to = target / str(number % 40) / f"moved {number}{path.suffix}"
        to.parent.mkdir(parents=True, exist_ok=True)
        moved.append(path.rename(to))
    return moved


async def tracks_by_address(tracks: TrackServiceAsyncStub) -> dict[str, track_pb2.Track]:
    """Return all tracks by the addresses of their only files."""
    listed = await tracks.ListTracks(track_pb2.ListTracksRequest(page_size=FILES))
    assert not listed.next_page_token
    return {file.uri: track for track in listed.tracks for file in track.files}


async def items_of(
    playlists: PlaylistServiceAsyncStub, playlist_id: str
) -> list[tuple[str, str, int]]:
    request = playlist_pb2.ListPlaylistItemsRequest(playlist_id=playlist_id, page_size=FILES)
    items = (await playlists.ListPlaylistItems(request)).items
    return [(item.id, item.track_id, item.position) for item in items]


async def test_a_library_that_was_moved_and_retagged_is_the_same_to_its_listeners(
    run: Run,
    tracks: TrackServiceAsyncStub,
    playlists: PlaylistServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    files: FileServiceAsyncStub,
    tmp_path: Path,
) -> None:
    music = tmp_path / "music"
    paths = await asyncio.to_thread(make_library, music / "old")
    first = await run("scan", music)
    assert first.stdout.startswith(f"{FILES:,} new, 0 changed, 0 unchanged ("), first.stderr
    stored = await tracks_by_address(tracks)
    before = [stored[path.as_uri()] for path in paths]
    playlist = await playlists.CreatePlaylist(
        playlist_pb2.CreatePlaylistRequest(playlist=playlist_pb2.Playlist(name="All"))
    )
    await playlists.AddPlaylistItems(
        playlist_pb2.AddPlaylistItemsRequest(
            playlist_id=playlist.id, track_ids=[track.id for track in before]
        )
    )
    items = await items_of(playlists, playlist.id)
    for number in CORRECTED:
        await tracks.UpdateTrack(
            track_pb2.UpdateTrackRequest(
                track=track_pb2.Track(id=before[number].id, title=f"Corrected {number}"),
                update_mask=FieldMask(paths=["title"]),
            )
        )

    moved = await asyncio.to_thread(move_library, paths, music / "new")
    again = await run("scan", music)
    assert again.exit_code == 0, again.stderr
    assert again.stdout.startswith(f"0 new, {FILES:,} changed, 0 unchanged, {FILES:,} missing (")

    stored = await tracks_by_address(tracks)
    after = [stored[path.as_uri()] for path in moved]
    assert [track.id for track in after] == [track.id for track in before]
    assert [track.files[0].id for track in after] == [track.files[0].id for track in before]
    assert await items_of(playlists, playlist.id) == items
    for number, track in enumerate(after):
        title = "Corrected" if number in CORRECTED else "Retagged"
        assert (track.title, track.album.title) == (f"{title} {number}", f"New {number % 40}")
    conflicts = await provenance.ListTrackConflicts(
        provenance_pb2.ListTrackConflictsRequest(page_size=FILES)
    )
    assert {conflict.track_id for conflict in conflicts.conflicts} == {
        after[number].id for number in CORRECTED
    }
    missing = file_pb2.ListFilesRequest(presence=file_pb2.FILE_PRESENCE_MISSING)
    assert not (await files.ListFiles(missing)).files
    third = await run("scan", music)
    assert third.stdout.startswith(f"0 new, 0 changed, {FILES:,} unchanged (")
