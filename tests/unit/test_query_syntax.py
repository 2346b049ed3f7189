"""How filters are read, and what is said about those that cannot be."""

from __future__ import annotations

import string
import time
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.errors import InvalidInput
from service.query import Query, clauses, condition, parse, quoted
from service.query.fields import FIELDS
from service.query.keys import camelot, compatible, key_named
from service.query.model import (
    And,
    ExternalId,
    Interval,
    Name,
    Node,
    Not,
    Or,
    Present,
    TagInterval,
    TagKey,
    TagValue,
    Term,
    Test,
    Value,
    Whole,
    Words,
    all_of,
)
from service.query.syntax import MAX_DEPTH, MAX_LENGTH, MAX_TERMS


def term(field: str, *tests: Test) -> Term:
    return Term(field, tests, 0)


def words(text: str, *, is_prefix: bool = False) -> Term:
    return term("any", Words(text, is_prefix))


A, B, C = words("a"), words("b"), words("c")

MEANINGS: Final[dict[str, Node]] = {
    "a": A,
    "  a\n": A,
    '"a b"': words("a b"),
    '"a b"*': words("a b", is_prefix=True),
    "a*": words("a", is_prefix=True),
    "“a b”": words("a b"),
    "„a b“": words("a b"),
    "«a b»": words("a b"),
    "'a b'": words("a b"),
    "\u2018a b\u2019": words("a b"),
    "'don't stop'": words("don't stop"),
    "don't": words("don't"),
    "'til": words("'til"),
    "rock 'n' roll": And((words("rock"), words("n"), words("roll"))),
    "AC/DC": words("AC/DC"),
    "ORB": words("ORB"),
    "or": words("or"),
    r"\OR": words("OR"),
    r"\-a": words("-a"),
    r"a\*": words("a*"),
    r"a\\*": words("a\\", is_prefix=True),
    r"a\:b": words("a:b"),
    r'"a \"b\""': words('a "b"'),
    "a b": And((A, B)),
    "a AND b": And((A, B)),
    "a a": A,
    "a OR b": term("any", Words("a", is_prefix=False), Words("b", is_prefix=False)),
    "a|b": term("any", Words("a", is_prefix=False), Words("b", is_prefix=False)),
    "-a": Not(A),
    "NOT a": Not(A),
    "--a": A,
    "NOT NOT a": A,
    "NOT -a": A,
    "-(a)": Not(A),
    "((a))": A,
    "(a)(b)": And((A, B)),
    "a b OR c": Or((And((A, B)), C)),
    "a (b c)": And((A, B, C)),
    "(a b) OR (b c) OR a b": Or((And((A, B)), And((B, C)))),
    "-a -b": Not(term("any", Words("a", is_prefix=False), Words("b", is_prefix=False))),
    "-a b": And((B, Not(A))),
    "NOT (a b)": Not(And((A, B))),
    "title:a": term("title", Words("a", is_prefix=False)),
    "Title:a": term("title", Words("a", is_prefix=False)),
    "title:a:b=c": term("title", Words("a:b=c", is_prefix=False)),
    "title:a*": term("title", Words("a", is_prefix=True)),
    'title:"a b"*': term("title", Words("a b", is_prefix=True)),
    'title="a b"': term("title", Whole("a b")),
    "title:=a": term("title", Whole("a")),
    "title:(a OR =b)": term("title", Words("a", is_prefix=False), Whole("b")),
    "title:wait..": term("title", Words("wait..", is_prefix=False)),
    "genre:(a OR b*)": term("genre", Name("a", is_prefix=False), Name("b", is_prefix=True)),
    "genre:(a AND NOT b)": And(
        (
            term("genre", Name("a", is_prefix=False)),
            Not(term("genre", Name("b", is_prefix=False))),
        )
    ),
    "genre:(a AND (b OR c))": And(
        (
            term("genre", Name("a", is_prefix=False)),
            term("genre", Name("b", is_prefix=False), Name("c", is_prefix=False)),
        )
    ),
    "year:1999": term("year", Interval("1999", "1999~")),
    "year=1999": term("year", Interval("1999", "1999~")),
    'year:"1999"': term("year", Interval("1999", "1999~")),
    "year:>1999": term("year", Interval("1999~", "~")),
    "year>1999": term("year", Interval("1999~", "~")),
    "year:>=1999": term("year", Interval("1999", "~")),
    "year<1999": term("year", Interval("0", "1999")),
    "year<=1999": term("year", Interval("0", "1999~")),
    "year:1990..1999": term("year", Interval("1990", "1999~")),
    "year:..1999": term("year", Interval("0", "1999~")),
    "year:1990..": term("year", Interval("1990", "~")),
    "year:(1990 OR >2000)": term("year", Interval("1990", "1990~"), Interval("2000~", "~")),
    "date:1999-03..1999-04": term("date", Interval("1999-03", "1999-04~")),
    "loudness:-14..-8": term("loudness", Interval(-14.0, -7.999999999999999)),
    "duration:3:30": term("duration", Interval(210_000.0, 211_000.0)),
    "duration:1:00:00..": term("duration", Interval(3_600_000.0, float("inf"))),
    "duration:1h2m3s": term("duration", Interval(3_723_000.0, 3_724_000.0)),
    "bpm:120": term("bpm", Interval(119.5, 120.5)),
    "bpm:120.0": term("bpm", Interval(119.95, 120.05)),
    "bitrate:320k": term("bitrate", Interval(319_500.0, 320_500.0)),
    "bitrate:320kbps": term("bitrate", Interval(319_500.0, 320_500.0)),
    "samplerate:44.1k": term("samplerate", Interval(44_050.0, 44_150.0)),
    "explicit:yes": term("explicit", Value(True)),
    "status:failed": term("status", Value("FAILED")),
    "status:(FAILED OR PENDING)": term("status", Value("FAILED"), Value("PENDING")),
    "key:8A": term("key", Value(19)),
    'key:"F# minor"': term("key", Value(13)),
    "isrc:us-rc1-76-07839": term("isrc", Value("USRC17607839")),
    "source:Spotify": term("source", Value("spotify")),
    "source:spotify/a/B:c": term("source", ExternalId("spotify", "a/B:c")),
    "tag:mood": term("tag", TagKey("mood")),
    "tag:mood=a": term("tag", TagValue("mood", "a", False, None, None)),
    "tag:mood:a*": term("tag", TagValue("mood", "a", True, None, None)),
    "tag:stars=4": term("tag", TagValue("stars", "4", False, 4.0, None)),
    "tag:live=Yes": term("tag", TagValue("live", "Yes", False, None, True)),
    "tag:stars:3..": term("tag", TagInterval("stars", 3.0, float("inf"))),
    "tag:mood:wait..": term("tag", TagValue("mood", "wait..", False, None, None)),
    'tag:"my key">=3': term("tag", TagInterval("my key", 3.0, float("inf"))),
    'tag:"my key"': term("tag", TagKey("my key")),
    "has:isrc": term("isrc", Present()),
    "missing:isrc": Not(term("isrc", Present())),
    "-missing:isrc": term("isrc", Present()),
    "has:(isrc OR mbid)": Or((term("isrc", Present()), term("mbid", Present()))),
    "missing:(isrc AND mbid)": And(
        (Not(term("isrc", Present())), Not(term("mbid", Present())))
    ),
}  # fmt: skip

