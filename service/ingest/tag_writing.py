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
from typing import Any, Final

import mutagen

from fonoteca.v1.track_pb2 import Track
from service.ingest.facts import Texts, changed, texts_of
from service.ingest.files import read_track
from service.ingest.problems import SourceError
from service.ingest.replacing import sync_folder
from service.ingest.tag_names import write_facts

_CHANGED: Final = "was changed since it was scanned: scan it first"


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
    except Exception as error:  # noqa: BLE001
        return Tagged(error=f"its tags cannot be written: {error}")
    finally:
        with suppress(FileNotFoundError):
            Path(part).unlink()


def _write(job: TagJob, part: Path) -> Tagged:
    path = Path(job.path)
    _require_known(job)
    found = _read(job.path)
    before, after = texts_of(found), texts_of(Track.FromString(job.track))
    names = changed(before, after, job.facts)
    changes = _changes(names, before, after)
    if job.preview or not changes:
        return Tagged(changes)
    written = _retagged(path, part, names, after)
    # A file may be unable to hold a value: what it holds is written without that.
    kept = changed(texts_of(written), after, frozenset(names))
    if kept:
        names = [name for name in names if name not in kept]
        if names:
            written = _retagged(path, part, names, after)
    left_out = _changes(kept, before, after)
    if not names:
        return Tagged(left_out=left_out)
    if changed(texts_of(written), after, frozenset(names)):
        raise SourceError("does not say what was written into it")
    _require_same_sound(found, written)
    _require_known(job)
    part.replace(path)
    sync_folder(path.parent)
    [file] = written.files
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


def _require_same_sound(before: Track, after: Track) -> None:
    hashes = before.files[0].audio_hash, after.files[0].audio_hash
    if not hashes[0] or hashes[0] != hashes[1]:
        raise SourceError("its sound would not be proven to stay the same")


def _read(path: str) -> Track:
    reading = read_track(path)
    if reading.error:
        raise SourceError(reading.error)
    return Track.FromString(reading.track)


def _retagged(path: Path, part: Path, names: Sequence[str], texts: Texts) -> Track:
    """Make a copy of a file whose tags say some facts, and return what is read from it."""
    shutil.copyfile(path, part)
    shutil.copystat(path, part)
    owner = path.stat()
    with suppress(PermissionError):
        os.chown(part, owner.st_uid, owner.st_gid)
    audio: Any = mutagen.File(part)
    if audio is None:
        raise SourceError("tags cannot be written to this kind of file")
    try:
        if audio.tags is None:
            audio.add_tags()
        write_facts(audio.tags, names, texts)
        audio.save()
    except NotImplementedError:
        raise SourceError("tags cannot be written to this kind of file") from None
    os.utime(part)
    with part.open("rb+") as stream:
        os.fsync(stream.fileno())
    return _read(str(part))
