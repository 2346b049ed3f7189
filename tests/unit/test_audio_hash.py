"""The audio hash: what tags and framing do leaves it as it is, what audio does changes it."""

from __future__ import annotations

import hashlib
import io
import math
import struct
from collections.abc import Callable
from itertools import chain, pairwise
from pathlib import Path
from time import process_time
from typing import Any, Final

import mutagen
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.flac import Picture
from mutagen.id3 import ID3, TIT2, PictureType

from service.ingest.audio_hash import FileHashes, hash_file
from service.ingest.payload import find_payload
from tests.support.audio import mpeg_frame

REAL: Final[dict[str, dict[str, str]]] = {
    "mp3": {},
    "flac": {},
    "ogg": {},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "wav": {},
    "aiff": {},
}
# mutagen has no types.
ape_tags: Any = APEv2
id3_tags: Any = ID3
title_frame: Any = TIT2
flac_picture: Any = Picture

PIECE: Final = "service.ingest.audio_hash._PIECE_BYTES"


def hashes(data: bytes | bytearray) -> FileHashes:
    stream = io.BytesIO(data)
    return hash_file(stream, find_payload(stream, len(data)))


def audio_of(data: bytes | bytearray) -> str:
    found = hashes(data)
    assert found.audio
    return found.audio


def tone(path: Path, pitch: float = 440, how: dict[str, str] | None = None) -> Path:
    """Write two seconds of a sine."""
    wave = np.sin(np.arange(16_000) * pitch * 2 * math.pi / 8_000) * 0.3
    soundfile.write(path, wave, 8_000, **(how or {}))
    return path


def retag(path: Path, title: str) -> None:
    """Give a file another title, and so much more that its tags need another room."""
    audio: Any = mutagen.File(path)
    if audio.tags is None:
        audio.add_tags()
    tags = audio.tags
    if ID3 in type(tags).__mro__:
        tags.add(title_frame(encoding=3, text=title))
    else:
        audio["title"] = title
    audio.save()


# ------------------------------------------------------------------------------ real containers


@pytest.mark.parametrize("kind", REAL)
def test_retagging_keeps_the_audio_hash_and_changes_the_content_hash(
    tmp_path: Path, kind: str
) -> None:
    path = tone(tmp_path / f"a.{kind}", how=REAL[kind])
    seen = [hashes(path.read_bytes())]
    for title in ("One", "x" * 100_000, "Two"):
        retag(path, title)
        seen.append(hashes(path.read_bytes()))
    assert len({found.audio for found in seen}) == 1
    assert len({found.content for found in seen}) == len(seen)
    assert [found.notes for found in seen] == [()] * len(seen)
    assert seen[-1].content == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", REAL)
def test_other_audio_has_another_hash(tmp_path: Path, kind: str) -> None:
    first = tone(tmp_path / f"a.{kind}", how=REAL[kind])
    second = tone(tmp_path / f"b.{kind}", pitch=441, how=REAL[kind])
    assert audio_of(first.read_bytes()) != audio_of(second.read_bytes())


@pytest.mark.parametrize("kind", sorted(REAL.keys() - {"flac"}))
def test_one_changed_byte_of_audio_changes_the_hash(tmp_path: Path, kind: str) -> None:
    data = bytearray(tone(tmp_path / f"a.{kind}", how=REAL[kind]).read_bytes())
    before = audio_of(data)
    data[-300] ^= 1
    assert audio_of(data) != before


@pytest.mark.parametrize("size", [1, 7, 100, 4_096])
def test_how_a_file_is_read_does_not_matter(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tone(tmp_path / f"a.{kind}", how=REAL[kind]).read_bytes() for kind in REAL]
    short = [data[: 40 * size] for data in files]  # single bytes take their time
    expected = [hashes(data) for data in short]
    monkeypatch.setattr(PIECE, size)
    assert [hashes(data) for data in short] == expected


def test_a_large_file_is_hashed_in_two_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tone(tmp_path / "a.wav").read_bytes()
    expected = hashes(data)
    monkeypatch.setattr("service.ingest.audio_hash._WORTH_A_THREAD", 1_000)
    monkeypatch.setattr(PIECE, 1_000)
    assert hashes(data) == expected


