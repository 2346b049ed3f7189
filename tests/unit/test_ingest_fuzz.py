"""Broken files, thousands of them: each is a track within the limits, or an error with a reason."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import mutagen
import pytest
from mutagen.apev2 import APEv2

from fonoteca.v1.track_pb2 import Track
from service.ingest.files import Reading, read_track
from tests.support.audio import (
    aac_frame,
    aiff_chunk,
    asf,
    asf_stream,
    atom,
    freeform,
    id3_tags,
    info_list,
    matroska,
    matroska_tag,
    mp4,
    mp4_movie,
    mpeg_frame,
    musepack,
    tone,
    vorbis_tags,
    wav,
    wavpack,
)

#: Times the number of kinds below: 9,900 files.
_CASES: Final = 550
#: What sizes claim when they lie.
_LIES: Final = (
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\0\0\0\0",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x08",
)
_SLOWEST_SECONDS: Final = 10


def _tagged_mp3(path: Path) -> None:
    tone(path, 0.1)
    id3_tags(path)
    tags = APEv2()
    tags["Title"], tags["Year"] = "Jóga", "1997"
    tags.save(path)


def _plain(path: Path) -> None:
    tone(path, 0.1)


def _id3_wav(path: Path) -> None:
    path.write_bytes(wav(info_list(INAM=b"Title", ICMT=b"\xef\xf0\xe8\xe2\xe5\xf2"), seconds=0.05))
    id3_tags(path)


def _text_aiff(path: Path) -> None:
    tone(path, 0.05)
    path.write_bytes(path.read_bytes() + aiff_chunk(b"NAME", b"Title") + aiff_chunk(b"ANNO", b"x"))
    id3_tags(path)


def _vorbis(how: dict[str, str]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        tone(path, 0.1, how)
        vorbis_tags(path)

    return write


def _mp4(path: Path) -> None:
    path.write_bytes(mp4(freeform("BARCODE", b"123", b"\xff"), nam="Jóga", ART="Björk", day="1997"))


def _matroska(path: Path) -> None:
    tags = matroska_tag(50, TITLE="Album"), matroska_tag(30, ARTIST="Ana", FOO="bar")
    path.write_bytes(matroska(*tags, title="Jóga"))


def _ape_tagged(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)
        tags = APEv2()
        tags["Title"], tags["Year"] = "Jóga", "1997"
        tags.save(path)

    return write


def _fragments(path: Path) -> None:
    """Write MPEG-4 in fragments, with texts as phones and QuickTime write them."""
    texts = atom(b"titl", bytes(6), b"Title"), atom(b"\xa9ART", b"\0\6\0\0", "Björk".encode())
    extends = atom(b"mvex", atom(b"trex", bytes(4), b"\0\0\0\1", bytes(16)))
    run = atom(b"trun", b"\0\0\1\0\0\0\0\2", bytes(8))
    head = atom(b"tfhd", bytes(4), b"\0\0\0\1")
    content = mp4_movie(atom(b"udta", *texts), extends, seconds=0)
    path.write_bytes(content + atom(b"moof", atom(b"traf", head, run)))


def _asf(path: Path) -> None:
    path.write_bytes(asf(asf_stream()))
    audio: Any = mutagen.File(path)
    audio["Title"], audio["WM/Year"] = "Jóga", "1997"
    audio.save()


def _caf(path: Path) -> None:
    tone(path, 0.1)
    texts = b"\0\0\0\2title\0Title\0tempo\x0080\0"
    path.write_bytes(path.read_bytes() + b"info" + len(texts).to_bytes(8) + texts)


def _id3_flac(path: Path) -> None:
    """Write FLAC behind an ID3 tag, as it should not be."""
    _tagged_mp3(path)
    head = path.read_bytes()[:700]
    path.unlink()
    tone(path.with_suffix(".flac"), 0.1)
    path.write_bytes(
        head[:6] + b"\0\0\0\x64" + head[10:110] + path.with_suffix(".flac").read_bytes()
    )


_KINDS: Final[dict[str, Callable[[Path], None]]] = {
    "tagged.mp3": _tagged_mp3,
    "plain.mp3": _plain,
    "a.wav": _id3_wav,
    "a.aiff": _text_aiff,
    "a.flac": _vorbis({}),
    "a.ogg": _vorbis({}),
    "a.opus": _vorbis({"format": "OGG", "subtype": "OPUS"}),
    "a.m4a": _mp4,
    "a.mka": _matroska,
    "flac.mp3": _id3_flac,
    "vbr.mp3": _ape_tagged(b"".join(map(mpeg_frame, [32] * 9 + [64, 128] * 9))),
    "a.aac": _ape_tagged(aac_frame(300) * 30),
    "a.wv": _ape_tagged(wavpack((0x0D, b"\x06\x3f"), (0x27, b"\x40\x9c\0\0")) * 4),
    "a.mpc": _ape_tagged(musepack(1, 1)),
    "a.3gp": _fragments,
    "a.wma": _asf,
    "a.caf": _caf,
    "a.au": _plain,
}


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return content that is broken in one to four places, mostly near the start and the end."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        if not found:
            break
        reach = min(len(found), chance.choice((64, 512, 4096, len(found))))
        at = (
            chance.randrange(reach)
            if chance.random() < 0.7
            else len(found) - 1 - chance.randrange(reach)
        )
        length = chance.choice((1, 4, 16, 300))
        match chance.randrange(6):
            case 0:
                found[at] = chance.randrange(256)
            case 1:
                found[at : at + 4] = chance.choice(_LIES)
            case 2:
                del found[at : at + length]
            case 3:
                found[at:at] = found[at : at + length]
            case 4:
                found[at:at] = chance.randbytes(length)
            case _:
                del found[at:]
    return bytes(found)


def assert_sound(reading: Reading) -> None:
    """A reading is either an error with a reason or a track that the service would take."""
    assert bool(reading.error) != bool(reading.track)
    if reading.error:
        return
    track = Track.FromString(reading.track)
    assert 1 <= len(track.title) <= 1_000
    assert len(track.attributes) <= 1_000
    assert all(len(fact.text) <= 10_000 and 1 <= len(fact.key) <= 100 for fact in track.attributes)
    assert max(track.track_number, track.track_total, track.disc_number, track.disc_total) <= 9_999
    assert 0 <= track.duration.ToMilliseconds() < 2**31
    assert len(track.genres) <= 50
    assert all(1 <= len(name) <= 100 for name in track.genres)
    assert len(track.credits) <= 100


@pytest.mark.parametrize("name", list(_KINDS))
def test_whatever_is_broken_is_a_track_or_an_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    _KINDS[name](path)
    content = path.read_bytes()
    reading = read_track(str(path))
    assert reading.error == ""
    chance = random.Random(name)
    for _ in range(_CASES):
        path.write_bytes(mutated(content, chance))
        started = time.monotonic()
        assert_sound(read_track(str(path)))
        assert time.monotonic() - started < _SLOWEST_SECONDS