MISTAKES: Final = {
    '"a b': "column 1: this quote is never closed; one that is text needs a '\\' before it",
    'a "': "column 3: this quote is never closed; one that is text needs a '\\' before it",
    "a (b": "column 3: this '(' is never closed",
    "a (b))": "column 6: this ')' closes nothing",
    "()": "column 2: something is missing before this ')'",
    "(a OR)": "column 6: something is missing before this ')'",
    "a OR": "column 5: something is missing at the end",
    "NOT": "column 4: something is missing at the end",
    "OR": "column 1: 'OR' must stand between two terms",
    "a OR OR b": "column 6: 'OR' must stand between two terms",
    "AND a": "column 1: 'AND' must stand between two terms",
    "| a": "column 1: '|' must stand between two terms",
    "-": "column 1: '-' must be followed by what is excluded",
    "a - b": "column 3: '-' must be followed by what is excluded",
    "*": "column 1: '*' can only end a word; elsewhere it needs a '\\' before it",
    "M*A*S*H": "column 2: '*' can only end a word; elsewhere it needs a '\\' before it",
    "a\\": "column 2: '\\' must be followed by the character that it protects",
    ":": "column 1: this must follow a field; put text that contains it in quotes",
    "I <3 U": "column 3: this must follow a field; put text that contains it in quotes",
    "artist:": "column 7: a value must follow this ':' without a space",
    "artist: a": "column 7: a value must follow this ':' without a space",
    "year>": "column 5: a value must follow this '>' without a space",
    'artist:""': "column 8: there is nothing between the quotes",
    '" "': "column 1: there is nothing between the quotes",
    "a yaer:1999": "column 3: there is no field 'yaer'; did you mean year?",
    "re:stacks": "column 1: there is no field 're'; put text with such a sign in quotes",
    "zzz:1": "column 1: there is no field 'zzz'; put text with such a sign in quotes",
    "has:zzz": "column 5: there is no field 'zzz'; put text with such a sign in quotes",
    "has:any": "column 5: has: must be followed by the name of a field",
    "has:>isrc": "column 6: has: must be followed by the name of a field",
    "genre:(a b)": "column 10: write OR or AND between the values of a field",
    'genre:("a" "b")': "column 12: write OR or AND between the values of a field",
    "genre:-a": "column 7: '-' stands before a field, a word or '(', not before a value",
    "year>(1990 OR 1991)": "column 5: a list of values follows ':'",
    "year:abc": "column 6: year must be a year such as 1999, or a range such as 1990..1999",
    "year:0": "column 6: year must be a year such as 1999, or a range such as 1990..1999",
    "year:19999": "column 6: year must be a year such as 1999, or a range such as 1990..1999",
    "year:199*": "column 6: year cannot be searched by its beginning: leave out the '*'",
    "year:..": "column 6: year needs at least one end of the range",
    "year:1999..1990": "column 6: year must not end before it begins",
    "tag:stars:4..3": "column 11: tag must not end before it begins",
    "date:1999-13": "column 6: date must be a date such as 1999, 1999-03 or 1999-03-08, "
    "or a range of them",
    "date:1999-02-30": "column 6: date must be a date such as 1999, 1999-03 or 1999-03-08, "
    "or a range of them",
    "added:-7d": "column 7: added must be a range when it counts from now, such as -7d..",
    "added:soon": "column 7: added must be a time such as 2024, 2024-03, 2024-03-08, "
    "2024-03-08T10:00Z or -7d",
    "added:2024-03-08T25:00Z": "column 7: added must be a time such as 2024, 2024-03, 2024-03-08, "
    "2024-03-08T10:00Z or -7d",
    "duration:3:60": "column 10: duration must be a length such as 3:30, 210 or 3m30s, "
    "or a range of them",
    "bpm:fast": "column 5: bpm must be a number such as 128, or a range of them",
    "bpm:1e5": "column 5: bpm must be a number such as 128, or a range of them",
    "bpm:120k": "column 5: bpm must be a number such as 128, or a range of them",
    "key:H": "column 5: key must be a key such as 8A, 1m, C#m or 'F# minor'",
    "key:13A": "column 5: key must be a key such as 8A, 1m, C#m or 'F# minor'",
    "status:done": "column 8: status must be one of pending, processing, completed, failed",
    "status:>failed": "column 9: status has no order, so '>' means nothing",
    "explicit:maybe": "column 10: explicit must be true or false",
    "title:>a": "column 8: title has no order, so '>' means nothing",
    "title=a*": "column 7: title cannot be searched by its beginning: leave out the '*'",
    "genre:<a": "column 8: genre has no order, so '<' means nothing",
    "any=a": "column 5: any cannot be compared by '=': write ':'",
    "id:1": "column 4: id must be a UUID such as 01920000-0000-7000-8000-000000000000",
    "isrc:123": "column 6: isrc must be an ISRC such as USRC17607839",
    "source:spotify/": "column 8: source must be the name of a system, or the name and an id: "
    "spotify, spotify/ID",
    "lyrics:love": "column 8: lyrics can only be asked for with has: and missing:",
    "a\0": "column 2: NUL and lone surrogates are not text",
    "\ud800": "column 1: NUL and lone surrogates are not text",
}


