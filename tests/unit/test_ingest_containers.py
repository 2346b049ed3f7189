"""What stands in files beside what mutagen looks for: chunks, tags at both ends, Matroska."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3

from fonoteca.v1.track_pb2 import Track
from service.ingest.files import read_track
from tests.support.audio import (
    RATE,
    aiff_chunk,
    atom,
    frame,
    freeform,
    id3_tags,
    info_list,
    matroska,
    matroska_tag,
    mp4,
    riff_chunk,
    tone,
    vorbis_tags,
    wav,
)


def read(path: Path, content: bytes | None = None) -> tuple[Track, tuple[str, ...]]:
    if content is not None:
        path.write_bytes(content)
    reading = read_track(str(path))
    assert reading.error == ""
    return Track.FromString(reading.track), reading.notes


def facts(track: Track) -> dict[str, object]:
    return {fact.key: getattr(fact, fact.WhichOneof("value") or "") for fact in track.attributes}


def with_id3(path: Path, **texts: str) -> bytes:
    """Return a file with an ID3 tag before it."""
    tag = ID3()
    for name, text in texts.items():
        tag.add(frame(name, text=text))
    only = path.with_suffix(".id3")
    tag.save(only)
    return only.read_bytes() + path.read_bytes()


def id3v1(title: bytes, artist: bytes, genre: int) -> bytes:
    album_and_more = bytes(30) + b"1987" + bytes(30)
    return (
        b"TAG" + title.ljust(30, b"\0") + artist.ljust(30, b"\0") + album_and_more + bytes([genre])
    )


# ---------------------------------------------------------------------------------- chunks


def test_wav_tells_its_texts(tmp_path: Path) -> None:
    texts = info_list(
        INAM=b"Title\0", IART=b"Artist", IPRD=b"Album", ICRD=b"2001-02-03", IGNR=b"(17)",
        ITRK=b"3/9", ICMT="Grüße".encode(), ISFT=b"Lavf", IXYZ=b"odd",
    )  # fmt: skip
    track, notes = read(tmp_path / "a.wav", wav(texts))
    assert (track.title, track.album.title, track.comment) == ("Title", "Album", "Grüße")
    assert [credit.name for credit in track.credits] == ["Artist"]
    assert (track.track_number, track.track_total, track.release_date.day) == (3, 9, 3)
    assert list(track.genres) == ["Rock"]
    assert (facts(track)["encoded_by"], facts(track)["ixyz"]) == ("Lavf", "odd")
    assert (track.files[0].codec, track.files[0].duration.ToMilliseconds()) == ("pcm", 500)
    assert notes == ()


def test_id3_in_wav_goes_before_its_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(info_list(INAM=b"Other", ICMT=b"only here")))
    id3_tags(path)
    track, _ = read(path)
    assert (track.title, track.comment) == ("Jóga", "fine")
    assert facts(track)["title"] == "Other"


def test_broadcast_wave_tells_who_made_it(tmp_path: Path) -> None:
    content = b"A scene".ljust(256, b"\0") + b"Studio".ljust(32, b"\0") + bytes(50)
    track, _ = read(tmp_path / "a.wav", wav(riff_chunk(b"bext", content)))
    assert facts(track)["bext:description"] == "A scene"
    assert facts(track)["bext:originator"] == "Studio"


def test_rf64_is_wav_with_large_sizes(tmp_path: Path) -> None:
    content = wav(riff_chunk(b"ds64", struct.pack("<QQQI", 0, RATE, 0, 0)), magic=b"RF64")
    content = content.replace(b"data" + struct.pack("<I", RATE), b"data\xff\xff\xff\xff")
    track, notes = read(tmp_path / "a.wav", content)
    (file,) = track.files
    assert (file.format, file.sample_rate_hz, file.bit_depth) == ("wav", RATE, 16)
    assert file.duration.ToMilliseconds() == 500
    assert notes == ()


@pytest.mark.parametrize("claim", [0x7FFFFFF0, 0xFFFFFFFF, 200_000])
def test_wav_is_no_longer_than_its_bytes(tmp_path: Path, claim: int) -> None:
    content = wav().replace(b"data" + struct.pack("<I", RATE), b"data" + struct.pack("<I", claim))
    track, notes = read(tmp_path / "a.wav", content)
    assert track.files[0].duration.ToMilliseconds() in (0, 500)
    assert len(notes) == 1
    assert "is left out" in notes[0]


def test_aiff_tells_its_texts(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.aiff")
    comment = b"\0\x01" + bytes(6) + b"\0\x05later"
    content = path.read_bytes() + b"".join(
        aiff_chunk(name, text)
        for name, text in (
            (b"NAME", b"Title"), (b"AUTH", b"Artist"), (b"(c) ", b"2001 Me"),
            (b"ANNO", b"a note"), (b"COMT", comment),
        )
    )  # fmt: skip
    track, _ = read(path, content)
    assert (track.title, track.comment) == ("Title", "a note")
    assert [credit.name for credit in track.credits] == ["Artist"]
    assert facts(track)["copyright"] == "2001 Me"
    assert facts(track)["comment"] == "later"


def test_chunks_that_claim_too_much_end_the_walk(tmp_path: Path) -> None:
    texts = riff_chunk(b"LIST", b"INFO" + b"INAM\xff\xff\xff\x7fTitle")
    track, _ = read(tmp_path / "a.wav", wav(texts))
    assert track.files[0].format == "wav"


# -------------------------------------------------------------------------------- both ends


def test_flac_behind_id3_is_flac(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.mp3", how={"format": "FLAC"})
    track, notes = read(path, with_id3(path, TIT2="Jóga", TCOP="1997"))
    assert (track.files[0].format, track.title) == ("flac", "Jóga")
    assert facts(track)["copyright"] == "1997"
    assert notes == ("is flac, although its name promises mp3",)


def test_vorbis_comments_go_before_a_foreign_id3_tag(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.flac")
    vorbis_tags(path)
    track, _ = read(path, with_id3(path, TIT2="Other", TENC="me"))
    assert track.title == "Jóga"
    assert (facts(track)["title"], facts(track)["encoded_by"]) == ("Other", "me")


def test_ape_and_id3v1_complete_id3(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.mp3")
    id3_tags(path)
    path.write_bytes(path.read_bytes() + id3v1(b"J\xf3ga", b"Bj\xf6rk", 17))
    tag = APEv2()
    tag["Title"], tag["MP3GAIN_MINMAX"], tag["Composer"] = "Jóga", "000,179", ["Sjón", "Björk"]
    tag.save(path)
    track, notes = read(path)
    assert track.title == "Jóga"
    assert [credit.name for credit in track.credits] == ["Björk", "Sjón", "Björk", "Mark Bell"]
    assert facts(track)["mp3gain_minmax"] == "000,179"
    assert "title" not in facts(track)
    assert notes == ()


def test_id3v1_alone_is_enough(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.mp3")
    track, _ = read(path, path.read_bytes() + id3v1(b"Title", b"Artist", 17))
    assert (track.title, track.credits[0].name, track.release_date.year) == (
        "Title",
        "Artist",
        1987,
    )
    assert list(track.genres) == ["Rock"]


@pytest.mark.parametrize("tail", [b"", id3v1(b"Title", b"Artist", 255)])
def test_lyrics3_is_read(tmp_path: Path, tail: bytes) -> None:
    lyrics = b"LYRICSBEGIN" + b"IND0000210" + b"LYR00007one\r\ntwo"[:15] + b"EAL00005Album"
    path = tone(tmp_path / "a.mp3")
    content = path.read_bytes() + lyrics + b"%06d" % len(lyrics) + b"LYRICS200" + tail
    track, _ = read(path, content)
    assert track.lyrics.startswith("one")
    assert track.album.title == "Album"
    old = path.read_bytes().partition(b"LYRICSBEGIN")[0] + b"LYRICSBEGINla la\r\nLYRICSEND" + tail
    assert read(path, old)[0].lyrics == "la la"


def test_an_id3_tag_at_the_end_is_read(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.flac")
    tag = with_id3(path, TIT2="At the end").removesuffix(path.read_bytes())
    footer = b"3DI" + tag[3:10]
    track, _ = read(path, path.read_bytes() + tag + footer)
    assert track.title == "At the end"


@pytest.mark.parametrize("name", ["a.mp3", "a.xyz"])
def test_tags_without_sound_are_kept_with_a_note(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    track, notes = read(path, with_id3(path, TIT2="Only words") + b"\0" * 100)
    assert track.title == "Only words"
    assert not track.files[0].format
    assert "no sound" in notes[0]


def test_the_tags_of_a_flac_file_without_sound_are_kept(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.flac")
    vorbis_tags(path)
    content = path.read_bytes()
    broken = content[:4] + b"\x01" + content[5:8] + bytes(34) + content[42:]
    track, notes = read(path, broken)
    assert track.title == "Jóga"
    assert "no sound" in notes[0]


# --------------------------------------------------------------------------------- Matroska


@pytest.mark.parametrize("live", [False, True])
def test_matroska_is_read(tmp_path: Path, live: bool) -> None:
    content = matroska(
        matroska_tag(50, TITLE="Album", ARTIST="Various", DATE_RELEASED="2001", TOTAL_PARTS="9"),
        matroska_tag(30, ARTIST="Ana", PART_NUMBER="3", GENRE="Rock", FOO="bar"),
        title="Title",
        live=live,
    )
    track, notes = read(tmp_path / "a.mka", content)
    assert (track.title, track.album.title, track.release_date.year) == ("Title", "Album", 2001)
    assert [credit.name for credit in track.credits] == ["Ana"]
    assert [credit.name for credit in track.album.credits] == ["Various"]
    assert (track.track_number, track.track_total, list(track.genres)) == (3, 9, ["Rock"])
    assert facts(track)["foo"] == "bar"
    (file,) = track.files
    assert (file.format, file.codec, file.channels) == ("matroska", "opus", 2)
    assert (file.sample_rate_hz, file.duration.ToMilliseconds()) == (48_000, 1_500)
    assert notes == ()


def test_matroska_tags_without_a_target_are_those_of_the_track(tmp_path: Path) -> None:
    content = matroska(matroska_tag(0, TITLE="Title", ARTIST="Ana", ALBUM="Album", DATE="1999"))
    track, _ = read(tmp_path / "a.webm", content)
    assert (track.title, track.album.title, track.release_date.year) == ("Title", "Album", 1999)


def test_every_beginning_of_a_matroska_file_is_a_track_or_an_error(tmp_path: Path) -> None:
    content = matroska(matroska_tag(30, TITLE="Title"))
    path = tmp_path / "a.mka"
    for length in range(1, len(content), 7):
        path.write_bytes(content[:length])
        reading = read_track(str(path))
        assert bool(reading.error) != bool(reading.track)


# ------------------------------------------------------------------------------- bad input


def flac_block(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + len(content).to_bytes(3, "big") + content


def test_flac_with_two_comment_blocks_gives_both(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.flac")
    vorbis_tags(path)
    content = path.read_bytes()
    more = struct.pack("<I", 1) + b"x" + struct.pack("<II", 1, 11) + b"MOOD=bright"
    track, notes = read(path, content[:42] + flac_block(4, more) + content[42:])
    assert (track.title, facts(track)["mood"]) == ("Jóga", "bright")
    assert (track.files[0].codec, track.duration.ToMilliseconds()) == ("flac", 500)
    assert notes == ()


def test_mp3_behind_a_tag_of_an_unknown_version_is_mp3(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.mp3")
    content = b"ID3\x20\0\0\0\0\0\x20" + bytes(32) + path.read_bytes()
    track, notes = read(path, content)
    assert (track.files[0].format, track.title) == ("mp3", "a")
    assert "broken" in notes[0]


@pytest.mark.parametrize("count", [1, 10_000])
def test_any_number_of_tags_is_read(tmp_path: Path, count: int) -> None:
    path = tone(tmp_path / "a.flac")
    texts = b"".join(
        struct.pack("<I", len(text)) + text
        for text in (b"X%d=v" % number for number in range(count))
    )
    block = flac_block(4, struct.pack("<I", 0) + struct.pack("<I", count) + texts)
    content = path.read_bytes()
    track, notes = read(path, content[:42] + block + content[42:])
    assert len([fact for fact in track.attributes if fact.source == "tag:Vorbis"]) == min(
        count, 900
    )
    assert any("too many" in note for note in notes) == (count > 900)


def test_a_picture_of_50_mib_does_no_harm(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.mp3")
    tag = ID3()
    tag.add(frame("APIC", mime="image/png", type=3, desc="", data=bytes(50 << 20)))
    tag.add(frame("TIT2", text="Title"))
    tag.save(path)
    assert read(path)[0].title == "Title"


def test_a_tag_that_claims_more_than_there_is_is_cut(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.mp3")
    content = b"ID3\x04\0\0\x7f\x7f\x7f\x7fTIT2\0\0\0\x06\0\0\x03Title" + path.read_bytes()[:4096]
    assert read(path, content)[0].title == "Title"


@pytest.mark.parametrize(
    ("texts", "title"),
    [(b"\xff\xfeT\0i\0\0\xd8", "a"), (b"\x03T\0\0i", "T"), (b"\x03\xff\xfe\xfd", "a")],
)
def test_broken_text_is_left_out(tmp_path: Path, texts: bytes, title: str) -> None:
    path = tone(tmp_path / "a.mp3")
    body = b"TIT2" + len(texts).to_bytes(4, "big") + b"\0\0" + texts
    content = b"ID3\x04\0\0\0\0\0" + bytes([len(body)]) + body + path.read_bytes()
    assert read(path, content)[0].title == title


def test_mp4_tags_are_read(tmp_path: Path) -> None:
    free = freeform("ARTISTS", b"Ana", b"Bo"), freeform("BARCODE", b"00123")
    rating = atom(b"rtng", atom(b"data", struct.pack(">II", 21, 0), b"\x01"))
    number = atom(b"trkn", atom(b"data", struct.pack(">II", 0, 0), bytes([0, 0, 0, 3, 0, 9, 0, 0])))
    content = mp4(*free, rating, number, nam="Title", ART="Ana & Bo", day="2001-02", gen="(17)")
    track, notes = read(tmp_path / "a.m4a", content)
    assert [(credit.name, credit.join_phrase) for credit in track.credits] == [
        ("Ana", " & "),
        ("Bo", ""),
    ]
    assert (track.track_number, track.track_total, track.explicit) == (3, 9, True)
    assert (track.release_date.month, list(track.genres)) == (2, ["Rock"])
    assert facts(track)["barcode"] == "00123"
    (file,) = track.files
    assert (file.codec, file.bit_depth, file.duration.ToMilliseconds()) == ("alac", 16, 1_500)
    assert notes == ()


def test_atoms_that_loop_or_overlap_come_to_an_end(tmp_path: Path) -> None:
    content = mp4(nam="Title")
    for size in (0, 1, 4, 8, 20, 0xFFFFFFFF):
        broken = content.replace(
            content[content.index(b"ilst") - 4 : content.index(b"ilst")], struct.pack(">I", size)
        )
        path = tmp_path / "a.m4a"
        path.write_bytes(broken)
        reading = read_track(str(path))
        assert bool(reading.error) != bool(reading.track)
