"""What the server can do: one line for each service of the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from fonoteca.v1.album_pb2_grpc import add_AlbumServiceServicer_to_server
from fonoteca.v1.artist_pb2_grpc import add_ArtistServiceServicer_to_server
from fonoteca.v1.file_pb2_grpc import add_FileServiceServicer_to_server
from fonoteca.v1.library_pb2_grpc import add_LibraryServiceServicer_to_server
from fonoteca.v1.playlist_pb2_grpc import add_PlaylistServiceServicer_to_server
from fonoteca.v1.search_pb2_grpc import add_SearchServiceServicer_to_server
from fonoteca.v1.track_pb2_grpc import add_TrackServiceServicer_to_server
from service.albums.rpc import AlbumServicer
from service.artists.rpc import ArtistServicer
from service.database.pool import Database
from service.files.rpc import FileServicer
from service.libraries.rpc import LibraryServicer
from service.playlists.rpc import PlaylistServicer
from service.search.rpc import SearchServicer
from service.tracks.rpc import TrackServicer
from service.wire.router import Register

Capability: TypeAlias = tuple[Register, Callable[[Database], object]]
"""The function that was generated to register the servicer, and what makes the servicer."""

CAPABILITIES: Final[Sequence[Capability]] = (
    (add_TrackServiceServicer_to_server, TrackServicer),
    (add_SearchServiceServicer_to_server, SearchServicer),
    (add_LibraryServiceServicer_to_server, LibraryServicer),
    (add_PlaylistServiceServicer_to_server, PlaylistServicer),
    (add_ArtistServiceServicer_to_server, ArtistServicer),
    (add_AlbumServiceServicer_to_server, AlbumServicer),
    (add_FileServiceServicer_to_server, FileServicer),
)
