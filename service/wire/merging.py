"""What requests that merge things, or take that back, have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from service.validation import Check

MAX_MERGED: Final = 100
"""How many things a call merges, or brings back."""


@dataclass(frozen=True, slots=True)
class Merging:
    """Things that are to become another one, and the etags that must be current, by asked id."""

    survivor_id: UUID
    ids: Sequence[UUID]
    etags: Mapping[UUID, str] = field(default_factory=dict)

    @property
    def asked(self) -> list[UUID]:
        """All ids, that of the survivor first."""
        return [self.survivor_id, *self.ids]


@dataclass(frozen=True, slots=True)
class Unmerging:
    """Things that are to be themselves again, and the etags of their survivors, by their ids."""

    ids: Sequence[UUID]
    etags: Mapping[UUID, str] = field(default_factory=dict)


def decode_merging(
    survivor_id: str, field: str, ids: Sequence[str], etags: Mapping[str, str], request_id: str
) -> Merging:
    """Read a request to merge; `field` is the name of `ids` in it. Raises `InvalidInput`."""
    check = Check()
    survivor = check.uuid("survivor_id", survivor_id)
    merged = _distinct_ids(check, field, ids)
    if survivor in merged:
        check.fail(field, "must not have the survivor")
    current = _etags(check, etags, [survivor, *merged])
    check.optional_uuid("request_id", request_id)
    check.done()
    return Merging(survivor, merged, current)


def decode_unmerging(
    field: str, ids: Sequence[str], etags: Mapping[str, str], request_id: str
) -> Unmerging:
    """Read a request to take merges back; `field` is as above. Raises `InvalidInput`."""
    check = Check()
    merged = _distinct_ids(check, field, ids)
    current = _etags(check, etags, merged)
    check.optional_uuid("request_id", request_id)
    check.done()
    return Unmerging(merged, current)


def _distinct_ids(check: Check, field: str, values: Sequence[str]) -> tuple[UUID, ...]:
    if not values:
        check.fail(field, "must have at least one entry")
    ids = check.each(field, lambda check, value: check.uuid("", value), values, most=MAX_MERGED)
    if len(set(ids)) < len(ids):
        check.fail(field, "must not have an id twice")
    return ids


def _etags(check: Check, values: Mapping[str, str], ids: Collection[UUID]) -> dict[UUID, str]:
    """Read etags by ids, which must be among those of the request."""
    etags = {check.uuid("etags", id_): etag for id_, etag in values.items()}
    if not etags.keys() <= set(ids):
        check.fail("etags", "must be by ids that the request names")
    return etags
