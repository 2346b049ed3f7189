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
from service.ingest.mapping import FACTS, Family, fact_of
from service.ingest.tags import RawTags, credited, map_tags, read_date, typed


def mapped(family: Family = Family.VORBIS, /, **values: str | list[str]) -> tuple[Track, list[str]]:
    track = Track()
    tags = {
        name: tuple([value] if isinstance(value, str) else value) for name, value in values.items()
    }
    return track, map_tags([RawTags(family, tags)], track)


def facts_of(track: Track) -> list[tuple[str, object]]:
    return [(fact.key, getattr(fact, fact.WhichOneof("value") or "")) for fact in track.attributes]


@pytest.mark.parametrize(
    "family", [family for family in Family if family not in (Family.RIFF, Family.AIFF)]
)
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
        (FACTS[fact].tags[family] or (fact.upper(),))[0]: (value,) for fact, value in facts.items()
    }
    track = Track()
    assert map_tags([RawTags(family, tags)], track) == []
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
    assert facts_of(track) == [("compilation", True)]


def test_no_tags_give_an_empty_track() -> None:
    track, notes = mapped()
    assert track == Track()
    assert not track.HasField("features")
    assert not track.HasField("album")
    assert notes == []


def test_values_that_cannot_be_true_are_noted_and_kept_as_attributes() -> None:
    wrong = {
        "isrc": "nonsense",
        "mbid": "xyz",
        "track_number": "-1/0",
        "disc_number": "100000",
        "date": "Oct 3, 1995",
        "original_date": "19999",
        "bpm": "fast",
        "key": "Z",
        "language": "??",
        "explicit": "maybe",
    }
    track, notes = mapped(**{FACTS[fact].tags[Family.VORBIS][0]: wrong[fact] for fact in wrong})
    assert len(notes) == len(wrong)
    kept = dict(facts_of(track))
    assert {fact: str(value) for fact, value in kept.items()} == wrong
    track.ClearField("features")
    del track.attributes[:]
    assert track == Track()


@given(st.sampled_from(sorted(FACTS)), st.sampled_from(list(Family)), st.text(min_size=1))
def test_any_text_in_any_tag_gives_a_message(fact: str, family: Family, text: str) -> None:
    tags = dict.fromkeys(FACTS[fact].tags[family], (text, "�"))
    track = Track()
    map_tags([RawTags(family, tags)], track)
    assert Track.FromString(track.SerializeToString()) == track


def test_people_of_id3_lists_have_their_roles() -> None:
    tags = {"TIPL:PRODUCER": ("Nellee Hooper",), "TMCL:DRUMS": ("A",), "TMCL:VIOLIN": ("B",)}
    track = Track()
    map_tags([RawTags(Family.ID3, tags)], track)
    assert [credit.name for credit in track.credits] == ["Nellee Hooper", "A", "B"]
    assert track.credits[0].role == CREDIT_ROLE_PRODUCER
    assert facts_of(track) == [("performer:drums", "A"), ("performer:violin", "B")]


def test_what_performers_of_vorbis_did_is_kept() -> None:
    track, _ = mapped(PERFORMER=["Ana (violin)", "Bo"])
    assert [credit.name for credit in track.credits] == ["Ana", "Bo"]
    assert facts_of(track) == [("performer:violin", "Ana")]


def test_unknown_tags_and_second_values_become_attributes() -> None:
    track, notes = mapped(TITLE=["One", "Two"], FOO=["7", "bar", "007"], LIVE="true", GAIN="-1.5")
    assert track.title == "One"
    assert facts_of(track) == [
        ("title", "Two"),
        ("foo", 7),
        ("foo", "bar"),
        ("foo", "007"),
        ("live", True),
        ("gain", -1.5),
    ]
    assert {fact.source for fact in track.attributes} == {"tag:Vorbis"}
    assert notes == []


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_free_value_can_be_told_from_its_typed_one(text: str) -> None:
    found = typed(text)
    kind = found.WhichOneof("value") or ""
    value = getattr(found, kind)
    shown = {"flag": str(value).lower(), "time": value.ToJsonString() if kind == "time" else ""}
    assert shown.get(kind, str(value)) == text


@pytest.mark.parametrize(
    ("tag", "value", "key", "expected"),
    [
        ("REPLAYGAIN_TRACK_GAIN", "-7.03 dB", "replaygain_track_gain", -7.03),
        ("REPLAYGAIN_TRACK_PEAK", "0.98", "replaygain_track_peak", 0.98),
        ("R128_TRACK_GAIN", "-512", "r128_track_gain", -2.0),
        ("REPLAYGAIN_TRACK_GAIN", "loud", "replaygain_track_gain", "loud"),
        ("COMPILATION", "0", "compilation", False),
        ("MOVEMENT", "3", "movement_number", 3),
        ("BARCODE", "0602537351169", "barcode", "0602537351169"),
        ("BARCODE", "602537351169", "barcode", "602537351169"),
        ("X", "2020-02-30T00:00:00Z", "x", "2020-02-30T00:00:00Z"),
    ],
)
def test_attributes_have_the_type_of_their_fact(
    tag: str, value: str, key: str, expected: object
) -> None:
    track, _ = mapped(**{tag: value})
    assert facts_of(track) == [(key, expected)]


