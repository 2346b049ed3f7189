"""Technical data of files whose heads say more, or something else, than their first bytes."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import pytest
from mutagen.apev2 import APEv2

from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import AudioFile
from service.ingest.files import read_track
from tests.support.audio import (
    ASF_FILM,
    ASF_SOUND,
    RATE,
    aac_frame,
    aiff_chunk,
    asf,
    asf_stream,
    mpeg_frame,
    musepack,
    riff_chunk,
    wavpack,
)


def _track(path: Path, content: bytes) -> Track:
    path.write_bytes(content)
    reading = read_track(str(path))
    assert reading.error == ""
    return Track.FromString(reading.track)


def _seconds(file: AudioFile) -> float:
    return file.duration.ToMilliseconds() / 1000


def _mode(track: Track) -> str:
    return next((fact.text for fact in track.attributes if fact.key == "bitrate_mode"), "")


# -------------------------------------------------------------------------------- MPEG audio


def test_a_changing_bit_rate_is_averaged_over_all_frames(tmp_path: Path) -> None:
    # Silence at the start is what a guess by the first frames falls for.
    frames = [32] * 30 + [128, 320] * 60
    track = _track(tmp_path / "a.mp3", b"".join(map(mpeg_frame, frames)))
    file = track.files[0]
    assert _seconds(file) == pytest.approx(len(frames) * 1152 / 44_100, abs=0.001)
    assert file.bitrate_bps == pytest.approx(sum(frames) / len(frames) * 1000, rel=0.01)
    assert _mode(track) == "VBR"


def test_what_is_between_two_frames_is_not_counted(tmp_path: Path) -> None:
    frames = list(map(mpeg_frame, [64] * 20 + [128] * 20))
    content = b"".join([*frames[:30], b"\xff\xfb" + bytes(700), *frames[30:], b"TAG".ljust(128)])
    file = _track(tmp_path / "a.mp3", content).files[0]
    assert _seconds(file) == pytest.approx(40 * 1152 / 44_100, abs=0.001)


def test_one_bit_rate_is_not_counted_frame_by_frame(tmp_path: Path) -> None:
    track = _track(tmp_path / "a.mp3", mpeg_frame(128) * 50)
    assert track.files[0].bitrate_bps == 128_000
    assert _seconds(track.files[0]) == pytest.approx(50 * 1152 / 44_100, rel=0.01)
    assert _mode(track) == ""


def test_an_index_that_counts_no_frames_is_not_believed(tmp_path: Path) -> None:
    index = bytearray(mpeg_frame(128))
    index[36:48] = b"Xing" + struct.pack(">II", 1, 0)
    file = _track(tmp_path / "a.mp3", bytes(index) + mpeg_frame(128) * 50).files[0]
    assert _seconds(file) == pytest.approx(51 * 1152 / 44_100, abs=0.001)


# --------------------------------------------------------------------------------------- AAC


def test_every_frame_of_aac_is_counted(tmp_path: Path) -> None:
    sizes = [100] * 150 + [700] * 50
    content = b"".join(map(aac_frame, sizes)) + aac_frame(900, blocks=2)
    file = _track(tmp_path / "a.aac", content).files[0]
    assert _seconds(file) == pytest.approx(202 * 1024 / 44_100, abs=0.001)
    assert file.bitrate_bps == pytest.approx(len(content) * 8 / _seconds(file), rel=0.001)
    assert (file.sample_rate_hz, file.channels) == (44_100, 2)


def test_aac_may_begin_and_go_on_with_rubbish(tmp_path: Path) -> None:
    # A stream that was recorded begins within a frame, and may be cut at the end.
    content = (
        bytes(900)
        + b"\xff\xf1"
        + aac_frame(700) * 10
        + bytes(50)
        + aac_frame(700) * 10
        + aac_frame(700)[:5]
    )
    file = _track(tmp_path / "a.aac", content).files[0]
    assert _seconds(file) == pytest.approx(20 * 1024 / 44_100, abs=0.001)


# -------------------------------------------------------------------------------------- AC-3


@pytest.mark.parametrize(
    ("bits", "channels"),
    [
        pytest.param("0010", 1, id="mono"),
        pytest.param("0011", 2, id="mono and low"),
        pytest.param("010110", 2, id="stereo with surround in it"),
        pytest.param("011111", 4, id="centre"),
        pytest.param("100110", 3, id="surround"),
        pytest.param("11100011", 6, id="5.1"),
    ],
)
def test_ac_3_has_the_channels_of_its_arrangement(tmp_path: Path, bits: str, channels: int) -> None:
    head = bytes.fromhex("0b7700001440") + int(bits.ljust(16, "0"), 2).to_bytes(2)
    file = _track(tmp_path / "a.ac3", head.ljust(768, b"\0") * 100).files[0]
    assert (file.channels, file.sample_rate_hz, file.bitrate_bps) == (channels, 48_000, 192_000)


# ----------------------------------------------------------------------------------- WavPack


_EMPTY: Final = wavpack(flags=0, samples=0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(wavpack(total=44_100), (1.0, 44_100, 2, 16), id="plain"),
        pytest.param(wavpack(flags=9 << 23 | 0x4), (RATE / 44_100, 44_100, 1, 8), id="mono"),
        pytest.param(
            wavpack((0x0D, b"\x06\x3f")), (RATE / 44_100, 44_100, 6, 16), id="six channels"
        ),
        pytest.param(
            wavpack((0x27, b"\x40\x9c\0\0"), flags=15 << 23 | 1, total=80_000),
            (2.0, 40_000, 2, 16),
            id="a rate of its own",
        ),
        pytest.param(wavpack(flags=9 << 23 | 4 << 13 | 2), (RATE / 44_100, 44_100, 2, 20), id="20"),
        pytest.param(
            _EMPTY + wavpack(total=44_100), (1.0, 44_100, 2, 16), id="nothing in the first block"
        ),
        pytest.param(
            wavpack((0x0E, b"\x02\x01"), flags=0x8000_0000 | 12 << 23, total=352_800),
            (1.0, 2_822_400, 2, 1),
            id="DSD",
        ),
        pytest.param(
            wavpack(total=0xFFFF_FFFF, samples=22_050) * 4, (2.0, 44_100, 2, 16), id="live"
        ),
    ],
)
def test_wavpack_is_described_by_its_blocks(
    tmp_path: Path, content: bytes, expected: tuple[float, int, int, int]
) -> None:
    file = _track(tmp_path / "a.wv", content).files[0]
    seconds, *rest = expected
    assert _seconds(file) == pytest.approx(seconds, abs=0.001)
    assert [file.sample_rate_hz, file.channels, file.bit_depth] == rest


def test_a_block_of_wavpack_that_is_smaller_than_its_head_says_nothing(tmp_path: Path) -> None:
    # What a read to the end of the file would find is a number of channels.
    small = wavpack((0x0D, b"\x06\x3f"), total=44_100)
    small = small[:4] + struct.pack("<I", 20) + small[8:]
    assert _track(tmp_path / "a.wv", small).files[0].channels == 2


def test_true_audio_tells_channels_and_bits(tmp_path: Path) -> None:
    head = b"TTA1" + struct.pack("<HHHII", 1, 2, 24, 48_000, 96_000)
    file = _track(tmp_path / "a.tta", head + bytes(100)).files[0]
    assert (file.channels, file.bit_depth, file.sample_rate_hz) == (2, 24, 48_000)
    assert _seconds(file) == 2


# --------------------------------------------------------------------------------------- ASF


@pytest.mark.parametrize(
    ("codec", "name", "bits"),
    [(0x161, "wma", 0), (0x163, "wma_lossless", 16), (0x55, "mp3", 0), (0x7777, "wma", 0)],
)
def test_the_sound_of_a_film_is_that_of_its_best_sound_stream(
    tmp_path: Path, codec: int, name: str, bits: int
) -> None:
    low, high = (
        asf_stream(ASF_SOUND, 0x161, 8_000, 1_000),
        asf_stream(ASF_SOUND, codec, 48_000, 16_000),
    )
    content = asf(low, high, asf_stream(ASF_FILM, 240, 100, 9_999_999))
    file = _track(tmp_path / "a.wma", content).files[0]
    assert (file.codec, file.sample_rate_hz, file.channels) == (name, 48_000, 2)
    assert (file.bitrate_bps, file.bit_depth, _seconds(file)) == (128_000, bits, 3)


def test_a_film_without_sound_has_no_rate(tmp_path: Path) -> None:
    file = _track(tmp_path / "a.wma", asf(asf_stream(ASF_FILM, 240, 100, 9_999_999))).files[0]
    assert (file.sample_rate_hz, file.channels) == (0, 0)


def test_what_is_sent_while_it_is_made_has_no_length(tmp_path: Path) -> None:
    file = _track(tmp_path / "a.wma", asf(asf_stream(), live=True))
    assert not file.files[0].HasField("duration")


def test_a_broken_object_costs_the_tags_only(tmp_path: Path) -> None:
    content = asf(asf_stream(), asf_stream()[:16] + struct.pack("<Q", 30) + b"broken")
    file = _track(tmp_path / "a.wma", content).files[0]
    assert (file.sample_rate_hz, _seconds(file)) == (44_100, 3)


# ---------------------------------------------------------------------------- WAV, AIFF, DSDIFF


def _wave(codec: int, bytes_a_second: int, frame: int, *chunks: bytes, sound: int = 8_000) -> bytes:
    form = riff_chunk(b"fmt ", struct.pack("<HHIIHH", codec, 1, RATE, bytes_a_second, frame, 8))
    content = b"WAVE" + form + b"".join(chunks) + riff_chunk(b"data", bytes(sound))
    return b"RIFF" + struct.pack("<I", len(content)) + content


@pytest.mark.parametrize(
    ("content", "seconds", "bitrate"),
    [
        pytest.param(_wave(0x55, 4_000, 1), 2.0, 32_000, id="by its bytes a second"),
        pytest.param(
            _wave(0x55, 0, 1152, riff_chunk(b"fact", struct.pack("<I", RATE * 4))),
            4.0,
            16_000,
            id="by its number of samples",
        ),
        pytest.param(
            _wave(0x11, 4_055, 256, riff_chunk(b"fact", struct.pack("<I", RATE * 2))),
            2.0,
            32_440,
            id="by both",
        ),
        pytest.param(_wave(0x55, 0, 1152, sound=0), 0.0, 0, id="nothing"),
    ],
)
def test_packed_sound_in_wav_is_as_long_as_it_says(
    tmp_path: Path, content: bytes, seconds: float, bitrate: int
) -> None:
    track = _track(tmp_path / "a.wav", content)
    file = track.files[0]
    assert (_seconds(file), file.bitrate_bps) == (seconds, bitrate)
    assert file.bit_depth == 0
    assert _mode(track) == ""


def test_plain_sound_in_wav_is_counted_in_frames(tmp_path: Path) -> None:
    # Three bytes of sound in frames of four, and bytes a second that somebody has made up.
    file = _track(tmp_path / "a.wav", _wave(1, 1, 4)).files[0]
    assert (_seconds(file), file.bitrate_bps) == (0.25, RATE * 32)


def test_packed_sound_in_aiff_has_the_bit_rate_of_its_bytes(tmp_path: Path) -> None:
    rate = bytes.fromhex("400BFA00000000000000")  # 8,000 as a float of ten bytes
    common = struct.pack(">hIh", 1, RATE, 16) + rate + b"alaw" + b"\x04A-law"
    content = b"AIFC" + aiff_chunk(b"COMM", common) + aiff_chunk(b"SSND", bytes(8 + RATE))
    track = _track(tmp_path / "a.aifc", b"FORM" + struct.pack(">I", len(content)) + content)
    file = track.files[0]
    assert (file.codec, file.bit_depth, _seconds(file)) == ("alaw", 0, 1)
    assert file.bitrate_bps == pytest.approx(64_000, rel=0.05)


# ---------------------------------------------------------------------------------- Musepack


def test_musepack_is_read(tmp_path: Path) -> None:
    file = _track(tmp_path / "a.mpc", musepack()).files[0]
    assert (_seconds(file), file.sample_rate_hz, file.channels) == (10, 44_100, 2)


def test_volumes_that_the_encoder_has_measured_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.mpc"
    # 64.82 less a 256th of the first number of decibels, and a peak of 80 decibels.
    track = _track(path, musepack(0x4000, 80 * 256))
    volumes = {fact.key: fact.number for fact in track.attributes if fact.source == "file"}
    assert volumes["replaygain_track_gain"] == pytest.approx(0.82)
    assert volumes["replaygain_track_peak"] == pytest.approx(10_000 / 65_535, rel=1e-4)
    assert "replaygain_album_gain" not in volumes
    tags = APEv2()
    tags["replaygain_track_gain"] = "-6.50 dB"
    tags.save(path)
    gains = [
        fact.number
        for fact in _track(path, path.read_bytes()).attributes
        if fact.key == "replaygain_track_gain"
    ]
    assert gains == [-6.5]


def test_musepack_that_leads_in_circles_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mpc"
    path.write_bytes(b"MPCK" + b"EI\1" * 9)
    assert "no room for its own head" in read_track(str(path)).error
