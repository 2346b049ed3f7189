"""What somebody has decided about a name holds for the tracks and albums that have it, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final
from uuid import UUID

from fonoteca.v1 import track_pb2 as pb
from service.albums import store as albums
from service.albums.change import change
from service.artists.model import MAX_CREDITS, MAX_JOIN_PHRASE, CreditedName
from service.credits import store
from service.credits.model import Part
from service.database import Connection
from service.provenance import store as provenance
from service.provenance.model import RULE, Attribution
from service.tracks import store as tracks
from service.tracks.codec import decode_track
from service.tracks.write import Change, save
from service.validation import Check

_BATCH: Final = 1_000
_BY: Final = Attribution(RULE, "credit review", 1.0)


@dataclass(frozen=True, slots=True)
class Changed:
    """How many tracks and albums a decision has changed."""

    tracks: int = 0
    albums: int = 0


async def decide(connection: Connection, name: str, parts: Sequence[Part]) -> Changed:
    """Remember which artists a name stands for, and change what has the name."""
    await store.decide(connection, name, [part.text for part in parts])
    if len(parts) == 1:
        return Changed()
    ids = await store.find_credited(connection, name)
    changed = 0
    for start in range(0, len(ids), _BATCH):
        changed += await _apply(connection, ids[start : start + _BATCH], name, parts)
    changed_albums = 0
    for album_id in await store.find_credited_albums(connection, name):
        changed_albums += await _apply_to_album(connection, album_id, name, parts)
    return Changed(changed, changed_albums)


async def _apply_to_album(
    connection: Connection, album_id: UUID, name: str, parts: Sequence[Part]
) -> bool:
    """Return whether there was room for the names."""
    current = await albums.lock(connection, album_id)
    credits = _all_parted(current.draft.credits, name, parts)
    if len(credits) > MAX_CREDITS:
        return False
    await change(connection, current, replace(current.draft, credits=credits))
    return True


async def _apply(
    connection: Connection, ids: Sequence[UUID], name: str, parts: Sequence[Part]
) -> int:
    locked = await tracks.lock(connection, ids)
    guards = await provenance.find_guards(connection, ids)
    changes = []
    for track_id, row in locked.items():
        guard = guards.get(track_id)
        if row.is_deleted or (guard and "credits" in guard.locked):
            continue
        current = pb.Track.FromString(row.document)
        draft = decode_track(Check(), current, is_new=False)
        credits = _all_parted(draft.credits, name, parts)
        if len(credits) <= MAX_CREDITS:
            changes.append(Change(track_id, replace(draft, credits=credits), current, by=_BY))
    await save(connection, changes)
    return len(changes)


def _all_parted(
    credits: Sequence[CreditedName], name: str, parts: Sequence[Part]
) -> tuple[CreditedName, ...]:
    return tuple(chain.from_iterable(_parted(each, name, parts) for each in credits))


def _parted(credited: CreditedName, name: str, parts: Sequence[Part]) -> list[CreditedName]:
    """Return a name of a credit as the names that it stands for."""
    if credited.name != name:
        return [credited]
    names = [CreditedName(None, part.text, part.join, credited.role) for part in parts]
    last = names[-1].join_phrase + credited.join_phrase
    return [*names[:-1], replace(names[-1], join_phrase=last[:MAX_JOIN_PHRASE])]
