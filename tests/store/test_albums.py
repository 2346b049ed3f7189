"""Albums in PostgreSQL: pages, prefixes, plans."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from service.albums import store
from service.albums.model import Album, AlbumCover
from service.artists.credits import resolve_credits
from service.artists.model import Credit, CreditedName
from service.database import Connection
from service.errors import AlreadyExists, NotFound
from service.sources import Source


async def credit(connection: Connection, *names: str) -> Credit:
    wanted = tuple(CreditedName(None, name, "", "PRIMARY") for name in names)
    [credit] = await resolve_credits(connection, [wanted])
    assert credit
    return credit


async def add(connection: Connection, title: str, by: Credit | None = None) -> Album:
    """Store an album, as it comes into being: with no more than a track says of it."""
    album_id = uuid4()
    await connection.execute(
        "INSERT INTO album (id, title, credit_id) VALUES (%s, %s, %s)",
        [album_id, title, by.id if by else None],
    )
    return await store.get(connection, album_id)


async def titles(
    connection: Connection, *, prefix: str = "", artist_id: UUID | None = None, page: int = 2
) -> list[str]:
    """Return the titles of a whole list, read page by page."""
    found: list[str] = []
    start = store.START
    while True:
        albums = await store.list_from(
            connection, start, page + 1, prefix=prefix, artist_id=artist_id
        )
        found += [album.draft.title for album in albums[:page]]
        if len(albums) <= page:
            return found
        start = (albums[page].title_key, albums[page].id)


async def test_keeps_everything_in_order(connection: Connection) -> None:
    album = await add(connection, "Homogenic")
    names = await credit(connection, "Björk", "Mark Bell")
    draft = replace(
        album.draft,
        credits=names.names,
        type="ALBUM",
        release_date="1997-09",
        total_tracks=10,
        mbid=uuid4(),
        barcode="5016958048327",
        label="One Little Indian",
        catalog_number="TPLP71CD",
        covers=(
            AlbumCover("https://x/front.webp", "front", 500, 500, "image/webp"),
            AlbumCover("https://x/back.webp", "back", None, None, ""),
        ),
        sources=(Source("discogs", "98"), Source("spotify", "6a")),
    )
    stored = await store.update(connection, album.id, draft, names)
    assert stored.draft == draft
    assert stored.credit == names
    assert stored.revision == album.revision + 1
    assert stored == await store.get(connection, album.id)


async def test_an_unknown_album_is_not_found(connection: Connection) -> None:
    with pytest.raises(NotFound):
        await store.get(connection, uuid4())
    with pytest.raises(NotFound):
        await store.list_tracks(connection, uuid4(), None, store.FIRST, 10)


async def test_pages_are_in_the_order_of_folded_titles(connection: Connection) -> None:
    for title in ("Zooropa", "Ágætis byrjun", "Abbey Road", "Debut", "Debut", "1989"):
        await add(connection, title)
    listed = await titles(connection)
    assert listed == ["1989", "Abbey Road", "Ágætis byrjun", "Debut", "Debut", "Zooropa"]


async def test_a_prefix_ignores_case_and_accents(connection: Connection) -> None:
    for title in ("Ágætis byrjun", "Agaetis", "Abbey Road", "100% Pure", "100 Hits"):
        await add(connection, title)
    assert await titles(connection, prefix="AGÆ") == ["Agaetis", "Ágætis byrjun"]
    assert await titles(connection, prefix="100") == ["100 Hits", "100% Pure"]
    assert await titles(connection, prefix="gaetis") == []


async def test_an_artist_leads_to_the_albums_that_credit_it(connection: Connection) -> None:
    both = await credit(connection, "Björk", "Thom Yorke")
    alone = await credit(connection, "Björk")
    await add(connection, "Selmasongs", both)
    await add(connection, "Debut", alone)
    await add(connection, "Post", alone)
    await add(connection, "OK Computer", await credit(connection, "Radiohead"))
    bjork = alone.first_artist_id
    assert await titles(connection, artist_id=bjork) == ["Debut", "Post", "Selmasongs"]
    assert await titles(connection, artist_id=bjork, prefix="po") == ["Post"]
    assert await titles(connection, artist_id=both.names[1].artist_id) == ["Selmasongs"]
    assert await titles(connection, artist_id=uuid4()) == []


async def test_a_source_leads_to_its_album(connection: Connection) -> None:
    source = Source("discogs", "98")
    by = await credit(connection, "Björk")
    album = await add(connection, "Homogenic", by)
    await store.update(connection, album.id, replace(album.draft, sources=(source,)), by)

    async def found(*, artist_id: UUID | None = None, prefix: str = "") -> bool:
        albums = await store.list_by_source(connection, source, artist_id=artist_id, prefix=prefix)
        return [album.id for album in albums] == [album.id]

    assert await found()
    assert await found(artist_id=by.first_artist_id, prefix="homo")
    assert not await found(artist_id=uuid4())
    assert not await found(prefix="genic")


async def test_what_must_be_unique_is_refused(connection: Connection) -> None:
    first, second = await add(connection, "First"), await add(connection, "First")
    mbid, source = uuid4(), Source("discogs", "98")
    await store.update(
        connection, first.id, replace(first.draft, mbid=mbid, sources=(source,)), None
    )
    with pytest.raises(AlreadyExists, match=str(mbid)):
        await store.update(connection, second.id, replace(second.draft, mbid=mbid), None)
    with pytest.raises(AlreadyExists, match="discogs:98"):
        await store.update(connection, second.id, replace(second.draft, sources=(source,)), None)


@pytest.mark.parametrize("prefix", ["album 123", ""])
async def test_a_page_is_read_from_an_index(connection: Connection, prefix: str) -> None:
    await connection.execute(
        "INSERT INTO album (id, title)"
        " SELECT gen_random_uuid(), 'album ' || n FROM generate_series(1, 20000) AS n"
    )
    await connection.execute("ANALYZE album")
    parameters = {"prefix": prefix, "from_key": "", "from_id": UUID(int=0), "limit": 51}
    rows = await connection.execute(b"EXPLAIN " + store._LIST.encode(), parameters, prepare=False)
    plan = "\n".join(row[0] for row in await rows.fetchall())
    assert "album_title_key_idx" in plan
    assert "Sort" not in plan
