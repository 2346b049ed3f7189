"""What a query is read as when it finds too little."""

from __future__ import annotations

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from service.search.model import Pattern, Words
from service.search.patterns import (
    Vocabulary,
    all_words,
    allowed_edits,
    deletions,
    deletions_of_one_edit,
    divisions,
    joins,
    last_as_prefix,
    mended,
    names_like,
    splits,
    two_rarest_words,
    with_lookalikes,
    with_one_typo,
    with_typos,
    without_noise,
    without_one_word,
)

NOTHING = Vocabulary()
ALPHABET = "abcäß愛"


def knows(*words: str, **near: list[str]) -> Vocabulary:
    """A vocabulary of these words and of those that are near others."""
    tiers = dict.fromkeys(words, 1) | {other: 2 for others in near.values() for other in others}
    return Vocabulary(tiers, {word: dict.fromkeys(others, 2) for word, others in near.items()})


def selected(pattern: Pattern | None) -> str:
    """The tsquery of a pattern that there must be."""
    assert pattern is not None
    return pattern.words


def test_all_words_are_quoted() -> None:
    pattern = all_words(["b&c", "a"], NOTHING)
    all_of = "(('a') & ('b&c'))"
    assert pattern == Pattern(all_of, all_of, ("'b&c'", "'a'"), 2, is_rare=True)
    assert pattern.any_word == "'b&c' | 'a'"


def test_the_last_word_may_be_a_beginning() -> None:
    begun = Vocabulary(begun={"mo", "m"})
    assert selected(last_as_prefix(["night", "mo"], begun)) == "(('mo':*) & ('night'))"
    assert selected(last_as_prefix(["night", "m"], begun)) == "(('m':*) & ('night'))"
    assert last_as_prefix(["m"], begun) is None
    assert last_as_prefix(["night", "mx"], begun) is None


@pytest.mark.parametrize(
    ("words", "seek"),
    [
        ("mo", "(('mo':*))"),
        ("the mo", "(('mo':*) & ('the'))"),
        ("the m", "(('the'))"),
        ("phantom mo", "(('phantom'))"),
        ("phantom monda", "(('monda':*) & ('phantom'))"),
        ("phantom night", "(('phantom'))"),
        ("of night", "(('night':*) & ('of'))"),
    ],
)
def test_the_index_is_asked_for_a_beginning_where_other_words_are_common(
    words: str, seek: str
) -> None:
    shares = {"the": 0.3, "of": 0.2, "night": 0.02}
    begun = Vocabulary(begun={"mo", "m", "monda", "night"}, shares=shares)
    pattern = last_as_prefix(words.split(), begun)
    assert pattern is not None
    assert pattern.seek == seek


@pytest.mark.parametrize(
    ("words", "seek"),
    [
        ("the phantom night", "(('night') & ('phantom'))"),
        ("the phantom", "(('phantom') & ('the'))"),
        ("the phantom opera", "(('opera') & ('phantom'))"),
        ("phantom opera ghost", "(('opera') & ('phantom'))"),
        ("the of a night", "(('a') & ('night') & ('of') & ('the'))"),
        ("her night dance", "(('dance') & ('her'))"),
    ],
)
def test_the_index_is_asked_for_rare_words_and_common_ones_if_it_must(
    words: str, seek: str
) -> None:
    shares = {"the": 0.3, "night": 0.02, "of": 0.2, "a": 0.1, "her": 0.002, "dance": 0.004}
    assert all_words(words.split(), Vocabulary(shares=shares)).seek == seek


@pytest.mark.parametrize(
    ("words", "is_rare"), [("phantom", True), ("the phantom", True), ("the night", False)]
)
def test_few_tracks_are_expected_to_have_a_rare_word(words: str, *, is_rare: bool) -> None:
    known = Vocabulary(shares={"the": 0.3, "night": 0.02})
    assert all_words(words.split(), known).is_rare == is_rare


@pytest.mark.parametrize(("words", "is_rare"), [("instrumen", False), ("phantom instrumen", True)])
def test_very_many_tracks_may_have_a_word_that_begins_so(words: str, *, is_rare: bool) -> None:
    pattern = last_as_prefix(words.split(), Vocabulary(begun={"instrumen"}))
    assert pattern is not None
    assert pattern.is_rare == is_rare


