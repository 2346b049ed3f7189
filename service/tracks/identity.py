"""Which file is this? The rules by which a file that arrives is one that the catalogue knows.

A recording is known by its audio, then by the bytes of its file, then by its address. Each rule is
tried for all files that arrive together before the next one, so that the clearest case has its pick
before the others. A known file can become one arriving file only.

Nothing here asks the database; docs/identity.md shows the rules by example.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from uuid import UUID

SAME_LENGTH_MS: Final = 2_000
"""How much the lengths of two encodings of one recording may differ."""


@dataclass(frozen=True, slots=True)
class Song:
    """What tags say of a recording and its place, folded."""

    title: str
    album: str | None
    disc: int | None
    number: int | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that an import brings. None is not known."""

    uri: str
    content_hash: str | None
    audio_hash: str | None
    duration_ms: int | None
    song: Song


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file of a live track, missing or not."""

    id: UUID
    track_id: UUID
    uri: str
    content_hash: str | None
    audio_hash: str | None
    duration_ms: int | None
    is_missing: bool
    song: Song


File = Arrival | KnownFile


class Likeness(Enum):
    """What the hashes of two files say."""

    SAME = "the same recording"
    OTHER = "another one"
    UNKNOWN = "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an arriving file is: by which rule, of which track, and which known file it was.

    `file_id` is None for one file more of a track. `like` is the index of the earlier arrival whose
    track it shares, when that is all that is known; neither it nor a track: it is new.
    """

    rule: str
    track_id: UUID | None = None
    file_id: UUID | None = None
    like: int | None = None


def likeness(one: File, other: File) -> Likeness:
    """Compare two files by their bytes, which tags change, or else by their audio.

    The same bytes may have two hashes of audio, when one was taken by an earlier version.
    """
    if same_bytes(one, other):
        return Likeness.SAME
    if one.audio_hash and other.audio_hash:
        return Likeness.SAME if one.audio_hash == other.audio_hash else Likeness.OTHER
    return Likeness.UNKNOWN


def same_bytes(one: File, other: File) -> bool:
    """Whether both files are known to be one byte by byte."""
    return one.content_hash is not None and one.content_hash == other.content_hash


def same_audio(one: File, other: File) -> bool:
    """Whether both files are known to hold the same audio."""
    return likeness(one, other) is Likeness.SAME


def may_be_encodings(one: File, other: File) -> bool:
    """Whether two files of different audio may hold one recording: by length, or by title."""
    if one.duration_ms is None or other.duration_ms is None:
        return True
    close = abs(one.duration_ms - other.duration_ms) <= SAME_LENGTH_MS
    return close or one.song.title == other.song.title


def name_of(uri: str) -> str:
    """Return the last part of an address."""
    return uri.rpartition("/")[2]


def stem_of(uri: str) -> str:
    """Return an address without the suffix of its name."""
    folder, slash, name = uri.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{folder}{slash}{stem}" if dot and stem else uri


def _in_place(new: File, known: File) -> bool:
    return new.uri == known.uri and likeness(new, known) is not Likeness.OTHER


def _named_and_tagged_alike(new: File, known: File) -> bool:
    return _tagged_alike(new, known) and _named_alike(new, known)


def _tagged_alike(new: File, known: File) -> bool:
    return same_audio(new, known) and new.song == known.song


def _named_alike(new: File, known: File) -> bool:
    return same_audio(new, known) and name_of(new.uri) == name_of(known.uri)


def _encoded_again(new: File, known: File) -> bool:
    return new.uri == known.uri and may_be_encodings(new, known)


def _other_format(new: File, known: File) -> bool:
    return stem_of(new.uri) == stem_of(known.uri) and may_be_encodings(new, known)


@dataclass(frozen=True, slots=True)
class Rule:
    """When an arriving file is a known one that is not elsewhere."""

    name: str
    fits: Callable[[File, File], bool]
    #: Whether the known file becomes the arriving one; if not, its track has one file more.
    continues: bool = True


GONE_RULES: Final = (
    Rule("in place", _in_place),
    Rule("moved", same_bytes),
    Rule("moved and retagged", _named_and_tagged_alike),
    Rule("moved and retagged", _tagged_alike),
    Rule("moved and retagged", _named_alike),
    Rule("moved and retagged", same_audio),
)
"""What a file is that is gone from its address, or is there still: tried first."""

COPY_RULES: Final = (
    Rule("copied", same_bytes, continues=False),
    Rule("copied", _tagged_alike, continues=False),
)
"""Whether an arriving file is one more of a file that is there."""

