"""One audio file: its tags as text, its technical data, and the track that they make.

Whatever a file makes the parser do is that file's error: `read_tracks` returns it, never raises it.
The result depends on the bytes, the path and the modification time only, so that reading an
unchanged file again gives the same track.
"""

from __future__ import annotations

import io
import os
import signal
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePath
from types import FrameType
from typing import Any, BinaryIO, Final, NamedTuple, TypeAlias

import mutagen
from mutagen.flac import FLAC, StreamInfo, VCFLACDict
from mutagen.monkeysaudio import MonkeysAudio, MonkeysAudioInfo
from mutagen.oggopus import OggOpus, OggOpusInfo
from mutagen.oggspeex import OggSpeex, OggSpeexInfo
from mutagen.oggvorbis import OggVorbis, OggVorbisInfo

from fonoteca.v1.track_pb2 import Track
from service.ingest import ends
from service.ingest.aac import AAC, AACInfo
from service.ingest.asf import ASF, asf_info
from service.ingest.audio_hash import FileHashes, hash_file
from service.ingest.chunks import Chunks, aiff_chunks, dsdiff_chunks, dsf_chunks, riff_chunks
from service.ingest.encodings import mend
from service.ingest.formats import (
    AUDIO_SUFFIXES,
    FORMATS,
    HEADER_BYTES,
    Parser,
    parsers,
    suffix_of,
)
from service.ingest.id3_chunks import AIFF, DSDIFF, DSF, WAVE
from service.ingest.locations import file_uri, shown_path
from service.ingest.mapping import Family
from service.ingest.mpeg4 import mp4_tags
from service.ingest.mpeg_audio import MP3, MPEGInfo
from service.ingest.musepack import Musepack, MusepackInfo
from service.ingest.payload import find_payload
from service.ingest.pictures import Embedded, FoundPicture, collect, of_blocks
from service.ingest.problems import SourceError
from service.ingest.raw import Harvest, harvest, whole_comments
from service.ingest.sound import Sound, describe, sound_of
from service.ingest.tags import map_tags
from service.ingest.trueaudio import TrueAudio, TrueAudioInfo
from service.ingest.wavpack import WavPack, WavPackInfo
from service.sources import FILE, MAX_SOURCE_URI, file_source_id

TITLE_FROM_FILE_NAME: Final = "title_from_file_name"
"""The attribute of a track without a title."""

#: How much time of the processor one file may take before its parser is taken to be stuck.
#: Waiting for a slow disk does not count.
PARSE_SECONDS: Final = 15
#: After how much time of the processor for one step no further file takes it, so that some files
#: that are stuck do not use up the time that all have together.
_STEP_SECONDS: Final = 5
#: A file up to this size is read once as a whole, before anything is looked for in it.
_SMALL_BYTES: Final = 1 << 20
#: A read of more than this is first compared with what is left of the file.
_LARGE_READ: Final = 1 << 16
_OPUS_RATE_AT: Final = 40
_CHUNK_READERS: Final[dict[Parser, Callable[[BinaryIO, int], Chunks]]] = {
    WAVE: riff_chunks,
    AIFF: aiff_chunks,
    DSDIFF: dsdiff_chunks,
    DSF: dsf_chunks,
}
_STREAMINFO_BYTES: Final = 34


def _flac_sound(stream: BinaryIO) -> Any:
    """Return what the first metadata block of a FLAC file says."""
    head = stream.read(8)
    # Its length is always the same, whatever it says.
    if head[4] & 0x7F != _FLAC_STREAMINFO:
        raise SourceError("does not begin with the description of its sound")
    return StreamInfo(stream.read(_STREAMINFO_BYTES))


#: What reads the sound of a file without its tags.
_SOUND_READERS: Final[dict[Parser, Callable[[BinaryIO], Any]]] = {
    MP3: MPEGInfo,
    FLAC: _flac_sound,
    OggVorbis: OggVorbisInfo,
    OggOpus: OggOpusInfo,
    OggSpeex: OggSpeexInfo,
    MonkeysAudio: MonkeysAudioInfo,
    Musepack: MusepackInfo,
    WavPack: WavPackInfo,
    TrueAudio: lambda stream: TrueAudioInfo(stream, 0),
    AAC: AACInfo,
    ASF: asf_info,
}

