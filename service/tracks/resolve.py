"""From names to rows: the artists, albums and genres that tracks name are found, or created.

Works on batches. What a transaction has learned is carried from one batch to the next in `Known`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from uuid_utils.compat import uuid7

from service.artists.credits import CreditCache, resolve_credits
from service.artists.model import Credit, CreditedName, credit_of
from service.database import Connection, load_statements
from service.errors import NotFound
from service.tracks import store
from service.tracks.model import AlbumChoice, AlbumOfTrack, GenreOfTrack, TrackDraft

_SQL = load_statements(__package__)
_FIND_ALBUMS = _SQL["find_albums"]
_FIND_ALBUMS_BY_TITLE = _SQL["find_albums_by_title"]
_ADD_ALBUMS = _SQL["add_albums"]
_FIND_GENRES = _SQL["find_genres"]
_ADD_GENRES = _SQL["add_genres"]
_MISSING = _SQL["missing_references"]


@dataclass(frozen=True, slots=True)
class AlbumKey:
    """How a track names its album: by one id, or by title and artist."""

    id: UUID | None = None
    mbid: UUID | None = None
    title: str = ""
    artist_id: UUID | None = None


@dataclass(slots=True)
class Known:
    """What a transaction has learned of artists, albums and genres."""

    credits: CreditCache = field(default_factory=CreditCache)
    albums: dict[AlbumKey, AlbumOfTrack] = field(default_factory=dict)
    genres: dict[str, GenreOfTrack] = field(default_factory=dict)

    def learn(self, names: tuple[CreditedName, ...], album: AlbumChoice | None) -> None:
        """Take in what a stored track names; its artists and album must be held."""
        if names:
            self._learn_credit(names)
        if album and album.id:
            credit = self._learn_credit(album.credits) if album.credits else None
            of_track = AlbumOfTrack(album.id, album.title, credit, album.mbid)
            self.albums[AlbumKey(id=album.id)] = of_track

    def _learn_credit(self, names: tuple[CreditedName, ...]) -> Credit:
        credit = credit_of(names)
        self.credits.credits[names] = self.credits.by_id[credit.id] = credit
        return credit


@dataclass(frozen=True, slots=True)
class Resolved:
    """The rows behind the names of one track."""

    credit: Credit | None
    album: AlbumOfTrack | None
    genres: tuple[GenreOfTrack, ...]


@dataclass(frozen=True, slots=True)
class _WantedAlbum:
    """An album that a track names, with the credit it gets when it is new."""

    key: AlbumKey
    choice: AlbumChoice
    credit: Credit | None


@dataclass(frozen=True, slots=True)
class _AlbumRow:
    id: UUID
    title: str
    credit_id: UUID | None
    mbid: UUID | None


async def resolve(
    connection: Connection, drafts: Sequence[TrackDraft], known: Known | None = None
) -> list[Resolved]:
    """Return the artists, album and genres of each track; create those that are missing.

    Raises `NotFound` when a track refers to an artist or album by an id that does not exist.
    """
    known = known or Known()
    names = [draft.credits for draft in drafts] + [_album_names(draft) for draft in drafts]
    credits = await resolve_credits(connection, names, known.credits)
    track_credits, album_credits = credits[: len(drafts)], credits[len(drafts) :]
    wanted = [
        _wanted(draft.album, credit) if draft.album else None
        for draft, credit in zip(drafts, album_credits, strict=True)
    ]
    await _learn_albums(connection, [album for album in wanted if album], known)
    await _learn_genres(connection, (name for draft in drafts for name in draft.genres), known)
    return [
        Resolved(
            credit,
            known.albums[album.key] if album else None,
            # One genre may be named twice, in two spellings.
            tuple({known.genres[name].id: known.genres[name] for name in draft.genres}.values()),
        )
        for draft, credit, album in zip(drafts, track_credits, wanted, strict=True)
    ]


async def missing_references(
    connection: Connection, drafts: Iterable[TrackDraft]
) -> dict[UUID, str]:
    """Return the ids of artists and albums that tracks refer to and that do not exist.

    The value says which of the two it is.
    """
    artists: set[UUID] = set()
    albums: set[UUID] = set()
    for draft in drafts:
        artists |= draft.artist_references
        albums |= draft.references - draft.artist_references
    if not artists and not albums:
        return {}
    parameters = {"artist_ids": list(artists), "album_ids": list(albums)}
    return dict(await (await connection.execute(_MISSING, parameters)).fetchall())


def _album_names(draft: TrackDraft) -> tuple[CreditedName, ...]:
    """Return the credit that the track's album gets when it is new."""
    if draft.album is None:
        return ()
    return draft.album.credits or tuple(name for name in draft.credits if name.role == "PRIMARY")


