"""Lists that are written faster than the driver does arrive as they were."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from service.database import Database

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["NULL", "null", "", " ", '"', "\\", "{a,b}", "a,b", None, "é", "日本\n"], "text"),
        ([UUID(int=0), None, UUID(int=2**128 - 1)], "uuid"),
        ([], "text"),
        ([None, None], "uuid"),
        ([1, None, 3], "integer"),
        ([["a", "b"], ["c", 'd"']], "text"),
    ],
)
async def test_lists_round_trip(database: Database, values: list[object], kind: str) -> None:
    async with database.read() as connection:
        cursor = await connection.execute(
            sql.SQL("SELECT %s::{}[]").format(sql.SQL(kind)),
            (values,),
        )
        assert await cursor.fetchone() == (values,)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.none() | _TEXT))
async def test_any_text_round_trips(database: Database, values: list[str | None]) -> None:
    async with database.read() as connection:
        cursor = await connection.execute("SELECT %s::text[]", (values,))
        assert await cursor.fetchone() == (values,)


async def test_lists_do_not_make_other_statements(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute("DEALLOCATE ALL")
        for values in ([1], [None], [2**40], [], [None, 3]):
            for _ in range(connection.prepare_threshold or 0):
                await connection.execute("SELECT %(values)s::bigint[]", {"values": values})
        rows = await connection.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%bigint[]'"
        )
        assert await rows.fetchone() == (1,)