#: Kinds of the metadata blocks of FLAC: the first one describes the sound, this one holds the tags.
_FLAC_STREAMINFO: Final = 0
_FLAC_COMMENTS: Final = 4
_FLAC_MOST_BLOCKS: Final = 128


class Reading(NamedTuple):
    """What became of one file. A tuple, because these travel between processes fastest."""

    path: str
    #: The track, serialized, because it comes from another process; empty when there is an error.
    track: bytes = b""
    error: str = ""
    #: What was left out of the track.
    notes: tuple[str, ...] = ()
    #: The pictures that go with it, if they were asked for.
    pictures: tuple[FoundPicture, ...] = ()
    #: What its tags hold that is no text, or cannot be read; these are notes as well.
    left_out: tuple[str, ...] = ()
    #: Whether those that were read with it left it too little time or memory: it may do alone.
    was_crowded: bool = False


@dataclass(slots=True)
class _Content:
    """What one file holds."""

    #: The kind of file; None when nothing but tags could be read.
    parser: Parser | None
    sound: Sound
    tags: list[Harvest]
    notes: list[str]
    #: What the tags hold that is no text, or cannot be read; these are notes as well.
    left_out: list[str] = field(default_factory=list)


class _StuckError(BaseException):
    """The parser takes too long. No `Exception`, so that nothing on the way catches it."""


class _Stream(io.BufferedReader):
    """A file of which no more is asked than there is.

    A tag of a few bytes may claim gigabytes, and the memory for them is taken before they are read.
    """

    def __init__(self, raw: io.FileIO, size: int) -> None:
        super().__init__(raw)
        self.bytes = size

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LARGE_READ:
            size = min(size, max(0, self.bytes - self.tell()))
        return super().read(size)


