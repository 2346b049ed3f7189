"""Tags of which a part is broken, outdated or wrapped: the rest is read, what is lost is told."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.asf._attrs import ASFGUIDAttribute

from fonoteca.v1.track_pb2 import Track
from service.ingest.files import read_track
from service.ingest.raw import harvest
from tests.support.audio import (
    RATE,
    aiff,
    aiff_chunk,
    dsdiff,
    dsf,
    id3_tag,
    riff_chunk,
    tone,
    trueaudio,
    vorbis_tags,
    wav,
)


def _read(path: Path) -> tuple[Track, list[str]]:
    reading = read_track(str(path))
    assert reading.error == ""
    return Track.FromString(reading.track), list(reading.notes)


def _texts(track: Track) -> dict[str, str]:
    return {fact.key: fact.text for fact in track.attributes}


# --------------------------------------------------------------------------------------- ID3


def _frame(name: bytes, content: bytes, flags: int = 0) -> bytes:
    return name + struct.pack(">IH", len(content), flags) + content


def _frame_2_2(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">I", len(content))[1:] + content


def _id3(path: Path, *frames: bytes, version: int = 3, flags: int = 0) -> tuple[Track, list[str]]:
    """Read an MP3 file behind a tag of these frames."""
    tag = bytearray(id3_tag(b"".join(frames), version))
    tag[5] = flags
    path.write_bytes(tag + tone(path, 0.1).read_bytes())
    return _read(path)


_TITLE: Final = _frame(b"TIT2", b"\0Title")


def test_a_frame_of_a_group_is_read(tmp_path: Path) -> None:
    track, notes = _id3(tmp_path / "a.mp3", _frame(b"TIT2", b"\x07\0Title", 0x0020))
    assert (track.title, notes) == ("Title", [])
    track, notes = _id3(tmp_path / "b.mp3", _frame(b"TIT2", b"\x07\0Title", 0x0040), version=4)
    assert (track.title, notes) == ("Title", [])


def test_short_names_in_later_versions_are_understood(tmp_path: Path) -> None:
    frames = _frame(b"TST ", b"\0Title, The"), _frame(b"TDR ", b"\x002009")
    track, notes = _id3(tmp_path / "a.mp3", _TITLE, *frames)
    assert _texts(track)["title_sort"] == "Title, The"
    assert track.release_date.year == 2009
    assert notes == []


def test_frames_before_their_time_are_understood(tmp_path: Path) -> None:
    track, _ = _id3(tmp_path / "a.mp3", _TITLE, _frame(b"XSOP", b"\0Name, A"))
    assert _texts(track)["artist_sort"] == "Name, A"


def test_podcasts_of_itunes_are_read_in_the_oldest_version(tmp_path: Path) -> None:
    frames = _frame_2_2(b"TT2", b"\0Title"), _frame_2_2(b"TDS", b"\0All of it")
    track, notes = _id3(tmp_path / "a.mp3", *frames, _frame_2_2(b"TDR", b"\x002009"), version=2)
    assert (track.title, track.release_date.year) == ("Title", 2009)
    assert _texts(track)["podcast_description"] == "All of it"
    assert notes == []


def test_unknown_text_is_text(tmp_path: Path) -> None:
    track, notes = _id3(tmp_path / "a.mp3", _TITLE, _frame(b"TZZ9", b"\0whatever"))
    assert _texts(track)["tzz9"] == "whatever"
    assert notes == []


def test_a_comment_in_no_language_is_read(tmp_path: Path) -> None:
    track, notes = _id3(tmp_path / "a.mp3", _TITLE, _frame(b"COMM", b"\0e\xfd\xfeMood\0Upbeat"))
    assert _texts(track)["comment:mood"] == "Upbeat"
    assert notes == []


def test_what_cannot_be_read_is_told_once_for_each_name(tmp_path: Path) -> None:
    junk = _frame(b"TPE1", b"\x09?"), _frame(b"TPE1", b"\x09?"), _frame(b"RGAD", bytes(8))
    outdated = _frame(b"RVAD", b"\x03\x10" + bytes(10))
    empty = _frame(b"TALB", b"\0"), _frame(b"COMM", b"\0eng\0")
    track, notes = _id3(tmp_path / "a.mp3", _TITLE, *junk, outdated, *empty)
    assert track.title == "Title"
    assert notes == ["ID3 tags that cannot be read are left out: RGAD (1), RVAD (1), TPE1 (2)"]


def test_flags_of_no_version_do_not_cost_the_tag(tmp_path: Path) -> None:
    track, _ = _id3(tmp_path / "a.mp3", _TITLE, flags=0x03)
    assert track.title == "Title"


def test_rubbish_between_a_tag_and_the_sound_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.id3"
    tone(tmp_path / "sound.mp3", 0.2)
    rubbish = b"rubbish" * 20
    sound = (tmp_path / "sound.mp3").read_bytes()
    path.write_bytes(b"ID3\3\0\0\0\0\0" + bytes([len(_TITLE)]) + _TITLE + rubbish + sound)
    track, notes = _read(path)
    assert (track.title, track.files[0].codec, notes) == ("Title", "mp3", [])


def test_a_tag_behind_rubbish_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    _id3(path, _TITLE)
    path.write_bytes(b"HTTP/1.1 200 OK\r\n\r\nID3 " * 40 + path.read_bytes())
    track, notes = _read(path)
    assert (track.title, track.files[0].codec, notes) == ("Title", "mp3", [])


def test_id3_in_aiff_is_read_whatever_its_chunk_claims(tmp_path: Path) -> None:
    path = tmp_path / "a.aiff"
    tone(path, 0.05)
    tag = b"ID3\3\0\0\0\0\0" + bytes([len(_TITLE)]) + _TITLE
    chunk = aiff_chunk(b"ID3 ", tag)
    lie = chunk[:4] + struct.pack("<I", len(tag)) + chunk[8:]
    path.write_bytes(path.read_bytes() + lie)
    assert _read(path)[0].title == "Title"


def _in_chunk(suffix: str, tag: bytes) -> bytes:
    """Return a file that has its ID3 tag in a chunk, or that is MP3 or TrueAudio."""
    if suffix == "wav":
        return wav(riff_chunk(b"id3 ", tag))
    if suffix == "aiff":
        return aiff(aiff_chunk(b"ID3 ", tag))
    if suffix == "tta":
        return tag + trueaudio()
    return dsf(tag) if suffix == "dsf" else dsdiff(tag)


@pytest.mark.parametrize("suffix", ["wav", "aiff", "dsf", "dff", "tta"])
def test_what_is_broken_costs_only_itself_wherever_the_tag_is(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    frames = (
        _frame(b"TPE1", b"\x09?"), _frame(b"RGAD", bytes(8)), _frame(b"TZZ9", b"\0whatever"),
        _frame(b"COMM", b"\0e\xfd\xfeMood\0Upbeat"), _frame(b"TIT2", b"\x07\0Title", 0x0020),
    )  # fmt: skip
    path.write_bytes(_in_chunk(suffix, id3_tag(b"".join(frames))))
    track, notes = _read(path)
    assert (track.title, track.files[0].format) == ("Title", suffix)
    assert _texts(track).items() >= {"tzz9": "whatever", "comment:mood": "Upbeat"}.items()
    assert notes == ["ID3 tags that cannot be read are left out: RGAD (1), TPE1 (1)"]


@pytest.mark.parametrize("suffix", ["wav", "aiff", "dsf", "dff"])
def test_a_tag_in_a_chunk_may_have_flags_of_no_version(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    tag = bytearray(id3_tag(_TITLE))
    tag[5] = 0x03
    path.write_bytes(_in_chunk(suffix, bytes(tag)))
    track, _ = _read(path)
    assert (track.title, track.files[0].format) == ("Title", suffix)
    assert track.duration.ToMilliseconds() > 400


def test_a_broken_frame_of_a_chapter_is_told_as_the_chapter(tmp_path: Path) -> None:
    times = struct.pack(">IIII", 0, 1000, 0xFFFFFFFF, 0xFFFFFFFF)
    chapter = _frame(b"CHAP", b"one\0" + times + _frame(b"TIT2", b"\x09?"))
    track, notes = _id3(tmp_path / "a.mp3", _TITLE, chapter)
    assert track.title == "Title"
    assert notes == ["ID3 tags that cannot be read are left out: CHAP (1)"]


def test_aiff_is_read_whatever_its_tag_claims(tmp_path: Path) -> None:
    path = tmp_path / "a.aiff"
    tone(path, 0.05)
    cut = b"ID3\3\0\0\0\0\x7f\x7f" + _TITLE
    path.write_bytes(path.read_bytes() + aiff_chunk(b"ID3 ", cut))
    track, notes = _read(path)
    assert (track.title, track.files[0].sample_rate_hz, notes) == ("Title", RATE, [])


# --------------------------------------------------------------------------------- APE, Vorbis


def _ape_item(name: bytes, value: bytes, flags: int = 0) -> bytes:
    return struct.pack("<II", len(value), flags) + name + b"\0" + value


def _ape(*items: bytes, version: int = 2000) -> bytes:
    body = b"".join(items)
    return (
        body + b"APETAGEX" + struct.pack("<IIII", version, len(body) + 32, len(items), 0) + bytes(8)
    )


def test_one_broken_item_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    tone(path, 0.1)
    broken = _ape_item(b"e", b"?"), _ape_item(b"Mood\n", b"?"), _ape_item(b"Genre", b"\xff")
    cover = _ape_item(b"Cover Art (Front)", b"a.jpg\0\xff\xd8\xff", 2)
    content = _ape(
        _ape_item(b"Title", "Jóga".encode()), *broken, cover, _ape_item(b"Year", b"1997")
    )
    path.write_bytes(path.read_bytes() + content)
    track, notes = _read(path)
    assert (track.title, track.release_date.year) == ("Jóga", 1997)
    assert notes == ["APE tags that cannot be read are left out: Genre (1), Mood (1), e (1)"]


def test_ten_thousand_items_with_a_broken_one_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    tone(path, 0.1)
    items = [_ape_item(b"Key %d" % number, b"x" * 100) for number in range(10_000)]
    tag = _ape(_ape_item(b"Title", b"Last"), _ape_item(b"e", b"?"), *items)
    path.write_bytes(path.read_bytes() + tag)
    track, notes = _read(path)
    assert track.title == "Last"
    assert "APE tags that cannot be read are left out: e (1)" in notes


def test_an_old_ape_tag_is_read_byte_by_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    tone(path, 0.1)
    items = _ape_item(b"Title", "Jóga".encode("latin-1")), _ape_item(b"Artist", b"Bj\xf6rk")
    path.write_bytes(path.read_bytes() + _ape(*items, version=1000))
    track, _ = _read(path)
    assert (track.title, track.credits[0].name) == ("Jóga", "Björk")


def test_vorbis_comments_before_a_broken_one_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    tone(path, 0.1)
    vorbis_tags(path)
    content = path.read_bytes()
    # The length of the comment behind the title.
    at = content.index("title=Jóga".encode()) + len("title=Jóga".encode())
    path.write_bytes(content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :])
    track, notes = _read(path)
    assert track.title == "Jóga"
    assert track.files[0].codec == "flac"
    assert any("left out as far as they are broken" in note for note in notes)


def test_a_wrong_length_of_the_first_block_of_flac_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    tone(path, 0.1)
    vorbis_tags(path)
    content = path.read_bytes()
    for length in (b"\xff\xff\xff", b"\0\0\x12"):
        path.write_bytes(content[:5] + length + content[8:])
        track, _ = _read(path)
        assert (track.title, track.files[0].sample_rate_hz) == ("Jóga", RATE)


def test_identifiers_of_asf_are_told_as_such() -> None:
    tags = ASFTags()
    known = UUID("d1607dbc-e323-4be2-86a1-48a42a28441e")
    tags.append(("WM/MediaClassPrimaryID", ASFGUIDAttribute(known.bytes_le)))
    tags.append(("WM/Broken", ASFGUIDAttribute(b"?")))
    found = harvest(tags)
    assert found.raw().values == {"WM/MEDIACLASSPRIMARYID": (str(known),)}
    assert found.binary == {"WM/Broken": 1}


# --------------------------------------------------------------------- tags at the end are no sound


@pytest.mark.parametrize("name", ["a.mp3", "a.aac", "a.ac3"])
def test_tags_at_the_end_do_not_make_the_sound_longer(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(_frames(path.suffix))
    before = _read(path)[0].duration.ToMilliseconds()
    tags: Any = APEv2()
    tags["Title"], tags["Comment"] = "Title", "long " * 20_000
    tags.save(path)
    track, _ = _read(path)
    assert track.title == "Title"
    assert track.duration.ToMilliseconds() == before


def _frames(suffix: str) -> bytes:
    """Return silent frames of a format without a head: 100 of one bit rate."""
    if suffix == ".mp3":  # 128 kbit/s at 44,100 Hz
        return bytes.fromhex("fffb9000").ljust(417, b"\0") * 100
    if suffix == ".aac":  # LC, 44,100 Hz, stereo, 256 bytes a frame
        return bytes.fromhex("fff15080201ffc").ljust(256, b"\0") * 100
    # 48,000 Hz, 192 kbit/s, stereo, 768 bytes a frame
    return bytes.fromhex("0b7700001440430000").ljust(768, b"\0") * 100


def test_a_tag_of_dsf_that_is_beyond_any_place_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.dsf"
    content = dsf()
    for at in (1 << 40, (1 << 64) - 1):
        path.write_bytes(content[:20] + struct.pack("<Q", at) + content[28:])
        track, notes = _read(path)
        assert (track.duration.ToMilliseconds(), notes) == (1000, [])


@pytest.mark.parametrize("name", ["a.wav", "a.aiff"])
def test_a_chunk_for_a_tag_that_holds_something_else_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rubbish = b"no tag at all"
    is_wav = name == "a.wav"
    path.write_bytes(
        wav(riff_chunk(b"id3 ", rubbish)) if is_wav else aiff(aiff_chunk(b"ID3 ", rubbish))
    )
    _, notes = _read(path)
    assert notes == ["ID3 tags that cannot be read are left out: ID3 (1)"]
