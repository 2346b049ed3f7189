"""Tags are written as they are read, and the sound of a file stays what it was."""

from __future__ import annotations

import io
import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import mutagen
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.flac import VCFLACDict
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

from fonoteca.v1.track_pb2 import Track, TrackAlbum
from fonoteca.v1.types_pb2 import (
    CREDIT_ROLE_COMPOSER,
    CREDIT_ROLE_ENGINEER,
    CREDIT_ROLE_FEATURED,
    CREDIT_ROLE_PERFORMER,
    MODE_MINOR,
    Attribute,
    AudioFeatures,
    CreditedName,
    PartialDate,
)
from service.ingest.chunks import aiff_chunks, riff_chunks
from service.ingest.facts import changed, texts_of
from service.ingest.files import read_track
from service.ingest.raw import harvest
from service.ingest.tag_names import write_facts
from service.ingest.tag_writing import Tagged, TagJob, write_tags
from service.ingest.tags import map_tags
from tests.support.audio import (
    MBID,
    aac_frame,
    aiff,
    aiff_chunk,
    dsdiff,
    dsf,
    frame,
    id3_tag,
    id3_tags,
    info_list,
    matroska,
    mp4,
    musepack,
    riff_chunk,
    tone,
    trueaudio,
    vorbis_tags,
    wav,
    wavpack,
)

MAKERS: Final[dict[str, Callable[[], Any]]] = {
    "ID3": ID3,
    "MP4": MP4Tags,
    "APE": APEv2,
    "ASF": ASFTags,
    "Vorbis": VCFLACDict,
}
FULL: Final = Track(
    title="Jóga",
    credits=[
        CreditedName(name="Björk", join_phrase=" feat. "),
        CreditedName(name="A Guest", role=CREDIT_ROLE_FEATURED),
        CreditedName(name="Sjón", role=CREDIT_ROLE_COMPOSER),
        CreditedName(name="Mark Bell", role=CREDIT_ROLE_ENGINEER),
    ],
    album=TrackAlbum(title="Homogenic", credits=[CreditedName(name="Björk")], mbid=MBID),
    mbid=MBID,
    track_number=2,
    track_total=10,
    disc_number=1,
    disc_total=3,
    genres=["Art Pop", "Electronic"],
    release_date=PartialDate(year=1997, month=9, day=22),
    original_release_date=PartialDate(year=1996),
    isrc="GBUM71029605",
    features=AudioFeatures(tempo_bpm=80.5, key=9, mode=MODE_MINOR),
    lyrics="All these accidents\nthat happen",
    comment="fine",
    label="One Little Indian",
    language="eng",
    explicit=False,
    attributes=[
        Attribute(key="mood", text="calm"),
        Attribute(key="mood", text="wide"),
        Attribute(key="compilation", flag=True),
        Attribute(key="barcode", text="0123"),
        Attribute(key="replaygain_track_gain", number=-6.5),
        Attribute(key="r128_track_gain", number=-2.5),
        Attribute(key="acoustid_id", text=MBID),
        Attribute(key="website", text="https://example.org"),
        Attribute(key="unknown", text="stays in the catalogue"),
    ],
)


def _id3v3(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4) + b"\0\0" + content


def read_back(tags: Any) -> Track:
    track = Track()
    map_tags([harvest(tags).raw()], track)
    return track


@pytest.mark.parametrize("family", MAKERS)
def test_what_is_written_is_what_is_read(family: str) -> None:
    texts = texts_of(FULL)
    tags = MAKERS[family]()
    write_facts(tags, changed({}, texts, frozenset()), texts)
    found = texts_of(read_back(tags))
    assert {name: found.get(name) for name in texts} == texts


_line = st.text("abc ÄÖ愛'!-", min_size=1, max_size=9).map(str.strip).filter(bool)
_tracks = st.builds(
    Track,
    title=_line,
    credits=st.lists(st.builds(CreditedName, name=_line, join_phrase=st.just(" & ")), max_size=3),
    album=st.none() | st.builds(TrackAlbum, title=_line),
    track_number=st.integers(0, 99),
    track_total=st.integers(0, 99),
    disc_total=st.integers(0, 9),
    genres=st.lists(_line, max_size=3, unique=True),
    release_date=st.none() | st.builds(PartialDate, year=st.integers(1, 9999)),
    label=_line | st.just(""),
    comment=_line | st.just(""),
    explicit=st.none() | st.booleans(),
)


