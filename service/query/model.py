"""What a filter means, as an immutable tree.

The leaves are terms: a field, and the tests of which its value must pass at least one. Trees are
built by `any_of`, `all_of` and `negated`, which keep them flat and gather the tests of one field
into one term, so that a hundred excluded artists cost as much as one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Words:
    """The words of `text` occur side by side; with `is_prefix` the last one may go on."""

    text: str
    is_prefix: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """The value as a whole is `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """The value, one of a few names, is `text`; with `is_prefix` it may go on."""

    text: str
    is_prefix: bool


@dataclass(frozen=True, slots=True)
class Value:
    """The value is this one."""

    value: str | int | bool | UUID


@dataclass(frozen=True, slots=True)
class Ago:
    """The instant that lies so long before the filter is used."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class Interval:
    """The value is at least `low` and below `high`, which have the same type or are instants."""

    low: float | str | datetime | Ago
    high: float | str | datetime | Ago


@dataclass(frozen=True, slots=True)
class ExternalId:
    """There is a place in the external system `type` under this id."""

    type: str
    external_id: str


@dataclass(frozen=True, slots=True)
class TagKey:
    """There is a tag `key`."""

    key: str


@dataclass(frozen=True, slots=True)
class TagValue:
    """A tag `key` is the text as a whole, or the number or flag that the text stands for."""

    key: str
    text: str
    is_prefix: bool
    number: float | None
    flag: bool | None


@dataclass(frozen=True, slots=True)
class TagInterval:
    """A tag `key` is a number that is at least `low` and below `high`."""

    key: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Present:
    """There is a value."""


Test = (
    Words | Whole | Name | Value | Interval | ExternalId | TagKey | TagValue | TagInterval | Present
)


@dataclass(frozen=True, slots=True)
class Term:
    """The value of a field passes one of the tests. `column` is where that was written, from 1."""

    field: str
    tests: tuple[Test, ...]
    column: int = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold; a value that is not known passes no test, so this holds for it."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And:
    """All operands hold."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one operand holds."""

    operands: tuple[Node, ...]


Node = Term | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that was understood. `field` is the request's field that it came from."""

    root: Node | None
    field: str = dataclasses.field(compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether every track passes, because nothing was asked for."""
        return self.root is None


def negated(node: Node) -> Node:
    """Return the opposite of `node`."""
    return node.operand if isinstance(node, Not) else Not(node)


def any_of(nodes: Iterable[Node]) -> Node:
    """Return the tree that holds when one of `nodes` does; there must be one."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.operands if isinstance(node, Or) else [node])
    gathered = _gather(flat)
    return gathered[0] if len(gathered) == 1 else Or(gathered)


def all_of(nodes: Iterable[Node]) -> Node:
    """Return the tree that holds when all `nodes` do; there must be one."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.operands if isinstance(node, And) else [node])
    excluded = _gather([node.operand for node in flat if isinstance(node, Not)])
    wanted = [node for node in flat if not isinstance(node, Not)]
    gathered = (*dict.fromkeys(wanted), *map(negated, excluded))
    return gathered[0] if len(gathered) == 1 else And(gathered)


def _gather(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Join the terms of a field into one, where the first of them stands; drop what is repeated."""
    gathered: dict[Node | str, Node] = {}
    for node in nodes:
        if not isinstance(node, Term):
            gathered.setdefault(node, node)
            continue
        before = gathered.get(node.field)
        if isinstance(before, Term):
            tests = dict.fromkeys(before.tests + node.tests)
            gathered[node.field] = Term(node.field, tuple(tests), before.column)
        else:
            gathered[node.field] = node
    return tuple(gathered.values())
