"""Tags of one file become what the catalogue says; its sound stays what it was.

The file is never touched. A copy beside it gets the tags and is read as any file; only when its
sound is the same by the audio hash, and it says what it was to say, does it take the place of the
file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import mutagen
import mutagen.aiff
import mutagen.dsdiff
import mutagen.dsf
import mutagen.id3
import mutagen.mp3
import mutagen.trueaudio
import mutagen.wave

from fonoteca.v1.track_pb2 import Track
from service.ingest.chunks import aiff_chunks, riff_chunks
from service.ingest.facts import Texts, changed, texts_of
from service.ingest.files import TITLE_FROM_FILE_NAME, read_track
from service.ingest.id3 import ID3File, Keeping
from service.ingest.id3_chunks import AIFF, DSDIFF, DSF, WAVE
from service.ingest.mapping import fact_of
from service.ingest.mpeg_audio import MP3
from service.ingest.problems import SourceError
from service.ingest.replacing import sync_folder
from service.ingest.tag_names import write_facts
from service.ingest.tags import INSTRUMENT_KEY
from service.ingest.trueaudio import TrueAudio

_NEWEST_ID3: Final = (2, 4, 0)
#: Kinds of files of which ours know more frames, so that these stay.
_THAT_KEEP_MORE: Final[dict[type, type[Any]]] = {
    mutagen.aiff.AIFF: AIFF,
    mutagen.dsdiff.DSDIFF: DSDIFF,
    mutagen.dsf.DSF: DSF,
    mutagen.id3.ID3FileType: ID3File,
    mutagen.mp3.MP3: MP3,
    mutagen.trueaudio.TrueAudio: TrueAudio,
    mutagen.wave.WAVE: WAVE,
}
#: What reads the chunks of a file, by the kind that it says it is.
_CHUNKS: Final = {b"WAVE": riff_chunks, b"AIFF": aiff_chunks, b"AIFC": aiff_chunks}
_CHANGED: Final = "was changed since it was scanned: scan it first"
_TOO_BROKEN: Final = "is too broken for its tags to be written"
_NO_SOUND: Final = "holds no sound that can be read, so no tags are written to it"
_NOT_WRITTEN: Final = "tags cannot be written to this kind of file"
#: Kinds that have no tags of their own, or none that can be written.
_WITHOUT_TAGS: Final = frozenset({"aac", "ac3", "amr", "au", "caf", "matroska", "mid"})
_LOSES: Final = "would lose other tags, or what they say"
#: What the sources of attributes that stand in tags begin with; others tell how a file was read.
_IN_TAGS: Final = "tag"


@dataclass(frozen=True, slots=True)
class TagJob:
    """What is to be said by which file."""

    path: str
    #: The track, serialized, because it goes to another process.
    track: bytes
    #: Size and time of modification, in microseconds, that the catalogue knows.
    size: int
    modified_us: int
    #: Names of facts; empty for all of which the catalogue has a value.
    facts: frozenset[str]
    preview: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """What a file says."""

    track: Track
    #: What its tags hold besides, which no track has room for.
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactChange:
    """What a file says of a fact, and what the catalogue says."""

    fact: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tagged:
    """What became of one file."""

    changes: tuple[FactChange, ...] = ()
    #: What the file cannot hold, so that it was not written.
    left_out: tuple[FactChange, ...] = ()
    error: str = ""
    #: The file as it is now, when it was written.
    size: int = 0
    modified_us: int = 0
    content_hash: str = ""


def write_tags(job: TagJob, part: str) -> Tagged:
    """Write the tags of one file, or tell what would be written; errors are in the result.

    `part` is where a copy is made, in the folder of the file; it is gone afterwards.
    """
    try:
        return _write(job, Path(part))
    except SourceError as error:
        return Tagged(error=str(error))
    except OSError as error:
        return Tagged(error=error.strerror or type(error).__name__)
    # What writes tags fails in any way on a broken file, as what reads them.
    except Exception:  # noqa: BLE001
        return Tagged(error=_TOO_BROKEN)
    finally:
        with suppress(FileNotFoundError):
            Path(part).unlink()


def _write(job: TagJob, part: Path) -> Tagged:
    path = Path(job.path)
    _require_known(job)
    found = _read(job.path)
    before, after = texts_of(found.track), texts_of(Track.FromString(job.track))
    names = changed(before, after, job.facts)
    changes = _changes(names, before, after)
    if job.preview or not changes:
        return Tagged(changes)
    _require_writable(found.track.files[0].format)
    written, kept = _fitting(found, path, part, names, after)
    left_out = _changes(kept, before, after)
    # A file may be unable to hold a value: what it holds is written without that.
    if kept:
        names = [name for name in names if name not in kept]
        if not names:
            return Tagged(left_out=left_out)
        written, kept = _fitting(found, path, part, names, after)
        if kept:
            raise SourceError("does not say what was written into it")
    _require_same_sound(found.track, written.track)
    _require_known(job)
    part.replace(path)
    sync_folder(path.parent)
    [file] = written.track.files
    return Tagged(
        _changes(names, before, after),
        left_out,
        size=file.size_bytes,
        modified_us=file.modify_time.ToMicroseconds(),
        content_hash=file.content_hash,
    )


def _changes(names: Sequence[str], before: Texts, after: Texts) -> tuple[FactChange, ...]:
    found = (FactChange(name, before.get(name, ()), after.get(name, ())) for name in names)
    return tuple(change for change in found if change.before != change.after)


def _require_known(job: TagJob) -> None:
    """Raise `SourceError` when the file is not the one that the catalogue knows."""
    now = Path(job.path).stat()
    if (now.st_size, now.st_mtime_ns // 1000) != (job.size, job.modified_us):
        raise SourceError(_CHANGED)


def _require_writable(kind: str) -> None:
    """Raise `SourceError` when a file of a kind has no place for tags."""
    if not kind:
        raise SourceError(_NO_SOUND)
    if kind in _WITHOUT_TAGS:
        raise SourceError(_NOT_WRITTEN)


def _require_same_sound(before: Track, after: Track) -> None:
    hashes = before.files[0].audio_hash, after.files[0].audio_hash
    if not hashes[0] or hashes[0] != hashes[1]:
        raise SourceError("its sound would not be proven to stay the same")


def _read(path: str) -> _Said:
    reading = read_track(path)
    if reading.error:
        raise SourceError(reading.error)
    return _Said(Track.FromString(reading.track), reading.left_out)


def _fitting(
    found: _Said, path: Path, part: Path, names: Sequence[str], texts: Texts
) -> tuple[_Said, list[str]]:
    """Make a copy of a file whose tags say some facts; return what it says, and what it does not.

    Its tags keep their version, unless only the newest one can hold all that they are to say.
    Raises `SourceError` when tags that hold no such fact would be lost.
    """
    beside = _beside(found, names)
    for newest in (False, True):
        written = _retagged(path, part, names, texts, newest=newest)
        kept = changed(texts_of(written.track), texts, frozenset(names))
        stays = beside <= _beside(written, names)
        if stays and not kept:
            break
    if not stays:
        raise SourceError(_LOSES)
    return written, kept


def _beside(said: _Said, names: Sequence[str]) -> set[tuple[str, str]]:
    """Return what the tags of a file say and hold apart from some facts."""
    facts = {(name, text) for name, texts in texts_of(said.track).items() for text in texts}
    apart = set(names)
    for fact in said.track.attributes:
        if fact.key == TITLE_FROM_FILE_NAME:
            # The copy has another name.
            apart.add("title")
        elif fact.source.startswith(_IN_TAGS):
            played = fact.key.startswith(INSTRUMENT_KEY)
            facts.add(("performer" if played else fact.key, str(fact)))
    facts |= {("", told) for told in said.left_out}
    return {fact for fact in facts if fact[0] not in apart}


def _retagged(path: Path, part: Path, names: Sequence[str], texts: Texts, *, newest: bool) -> _Said:
    """Make a copy of a file whose tags say some facts, and return what is read from it."""
    shutil.copyfile(path, part)
    shutil.copystat(path, part)
    owner = path.stat()
    with suppress(PermissionError):
        os.chown(part, owner.st_uid, owner.st_gid)
    # Some kinds are told by the name alone, which the copy does not have.
    known: Any = mutagen.File(path)
    if known is None:
        raise SourceError(_NOT_WRITTEN)
    audio = _THAT_KEEP_MORE.get(type(known), type(known))(part)
    if audio.tags is None:
        audio.add_tags()
    write_facts(audio.tags, names, texts)
    _save(audio, newest=newest)
    os.utime(part)
    with part.open("rb+") as stream:
        _rewrite_chunks(stream, part.stat().st_size, names, texts)
        stream.flush()
        os.fsync(stream.fileno())
    return _read(str(part))


def _save(audio: Any, *, newest: bool) -> None:
    tags = audio.tags
    if not isinstance(tags, Keeping):
        audio.save()
    elif tags.version < _NEWEST_ID3 and not newest:
        tags.keep_in(3)
        audio.tags.update_to_v23()
        # Several values stay several, as programs write them into this version, too.
        audio.save(v2_version=3, v23_sep=None)
    else:
        tags.keep_in(4)
        audio.save()


def _rewrite_chunks(stream: BinaryIO, size: int, names: Sequence[str], texts: Texts) -> None:
    """Let texts in chunks say the same as the tags, where they have the room, or else nothing."""
    read = _CHUNKS.get(stream.read(12)[8:])
    if read is None:
        return
    found = read(stream, size)
    for name, start, length in found.places:
        fact = fact_of(found.tags.family, name)
        if fact and fact[0] in names:
            text = "; ".join(texts.get(fact[0], ())).encode()
            stream.seek(start)
            stream.write((text if len(text) <= length else b"").ljust(length, b"\0"))
