"""What somebody has decided about a name holds for the tracks that have it, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Final
from uuid import UUID

from fonoteca.v1 import track_pb2 as pb
from service.artists.model import MAX_CREDITS, CreditedName
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


async def decide(connection: Connection, name: str, parts: Sequence[Part]) -> int:
    """Remember which artists a name stands for; return how many tracks that changes."""
    await store.decide(connection, name, [part.text for part in parts])
    if len(parts) == 1:
        return 0
    ids = await store.find_credited(connection, name)
    changed = 0
    for start in range(0, len(ids), _BATCH):
        changed += await _apply(connection, ids[start : start + _BATCH], name, parts)
    return changed


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
        credits = tuple(chain.from_iterable(_parted(each, name, parts) for each in draft.credits))
        if len(credits) <= MAX_CREDITS:
            changes.append(Change(track_id, replace(draft, credits=credits), current, by=_BY))
    await save(connection, changes)
    return len(changes)


def _parted(credited: CreditedName, name: str, parts: Sequence[Part]) -> list[CreditedName]:
    """Return a name of a credit as the names that it stands for."""
    if credited.name != name:
        return [credited]
    names = [CreditedName(None, part.text, part.join, credited.role) for part in parts]
    return [*names[:-1], replace(names[-1], join_phrase=credited.join_phrase)]
