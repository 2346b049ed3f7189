"""The credits of merged albums share the fate of those of all albums when artists are merged.

A merge of artists remembers which names of tracks and albums it took, and finds no album that is
merged itself. So what a merged album remembers is made good when it comes back, when another album
gets its credit, and when one of the artists comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from fonoteca.v1 import album_pb2 as pb
from service.albums import merge_records
from service.albums.codec import decode_album
from service.albums.model import AlbumDraft
from service.artists.merge_records import Taken, add_led, copy_taken, leading
from service.artists.model import CreditedName, TakenName, names_given_back
from service.database import Connection
from service.errors import FailedPrecondition
from service.validation import Check
from service.wire.types import decode_credits


async def led(connection: Connection, kept: bytes) -> AlbumDraft:
    """Return an album as it was, but with the artists that those in its credit have become.

    Raises `FailedPrecondition` when one of them has gone for good.
    """
    draft = decode_album(Check(), pb.Album.FromString(kept))
    named = {of.artist_id: of.name for of in draft.credits if of.artist_id}
    leads_to = await leading(connection, named.keys())
    for artist_id, name in named.items():
        if artist_id not in leads_to:
            raise FailedPrecondition(
                f"artist {artist_id} ({name}), whom the merged album credits, is gone for good",
                {"artist_id": str(artist_id), "name": name},
            )

    def lead(name: CreditedName) -> CreditedName:
        return replace(name, artist_id=leads_to[name.artist_id]) if name.artist_id else name

    return replace(draft, credits=tuple(map(lead, draft.credits)))


async def come_back(connection: Connection, album_id: UUID, kept: bytes) -> AlbumDraft:
    """Return a merged album as it comes back; artists merged since can have their names back."""
    await add_led(connection, album_id, _names(pb.Album.FromString(kept)))
    return await led(connection, kept)


async def inherit(
    connection: Connection, survivor_id: UUID, album_id: UUID, kept: bytes, given: AlbumDraft
) -> None:
    """Let merged artists have their names back also in a credit that a merged album gives."""
    if given.credits:
        await add_led(connection, album_id, _names(pb.Album.FromString(kept)))
        await copy_taken(connection, album_id, survivor_id, given.credits)


async def give_back_names(
    connection: Connection, taken: Taken, survivor_id: UUID, artist_id: UUID
) -> None:
    """Give an artist the names again that were its own in what merged albums remember.

    The credit that a survivor was given is the survivor's: it changes with that.
    """
    for of in await merge_records.merges_of(connection, taken):
        album = _given_back(of.album, taken.get(of.album_id, ()), survivor_id, artist_id)
        given = _given_back(of.given, taken.get(of.survivor_id, ()), survivor_id, artist_id)
        if (album, given) != (of.album, of.given):
            await merge_records.remember(connection, of.album_id, album, given)


def _given_back(kept: bytes, taken: Iterable[TakenName], from_id: UUID, to_id: UUID) -> bytes:
    message = pb.Album.FromString(kept)
    names = names_given_back(_names(message), taken, from_id, to_id)
    for name, back in zip(message.credits, names, strict=True):
        name.artist_id = str(back.artist_id)
    return message.SerializeToString()


def _names(message: pb.Album) -> tuple[CreditedName, ...]:
    return decode_credits(Check(), "credits", message.credits)
