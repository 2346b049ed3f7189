"""Groups of albums that may be one, tier by tier, with what speaks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fonoteca.v1 import album_pb2 as pb
from service.albums import candidates, store
from service.albums.alike import near_years, without_edition
from service.albums.candidates import SAME_BARCODE, Described
from service.albums.codec import encode_album
from service.database import Connection
from service.duplicates.knowledge import known
from service.duplicates.model import MAX_SHOWN, Group, Position
from service.duplicates.walk import sharing
from service.search.store import fold


@dataclass(frozen=True, slots=True)
class AlbumPage:
    """Some groups, and the position after which the next page begins, if there is one."""

    groups: list[pb.DuplicateAlbumGroup]
    following: Position | None


async def find(connection: Connection, tier: str, after: Position | None, size: int) -> AlbumPage:
    """Return up to `size` groups of a tier, those after a position."""
    if tier == "SAME_BARCODE":
        page = await sharing(connection, SAME_BARCODE, after, size)
    else:
        page = await candidates.of_artists(connection, tier, after, size)
    return AlbumPage(await _encode(connection, tier, page.groups), page.following)


async def _encode(
    connection: Connection, tier: str, groups: Sequence[Group]
) -> list[pb.DuplicateAlbumGroup]:
    shown = list({id_ for group in groups for id_ in group.ids[:MAX_SHOWN]})
    described = await candidates.describe(connection, shown)
    albums = {of.id: encode_album(of) for of in await store.find_many(connection, shown)}
    titles = list({without_edition(of.title) for of in described.values()})
    cores = dict(zip(titles, await fold(connection, titles), strict=True)) if titles else {}
    here = described.keys() & albums
    encoded = []
    for group in groups:
        # One that was merged while this was read is not there any more.
        of = [described[id_] for id_ in group.ids[:MAX_SHOWN] if id_ in here]
        if len(of) < 2:
            continue
        of.sort(key=lambda one: (-len(one.titles), -known(albums[one.id]), one.id))
        encoded.append(
            pb.DuplicateAlbumGroup(
                albums=[albums[one.id] for one in of],
                reasons=_reasons(tier, of, {cores[without_edition(one.title)] for one in of}),
                truncated=len(group.ids) > MAX_SHOWN,
            )
        )
    return encoded


def _reasons(
    tier: str, albums: Sequence[Described], cores: set[str]
) -> Iterator[pb.AlbumDuplicateReason.ValueType]:
    """Yield what all albums of a group have in common; `cores` are the titles without editions."""
    barcodes = {one.barcode for one in albums}
    if len(barcodes) == 1 and barcodes != {""}:
        yield pb.ALBUM_DUPLICATE_REASON_SAME_BARCODE
    if len({one.title_key for one in albums}) == 1:
        yield pb.ALBUM_DUPLICATE_REASON_SAME_TITLE
    elif len(cores) == 1:
        yield pb.ALBUM_DUPLICATE_REASON_OTHER_EDITION
    elif tier == "SIMILAR":
        yield pb.ALBUM_DUPLICATE_REASON_SIMILAR_TITLE
    artists = {one.artist_id for one in albums}
    if len(artists) == 1 and artists != {None}:
        yield pb.ALBUM_DUPLICATE_REASON_SAME_ARTIST
    if set.intersection(*(set(one.titles) for one in albums)):
        yield pb.ALBUM_DUPLICATE_REASON_SHARED_TITLE
    years = [one.year for one in albums]
    if None not in years and near_years(years):
        yield pb.ALBUM_DUPLICATE_REASON_NEAR_YEAR