@pytest.mark.parametrize("text", MEANINGS)
def test_meaning(text: str) -> None:
    assert parse(text).root == MEANINGS[text]


@pytest.mark.parametrize("text", MISTAKES)
def test_mistake(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text, field="query.rules")
    (violation,) = caught.value.violations
    assert violation.field == "query.rules"
    assert violation.description == MISTAKES[text]


@pytest.mark.parametrize("blank", ["", "  ", "\n\t", "\u2003"])
def test_blank_text_asks_for_nothing(blank: str) -> None:
    assert parse(blank).is_empty


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("a", [(1, "a")]),
        ("a OR b", [(1, "a OR b")]),
        ("year:1990..1999 -genre:live", [(1, "year:1990..1999"), (17, "-genre:live")]),
        (" (a OR b) AND NOT  x\n'b c'*", [(2, "(a OR b)"), (15, "NOT  x"), (22, "'b c'*")]),
        ("((a b)) title:(a OR b)", [(1, "((a b))"), (9, "title:(a OR b)")]),
        ("((a -b))", [(3, "a"), (5, "-b")]),
        ("-(a b)", [(1, "-(a b)")]),
    ],
)
def test_clauses_are_what_stands_side_by_side(text: str, parts: list[tuple[int, str]]) -> None:
    assert [(clause.column, clause.text) for clause in clauses(text)] == parts


