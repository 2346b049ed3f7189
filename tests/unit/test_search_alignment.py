"""Which words of a track stand for which words of a query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.search.alignment import WordMatch, WordReading, aligned, missing
from service.search.model import Rung

AS_TYPED, JOINED, SPLIT, BEGINNING, MENDED, LOOKALIKE = WordReading

word = st.text("abc", min_size=1, max_size=9)
words = st.lists(word, min_size=1, max_size=5, unique=True)
rungs = st.sampled_from([*list(Rung)[:5], None])


def told(query: str, of_track: str, rung: Rung | None = None) -> list[tuple[str, str, WordReading]]:
    matches = aligned(query.split(), of_track.split(), rung)
    return [(" ".join(match.typed), match.found, match.reading) for match in matches]


@pytest.mark.parametrize(
    ("query", "track", "expected"),
    [
        ("night love", "love night moon",
         [("night", "night", AS_TYPED), ("love", "love", AS_TYPED)]),
        ("black berry", "blackberry way", [("black berry", "blackberry", JOINED)]),
        ("black berry", "blackberry black",
         [("black", "black", AS_TYPED), ("black berry", "blackberry", JOINED)]),
        ("black berry", "blackberry black berry",
         [("black", "black", AS_TYPED), ("berry", "berry", AS_TYPED)]),
        ("greenday", "green day", [("greenday", "green", SPLIT), ("greenday", "day", SPLIT)]),
        ("queen bohem", "bohemian queen",
         [("queen", "queen", AS_TYPED), ("bohem", "bohemian", BEGINNING)]),
        ("bohem queen", "bohemian queen", [("queen", "queen", AS_TYPED)]),
        ("q", "queen", [("q", "queen", BEGINNING)]),
        ("qeuen", "queen", [("qeuen", "queen", MENDED)]),
        ("rachmanigoffsky", "rachmaninoff", []),
    ],
)  # fmt: skip
def test_a_word_is_read_in_the_first_way_that_fits(
    query: str, track: str, expected: list[tuple[str, str, WordReading]]
) -> None:
    assert told(query, track) == expected


def test_a_step_reads_words_in_its_own_ways() -> None:
    assert told("qeuen", "queen", Rung.ALL_WORDS) == []
    assert told("qeuen", "queen", Rung.PREFIX) == []
    assert told("quee", "queen", Rung.PREFIX) == [("quee", "queen", BEGINNING)]
    assert told("quee", "queen", Rung.TYPO) == [("quee", "queen", MENDED)]
    assert told("quee", "queen", Rung.FEWER_WORDS) == []


def test_what_is_left_of_the_words_that_were_looked_up_is_a_lookalike() -> None:
    assert told("love rachmanigoffsky", "love rachmaninoff", Rung.TYPO) == [
        ("love", "love", AS_TYPED),
        ("rachmanigoffsky", "rachmaninoff", LOOKALIKE),
    ]
    assert told("love", "love lovers", Rung.TYPO) == [("love", "love", AS_TYPED)]


def test_words_beyond_what_is_looked_up_do_not_count() -> None:
    long = "a" * 300
    [match] = aligned([long], ["a" * 250], Rung.EXACT)
    assert match.reading is AS_TYPED
    assert missing([long], [match]) == ()


@given(words, words, rungs)
def test_only_words_of_both_are_told(query: list[str], of_track: list[str], rung: Rung) -> None:
    matches = aligned(query, of_track, rung)
    for match in matches:
        assert set(match.typed) <= set(query)
        assert match.found in of_track
    lacking = missing(query, matches)
    assert set(lacking) | {of for match in matches for of in match.typed} == set(query)
    assert not set(lacking) & set(of_track)
    as_typed = {match.found for match in matches if match.reading is AS_TYPED}
    assert as_typed == set(query) & set(of_track)


@given(words)
def test_a_track_with_all_words_lacks_none(query: list[str]) -> None:
    expected = tuple(WordMatch((word,), word, AS_TYPED) for word in query)
    assert all(aligned(query, query, rung) == expected for rung in Rung)