@pytest.mark.parametrize(
    ("words", "seek", "also"),
    [
        ("phantom nigt", "(('phantom'))", ""),
        ("her nigt", "(('her'))", "(('night' | 'nigh'))"),
        ("her phantom opra", "(('opera') & ('phantom'))", ""),
        ("nigt", "(('night' | 'nigh'))", ""),
    ],
)
def test_the_index_is_asked_for_words_with_alternatives_apart_if_at_all(
    words: str, seek: str, also: str
) -> None:
    shares = {"night": 0.02, "her": 0.002}
    near = {"nigt": {"night": 0, "nigh": 1}, "opra": {"opera": 0}}
    known = Vocabulary({"phantom": 1, "her": 0}, near=near, shares=shares)
    pattern = with_typos(words.split(), known)
    assert pattern is not None
    assert (pattern.seek, pattern.also) == (seek, also)


@pytest.mark.parametrize(
    ("word", "other", "edits"),
    [
        ("abc", "abd", 0),
        ("abc", "abcd", 1),
        ("abcd", "abcd", 1),
        ("abcdefg", "abcdefg", 1),
        ("abcdefg", "abcdefgh", 2),
        ("愛", "哀", 0),
        ("x" * 251, "y", 0),
    ],
)
def test_longer_words_may_have_more_typos(word: str, other: str, edits: int) -> None:
    assert allowed_edits(word, other) == allowed_edits(other, word) == edits


@given(st.text(ALPHABET, min_size=3, max_size=12), st.data())
def test_words_within_the_allowed_edits_share_a_deletion(word: str, data: st.DataObject) -> None:
    other = word
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(other)))
        kind = data.draw(st.sampled_from(["insert", "delete", "replace", "transpose"]))
        letter = data.draw(st.sampled_from(ALPHABET))
        rest = other[at:]
        new = {
            "insert": letter + rest,
            "delete": rest[1:],
            "replace": letter + rest[1:],
            "transpose": rest[1:2] + rest[:1] + rest[2:],
        }[kind]
        other = other[:at] + new
    if len(other) >= 3 and OSA.distance(word, other) <= allowed_edits(word, other):
        assert set(deletions(word)) & set(deletions(other))
        if OSA.distance(word, other) <= 1:
            assert set(deletions_of_one_edit(word)) & set(deletions(other))


@given(st.text(ALPHABET, min_size=3, max_size=12))
def test_to_look_for_one_edit_takes_no_other_deletions(word: str) -> None:
    assert set(deletions_of_one_edit(word)) <= set(deletions(word))
    assert len(deletions_of_one_edit(word)) <= 5


def test_short_and_endless_words_have_no_deletions() -> None:
    assert deletions("ab") == deletions("x" * 251) == []
    assert len(deletions("abc")) == 1
    assert len(deletions("abcdefgh")) == 21


def test_the_nearest_words_are_meant() -> None:
    near = dict.fromkeys(["love", "glove", "lover", "live", "lvoe", "lives", "evol"], 1)
    assert mended("lvoe", near) == ["love"]
    assert mended("love", near) == ["glove", "live", "lover", "lvoe"]
    assert mended("love", near | {"lover": 0})[0] == "lover"
    assert mended("lov", {"love": 1, "low": 1}) == ["love"]
    assert mended("metalica", {"metallica": 1, "metal": 1, "metallic": 1}) == ["metallica"]
    assert mended("metalica", {"metallica": 1, "metallic": 1}, farther=True) == [
        "metallica",
        "metallic",
    ]


def test_there_is_a_limit_to_what_may_have_been_meant() -> None:
    near = {f"ab{letter}{other}": 1 for letter in ascii_lowercase for other in "dx"}
    assert len(mended("abyd", near)) == 26
    assert len(mended("abcd", near | {f"{letter}bcd": 1 for letter in "efghijklmn"})) == 32


def test_very_long_words_are_looked_up_by_their_beginning() -> None:
    assert all_words(["x" * 250], NOTHING).words == f"(('{'x' * 250}'))"
    assert all_words(["x" * 251], NOTHING).words == f"(('{'x' * 250}':*))"


def test_words_are_split_and_joined() -> None:
    assert list(splits("abcde")) == [("ab", "cde"), ("abc", "de")]
    assert list(splits("abc")) == []
    assert list(joins(["a", "b", "c"])) == [(0, "ab"), (1, "bc")]


def test_misspelt_words_are_replaced() -> None:
    known = knows("night", lvoe=["love"])
    assert selected(with_typos(["night", "lvoe"], known)) == "(('love') & ('night'))"
    assert with_typos(["night"], known) is None
    assert with_typos(["night", "xyzzy"], known) is None


