"""Audio files for tests: short sounds in real containers, and some that nothing else writes."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any, Final

import mutagen
import numpy as np
import soundfile  # type: ignore[import-untyped]
from mutagen.id3 import Frames

RATE: Final = 8000
MBID: Final = "8b882575-08a5-4452-a7a7-cbb8a1531f9e"

ID3_FRAMES: Final[list[tuple[str, dict[str, object]]]] = [
    ("TIT2", {"text": "Jóga"}),
    ("TPE1", {"text": "Björk"}),
    ("TALB", {"text": "Homogenic"}),
    ("TRCK", {"text": "2/10"}),
    ("TDRC", {"text": "1997-09-22"}),
    ("TCON", {"text": "(17)Art Pop"}),
    ("TBPM", {"text": "80"}),
    ("TKEY", {"text": "8A"}),
    ("TIPL", {"people": [["producer", "Mark Bell"]]}),
    ("TXXX", {"desc": "BARCODE", "text": "123"}),
    ("COMM", {"lang": "eng", "desc": "", "text": "fine"}),
    ("COMM", {"lang": "eng", "desc": "iTunNORM", "text": "0000"}),
]


def tone(path: Path, seconds: float = 0.5, how: dict[str, str] | None = None) -> Path:
    """Write a short sine; `how` are the options of the encoder."""
    wave = np.sin(np.arange(int(RATE * seconds)) * 440 * 2 * math.pi / RATE) * 0.3
    soundfile.write(path, wave, RATE, **(how or {}))
    return path


def frame(name: str, **values: object) -> Any:
    """Return an ID3 frame; in UTF-8, unless `encoding` says otherwise."""
    kinds: dict[str, Any] = Frames
    return kinds[name](**{"encoding": 3, **values})


def id3_tags(path: Path) -> None:
    """Tag a file with ID3."""
    audio: Any = mutagen.File(path)
    if audio.tags is None:
        audio.add_tags()
    for name, values in ID3_FRAMES:
        audio.tags.add(frame(name, **values))
    audio.tags.add(frame("UFID", owner="http://musicbrainz.org", data=MBID.encode()))
    audio.save()


def id3_tag(frames: bytes, version: int = 3) -> bytes:
    """Return an ID3v2 tag that holds these bytes."""
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, 0]) + size + frames


def vorbis_tags(path: Path) -> None:
    """Tag a file with Vorbis comments."""
    audio: Any = mutagen.File(path)
    audio["title"], audio["artist"], audio["album"] = "Jóga", "Björk", "Homogenic"
    audio["tracknumber"], audio["tracktotal"], audio["date"] = "2", "10", "1997-09-22"
    audio["genre"], audio["bpm"], audio["initialkey"] = ["Rock", "Art Pop"], "80", "Am"
    audio["producer"], audio["barcode"], audio["comment"] = "Mark Bell", "123", "fine"
    audio["musicbrainz_trackid"] = MBID
    audio.save()


def riff_chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a WAV file."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def wav(*chunks: bytes, magic: bytes = b"RIFF", seconds: float = 0.5) -> bytes:
    """Return a WAV file of silence, with chunks before the sound."""
    sound = b"\0" * int(RATE * seconds) * 2
    form = riff_chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16))
    content = b"WAVE" + b"".join(chunks) + form + riff_chunk(b"data", sound)
    return magic + struct.pack("<I", len(content)) + content


def info_list(**texts: bytes) -> bytes:
    """Return the chunk in which WAV files keep their texts."""
    return riff_chunk(
        b"LIST", b"INFO" + b"".join(riff_chunk(name.encode(), text) for name, text in texts.items())
    )


def aiff_chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of an AIFF file."""
    return name + struct.pack(">I", len(content)) + content + b"\0" * (len(content) % 2)


def aiff(*chunks: bytes, seconds: float = 0.5) -> bytes:
    """Return an AIFF file of silence, with chunks behind the sound."""
    count = int(RATE * seconds)
    # The rate is an extended float: an exponent of 12 and 8,000 as its leading bits.
    rate = struct.pack(">HQ", 0x3FFF + 12, RATE << 51)
    form = aiff_chunk(b"COMM", struct.pack(">HIH", 1, count, 16) + rate)
    sound = aiff_chunk(b"SSND", bytes(8 + 2 * count))
    content = b"AIFF" + form + sound + b"".join(chunks)
    return b"FORM" + struct.pack(">I", len(content)) + content


def dsf(tag: bytes = b"") -> bytes:
    """Return a DSF file of a second of silence in stereo, with an ID3 tag at its end."""
    sound = bytes(2 * 4096 * 87)
    form = struct.pack("<IIIIIIQII", 1, 0, 2, 2, 2_822_400, 1, 2_822_400, 4096, 0)
    parts = b"fmt " + struct.pack("<Q", 52) + form
    parts += b"data" + struct.pack("<Q", 12 + len(sound)) + sound
    pointer = 28 + len(parts) if tag else 0
    return b"DSD " + struct.pack("<QQQ", 28, 28 + len(parts) + len(tag), pointer) + parts + tag


