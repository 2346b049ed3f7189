"""Groups of tracks that may be one recording, tier by tier, with what speaks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

from fonoteca.v1 import track_pb2 as pb
from service.database import Connection
from service.duplicates.knowledge import known
from service.duplicates.model import LAST_ID, MAX_SHOWN
from service.duplicates.walk import HIGHEST
from service.matching.titles import TitleParts, title_parts
from service.search.store import fold
from service.tracks import candidates
from service.tracks.alike import SAME_LENGTH_MS, SongTitle, close_lengths, similar_songs
from service.tracks.candidates import SHARED, Described, Key, Titled
from service.tracks.document import track_message

SIMILAR: Final = "SIMILAR"
_ALL: Final = 2
"""A key more than a page can need says that more follow."""

Position = tuple[Key, UUID]
"""The place of a group: what its tracks share, and the first of them."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tracks that may be one recording, in the order of their ids."""

    key: Key
    track_ids: tuple[UUID, ...]

    @property
    def position(self) -> Position:
        """Its place among all groups of the tier."""
        return self.key, self.track_ids[0]


@dataclass(frozen=True, slots=True)
class Page:
    """Some groups, and where the next page begins, if there is one."""

    groups: list[pb.DuplicateGroup]
    following: Position | None


async def find(
    connection: Connection,
    tier: str,
    library_id: UUID | None,
    after: Position | None,
    size: int,
) -> Page:
    """Return up to `size` groups of a tier, those after a position."""
    if tier == SIMILAR:
        groups, end = await _similar(connection, library_id, after)
    else:
        groups, end = await _sharing(connection, tier, library_id, after, size)
    if len(groups) > size:
        groups, end = groups[:size], groups[size - 1].position
    return Page(await _encode(connection, tier, groups), end)


async def _sharing(
    connection: Connection, tier: str, library_id: UUID | None, after: Position | None, size: int
) -> tuple[list[Group], Position | None]:
    """Return groups after a position whose tracks share something, and how far they were sought."""
    shared = SHARED[tier]
    most = size + _ALL
    walk = await candidates.walk(connection, shared, library_id, after[0] if after else None, most)
    members = await candidates.members(connection, shared, walk.keys)
    groups = []
    for number, of_key in groupby(members, lambda member: member.number):
        lengths = {member.id: member.duration_ms for member in of_key}
        clusters = close_lengths(lengths) if tier == "SAME_NAME" else [tuple(lengths)]
        groups += [Group(walk.keys[number], ids) for ids in sorted(clusters) if len(ids) > 1]
    end: Position | None = None
    if len(walk.keys) == most:
        end = walk.keys[-1], LAST_ID
    elif walk.end is not None:
        rest = (HIGHEST,) * (len(shared.columns) - 1)
        end = Key((walk.end, *rest), LAST_ID), LAST_ID
    return _beyond(groups, after), end


async def _similar(
    connection: Connection, library_id: UUID | None, after: Position | None
) -> tuple[list[Group], Position | None]:
    """Return groups of similar tracks after a position, and how far they were sought."""
    first = after[0].values[0] if after else ""
    tracks, last = await candidates.titles(connection, library_id, first)
    songs = await _song_titles(connection, tracks)
    groups = [
        Group(Key((artist_key,), of), ids)
        for (artist_key, of), block in groupby(
            tracks, lambda track: (track.artist_key, track.library_id)
        )
        for ids in sorted(similar_songs([songs[track.id] for track in block]))
    ]
    end = (Key((last,), LAST_ID), LAST_ID) if last is not None else None
    return _beyond(groups, after), end


def _beyond(groups: Iterable[Group], after: Position | None) -> list[Group]:
    """Return the groups after a position, of those whose first key is not before it."""
    if after is None:
        return list(groups)
    key, first = after
    return [
        group
        for group in groups
        if group.key.values != key.values
        or (group.key.library_id, group.track_ids[0]) > (key.library_id, first)
    ]


async def _song_titles(connection: Connection, tracks: Sequence[Titled]) -> dict[UUID, SongTitle]:
    """Return tracks as they are compared."""
    parts = {track.title: title_parts(track.title) for track in tracks}
    texts = list({text for of in parts.values() for text in (of.core, of.additions) if text})
    folded = dict(zip(texts, await fold(connection, texts), strict=True))
    return {track.id: _song_title(track, parts[track.title], folded) for track in tracks}


def _song_title(track: Titled, parts: TitleParts, folded: Mapping[str, str]) -> SongTitle:
    return SongTitle(
        id=track.id,
        key=track.title_key,
        core=folded.get(parts.core) or track.title_key,
        kinds=parts.kinds,
        additions=folded.get(parts.additions, ""),
        duration_ms=track.duration_ms,
    )


async def _encode(
    connection: Connection, tier: str, groups: Sequence[Group]
) -> list[pb.DuplicateGroup]:
    shown = [track_id for group in groups for track_id in group.track_ids[:MAX_SHOWN]]
    described = await candidates.describe(connection, shown)
    encoded = []
    for group in groups:
        tracks = [described[id_] for id_ in group.track_ids[:MAX_SHOWN] if id_ in described]
        messages = [track_message(track.document, full=False) for track in tracks]
        reasons = list(_reasons(tier, tracks, messages))
        messages.sort(key=lambda message: (-known(message), message.id))
        truncated = len(group.track_ids) > MAX_SHOWN
        encoded.append(pb.DuplicateGroup(tracks=messages, reasons=reasons, truncated=truncated))
    return encoded


def _reasons(
    tier: str, tracks: Sequence[Described], messages: Sequence[pb.Track]
) -> Iterator[pb.DuplicateReason.ValueType]:
    """Yield what all tracks of a group have in common."""
    for reason, values in _VALUES.items():
        if set.intersection(*map(values, messages)) - {""}:
            yield reason
    if len({track.title_key for track in tracks}) == 1:
        yield pb.DUPLICATE_REASON_SAME_TITLE
    elif tier == SIMILAR:
        yield pb.DUPLICATE_REASON_SIMILAR_TITLE
    artists = {track.artist_key for track in tracks}
    if len(artists) == 1 and artists != {""}:
        yield pb.DUPLICATE_REASON_SAME_ARTISTS
    if all(message.HasField("duration") for message in messages):
        lengths = [message.duration.ToMilliseconds() for message in messages]
        if max(lengths) - min(lengths) <= SAME_LENGTH_MS:
            yield pb.DUPLICATE_REASON_SAME_LENGTH


_VALUES: Final[Mapping[pb.DuplicateReason.ValueType, Callable[[pb.Track], set[str]]]] = {
    pb.DUPLICATE_REASON_SAME_CONTENT: lambda track: {file.content_hash for file in track.files},
    pb.DUPLICATE_REASON_SAME_AUDIO: lambda track: {file.audio_hash for file in track.files},
    pb.DUPLICATE_REASON_SAME_ISRC: lambda track: {track.isrc},
    pb.DUPLICATE_REASON_SAME_MBID: lambda track: {track.mbid},
    pb.DUPLICATE_REASON_SAME_ALBUM: lambda track: {track.album.id},
}
"""What tracks can have in common, as texts."""
