"""Changes, locks and conflicts of fields in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from service.database import Connection, load_statements
from service.errors import NotFound
from service.provenance.model import (
    MAX_UNDO,
    Attribution,
    Conflict,
    Contradiction,
    FieldChange,
    FieldState,
    Guard,
    LastChange,
)

_SQL = load_statements(__package__)
_ADD_CHANGES = _SQL["add_changes"]
_TAKE_CHANGE = _SQL["take_change"]
_STATES = _SQL["field_states"]
_ORIGIN = _SQL["get_origin"]
_LOCK = _SQL["lock_fields"]
_UNLOCK = _SQL["unlock_fields"]
_GUARDS = _SQL["find_guards"]
_FOLD = _SQL["fold_names"]
_ADD_CONFLICTS = _SQL["add_conflicts"]
_END_CONFLICTS = _SQL["end_conflicts"]
_DISMISS = _SQL["dismiss_conflict"]
_DELETE_CONFLICT = _SQL["delete_conflict"]
_CONFLICT = _SQL["get_conflict"]
_LIST = _SQL["list_conflicts"]
_LIST_OF_TRACK = _SQL["list_conflicts_of_track"]

Agreement = tuple[UUID, str, Attribution]
"""A track, a field of it, and who says the same as the catalogue."""


async def add_changes(connection: Connection, changes: Sequence[FieldChange]) -> None:
    """Remember changes of fields. What a person changes is locked, and its conflicts are decided.

    At most one change of each field of a track.
    """
    if not changes:
        return
    await connection.execute(
        _ADD_CHANGES,
        {
            **_keys(changes),
            **_attributions(change.by for change in changes),
            "befores": [change.before for change in changes],
            "by_person": [change.by.is_person for change in changes],
            "most": MAX_UNDO,
        },
    )


async def take_change(connection: Connection, track_id: UUID, field: str, number: int) -> None:
    """Forget the last change of a field."""
    parameters = {"track_id": track_id, "field": field, "number": number}
    await connection.execute(_TAKE_CHANGE, parameters)


async def states(connection: Connection, track_id: UUID) -> dict[str, FieldState]:
    """Return what is known of the fields of a track that were changed or are locked."""
    rows = await (await connection.execute(_STATES, {"track_id": track_id})).fetchall()
    return {field: _state(*rest) for field, *rest in rows}


async def get_origin(connection: Connection, track_id: UUID) -> tuple[bytes, Attribution | None]:
    """Return the track that an id leads to, a document, and who it was made by.

    Raises `NotFound`.
    """
    row = await (await connection.execute(_ORIGIN, {"id": track_id})).fetchone()
    if row is None:
        raise NotFound("track", track_id)
    document, kind, name = row
    return document, Attribution(kind, name or "") if kind else None


async def lock_fields(connection: Connection, track_id: UUID, fields: Sequence[str]) -> None:
    """Lock fields of a track."""
    parameters = {"track_ids": [track_id] * len(fields), "fields": list(fields)}
    await connection.execute(_LOCK, parameters)


async def unlock_fields(connection: Connection, track_id: UUID, fields: Sequence[str]) -> None:
    """Unlock fields of a track."""
    await connection.execute(_UNLOCK, {"track_id": track_id, "fields": list(fields)})


async def find_guards(connection: Connection, track_ids: Collection[UUID]) -> dict[UUID, Guard]:
    """Return which fields are locked or contradicted, of those tracks that have such fields."""
    if not track_ids:
        return {}
    rows = await (await connection.execute(_GUARDS, {"track_ids": list(track_ids)})).fetchall()
    found: dict[UUID, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for track_id, field, is_lock in rows:
        found[track_id][0 if is_lock else 1].add(field)
    return {
        track_id: Guard(frozenset(locked), frozenset(conflicting))
        for track_id, (locked, conflicting) in found.items()
    }


async def fold(connection: Connection, names: Sequence[str]) -> list[str]:
    """Return names as they are compared, in the same order."""
    rows = await (await connection.execute(_FOLD, {"names": list(names)})).fetchall()
    return [row[0] for row in rows]


async def add_conflicts(
    connection: Connection, found: Sequence[Contradiction], *, dismissed: bool = False
) -> None:
    """Remember what sources say of locked fields; at most one of each source and field."""
    if found:
        parameters = {
            "ids": [uuid7() for _ in found],
            **_keys(found),
            **_attributions(each.by for each in found),
            "library_ids": [each.library_id for each in found],
            "saids": [each.said for each in found],
            "dismissed": dismissed,
        }
        await connection.execute(_ADD_CONFLICTS, parameters)


async def end_conflicts(connection: Connection, agreed: Sequence[Agreement]) -> None:
    """Forget conflicts with sources that say now what the catalogue says."""
    if agreed:
        parameters = {
            "track_ids": [track_id for track_id, _, _ in agreed],
            "fields": [field for _, field, _ in agreed],
            "kinds": [by.kind for _, _, by in agreed],
            "names": [by.name for _, _, by in agreed],
        }
        await connection.execute(_END_CONFLICTS, parameters)


async def dismiss_conflict(connection: Connection, conflict_id: UUID) -> None:
    """Decide a conflict for the catalogue."""
    await connection.execute(_DISMISS, {"id": conflict_id})


async def delete_conflict(connection: Connection, conflict_id: UUID) -> None:
    """Forget a conflict that was decided for the source."""
    await connection.execute(_DELETE_CONFLICT, {"id": conflict_id})


async def get_conflict(connection: Connection, conflict_id: UUID) -> Conflict:
    """Return a conflict. Raises `NotFound`."""
    row = await (await connection.execute(_CONFLICT, {"id": conflict_id})).fetchone()
    if row is None:
        raise NotFound("conflict", conflict_id)
    return _conflict(*row)


async def list_conflicts(
    connection: Connection,
    library_id: UUID | None,
    track_id: UUID | None,
    after: UUID,
    limit: int,
    *,
    with_dismissed: bool,
) -> list[Conflict]:
    """Return a page of conflicts, the oldest first."""
    parameters = {
        "library_id": library_id,
        "after": after,
        "with_dismissed": with_dismissed,
        "limit": limit,
    }
    if track_id:
        cursor = await connection.execute(_LIST_OF_TRACK, {**parameters, "track_id": track_id})
    else:
        cursor = await connection.execute(_LIST, parameters)
    return [_conflict(*row) for row in await cursor.fetchall()]


def _keys(of: Sequence[FieldChange | Contradiction]) -> Mapping[str, list[Any]]:
    return {"track_ids": [each.track_id for each in of], "fields": [each.field for each in of]}


def _attributions(of: Iterable[Attribution]) -> Mapping[str, list[Any]]:
    kinds, names, confidences = zip(*((by.kind, by.name, by.confidence) for by in of), strict=True)
    return {"kinds": list(kinds), "names": list(names), "confidences": list(confidences)}


def _state(
    locked_at: Any,
    number: int | None,
    kind: str,
    name: str,
    confidence: float | None,
    changed_at: Any,
    before: bytes,
    was_locked: bool,  # noqa: FBT001  a column
    can_undo: bool,  # noqa: FBT001
) -> FieldState:
    if number is None:
        return FieldState(locked_at, None)
    by = Attribution(kind, name, confidence)
    return FieldState(locked_at, LastChange(number, by, changed_at, before, was_locked, can_undo))


def _conflict(
    conflict_id: UUID,
    track_id: UUID,
    field: str,
    kind: str,
    name: str,
    confidence: float | None,
    *rest: Any,
) -> Conflict:
    return Conflict(conflict_id, track_id, field, Attribution(kind, name, confidence), *rest)
