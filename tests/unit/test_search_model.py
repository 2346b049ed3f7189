"""The rules of the ladder: what a query is read as when it finds too little."""

from __future__ import annotations

from uuid import UUID

import pytest

from fonoteca.v1 import search_pb2
from service.search.model import (
    Hit,
    Rung,
    Words,
    all_words,
    allowed_edits,
    joins,
    last_as_prefix,
    mended,
    near_spellings,
    splits,
    with_fewer_words,
    with_typos,
    without_brackets,
    without_noise,
)

ONE, TWO = UUID(int=1), UUID(int=2)


def test_rungs_have_the_numbers_of_the_contract() -> None:
    for rung in Rung:
        assert search_pb2.SearchRung.Value(f"SEARCH_RUNG_{rung.name}") == rung.value


def test_a_stricter_rung_comes_first() -> None:
    hits = [Hit(ONE, rung, relevance) for rung in list(Rung)[:5] for relevance in (0.99, 0.5, 0.01)]
    assert sorted(hits, key=lambda hit: hit.order) == hits
    assert all(0 < hit.score <= 1 for hit in hits)


@pytest.mark.parametrize("relevance", [-1.0, 0.0, 0.3, 1.0, 7.0])
def test_scores_are_above_zero_and_at_most_one(relevance: float) -> None:
    assert all(0 < Hit(ONE, rung, relevance).score <= 1 for rung in Rung)


def test_ties_are_in_the_order_of_the_ids() -> None:
    assert Hit(ONE, Rung.TYPO, 0.5).order < Hit(TWO, Rung.TYPO, 0.5).order


def test_words_are_distinct_in_order_and_not_too_many() -> None:
    assert Words("b a b", "").words == ("b", "a")
    assert Words("", "").words == ()
    assert len(Words(" ".join(map(str, range(100))), "").words) == 24


def test_all_words_are_quoted() -> None:
    assert all_words(["a&b", "c"]) == "'a&b' & 'c'"


def test_the_last_word_may_be_a_beginning() -> None:
    assert last_as_prefix(["night", "mo"]) == "'night' & 'mo':*"
    assert last_as_prefix(["night", "m"]) is None


@pytest.mark.parametrize(
    ("word", "edits"), [("abc", 0), ("abcd", 1), ("abcdefg", 1), ("abcdefgh", 2), ("愛", 0)]
)
def test_longer_words_may_have_more_typos(word: str, edits: int) -> None:
    assert allowed_edits(word) == edits


def test_the_nearest_words_are_meant() -> None:
    near = ["love", "glove", "lover", "live", "lvoe", "lives", "evol"]
    assert mended("lvoe", near) == ("lvoe", "love")
    assert mended("love", near) == ("love", "glove", "lover", "live", "lvoe")
    assert mended("lov", ["love"]) == ()
    assert mended("metalica", ["metallica", "metal"]) == ("metallica",)


def test_spellings_that_trigrams_overlook() -> None:
    assert near_spellings("abc") == set()
    assert near_spellings("abcde") == {"bacde", "acbde", "abdce", "abced"}
    assert {"love", "lvoe", "kove", "lovx"} - near_spellings("lvoe") == {"lvoe", "kove", "lovx"}
    assert {"love", "rove", "loxe"} - near_spellings("kove") == {"loxe"}
    assert near_spellings("aaaaa") == set()


def test_very_long_words_are_looked_up_by_their_beginning() -> None:
    assert allowed_edits("x" * 251) == 0
    assert all_words(["x" * 250]) == f"'{'x' * 250}'"
    assert all_words(["x" * 251]) == last_as_prefix(["x" * 251]) == f"'{'x' * 250}':*"


def test_words_are_split_and_joined() -> None:
    assert list(splits("abcde")) == [("ab", "cde"), ("abc", "de")]
    assert list(splits("abc")) == []
    assert list(joins(["a", "b", "c"])) == [(0, "ab"), (1, "bc")]


def test_misspelt_words_are_replaced() -> None:
    known = frozenset({"night"})
    assert with_typos(["night", "lvoe"], known, {"lvoe": ["love"]}) == "(('night') & ('love'))"
    assert with_typos(["night"], known, {}) is None
    assert with_typos(["night", "xyzzy"], known, {}) is None


def test_words_that_were_run_together_are_parted() -> None:
    known = frozenset({"lovely", "day"})
    assert with_typos(["lovelyday"], known, {}) == "((('lovely' & 'day')))"


def test_words_that_were_torn_apart_are_joined() -> None:
    known = frozenset({"under", "ground", "underground", "velvet"})
    assert with_typos(["velvet", "under", "ground"], known, {}) == "('underground' & ('velvet'))"


def test_what_people_add_to_a_name_is_dropped_first() -> None:
    known = frozenset({"love", "official", "live", "paris"})
    words = ("love", "official", "xyzzy", "live", "paris")
    assert without_noise(words, ("love",), known) == ["'love' & 'live' & 'paris'", "'love'"]
    assert without_noise(("love",), ("love",), known) == []
    assert without_brackets("Love (Live in Paris) [2003] {HD} (open") == "Love        "


def test_then_one_word_is_dropped_then_more_from_either_end() -> None:
    variants = with_fewer_words(["a", "b", "c"], frozenset({"a", "b", "c"}))
    assert variants == ["'b' & 'c'", "'a' & 'c'", "'a' & 'b'", "'a'", "'c'"]
    assert with_fewer_words(["xyzzy"], frozenset()) == []
    many = [str(number) for number in range(24)]
    assert len(with_fewer_words(many, frozenset(many))) == 16
