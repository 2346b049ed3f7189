"""The rules of matching: what titles, artists and lengths say for and against a match."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.matching.artists import Artists, artist_names, compare_artists
from service.matching.judge import Candidate, Reading, Wanted, judge, ranked, raw_readings
from service.matching.likeness import likeness
from service.matching.model import Item, Reason
from service.matching.titles import Title, compare_titles, title_parts

NAMES = st.lists(
    st.text("abcdei 12", min_size=1, max_size=6).map(str.strip).filter(bool), max_size=4
).map(" ".join)


def title(text: str) -> Title:
    """Return a title as it is compared; lower case does for folding."""
    parts = title_parts(text)
    folded = [of.lower().replace("-", " ") for of in (text, parts.core, parts.additions)]
    key, core, additions = (" ".join(of.translate(_NO_MARKS).split()) for of in folded)
    return Title(key, core, parts.kinds, additions)


_NO_MARKS = str.maketrans(dict.fromkeys("()[].,'", ""))


def artists(*names: str) -> Artists:
    return Artists.of(" ".join(names).lower(), [name.lower() for name in names])


@pytest.mark.parametrize(
    ("text", "core", "kinds", "guests"),
    [
        ("Jeremy", "Jeremy", set(), ""),
        ("Head & Heart (feat. MNEK) - Acoustic", "Head & Heart", {"acoustic"}, "MNEK"),
        ("Gangsta Fear (feat. Odunsi (The Engine))", "Gangsta Fear", set(), "Odunsi (The Engine)"),
        ("No Regrets feat. Don Toliver", "No Regrets", set(), "Don Toliver"),
        ("On the Street (with J. Cole)", "On the Street", set(), "J. Cole"),
        ("Jeremy - 2009 Remaster", "Jeremy", set(), ""),
        ("Jeremy [Live at the Hall] (Remastered)", "Jeremy", {"live"}, ""),
        ("Jeremy - Radio Edit", "Jeremy", {"edit"}, ""),
        ("Jeremy (Some Remix", "Jeremy", {"remix"}, ""),
        ("Suite - I. Prelude", "Suite", {"part"}, ""),
        ("(What's the Story)", "(What's the Story)", set(), ""),
        ("Live and Let Die", "Live and Let Die", set(), ""),
        ("Anti-Hero", "Anti-Hero", set(), ""),
        (" - ", " - ".strip(), set(), ""),
        (")(", ")(", set(), ""),
    ],
)
def test_takes_titles_apart(text: str, core: str, kinds: set[str], guests: str) -> None:
    parts = title_parts(text)
    assert (parts.core, set(parts.kinds), parts.guests) == (core, kinds, guests)


@given(st.text())
def test_any_title_has_a_core(text: str) -> None:
    assert bool(title_parts(text).core) == bool(text.strip())


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Jeremy", "jeremy", 1, 1),
        ("Jeremy", "Jeremy - 2009 Remaster", 1, 1),
        ("Jeremy remastered", "Jeremy", 1, 1),
        ("Jeremy (feat. A)", "Jeremy", 1, 1),
        ("Jeremy (Live)", "Jeremy - Live", 1, 1),
        ("Jeremy (Live)", "Jeremy (Live at Home)", 0.8, 0.9),
        ("Jeremy (Live)", "Jeremy", 0.5, 0.65),
        ("Jeremy live", "Jeremy", 0.5, 0.65),
        ("Jeremy (A Remix)", "Jeremy (Other Bootleg)", 0.4, 0.6),
        ("Jeremy - Radio Edit", "Jeremy", 0.8, 0.9),
        ("Suite - I. Prelude", "Suite - II. Courante", 0.3, 0.45),
        ("Part 1", "Part 2", 0, 0.1),
        ("Some Song, Vol. II", "Some Song, Vol. III", 0, 0.1),
        ("Do Your Thing", "Your Do Thing", 0.9, 0.95),
        ("Blackbird Road", "Black Bird Road", 0.9, 1),
        ("Bohemian Rapsody", "Bohemian Rhapsody", 0.8, 0.95),
        ("Video", "Video Killed the Radio Star", 0, 0.1),
        ("Love", "Love Music", 0, 0.1),
    ],
)
def test_compares_titles(one: str, other: str, least: float, most: float) -> None:
    assert least <= compare_titles(title(one), title(other))[0] <= most
    assert least <= compare_titles(title(other), title(one))[0] <= most


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (("Queen", "David Bowie"), ("David Bowie", "Queen"), Reason.SAME_ARTISTS),
        (("The Beatles",), ("Beatles",), Reason.SAME_ARTISTS),
        (("Tyler", "The Creator"), ("Tyler The Creator",), Reason.SAME_ARTISTS),
        (("Eminem featuring Don Toliver",), ("Eminem",), Reason.SOME_ARTISTS),
        (("Bob Marley",), ("Bob Marley and The Wailers",), Reason.SOME_ARTISTS),
        (("Metalica",), ("Metallica",), Reason.SIMILAR_ARTIST),
        (("Elvis",), ("Elvis Presley",), Reason.SIMILAR_ARTIST),
        (("Queen",), ("Moby",), Reason.OTHER_ARTIST),
        ((), ("Moby",), Reason.NO_ARTIST),
    ],
)
def test_compares_artists(one: tuple[str, ...], other: tuple[str, ...], reason: Reason) -> None:
    assert compare_artists(artists(*one), artists(*other))[1] is reason
    assert compare_artists(artists(*other), artists(*one))[1] is reason


def test_splits_credits() -> None:
    assert artist_names("A & B feat. C, D x E") == ["A", "B", "C", "D", "E"]
    assert artist_names("Andrew Wyatt") == ["Andrew Wyatt"]
    assert artist_names(" & ") == []


@given(NAMES, NAMES)
def test_likeness_is_mutual_and_complete_only_for_equals(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1
    assert (likeness(one, other) == 1) == (one == other)


def candidate(number: int, text: str, *names: str, seconds: int | None = None) -> Candidate:
    length = seconds * 1_000 if seconds else None
    return Candidate(UUID(int=number), title(text), artists(*names), "", length, 0.0)


def wanted(text: str, *names: str, seconds: int | None = None) -> Wanted:
    item = Item(text, names, "", seconds * 1_000 if seconds else None, "", None, None)
    return Wanted(item, (Reading(title(text), artists(*names), is_swapped=False),), "")


def test_a_better_length_never_makes_a_worse_match() -> None:
    of = wanted("Jeremy", "Pearl Jam", seconds=200)
    confidences = [
        judge(of, candidate(1, "Jeremy", "Pearl Jam", seconds=200 + apart), None).match.confidence
        for apart in range(60)
    ]
    assert confidences == sorted(confidences, reverse=True)


def test_artists_share_the_confidence_of_a_title_alone() -> None:
    of = wanted("Home")
    tracks = [candidate(number, "Home", name) for number, name in enumerate("abc")]
    matches = ranked(judge(of, track, None) for track in tracks)
    [alone] = ranked([judge(of, tracks[0], None)])
    assert [match.confidence for match in matches] == [alone.confidence / 3] * 3
    assert all(Reason.AMBIGUOUS in match.reasons for match in matches)


def test_an_identifier_outweighs_names_that_do_not_contradict_it() -> None:
    track = candidate(1, "Jeremy", "Pearl Jam")
    other_words = wanted("The Boy in Class", "Pearl Jam")
    assert judge(other_words, track, None).match.confidence < 0.5
    assert judge(other_words, track, Reason.SAME_ISRC).match.confidence > 0.9
    another = wanted("The Boy in Class", "Moby")
    assert judge(another, track, Reason.SAME_ISRC).match.confidence < 0.7
    assert judge(another, track, Reason.SAME_SOURCE).match.confidence == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("Jeremy", ()), [("Jeremy", ())]),
        (("Jeremy", ("A",)), [("Jeremy", ("A",)), ("A", ("Jeremy",))]),
        (("A - B", ()), [("A - B", ()), ("B", ("A",)), ("A", ("B",))]),
        (("A - Live", ()), [("A - Live", ())]),
        (("", ("A",)), []),
    ],
)
def test_reads_a_description_in_several_ways(
    given: tuple[str, tuple[str, ...]], expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    item = Item(given[0], given[1], "", None, "", None, None)
    assert [(reading.title, reading.artists) for reading in raw_readings(item)] == expected
