"""What no person says leaves locked fields as they are, and is kept as a conflict instead.

One `Locks` serves one batch: it knows the locks of its tracks, takes note of what sources say of
locked fields, and stores that in the end. Nearly all tracks have no lock, and cost nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fonoteca.v1 import track_pb2 as pb
from service.artists.model import DISPLAYED_ROLES, CreditedName, displayed, joined_names
from service.database import Connection
from service.provenance import store
from service.provenance.fields import has_field, only, value_of, with_value
from service.provenance.model import FEATURES, Attribution, Contradiction, Guard, in_order
from service.provenance.store import Agreement
from service.tracks.codec import decode_track
from service.tracks.model import AlbumChoice, TrackDraft
from service.validation import Check

_NOTHING: Final = Guard(frozenset(), frozenset())

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Doubt:
    """What a source says of a field, and the names that are to differ if that is something else."""

    contradiction: Contradiction
    said: Names
    own: Names


class Locks:
    """The locks and conflicts of the tracks of one batch, which must be locked rows."""

    def __init__(self, guards: Mapping[UUID, Guard]) -> None:
        self._guards = guards
        self._contradictions: list[Contradiction] = []
        self._doubts: list[_Doubt] = []
        self._agreed: list[Agreement] = []

    @classmethod
    async def of(cls, connection: Connection, track_ids: Collection[UUID]) -> Locks:
        """Return the locks of tracks."""
        return cls(await store.find_guards(connection, track_ids))

    def respected(
        self, draft: TrackDraft, said: pb.Track, current: pb.Track, by: Attribution
    ) -> TrackDraft:
        """Return what a track may become: `draft`, but for the fields that are locked.

        `said` is what the source sent, of which `draft` was made.
        """
        if by.is_person:
            return draft
        track_id = UUID(current.id)
        guard = self._guards.get(track_id, _NOTHING)
        own = decode_track(Check(), current, is_new=False) if guard.locked else draft
        agreed = {field for field in guard.conflicting if has_field(said, field)}
        for field in in_order(guard.locked):
            wanted, has = value_of(draft, field), value_of(own, field)
            draft = with_value(draft, field, has)
            if _agree(wanted, has):
                continue
            if not field.startswith(FEATURES) or has_field(said, field):
                agreed.discard(field)
                self._note(current, field, by, said, wanted, has)
        self._agreed += [(track_id, field, by) for field in agreed]
        return draft

    async def store_conflicts(self, connection: Connection) -> None:
        """Store what sources say of locked fields, and forget conflicts that are none any more."""
        found = [*self._contradictions, *await self._differing(connection)]
        await store.add_conflicts(connection, found)
        await store.end_conflicts(connection, self._agreed)

    def _note(
        self,
        current: pb.Track,
        field: str,
        by: Attribution,
        said: pb.Track,
        wanted: Any,
        has: Any,
    ) -> None:
        contradiction = Contradiction(
            UUID(current.id),
            UUID(current.library_id),
            field,
            by,
            only(said, field).SerializeToString(deterministic=True),
        )
        names = _names(wanted, has)
        if names is None:
            self._contradictions.append(contradiction)
        else:
            self._doubts.append(_Doubt(contradiction, *names))

    async def _differing(self, connection: Connection) -> list[Contradiction]:
        """Return the contradictions that are more than another spelling of the same names."""
        names = list({name for doubt in self._doubts for name in (*doubt.said, *doubt.own)})
        folded = dict(zip(names, await store.fold(connection, names), strict=True)) if names else {}
        differing = []
        for doubt in self._doubts:
            if [folded[name] for name in doubt.said] != [folded[name] for name in doubt.own]:
                differing.append(doubt.contradiction)
            else:
                about = doubt.contradiction
                self._agreed.append((about.track_id, about.field, about.by))
        return differing


def _agree(wanted: Any, has: Any) -> bool:
    """Whether two values of a field are the same, however they name artists and albums."""
    match wanted, has:
        case AlbumChoice(), AlbumChoice():
            if wanted.id or wanted.mbid:
                return wanted.id == has.id or (wanted.mbid is not None and wanted.mbid == has.mbid)
            return False  # the names decide
        case (CreditedName(), *_), (CreditedName(), *_) if len(wanted) == len(has):
            pairs = zip(joined_names(wanted), joined_names(has), strict=True)
            return all(_is_same_name(one, other) for one, other in pairs)
        case (CreditedName(), *_), (CreditedName(), *_):
            return _text(wanted) == _text(has)
        case _:
            return bool(wanted == has)


def _text(credits: Iterable[CreditedName]) -> tuple[str, ...]:
    """Return what credits show, however they are split, and who did what else."""
    names = joined_names(tuple(credits))
    shown = [name.name + name.join_phrase for name in names if name.role in DISPLAYED_ROLES]
    others = (f"{name.role} {name.name}" for name in names if name.role not in DISPLAYED_ROLES)
    return ("".join(shown), *others)


def _is_same_name(wanted: CreditedName, has: CreditedName) -> bool:
    if (wanted.join_phrase, wanted.role) != (has.join_phrase, has.role):
        return False
    if wanted.artist_id and wanted.artist_id != has.artist_id:
        return False
    return wanted.name in ("", has.name)


def _names(wanted: Any, has: Any) -> tuple[Names, Names] | None:
    """Return the names that say whether an album or genres are the same, however they are spelled.

    None when something else says that they are not.
    """
    match wanted, has:
        case AlbumChoice(id=None, mbid=None), AlbumChoice():
            if displayed(wanted.credits) == displayed(has.credits):
                return (wanted.title,), (has.title,)  # however the artists are split
            said, own = _album_names(wanted), _album_names(has)
            return said, own[: len(said)]
        case (str(), *_), (str(), *_) if len(wanted) == len(has):
            return tuple(wanted), tuple(has)
        case _:
            return None


def _album_names(album: AlbumChoice) -> Names:
    return (album.title, *(name.name for name in album.credits[:1]))
