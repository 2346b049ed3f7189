"""Artists in PostgreSQL: pages, prefixes, plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from service.artists import store
from service.artists.credits import resolve_credits
from service.artists.model import Artist, ArtistAlias, CreditedName, Link
from service.database import Connection
from service.errors import AlreadyExists, NotFound
from service.sources import Source

BJORK = Source("spotify", "7w29", "spotify:artist:7w29", synced_at=datetime(2024, 5, 6, tzinfo=UTC))


async def add(connection: Connection, *names: str) -> list[Artist]:
    """Store artists, as they come into being: by being credited."""
    wanted = [(CreditedName(None, name, "", "PRIMARY"),) for name in names]
    credits_ = await resolve_credits(connection, wanted)
    return [await store.get(connection, credit.first_artist_id) for credit in credits_ if credit]


async def rename(connection: Connection, artist: Artist, **changes: object) -> Artist:
    draft = replace(artist.draft, **changes)  # type: ignore[arg-type]
    return await store.update(connection, artist.id, draft)


async def names(connection: Connection, prefix: str = "", page: int = 2) -> list[str]:
    """Return the names of a whole list, read page by page."""
    found: list[str] = []
    start = store.START
    while True:
        artists = await store.list_from(connection, start, page + 1, prefix=prefix)
        found += [artist.draft.name for artist in artists[:page]]
        if len(artists) <= page:
            return found
        start = (artists[page].name_key, artists[page].draft.disambiguation)


async def test_keeps_everything_in_order(connection: Connection) -> None:
    [artist] = await add(connection, "Björk")
    draft = replace(
        artist.draft,
        sort_name="Guðmundsdóttir, Björk",
        disambiguation="singer",
        country="IS",
        mbid=uuid4(),
        aliases=(
            ArtistAlias("ビョーク", "ja", "ARTIST_NAME", is_primary=True),
            ArtistAlias("Bjork", "", "SEARCH_HINT", is_primary=False),
        ),
        links=(Link("homepage", "https://bjork.com"), Link("wikipedia", "https://wikipedia.org")),
        sources=(BJORK, Source("discogs", "1", unavailable=True)),
    )
    stored = await store.update(connection, artist.id, draft)
    assert stored.draft == draft
    assert stored.revision == artist.revision + 1
    assert stored == await store.get(connection, artist.id)


async def test_an_unknown_artist_is_not_found(connection: Connection) -> None:
    with pytest.raises(NotFound):
        await store.get(connection, uuid4())
    with pytest.raises(NotFound):
        await store.list_tracks(connection, uuid4(), None, store.NEWEST, 10)


async def test_pages_are_in_the_order_of_folded_names(connection: Connection) -> None:
    await add(connection, "Zappa", "ábc", "Abba", "The The", "a-ha")
    assert await names(connection) == ["a-ha", "Abba", "ábc", "The The", "Zappa"]


async def test_artists_of_one_name_are_all_listed(connection: Connection) -> None:
    first, other = await add(connection, "Nirvana", "Nirvana (UK)")
    await rename(connection, other, name="NIRVANA", disambiguation="British")
    listed = await store.list_from(connection, store.START, 2)
    assert [artist.id for artist in listed] == [first.id, other.id]
    listed = await store.list_from(connection, (listed[1].name_key, "British"), 2)
    assert [artist.id for artist in listed] == [other.id]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("bjo", ["Björk", "Bjork Fans", "Zeppelin"]),
        ("BJÖRK", ["Björk", "Bjork Fans"]),
        ("björk f", ["Bjork Fans"]),
        ("ビョ", ["Björk"]),
        ("zep", ["Zeppelin"]),
        ("100%", ["100% Pure"]),
        ("%", []),
        ("jork", []),
        ("_", []),
    ],
)
async def test_a_prefix_finds_names_and_aliases(
    connection: Connection, prefix: str, expected: list[str]
) -> None:
    bjork, _, zeppelin, _, _ = await add(
        connection, "Björk", "Bjork Fans", "Zeppelin", "Blur", "100% Pure"
    )
    japanese = ArtistAlias("ビョーク", "ja", "ARTIST_NAME", is_primary=True)
    other_form = ArtistAlias("Björk G.", "", "ARTIST_NAME", is_primary=False)
    await rename(connection, bjork, aliases=(japanese, other_form))
    await rename(connection, zeppelin, aliases=(replace(other_form, name="Bjorn"),))
    assert await names(connection, prefix, page=1) == expected


async def test_a_source_leads_to_its_artist(connection: Connection) -> None:
    [artist] = await add(connection, "Björk")
    await rename(connection, artist, sources=(BJORK,))

    async def found(source: Source, prefix: str = "") -> list[UUID]:
        artists = await store.list_by_source(connection, source, prefix=prefix)
        return [artist.id for artist in artists]

    assert await found(BJORK) == [artist.id]
    assert await found(BJORK, "bjö") == [artist.id]
    assert await found(BJORK, "x") == []
    assert await found(replace(BJORK, type="tidal")) == []


async def test_what_must_be_unique_is_refused(connection: Connection) -> None:
    first, second = await add(connection, "First", "Second")
    mbid = uuid4()
    await rename(connection, first, mbid=mbid, sources=(BJORK,))
    with pytest.raises(AlreadyExists, match="called FIRST"):
        await rename(connection, second, name="FIRST")
    with pytest.raises(AlreadyExists, match=str(mbid)):
        await rename(connection, second, mbid=mbid)
    with pytest.raises(AlreadyExists, match="spotify:7w29"):
        await rename(connection, second, sources=(Source("discogs", "2"), BJORK))
    await rename(connection, second, name="FIRST", disambiguation="the other")


@pytest.mark.parametrize(
    ("prefix", "index"),
    [("artist 123", "artist_alias_name_key_idx"), ("", "artist_name_key")],
)
async def test_a_page_is_read_from_an_index(
    connection: Connection, prefix: str, index: str
) -> None:
    await fill(connection)
    statement = store._LIST_BY_PREFIX if prefix else store._LIST
    parameters = {"prefix": prefix, "from_key": "", "from_disambiguation": "", "limit": 51}
    rows = await connection.execute(b"EXPLAIN " + statement.encode(), parameters, prepare=False)
    plan = "\n".join(row[0] for row in await rows.fetchall())
    assert index in plan
    assert "Seq Scan" not in plan


async def fill(connection: Connection) -> None:
    """Store 20,000 artists, of which one in ten has an alias."""
    await connection.execute(
        "INSERT INTO artist (id, name)"
        " SELECT gen_random_uuid(), 'artist ' || n FROM generate_series(1, 20000) AS n"
    )
    await connection.execute(
        "INSERT INTO artist_alias (artist_id, position, name)"
        " SELECT id, 0, 'also ' || name FROM artist WHERE name LIKE '%7'"
    )
    await connection.execute("ANALYZE artist, artist_alias")
