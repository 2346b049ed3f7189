"""SQL lives in files: a `queries.sql` beside each store, in named blocks.

A block begins with a line `-- name: get_track`, followed by comment lines that say what it is for,
and then the statement. Parameters are named and cast, `%(id)s::uuid`, so that every statement can
be prepared and explained without values. Stores bind names when they are imported, so that a
misspelt one stops the program at its start:

    _SQL = load_statements(__package__)
    _GET = _SQL["get_track"]

A statement that is put together from fragments, because what it asks for varies, is made `compact`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, LiteralString, cast

from psycopg import AsyncConnection, AsyncRawCursor, sql
from psycopg.rows import TupleRow

_HEAD = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)
_PARAMETER: Final = re.compile(rb"%\((\w+)\)s")
_INDENT: Final = re.compile(rb"(?<=\()\s+|\s+(?=\))|(?<=\s)\s+")


@dataclass(frozen=True, slots=True)
class Statement:
    """One named block of a `queries.sql`."""

    name: str
    purpose: str
    text: LiteralString


class Statements(Mapping[str, LiteralString]):
    """The blocks of one file, by name; a missing name is a `KeyError` with those there are."""

    def __init__(self, source: str, blocks: tuple[Statement, ...]) -> None:
        self.source = source
        self.blocks = blocks
        self._texts = {block.name: block.text for block in blocks}

    def __getitem__(self, name: str) -> LiteralString:
        if name not in self._texts:
            known = ", ".join(sorted(self._texts))
            raise KeyError(f"no statement {name!r} in {self.source}; there are: {known}")
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def load_statements(package: str) -> Statements:
    """Read the `queries.sql` of a package such as `service.tracks`."""
    text = files(package).joinpath("queries.sql").read_text(encoding="utf-8")
    return Statements(package, tuple(_parse(package, text)))


def compact(statement: sql.Composable) -> bytes:
    """Return a statement without indents: the driver remembers how to read up to 4,096 bytes.

    Its texts must not have two blanks, or one beside a bracket.
    """
    return _INDENT.sub(b"", statement.as_bytes())


@dataclass(frozen=True, slots=True)
class Numbered:
    """A statement with numbers for its parameters, as PostgreSQL reads it, and their names.

    The driver sends it as it is: one of more than 4,096 bytes it would read anew for each call.
    """

    text: bytes
    names: tuple[str, ...]

    async def rows(
        self, connection: AsyncConnection[TupleRow], parameters: Mapping[str, object]
    ) -> list[TupleRow]:
        """Return what it finds. It is prepared the first time."""
        cursor = AsyncRawCursor(connection)
        await cursor.execute(self.text, [parameters[name] for name in self.names], prepare=True)
        return await cursor.fetchall()


def numbered(statement: sql.Composable) -> Numbered:
    """Return a statement, made `compact`, with numbers for its named parameters."""
    text = compact(statement)
    names = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    numbers = {name: b"$%d" % number for number, name in enumerate(names, 1)}
    return Numbered(
        _PARAMETER.sub(lambda found: numbers[found[1]], text), tuple(map(bytes.decode, names))
    )


def _parse(source: str, text: str) -> Iterator[Statement]:
    heads = list(_HEAD.finditer(text))
    seen: set[str] = set()
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        name = head.group(1)
        if name in seen:
            raise ValueError(f"two statements named {name!r} in {source}")
        seen.add(name)
        body = text[head.end() : following.start() if following else len(text)].strip()
        purpose = []
        lines = body.splitlines()
        while lines and lines[0].startswith("--"):
            purpose.append(lines.pop(0).removeprefix("--").strip())
        if not purpose or not lines:
            raise ValueError(f"statement {name!r} in {source} needs a purpose and a body")
        # It comes from a file of this package, never from input: that is what LiteralString is for.
        statement = cast("LiteralString", "\n".join(lines).rstrip().removesuffix(";"))  # type: ignore[redundant-cast]
        yield Statement(name, " ".join(purpose), statement)