def dsdiff(tag: bytes = b"") -> bytes:
    """Return a DSDIFF file of a second of silence in stereo, with an ID3 tag at its end."""

    def chunk(name: bytes, *content: bytes) -> bytes:
        joined = b"".join(content)
        return name + struct.pack(">Q", len(joined)) + joined + bytes(len(joined) % 2)

    rate = chunk(b"FS  ", struct.pack(">I", 2_822_400))
    channels = chunk(b"CHNL", struct.pack(">H", 2), b"SLFTSRGT")
    packing = chunk(b"CMPR", b"DSD ", b"\x0enot compressed\0")
    sound = chunk(b"PROP", b"SND ", rate, channels, packing) + chunk(b"DSD ", bytes(705_600))
    return chunk(b"FRM8", b"DSD ", chunk(b"FVER", b"\1\5\0\0"), sound, chunk(b"ID3 ", tag))


def trueaudio(seconds: int = 1) -> bytes:
    """Return the head of a TrueAudio file in stereo with 16 bits at 44,100 Hz, and some sound."""
    head = struct.pack("<HHHII", 1, 2, 16, 44_100, 44_100 * seconds)
    return b"TTA1" + head + bytes(2_000)


def ebml(number: int, *content: bytes) -> bytes:
    """Return an element of a Matroska file."""
    joined = b"".join(content)
    name = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return name + (len(joined) | 1 << 56).to_bytes(8, "big") + joined


def _whole(number: int, value: int) -> bytes:
    return ebml(number, value.to_bytes(4, "big"))


def matroska_tag(level: int, **texts: str) -> bytes:
    """Return the tags of one target: 30 is the track, 50 the album, 0 is not said."""
    target = ebml(0x63C0, *([_whole(0x68CA, level)] if level else []))
    simple = (
        ebml(0x67C8, ebml(0x45A3, name.encode()), ebml(0x4487, text.encode()))
        for name, text in texts.items()
    )
    return ebml(0x7373, target, *simple)


def matroska_picture(name: str, mime: str, content: bytes) -> bytes:
    """Return a file that is attached to a Matroska file."""
    named = ebml(0x466E, name.encode()), ebml(0x4660, mime.encode())
    return ebml(0x61A7, *named, ebml(0x465C, content))


def matroska(
    *tags: bytes, title: str = "", live: bool = False, attached: tuple[bytes, ...] = ()
) -> bytes:
    """Return a Matroska file with an audio track; `live` leaves sizes unknown, as streams do."""
    head = ebml(0x1A45DFA3, ebml(0x4282, b"matroska"))
    info = ebml(
        0x1549A966,
        _whole(0x2AD7B1, 1_000_000),
        ebml(0x4489, struct.pack(">d", 1500.0)),
        *([ebml(0x7BA9, title.encode())] if title else []),
    )
    audio = ebml(0xE1, ebml(0xB5, struct.pack(">d", 48_000.0)), _whole(0x9F, 2))
    track = ebml(
        0x1654AE6B,
        ebml(0xAE, _whole(0xD7, 1), _whole(0x83, 2), ebml(0x86, b"A_OPUS"), audio),
    )
    cluster = ebml(0x1F43B675, _whole(0xE7, 0), ebml(0xA3, b"\x81\0\0\x80" + bytes(64)))
    files = ebml(0x1941A469, *attached) if attached else b""
    content = info + track + ebml(0x1254C367, *tags) + files + cluster
    if live:
        return head + bytes.fromhex("18538067" + "01ffffffffffffff") + content
    return head + ebml(0x18538067, content)


def atom(name: bytes, *content: bytes) -> bytes:
    """Return an atom of an MP4 file."""
    joined = b"".join(content)
    return struct.pack(">I", len(joined) + 8) + name + joined


def _text_atom(name: bytes, text: str) -> bytes:
    return atom(name, atom(b"data", struct.pack(">II", 1, 0), text.encode()))


def mp4_track(seconds: float) -> bytes:
    """Return the atom that describes a track of ALAC, number 1."""
    ticks = round(seconds * RATE)
    entry = struct.pack(">6xHxxxxxxxxHHxxxxHxx", 1, 2, 16, RATE)
    magic = struct.pack(">xxxxIBBBBBBHIII", 4096, 0, 16, 40, 10, 14, 2, 255, 0, 0, RATE)
    sample = atom(b"alac", entry, atom(b"alac", magic))
    table = atom(b"stbl", atom(b"stsd", struct.pack(">II", 0, 1), sample))
    number = atom(b"tkhd", struct.pack(">IIII", 0, 0, 0, 1))
    head = atom(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, RATE, ticks, 0, 0))
    handler = atom(b"hdlr", struct.pack(">II", 0, 0), b"soun", bytes(13))
    media = atom(b"mdia", head, handler, atom(b"minf", table))
    return atom(b"trak", number, media)


