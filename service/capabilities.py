"""What the server can do: one line for each service of the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from fonoteca.v1.album_pb2_grpc import add_AlbumServiceServicer_to_server
from fonoteca.v1.artist_pb2_grpc import add_ArtistServiceServicer_to_server
from fonoteca.v1.artwork_pb2_grpc import add_ArtworkServiceServicer_to_server
from fonoteca.v1.credit_pb2_grpc import add_CreditServiceServicer_to_server
from fonoteca.v1.file_pb2_grpc import add_FileServiceServicer_to_server
from fonoteca.v1.ingest_pb2_grpc import add_IngestServiceServicer_to_server
from fonoteca.v1.library_pb2_grpc import add_LibraryServiceServicer_to_server
from fonoteca.v1.playlist_pb2_grpc import add_PlaylistServiceServicer_to_server
from fonoteca.v1.provenance_pb2_grpc import add_ProvenanceServiceServicer_to_server
from fonoteca.v1.search_pb2_grpc import add_SearchServiceServicer_to_server
from fonoteca.v1.track_pb2_grpc import add_TrackServiceServicer_to_server
from service.albums.rpc import AlbumServicer
from service.artists.rpc import ArtistServicer
from service.artwork.rpc import ArtworkServicer
from service.credits.rpc import CreditServicer
from service.database.pool import Database
from service.files.rpc import FileServicer
from service.libraries.rpc import LibraryServicer
from service.media.rpc import IngestServicer
from service.playlists.rpc import PlaylistServicer
from service.provenance.rpc import ProvenanceServicer
from service.search.rpc import SearchServicer
from service.settings import Settings
from service.tracks.rpc import TrackServicer
from service.wire.router import Register

Make: TypeAlias = Callable[[Database, Settings], object]
Capability: TypeAlias = tuple[Register, Make]
"""The function that was generated to register the servicer, and what makes the servicer."""


def _of_database(make: Callable[[Database], object]) -> Make:
    """Return what makes a servicer that needs no settings."""
    return lambda database, _settings: make(database)


CAPABILITIES: Final[Sequence[Capability]] = (
    (add_TrackServiceServicer_to_server, _of_database(TrackServicer)),
    (add_ProvenanceServiceServicer_to_server, _of_database(ProvenanceServicer)),
    (add_SearchServiceServicer_to_server, _of_database(SearchServicer)),
    (add_LibraryServiceServicer_to_server, _of_database(LibraryServicer)),
    (add_PlaylistServiceServicer_to_server, _of_database(PlaylistServicer)),
    (add_ArtistServiceServicer_to_server, _of_database(ArtistServicer)),
    (add_CreditServiceServicer_to_server, _of_database(CreditServicer)),
    (add_AlbumServiceServicer_to_server, _of_database(AlbumServicer)),
    (add_FileServiceServicer_to_server, _of_database(FileServicer)),
    (add_IngestServiceServicer_to_server, IngestServicer),
    (add_ArtworkServiceServicer_to_server, ArtworkServicer),
)