@pytest.mark.parametrize("family", MAKERS)
@settings(deadline=None, max_examples=40)
@given(first=_tracks, second=_tracks)
def test_a_change_leaves_nothing_of_what_was_there(
    family: str, first: Track, second: Track
) -> None:
    tags = MAKERS[family]()
    before, after = texts_of(first), texts_of(second)
    write_facts(tags, changed({}, before, frozenset()), before)
    names = frozenset({*before, *after})
    write_facts(tags, changed(texts_of(read_back(tags)), after, names), after)
    kept = texts_of(read_back(tags))
    # A name that holds the join phrase of another reads as one credit, and so is told.
    assert {name: values for name, values in kept.items() if name != "artists"} == {
        name: values for name, values in after.items() if name != "artists"
    }


@pytest.mark.parametrize("family", ["ID3", "APE", "Vorbis"])
def test_performers_keep_their_instruments(family: str) -> None:
    tags = MAKERS[family]()
    played = Track(
        credits=[CreditedName(name=name, role=CREDIT_ROLE_PERFORMER) for name in ("Ann", "Bo")],
        attributes=[Attribute(key="performer:oboe", text="Ann")],
    )
    write_facts(tags, ["performer"], texts_of(played))
    assert texts_of(read_back(tags))["performer"] == ("Ann (oboe)", "Bo")


def job(path: Path, track: Track, *facts: str, preview: bool = False) -> TagJob:
    known = path.stat()
    return TagJob(
        path=str(path),
        track=track.SerializeToString(),
        size=known.st_size,
        modified_us=known.st_mtime_ns // 1000,
        facts=frozenset(facts),
        preview=preview,
    )


def write(path: Path, track: Track, *facts: str, preview: bool = False) -> Tagged:
    tagged = write_tags(job(path, track, *facts, preview=preview), str(path.with_name(".part")))
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    return tagged


def said(path: Path) -> Track:
    reading = read_track(str(path))
    assert not reading.error
    return Track.FromString(reading.track)


