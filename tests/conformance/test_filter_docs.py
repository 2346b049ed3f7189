"""The page about filters is true: its examples are filters, its table is the table of fields."""

from __future__ import annotations

import re
from typing import Final

import pytest

from service.database import Connection
from service.query import condition, parse
from service.query.fields import FIELDS, Field
from service.query.model import Present
from tests.conformance.source import ROOT

_PAGE: Final = (ROOT / "docs" / "filters.md").read_text(encoding="utf-8")
_PROTOS: Final = sorted((ROOT / "protos" / "fonoteca" / "v1").glob("*.proto"))
_BLOCK: Final = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE: Final = re.compile(r"<!-- fields -->\n(.*)<!-- /fields -->", re.DOTALL)
_INLINE: Final = re.compile(r"`([^`]*\w+:[^`\s][^`]*)`")
EXAMPLES: Final = [line for block in _BLOCK.findall(_PAGE) for line in block.splitlines()]


def _row(field: Field) -> str:
    optional = "yes" if Present in field.sql else "always there"
    return f"| `{field.name}` | {field.kind.name} | {field.meaning} | {optional} |\n"


def table() -> str:
    """Return the table of the fields as the page shows it."""
    head = "| Field | Kind | What it is | `has:` and `missing:` |\n| --- | --- | --- | --- |\n"
    return head + "".join(_row(field) for field in FIELDS.values())


@pytest.mark.parametrize("example", EXAMPLES)
async def test_an_example_is_a_filter(connection: Connection, example: str) -> None:
    wanted, parameters = condition(parse(example))
    statement = b"SELECT t.id FROM track AS t WHERE " + wanted.as_bytes(connection)
    await connection.execute(statement, parameters, prepare=False)


def test_the_table_shows_all_fields() -> None:
    found = _TABLE.search(_PAGE)
    assert found is not None
    assert found[1] == table()


def test_examples_cover_the_fields_of_each_kind() -> None:
    used = " ".join(EXAMPLES)
    kinds = {field.kind.name for field in FIELDS.values() if f"{field.name}:" in used}
    assert kinds >= {field.kind.name for field in FIELDS.values()} - {"words", "id", "presence"}


@pytest.mark.parametrize("text", [text for text in _INLINE.findall(_PAGE) if "…" not in text])
def test_what_the_text_mentions_is_a_filter(text: str) -> None:
    parse(text)


def test_examples_in_the_protos_are_filters() -> None:
    comments = "\n".join(
        line.strip().removeprefix("//").strip()
        for path in _PROTOS
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    examples = [text for text in re.findall(r"`([^`]+)`", comments) if re.search(r"year:\d", text)]
    assert examples
    for example in examples:
        parse(example.replace("\n", " "))