def test_a_query_is_a_value() -> None:
    assert parse("a  (b)") == parse("a b") == Query(And((A, B)), "filter")
    assert hash(parse("-a year:1999")) == hash(parse("-a  year:1999"))
    assert parse("a") is parse("a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a" * (MAX_LENGTH + 1), "must have at most 2,000 characters, has 2,001"),
        ("a " * (MAX_TERMS + 1), "column 401: there may be at most 200 terms"),
        (f"genre:({' OR '.join('a' * (MAX_TERMS + 1))})", "there may be at most 200 terms"),
        ("(" * 51 + "a" + ")" * 51, "column 51: parentheses may be nested at most 50 deep"),
        ("(" * 200 + ")" * 200, "column 51: parentheses may be nested at most 50 deep"),
        ("genre:" + "(" * 51 + "a" + ")" * 51, "column 57: parentheses may be nested at most 50"),
    ],
)
def test_limits(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * MAX_LENGTH,
        "a " * MAX_TERMS,
        "-" * (MAX_LENGTH - 1) + "a",
        "NOT " * 499 + "a",
        "(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH,
        "(a OR -(b " * (MAX_DEPTH // 2) + "c" + "))" * (MAX_DEPTH // 2),
        "'a " * 600,
    ],
)
def test_what_is_within_the_limits_can_be_compiled(text: str) -> None:
    try:
        query = parse(text)
    except InvalidInput:
        assert text.count("a") > MAX_TERMS
    else:
        condition(query)
        repr(query)


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (("C", "c", "Cmaj", "C major", "CM", "8B", "1d", "B#"), 0),
        (("Am", "a minor", "Amin", "8A", "8a", "1m"), 19),
        (("C#m", "c♯m", "Dbm", "d♭ minor", "12A", "5m"), 3),
        (("F#", "Gb", "2B", "7d", "G♭ Major"), 12),
        (("Bb", "bb", "A#", "6B"), 20),
        (("Cb", "B", "1B", "6d"), 22),
    ],
)
def test_keys_have_many_names(names: tuple[str, ...], key: int) -> None:
    assert {key_named(name) for name in names} == {key}


