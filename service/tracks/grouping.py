"""Which files are of one album: those of one folder that name the same album and album artist.

So two albums of one title stay two, although one artist has made both, and a compilation whose
files name no album artist stays one. A folder is remembered with its album: files that come later
join it, and an album that moves to another folder takes that one along. Albums with a MusicBrainz
id are told apart by it, and files without a folder of their own by title and artist, as `resolve`
does it.

Runs where imports take turns, so nobody else makes an album of the same folder meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote
from uuid import UUID

from uuid_utils.compat import uuid7

from service.artists.credits import CreditCache, resolve_credits
from service.artists.model import CreditedName, displayed
from service.database import Connection, load_statements
from service.sources import is_disc_folder
from service.tracks.model import AlbumChoice, TrackDraft
from service.tracks.write import Change

_SQL = load_statements(__package__)
_FIND = _SQL["find_album_folders"]
_ADOPT = _SQL["adopt_albums"]
_REJOIN = _SQL["rejoin_albums"]
_ADD_ALBUMS = _SQL["add_albums_of_folders"]
_ADD_FOLDERS = _SQL["add_album_folders"]
_MIX = _SQL["mix_albums"]

_CONTENT_NAME: Final = re.compile(r"[0-9a-f]{64}")
"""The name of a file that is kept by its content: its folder says nothing of its album."""


@dataclass(frozen=True, slots=True)
class _Named:
    """How files name their album; `artist` is "" when they name none for the album."""

    folder: str
    title: str
    artist: str


@dataclass(slots=True)
class _Group:
    """The files of one album, as what becomes of their tracks."""

    named: _Named
    changes: list[Change] = field(default_factory=list)
    album_id: UUID | None = None
    #: Whether the album has the artist of its first files, and others are among these.
    is_mixed: bool = False


def album_folder(uri: str) -> str:
    """Return the folder of the album of a file, that of a disc left out; "" when it has none."""
    folder, _, name = uri.rpartition("/")
    if _CONTENT_NAME.fullmatch(name):
        return ""
    above, _, last = folder.rpartition("/")
    return above if is_disc_folder(unquote(last)) else folder


async def group_albums(
    connection: Connection, changes: Sequence[Change], credits: CreditCache
) -> tuple[list[Change], set[UUID]]:
    """Return the changes with their albums chosen, and the albums that turn out to be mixed."""
    groups = await _known(connection, changes)
    new = {key: group for key, group in groups.items() if group.album_id is None}
    if new:
        for group in new.values():
            group.album_id = _kept(group)
        await _adopt(connection, groups.values())
        await _create(connection, [group for group in new.values() if not group.album_id], credits)
        folders = {
            "keys": list(new),
            "album_ids": [group.album_id for group in new.values()],
            "implied": [not group.named.artist for group in new.values()],
        }
        await connection.execute(_ADD_FOLDERS, folders)
    chosen = {
        change.id: AlbumChoice(group.album_id, "", (), None)
        for group in groups.values()
        for change in group.changes
    }
    mixed = {group.album_id for group in groups.values() if group.is_mixed and group.album_id}
    return [_on(change, chosen.get(change.id)) for change in changes], mixed


def _on(change: Change, album: AlbumChoice | None) -> Change:
    return replace(change, draft=replace(change.draft, album=album)) if album else change


async def mix(connection: Connection, album_ids: Iterable[UUID]) -> list[UUID]:
    """Take the artist from albums that have several, unless somebody has edited them.

    Returns those that have changed; their tracks are not yet told.
    """
    rows = await connection.execute(_MIX, {"ids": sorted(album_ids)})
    return [row[0] for row in await rows.fetchall()]


async def _known(connection: Connection, changes: Sequence[Change]) -> dict[str, _Group]:
    """Return the files of one folder and album, by the keys of these, with the album if known."""
    found: dict[_Named, _Group] = {}
    for change in changes:
        if named := _named(change.draft):
            found.setdefault(named, _Group(named)).changes.append(change)
    if not found:
        return {}
    parameters = {
        "folders": [named.folder for named in found],
        "titles": [named.title for named in found],
        "artists": [named.artist for named in found],
        "performers": [_first(_common_artist(group)) or None for group in found.values()],
    }
    rows = await (await connection.execute(_FIND, parameters)).fetchall()
    groups: dict[str, _Group] = {}
    for group, (key, album_id, is_mixed) in zip(found.values(), rows, strict=True):
        # Names that are spelled in two ways are the same ones.
        same = groups.setdefault(key, group)
        if same is not group:
            same.changes += group.changes
        same.album_id = album_id
        is_implied = not group.named.artist
        same.is_mixed = same.is_mixed or is_mixed or (is_implied and _is_various(group))
    return groups


def is_told_by_folder(draft: TrackDraft) -> bool:
    """Whether the album of a track is told by its folder, or by its MusicBrainz id."""
    return _named(draft) is not None or bool(draft.album and draft.album.mbid)


def _named(draft: TrackDraft) -> _Named | None:
    """Return how the first file of a track that is there names its album, if that decides."""
    album = draft.album
    uri = next((file.uri for file in draft.files if file.missing_at is None), "")
    folder = album_folder(uri)
    if album is None or album.id or album.mbid or not folder:
        return None
    names = (f"{name.artist_id or name.name}{name.join_phrase}" for name in album.credits)
    return _Named(folder, album.title, "".join(names))


def _performers(group: _Group) -> list[tuple[CreditedName, ...]]:
    """Return the primary artists of each track that has any."""
    credits = (change.draft.credits for change in group.changes)
    primary = (tuple(name for name in names if name.role == "PRIMARY") for names in credits)
    return [names for names in primary if names]


def _common_artist(group: _Group) -> tuple[CreditedName, ...]:
    """Return what the primary artists of tracks have in common: all, the first, or nothing."""
    performers = _performers(group)
    distinct = set(performers)
    if len(distinct) == 1:
        return performers[0]
    if distinct and not _is_various(group):
        return (replace(performers[0][0], join_phrase=""),)
    return ()


def _is_various(group: _Group) -> bool:
    """Whether the first artists of tracks differ."""
    return len({names[0].name for names in _performers(group)}) > 1


def _first(names: Sequence[CreditedName]) -> str:
    return names[0].name if names else ""


def _credit(group: _Group) -> tuple[CreditedName, ...]:
    """Return the credit of an album: what its files name, else what their artists share."""
    album = group.changes[0].draft.album
    return (album.credits if album else ()) or _common_artist(group)


def _kept(group: _Group) -> UUID | None:
    """Return the album that one of the tracks is on already, if its file still names it so."""
    for change in group.changes:
        if change.current is None or not change.current.HasField("album"):
            continue
        album = change.current.album
        given = change.draft.album.credits if change.draft.album else ()
        is_same_artist = not given or displayed(given) == album.artist
        if album.title == group.named.title and is_same_artist:
            return UUID(album.id)
    return None


async def _adopt(connection: Connection, groups: Iterable[_Group]) -> None:
    """Give folders the albums that came without one, as from a table, by title and artist."""
    taken = {group.album_id for group in groups if group.album_id}
    orphans = [group for group in groups if not group.album_id]
    parameters = {
        "titles": [group.named.title for group in orphans],
        "artists": [_first(_credit(group)) for group in orphans],
        "displays": [displayed(_credit(group)) for group in orphans],
    }
    rows = await (await connection.execute(_ADOPT, parameters)).fetchall()
    for number, album_id in rows:
        if album_id not in taken and not orphans[number - 1].album_id:
            taken.add(album_id)
            orphans[number - 1].album_id = album_id


async def _create(connection: Connection, groups: Sequence[_Group], credits: CreditCache) -> None:
    """Make the albums of folders. The first of one title and artist is found by these as well.

    A folder of which the album was merged before it had a folder joins what that has become.
    """
    names = [_credit(group) for group in groups]
    resolved = await resolve_credits(connection, names, credits)
    given = {
        "titles": [group.named.title for group in groups],
        "artist_ids": [credit and credit.first_artist_id for credit in resolved],
    }
    merged: dict[int, UUID] = dict(await (await connection.execute(_REJOIN, given)).fetchall())
    rest = []
    for number, (group, credit) in enumerate(zip(groups, resolved, strict=True), 1):
        group.album_id = merged.get(number) or uuid7()
        if number not in merged:
            rest.append((group, credit))
    for is_first in (True, False):
        if not rest:
            return
        parameters = {
            "ids": [group.album_id for group, _ in rest],
            "titles": [group.named.title for group, _ in rest],
            "credit_ids": [credit and credit.id for _, credit in rest],
            "artist_ids": [credit and credit.first_artist_id for _, credit in rest],
            "is_first": is_first,
        }
        rows = await (await connection.execute(_ADD_ALBUMS, parameters)).fetchall()
        added = {album_id for (album_id,) in rows}
        rest = [(group, credit) for group, credit in rest if group.album_id not in added]
