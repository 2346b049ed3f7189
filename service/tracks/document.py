"""A track is stored a second time as the message that reads return.

Putting a track together from its rows costs ten times what it costs to fetch one that is put
together already, and reads outnumber writes by far. So every write stores the message with the
rows, made from the same values in the same transaction, and `GetTrack`, lists and search return it.
The rows stay the truth: filters, constraints and joins use them.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from fonoteca.v1 import track_pb2 as pb
from service.database import Connection
from service.tracks import store
from service.tracks.codec import encode_album, encode_track
from service.tracks.model import Track
from service.wire.encoding import etag, revision_of, timestamp


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
    ids = await store.ids_of_album(connection, album_id)
    if not ids:
        return
    album = encode_album(await store.get_album(connection, album_id))
    changed_at = timestamp(await store.transaction_time(connection))
    documents = {}
    for track_id, locked in (await store.lock(connection, ids)).items():
        message = pb.Track.FromString(locked.document)
        message.album.CopyFrom(album)
        message.etag = etag(revision_of(message.etag) + 1)
        message.update_time.CopyFrom(changed_at)
        documents[track_id] = message.SerializeToString()
    await store.set_documents(connection, documents)
