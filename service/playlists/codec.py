"""`Playlist` out as a message."""

from __future__ import annotations

from fonoteca.v1 import playlist_pb2 as pb
from service.playlists.model import Playlist
from service.wire.encoding import duration, etag, timestamp


def encode_playlist(playlist: Playlist) -> pb.Playlist:
    """Return a playlist as callers see it."""
    return pb.Playlist(
        id=str(playlist.id),
        library_id=str(playlist.library_id),
        name=playlist.name,
        description=playlist.description,
        owner=playlist.owner,
        public=playlist.is_public,
        collaborative=playlist.is_collaborative,
        unique_tracks=playlist.unique_tracks,
        tags=playlist.tags,
        item_count=playlist.item_count,
        duration=duration(playlist.duration_ms),
        version=playlist.version,
        etag=etag(playlist.revision),
        create_time=timestamp(playlist.created_at),
        update_time=timestamp(playlist.updated_at),
        delete_time=timestamp(playlist.deleted_at) if playlist.deleted_at else None,
    )