def mp4_tags(*items: bytes, **texts: str) -> bytes:
    """Return the tags of iTunes; `texts` are named like their atoms, but for the ©."""
    known = (_text_atom(b"\xa9" + name.encode(), text) for name, text in texts.items())
    handler = atom(b"hdlr", bytes(8), b"mdirappl", bytes(9))
    return atom(b"meta", bytes(4), handler, atom(b"ilst", *known, *items))


def mp4_movie(*parts: bytes, seconds: float = 1.5) -> bytes:
    """Return an MP4 file of ALAC with these parts in its description."""
    movie = atom(b"moov", mp4_track(seconds), *parts)
    return atom(b"ftyp", b"M4A \0\0\0\0M4A ") + movie + atom(b"mdat", bytes(64))


def mp4(*items: bytes, seconds: float = 1.5, **texts: str) -> bytes:
    """Return an MP4 file of ALAC; `texts` are named like their atoms, but for the ©."""
    return mp4_movie(atom(b"udta", mp4_tags(*items, **texts)), seconds=seconds)


def freeform(name: str, *values: bytes) -> bytes:
    """Return an MP4 tag with a free name."""
    data = (atom(b"data", struct.pack(">II", 1, 0), value) for value in values)
    mean = atom(b"mean", bytes(4), b"com.apple.iTunes")
    return atom(b"----", mean, atom(b"name", bytes(4), name.encode()), *data)


def mpeg_frame(kilobits: int) -> bytes:
    """Return a silent frame of MPEG-1 layer 3 at 44,100 Hz, which is 1,152 samples long."""
    rates = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    head = struct.pack(">I", 0xFFFB_0000 | rates.index(kilobits) + 1 << 12)
    return head.ljust(144_000 * kilobits // 44_100, b"\0")


def aac_frame(size: int, blocks: int = 1) -> bytes:
    """Return a frame of AAC LC in stereo at 44,100 Hz; each of its blocks is 1,024 samples long."""
    numbers = 0xFFF1_5080_0000_00 | size << 13 | 0x1FFC | blocks - 1
    return numbers.to_bytes(7).ljust(size, b"\0")


def wavpack(
    *said: tuple[int, bytes], flags: int = 9 << 23 | 1, total: int = RATE, samples: int = RATE
) -> bytes:
    """Return a block of WavPack; the flags are those of 16 bits in stereo at 44,100 Hz."""
    # Each thing that is said has its number and its length in words.
    content = b"".join(bytes([number, len(value) // 2]) + value for number, value in said)
    head = struct.pack("<HHIIIII", 0x407, 0, total, 0, samples, flags | 0x1800, 0)
    return b"wvpk" + struct.pack("<I", len(head) + len(content)) + head + content


def musepack(gain: int = 0, peak: int = 0) -> bytes:
    """Return a file of Musepack that is 10 seconds long, with ReplayGain of the track."""

    def packet(key: bytes, content: bytes) -> bytes:
        return key + bytes([len(content) + 3]) + content

    # A checksum, the version, 441,000 samples of which none is skipped, 44,100 Hz in stereo.
    head = packet(b"SH", bytes(4) + b"\x08" + b"\x9a\xf5\x28\0" + b"\0\x10")
    volume = packet(b"RG", struct.pack(">BHHHH", 1, gain, peak, 0, 0))
    return b"MPCK" + head + volume + packet(b"AP", bytes(100))


ASF_SOUND: Final = bytes.fromhex("409E69F84D5BCF11A8FD00805F5C442B")
ASF_FILM: Final = bytes.fromhex("C0EF19BC4D5BCF11A8FD00805F5C442B")
_ASF: Final = bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C")
_ASF_FILE: Final = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")
_ASF_STREAM: Final = bytes.fromhex("9107DCB7B7A9CF118EE600C00C205365")


def asf_stream(
    kind: bytes = ASF_SOUND, codec: int = 0x161, rate: int = 44_100, bytes_a_second: int = 8_000
) -> bytes:
    """Return the description of a stream in stereo with 16 bits, in ASF."""
    wave = struct.pack("<HHIIHHH", codec, 2, rate, bytes_a_second, 4, 16, 0)
    return _asf_object(_ASF_STREAM, kind.ljust(54, b"\0") + wave)


def asf(*streams: bytes, live: bool = False) -> bytes:
    """Return an ASF file of 3 seconds after half a second that passes before the first sound."""
    times = struct.pack("<QQQI", 35_000_000, 35_000_000, 500, int(live))
    file = _asf_object(_ASF_FILE, bytes(40) + times.ljust(40, b"\0"))
    content = b"".join([file, *streams])
    head = struct.pack("<QIBB", len(content) + 30, len(streams) + 1, 1, 2)
    return _ASF + head + content


def _asf_object(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<Q", len(content) + 24) + content
