"""Where a text names several artists, and where it is one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.artists.model import credit_of
from service.credits.model import (
    BY_IDS,
    BY_NAMES,
    BY_SIGN,
    Evidence,
    Part,
    candidates,
    has_signs,
    parts_named,
    split,
)

BANDS = (
    "AC/DC",
    "Simon & Garfunkel",
    "Tyler, The Creator",
    "Earth, Wind & Fire",
    "Bob Marley & The Wailers",
    "Crosby, Stills, Nash & Young",
    "Nick Cave and the Bad Seeds",
    "Mumford & Sons",
    "Florence + The Machine",
)


def names(text: str, *known: str, artists: int = 0) -> list[str]:
    return [name.name for name in split(text, Evidence(frozenset(known)), artists).names]


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("A feat. B", (), ["A", "B"]),
        ("A Ft B", (), ["A", "B"]),
        ("A featuring B feat. C", (), ["A", "B", "C"]),
        ("A; B;C", (), ["A", "B", "C"]),
        ("Ann Lee & Bo Ek", ("Ann Lee", "Bo Ek"), ["Ann Lee", "Bo Ek"]),
        ("Ann Lee x Bo Ek", ("Ann Lee", "Bo Ek"), ["Ann Lee", "Bo Ek"]),
        ("Ann Lee/Bo Ek", ("Ann Lee", "Bo Ek"), ["Ann Lee", "Bo Ek"]),
        ("Ann Lee vs. Bo Ek", ("Ann Lee", "Bo Ek"), ["Ann Lee", "Bo Ek"]),
        ("Ann x Bo", ("Ann", "Bo"), ["Ann", "Bo"]),
        ("Ann Lee & Bo Ek", ("Ann Lee",), ["Ann Lee & Bo Ek"]),
        ("Ann Lee & Bo Ek", ("Ann Lee", "Bo Ek", "Ann Lee & Bo Ek"), ["Ann Lee & Bo Ek"]),
        ("Ann & Bo", ("Ann", "Bo"), ["Ann & Bo"]),
        (
            "Tyler, The Creator & Ann Lee",
            ("Tyler, The Creator", "Tyler", "The Creator", "Ann Lee"),
            ["Tyler, The Creator", "Ann Lee"],
        ),
        (
            "Earth, Wind & Fire feat. Ann Lee",
            ("Earth", "Wind & Fire"),
            ["Earth, Wind & Fire", "Ann Lee"],
        ),
        ("A feat. Ann Lee & Bo Ek", ("Ann Lee", "Bo Ek"), ["A", "Ann Lee", "Bo Ek"]),
        ("A (feat. B)", (), ["A", "B"]),
        ("A [Ft. B feat. C]", (), ["A", "B", "C"]),
        ("A(feat.B)", (), ["A", "B"]),
        ("A (feat. B", (), ["A (feat. B"]),
        ("A (feat. B]", (), ["A (feat. B]"]),
        ("A (feat. B (of C))", (), ["A (feat. B (of C))"]),
        ("(feat. B)", (), ["(feat. B)"]),
        ("A (live)", ("A", "live"), ["A (live)"]),
        ("A feat. B (featuring C)", (), ["A", "B", "C"]),
        ("Ann Lee & Bo Ek (feat. C)", ("Ann Lee", "Bo Ek"), ["Ann Lee", "Bo Ek", "C"]),
        ("A (feat. Ann Lee & Bo Ek)", ("Ann Lee", "Bo Ek"), ["A", "Ann Lee", "Bo Ek"]),
        ("A [with B]", ("A", "B"), ["A", "B"]),
        ("A (w/ Ann Lee & Bo Ek)", ("A", "Ann Lee", "Bo Ek"), ["A", "Ann Lee", "Bo Ek"]),
        ("A [with B]", ("A",), ["A [with B]"]),
        ("A [with B]", ("A", "B", "A [with B]"), ["A [with B]"]),
        ("A feat. C (with B)", ("A",), ["A", "C (with B)"]),
        ("feat. B", (), ["feat. B"]),
        ("A & ", ("A",), ["A & "]),
        ("; ;", (), ["; ;"]),
        ("Defeat. The End", (), ["Defeat. The End"]),
    ],
)
def test_splits(text: str, known: tuple[str, ...], expected: list[str]) -> None:
    assert names(text, *known) == expected


@pytest.mark.parametrize("band", BANDS)
def test_keeps_the_names_of_bands_whole(band: str) -> None:
    assert names(band) == [band]
    assert names(band, band, *candidates(band)) == [band]
    assert names(f"{band} feat. A", band) == [band, "A"]
    assert names(f"{band}; A", band) == [band, "A"]
    single_words = (name for name in candidates(band) if " " not in name)
    assert names(band, *single_words) == [band]


def test_the_number_of_artists_decides() -> None:
    assert names("Ann & Bo", "Ann", "Bo", artists=1) == ["Ann & Bo"]
    assert names("A feat. B", artists=1) == ["A feat. B"]
    assert names("Ann & Bo", artists=2) == ["Ann", "Bo"]
    assert names("Earth, Wind & Fire feat. A", artists=2) == ["Earth, Wind & Fire", "A"]
    assert names("Ann [with Bo]", artists=2) == ["Ann", "Bo"]
    assert split("Ann & Bo", Evidence(), 2).confidence == BY_IDS
    assert split("A & B, C", Evidence(), 2).undecided == ("A & B, C",)


def test_a_decision_decides() -> None:
    evidence = Evidence(
        frozenset({"Ann Lee & Bo Ek"}),
        {
            "Ann & Bo": [Part("Ann", " & "), Part("Bo")],
            "Ann (with Bo)": [Part("Ann", " (with "), Part("Bo", ")")],
        },
    )
    guests = split("Ann (with Bo); C", evidence).names
    assert [(name.name, name.join_phrase) for name in guests] == [
        ("Ann", " (with "),
        ("Bo", "); "),
        ("C", ""),
    ]
    found = split("A feat. Ann & Bo", evidence)
    assert [name.name for name in found.names] == ["A", "Ann", "Bo"]
    assert not found.undecided


def test_tells_roles_confidence_and_doubt() -> None:
    found = split("A feat. B & C D", Evidence())
    assert [(name.role, name.join_phrase) for name in found.names] == [
        ("PRIMARY", " feat. "),
        ("FEATURED", ""),
    ]
    assert found.undecided == ("B & C D",)
    assert found.confidence == BY_SIGN
    assert split("C D & E F", Evidence(frozenset({"C D", "E F"}))).confidence == BY_NAMES
    assert split("A", Evidence()).undecided == ()
    guests = split("A (feat. B & C D)", Evidence())
    assert [(name.role, name.join_phrase) for name in guests.names] == [
        ("PRIMARY", " (feat. "),
        ("FEATURED", ")"),
    ]
    assert (guests.undecided, guests.confidence) == (("B & C D",), BY_SIGN)
    assert split("A [with B]", Evidence()).undecided == ("A [with B]",)
    assert split("A [with B]", Evidence(frozenset("AB"))).confidence == BY_NAMES


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("A & B", ["A", "B"], [Part("A", " & "), Part("B")]),
        ("A & B", ["A & B"], [Part("A & B")]),
        ("A [with B]", ["A", "B"], [Part("A", " [with "), Part("B", "]")]),
        ("A [with B] C", ["A", "B"], None),
        ("A & B", ["B", "A"], None),
        ("A & B", ["A"], None),
        ("A & B", ["B"], None),
        ("AB", ["A", "B"], None),
        ("A & B", [], None),
        ("A & B", ["A", " ", "B"], None),
        (f"A{' ' * 51}B", ["A", "B"], None),
    ],
)
def test_reads_a_decision(text: str, found: list[str], expected: list[Part] | None) -> None:
    assert parts_named(text, found) == expected


_WORDS = st.sampled_from(["A", "Ann Lee", "Bo", "The C", "", " ", "x", "ft", "Earth"])
_SIGNS = st.sampled_from(
    [
        " feat. ",
        " Ft. ",
        ";",
        "; ",
        " & ",
        ", ",
        "/",
        " / ",
        " x ",
        " and ",
        " vs ",
        "  ",
        " ",
        " (feat. ",
        "[with ",
        ")",
        " ]",
    ]
)
_TEXTS = st.lists(st.tuples(_WORDS, _SIGNS), min_size=1, max_size=20).map(
    lambda pairs: "".join(word + sign for word, sign in pairs)
) | st.text(max_size=80)


@given(_TEXTS, st.sets(_WORDS, max_size=8), st.integers(0, 5))
def test_names_and_joins_are_the_text(text: str, known: set[str], artists: int) -> None:
    found = split(text, Evidence(frozenset(known)), artists)
    assert "".join(name.name + name.join_phrase for name in found.names) == text
    assert credit_of(found.names).display == text
    if len(found.names) > 1:
        assert has_signs(text)
        assert all(name.name.strip() for name in found.names)


@given(_TEXTS)
def test_what_is_known_stays_whole(text: str) -> None:
    known = Evidence(frozenset(candidates(text)))
    assert not set(split(text, known).undecided) & known.known
