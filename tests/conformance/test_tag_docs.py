"""The page about tags is true: its tables are those of the code."""

from __future__ import annotations

import re
from typing import Final

from service.ingest.formats import FORMATS, Format
from service.ingest.mapping import FACTS, Fact, Family, Kind
from tests.conformance.source import ROOT

_PAGE: Final = (ROOT / "docs" / "tags.md").read_text(encoding="utf-8")


def _between(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*)<!-- /{name} -->", _PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n".replace("|  |", "| |") for cells in lines)


def _names(fact: Fact, family: Family) -> str:
    """Return the names of a family that are not the free ones of all."""
    common = set(fact.tags[Family.VORBIS])
    own = [
        tag
        for tag in fact.tags[family]
        if family is Family.VORBIS or tag.removeprefix("TXXX:").removeprefix("----:") not in common
    ]
    return "<br>".join(f"`{tag}`" for tag in own)


def _target(fact: Fact) -> str:
    if isinstance(fact.target, Kind):
        return f"attribute, {fact.target.value}"
    path, comma, role = fact.target.partition(",")
    return f"`{path}`{comma}{role}"


def tags_table() -> str:
    """Return the table of tags as the page shows it."""
    families = (Family.VORBIS, *(family for family in Family if family is not Family.VORBIS))
    head = ["Fact", "Goes to", *families]
    rows = [
        [f"`{fact.name}`", _target(fact), *(_names(fact, family) for family in families)]
        for fact in FACTS.values()
    ]
    return _table(head, rows)


def _format_row(known: Format) -> list[str]:
    codec = f"`{known.codec}`" if known.codec else "as the file says"
    return [known.title, f"`{known.container}`", codec, known.mime_type, f"`{known.suffixes}`"]


def formats_table() -> str:
    """Return the list of formats as the page shows it."""
    head = ["Format", "`format`", "Usual `codec`", "`mime_type`", "Names end with"]
    return _table(head, [_format_row(known) for known in FORMATS.values()])


def test_the_page_shows_all_tags() -> None:
    assert _between("tags") == tags_table()


def test_the_page_shows_all_formats() -> None:
    assert _between("formats") == formats_table()
