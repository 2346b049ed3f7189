"""MPEG-4 as phones, QuickTime, ffmpeg and streams write it: all of it is read."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import pytest

from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import CREDIT_ROLE_COMPOSER
from service.ingest.files import Reading, read_track
from tests.support.audio import RATE, atom, freeform, mp4, mp4_movie, mp4_tags

_ENGLISH: Final = struct.pack(">H", 0x15C7)
_SECONDS: Final = 2.5


def _reading(tmp_path: Path, content: bytes) -> Reading:
    path = tmp_path / "sound.m4a"
    path.write_bytes(content)
    return read_track(str(path))


def _track(tmp_path: Path, content: bytes) -> Track:
    reading = _reading(tmp_path, content)
    assert reading.error == ""
    return Track.FromString(reading.track)


def _length(track: Track) -> float:
    return track.files[0].duration.ToMilliseconds() / 1000


# ---------------------------------------------------------------------------------- fragments


def _run(*lengths: int, count: int = 0, flags: int = 0) -> bytes:
    """Return a run of samples that have these lengths, or `count` of the usual one."""
    offsets = bytes(4 * (flags & 1) + (flags & 4))
    # Each sample has a size, too, which must not be taken for its length.
    samples = b"".join(struct.pack(">II", length, 7) for length in lengths)
    told = 0x300 if lengths else 0x200
    sizes = samples or struct.pack(">I", 7) * count
    head = struct.pack(">II", told | flags, count or len(lengths))
    return atom(b"trun", head, offsets, sizes)


def _fragment(*runs: bytes, track: int = 1, usual: int | None = None) -> bytes:
    """Return a fragment; `usual` is the length of its samples that do not tell."""
    # With a place in the file and a kind of sample before it.
    head = struct.pack(">II", 0x0B if usual is not None else 0, track)
    told = bytes(12) + struct.pack(">I", usual) if usual is not None else b""
    return atom(b"moof", atom(b"traf", atom(b"tfhd", head, told), *runs)) + atom(b"mdat", bytes(9))


def _extends(track: int, usual: int) -> bytes:
    return atom(b"trex", struct.pack(">IIIIII", 0, track, 1, usual, 0, 0))


@pytest.mark.parametrize(
    "fragments",
    [
        pytest.param([_fragment(_run(RATE, RATE, RATE // 2))], id="each sample tells"),
        pytest.param([_fragment(_run(RATE, RATE, RATE // 2, flags=5))], id="behind two fields"),
        pytest.param([_fragment(_run(count=5))], id="as usual in the file"),
        pytest.param([_fragment(_run(count=10), usual=RATE // 4)], id="as usual in the fragment"),
        pytest.param([_fragment(_run(count=3)), _fragment(_run(count=2))], id="two fragments"),
        pytest.param([_fragment(_run(count=3), _run(count=2))], id="two runs"),
        pytest.param([_fragment(_run(count=5)), _fragment(_run(count=9), track=2)], id="film"),
    ],
)
def test_the_length_of_fragments_is_added_up(tmp_path: Path, fragments: list[bytes]) -> None:
    extends = atom(b"mvex", _extends(2, 9), _extends(1, RATE // 2))
    content = mp4_movie(extends, seconds=0) + b"".join(fragments)
    assert _length(_track(tmp_path, content)) == _SECONDS


def test_a_stream_without_its_pieces_has_no_length(tmp_path: Path) -> None:
    content = mp4_movie(atom(b"mvex", _extends(1, 100)), seconds=0)
    track = _track(tmp_path, content)
    assert not track.files[0].HasField("duration")
    assert track.files[0].codec == "alac"


def test_one_piece_of_a_stream_is_refused_with_the_reason(tmp_path: Path) -> None:
    content = atom(b"ftyp", b"M4A \0\0\0\0") + _fragment(_run(count=5))
    assert "does not describe its sound" in _reading(tmp_path, content).error


# --------------------------------------------------------------------------------------- tags


def _phone_text(name: bytes, text: bytes) -> bytes:
    return atom(name, bytes(4), _ENGLISH, text)


def test_texts_of_phones_are_read(tmp_path: Path) -> None:
    texts = atom(
        b"udta",
        _phone_text(b"titl", "Jóga\0".encode()),
        _phone_text(b"perf", b"\xfe\xff" + "Björk".encode("utf-16-be") + b"\0\0"),
        _phone_text(b"auth", "Sjón\0".encode()),
        _phone_text(b"albm", b"Homogenic\0\x02"),
        _phone_text(b"gnre", b"Art Pop"),
        atom(b"yrrc", bytes(4), struct.pack(">H", 1997)),
    )
    track = _track(tmp_path, mp4_movie(texts))
    assert (track.title, track.album.title, track.track_number) == ("Jóga", "Homogenic", 2)
    assert [(credit.name, credit.role) for credit in track.credits] == [
        ("Björk", 0),
        ("Sjón", CREDIT_ROLE_COMPOSER),
    ]
    assert list(track.genres) == ["Art Pop"]
    assert track.release_date.year == 1997


def test_texts_of_quicktime_are_read(tmp_path: Path) -> None:
    def text(name: str, language: int, content: bytes) -> bytes:
        return atom(b"\xa9" + name.encode(), struct.pack(">HH", len(content), language), content)

    texts = atom(
        b"udta",
        text("nam", 0, "Jóga".encode("mac_roman")),
        text("ART", 0x15C7, "Björk".encode()),
        text("day", 0, b"1997"),
        bytes(4),  # QuickTime ends a list with a zero
    )
    track = _track(tmp_path, mp4_movie(texts))
    assert (track.title, track.credits[0].name, track.release_date.year) == ("Jóga", "Björk", 1997)


def test_tags_with_a_list_of_names_are_read(tmp_path: Path) -> None:
    def item(place: int, kind: int, value: bytes) -> bytes:
        data = atom(b"data", struct.pack(">II", kind, 0), value)
        return atom(struct.pack(">I", place), data)

    names = ("title", "com.apple.quicktime.artist", "track", "cover", "mood")
    keys = atom(
        b"keys",
        struct.pack(">II", 0, len(names)),
        *(atom(b"mdta", name.encode()) for name in names),
    )
    items = atom(
        b"ilst",
        item(1, 1, "Jóga".encode()),
        item(2, 2, "Björk".encode("utf-16-be")),
        item(3, 21, struct.pack(">i", 2)),
        item(4, 13, b"\xff\xd8\xff"),
        item(5, 1, b"calm"),
        item(9, 1, b"no name"),
    )
    handler = atom(b"hdlr", bytes(8), b"mdta", bytes(13))
    # QuickTime leaves out the version that other lists begin with.
    content = mp4_movie(atom(b"meta", handler, keys, items))
    track = _track(tmp_path, content)
    assert (track.title, track.credits[0].name, track.track_number) == ("Jóga", "Björk", 2)
    assert [fact.text for fact in track.attributes if fact.key == "mood"] == ["calm"]
    assert "MP4 tags that hold no text are left out: COVER (1)" in _reading(tmp_path, content).notes


@pytest.mark.parametrize("place", [b"moov", b"trak", b""])
def test_tags_of_itunes_are_read_wherever_they_are(tmp_path: Path, place: bytes) -> None:
    tags = mp4_tags(nam="Jóga")
    content = {
        b"moov": mp4_movie(tags),
        b"trak": mp4_movie(atom(b"trak", atom(b"udta", tags))),
        b"": mp4_movie() + tags,
    }[place]
    assert _track(tmp_path, content).title == "Jóga"


def _number(name: bytes, value: bytes) -> bytes:
    return atom(name, atom(b"data", bytes(8), value))


def test_one_broken_tag_costs_no_other(tmp_path: Path) -> None:
    short = _number(b"trkn", struct.pack(">I", 2))
    content = mp4(
        short, _number(b"tmpo", b""), atom(b"----", b"\0\0\0\x05"), nam="Jóga", ART="Björk"
    )
    reading = _reading(tmp_path, content)
    track = Track.FromString(reading.track)
    assert (track.title, track.track_number, len(track.credits)) == ("Jóga", 2, 1)
    assert _length(track) == 1.5
    assert "MP4 tags that cannot be read are left out: ---- (1), tmpo (1)" in reading.notes


def test_text_that_is_not_the_utf_8_it_claims_is_mended(tmp_path: Path) -> None:
    def text(name: bytes, value: str) -> bytes:
        return atom(name, atom(b"data", struct.pack(">II", 1, 0), value.encode("cp1251")))

    content = mp4(text(b"\xa9nam", "Белая ночь"), text(b"\xa9ART", "Виктор Салтыков"))
    track = _track(tmp_path, content)
    assert (track.title, track.credits[0].name) == ("Белая ночь", "Виктор Салтыков")
    assert [fact.text for fact in track.attributes if fact.key == "text_encoding"] == ["cp1251"]


def test_a_tag_of_another_type_is_noted(tmp_path: Path) -> None:
    content = mp4(atom(b"\xa9grp", atom(b"data", struct.pack(">II", 21, 0), b"\x05")), nam="Jóga")
    reading = _reading(tmp_path, content)
    assert Track.FromString(reading.track).title == "Jóga"
    assert "MP4 tags that cannot be read are left out: ©grp (1)" in reading.notes


def test_sizes_that_lie_cost_only_what_they_hide(tmp_path: Path) -> None:
    broken = atom(b"udta", mp4_tags(nam="Jóga"), struct.pack(">I4s", 3, b"free"))
    assert _track(tmp_path, mp4_movie(broken)).title == "Jóga"
    endless = mp4_movie(atom(b"udta", mp4_tags(freeform("MOOD", b"calm"), nam="Jóga")))
    size = endless.index(b"udta") - 4
    assert (
        _track(tmp_path, endless[:size] + b"\x7f\xff\xff\xff" + endless[size + 4 :]).title == "Jóga"
    )