@pytest.mark.parametrize(
    ("key", "mixing"),
    [
        ("8A", {"8A", "8B", "7A", "7B", "9A", "9B"}),
        ("1A", {"1A", "1B", "12A", "12B", "2A", "2B"}),
        ("12B", {"12A", "12B", "11A", "11B", "1A", "1B"}),
        ("C", {"C", "Am", "G", "Em", "F", "Dm"}),
    ],
)
def test_six_keys_mix(key: str, mixing: set[str]) -> None:
    assert set(compatible(key_named(key))) == {key_named(name) for name in mixing}


def test_both_wheels_name_all_keys() -> None:
    camelot = {key_named(f"{hour}{letter}") for hour in range(1, 13) for letter in "AB"}
    open_key = {key_named(f"{hour}{letter}") for hour in range(1, 13) for letter in "md"}
    assert camelot == open_key == set(range(24))


def test_every_field_says_what_it_is() -> None:
    for name, field in FIELDS.items():
        assert name == field.name == name.lower()
        assert field.meaning.endswith(".")


pieces = st.sampled_from(
    [
        *string.punctuation,
        *(
            " ",
            "\n",
            "\0",
            "\ud800",
            "\u200f",
            "\u2018",
            "\u2019",
            "“",
            "”",
            "💿",
            "é",
            "a",
            '"a b"',
        ),
        *(
            "OR",
            "AND",
            "NOT",
            "..",
            "year:",
            "1999",
            "9999",
            "0000",
            "key:",
            "8A",
            "tag:x=",
            "has:",
        ),
        *("added:", "-7d", "title:", "genre:(", "duration:", "3:30", "bpm>", "source:"),
    ]
)


@settings(max_examples=1_000, deadline=None)
@given(text=st.one_of(st.lists(pieces, max_size=30).map("".join), st.text(max_size=60)))
@example(text='tag:"\\')
@example(text="added:0001-01-01T00:00+23:59")
@example(text="added:9999-12-31T23:59:59-23:59")
@example(text="added:9999-12-31..9999")
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        query = parse(text)
    except InvalidInput as error:
        (violation,) = error.violations
        assert violation.field == "filter"
        assert violation.description.startswith("column ")
        assert len(violation.description) < 250
    else:
        condition(query)
        parts = [clause.query.root for clause in clauses(text)]
        roots = [root for root in parts if root is not None]
        assert len(roots) == len(parts)
        assert (all_of(roots) if roots else None) == query.root


@pytest.mark.parametrize("character", string.punctuation)
def test_punctuation_alone_is_understood_or_refused(character: str) -> None:
    test_any_text_is_understood_or_refused.hypothesis.inner_test(character)  # type: ignore[attr-defined]


def test_what_was_read_once_is_at_hand() -> None:
    text = "artist:queen year:1990..1999 -genre:live"
    parse(text)
    begin = time.perf_counter()
    for _ in range(100):
        parse(text)
    assert time.perf_counter() - begin < 0.01


def test_keys_are_named_on_the_wheel() -> None:
    assert (camelot(18), camelot(19), camelot(0)) == ("11B", "8A", "8B")
    assert [key_named(camelot(key)) for key in range(24)] == list(range(24))


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50))
@example('R&B "Soul" \\')
@example("rock*")
def test_quoted_text_is_a_value_that_means_just_this_text(text: str) -> None:
    if text.strip():
        assert parse(f"genre:{quoted(text)}").root == term("genre", Name(text, False))
