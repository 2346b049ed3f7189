"""Files as a scan brings them, without the files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import TYPE_CHECKING

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import AudioFile, CreditedName, ExternalSource
from service.sources import file_source_id

if TYPE_CHECKING:
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub


def song(
    path: str,
    artist: str = "",
    *,
    of: str = "",
    album: str = "Greatest Hits",
    mbid: str = "",
    audio: str = "",
) -> pb.Track:
    """Return a track as a scan sends it; `of` is the album artist, `audio` what it sounds like."""
    uri = f"file:///{path}"
    file = AudioFile(uri=uri, content_hash=sha256(path.encode()).hexdigest())
    file.audio_hash = f"sha256:{sha256((audio or path).encode()).hexdigest()}"
    return pb.Track(
        title=path.rpartition("/")[2],
        credits=[CreditedName(name=artist)] if artist else [],
        album=pb.TrackAlbum(title=album, mbid=mbid, credits=[CreditedName(name=of)] if of else []),
        files=[file],
        sources=[ExternalSource(type="file", id=file_source_id(uri), uri=uri)],
    )


async def bring(tracks: TrackServiceAsyncStub, *songs: pb.Track) -> None:
    """Import tracks as one scan does."""

    async def messages() -> AsyncIterator[pb.ImportTracksRequest]:
        yield pb.ImportTracksRequest(tracks=songs)

    response = await tracks.ImportTracks(messages())
    assert not response.errors


async def only(tracks: TrackServiceAsyncStub, title: str) -> pb.Track:
    """Return the one track of a title."""
    listed = (await tracks.ListTracks(pb.ListTracksRequest(filter=f'title:"{title}"'))).tracks
    [track] = listed
    return track
