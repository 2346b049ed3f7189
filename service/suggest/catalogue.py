"""One query, ranked lists of tracks, artists, albums and playlists.

Tracks are found by the ladder of SearchTracks. Names climb the same steps: exact, all words, last
word unfinished, misspelt, and at last the names that the query holds among other words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from service.albums import store as albums
from service.albums.model import Album
from service.artists import store as artists
from service.artists.model import Artist
from service.database import Connection
from service.playlists import store as playlists
from service.playlists.model import Playlist
from service.query import parse
from service.search.answer import Search, ShownHit, answer
from service.search.candidates import Scope
from service.search.model import ENOUGH, Rung
from service.search.patterns import divisions, every_word
from service.suggest import store
from service.suggest.candidates import SHORTEST_PROBE
from service.suggest.complete import meant_by
from service.suggest.model import Kind, Match, Typed, names_within
from service.suggest.store import Wanted

_KINDS: Final = (Kind.ARTIST, Kind.ALBUM, Kind.PLAYLIST)


@dataclass(frozen=True, slots=True)
class NameHit:
    """A name that was found, and the step that found it."""

    match: Match
    rung: Rung

    @property
    def score(self) -> float:
        """The score over all steps, above 0 and at most 1: none outranks a stricter one."""
        return (6 - self.rung + self.match.relevance) / 6

    @property
    def order(self) -> tuple[float, int, UUID]:
        """The place among all hits: the best score first, then the shorter name."""
        return -self.score, len(self.match.key), self.match.id


@dataclass(frozen=True, slots=True)
class Findings:
    """What a query finds in the catalogue, the best of each kind first."""

    tracks: tuple[ShownHit, ...]
    artists: list[tuple[NameHit, Artist]]
    albums: list[tuple[NameHit, Album]]
    playlists: list[tuple[NameHit, Playlist]]
    is_partial: bool


async def search_catalogue(
    connection: Connection, text: str, library_id: UUID | None, size: int, *, until: float | None
) -> Findings:
    """Return up to `size` hits of each kind."""
    search = Search(text, Scope(library_id, parse("")), size, None)
    [page] = await answer(connection, [search], until=until)
    hits = await _names(connection, text, Wanted(_KINDS, library_id, size))
    artist_hits, album_hits, playlist_hits = (list(hits.get(kind, ())) for kind in _KINDS)
    found_artists = {a.id: a for a in await artists.find_many(connection, _ids(artist_hits))}
    found_albums = {a.id: a for a in await albums.find_many(connection, _ids(album_hits))}
    found_lists = {p.id: p for p in await playlists.find_many(connection, _ids(playlist_hits))}
    return Findings(
        page.hits,
        [(h, found_artists[h.match.id]) for h in artist_hits if h.match.id in found_artists],
        [(h, found_albums[h.match.id]) for h in album_hits if h.match.id in found_albums],
        [(h, found_lists[h.match.id]) for h in playlist_hits if h.match.id in found_lists],
        page.is_partial,
    )


def _ids(hits: Sequence[NameHit]) -> list[UUID]:
    return [hit.match.id for hit in hits]


async def _names(connection: Connection, text: str, wanted: Wanted) -> dict[Kind, list[NameHit]]:
    """Climb the steps; one is taken only for the kinds of which too few were found."""
    hits: dict[Kind, dict[UUID, NameHit]] = {kind: {} for kind in wanted.kinds}
    typed = await store.read_typed(connection, text)
    for rung, step in _STEPS if typed.key else ():
        kinds = tuple(kind for kind, of in hits.items() if _is_short(of.values(), rung))
        if not kinds:
            continue
        for match in await step(connection, typed, replace(wanted, kinds=kinds)):
            reached = Rung.EXACT if typed.is_name(match.key) else rung
            hits[match.kind].setdefault(match.id, NameHit(match, reached))
    return {
        kind: sorted(of.values(), key=lambda hit: hit.order)[: wanted.limit]
        for kind, of in hits.items()
    }


def _is_short(hits: Collection[NameHit], rung: Rung) -> bool:
    """Whether a kind needs a step: a name that is the query makes loose ones needless."""
    if rung <= Rung.ALL_WORDS:
        return True
    if rung is Rung.FEWER_WORDS:
        return not hits
    return len(hits) < ENOUGH and all(hit.rung is not Rung.EXACT for hit in hits)


async def _exact(connection: Connection, typed: Typed, wanted: Wanted) -> list[Match]:
    return await store.called(connection, typed, divisions(typed.key), wanted)


async def _all_words(connection: Connection, typed: Typed, wanted: Wanted) -> list[Match]:
    return await store.with_words(connection, typed, every_word(typed.words), wanted)


async def _begun(connection: Connection, typed: Typed, wanted: Wanted) -> list[Match]:
    if len(typed.key) < SHORTEST_PROBE:
        return []
    return await store.with_words(connection, typed, typed.begun, wanted)


async def _mended(connection: Connection, typed: Typed, wanted: Wanted) -> list[Match]:
    meant = await meant_by(connection, typed)
    return await store.with_words(connection, typed, meant, wanted) if meant else []


async def _within(connection: Connection, typed: Typed, wanted: Wanted) -> list[Match]:
    return await store.called(connection, typed, names_within(typed), wanted)


_STEPS: Final[
    Sequence[tuple[Rung, Callable[[Connection, Typed, Wanted], Awaitable[list[Match]]]]]
] = (
    (Rung.EXACT, _exact),
    (Rung.ALL_WORDS, _all_words),
    (Rung.PREFIX, _begun),
    (Rung.TYPO, _mended),
    (Rung.FEWER_WORDS, _within),
)
