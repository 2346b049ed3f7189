"""Formats with a simple head: CAF, AU and AMR, and old WavPack, which is refused."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from mutagen.apev2 import APEv2

from fonoteca.v1.track_pb2 import Track
from service.ingest.files import read_track
from tests.support.audio import RATE, aiff, aiff_chunk, id3_tag, info_list, riff_chunk, wav


def _read(path: Path) -> Track:
    reading = read_track(str(path))
    assert (reading.error, reading.notes) == ("", ())
    return Track.FromString(reading.track)


def _chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    return name + struct.pack(">q", len(content) if size is None else size) + content


def _described(codec: bytes, packet_bytes: int, packet_samples: int, bits: int = 0) -> bytes:
    numbers = (float(RATE), codec, 0, packet_bytes, packet_samples, 2, bits)
    return _chunk(b"desc", struct.pack(">d4sIIIII", *numbers))


def _caf(*chunks: bytes) -> bytes:
    return b"caff\0\1\0\0" + b"".join(chunks)


@pytest.mark.parametrize(
    ("name", "subtype", "codec", "bits", "bitrate"),
    [
        ("a.caf", "PCM_16", "pcm", 16, 256_000),
        ("a.caf", "PCM_24", "pcm", 24, 384_000),
        ("a.caf", "FLOAT", "pcm_float", 32, 512_000),
        ("a.caf", "ULAW", "ulaw", 0, 128_000),
        ("a.caf", "ALAC_16", "alac", 16, None),
        ("a.au", "PCM_16", "pcm", 16, 256_000),
        ("a.au", "DOUBLE", "pcm_float", 64, 1_024_000),
        ("a.au", "ALAW", "alaw", 0, 128_000),
    ],
)
def test_sound_is_described_as_it_was_written(
    tmp_path: Path, name: str, subtype: str, codec: str, bits: int, bitrate: int | None
) -> None:
    path = tmp_path / name
    soundfile.write(path, np.zeros((RATE // 2, 2)), RATE, subtype=subtype)
    [file] = _read(path).files
    assert (file.format, file.codec, file.bit_depth) == (path.suffix[1:], codec, bits)
    assert (file.sample_rate_hz, file.channels) == (RATE, 2)
    assert file.duration.ToMilliseconds() == 500
    if bitrate:
        assert file.bitrate_bps == bitrate
    assert file.audio_hash


def test_what_caf_says_of_the_piece_is_read(tmp_path: Path) -> None:
    said = {
        "title": "Jóga", "artist": "Björk", "album": "Homogenic", "track number": "2",
        "tempo": "80", "key signature": "Am", "year": "1998",
        "recorded date": "1997-09-22T12:00:00Z",
        "composer": "Sjón", "genre": "Art Pop", "comments": "fine, very fine",
        "encoding application": "Recorder 1", "time signature": "4/4",
    }  # fmt: skip
    texts = b"".join(f"{key}\0{value}\0".encode() for key, value in said.items())
    info = _chunk(b"info", struct.pack(">I", len(said)) + texts)
    sound = _chunk(b"data", bytes(4 + 4 * RATE), size=-1)
    path = tmp_path / "a.caf"
    path.write_bytes(_caf(_described(b"lpcm", 4, 1, 16), info, _chunk(b"free", b"odd"), sound))
    track = _read(path)
    assert (track.title, track.album.title, track.track_number) == ("Jóga", "Homogenic", 2)
    assert [name.name for name in track.credits] == ["Björk", "Sjón"]
    assert (track.release_date.year, track.release_date.month) == (1997, 9)
    assert (track.features.tempo_bpm, track.features.key) == (80, 9)
    assert (list(track.genres), track.comment) == (["Art Pop"], "fine, very fine")
    told = {fact.key: fact.text for fact in track.attributes}
    assert told.items() >= {"encoded_by": "Recorder 1", "time signature": "4/4"}.items()
    assert track.duration.ToMilliseconds() == 1000


def test_packets_of_caf_tell_the_length(tmp_path: Path) -> None:
    path = tmp_path / "a.caf"
    table = struct.pack(">qqii", 9, 8_000, 960, 256)
    sound = _chunk(b"data", bytes(4 + 2_000))
    path.write_bytes(_caf(_described(b"aac ", 0, 1024), _chunk(b"pakt", table), sound))
    [file] = _read(path).files
    assert (file.codec, file.duration.ToMilliseconds()) == ("aac", 1000)
    assert file.bitrate_bps == 16_000
    # No packet is told of, so that the sizes have to say it.
    table = struct.pack(">qqii", 0, 0, 0, 0)
    path.write_bytes(_caf(_described(b"ima4", 68, 64), _chunk(b"pakt", table), sound))
    [file] = _read(path).files
    assert (file.codec, file.duration.ToMilliseconds()) == ("adpcm", 2_000 // 68 * 64 // 8)


def test_other_chunks_of_caf_do_not_change_the_audio_hash(tmp_path: Path) -> None:
    path = tmp_path / "a.caf"
    hashes = set()
    for said in (b"", _chunk(b"info", b"\0\0\0\1title\0One\0"), _chunk(b"free", bytes(99))):
        path.write_bytes(_caf(_described(b"lpcm", 4, 1, 16), said, _chunk(b"data", b"...." * 999)))
        hashes.add(_read(path).files[0].audio_hash)
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("codec", "told"), [(b"Qlm2", "qlm2"), (b"\0\0\0\0", ""), (b"a\nb ", ""), (b"\xe9abc", "")]
)
def test_a_codec_of_caf_that_is_not_known_counts_if_it_is_a_name(
    tmp_path: Path, codec: bytes, told: str
) -> None:
    path = tmp_path / "a.caf"
    path.write_bytes(_caf(_described(codec, 4, 1, 16), _chunk(b"data", bytes(99))))
    assert _read(path).files[0].codec == told


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.caf", _caf(_chunk(b"desc", bytes(24))), "does not describe its sound"),
        ("a.caf", _caf(), "does not describe its sound"),
        ("a.au", b".snd" + bytes(9), "does not describe its sound"),
        ("a.au", b".snd" + struct.pack(">IIIII", 24, 0, 99, RATE, 1), "unknown encoding 99"),
        ("a.amr", b"#!AMR_MC1.0\n" + bytes(99), "several channels"),
        ("a.wv", b"wvpk" + struct.pack("<IH", 400, 3) + bytes(99), "WavPack before version 4"),
        ("a.wv", wav().replace(b"data", b"data\x10\0\0\0wvpk"), "WavPack before version 4"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(
    tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert why in read_track(str(path)).error


def test_the_text_in_the_head_of_au_is_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "a.au"
    text = b"of a program\0\0\0\0"
    head = struct.pack(">IIIII", 24 + len(text), 0xFFFF_FFFF, 3, RATE, 1)
    path.write_bytes(b".snd" + head + text + bytes(2 * RATE))
    track = _read(path)
    assert (track.comment, track.duration.ToMilliseconds()) == ("of a program", 1000)


@pytest.mark.parametrize(
    ("head", "kind", "size", "codec", "rate"),
    [(b"#!AMR\n", 7, 32, "amr_nb", 8_000), (b"#!AMR-WB\n", 8, 61, "amr_wb", 16_000)],
)
def test_frames_of_amr_are_counted(
    tmp_path: Path, head: bytes, kind: int, size: int, codec: str, rate: int
) -> None:
    path = tmp_path / "a.amr"
    path.write_bytes(head + bytes([kind << 3 | 4]).ljust(size, b"\0") * 50)
    [file] = _read(path).files
    assert (file.codec, file.sample_rate_hz, file.channels) == (codec, rate, 1)
    assert (file.duration.ToMilliseconds(), file.bitrate_bps) == (1000, size * 50 * 8)


def test_tags_around_amr_are_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.amr"
    path.write_bytes(b"#!AMR\n" + bytes([7 << 3]).ljust(32, b"\0") * 5_000 + b"TAG" + bytes(125))
    APEv2().save(path)
    [file] = _read(path).files
    assert (file.duration.ToMilliseconds(), file.bitrate_bps) == (100_000, 12_800)


# ------------------------------------------------------------------- chunks that are badly put


def _texts(gap: bytes) -> bytes:
    items = (b"INAM\5\0\0\0Title", b"IART\6\0\0\0Artist", b"IPRD\5\0\0\0Album")
    return (
        b"LIST"
        + struct.pack("<I", 4 + sum(map(len, items)) + 3 * len(gap))
        + b"INFO"
        + (gap.join(items) + gap)
    )


@pytest.mark.parametrize("gap", [b"", b"\0", b"\0\0", b"\0\0\0"])
def test_texts_of_wav_are_read_however_many_zeros_follow_each(tmp_path: Path, gap: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(_texts(gap)))
    track: Any = Track.FromString(read_track(str(path)).track)
    assert (track.title, track.album.title) == ("Title", "Album")
    assert [name.name for name in track.credits] == ["Artist"]
    assert track.duration.ToMilliseconds() == 500


def test_sound_that_is_a_little_shorter_than_it_says_is_as_long_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(riff_chunk(b"bext", bytes(602)))[: -RATE // 2])
    assert _read(path).duration.ToMilliseconds() == 250


@pytest.mark.parametrize("size", [b"\0\0\0\0", b"\xff\xff\xff\xff"])
def test_sound_that_was_streamed_goes_on_to_the_end(tmp_path: Path, size: bytes) -> None:
    path = tmp_path / "a.wav"
    content = wav()
    at = content.index(b"data") + 4
    path.write_bytes(content[:at] + size + content[at + 4 :])
    track = Track.FromString(read_track(str(path)).track)
    assert track.duration.ToMilliseconds() == 500
    assert track.files[0].bitrate_bps == 128_000


def test_of_two_tags_in_chunks_the_first_is_read(tmp_path: Path) -> None:
    tags = [id3_tag(b"TIT2\0\0\0\7\0\0\0Title" + number) for number in (b"1", b"2")]
    contents = {
        "a.wav": wav(*(riff_chunk(b"id3 ", tag) for tag in tags)),
        "a.aiff": aiff(*(aiff_chunk(b"ID3 ", tag) for tag in tags)),
        "b.wav": wav(info_list(INAM=b"Title1"), info_list(INAM=b"Title2")),
    }
    for name, content in contents.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert _read(path).title == "Title1"