def _wanted(choice: AlbumChoice, credit: Credit | None) -> _WantedAlbum:
    if choice.id:
        key = AlbumKey(id=choice.id)
    elif choice.mbid:
        key = AlbumKey(mbid=choice.mbid)
    else:
        key = AlbumKey(title=choice.title, artist_id=credit.first_artist_id if credit else None)
    return _WantedAlbum(key, choice, credit)


async def _learn_albums(
    connection: Connection, wanted: Iterable[_WantedAlbum], known: Known
) -> None:
    unknown = {album.key: album for album in wanted if album.key not in known.albums}
    if not unknown:
        return
    await _find_albums(connection, unknown.values(), known)
    missing = [album for key, album in unknown.items() if key not in known.albums]
    if not missing:
        return
    # One that was merged while it was waited for leads elsewhere now.
    await _find_albums(connection, missing, known)
    missing = [album for album in missing if album.key not in known.albums]
    if not missing:
        return
    for album in missing:
        if album.key.id:
            raise NotFound("album", album.key.id)
    added = {uuid7(): album for album in missing}
    cursor = await connection.execute(
        _ADD_ALBUMS,
        {
            "ids": list(added),
            "titles": [album.choice.title for album in missing],
            "credit_ids": [album.credit and album.credit.id for album in missing],
            "artist_ids": [album.key.artist_id for album in missing],
            "mbids": [album.key.mbid for album in missing],
        },
    )
    for (album_id,) in await cursor.fetchall():
        album = added.pop(album_id)
        known.albums[album.key] = AlbumOfTrack(
            album_id, album.choice.title, album.credit, album.key.mbid
        )
    if added:  # somebody else has just done so, or another spelling of the title has
        await _find_albums(connection, added.values(), known)


async def _find_albums(
    connection: Connection, wanted: Iterable[_WantedAlbum], known: Known
) -> None:
    keys = [album.key for album in wanted]
    found: dict[AlbumKey, _AlbumRow] = {}
    if ids := [key for key in keys if key.id or key.mbid]:
        by_id = {
            "ids": [key.id for key in ids if key.id],
            "mbids": [key.mbid for key in ids if key.mbid],
        }
        cursor = await connection.execute(_FIND_ALBUMS, by_id)
        for wanted_id, mbid, *row in await cursor.fetchall():
            found[AlbumKey(id=wanted_id, mbid=mbid)] = _AlbumRow(*row)
    if titles := [key for key in keys if key.title]:
        parameters = {
            "titles": [key.title for key in titles],
            "artist_ids": [key.artist_id for key in titles],
        }
        cursor = await connection.execute(_FIND_ALBUMS_BY_TITLE, parameters)
        for title, artist_id, *row in await cursor.fetchall():
            found[AlbumKey(title=title, artist_id=artist_id)] = _AlbumRow(*row)
    credits = await _credits(connection, found.values(), known)
    for key in keys:
        if match := found.get(key):
            credit = credits[match.credit_id] if match.credit_id else None
            known.albums[key] = AlbumOfTrack(match.id, match.title, credit, match.mbid)


async def _credits(
    connection: Connection, rows: Iterable[_AlbumRow], known: Known
) -> dict[UUID, Credit]:
    """Return the credits of albums, most of which have just been resolved."""
    by_id = known.credits.by_id
    unknown = {row.credit_id for row in rows if row.credit_id} - by_id.keys()
    if unknown:
        by_id.update(await store.get_credits(connection, unknown))
    return by_id


async def _learn_genres(connection: Connection, names: Iterable[str], known: Known) -> None:
    unknown = set(names) - known.genres.keys()
    if not unknown:
        return
    known.genres.update(await _find_genres(connection, unknown))
    if missing := unknown - known.genres.keys():
        await connection.execute(_ADD_GENRES, {"names": list(missing)})
        known.genres.update(await _find_genres(connection, missing))


async def _find_genres(connection: Connection, names: Iterable[str]) -> dict[str, GenreOfTrack]:
    rows = await (await connection.execute(_FIND_GENRES, {"names": list(names)})).fetchall()
    return {wanted: GenreOfTrack(genre_id, name) for wanted, genre_id, name in rows}
