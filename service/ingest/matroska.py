"""Matroska and WebM: the sound and the tags, read with enzyme's parser of EBML elements.

enzyme reads elements and knows their names; which of them to read is decided here, because its own
walk wants an index at the start of the file, and streams have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, BinaryIO, Final

from enzyme.exceptions import Error as EnzymeError
from enzyme.parsers import ebml

from service.ingest.mapping import Family
from service.ingest.pictures import OTHER, Embedded, shown_by
from service.ingest.problems import SourceError
from service.ingest.raw import Harvest, TagText
from service.ingest.stream_info import StreamInfo

_AUDIO: Final = 2
#: What Matroska says where a file does not: nanoseconds a tick, and Hz.
_TICK: Final = 1_000_000
_RATE: Final = 8_000.0
#: Tags of a target up to this one are those of the track, above it those of the album.
_TRACK_LEVEL: Final = 30
_WANTED: Final = frozenset({"Info", "Tracks", "Tags", "SeekHead", "Attachments"})
#: Larger ones are no tags, whatever they say.
_LARGEST: Final = 64 << 20
_MOST_ELEMENTS: Final = 100_000
#: A size that is not known, as streams write it: all bits of its eight bytes.
_UNKNOWN_SIZE: Final = (1 << 56) - 1
_IGNORED: Final = ["Void", "CRC-32"]
_CODECS: Final = {
    "A_AAC": "aac", "A_MPEG/L1": "mp1", "A_MPEG/L2": "mp2", "A_MPEG/L3": "mp3", "A_AC3": "ac3",
    "A_EAC3": "eac3", "A_PCM/INT/LIT": "pcm", "A_PCM/INT/BIG": "pcm",
    "A_PCM/FLOAT/IEEE": "pcm_float", "A_TTA1": "tta", "A_WAVPACK4": "wavpack", "A_QUICKTIME": "qt",
}  # fmt: skip


@dataclass(slots=True)
class Matroska:
    """One file."""

    stream: BinaryIO
    info: StreamInfo = field(default_factory=StreamInfo)
    tags: Harvest = field(default_factory=lambda: Harvest(Family.MATROSKA))
    _read: set[int] = field(default_factory=set)
    _waiting: list[int] = field(default_factory=list)
    _segment: int = 0
    _elements: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            self._load()
        except (EnzymeError, KeyError, ValueError) as error:
            raise SourceError(f"cannot be read as Matroska: {error}") from error

    def _load(self) -> None:
        self.stream.seek(0, 2)
        end = self.stream.tell()
        self.stream.seek(0)
        header = ebml.parse_element(self.stream, _specs())
        self.stream.seek(header.position + header.size)
        segment = ebml.parse_element(self.stream, _specs())
        if segment is None or segment.name != "Segment":
            raise SourceError("has no segment, so no sound")
        self._segment = segment.position
        self._walk(segment.position, end)
        for position in self._waiting:
            if self._segment <= position < end:
                self._one(position, end)
        self._describe()

    def _walk(self, position: int, end: int) -> None:
        """Read the elements of the segment up to its end, or to sound of unknown length."""
        for _ in range(_MOST_ELEMENTS):
            if position >= end:
                return
            following = self._one(position, end)
            if following is None:
                return
            position = following

    def _one(self, position: int, end: int) -> int | None:
        """Read one element; return where the next one starts, or None when that is not known."""
        self.stream.seek(position)
        try:
            number = ebml.read_element_id(self.stream)
            size = ebml.read_element_size(self.stream)
        except EnzymeError:
            return None
        if number is None or size is None or size >= _UNKNOWN_SIZE:
            return None
        start = self.stream.tell()
        known = _specs().get(number)
        name = known[1] if known else ""
        if name in _WANTED and position not in self._read and size <= min(_LARGEST, end - start):
            self._read.add(position)
            children = ebml.parse(self.stream, _specs(), size, ignore_element_names=_IGNORED)
            self._take(name, children)
        return int(start + size)

    def _take(self, name: str, children: list[Any]) -> None:
        if name != "SeekHead":
            self._elements.append((name, children))
            return
        for seek in children:
            at = _value(seek.data, "SeekPosition", 0)
            self._waiting.append(self._segment + at)

    def _describe(self) -> None:
        tracks = [track for name, found in self._elements if name == "Tracks" for track in found]
        audio = [track for track in tracks if _value(track.data, "TrackType", 0) == _AUDIO]
        if not audio:
            raise SourceError("holds no sound")
        for name, children in self._elements:
            if name == "Info":
                self._information(children)
            elif name == "Attachments":
                self.tags.pictures.extend(_pictures(children))
        self._sound(audio[0].data)
        groups = [tag.data for name, found in self._elements if name == "Tags" for tag in found]
        levels = [_level(group) for group in groups]
        for group, level in zip(groups, levels, strict=True):
            # Without a target a tag speaks of the whole file: an album when others speak of tracks.
            whole = level > _TRACK_LEVEL if level else any(0 < x <= _TRACK_LEVEL for x in levels)
            self.tags.texts.extend(_texts(group, "ALBUM:" if whole else "", self.tags))

    def _information(self, children: list[Any]) -> None:
        ticks = float(_value(children, "Duration", 0.0))
        self.info.length = ticks * _value(children, "TimecodeScale", _TICK) / 1e9
        for name, element in (("SEGMENT:TITLE", "Title"), ("SEGMENT:ENCODER", "WritingApp")):
            if text := _value(children, element, ""):
                self.tags.texts.append(TagText(name, str(text)))

    def _sound(self, track: list[Any]) -> None:
        audio: list[Any] = next((child.data for child in track if child.name == "Audio"), [])
        rate = float(_value(audio, "SamplingFrequency", _RATE))
        self.info.sample_rate = round(float(_value(audio, "OutputSamplingFrequency", rate)))
        self.info.channels = int(_value(audio, "Channels", 1))
        self.info.bits_per_sample = int(_value(audio, "BitDepth", 0))
        codec = str(_value(track, "CodecID", ""))
        main = "A_AAC" if codec.startswith("A_AAC") else codec
        self.info.codec = _CODECS.get(main, main.removeprefix("A_").lower())


@cache
def _specs() -> dict[int, tuple[int, str, int]]:
    specs: dict[int, tuple[int, str, int]] = ebml.get_matroska_specs()
    return specs


def _value(children: list[Any] | None, name: str, default: Any) -> Any:
    """Return the first value of that name, or the default."""
    found = (child.data for child in children or () if child.name == name)
    value = next(found, None)
    return default if value is None else value


def _pictures(attachments: list[Any]) -> Iterator[Embedded]:
    for attached in attachments:
        mime = str(_value(attached.data, "FileMimeType", ""))
        content = _value(attached.data, "FileData", None)
        if mime.startswith("image/") and content is not None:
            shown = shown_by(str(_value(attached.data, "FileName", "")))
            yield Embedded(shown or OTHER, mime, content.read())


def _level(group: list[Any]) -> int:
    targets = next((child.data for child in group if child.name == "Targets"), None)
    return int(_value(targets, "TargetTypeValue", 0))


def _texts(group: list[Any], prefix: str, tags: Harvest) -> Iterator[TagText]:
    for tag in group:
        if tag.name != "SimpleTag":
            continue
        name = str(_value(tag.data, "TagName", "")).upper()
        text = _value(tag.data, "TagString", None)
        if text is None:
            tags.binary[name] += 1
        elif name:
            yield TagText(prefix + name, str(text))
            yield from _texts(tag.data, f"{prefix}{name}:", tags)
