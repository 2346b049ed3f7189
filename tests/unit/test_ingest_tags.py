"""Tags become fields: the table of names and the rules for values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import (
    CREDIT_ROLE_COMPOSER,
    CREDIT_ROLE_PRODUCER,
    MODE_MAJOR,
    MODE_MINOR,
    PartialDate,
)
from service.ingest.keys import Key, parse_key
from service.ingest.tags import TAGS, Family, RawTags, credited, map_tags, read_date


def mapped(family: Family = Family.VORBIS, /, **values: str | list[str]) -> tuple[Track, list[str]]:
    track = Track()
    tags = {
        name: tuple([value] if isinstance(value, str) else value) for name, value in values.items()
    }
    return track, map_tags(RawTags(family, tags), track)


@pytest.mark.parametrize("family", list(Family))
def test_every_family_tells_the_essentials(family: Family) -> None:
    facts = {
        "title": "Jóga",
        "artist": "Björk",
        "album": "Homogenic",
        "album_artist": "Various",
        "date": "1997-09-22",
        "genre": "art pop; electronic",
        "isrc": "gb-aaa-97-00123",
        "mbid": "8B882575-08A5-4452-A7A7-CBB8A1531F9E",
        "album_mbid": "9e873859-8aa4-4790-b985-5a953e8ef628",
        "track_number": "2/10",
        "disc_number": "1",
        "bpm": "80",
        "key": "F#m",
        "composer": "Sjón",
        "compilation": "1",
        "lyrics": "one\ntwo",
    }
    tags = {
        TAGS[fact][family][0].replace("*", "----:", 1): (value,) for fact, value in facts.items()
    }
    track = Track()
    assert map_tags(RawTags(family, tags), track) == []
    assert track.title == "Jóga"
    assert [(credit.name, credit.role) for credit in track.credits] == [
        ("Björk", 0),
        ("Sjón", CREDIT_ROLE_COMPOSER),
    ]
    assert (track.album.title, track.album.credits[0].name) == ("Homogenic", "Various")
    assert track.album.mbid == facts["album_mbid"]
    assert track.release_date == PartialDate(year=1997, month=9, day=22)
    assert list(track.genres) == ["art pop", "electronic"]
    assert (track.isrc, track.mbid) == ("GBAAA9700123", facts["mbid"].lower())
    assert (track.track_number, track.track_total, track.disc_number) == (2, 10, 1)
    assert (track.features.tempo_bpm, track.features.key) == (80, 6)
    assert track.features.mode == MODE_MINOR
    assert track.lyrics == "one\ntwo"
    assert [(fact.key, fact.flag) for fact in track.attributes] == [("compilation", True)]


def test_no_tags_give_an_empty_track() -> None:
    track, notes = mapped()
    assert track == Track()
    assert not track.HasField("features")
    assert not track.HasField("album")
    assert notes == []


def test_values_that_cannot_be_true_are_left_out_with_a_note() -> None:
    track, notes = mapped(
        ISRC="nonsense",
        MUSICBRAINZ_TRACKID="xyz",
        BPM="fast",
        INITIALKEY="Z",
        DATE="Oct 3, 1995",
        TRACKNUMBER="A1",
        LANGUAGE="??",
        DISCNUMBER="100000",
    )
    assert len(notes) == 8
    track.ClearField("features")
    assert track == Track()


@given(st.sampled_from(sorted(TAGS)), st.sampled_from(list(Family)), st.text(min_size=1))
def test_any_text_in_any_tag_gives_a_message(fact: str, family: Family, text: str) -> None:
    tags = {name.replace("*", "----:", 1): (text, "\ud800") for name in TAGS[fact][family]}
    track = Track()
    map_tags(RawTags(family, tags), track)
    assert Track.FromString(track.SerializeToString()) == track


def test_people_of_id3_lists_have_their_roles() -> None:
    tags = {"TIPL:PRODUCER": ("Nellee Hooper",), "TMCL:DRUMS": ("A",), "TMCL:VIOLIN": ("B",)}
    track = Track()
    map_tags(RawTags(Family.ID3, tags), track)
    assert [credit.name for credit in track.credits] == ["Nellee Hooper", "A", "B"]
    assert track.credits[0].role == CREDIT_ROLE_PRODUCER


@pytest.mark.parametrize(
    ("displayed", "single", "expected"),
    [
        (["A feat. B"], ["A", "B"], [("A", " feat. "), ("B", "")]),
        (
            ["Queen & David Bowie"],
            ["Queen", "David Bowie"],
            [("Queen", " & "), ("David Bowie", "")],
        ),
        (["Simon & Garfunkel"], [], [("Simon & Garfunkel", "")]),
        (["Someone else"], ["A", "B"], [("Someone else", "")]),
        (["A", "B"], ["A", "B"], [("A", ""), ("B", "")]),
        (["A with friends"], ["A"], [("A with friends", "")]),
        ([], ["A", "B"], [("A", ""), ("B", "")]),
        ([], [], []),
    ],
)
def test_single_names_split_the_displayed_one(
    displayed: list[str], single: list[str], expected: list[tuple[str, str]]
) -> None:
    names = credited(displayed, single)
    assert [(name.name, name.join_phrase) for name in names] == expected


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2001", (2001, 0, 0)),
        ("2001-03", (2001, 3, 0)),
        ("2001/3/8", (2001, 3, 8)),
        ("2001-03-08T12:00:00Z", (2001, 3, 8)),
        ("2001-03-08 12:00", (2001, 3, 8)),
        ("2001-00-00", (2001, 0, 0)),
        ("2001-13-40", (2001, 0, 0)),
        ("2001-02-31", (2001, 2, 0)),
        ("2001?", (2001, 0, 0)),
        ("20010308", None),
        ("0000", None),
        ("sometime", None),
    ],
)
def test_dates_are_read_as_far_as_they_go(text: str, date: tuple[int, int, int] | None) -> None:
    found = read_date(text)
    assert (found and (found.year, found.month, found.day)) == date


def test_the_first_release_is_kept_when_it_differs() -> None:
    track, _ = mapped(DATE="2009", ORIGINALDATE="1969-09-26")
    assert (track.release_date.year, track.original_release_date.year) == (2009, 1969)
    track, _ = mapped(ORIGINALDATE="1969")
    assert track.release_date.year == 1969
    assert not track.HasField("original_release_date")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("C", Key(0, minor=False)),
        ("Am", Key(9, minor=True)),
        ("F#m", Key(6, minor=True)),
        ("Ebmaj", Key(3, minor=False)),
        ("Cb", Key(11, minor=False)),
        ("B♭ minor", Key(10, minor=True)),
        ("DM", Key(2, minor=False)),
        ("dm", Key(2, minor=True)),
        ("8A", Key(9, minor=True)),
        ("8B", Key(0, minor=False)),
        ("12a", Key(1, minor=True)),
        ("05A", Key(0, minor=True)),
        ("1m", Key(9, minor=True)),
        ("1d", Key(0, minor=False)),
        ("6m", Key(8, minor=True)),
        ("13A", None),
        ("X", None),
        ("", None),
        ("Cmaj7", None),
    ],
)
def test_keys_in_every_notation(text: str, key: Key | None) -> None:
    assert parse_key(text) == key


def test_wheels_meet_every_key_once() -> None:
    for letters in ("AB", "md"):
        keys = {parse_key(f"{number}{letter}") for number in range(1, 13) for letter in letters}
        assert len(keys - {None}) == 24


def test_a_key_without_minor_is_major() -> None:
    track, _ = mapped(INITIALKEY="C")
    assert (track.features.key, track.features.mode) == (0, MODE_MAJOR)