def test_a_word_may_be_a_typo_of_another() -> None:
    known = knows("dance", "cal", cal=["call"], dance=["danse"])
    patterns = with_one_typo(["dance", "cal"], known)
    assert [of.words for of in patterns] == [
        "(('cal') & ('danse'))",
        "(('call') & ('dance'))",
    ]
    assert {(of.asked, of.is_every) for of in patterns} == {(2, True)}
    assert with_one_typo(["dance", "xyzzy"], known) == []
    assert with_one_typo(["dance"] * 5, known) == []
    both = with_typos(["dance", "cal"], known, farther=True)
    assert selected(both) == "(('cal' | 'call') & ('dance' | 'danse'))"


def test_words_that_were_run_together_are_parted() -> None:
    known = knows("lovely", "day")
    assert selected(with_typos(["lovelyday"], known)) == "(('lovely' & 'day'))"


def test_words_that_were_torn_apart_are_joined() -> None:
    known = knows("under", "ground", "underground", "velvet")
    typed = ["velvet", "under", "ground"]
    assert selected(with_typos(typed, known)) == "(('underground') & ('velvet'))"


def test_what_people_add_to_a_name_is_dropped_first() -> None:
    known = knows("love", "official", "live", "paris")
    query = Words("love official xyzzy live paris", "love")
    patterns = without_noise(query, known)
    assert [pattern.words for pattern in patterns] == [
        "(('live') & ('love') & ('paris'))",
        "(('love'))",
    ]
    # What stands in brackets is not asked for, but counts where it is found.
    assert {pattern.asked for pattern in patterns} == {1}
    assert {pattern.operands for pattern in patterns} == {("'love'", "'live'", "'paris'")}
    assert without_noise(Words("love", "love"), known) == []


def test_then_any_one_word_is_dropped() -> None:
    pattern = without_one_word(Words("a b c", "a b c"), knows("a", "b", "c"))
    assert pattern is not None
    assert pattern.words == "(('a') & ('b')) | (('a') & ('c')) | (('b') & ('c'))"
    assert (pattern.asked, pattern.is_every) == (3, False)
    assert without_one_word(Words("a xyzzy", "a xyzzy"), knows("a")) is None


def test_then_two_of_the_rarest_words_are_enough() -> None:
    shares = {"b": 0.1, "c": 0.2}
    words = "a b c d e f"
    vocabulary = Vocabulary(dict.fromkeys(words.split(), 1), shares=shares)
    pattern = two_rarest_words(Words(words, words), vocabulary)
    assert pattern is not None
    assert pattern.words.count("|") == 9
    assert "'c'" not in pattern.words
    assert "'c'" in pattern.operands
    assert two_rarest_words(Words("a b c", "a b c"), vocabulary) is None


def test_bad_misspellings_are_read_as_what_looks_like_them() -> None:
    known = knows("rhapsody", "bohemian")
    looks = {"rapzodi": ["rhapsody"]}
    pattern = with_lookalikes(["bohemien", "rapzodi"], known, looks)
    assert pattern is not None
    assert (pattern.words, pattern.asked, pattern.is_every) == ("(('rhapsody'))", 2, False)
    assert with_lookalikes(["x"], known, {}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acdc", ["acdc", "a cdc", "ac dc", "acd c", "a c d c"]),
        ("r e m", ["r e m", "rem", "re m", "r em"]),
        ("hip hop", ["hip hop", "hiphop"]),
        ("a", ["a"]),
        ("a" * 41, ["a" * 41]),
        ("a" * 500, ["a" * 300]),
    ],
)
def test_a_name_is_divided_otherwise(text: str, expected: list[str]) -> None:
    assert divisions(text) == expected


@given(st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=6).map(" ".join))
def test_divisions_have_the_letters_of_the_name(text: str) -> None:
    names = divisions(text)
    assert names[0] == text
    assert len(names) == len(set(names)) <= 42
    assert {name.replace(" ", "") for name in names} == {text.replace(" ", "")}


def test_two_words_come_into_question_as_one_if_the_catalogue_has_it() -> None:
    known = Vocabulary({"green": 0, "day": 0, "hits": 0, "greenday": 0})
    assert names_like("green day hits", known) == ["green day hits", "greenday hits"]
    assert names_like("unheard of", known) == ["unheard of"]


@given(text=st.text("ab", min_size=1, max_size=50))
def test_of_the_halves_of_a_word_nothing_is_known(text: str) -> None:
    assert names_like(text, Vocabulary()) == divisions(text)
