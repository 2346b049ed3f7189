"""Groups of artists that may be one, tier by tier, with what speaks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fonoteca.v1 import artist_pb2 as pb
from service.artists import candidates, store
from service.artists.candidates import SHARED, Described
from service.artists.codec import encode_artist
from service.database import Connection
from service.duplicates.knowledge import known
from service.duplicates.model import MAX_SHOWN, Group, Position
from service.duplicates.walk import sharing

SIMILAR: Final = "SIMILAR"
_SAME_LETTERS: Final = "SAME_LETTERS"


@dataclass(frozen=True, slots=True)
class ArtistPage:
    """Some groups, and the position after which the next page begins, if there is one."""

    groups: list[pb.DuplicateArtistGroup]
    following: Position | None


async def find(connection: Connection, tier: str, after: Position | None, size: int) -> ArtistPage:
    """Return up to `size` groups of a tier, those after a position."""
    if tier == SIMILAR:
        page = await candidates.similar(connection, after, size)
    else:
        page = await sharing(connection, SHARED[tier], after, size)
    return ArtistPage(await _encode(connection, tier, page.groups), page.following)


async def _encode(
    connection: Connection, tier: str, groups: Sequence[Group]
) -> list[pb.DuplicateArtistGroup]:
    shown = list({id_ for group in groups for id_ in group.ids[:MAX_SHOWN]})
    described = await candidates.describe(connection, shown)
    artists = {of.id: encode_artist(of) for of in await store.find_many(connection, shown)}
    here = described.keys() & artists
    encoded = []
    for group in groups:
        # One that was merged while this was read is not there any more.
        of = [described[id_] for id_ in group.ids[:MAX_SHOWN] if id_ in here]
        if len(of) < 2 or (tier == _SAME_LETTERS and len({one.name_key for one in of}) == 1):
            continue
        of.sort(key=lambda one: (-len(one.titles), -known(artists[one.id]), one.id))
        encoded.append(
            pb.DuplicateArtistGroup(
                artists=[artists[one.id] for one in of],
                reasons=_reasons(tier, of),
                truncated=len(group.ids) > MAX_SHOWN,
            )
        )
    return encoded


def _reasons(
    tier: str, artists: Sequence[Described]
) -> Iterator[pb.ArtistDuplicateReason.ValueType]:
    """Yield what all artists of a group have in common."""
    if len({one.name_key for one in artists}) == 1:
        yield pb.ARTIST_DUPLICATE_REASON_SAME_NAME
    elif len({one.letters for one in artists}) == 1:
        yield pb.ARTIST_DUPLICATE_REASON_SAME_LETTERS
    shared = set.intersection(*(one.names for one in artists))
    if any(name in one.aliases for name in shared for one in artists):
        yield pb.ARTIST_DUPLICATE_REASON_ALIAS
    if tier == SIMILAR:
        yield pb.ARTIST_DUPLICATE_REASON_SIMILAR_NAME
    if set.intersection(*(set(one.titles) for one in artists)):
        yield pb.ARTIST_DUPLICATE_REASON_SHARED_TITLE
    if set.intersection(*(set(one.albums) for one in artists)):
        yield pb.ARTIST_DUPLICATE_REASON_SHARED_ALBUM
