"""Playlists in PostgreSQL: a list stays the list that its edits say, however they meet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.database import Connection, Database
from service.errors import FailedPrecondition, VersionMismatch
from service.libraries.model import DEFAULT_LIBRARY_ID
from service.playlists import edit, ranks, store
from service.playlists.model import Addition, Block, Move, PlaylistDraft, Removal
from service.playlists.ranks import HIGHEST, LOWEST, STEP
from tests.support.tracks import insert_tracks

Step = tuple[Callable[["Mirror", list[int], int], Awaitable[None]], list[int], int]
"""A change, the items that it is about, and where it puts them; numbers stand for what is there."""


async def new_playlist(connection: Connection) -> UUID:
    draft = PlaylistDraft(
        library_id=DEFAULT_LIBRARY_ID,
        name="A list",
        description="",
        owner="",
        is_public=False,
        is_collaborative=False,
        unique_tracks=False,
        tags=[],
    )
    return await store.create(connection, draft)


def addition(
    playlist_id: UUID,
    *track_ids: UUID,
    before: UUID | None = None,
    expected_version: int | None = None,
) -> Addition:
    return Addition(playlist_id, track_ids, before, "", expected_version)


async def all_items(connection: Connection, playlist_id: UUID) -> list[UUID]:
    page = await store.list_items(connection, playlist_id, LOWEST, 1_000_000)
    return [item.id for item in page.items]


async def fill(connection: Connection, playlist_id: UUID, track_id: UUID, count: int) -> None:
    """Give an empty playlist `count` items at once."""
    await connection.execute(
        """
        INSERT INTO playlist_item (id, playlist_id, rank, track_id)
        SELECT gen_random_uuid(), %(playlist_id)s, number * %(step)s::bigint, %(track_id)s
        FROM generate_series(1, %(count)s) AS number
        """,
        {"playlist_id": playlist_id, "track_id": track_id, "count": count, "step": STEP},
    )
    await store.new_version(connection, playlist_id, count)


@dataclass
class Mirror:
    """A playlist, and beside it the list that it must be."""

    connection: Connection
    playlist_id: UUID
    track_id: UUID
    items: list[UUID] = field(default_factory=list)
    version: int = 0

    async def add(self, choices: list[int], where: int) -> None:
        """Add as many items as there are choices."""
        before = self._place(where, [])
        tracks = [self.track_id] * len(choices)
        wanted = addition(self.playlist_id, *tracks, before=before)
        block = await edit.add(self.connection, wanted)
        self.version += 1
        self._expect(block, [item.id for item in block.items], before)

    async def move(self, choices: list[int], where: int) -> None:
        """Move the chosen items."""
        if not (ids := self._chosen(choices)):
            return
        old, before = self.items, self._place(where, ids)
        wanted = Move(self.playlist_id, tuple(ids), before, self.version)
        block = await edit.move(self.connection, wanted)
        self.items = [item for item in old if item not in ids]
        self._expect(block, ids, before)
        self.version += self.items != old
        assert block.version == self.version

    async def remove(self, choices: list[int], _where: int) -> None:
        """Remove the chosen items."""
        if not (ids := self._chosen(choices)):
            return
        await edit.remove(self.connection, Removal(self.playlist_id, tuple(ids), self.version))
        self.items = [item for item in self.items if item not in ids]
        self.version += 1

    async def compare(self) -> None:
        """Read the playlist."""
        page = await store.list_items(self.connection, self.playlist_id, LOWEST, 1_000)
        assert [item.id for item in page.items] == self.items
        playlist = await store.get(self.connection, self.playlist_id)
        assert page.version == playlist.version == self.version
        assert playlist.item_count == len(self.items)

    def _chosen(self, choices: list[int]) -> list[UUID]:
        """Return items, each once; none when there are none."""
        return list(
            dict.fromkeys(self.items[one % len(self.items)] for one in choices if self.items)
        )

    def _place(self, where: int, moving: list[UUID]) -> UUID | None:
        """Return an item that is not about to move, or None for the end."""
        places = [*(item for item in self.items if item not in moving), None]
        return places[where % len(places)]

    def _expect(self, block: Block, ids: list[UUID], before: UUID | None) -> None:
        """Put `ids`, which the block must show, into the list."""
        position = len(self.items) if before is None else self.items.index(before)
        self.items = [*self.items[:position], *ids, *self.items[position:]]
        assert [item.id for item in block.items] == ids
        assert block.position == position


@settings(
    max_examples=30,
    deadline=None,
    # Each example makes a playlist of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([Mirror.add, Mirror.move, Mirror.remove]),
            st.lists(st.integers(0, 1_000), min_size=1, max_size=4),
            st.integers(0, 1_000),
        ),
        max_size=30,
    )
)
@pytest.mark.parametrize("step", [STEP, 8], ids=["wide gaps", "narrow gaps"])
def test_a_playlist_is_the_list_that_its_edits_say(
    database_url: str, steps: list[Step], step: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranks, "STEP", step)
        patch.setattr(store, "STEP", step)
        asyncio.run(_edit_and_compare(database_url, steps))


async def _edit_and_compare(database_url: str, steps: list[Step]) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        (track_id,) = await insert_tracks(connection, 1)
        mirror = Mirror(connection, await new_playlist(connection), track_id)
        for change, choices, where in steps:
            async with connection.transaction():
                await change(mirror, choices, where)
        await mirror.compare()


async def test_a_gap_that_is_used_up_is_widened(connection: Connection) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    playlist_id = await new_playlist(connection)
    first, last = (
        item.id
        for item in (await edit.add(connection, addition(playlist_id, track_id, track_id))).items
    )
    expected = [first]
    for _ in range(90):  # twice what fits between two neighbors
        async with connection.transaction():
            block = await edit.add(connection, addition(playlist_id, track_id, before=last))
        expected += [item.id for item in block.items]
    assert await all_items(connection, playlist_id) == [*expected, last]


async def test_a_list_that_has_come_to_the_end_of_the_numbers_goes_on(
    connection: Connection,
) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    playlist_id = await new_playlist(connection)
    items = (await edit.add(connection, addition(playlist_id, track_id, track_id))).items
    ids = [item.id for item in items]
    await store.set_ranks(connection, ids, [LOWEST + 1, HIGHEST])
    async with connection.transaction():
        block = await edit.add(connection, addition(playlist_id, track_id))
        ids.append(block.items[0].id)
    async with connection.transaction():
        block = await edit.move(connection, Move(playlist_id, (ids[2],), ids[0], None))
    assert block.position == 0
    assert await all_items(connection, playlist_id) == [ids[2], ids[0], ids[1]]


async def test_an_edit_writes_no_more_than_its_own_items(connection: Connection) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    playlist_id = await new_playlist(connection)
    await fill(connection, playlist_id, track_id, 1_000)
    items = await all_items(connection, playlist_id)
    old = await store.get_items(connection, playlist_id, items)
    await edit.move(connection, Move(playlist_id, (items[900], items[3]), items[500], None))
    new = await store.get_items(connection, playlist_id, items)
    changed = [one.id for one, other in zip(old, new, strict=True) if one != other]
    assert changed == [items[3], items[900]]


async def test_of_two_edits_for_one_version_one_wins(database: Database) -> None:
    async with database.read() as connection:
        tracks = await insert_tracks(connection, 2)
        playlist_id = await new_playlist(connection)

    async def append(track_id: UUID) -> None:
        async def work(connection: Connection) -> None:
            await edit.add(connection, addition(playlist_id, track_id, expected_version=0))

        await database.write(work)

    ends = await asyncio.gather(*map(append, tracks), return_exceptions=True)
    (failure,) = [end for end in ends if end is not None]
    assert isinstance(failure, VersionMismatch)
    assert failure.metadata == {"current_version": "1"}
    async with database.read() as connection:
        assert len(await all_items(connection, playlist_id)) == 1


async def test_appends_at_the_same_time_lose_nothing(database: Database) -> None:
    async with database.read() as connection:
        tracks = await insert_tracks(connection, 20)
        playlist_id = await new_playlist(connection)

    async def append(track_id: UUID) -> int:
        async def work(connection: Connection) -> int:
            return (await edit.add(connection, addition(playlist_id, track_id, track_id))).position

        return await database.write(work)

    assert sorted(await asyncio.gather(*map(append, tracks))) == list(range(0, 40, 2))
    async with database.read() as connection:
        page = await store.list_items(connection, playlist_id, LOWEST, 100)
        assert sorted(item.track_id for item in page.items) == sorted([*tracks, *tracks])
        assert page.version == 20
        assert (await store.get(connection, playlist_id)).item_count == 40


async def test_a_full_playlist_takes_no_more(connection: Connection) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    playlist_id = await new_playlist(connection)
    await connection.execute("UPDATE playlist SET item_count = 99999")
    await edit.add(connection, addition(playlist_id, track_id))
    with pytest.raises(FailedPrecondition, match="at most 100000 items"):
        await edit.add(connection, addition(playlist_id, track_id))


async def test_a_deep_page_reads_no_more_than_the_first(connection: Connection) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    playlist_id = await new_playlist(connection)
    await fill(connection, playlist_id, track_id, 20_000)
    await connection.execute("ANALYZE playlist_item")

    async def buffers(after: int) -> int:
        statement = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + store._LIST_ITEMS
        parameters = {"playlist_id": playlist_id, "after": after, "limit": 51}
        row = await (await connection.execute(statement, parameters)).fetchone()
        assert row is not None
        plan = row[0][0]["Plan"]
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    await buffers(LOWEST)  # fills the caches of this session
    assert await buffers(19_000 * STEP) <= await buffers(LOWEST) + 10