class _SmallStream(io.BytesIO):
    """A file that is in memory already; parsers move about in it a lot."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.bytes = len(content)


_File: TypeAlias = _Stream | _SmallStream


@dataclass(slots=True)
class _Job:
    """A file that is read, and what the steps so far have found out about it."""

    path: str
    box: Path | None
    #: Whether no other one is read together with it.
    alone: bool = False
    status: os.stat_result = field(init=False)
    stream: _File = field(init=False)
    content: _Content = field(init=False)
    hashes: FileHashes = field(init=False)
    track: Track = field(init=False)
    pictures: tuple[FoundPicture, ...] = ()
    reading: Reading = field(init=False)

    def end(self, reading: Reading) -> None:
        """Keep what became of the file, and let go of what it holds: others need the memory."""
        self.reading = reading
        if hasattr(self, "stream"):
            self.stream.close()
            del self.stream
        for name in ("content", "track"):
            if hasattr(self, name):
                delattr(self, name)


_Step: TypeAlias = Callable[[_Job], None]


def read_track(path: str, box: Path | None = None) -> Reading:
    """Read one file, as `read_tracks` does."""
    return read_tracks([path], box)[0]


def read_tracks(paths: Sequence[str], box: Path | None = None) -> list[Reading]:
    """Read some files; whatever goes wrong with one is in its result.

    The pictures in them and beside them are left in the folder `box`, if there is one.

    Small files take each step together, those of a kind one after the other: a processor runs code
    that it has just run in two thirds of the time. When that takes too long, or too much memory,
    the readings of those that are left say that they were crowded.
    """
    jobs = [_Job(path, box) for path in paths]
    there = _after(_look, jobs)
    small = [job for job in there if job.status.st_size <= _SMALL_BYTES]
    _read(sorted(small, key=lambda job: suffix_of(job.path)))
    _after(_read_alone, [job for job in there if job.status.st_size > _SMALL_BYTES])
    return [job.reading for job in jobs]


def _read_alone(job: _Job) -> None:
    _read([job])


def _read(jobs: list[_Job]) -> None:
    for job in jobs:
        job.alone = len(jobs) == 1
    try:
        for step in (_open, _take_apart, _hash, _make_track, _take_pictures, _finish):
            jobs = _after(step, jobs)
    except MemoryError:
        # What one of them holds has cost the others something, and nothing tells which.
        for job in jobs:
            job.end(_crowded(job, "there was no memory left"))


def _crowded(job: _Job, why: str) -> Reading:
    return Reading(job.path, error=f"{why} to read it with others", was_crowded=True)


def _after(step: _Step, jobs: list[_Job]) -> list[_Job]:
    """Take a step with each file; return those with which all went well.

    Raises `MemoryError` where there are several files.
    """
    until = time.process_time() + _STEP_SECONDS
    well = []
    for job in jobs:
        if job is not jobs[0] and time.process_time() > until:
            job.end(_crowded(job, "there was no time left"))
        elif _goes_well(step, job):
            well.append(job)
    return well


def _goes_well(step: _Step, job: _Job) -> bool:
    try:
        step(job)
    except (SourceError, _StuckError) as error:
        reading = Reading(job.path, error=str(error))
    except OSError as error:
        reading = Reading(job.path, error=error.strerror or type(error).__name__)
    # The parser fails in any way on a broken file: struct.error, MemoryError, RecursionError, ...
    except Exception as error:
        if isinstance(error, MemoryError) and not job.alone:
            raise
        reason = _reason(error, job.path)
        reading = Reading(job.path, error=f"cannot be read as audio: {reason}")
    else:
        return True
    job.end(reading)
    return False


# ---------------------------------------------------------------------------------- steps


def _look(job: _Job) -> None:
    """See whether there is something to read."""
    job.status = _status(job.path)
    if not stat.S_ISREG(job.status.st_mode):
        raise SourceError("is not a regular file")
    if not job.status.st_size:
        raise SourceError("the file is empty")


def _open(job: _Job) -> None:
    size = job.status.st_size
    raw = io.FileIO(job.path)
    if size > _SMALL_BYTES:
        job.stream = _Stream(raw, size)
        return
    with raw:
        content = raw.read(size)
        job.stream = _SmallStream(content if len(content) == size else content + raw.readall())


def _take_apart(job: _Job) -> None:
    """Read tags and sound; raises `_StuckError` when the parser does not come to an end."""
    with _limited_time():
        job.content = _parse(job.path, job.stream, is_alone=job.alone)


def _hash(job: _Job) -> None:
    """Make the hashes; raises `_StuckError` when it takes too long to find what is the audio."""
    with job.stream:
        with _limited_time():
            payload = find_payload(job.stream, job.stream.seek(0, 2))
        job.hashes = hash_file(job.stream, payload)
    before, after = job.status, _status(job.path)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceError("was changed while it was read: scan it again when it is complete")


def _make_track(job: _Job) -> None:
    """Make the track of what the file says; what could not be used is noted."""
    job.track = _track(job.path, job.status, job.content, job.hashes)


def _take_pictures(job: _Job) -> None:
    if job.box:
        embedded = [picture for found in job.content.tags for picture in found.pictures]
        job.pictures, wrong = _pictures(job.path, embedded, job.box)
        job.content.notes += wrong


def _finish(job: _Job) -> None:
    content = job.content
    job.end(
        Reading(
            job.path,
            job.track.SerializeToString(),
            notes=tuple(content.notes),
            pictures=job.pictures,
            left_out=tuple(content.left_out),
        )
    )


def _pictures(
    path: str, embedded: list[Embedded], box: Path
) -> tuple[tuple[FoundPicture, ...], list[str]]:
    try:
        return collect(path, embedded, box)
    except OSError as error:  # without them it is still a track
        return (), [f"its pictures are left out: {error.strerror}"]


def _reason(error: Exception, path: str) -> str:
    # mutagen names the file, or says so when it was given a stream.
    told = str(error).replace(path, "").replace("'<unknown>'", "")
    return told.strip(" '") or type(error).__name__


def _status(path: str) -> os.stat_result:
    return os.stat(path)  # noqa: PTH116  (a Path costs as much as the call)


def _track(path: str, found: os.stat_result, content: _Content, hashes: FileHashes) -> Track:
    """Return the track that a file makes; what could not be used is added to the notes."""
    track = Track()
    notes = content.notes
    mended = mend(content.tags)
    notes += map_tags([tags.raw() for tags in content.tags], track)
    if mended:
        track.attributes.extend(mended)
    content.left_out = [note for tags in content.tags for note in tags.notes()]
    notes += content.left_out
    if not track.title:
        track.title = shown_path(PurePath(path).stem)
        track.attributes.add(key=TITLE_FROM_FILE_NAME, flag=True, source="file")
    uri = file_uri(path)
    track.sources.add(
        type=FILE, id=file_source_id(uri), uri=uri if len(uri) <= MAX_SOURCE_URI else ""
    )
    file = track.files.add(uri=uri, size_bytes=found.st_size)
    file.content_hash, file.audio_hash = hashes.content, hashes.audio
    notes += hashes.notes
    # The catalogue keeps microseconds; more would look like a change on every scan.
    file.modify_time.FromNanoseconds(found.st_mtime_ns // 1000 * 1000)
    if content.parser:
        notes += describe(FORMATS[content.parser], content.sound, track, file)
        promised = AUDIO_SUFFIXES.get(suffix_of(path), file.format)
        if promised != file.format:
            notes.append(f"is {file.format}, although its name promises {promised}")
    if file.HasField("duration"):
        track.duration.CopyFrom(file.duration)
    return track


# -------------------------------------------------------------------------------- content


def _parse(path: str, stream: _File, *, is_alone: bool) -> _Content:
    """Read tags and sound; raises `SourceError` when there is neither.

    Too little memory costs a file its tags, unless others hold some of it.
    """
    header = stream.read(HEADER_BYTES)
    start = ends.sound_start(stream, header)
    if start >= stream.bytes:  # the tag claims to be longer than the file
        start = 0
    if start:
        stream.seek(start)
        header = stream.read(HEADER_BYTES)
    reasons = []
    candidates = list(parsers(header, stream, path)) if header else []
    # What is behind ID3 and like nothing else may be MP3 that begins with some rubbish.
    for parser in candidates or ([MP3] if start else []):
        try:
            return _with_sound(parser, stream, start)
        except Exception as error:  # a part of the file, or its tags, may do better
            if isinstance(error, MemoryError) and not is_alone:
                raise
            reasons.append(_reason(error, path))
        if sound := _sound_alone(parser, stream, start):
            notes = [f"its own tags are left out as far as they are broken: {reasons[-1]}"]
            return _Content(parser, sound, _tags_alone(header, stream, start), notes)
    reason = reasons[0] if reasons else "it begins like none of the known formats"
    found = _tags_alone(header, stream, start)
    if not any(tags.texts for tags in found):
        told = "cannot be read as audio" if reasons else "is not audio of a known kind"
        raise SourceError(f"{told}: {reason}")
    notes = [f"holds no sound that can be read, only its tags are taken: {reason}"]
    return _Content(None, Sound(), found, notes)


def _with_sound(parser: Parser, stream: _File, start: int) -> _Content:
    # MP3 is the one kind of file whose parser wants to see the ID3 tags before it.
    shifted = start if parser is not MP3 else 0
    inner = _inner_chunks(parser, stream) if not shifted else None
    tags: list[Harvest] = []
    audio: Any = None
    # What chunks tell needs no second look, and mutagen refuses some of them: RF64, for example.
    if inner is None or not inner.describes_sound:
        stream.seek(0)
        audio = parser(ends.shifted(stream, shifted) if shifted else stream)
    known = audio.tags if audio is not None else None
    if audio is not None:
        tags.append(known if isinstance(known, Harvest) else harvest(known))
    if parser is FLAC:
        blocks = (block for block in audio.metadata_blocks if type(block) is VCFLACDict)
        tags += (harvest(block) for block in blocks if block is not known)
        tags[0].pictures += of_blocks(audio.pictures)
    if inner:
        if known is None and inner.id3_at:
            tags.append(ends.head_tags(ends.shifted(stream, inner.id3_at)) or _lost_id3())
        tags.append(inner.tags)
    if shifted and (head := ends.head_tags(stream)):
        tags.append(head)
    if parser is MP3 and known is None:
        tags += filter(None, [ends.displaced_tags(stream)])
    tags += ends.end_tags(stream, stream.bytes, known)
    info = audio.info if audio is not None else inner and inner.common
    sound = sound_of(info, inner, stream.bytes, parser)
    if parser is OggOpus:
        sound.original_rate = _opus_rate(stream, start)
    return _Content(parser, sound, tags, [])


def _lost_id3() -> Harvest:
    """Return what there is of an ID3 tag that is in its place and cannot be read at all."""
    return Harvest(Family.ID3, broken=Counter(["ID3"]))


def _sound_alone(parser: Parser, stream: _File, start: int) -> Sound | None:
    """Return the sound of a file whose tags cannot be read, or None when that is broken as well."""
    reader = _SOUND_READERS.get(parser)
    if reader is None:
        return None
    try:
        info = reader(ends.shifted(stream, start))
    # mutagen reports only some of what broken files make it do.
    except Exception:  # noqa: BLE001
        return None
    return sound_of(info, None, stream.bytes, parser)


def _inner_chunks(parser: Parser, stream: _File) -> Chunks | None:
    """Return what mutagen does not read of files that are made of chunks."""
    reader = _CHUNK_READERS.get(parser)
    return reader(stream, stream.bytes) if reader else None


def _opus_rate(stream: _File, start: int) -> int:
    """Return the rate that went into the encoder, in Hz; 0 when the header does not tell."""
    stream.seek(start + _OPUS_RATE_AT)
    return int.from_bytes(stream.read(4), "little")


def _tags_alone(header: bytes, stream: _File, start: int) -> list[Harvest]:
    """Return the tags of a file whose sound cannot be read."""
    found = []
    if head := ends.head_tags(stream):
        found.append(head)
    if header.startswith(b"fLaC"):
        found += _flac_comments(stream, start)
    elif header[4:8] in (b"ftyp", b"moov", b"mdat", b"free"):
        found.append(mp4_tags(stream))
    found += ends.end_tags(stream, stream.bytes, None)
    return found


def _flac_comments(stream: _File, start: int) -> list[Harvest]:
    """Return the comments of a FLAC file of which another part is broken, or there is too much."""
    found = []
    position = start + 4
    for _ in range(_FLAC_MOST_BLOCKS):
        stream.seek(position)
        header = stream.read(4)
        size = int.from_bytes(header[1:], "big")
        if header and header[0] & 0x7F == _FLAC_STREAMINFO:
            size = _STREAMINFO_BYTES
        if len(header) < 4 or position + 4 + size > stream.bytes:
            break
        if header[0] & 0x7F == _FLAC_COMMENTS:
            content = stream.read(size)
            try:
                found.append(harvest(VCFLACDict(content, framing=False)))
            except mutagen.MutagenError:
                found.append(whole_comments(content))
        position += 4 + size
    return found


@contextmanager
def _limited_time() -> Iterator[None]:
    """Raise `_StuckError` in what takes too much time."""
    _listen()
    signal.setitimer(signal.ITIMER_VIRTUAL, PARSE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


@cache
def _listen() -> None:
    """Let the signal of the timer be heard. Once for a process: small files take no longer."""
    signal.signal(signal.SIGVTALRM, _give_up)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise _StuckError(f"could not be read in {PARSE_SECONDS} s of work")
