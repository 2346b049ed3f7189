"""From text to a query: what the grammar means, and errors that say where and why.

The parser is LALR and builds the tree while it reads, from the leaves up: nothing recurses with the
text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, cast

from lark import Lark, Token, Transformer, Tree, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lark import PostLex

from service.errors import invalid
from service.query.fields import ANYWHERE, FIELDS
from service.query.kinds import BadValueError, Literal
from service.query.model import Node, Present, Query, Term, all_of, any_of, negated

MAX_LENGTH: Final = 2_000
MAX_DEPTH: Final = 50
MAX_TERMS: Final = 200

_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_PREFIX: Final = re.compile(r"(?<!\\)(?:\\\\)*\*\Z")
_OPERATORS: Final = ":<>="
_CANNOT_STAND: Final = {
    **dict.fromkeys(
        '"“”„«»', "this quote is never closed; one that is text needs a '\\' before it"
    ),
    **dict.fromkeys(_OPERATORS, "this must follow a field; put text that contains it in quotes"),
    "-": "'-' must be followed by what is excluded",
    "*": "'*' can only end a word; elsewhere it needs a '\\' before it",
    "\\": "'\\' must be followed by the character that it protects",
}
"""What to say of a character that begins nothing."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a filter that all that pass the filter must pass; `column` is where, from 1."""

    text: str
    column: int
    query: Query


class _FilterError(Exception):
    """What is wrong with the text, and at which column, counted from 1."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(message)
        self.column = column


def parse(text: str, *, field: str = "filter") -> Query:
    """Read a filter; `field` is the request's field that errors name. Blank text is an empty query.

    Raises `InvalidInput`.
    """
    if len(text) > MAX_LENGTH:
        raise invalid(field, f"must have at most {MAX_LENGTH:,} characters, has {len(text):,}")
    return _parse(text, field)


def clauses(text: str, *, field: str = "filter") -> tuple[Clause, ...]:
    """Return what stands side by side in a filter, joined by AND; a blank one has no clauses.

    A filter with OR on the outermost level is one clause. Raises `InvalidInput`.
    """
    if parse(text, field=field).is_empty:
        return ()
    tree = _spans().parse(text)
    parts = tree.children if tree.data == "all" else [tree]
    return tuple(_clause(text, part, field) for part in parts if isinstance(part, Tree))


def _clause(text: str, part: Tree[Token], field: str) -> Clause:
    span = vars(part.meta)  # of the part with its parentheses, which are no part of the tree
    first, end = span["container_start_pos"], span["container_end_pos"]
    return Clause(text[first:end], first + 1, Query(_Meaning().transform(part), field))


def quoted(text: str) -> str:
    """Return text as a value of the language that means just this text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=2_048)
def _parse(text: str, field: str) -> Query:
    try:
        return Query(_tree(text), field)
    except _FilterError as error:
        raise invalid(field, f"column {error.column}: {error}") from None


def _tree(text: str) -> Node | None:
    """Return the tree of a filter; errors of the parser, in the words of the language."""
    _check_characters(text)
    if not text.strip():
        return None
    try:
        return cast("Node", _PARSER.parse(text))  # the transformer leaves no parse tree
    except UnexpectedCharacters as error:
        position = error.pos_in_stream or 0
        message = _unexpected_character(text[position], error.allowed or set())
        raise _FilterError(position + 1, message) from None
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise _FilterError(len(text) + 1, "something is missing at the end") from None
        message = _unexpected_token(error.token, error.expected)
        raise _FilterError(_column(error.token), message) from None


def _check_characters(text: str) -> None:
    for column, character in enumerate(text, start=1):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise _FilterError(column, "NUL and lone surrogates are not text")