def made(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    if name.endswith(".m4a"):
        path.write_bytes(mp4(nam="Old", ART="Somebody"))
        return path
    tone(path, how={"format": "OGG", "subtype": "OPUS"} if name.endswith(".opus") else None)
    (vorbis_tags if name.endswith((".flac", ".ogg", ".opus")) else id3_tags)(path)
    return path


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg", "a.opus", "a.wav", "a.aiff", "a.m4a"])
def test_a_file_says_what_the_catalogue_says_and_sounds_as_before(
    tmp_path: Path, name: str
) -> None:
    path = made(tmp_path, name)
    path.chmod(0o640)
    before = said(path)
    tagged = write(path, FULL)
    assert (tagged.error, tagged.left_out) == ("", ())
    assert {change.fact for change in tagged.changes} >= {"lyrics", "label", "mood", "explicit"}
    after = said(path)
    assert {k: v for k, v in texts_of(after).items() if k in texts_of(FULL)} == texts_of(FULL)
    assert after.files[0].audio_hash == before.files[0].audio_hash
    assert after.files[0].content_hash == tagged.content_hash != before.files[0].content_hash
    assert (path.stat().st_size, path.stat().st_mtime_ns // 1000) == (
        tagged.size,
        tagged.modified_us,
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert write(path, FULL) == Tagged()


def test_a_preview_tells_and_writes_nothing(tmp_path: Path) -> None:
    path = made(tmp_path, "a.flac")
    content = path.read_bytes()
    [change] = write(
        path, Track(title="Other", album=TrackAlbum(title="Homogenic")), preview=True
    ).changes
    assert (change.fact, change.before, change.after) == ("title", ("Jóga",), ("Other",))
    assert path.read_bytes() == content


def test_what_the_catalogue_does_not_say_stays_unless_it_is_named(tmp_path: Path) -> None:
    path = made(tmp_path, "a.mp3")
    assert write(path, Track(title="Jóga")) == Tagged()
    [change] = write(path, Track(title="Jóga"), "comment").changes
    assert (change.fact, change.before, change.after) == ("comment", ("fine",), ())
    frames: Any = mutagen.File(path)
    assert "COMM:iTunNORM:eng" in frames
    assert said(path).comment == ""
    assert said(path).credits[0].name == "Björk"


def test_tags_that_hold_no_fact_stay(tmp_path: Path) -> None:
    path = made(tmp_path, "a.flac")
    audio: Any = mutagen.File(path)
    audio["my_own"] = ["1", "2"]
    audio["year"] = "1990"
    audio.save()
    assert write(path, Track(title="New", release_date=PartialDate(year=2001))).error == ""
    written: Any = mutagen.File(path)
    assert (written["my_own"], written["date"], "year" in written) == (["1", "2"], ["2001"], False)


def test_what_a_file_cannot_hold_is_told_and_the_rest_written(tmp_path: Path) -> None:
    path = made(tmp_path, "a.flac")
    tagged = write(path, Track(title="New", genres=["a;b"]))
    assert [change.fact for change in tagged.changes] == ["title"]
    assert [change.fact for change in tagged.left_out] == ["genre"]
    assert (said(path).title, list(said(path).genres)) == ("New", ["Rock", "Art Pop"])
    assert write(path, Track(genres=["a;b"])).content_hash == ""


def test_a_file_that_has_changed_is_left_alone(tmp_path: Path) -> None:
    path = made(tmp_path, "a.flac")
    late = job(path, FULL)
    os.utime(path, (1, 1))
    assert "scan it first" in write_tags(late, str(path.with_name(".part"))).error


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.mka", matroska(title="Old"), "this kind of file"),
        ("a.aac", aac_frame(400) * 20, "this kind of file"),
        ("a.mp3", id3_tag(_id3v3(b"TIT2", b"\0Old")), "holds no sound"),
        ("a.wav", b"no sound", "cannot be read"),
        ("a.flac", b"fLaC\0\0", "cannot be read"),
    ],
)
def test_what_cannot_be_written_stays_as_it_is(
    tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert why in write(path, FULL).error
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.wav", wav()), ("a.aiff", aiff()), ("a.dsf", dsf()), ("a.dff", dsdiff()),
        ("a.tta", trueaudio()), ("a.wv", wavpack()), ("a.mpc", musepack()),
    ],
)  # fmt: skip
def test_a_file_without_tags_gets_some(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    before = said(path).files[0]
    assert write(path, FULL).error == ""
    after = said(path)
    assert (after.title, after.files[0].duration) == ("Jóga", before.duration)
    assert (after.files[0].audio_hash, after.files[0].format) == (before.audio_hash, before.format)
    assert write(path, FULL) == Tagged()


@pytest.mark.parametrize("ape", [False, True])
def test_an_mp3_file_without_id3_gets_some(tmp_path: Path, ape: bool) -> None:
    path = tone(tmp_path / "a.mp3")
    if ape:
        tags: Any = APEv2()
        tags["Artist"] = "Somebody"
        tags.save(path)
    assert write(path, Track(title="Jóga")).error == ""
    assert said(path).title == "Jóga"
    assert [name.name for name in said(path).credits] == ["Somebody"] * ape


def _version(path: Path) -> int:
    """Return the version of the ID3 tag at the start of a file."""
    return path.read_bytes()[3]


def _older(tmp_path: Path, **frames: str) -> Path:
    """Return a file with ID3v2.3, in which there may be frames that it should not have."""
    path = tmp_path / "a.mp3"
    tone(path)
    tags = ID3()
    for name, text in {"TIT2": "Old", "TPE1": "Björk", "TYER": "1997", **frames}.items():
        tags.add(frame(name, text=text, encoding=1))
    tags.save(path, v2_version=3)
    return path


def test_an_older_version_of_id3_stays_as_long_as_it_holds_all(tmp_path: Path) -> None:
    path = _older(tmp_path, TDAT="2209")
    assert write(path, Track(title="Jóga", genres=["Art Pop", "Electronic"])).left_out == ()
    assert _version(path) == 3
    after = said(path)
    assert (after.title, list(after.genres)) == ("Jóga", ["Art Pop", "Electronic"])
    assert after.release_date == PartialDate(year=1997, month=9, day=22)
    # There is no frame for a month in it, nor for a mood.
    assert write(path, Track(release_date=PartialDate(year=1996, month=5))).left_out == ()
    assert (_version(path), said(path).release_date.month) == (4, 5)


def test_a_newer_frame_in_an_older_tag_is_not_lost(tmp_path: Path) -> None:
    path = _older(tmp_path, TSOP="Bjork", TMOO="calm")
    before = texts_of(said(path))
    assert before["mood"] == ("calm",)
    assert write(path, Track(title="Jóga")).error == ""
    assert texts_of(said(path)) == {**before, "title": ("Jóga",)}


def test_frames_of_no_standard_stay(tmp_path: Path) -> None:
    path = _older(tmp_path, TSOP="Bjork")
    # As iTunes once wrote it, with the name that it has in ID3v2.2.
    path.write_bytes(path.read_bytes().replace(b"TSOP", b"TSP ").replace(b"TYER", b"TZZ9"))
    before = said(path)
    assert {fact.key for fact in before.attributes} >= {"artist_sort", "tzz9"}
    assert write(path, Track(title="Jóga")).error == ""
    assert list(said(path).attributes) == list(before.attributes)


def test_an_older_tag_without_a_title_keeps_its_version(tmp_path: Path) -> None:
    path = _older(tmp_path)
    tags = ID3(path)
    del tags["TIT2"]
    tags.update_to_v23()
    tags.save(path, v2_version=3)
    assert write(path, Track(genres=["Pop"])).error == ""
    assert (_version(path), said(path).title) == (3, "a")


def _tagged(path: Path, *frames: bytes, before: bytes = b"") -> bytes:
    """Put a tag of version 2.3 with a title, an artist and these frames before the sound."""
    known = _id3v3(b"TIT2", b"\0Old") + _id3v3(b"TPE1", b"\0Bjork")
    content = before + id3_tag(known + b"".join(frames)) + tone(path).read_bytes()
    path.write_bytes(content)
    assert said(path).title == "Old"
    return content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (b"RVAD", b"\3\x10" + b"\0\1" * 4),
        (b"APIC", b"\0image/png"),
        (b"TXXX", b"\x09" + b"x" * 200),
    ],
)
def test_frames_that_cannot_be_read_stay_as_they_are(
    tmp_path: Path, name: bytes, content: bytes
) -> None:
    path = tmp_path / "a.mp3"
    frame = _id3v3(name, content)
    _tagged(path, frame)
    assert write(path, Track(genres=["Pop"])).error == ""
    assert (_version(path), list(said(path).genres)) == (3, ["Pop"])
    assert frame in path.read_bytes()


