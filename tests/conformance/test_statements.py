"""Every SQL statement has a purpose, is used, and is valid on the migrated schema."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from service.database import Connection, Statements, load_statements
from service.database.statements import Statement
from tests.conformance.source import ROOT, syntax

_PARAMETER = re.compile(r"%\((\w+)\)s")
_UNCAST = re.compile(r"%\(\w+\)s(?!::)")
_ALL_COLUMNS = re.compile(r"(?:\bSELECT|\bRETURNING|,|\.)\s*\*", re.IGNORECASE)


def _packages() -> list[str]:
    files = sorted((ROOT / "service").rglob("queries.sql"))
    return [".".join(file.parent.relative_to(ROOT).parts) for file in files]


def _blocks() -> list[tuple[str, Statement]]:
    return [
        (package, block) for package in _packages() for block in load_statements(package).blocks
    ]


each_block = pytest.mark.parametrize(
    "block",
    [pytest.param(block, id=f"{package}:{block.name}") for package, block in _blocks()],
)
each_package = pytest.mark.parametrize("package", _packages())


@each_package
async def test_statements_are_valid_on_the_migrated_schema(
    connection: Connection, package: str
) -> None:
    invalid = {}
    for block in load_statements(package).blocks:
        try:
            await _plan(connection, block.text)
        except psycopg.Error as error:
            invalid[block.name] = str(error)
    assert not invalid


async def _plan(connection: Connection, statement: LiteralString) -> None:
    """Have PostgreSQL check a statement without any effect."""
    if statement.startswith("COPY "):
        async with connection.cursor().copy(statement):
            return  # COPY cannot be explained, but it can be given no rows
    if statement.startswith("LOCK "):
        async with connection.transaction():
            await connection.execute(statement)
        return  # nor can LOCK, but here nobody else wants the table
    parameters = dict.fromkeys(_PARAMETER.findall(statement))
    await connection.execute(b"EXPLAIN " + statement.encode(), parameters or None)


@each_block
def test_names_its_columns(block: Statement) -> None:
    found = _ALL_COLUMNS.search(block.text)
    assert found is None, f"{block.name} must list its columns: {found and found.group()}"


@each_block
def test_casts_its_parameters(block: Statement) -> None:
    found = _UNCAST.findall(block.text)
    assert not found, f"{block.name} must cast its parameters, %(id)s::uuid: {found}"


@each_block
def test_says_what_it_is_for(block: Statement) -> None:
    assert block.purpose.endswith("."), f"{block.name}: a sentence, please: {block.purpose!r}"


@each_package
def test_every_statement_is_bound_by_a_module_of_its_package(package: str) -> None:
    statements = load_statements(package)
    bound = set(_bound_names(package, statements))
    assert bound == set(statements), f"nobody binds {sorted(set(statements) - bound)}"


def _bound_names(package: str, statements: Statements) -> Iterator[str]:
    folder = ROOT.joinpath(*package.split("."))
    for name in chain.from_iterable(map(_names_in, sorted(folder.glob("*.py")))):
        assert name in statements, f"{package} has no statement {name!r}"
        yield name


def _names_in(path: Path) -> Iterator[str]:
    """Yield the names that a module takes from what it calls `_SQL`."""
    for node in ast.walk(syntax(path)):
        match node:
            case ast.Subscript(value=ast.Name(id="_SQL"), slice=ast.Constant(value=str(name))):
                yield name