def test_the_first_source_is_believed_and_the_others_are_kept() -> None:
    track = Track()
    better = RawTags(Family.ID3, {"TIT2": ("A long title that ID3v1 cannot hold",)})
    other = RawTags(
        Family.APE,
        {"TITLE": ("A long title that ID3v1 cann",), "YEAR": ("1999",), "ARTIST": ("B",)},
    )
    another = RawTags(Family.APE, {"TITLE": ("Another",)})
    map_tags([better, other, another], track)
    assert track.title == "A long title that ID3v1 cannot hold"
    assert (track.release_date.year, track.credits[0].name) == (1999, "B")
    assert [(fact.key, fact.text, fact.source) for fact in track.attributes] == [
        ("title", "Another", "tag:APE")
    ]


def test_too_long_and_too_many_are_cut_with_a_note() -> None:
    track, notes = mapped(
        TITLE="t" * 2_000,
        FOO=[f"value {number}" for number in range(10_000)],
        GENRE=[f"genre {number}" for number in range(60)],
        ARTIST=[f"artist {number}" for number in range(120)],
        LYRICS="la " * 50_000,
    )
    assert (len(track.title), len(track.genres), len(track.credits)) == (1_000, 50, 100)
    assert len(track.lyrics) <= 100_000
    assert len(track.attributes) == 900
    assert len(notes) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3/12", (3, 12)),
        ("03", (3, 0)),
        ("3 of 12", (3, 12)),
        ("3/", (3, 0)),
        ("/12", (0, 12)),
        ("A1", (1, 0)),
        ("B12", (12, 0)),
        ("0", (0, 0)),
        ("-1/0", (0, 0)),
        ("three", (0, 0)),
        ("3/99999", (3, 0)),
    ],
)
def test_positions(text: str, expected: tuple[int, int]) -> None:
    track, _ = mapped(TRACKNUMBER=text)
    assert (track.track_number, track.track_total) == expected


def test_the_side_of_a_record_is_kept() -> None:
    assert facts_of(mapped(TRACKNUMBER="B2")[0]) == [("track_number", "B2")]


@pytest.mark.parametrize(
    ("text", "explicit"), [("1", True), ("4", True), ("2", False), ("0", None), ("clean", False)]
)
def test_advice_to_parents(text: str, explicit: bool | None) -> None:
    track, _ = mapped(ITUNESADVISORY=text)
    assert (track.explicit if track.HasField("explicit") else None) == explicit


def test_synchronized_lyrics_are_lyrics_too() -> None:
    track, _ = mapped(SYNCEDLYRICS="[00:01.00]one\n[00:02.50]two")
    assert track.lyrics == "one\ntwo"
    assert facts_of(track) == [("synced_lyrics", "[00:01.00]one\n[00:02.50]two")]


def test_the_index_knows_every_tag_of_the_table() -> None:
    for fact in FACTS.values():
        for family, tags in fact.tags.items():
            assert all(fact_of(family, tag) for tag in tags)


def test_no_tag_holds_two_facts() -> None:
    for family in Family:
        tags = [tag for fact in FACTS.values() for tag in fact.tags[family]]
        assert sorted(tags) == sorted(set(tags)), family


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
    assert list(credited(displayed, single)) == expected


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
        ("20010308", (2001, 3, 8)),
        ("20011340", (2001, 0, 0)),
        ("08-05-1998", (1998, 0, 0)),
        ("8/5/1998", (1998, 0, 0)),
        ("8/5/98", None),
        ("08-05-0000", None),
        ("19999", None),
        ("0000", None),
        ("sometime", None),
    ],
)
def test_dates_are_read_as_far_as_they_go(text: str, date: tuple[int, int, int] | None) -> None:
    found = read_date(text)
    assert (found and (found.year, found.month, found.day)) == date


def test_a_date_of_which_only_the_year_is_certain_is_kept_as_well() -> None:
    track = Track()
    notes = map_tags([RawTags(Family.VORBIS, {"DATE": ("08-05-1998",)})], track)
    assert (notes, track.release_date.year) == ([], 1998)
    assert [(fact.key, fact.text) for fact in track.attributes] == [("date", "08-05-1998")]


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
        ("fis-moll", Key(6, minor=True)),
        ("Es-Dur", Key(3, minor=False)),
        ("As", Key(8, minor=False)),
        ("Sol mineur", Key(7, minor=True)),
        ("C sharp minor", Key(1, minor=True)),
        ("8A - Am", Key(9, minor=True)),
        ("G minor (6A)", Key(7, minor=True)),
        ("8A/8B", None),
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