class _Limits(PostLex):
    """Counts terms and matches parentheses as the tokens go by."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        opened: list[int] = []
        terms = 0
        for token in stream:
            column = _column(token)
            if token.type == "LPAR":
                opened.append(column)
                if len(opened) > MAX_DEPTH:
                    raise _FilterError(
                        column, f"parentheses may be nested at most {MAX_DEPTH} deep"
                    )
            elif token.type == "RPAR":
                if not opened:
                    raise _FilterError(column, "this ')' closes nothing")
                opened.pop()
            elif token.type in ("WORD", "VALUE", "QUOTED"):
                terms += 1
                if terms > MAX_TERMS:
                    raise _FilterError(column, f"there may be at most {MAX_TERMS} terms")
            yield token
        if opened:
            raise _FilterError(opened[-1], "this '(' is never closed")


Make = Callable[[Token, str], Node]
"""Makes the term for a value and the comparison before it, once the field is known."""

Values = Callable[[Make], Node]
"""The values of a field, waiting for it: they are read before it is, from the leaves up."""


@v_args(inline=True)
class _Meaning(Transformer[Token, Node]):
    """What each rule of the grammar stands for."""

    def any(self, *nodes: Node) -> Node:
        return any_of(nodes)

    def all(self, *nodes: Node) -> Node:
        return all_of(nodes)

    def negated(self, node: Node) -> Node:
        return negated(node)

    def bare(self, value: Token) -> Node:
        return _term(ANYWHERE, "", value, "", _column(value))

    def term(self, field: Token, operator: Token, value: Token) -> Node:
        return _maker(field)(value, operator.removeprefix(":"))

    def list(self, field: Token, operator: Token, values: Values) -> Node:
        if operator != ":":
            raise _FilterError(_column(operator), "a list of values follows ':'")
        return values(_maker(field))

    def any_value(self, *values: Values) -> Values:
        return lambda make: any_of(value(make) for value in values)

    def all_values(self, *values: Values) -> Values:
        return lambda make: all_of(value(make) for value in values)

    def not_value(self, value: Values) -> Values:
        return lambda make: negated(value(make))

    def value(self, *written: Token) -> Values:
        *comparison, value = written
        return lambda make: make(value, "".join(comparison))


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _maker(field: Token) -> Make:
    """Return what makes terms of a field, which may be `has`, `missing` or `tag:KEY`."""
    column = _column(field)
    name, _, key = field.partition(":")
    name = name.lower()
    if name in ("has", "missing"):
        return lambda value, comparison: _presence(name, value, comparison, column)
    _known_field(name, column)
    return lambda value, comparison: _term(
        name, _text(key) if key else "", value, comparison, column
    )


def _term(name: str, key: str, value: Token, comparison: str, column: int) -> Node:
    text = _text(value)
    if not text.strip():
        raise _FilterError(_column(value), "there is nothing between the quotes")
    literal = Literal(text, bool(_PREFIX.search(value)), comparison, key)
    try:
        return Term(name, FIELDS[name].kind.read(literal), column)
    except BadValueError as bad:
        raise _FilterError(_column(value), f"{name} {bad}") from None


def _presence(name: str, value: Token, comparison: str, column: int) -> Node:
    field = _text(value).lower()
    _known_field(field, _column(value))
    if comparison or field == ANYWHERE:
        raise _FilterError(_column(value), f"{name}: must be followed by the name of a field")
    present = Term(field, (Present(),), column)
    return present if name == "has" else negated(present)


def _known_field(name: str, column: int) -> None:
    if name in FIELDS:
        return
    close = get_close_matches(name, [*FIELDS, "has", "missing"], n=1)
    hint = f"did you mean {close[0]}?" if close else "put text with such a sign in quotes"
    raise _FilterError(column, f"there is no field {_shown(name)}; {hint}")


def _text(value: str) -> str:
    """Return what was written without quotes, escapes and the `*` of a prefix."""
    if _PREFIX.search(value):
        value = value[:-1]
    if (value.type == "QUOTED") if isinstance(value, Token) else value.startswith('"'):
        value = value[1:-1]
    return _ESCAPED.sub(r"\1", value)


def _shown(text: str) -> str:
    """Return text of a user for a message: short, and on one line."""
    return ascii(text) if len(text) <= 40 else f"{text[:40]!a}..."


def _unexpected_token(token: Token, expected: set[str]) -> str:
    match token.type:
        case "_OR" | "_AND":
            return f"'{token}' must stand between two terms"
        case "_MINUS":
            return "'-' stands before a field, a word or '(', not before a value"
        case "RPAR":
            return "something is missing before this ')'"
    if "RPAR" in expected and token[0] not in _OPERATORS:
        return "write OR or AND between the values of a field"
    return _unexpected_character(token[0], expected)


def _unexpected_character(character: str, expected: set[str]) -> str:
    if "OPERATOR" in expected:
        return f"a value must follow this '{character}' without a space"
    return _CANNOT_STAND.get(character) or f"{_shown(character)} cannot stand here"


_GRAMMAR: Final = files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
_PARSER: Final = Lark(
    _GRAMMAR,
    parser="lalr",
    transformer=_Meaning(),
    postlex=_Limits(),
    maybe_placeholders=False,
)


@cache
def _spans() -> Lark:
    """Return a parser that tells where things stand instead of what they mean."""
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False, propagate_positions=True)
