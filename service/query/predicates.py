"""From a query to SQL: static fragments, with all that a user wrote as parameters.

SQL has a third truth value for what is not known. Here a value that is not known passes no test, so
a negation holds for it: `-year:1999` keeps tracks without a year. Only under a negation does that
differ from SQL's own rules, hence `IS NOT TRUE` there and nothing elsewhere, where it would hide
the fragments from the planner.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from itertools import groupby

from psycopg import sql

from service.errors import invalid
from service.query.fields import FIELDS
from service.query.model import Ago, And, Interval, Node, Not, Or, Query, Term, Test

_PARAMETER = re.compile(r"%\((\w+)\)s")
_EVERYTHING = sql.Composed([sql.SQL("true")])


def condition(
    query: Query, *, allowed: frozenset[str] | None = None, now: datetime | None = None
) -> tuple[sql.Composed, dict[str, object]]:
    """Return a condition on the track `t`, and its parameters, named `f0`, `f1` and so on.

    The caller joins `track AS t`; whether deleted tracks come into question is its decision too. It
    executes the statement with `prepare=False`: the values decide which plan is a good one.
    `allowed` are the fields that the query may use, by default all; another one is `InvalidInput`.
    Times such as `-7d` are counted from `now`, by default the time of the call.
    """
    if query.root is not None and allowed is not None:
        _check_fields(query, query.root, allowed)
    [wanted], parameters = conditions([query], now=now)
    return wanted, parameters


def conditions(
    queries: Sequence[Query], *, now: datetime | None = None
) -> tuple[list[sql.Composed], dict[str, object]]:
    """Return the conditions of several queries for one statement, see `condition`."""
    compiler = _Compiler(now or datetime.now(UTC))
    wanted = [compiler.condition(of.root) if of.root else _EVERYTHING for of in queries]
    return wanted, compiler.parameters


def _check_fields(query: Query, node: Node, allowed: frozenset[str]) -> None:
    match node:
        case Term(field, _, column) if field not in allowed:
            names = ", ".join(sorted(allowed))
            raise invalid(
                query.field, f"column {column}: '{field}' cannot be used here; there are: {names}"
            )
        case Not(operand):
            _check_fields(query, operand, allowed)
        case And(operands) | Or(operands):
            for operand in operands:
                _check_fields(query, operand, allowed)


class _Compiler:
    """Collects parameters while it walks a tree; the limit on nesting bounds the walk."""

    def __init__(self, now: datetime) -> None:
        self.parameters: dict[str, object] = {}
        self._now = now

    def condition(self, node: Node) -> sql.Composed:
        match node:
            case Term(field, tests):
                return self._term(field, tests)
            case Not(operand):
                return sql.SQL("({}) IS NOT TRUE").format(self.condition(operand))
            case And(operands):
                return self._joined(" AND ", operands)
            case Or(operands):
                return self._joined(" OR ", operands)

    def _joined(self, operator: str, operands: Sequence[Node]) -> sql.Composed:
        return _parenthesized(operator, [self.condition(operand) for operand in operands])

    def _term(self, field: str, tests: Sequence[Test]) -> sql.Composed:
        """Return the condition that a test is passed, with a fragment for each kind of test."""
        intervals = [test for test in tests if isinstance(test, Interval)]
        others = sorted((test for test in tests if not isinstance(test, Interval)), key=_kind_name)
        parts = [self._fragment(field, Interval, self._bounds(interval)) for interval in intervals]
        for kind, alike in groupby(others, type):
            parts.append(self._fragment(field, kind, _columns(list(alike))))
        return _parenthesized(" OR ", parts)

    def _fragment(self, field: str, kind: type[Test], values: dict[str, object]) -> sql.Composed:
        names = {}
        for name, value in values.items():
            names[name] = f"f{len(self.parameters)}"
            self.parameters[names[name]] = value
        constants, slots = _pieces(field, kind.__name__)
        pieces: list[sql.Composable] = [constants[0]]
        for slot, constant in zip(slots, constants[1:], strict=True):
            pieces += [sql.Placeholder(names[slot]), constant]
        return sql.Composed(pieces)

    def _bounds(self, interval: Interval) -> dict[str, object]:
        return {"low": self._resolved(interval.low), "high": self._resolved(interval.high)}

    def _resolved(self, bound: object) -> object:
        if not isinstance(bound, Ago):
            return bound
        try:
            return self._now - bound.span
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)


def _kind_name(test: Test) -> str:
    return type(test).__name__


def _columns(tests: Sequence[Test]) -> dict[str, object]:
    """Return the values of tests of one kind as arrays, one for each field of the kind."""
    return {field.name: [getattr(test, field.name) for test in tests] for field in fields(tests[0])}


@cache
def _pieces(field: str, kind: str) -> tuple[tuple[sql.SQL, ...], tuple[str, ...]]:
    """Return a fragment as its constant pieces and the names of the values between them."""
    pieces = _PARAMETER.split(FIELDS[field].fragment(kind))
    return tuple(map(sql.SQL, pieces[::2])), tuple(pieces[1::2])


def _parenthesized(operator: str, parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL("({})").format(sql.SQL(operator).join(parts))