def test_flac_is_known_by_the_checksum_of_its_samples(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.flac")
    before = hashes(path.read_bytes())
    assert before.audio == f"flac-md5:{mutagen.File(path).info.md5_signature:032x}"
    faster = tmp_path / "b.flac"
    samples, rate = soundfile.read(path)
    soundfile.write(faster, samples, rate, compression_level=0.0)
    assert hashes(faster.read_bytes()).content != before.content
    assert audio_of(faster.read_bytes()) == before.audio
    assert audio_of(b"ID3\x04\0\0\0\0\0\x05hello" + path.read_bytes()) == before.audio


def test_flac_without_a_checksum_is_known_by_its_frames(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.flac")
    bare = path.read_bytes().replace(mutagen.File(path).info.md5_signature.to_bytes(16), bytes(16))
    before = audio_of(bare)
    assert before.startswith("sha256:")
    path.write_bytes(bare)
    audio: Any = mutagen.File(path)
    picture = flac_picture()
    picture.type, picture.data = PictureType.COVER_FRONT, bytes(200_000)
    audio.add_picture(picture)
    audio["title"] = "Other"
    audio.save(padding=lambda _: 12_345)
    retagged = bytearray(path.read_bytes())
    assert audio_of(retagged) == before
    retagged[-100] ^= 1
    assert audio_of(retagged) != before


# --------------------------------------------------------------- containers that are put together


def sized(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def mp4(tags: bytes, audio: bytes) -> bytes:
    moov = sized(b"moov", sized(b"udta", tags))
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + len(audio)) + audio
    return sized(b"ftyp", b"M4A \0\0\0\0") + moov + large + sized(b"free", tags)


def fragmented_mp4(tags: bytes, audio: bytes) -> bytes:
    half = len(audio) // 2
    first, second = sized(b"mdat", audio[:half]), struct.pack(">I4s", 0, b"mdat") + audio[half:]
    return sized(b"ftyp", b"dash") + sized(b"moov", tags) + first + sized(b"moof", b"") + second


def asf(tags: bytes, audio: bytes) -> bytes:
    head = bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C")
    data = bytes.fromhex("3626B2758E66CF11A6D900AA0062CE6C")
    file_id = hashlib.md5(tags).digest() + bytes(10)
    return (
        head + struct.pack("<Q", 24 + len(tags)) + tags
        + data + struct.pack("<Q", 24 + 26 + len(audio)) + file_id + audio
        + bytes(16) + struct.pack("<Q", 24 + len(tags)) + tags
    )  # fmt: skip


def chunk(order: str, name: bytes, body: bytes) -> bytes:
    return struct.pack(f"{order}4sI", name, len(body)) + body + bytes(len(body) % 2)


def wave(tags: bytes, audio: bytes) -> bytes:
    body = chunk("<", b"LIST", tags) + chunk("<", b"data", audio) + chunk("<", b"id3 ", tags)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def rf64(tags: bytes, audio: bytes) -> bytes:
    sizes = struct.pack("<QQQI", 0, len(audio), 0, 0)
    data = b"data\xff\xff\xff\xff" + audio + bytes(len(audio) % 2)
    body = chunk("<", b"ds64", sizes) + data + chunk("<", b"id3 ", tags)
    return b"RF64\xff\xff\xff\xffWAVE" + body


def aiff(tags: bytes, audio: bytes) -> bytes:
    body = chunk(">", b"NAME", tags) + chunk(">", b"SSND", audio) + chunk(">", b"ID3 ", tags)
    return b"FORM" + struct.pack(">I", 4 + len(body)) + b"AIFC" + body


def dsf(tags: bytes, audio: bytes) -> bytes:
    data = b"data" + struct.pack("<Q", 12 + len(audio)) + audio
    parts = b"fmt " + struct.pack("<Q", 12 + 8) + bytes(8) + data
    size = 28 + len(parts) + len(tags)
    pointer = 28 + len(parts) if tags else 0
    return b"DSD " + struct.pack("<QQQ", 28, size, pointer) + parts + tags


def dsdiff(tags: bytes, audio: bytes) -> bytes:
    def part(name: bytes, body: bytes) -> bytes:
        return name + struct.pack(">Q", len(body)) + body + bytes(len(body) % 2)

    parts = part(b"FVER", bytes(4)) + part(b"DSD ", audio) + part(b"ID3 ", tags)
    return b"FRM8" + struct.pack(">Q", 4 + len(parts)) + b"DSD " + parts


def element(name: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes.fromhex(name) + (1 << 56 | len(body)).to_bytes(8) + body


def tracks() -> bytes:
    kinds = ((1, 1), (2, 2), (3, 2))
    entries = (
        element("AE", element("D7", bytes([number])), element("83", bytes([kind])))
        for number, kind in kinds
    )
    return element("1654AE6B", *entries)


def webm(*inside: bytes, live: bool = False) -> bytes:
    """Return a file with these in its segment, behind a film and two tracks of sound."""
    segment = tracks() + b"".join(inside)
    head = element("1A45DFA3", b"\x42\x82\x84webm")
    if live:
        return head + bytes.fromhex("1853806701ffffffffffffff") + segment
    return head + element("18538067", segment)


def block(content: bytes, track: int = 2, lacing: int = 0) -> bytes:
    return element("A3", bytes([0x80 | track, 0, 1, lacing]) + content)


def matroska(tags: bytes, audio: bytes) -> bytes:
    half = len(audio) // 2
    grouped = element("A1", b"\x82\0\2\0" + audio[half:])
    others = block(tags, track=1), block(tags, track=3)
    first = element("1F43B675", element("E7", tags[:4]), others[0], block(audio[:half]))
    second = element("1F43B675", element("A7", tags), element("A0", grouped), others[1])
    return webm(element("1254C367", tags), first, element("EC", tags), second)


def ogg_page(serial: int, sequence: int, table: bytes, body: bytes, first: int = 0) -> bytes:
    head = struct.pack("<4sBBQIII", b"OggS", 0, first, 0, serial, sequence, sequence * 77)
    return head + bytes([len(table)]) + table + body


def laced(packet: bytes) -> bytes:
    return bytes([255] * (len(packet) // 255) + [len(packet) % 255])


def ogg(tags: bytes, audio: bytes) -> bytes:
    """Vorbis beside another stream, its comments and setup on shared pages."""
    start = ogg_page(1, 0, laced(b"\x01vorbis...."), b"\x01vorbis....", first=2)
    other = ogg_page(2, 0, laced(b"fishead"), b"fishead", first=2)
    headers = laced(tags) + laced(b"setup")
    body = tags + b"setup"
    cut = sum(headers[:200])
    pages = ogg_page(1, 1, headers[:200], body[:cut])
    if headers[200:]:
        pages += ogg_page(1, 2, headers[200:], body[cut:])
    sound = b"".join(
        ogg_page(1, 3 + at, laced(audio[at : at + 300]), audio[at : at + 300])
        for at in range(0, len(audio), 300)
    )
    return start + other + pages + ogg_page(2, 1, laced(tags), tags) + sound


def tagged(magic: bytes) -> Callable[[bytes, bytes], bytes]:
    """A stream between an ID3v2 tag and APEv2, Lyrics3 and ID3v1 tags."""

    def build(tags: bytes, audio: bytes) -> bytes:
        size = len(tags)
        digits = bytes(size >> 7 * place & 0x7F for place in (3, 2, 1, 0))
        ape = struct.pack("<8sIIII8x", b"APETAGEX", 2_000, 32 + size, 0, 0x80000000)
        head = struct.pack("<8sIIII8x", b"APETAGEX", 2_000, 32 + size, 0, 0xA0000000)
        lyrics = b"LYRICSBEGIN" + tags
        return (
            b"ID3\x04\0\0" + digits + tags + magic + audio + head + tags + ape
            + lyrics + b"%06d" % len(lyrics) + b"LYRICS200"
            + b"TAG" + tags[:125].ljust(125, b"\0")
        )  # fmt: skip

    return build


BUILDERS: Final[dict[str, Callable[[bytes, bytes], bytes]]] = {
    build.__name__: build
    for build in (mp4, fragmented_mp4, asf, wave, rf64, aiff, dsf, dsdiff, matroska, ogg)
} | {
    name: tagged(magic)
    for name, magic in {
        "mp3": b"\xff\xfb", "aac": b"\xff\xf1", "ac3": b"\x0b\x77", "ape": b"MAC ",
        "musepack 7": b"MP+", "musepack 8": b"MPCK", "wavpack": b"wvpk", "tta": b"TTA1",
        "tak": b"tBaK", "optimfrog": b"OFR ",
    }.items()
}  # fmt: skip


def plain_bytes(least: int) -> st.SearchStrategy[bytes]:
    """Any bytes that hold no beginning or end of a tag, which chance would not make either."""
    return st.binary(min_size=least, max_size=900).map(lambda data: data.replace(b"A", b"."))


@pytest.mark.parametrize("name", BUILDERS)
@given(tags=plain_bytes(0), other=plain_bytes(0), audio=plain_bytes(20), data=st.data())
def test_only_audio_counts(
    name: str, tags: bytes, other: bytes, audio: bytes, data: st.DataObject
) -> None:
    build = BUILDERS[name]
    expected = hashes(build(tags, audio))
    assert expected.notes == ()
    assert audio_of(build(other, audio)) == expected.audio
    changed = bytearray(audio)
    changed[data.draw(st.integers(0, len(audio) - 1))] ^= 0x80
    assert audio_of(build(tags, bytes(changed))) != expected.audio


def _xiph(*frames: bytes) -> bytes:
    sizes = (b"\xff" * (len(frame) // 255) + bytes([len(frame) % 255]) for frame in frames[:-1])
    return bytes([len(frames) - 1]) + b"".join(sizes) + b"".join(frames)


def _differing(*frames: bytes) -> bytes:
    """Return frames with sizes as EBML laces them: the first one, then the differences."""
    sizes = [0x4000 | len(frames[0])]
    for before, frame in pairwise(frames[:-1]):
        sizes.append(0x4000 | len(frame) - len(before) + 0x1FFF)
    laced = b"".join(size.to_bytes(2) for size in sizes)
    return bytes([len(frames) - 1]) + laced + b"".join(frames)


def test_how_frames_of_matroska_are_put_together_does_not_count() -> None:
    frames = [bytes([number]) * 300 for number in range(1, 5)]
    plain = audio_of(webm(element("1F43B675", *map(block, frames))))
    assert plain == f"sha256:{hashlib.sha256(b''.join(frames)).hexdigest()}"
    shared = bytes([len(frames) - 1]) + b"".join(frames)
    for content, lacing in ((_xiph(*frames), 2), (shared, 4), (_differing(*frames), 6)):
        assert audio_of(webm(element("1F43B675", block(content, lacing=lacing)))) == plain
    clusters = (element("1F43B675", element("AB", b"x"), block(frame)) for frame in frames)
    assert audio_of(webm(*clusters)) == plain
    assert audio_of(webm(element("1F43B675", *map(block, frames)), live=True)) == plain


def test_what_matroska_leaves_out_of_each_frame_counts() -> None:
    whole = webm(element("1F43B675", block(b"\x0b\x77one"), block(b"\x0b\x77two")))
    shared = block(_xiph(b"one", b"two"), lacing=2)
    for blocks in ((block(b"one"), block(b"two")), (shared,)):
        assert audio_of(_stripped(b"\x0b\x77", *blocks)) == audio_of(whole)


@pytest.mark.parametrize(
    "content", [b"\3\xff\xff\xff\1x", b"\1\xff", b""], ids=["too long", "cut off", "nothing"]
)
def test_a_broken_block_is_noted_and_counts_as_it_is(content: bytes) -> None:
    clusters = (element("1F43B675", block(content, lacing=2) + block(end)) for end in (b"1", b"2"))
    found = [hashes(webm(cluster)) for cluster in clusters]
    assert found[0].audio != found[1].audio
    assert found[0].notes == ("its blocks are broken or cut off",)


def test_frames_of_matroska_before_the_list_of_tracks_count() -> None:
    late = [
        element("1F43B675", block(early)) + tracks() + element("1F43B675", block(b"two"))
        for early in (b"x", b"y")
    ]
    behind = [element("1F43B675", block(sound)) + tracks() for sound in (b"x", b"y")]
    found = [
        hashes(element("1A45DFA3") + element("18538067", segment)) for segment in late + behind
    ]
    assert len({each.audio for each in found}) == len(found)
    assert {each.notes for each in found} == {("its blocks are broken or cut off",)}


@pytest.mark.parametrize("kind", [b"", element("83", b"\2")], ids=["no sound", "no number"])
def test_a_sound_without_a_number_is_not_that_of_the_number_0(kind: bytes) -> None:
    segment = element("1654AE6B", element("AE", kind)) + element("1F43B675", block(b"x", track=0))
    found = hashes(element("1A45DFA3") + element("18538067", segment))
    assert found.notes != ()
    assert found.audio != f"sha256:{hashlib.sha256(b'x').hexdigest()}"


def _stripped(beginning: bytes, *blocks: bytes) -> bytes:
    """Return a file whose frames leave out how they begin."""
    packing = element("5034", element("4254", b"\3"), element("4255", beginning))
    encodings = element("6D80", element("6240", packing))
    track = element("AE", element("D7", b"\2"), element("83", b"\2"), encodings)
    segment = element("1654AE6B", track) + element("1F43B675", *blocks)
    return element("1A45DFA3", b"\x42\x82\x84webm") + element("18538067", segment)


def test_a_small_matroska_file_is_not_made_large_by_what_its_frames_leave_out() -> None:
    empty = block(b"\xff", lacing=4)
    for broken in (_stripped(b"x" * 65, block(b"one")), _stripped(b"x", empty)):
        assert hashes(broken).notes == ("its blocks are broken or cut off",)
    assert hashes(_stripped(b"x" * 64, block(b"one"))).notes == ()


def test_a_large_block_of_a_film_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.ingest.matroska_blocks._LARGEST", 100)
    film = block(b"film" * 1_000, track=1)
    for size in (1 << 20, 1_000, 7):
        monkeypatch.setattr(PIECE, size)
        found = hashes(webm(element("1F43B675", film, block(b"one"), film, block(b"two"))))
        assert found.notes == ()
        assert found.audio == f"sha256:{hashlib.sha256(b'onetwo').hexdigest()}"


SAMPLES: Final = [bytes([number]) * (100 + number) for number in range(1, 7)]


def _movie(table: bytes, *fragments: bytes) -> bytes:
    """Return the atom that describes a film and, after it, the sound by a table of samples."""
    tracks = b""
    for number, kind, inner in ((1, b"vide", b""), (2, b"soun", table)):
        head = sized(b"tkhd", struct.pack(">IIII", 0, 0, 0, number))
        handler = sized(b"hdlr", bytes(8) + kind)
        media = sized(b"mdia", handler + sized(b"minf", sized(b"stbl", inner)))
        tracks += sized(b"trak", head + media)
    return sized(b"moov", tracks + b"".join(fragments))


def _tabled(chunks: list[list[bytes]], between: bytes, *, wide: bool = False) -> bytes:
    """Return a file whose samples stand in chunks, with something before each of these."""
    head = sized(b"ftyp", b"M4A \0\0\0\0")
    at, offsets, content = len(head) + 8, [], b""
    for chunk in chunks:
        content += between
        offsets.append(at + len(content))
        content += b"".join(chunk)
    sizes = [len(sample) for chunk in chunks for sample in chunk]
    groups = [(number, len(chunk), 1) for number, chunk in enumerate(chunks, 1)]
    kind, width = (b"co64", "Q") if wide else (b"stco", "I")
    table = (
        sized(b"stsz", struct.pack(f">III{len(sizes)}I", 0, 0, len(sizes), *sizes))
        + sized(b"stsc", struct.pack(f">II{3 * len(groups)}I", 0, len(groups), *chain(*groups)))
        + sized(kind, struct.pack(f">II{len(offsets)}{width}", 0, len(offsets), *offsets))
    )
    return head + sized(b"mdat", content) + _movie(table)


def _of_one_size(kind: bytes, size: int, samples: bytes) -> bytes:
    """Return a file with a film between two chunks of sound, whose table tells one size."""
    head = sized(b"ftyp", b"M4A \0\0\0\0")
    middle = len(samples) // 2
    content = samples[:middle] + b"film" + samples[middle:]
    count, at = middle // size, len(head) + 8
    table = (
        sized(b"stsd", struct.pack(">II", 0, 1) + sized(kind, bytes(28)))
        + sized(b"stsz", struct.pack(">III", 0, size, 2 * count))
        + sized(b"stsc", struct.pack(">5I", 0, 1, 1, count, 1))
        + sized(b"stco", struct.pack(">4I", 0, 2, at, at + middle + 4))
    )
    return head + sized(b"mdat", content) + _movie(table)


def _in_fragments(count: int | None = None) -> bytes:
    """Return a file with two fragments of the sound, each behind one of the film.

    They tell of as many samples as there are, or of `count`.
    """
    usual = sized(b"mvex", sized(b"trex", struct.pack(">IIIIII", 0, 2, 1, 1024, 7, 0)))
    content = sized(b"ftyp", b"dash\0\0\0\0") + _movie(b"", usual)
    for samples in (SAMPLES[:2], SAMPLES[2:]):
        film = sized(b"traf", sized(b"tfhd", struct.pack(">II", 0, 1)))
        head = sized(b"tfhd", struct.pack(">II", 0x20000, 2))

        def run(offset: int, samples: list[bytes] = samples) -> bytes:
            sizes = (value for sample in samples for value in (1024, len(sample)))
            told = len(samples) if count is None else count
            return struct.pack(f">III{2 * len(samples)}I", 0x301, told, offset, *sizes)

        size = len(sized(b"moof", film + sized(b"traf", head + sized(b"trun", run(0)))))
        part = sized(b"traf", head + sized(b"trun", run(size + 8 + 5)))
        content += sized(b"moof", film + part) + sized(b"mdat", b"film!" + b"".join(samples))
    return content


def test_how_samples_of_mpeg_4_are_put_together_does_not_count() -> None:
    plain = audio_of(_tabled([SAMPLES], b""))
    assert plain == f"sha256:{hashlib.sha256(b''.join(SAMPLES)).hexdigest()}"
    others = (
        _tabled([SAMPLES[:1], SAMPLES[1:4], SAMPLES[4:]], b"a chapter"),
        _tabled([[sample] for sample in SAMPLES], b"film", wide=True),
        _in_fragments(),
    )
    for other in others:
        assert hashes(other).notes == ()
        assert audio_of(other) == plain


def test_samples_of_one_size_are_told_where_they_are_packets() -> None:
    samples = bytes(range(1, 201))
    packets = f"sha256:{hashlib.sha256(samples).hexdigest()}"
    for kind in (b"ac-3", b"samr", b"mp4a"):
        assert audio_of(_of_one_size(kind, 20, samples)) == packets
    between = samples[:100] + b"film" + samples[100:]
    assert audio_of(_of_one_size(b"sowt", 1, samples)) == (
        f"sha256:{hashlib.sha256(between).hexdigest()}"
    )


MOVIE: Final = b"".join([b"film!", *SAMPLES[:2], b"film!", *SAMPLES[2:]])
MOVIE_DATA: Final = f"sha256:{hashlib.sha256(MOVIE).hexdigest()}"


@pytest.mark.parametrize("most", [0, 3, 20])
def test_a_part_of_the_fragments_is_not_the_sound(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.ingest.atoms._MOST_ATOMS", most)
    assert audio_of(_in_fragments()) == MOVIE_DATA


def test_samples_that_are_not_all_described_are_not_the_sound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert audio_of(_in_fragments(count=5)) == MOVIE_DATA
    broken = _in_fragments() + struct.pack(">I4s", 7, b"moof")
    assert "impossible size 7" in hashes(broken).notes[0]
    monkeypatch.setattr("service.ingest.mpeg4_samples._LARGEST_TABLE", 20)
    assert audio_of(_in_fragments()) == MOVIE_DATA
    content = b"".join(b"film" + sample for sample in SAMPLES)
    tabled = _tabled([[sample] for sample in SAMPLES], b"film")
    assert audio_of(tabled) == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_fragments_that_claim_the_rest_of_the_file_are_not_followed_there() -> None:
    head = sized(b"ftyp", b"dash\0\0\0\0") + _movie(b"")
    fragment = struct.pack(">I4sI4s", 16, b"moof", 0x7FFFFFFF, b"traf")
    begun = process_time()
    assert audio_of(head + fragment * 4_000)
    assert process_time() - begun < 2


@given(at=st.integers(0, 900), junk=st.binary(min_size=1, max_size=8))
def test_tables_that_lie_are_not_believed(at: int, junk: bytes) -> None:
    whole = _tabled([SAMPLES[:2], SAMPLES[2:]], b"between")
    at += len(b"".join(SAMPLES))
    broken = whole[:at] + junk + whole[at + len(junk) :]
    assert hashes(broken).audio


def test_an_index_before_the_frames_of_mp3_does_not_count() -> None:
    sound = mpeg_frame(128) * 3
    plain = audio_of(sound)
    assert plain == f"sha256:{hashlib.sha256(sound).hexdigest()}"
    frame = mpeg_frame(64)
    for name in (b"Xing", b"Info", b"VBRI"):
        index = frame[:36] + name + frame[40:]
        assert audio_of(index + sound) == plain
        assert audio_of(index) == f"sha256:{hashlib.sha256(index).hexdigest()}"
    assert audio_of(frame + sound) != plain


def test_the_audio_of_asf_is_found_behind_a_header_of_another_size() -> None:
    audio = bytes(range(256))
    whole = asf(b"tags" * 20, audio)
    for claim in (50, 99_999):
        broken = whole[:16] + struct.pack("<Q", claim) + whole[24:]
        assert audio_of(broken) == audio_of(whole)


@pytest.mark.parametrize("magic", [b"MAC ", b"wvpk", b"TTA1", b"MPCK", b"tBaK"])
def test_what_mutagen_writes_around_the_audio_does_not_count(tmp_path: Path, magic: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(magic + bytes(range(256)) * 20)
    before = audio_of(path.read_bytes())
    tags = ape_tags()
    tags["Title"] = "x" * 500
    tags.save(path)
    assert audio_of(path.read_bytes()) == before
    frames = id3_tags()
    frames.add(title_frame(encoding=3, text="Title"))
    frames.save(path, v1=2)
    assert audio_of(path.read_bytes()) == before


# --------------------------------------------------------------------------------- broken files


@pytest.mark.parametrize("name", BUILDERS)
@given(cut=st.integers(0, 2_000), junk=st.binary(max_size=40), at=st.integers(0, 2_000))
@example(cut=0, junk=b"\x00\x00\x00\x00\x80", at=116)  # an atom that ends beyond any file
def test_a_broken_file_has_hashes_too(name: str, cut: int, junk: bytes, at: int) -> None:
    whole = BUILDERS[name](b"tags" * 20, bytes(range(256)) * 4)
    broken = (whole[:at] + junk + whole[at + len(junk) :])[: max(1, len(whole) - cut)]
    found = hashes(broken)
    assert found.content == hashlib.sha256(broken).hexdigest()
    assert found == hashes(broken)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (struct.pack(">I4s", 4, b"ftyp"), "impossible size"),
        (b"fLaC\x00\xff\xff\xff", "longer than the file"),
        (b"fLaC", "have no end"),
        (b"DSD " + bytes(30), "impossible size"),
        (bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C") + bytes(9), "impossible size"),
        (bytes.fromhex("1A45DFA3") + b"\0\0\0", "blocks are broken"),
        (bytes.fromhex("1A45DFA3") + b"\xff\xff", "blocks are broken"),
        (b"RIFF\x04\0\0\0WAVE", "not where it should be"),
        (sized(b"free", b"") * 100_001, "too many parts"),
    ],
)
def test_what_cannot_be_is_noted(data: bytes, why: str) -> None:
    found = hashes(data)
    assert why in found.notes[0]
    assert found.audio == f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_broken_pages_are_noted() -> None:
    whole = ogg(b"tags", bytes(1_000))
    for broken in (whole[:-20], whole + b"junk", whole[:40] + b"junk" + whole[40:]):
        assert any("Ogg pages" in note for note in hashes(broken).notes)


def test_a_file_without_audio_has_no_audio_hash() -> None:
    for data in (b"", b"ID3\x04\0\0\0\0\0\x05hello", b"TAG" + bytes(125)):
        found = hashes(data)
        assert found.audio == ""
        assert "holds no audio" in found.notes[-1]
