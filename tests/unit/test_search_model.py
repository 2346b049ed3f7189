"""What a search asks for, and how hits are rated."""

from __future__ import annotations

from uuid import UUID

import pytest

from fonoteca.v1 import search_pb2
from service.search.model import Hit, Match, Rung, Words, without_brackets

ONE, TWO = UUID(int=1), UUID(int=2)


def test_rungs_have_the_numbers_of_the_contract() -> None:
    for rung in Rung:
        assert search_pb2.SearchRung.Value(f"SEARCH_RUNG_{rung.name}") == rung.value


def test_a_stricter_rung_comes_first() -> None:
    hits = [Hit(ONE, rung, relevance) for rung in list(Rung)[:5] for relevance in (0.99, 0.5, 0.01)]
    assert sorted(hits, key=lambda hit: hit.order, reverse=True) == hits
    assert all(0 < hit.score <= 1 for hit in hits)


@pytest.mark.parametrize("relevance", [-1.0, 0.0, 0.3, 1.0, 7.0])
def test_scores_are_above_zero_and_at_most_one(relevance: float) -> None:
    assert all(0 < Hit(ONE, rung, relevance).score <= 1 for rung in Rung)


def test_of_ties_the_newest_comes_first() -> None:
    older, newer = Hit(ONE, Rung.TYPO, 0.5), Hit(TWO, Rung.TYPO, 0.5)
    assert max(older, newer, key=lambda hit: hit.order) == newer


def test_words_are_distinct_in_order_and_not_too_many() -> None:
    assert Words("b a b", "").words == ("b", "a")
    assert Words("", "").words == ()
    assert len(Words(" ".join(map(str, range(100))), "").words) == 24


def test_what_stands_in_brackets_can_be_left_out() -> None:
    assert without_brackets("Love (Live in Paris) [2003] {HD} (open") == "Love        "


def match(**found: int) -> Match:
    sizes = {"title_size": 2, "artist_size": 2, "album_size": 4}
    fields = ("in_title", "in_artist", "in_album", "in_genre", "in_lyrics")
    counts = dict.fromkeys(fields, 0)
    flags = {"is_exact": False, "in_order": False, "as_typed": False, "popularity": 0.0}
    return Match(**(counts | {"asked": 2} | sizes | flags | found))  # type: ignore[arg-type]


def test_a_title_counts_as_much_as_an_artist_and_more_than_the_rest() -> None:
    title, artist = match(in_title=2).parts, match(in_artist=2).parts
    album, genre = match(in_album=2).parts, match(in_genre=2).parts
    lyrics = match(in_lyrics=2).parts
    assert title == artist
    assert title.relevance > album.relevance > genre.relevance > lyrics.relevance > 0


def test_more_words_and_less_else_are_better() -> None:
    assert match(in_title=2).parts.relevance > match(in_title=1).parts.relevance
    assert match(in_title=2).whole == 1.0
    assert match(in_title=2, title_size=8).whole == 0.25
    assert match(in_title=1, in_artist=1).whole == 0.5
    assert match(in_title=1, is_exact=True).whole == 1.0


def test_the_parts_of_the_best_hit_add_up_to_one() -> None:
    best = match(in_title=2, in_order=True, as_typed=True, popularity=100)
    assert best.parts.relevance == pytest.approx(1.0)
    assert match(in_title=2, in_artist=2, in_album=2).parts.words == 0.4