def test_frames_that_cannot_be_read_follow_into_a_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    # Only the newest version has a frame for the name to sort by, and counts seven bits a byte.
    content = b"of a program" * 20
    _tagged(path, _id3v3(b"TSOP", b"\0Bjork"), _id3v3(b"NCON", content))
    assert write(path, Track(genres=["Pop"])).error == ""
    assert _version(path) == 4
    assert b"NCON" + bytes([0, 0, 1, 0x70, 0, 0]) + content in path.read_bytes()


def test_frames_of_the_oldest_version_get_their_later_names(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.mp3")
    level = b"\3\x10" + b"\0\1" * 4
    frames = (b"TT2\0\0\4\0Old", b"RVA" + len(level).to_bytes(3) + level)
    path.write_bytes(id3_tag(b"".join(frames), version=2) + path.read_bytes())
    assert write(path, Track(genres=["Pop"])).error == ""
    assert (_version(path), said(path).title) == (3, "Old")
    assert _id3v3(b"RVAD", level) in path.read_bytes()


@pytest.mark.parametrize(
    ("frames", "before"),
    [
        pytest.param(
            [_id3v3(b"TSOP", b"\0Bjork"), b"NCON" + bytes([0, 0, 0, 9, 0, 0x80]) + bytes(9)], b"",
            id="packed in 2.3, and needs 2.4",
        ),
        pytest.param([], b"rubbish", id="behind rubbish"),
    ],
)  # fmt: skip
def test_a_file_that_would_lose_other_tags_is_left_alone(
    tmp_path: Path, frames: list[bytes], before: bytes
) -> None:
    path = tmp_path / "a.mp3"
    content = _tagged(path, *frames, before=before)
    assert "would lose other tags" in write(path, Track(genres=["Pop"])).error
    assert path.read_bytes() == content


def test_a_tag_at_the_end_stays_beside_one_at_the_start(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.mp3")
    frames = b"TIT2" + bytes([0, 0, 0, 4, 0, 0]) + b"\0Old"
    head = bytes([4, 0, 0x10, 0, 0, 0, len(frames)])
    path.write_bytes(path.read_bytes() + b"ID3" + head + frames + b"3DI" + head)
    assert said(path).title == "Old"
    assert write(path, Track(genres=["Pop"])).error == ""
    assert (said(path).title, list(said(path).genres)) == ("Old", ["Pop"])


def test_a_broken_file_is_left_alone_with_a_reason_of_ours(tmp_path: Path) -> None:
    path = made(tmp_path, "a.flac")
    content = path.read_bytes()
    # The name of the program claims to be longer than the comments.
    path.write_bytes(content[:46] + b"\xff\xff\xff\x7f" + content[50:])
    assert write(path, FULL).error == "is too broken for its tags to be written"


def test_an_unknown_frame_stays_where_the_version_does(tmp_path: Path) -> None:
    path = _older(tmp_path)
    content = path.read_bytes().replace(b"TYER", b"NCON")
    path.write_bytes(content)
    assert write(path, Track(title="New")).error == ""
    assert b"NCON" in path.read_bytes()


def test_texts_in_chunks_follow_the_tags_as_far_as_they_have_room(tmp_path: Path) -> None:
    texts = info_list(
        INAM=b"Old title", IART=b"Old", ICMT=b"Old comment", ISFT=b"Editor", IGNR=b"Pop"
    )
    path = tmp_path / "a.wav"
    path.write_bytes(wav(texts))
    hashed = said(path).files[0].audio_hash
    new = Track(title="Jóga", credits=[CreditedName(name="Somebody else")], genres=["Rap"])
    assert write(path, new, "title", "artist", "comment", "genre").error == ""
    chunks = riff_chunks(io.BytesIO(path.read_bytes()), path.stat().st_size)
    assert chunks.tags.raw().values == {"INAM": ("Jóga",), "IGNR": ("Rap",), "ISFT": ("Editor",)}
    assert (said(path).title, said(path).credits[0].name) == ("Jóga", "Somebody else")
    assert said(path).files[0].audio_hash == hashed


def test_a_text_that_claims_more_than_its_chunk_costs_nothing_behind_it(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.aiff", 0.1)
    comment = struct.pack(">HIHH", 1, 0, 0, 60_000) + b"Old comment\0"
    chunks = aiff_chunk(b"COMT", comment), aiff_chunk(b"APPL", b"of a program")
    path.write_bytes(path.read_bytes() + b"".join(chunks))
    assert write(path, Track(comment="New")).error == ""
    assert chunks[1] in path.read_bytes()
    path = path.rename(tmp_path / "a.wav")
    listed = info_list(ICMT=b"Old comment").replace(b"ICMT\x0b", b"ICMT\xff")
    path.write_bytes(wav(listed, riff_chunk(b"prog", b"of a program")))
    assert write(path, Track(comment="New")).error == ""
    assert riff_chunk(b"prog", b"of a program") in path.read_bytes()


def test_texts_in_chunks_of_aiff_follow_the_tags(tmp_path: Path) -> None:
    path = tmp_path / "a.aiff"
    tone(path, 0.1)
    comment = struct.pack(">HIHH", 1, 0, 0, 11) + b"Old comment\0"
    chunks = aiff_chunk(b"NAME", b"Old title"), aiff_chunk(b"COMT", comment)
    path.write_bytes(path.read_bytes() + b"".join(chunks))
    assert said(path).comment == "Old comment"
    assert write(path, Track(title="Jóga", comment="New")).error == ""
    found = aiff_chunks(io.BytesIO(path.read_bytes()), path.stat().st_size)
    assert found.tags.raw().values == {"NAME": ("Jóga",), "COMT": ("New",)}


def test_a_file_with_something_else_in_place_of_its_tag_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(riff_chunk(b"id3 ", b"no tag at all")))
    content = path.read_bytes()
    assert "would lose other tags" in write(path, Track(title="Title"), "title").error
    assert path.read_bytes() == content
