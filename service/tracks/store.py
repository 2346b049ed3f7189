"""Tracks in PostgreSQL: whole tracks in, in batches; stored documents out.

There is one way to write a track, `save`: the row, its children and its document together. A single
track is a batch of one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import class_row

from service.artists.model import Credit, CreditedName
from service.database import Connection, load_statements
from service.errors import FailedPrecondition, NotFound
from service.tracks import rows
from service.tracks.identity import Arrival, KnownFile, Song, stem_of
from service.tracks.model import AlbumOfTrack, Track
from service.tracks.rows import Columns, Fingerprints, Row, SourceOfTrack

_SQL = load_statements(__package__)
_GET = _SQL["get_document"]
_GET_MANY = _SQL["get_documents"]
_LOCK = _SQL["lock_documents"]
_HOLD = _SQL["hold_tracks"]
_BEGIN_SAVING = _SQL["begin_saving"]
_BEGIN_CHANGING = _SQL["begin_changing"]
_NOW = _SQL["transaction_time"]
_LIBRARY = _SQL["library_exists"]
_CREDITS = _SQL["get_credits"]
_FIND_BY_SOURCE = _SQL["find_tracks_by_source"]
_FIND_BY_FILE = _SQL["find_tracks_by_file"]
_FIND_KNOWN_FILES = _SQL["find_known_files"]
_FOLD_SONGS = _SQL["fold_songs"]
_INSERT_ONE = _SQL["insert_track"]
_UPDATE = _SQL["update_tracks"]
_UPDATE_ONE = _SQL["update_track"]
_CLEAR = _SQL["clear_children"]
_SET_FINGERPRINTS = _SQL["set_fingerprints"]
_WAIT_WITHOUT_LIMIT = _SQL["wait_without_limit"]
_WAIT_AS_USUAL = _SQL["wait_as_usual"]
_IMPORT_LOCK = _SQL["import_lock"]
_TRY_IMPORT_LOCK = _SQL["try_import_lock"]
_SET_DOCUMENTS = _SQL["set_documents"]
_OF_ALBUMS = _SQL["tracks_of_albums"]
_SET_CREDITS = _SQL["set_credits"]
_FIND_ALBUMS = _SQL["find_albums"]
_DELETE = _SQL["delete_track"]
_UNDELETE = _SQL["undelete_track"]
_ENQUEUE = _SQL["enqueue_tracks"]
_SET_STATUS = _SQL["set_status"]
_RETIRE = _SQL["retire_tracks"]
_ADD_MERGES = _SQL["add_merges"]
_LOCK_MERGE = _SQL["lock_merge"]
_REINSTATE = _SQL["reinstate_track"]
_FINGERPRINTS = _SQL["source_fingerprints"]
_LIST_MERGED = _SQL["list_merged_tracks"]

TimeOfChange = Callable[[], Awaitable[datetime]]
"""Tells when the transaction began, once that is awaited."""

SourceKey = tuple[str, str]
"""Type and id of an external source."""


@dataclass(frozen=True, slots=True)
class _Table:
    """How rows come into a table: a few of them as parameters, very many by COPY."""

    columns: Columns
    insert: LiteralString
    copy: LiteralString


_TRACKS = _Table(rows.TRACK_COLUMNS, _SQL["insert_tracks"], _SQL["copy_tracks"])
_GENRES = _Table(rows.GENRE_COLUMNS, _SQL["insert_track_genres"], _SQL["copy_track_genres"])
_SOURCES = _Table(rows.SOURCE_COLUMNS, _SQL["insert_track_sources"], _SQL["copy_track_sources"])
_FILES = _Table(rows.FILE_COLUMNS, _SQL["insert_audio_files"], _SQL["copy_audio_files"])
_ATTRIBUTES = _Table(
    rows.ATTRIBUTE_COLUMNS, _SQL["insert_track_attributes"], _SQL["copy_track_attributes"]
)


@dataclass(frozen=True, slots=True)
class LockedDocument:
    """A track that nobody else can change until the transaction ends.

    One that was merged is deleted, and leads to another.
    """

    id: UUID
    document: bytes
    is_deleted: bool
    merged_into: UUID | None


@dataclass(frozen=True, slots=True)
class TrackMerge:
    """A merge: what a track was merged into, and what that got, as a serialized track."""

    survivor_id: UUID
    given: bytes


@dataclass(frozen=True, slots=True)
class ListedMerge:
    """A merged track as it was, and what it was merged into."""

    document: bytes
    survivor_id: UUID
    merged_at: datetime


@dataclass(frozen=True, slots=True)
class SourceOwner:
    """The live track of a place in another system, and what the last import from there said."""

    type: str
    external_id: str
    track_id: UUID
    fingerprint: bytes | None


async def get(connection: Connection, track_id: UUID) -> bytes:
    """Return the document of the track that an id leads to, deleted or not. Raises `NotFound`."""
    row = await (await connection.execute(_GET, {"id": track_id})).fetchone()
    if row is None:
        raise NotFound("track", track_id)
    document: bytes = row[0]
    return document


async def get_many(connection: Connection, ids: Sequence[UUID]) -> list[bytes]:
    """Return one document for each id, in the order of the ids. Raises `NotFound`."""
    documents = await find_many(connection, set(ids))
    try:
        return [documents[track_id] for track_id in ids]
    except KeyError as missing:
        raise NotFound("track", missing.args[0]) from None


async def find_many(connection: Connection, ids: Collection[UUID]) -> dict[UUID, bytes]:
    """Return the documents of those tracks that exist, by the ids that lead to them."""
    if not ids:
        return {}
    found = await (await connection.execute(_GET_MANY, {"ids": list(ids)})).fetchall()
    return dict(found)


async def lock(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, LockedDocument]:
    """Return the tracks that exist, held against other changes until the transaction ends."""
    async with connection.cursor(row_factory=class_row(LockedDocument)) as cursor:
        await cursor.execute(_LOCK, {"ids": list(ids)})
        return {row.id: row for row in await cursor.fetchall()}


async def lock_leading(connection: Connection, ids: Collection[UUID]) -> dict[UUID, LockedDocument]:
    """Return the tracks that these ids lead to, by the ids, held against other changes."""
    locked = await lock(connection, ids)
    while onward := {of.merged_into for of in locked.values() if of.merged_into} - locked.keys():
        locked |= await lock(connection, onward)
    leading = {}
    for track_id in locked.keys() & set(ids):
        track = locked[track_id]
        while track.merged_into:
            track = locked[track.merged_into]
        leading[track_id] = track
    return leading


async def lock_one(connection: Connection, track_id: UUID) -> LockedDocument:
    """Return the track that an id leads to, held against other changes. Raises `NotFound`."""
    leading = await lock_leading(connection, [track_id])
    if track_id not in leading:
        raise NotFound("track", track_id)
    return leading[track_id]


async def hold(connection: Connection, ids: Sequence[UUID]) -> list[UUID]:
    """Return what ids lead to, kept from being merged or deleted; unknown ones as they are."""
    rows = await (await connection.execute(_HOLD, {"ids": list(ids)})).fetchall()
    leads_to: dict[UUID, UUID] = dict(rows)
    return [leads_to.get(track_id, track_id) for track_id in ids]


async def begin_saving(connection: Connection, library_ids: Collection[UUID] = ()) -> TimeOfChange:
    """Make the statements that follow quick; keep libraries from being deleted.

    Returns what tells the time of the transaction's changes, so that nothing needs to wait for
    that; it raises `NotFound` when one of the libraries does not exist.
    """
    cursor = await connection.execute(_BEGIN_SAVING, {"library_ids": list(library_ids)})

    async def began_at() -> datetime:
        [(time, found, _)] = await cursor.fetchall()
        for missing in set(library_ids).difference(found):
            raise NotFound("library", missing)
        began: datetime = time
        return began

    return began_at


async def begin_changing(
    connection: Connection, track_id: UUID
) -> tuple[LockedDocument, TimeOfChange]:
    """Make the statements that follow quick, and lock the track that an id leads to, in one go.

    Raises `NotFound`.
    """
    cursor = await connection.execute(_BEGIN_CHANGING, {"id": track_id})
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("track", track_id)
    time, _, *found = row

    async def began_at() -> datetime:
        began: datetime = time
        return began

    locked = LockedDocument(*found)
    if locked.merged_into:
        locked = await lock_one(connection, locked.merged_into)
    return locked, began_at


async def transaction_time(connection: Connection) -> datetime:
    """Return the time that this transaction writes as the time of change."""
    [row] = await (await connection.execute(_NOW)).fetchall()
    moment: datetime = row[0]
    return moment


async def require_library(connection: Connection, library_id: UUID) -> None:
    """Raise `NotFound` unless the library exists; keep it from being deleted meanwhile."""
    if await (await connection.execute(_LIBRARY, {"id": library_id})).fetchone() is None:
        raise NotFound("library", library_id)


async def import_lock(connection: Connection) -> None:
    """Wait until no other import runs; hold the next one up until the transaction ends."""
    await connection.execute(_WAIT_WITHOUT_LIMIT)
    await connection.execute(_IMPORT_LOCK)
    await connection.execute(_WAIT_AS_USUAL)


async def try_import_lock(connection: Connection) -> bool:
    """Hold the next import up until the transaction ends, unless one runs; say whether."""
    row = await (await connection.execute(_TRY_IMPORT_LOCK)).fetchone()
    return bool(row and row[0])


async def get_credits(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Credit]:
    """Return stored credits by their ids."""
    found = await (await connection.execute(_CREDITS, {"ids": list(ids)})).fetchall()
    names: dict[UUID, list[CreditedName]] = {}
    for credit_id, *name in found:
        names.setdefault(credit_id, []).append(CreditedName(*name))
    return {credit_id: Credit(credit_id, tuple(of)) for credit_id, of in names.items()}


async def get_album(connection: Connection, album_id: UUID) -> AlbumOfTrack:
    """Return the album that an id leads to, as its tracks show it. Raises `NotFound`."""
    parameters: dict[str, list[UUID]] = {"ids": [album_id], "mbids": []}
    row = await (await connection.execute(_FIND_ALBUMS, parameters)).fetchone()
    if row is None:
        raise NotFound("album", album_id)
    _, _, leading_id, title, credit_id, mbid = row
    credits = await get_credits(connection, [credit_id] if credit_id else [])
    return AlbumOfTrack(leading_id, title, credits.get(credit_id), mbid)


async def ids_of_albums(connection: Connection, album_ids: Iterable[UUID]) -> list[UUID]:
    """Return the tracks on some albums, deleted ones included."""
    parameters = {"album_ids": list(album_ids)}
    return [row[0] for row in await (await connection.execute(_OF_ALBUMS, parameters)).fetchall()]


async def set_credits(
    connection: Connection, documents: Mapping[UUID, bytes], credit_ids: Mapping[UUID, UUID]
) -> None:
    """Replace the documents of locked tracks, and the credits of some; raise their revisions."""
    parameters = {
        "ids": list(documents),
        "credit_ids": [credit_ids.get(track_id) for track_id in documents],
        "documents": list(documents.values()),
    }
    await connection.execute(_SET_CREDITS, parameters)


async def set_documents(connection: Connection, documents: Mapping[UUID, bytes]) -> None:
    """Replace the documents of locked tracks, and raise their revisions by one."""
    parameters = {"ids": list(documents), "documents": list(documents.values())}
    await connection.execute(_SET_DOCUMENTS, parameters)


async def set_status(
    connection: Connection, status: str, reason: str | None, documents: Mapping[UUID, bytes]
) -> None:
    """Give locked tracks a status, and the documents that show it."""
    parameters = {
        "ids": list(documents),
        "documents": list(documents.values()),
        "status": status,
        "failure_reason": reason,
    }
    await connection.execute(_SET_STATUS, parameters)


async def find_by_source(
    connection: Connection, library_id: UUID, keys: Sequence[SourceKey]
) -> dict[SourceKey, SourceOwner]:
    """Return the live tracks of a library that have these places in other systems."""
    if not keys:
        return {}
    types, external_ids = zip(*keys, strict=True)
    async with connection.cursor(row_factory=class_row(SourceOwner)) as cursor:
        await cursor.execute(
            _FIND_BY_SOURCE,
            {
                "library_id": library_id,
                "types": list(types),
                "external_ids": list(external_ids),
            },
        )
        return {(owner.type, owner.external_id): owner for owner in await cursor.fetchall()}


async def find_by_file(
    connection: Connection, library_id: UUID, uris: Sequence[str]
) -> dict[str, UUID]:
    """Return the live tracks of a library whose files are at these addresses."""
    if not uris:
        return {}
    parameters = {"library_id": library_id, "uris": uris}
    return dict(await (await connection.execute(_FIND_BY_FILE, parameters)).fetchall())


async def find_known_files(
    connection: Connection, library_id: UUID, arrivals: Sequence[Arrival]
) -> list[KnownFile]:
    """Return the files of a library that may be some of those that arrive."""
    parameters = {
        "library_id": library_id,
        "audio_hashes": [hash_ for hash_ in {new.audio_hash for new in arrivals} if hash_],
        "content_hashes": [hash_ for hash_ in {new.content_hash for new in arrivals} if hash_],
        "uris": [new.uri for new in arrivals],
        "stems": list({stem_of(new.uri) for new in arrivals}),
    }
    rows = await (await connection.execute(_FIND_KNOWN_FILES, parameters)).fetchall()
    return [
        KnownFile(file_id, track_id, uri, content, audio, length, is_missing, Song(*song))
        for file_id, track_id, uri, content, audio, length, is_missing, *song in rows
    ]


async def fold_songs(
    connection: Connection, titles: Sequence[str], albums: Sequence[str | None]
) -> list[tuple[str, str | None]]:
    """Return titles and albums as names are compared, in the same order."""
    parameters = {"titles": list(titles), "albums": list(albums)}
    rows = await (await connection.execute(_FOLD_SONGS, parameters)).fetchall()
    return [(title, album) for title, album in rows]


async def save(
    connection: Connection,
    tracks: Sequence[Track],
    documents: Sequence[bytes],
    *,
    known: Collection[UUID] = (),
    whole: Collection[UUID] = (),
    fingerprints: Fingerprints | None = None,
    many: bool = False,
) -> None:
    """Store tracks as they are now, with their documents.

    `known` are those that exist already: they must be locked, and all that belongs to them is
    replaced, but for those whose genres, sources, files and attributes are `whole` as they are.
    `fingerprints` are what an import says; what earlier imports said is kept. `many` are copied,
    which a pipeline does not allow.
    """
    said = dict(fingerprints or {})
    track_rows = list(map(rows.track_row, tracks, documents))
    if known:
        if changed := [track_id for track_id in known if track_id not in whole]:
            said = {**await _clear(connection, changed), **said}
        await _update(connection, [row for row in track_rows if rows.id_of(row) in known])
        track_rows = [row for row in track_rows if rows.id_of(row) not in known]
        tracks = [track for track in tracks if track.id not in whole]
    add = _copy if many else _insert
    for table, added in (
        (_TRACKS, track_rows),
        (_GENRES, rows.genre_rows(tracks)),
        (_SOURCES, rows.source_rows(tracks, said)),
        (_FILES, rows.file_rows(tracks)),
        (_ATTRIBUTES, rows.attribute_rows(tracks)),
    ):
        if added:
            await add(connection, table, added)


async def _update(connection: Connection, changed: Sequence[Row]) -> None:
    if len(changed) == 1:
        await connection.execute(_UPDATE_ONE, rows.updates(rows.values(changed[0])))
    else:
        turned = rows.lists(rows.TRACK_COLUMNS, changed)
        await connection.execute(_UPDATE, rows.updates(turned))


async def _insert(connection: Connection, table: _Table, added: Sequence[Row]) -> None:
    if table is _TRACKS and len(added) == 1:
        await connection.execute(_INSERT_ONE, rows.values(added[0]))
    else:
        await connection.execute(table.insert, rows.lists(table.columns, added))


async def _copy(connection: Connection, table: _Table, added: Sequence[Row]) -> None:
    async with connection.cursor() as cursor, cursor.copy(table.copy) as copy:
        copy.set_types(tuple(table.columns.values()))
        for row in added:
            await copy.write_row(row)


async def _clear(
    connection: Connection, ids: Collection[UUID]
) -> dict[SourceOfTrack, bytes | None]:
    gone = await (await connection.execute(_CLEAR, {"ids": list(ids)})).fetchall()
    return {(track_id, kind, external_id): said for track_id, kind, external_id, said in gone}


async def delete(connection: Connection, track_id: UUID, document: bytes) -> None:
    """Hide a locked track."""
    await connection.execute(_DELETE, {"id": track_id, "document": document})


async def undelete(connection: Connection, track_id: UUID, document: bytes) -> None:
    """Bring a locked track back."""
    await connection.execute(_UNDELETE, {"id": track_id, "document": document})


async def enqueue(connection: Connection, tracks: Sequence[Track]) -> None:
    """Let workers claim tracks."""
    if tracks:
        parameters = {
            "track_ids": [track.id for track in tracks],
            "library_ids": [track.draft.library_id for track in tracks],
        }
        await connection.execute(_ENQUEUE, parameters)


async def set_fingerprints(connection: Connection, fingerprints: Fingerprints) -> None:
    """Remember what an import said about tracks that it left as they were."""
    track_ids, types, external_ids = zip(*fingerprints, strict=True)
    await connection.execute(
        _SET_FINGERPRINTS,
        {
            "track_ids": list(track_ids),
            "types": list(types),
            "external_ids": list(external_ids),
            "fingerprints": list(fingerprints.values()),
        },
    )


async def retire(
    connection: Connection, survivor_id: UUID, given: Mapping[UUID, bytes]
) -> dict[SourceKey, bytes | None]:
    """Hide locked tracks that become another one; `given` is what it gets from each.

    Returns what imports said about them.
    """
    parameters = {"survivor_id": survivor_id, "ids": list(given)}
    rows = await (await connection.execute(_RETIRE, parameters)).fetchall()
    await connection.execute(_ADD_MERGES, {**parameters, "given": list(given.values())})
    return {(kind, external_id): said for kind, external_id, said in rows}


async def get_merge(connection: Connection, track_id: UUID) -> TrackMerge:
    """Return the merge of a track, held against other changes.

    Raises `FailedPrecondition` when the track is not merged, `NotFound` when there is none.
    """
    async with connection.cursor(row_factory=class_row(TrackMerge)) as cursor:
        found = await (await cursor.execute(_LOCK_MERGE, {"id": track_id})).fetchone()
    if found is None:
        await get(connection, track_id)
        raise FailedPrecondition(f"track {track_id} is not merged")
    return found


async def reinstate(connection: Connection, track_id: UUID) -> None:
    """Bring a locked track back that was merged, and what had become it before."""
    await connection.execute(_REINSTATE, {"id": track_id})


async def fingerprints_of(connection: Connection, track_id: UUID) -> dict[SourceKey, bytes | None]:
    """Return what imports said about a track, by the sources."""
    rows = await (await connection.execute(_FINGERPRINTS, {"id": track_id})).fetchall()
    return {(kind, external_id): said for kind, external_id, said in rows}


async def list_merged(
    connection: Connection, track_id: UUID, after: UUID, limit: int
) -> list[ListedMerge]:
    """Return up to `limit` tracks whose ids lead where this one leads, those after an id.

    Raises `NotFound`.
    """
    parameters = {"id": track_id, "after": after, "limit": limit}
    async with connection.cursor(row_factory=class_row(ListedMerge)) as cursor:
        listed = await (await cursor.execute(_LIST_MERGED, parameters)).fetchall()
    if not listed:
        await get(connection, track_id)
    return listed
