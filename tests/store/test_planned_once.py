"""What search and Suggest ask is planned once, not for each call, and never compiled.

Planning takes longer than such a statement does. PostgreSQL goes on planning one for each call
while a plan for the given values looks cheaper than one for any values, and arrays of a known
length always look so.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import pytest

from service.database import Connection, Database
from service.query import parse
from service.search import candidates as find
from service.search.answer import Search, answer
from service.search.candidates import Scope, find_statement
from service.settings import load_settings
from service.suggest import candidates as suggest
from service.suggest.complete import complete
from service.suggest.model import Kind
from service.suggest.store import Wanted
from tests.support.crowd import crowd

_CALLS: Final = 120
_OFTEN: Final = 25
_UNTIL_ONE_PLAN_SERVES_ALL: Final = 5

_PLANS: Final = """
SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements
WHERE generic_plans + custom_plans >= %s
"""


async def _search(connection: Connection, number: int) -> None:
    texts = ("love", "love night 7", "lvoe nihgt", "love zyxwvu", "lov", "nig lov")
    search = Search(texts[number % len(texts)], Scope(None, parse("")), 10, None)
    await answer(connection, [search])


async def _suggest(connection: Connection, number: int) -> None:
    texts = ("l", "love nig", "lvoe nig", "the band 7")
    await complete(connection, texts[number % len(texts)], Wanted(tuple(Kind), None, 5))


@pytest.mark.parametrize("ask", [_search, _suggest])
async def test_a_statement_is_planned_once_for_whatever_is_asked(
    connection: Connection, ask: Callable[[Connection, int], Awaitable[None]]
) -> None:
    await crowd(connection, 0, 200)
    for number in range(_CALLS):
        await ask(connection, number)
    plans = await (await connection.execute(_PLANS, (_OFTEN,))).fetchall()
    assert len(plans) > 1
    for statement, generic, custom in plans:
        assert custom <= _UNTIL_ONE_PLAN_SERVES_ALL, statement
        assert generic > 0, statement


_SCOPES: Final = [Scope(library_id, parse("")) for library_id in (None, UUID(int=1))]


@pytest.mark.parametrize(
    "statement",
    [
        *(find_statement(scope, source)[0] for scope in _SCOPES for source in find.Source),
        *(
            suggest.statement(source, titles=True, names=True, in_library=in_library).text
            for source in suggest.Source
            if source is not suggest.Source.CALLED
            for in_library in (False, True)
        ),
    ],
)
def test_no_plan_can_depend_on_a_value(statement: bytes) -> None:
    """What the plans of a small catalogue do not show."""
    made_once = re.sub(rb"WITH typed AS MATERIALIZED \(SELECT\s\$[^()]*\)", b"", statement)
    no_row_less = re.sub(rb"(jsonb_to_recordset|fold|in_library)\([^()]*[%$]", b"", made_once)
    assert not re.search(rb"(?<!\(SELECT )(?<!\(SELECT 3 \* )(%\(|\$\d)", no_row_less)


@pytest.mark.parametrize("in_library", [False, True])
@pytest.mark.parametrize(
    ("source", "titles", "names"),
    [
        (source, titles, names)
        for source in suggest.Source
        for titles, names in ((True, True), (True, False), (False, True))
        if not (titles and source is suggest.Source.CALLED)  # that is what only names are
    ],
)
async def test_suggestions_of_any_kinds_have_a_statement(
    connection: Connection,
    source: suggest.Source,
    titles: bool,
    names: bool,
    in_library: bool,
) -> None:
    statement = suggest.statement(source, titles=titles, names=names, in_library=in_library)
    prepared = await connection.execute(b"PREPARE suggestions AS " + statement.text)
    assert prepared.statusmessage == "PREPARE"


async def test_statements_are_not_compiled_though_the_database_would(
    connection: Connection, database_url: str
) -> None:
    await connection.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jit = on', current_database()); END $$"
    )
    database = Database(database_url, load_settings({}))
    await database.open()
    try:
        async with database.read() as lent:
            assert await (await lent.execute("SHOW jit")).fetchone() == ("off",)
    finally:
        await database.close()
