"""A track is stored a second time as the message that reads return.

Putting a track together from its rows costs ten times what it costs to fetch one that is put
together already, and reads outnumber writes by far. So every write stores the message with the
rows, made from the same values in the same transaction, and `GetTrack`, lists and search return it.
The rows stay the truth: filters, constraints and joins use them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from fonoteca.v1 import track_pb2 as pb
from service.artists.model import Credit
from service.database import Connection
from service.tracks import store
from service.tracks.codec import encode_album, encode_track
from service.tracks.model import Track
from service.wire.encoding import etag, revision_of, timestamp
from service.wire.types import encode_credits

_BATCH: Final = 250
"""How many documents are made anew before other calls have their turn."""


def track_message(document: bytes, *, full: bool) -> pb.Track:
    """Return a stored track as a message, with its lyrics or without them."""
    message = pb.Track.FromString(document)
    if not full:
        message.ClearField("lyrics")
    return message


def documents_of(tracks: Sequence[Track]) -> list[bytes]:
    """Return what is to be stored beside the rows of tracks."""
    return [encode_track(track).SerializeToString() for track in tracks]


async def refresh_album(connection: Connection, album_id: UUID) -> None:
    """Make the tracks of an album show what the album is now."""
    await show_album(connection, album_id, await store.ids_of_albums(connection, [album_id]))


async def show_album(connection: Connection, album_id: UUID, track_ids: Sequence[UUID]) -> None:
    """Make tracks that are on an album show what it is now."""
    if not track_ids:
        return
    album = encode_album(await store.get_album(connection, album_id))
    changed_at = await store.transaction_time(connection)
    documents = {}
    for track_id, locked in (await store.lock(connection, track_ids)).items():
        message = _next(locked.document, changed_at)
        message.album.CopyFrom(album)
        documents[track_id] = message.SerializeToString()
    await store.set_documents(connection, documents)


async def give_credits(
    connection: Connection, of_tracks: Mapping[UUID, Credit], of_albums: Mapping[UUID, Credit]
) -> None:
    """Give tracks other credits, and let tracks show the credits that their albums have now."""
    ids = sorted({*of_tracks, *await store.ids_of_albums(connection, of_albums)})
    changed_at = await store.transaction_time(connection)
    for start in range(0, len(ids), _BATCH):
        documents = {}
        locked = await store.lock(connection, ids[start : start + _BATCH])
        for track_id, of in locked.items():
            message = _next(of.document, changed_at)
            if credit := of_tracks.get(track_id):
                _show(message, credit)
            if message.album.id and (credit := of_albums.get(UUID(message.album.id))):
                _show(message.album, credit)
            documents[track_id] = message.SerializeToString()
        credit_ids = {id_: of_tracks[id_].id for id_ in documents.keys() & of_tracks.keys()}
        await store.set_credits(connection, documents, credit_ids)


def _next(document: bytes, changed_at: datetime) -> pb.Track:
    """Return a stored track as its next revision."""
    message = pb.Track.FromString(document)
    message.etag = etag(revision_of(message.etag) + 1)
    message.update_time.CopyFrom(timestamp(changed_at))
    return message


def _show(message: pb.Track | pb.TrackAlbum, credit: Credit) -> None:
    del message.credits[:]
    message.credits.extend(encode_credits(credit.names))
    message.artist = credit.display