ENCODING_RULES: Final = (
    Rule("encoded again", _encoded_again),
    Rule("in another format", _other_format, continues=False),
)
"""Whether other audio takes the place of a file that is gone: tried last."""

NEW: Final = "new"


@dataclass(slots=True)
class _Index:
    """Known files by what may connect an arriving file with them."""

    files: dict[str, list[KnownFile]] = field(default_factory=lambda: defaultdict(list))

    def add(self, file: KnownFile) -> None:
        for key in {*_keys(file), file.uri, stem_of(file.uri)}:
            self.files[key].append(file)

    def like(self, new: Arrival) -> list[KnownFile]:
        """Return the known files in question, the oldest first."""
        keys = dict.fromkeys((*_keys(new), new.uri, stem_of(new.uri)))
        found = {file.id: file for key in keys for file in self.files.get(key, ())}
        return sorted(found.values(), key=lambda file: (file.track_id, file.id))


def _keys(file: File) -> list[str]:
    return [hash_ for hash_ in (file.audio_hash, file.content_hash) if hash_]


class Identification:
    """Says of files that arrive together what they are, and which known ones they displace."""

    def __init__(self, arrivals: Sequence[Arrival], known: Iterable[KnownFile]) -> None:
        self._arrivals = arrivals
        self._index = _Index()
        by_uri = {new.uri: new for new in arrivals}
        self._displaced: dict[UUID, KnownFile] = {}
        for file in known:
            self._index.add(file)
            new = by_uri.get(file.uri)
            if new and not file.is_missing and likeness(new, file) is Likeness.OTHER:
                self._displaced[file.id] = file
        self._claimed: set[UUID] = set()
        self._verdicts: dict[int, Verdict] = {}
        self._arrived: dict[str, list[int]] = defaultdict(list)
        self._candidates = [self._index.like(new) for new in arrivals]
        for rule in GONE_RULES:
            for number in range(len(arrivals)):
                self._claim(number, rule)
        for number in range(len(arrivals)):
            self._settle(number)

    @property
    def verdicts(self) -> list[Verdict]:
        """One verdict for each arriving file, in their order."""
        return [self._verdicts[number] for number in range(len(self._arrivals))]

    @property
    def gone(self) -> list[KnownFile]:
        """Known files that are no longer at their address, because another file is there."""
        return [file for file in self._displaced.values() if file.id not in self._claimed]

    def _claim(self, number: int, rule: Rule) -> None:
        """Let an arriving file be a known one that is gone, or the one at its address."""
        if number in self._verdicts:
            return
        new = self._arrivals[number]
        for file in sorted(self._candidates[number], key=lambda file: file.is_missing):
            if (
                file.id not in self._claimed
                and (file.uri == new.uri or self._is_gone(file))
                and rule.fits(new, file)
            ):
                if rule.continues:
                    self._claimed.add(file.id)
                file_id = file.id if rule.continues else None
                self._decide(number, Verdict(rule.name, file.track_id, file_id))
                return

    def _settle(self, number: int) -> None:
        """Find out what an arriving file is that is none of those that are gone."""
        if number not in self._verdicts:
            self._copy(number)
        for rule in ENCODING_RULES:
            self._claim(number, rule)
        if number not in self._verdicts:
            self._decide(number, Verdict(NEW))

    def _copy(self, number: int) -> None:
        new = self._arrivals[number]
        earlier = [at for key in _keys(new) for at in self._arrived.get(key, ())]
        for rule in COPY_RULES:
            for file in self._candidates[number]:
                there = not self._is_gone(file) and file.id not in self._claimed
                if there and rule.fits(new, file):
                    self._decide(number, Verdict(rule.name, file.track_id))
                    return
            for at in earlier:
                if rule.fits(new, self._arrivals[at]):
                    self._decide(number, self._beside(rule.name, at))
                    return

    def _beside(self, rule: str, at: int) -> Verdict:
        """Return the verdict of a file that belongs to the track of an earlier arrival."""
        first = self._verdicts[at]
        if first.track_id:
            return Verdict(rule, first.track_id)
        return Verdict(rule, like=at if first.like is None else first.like)

    def _is_gone(self, file: KnownFile) -> bool:
        return file.is_missing or file.id in self._displaced

    def _decide(self, number: int, verdict: Verdict) -> None:
        self._verdicts[number] = verdict
        for key in _keys(self._arrivals[number]):
            self._arrived[key].append(number)
