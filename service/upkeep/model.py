"""What upkeep looks at, in which order, and what it may find wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_ID: Final = "00000000-0000-0000-0000-000000000000"


class Stage(StrEnum):
    """What a round looks at, one after the other: first what entries are made from."""

    GENRES = "genres"
    ARTISTS = "artists"
    CREDITS = "credits"
    ALBUMS = "albums"
    TITLES = "titles"
    ENTRIES = "entries"
    NAMES = "names"
    WORDS = "words"

    @property
    def start(self) -> str:
        """The position before the first row."""
        match self:
            case Stage.GENRES:
                return "0"
            case Stage.WORDS:
                return ""
            case _:
                return _NO_ID

    def has(self, position: str) -> bool:
        """Whether a text can be a position in this stage."""
        match self:
            case Stage.GENRES:
                return position.isdecimal() and int(position) < 2**31
            case Stage.WORDS:
                return "\0" not in position
            case _:
                return bool(_ID.fullmatch(position))

    @property
    def next(self) -> Stage | None:
        """The stage that follows; None after the last."""
        following = STAGES[STAGES.index(self) + 1 :]
        return following[0] if following else None


STAGES: Final = tuple(Stage)


class Fault(StrEnum):
    """What can be wrong with a row, as the end of a sentence about it."""

    STALE_NAME = "is not compared as fold() says now"
    EQUAL_NAME = "has the name of another one by what fold() says now: merge the two"
    STALE_WORDS = "has other words than the names of its artists"
    MISSING = "cannot be found: the index has no entry"
    WRONG = "is found by what it was: the entry is wrong"
    STRAY = "is found though it is deleted or not completed: the entry is superfluous"
    UNKNOWN_WORDS = "has words that the vocabulary misses: it is not found by them"
    STALE_POPULARITY = "is suggested as popular as it was, not as its tracks are"
    UNUSED_WORD = "is in the vocabulary, but no track has it"

    @property
    def is_error(self) -> bool:
        """Whether searches are answered wrongly.

        Words that nothing has any more only take room; and where another transaction holds a name,
        or a popular track has gone, it is upkeep that makes it as popular as its tracks.
        """
        return self not in {Fault.UNUSED_WORD, Fault.STALE_POPULARITY}

    @property
    def can_be_mended(self) -> bool:
        """Whether upkeep knows what to do about it."""
        return self is not Fault.EQUAL_NAME


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a row: `subject` is its id, or the word itself."""

    stage: Stage
    subject: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at some rows of a stage saw; `last` is None when there were none left."""

    last: str | None
    count: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """How far upkeep has come; one row, which all servers of a database share.

    A round looks at everything once. It is calm in the background, unless it is a rebuild: one that
    somebody asked for, or that a new fold makes necessary.
    """

    stage: Stage
    position: str
    is_rebuild: bool
    looked_at: int
    mended: int
    fold_version: int
    """The fold by which everything has been folded."""

    round_fold_version: int
    """The fold by which this round folds."""

    @property
    def begins(self) -> bool:
        """Whether the round has not looked at anything yet."""
        return self.stage is STAGES[0] and self.position == self.stage.start

    def under(self, fold_version: int) -> Self:
        """Return the state in a database with this fold: another one makes a rebuild necessary."""
        if self.round_fold_version == fold_version or self.begins:
            stale = self.fold_version != fold_version
            return replace(
                self, round_fold_version=fold_version, is_rebuild=self.is_rebuild or stale
            )
        return self.rebuilding(fold_version)

    def rebuilding(self, fold_version: int) -> Self:
        """Return the state at the start of a rebuild."""
        return replace(
            self,
            stage=STAGES[0],
            position=STAGES[0].start,
            is_rebuild=True,
            looked_at=0,
            mended=0,
            round_fold_version=fold_version,
        )

    def after(self, look: Look) -> Self:
        """Return the state after a look; after the last stage the next round begins."""
        mended = self.mended + sum(finding.fault.can_be_mended for finding in look.findings)
        seen = replace(self, looked_at=self.looked_at + look.count, mended=mended)
        if look.last is not None:
            return replace(seen, position=look.last)
        if following := self.stage.next:
            return replace(seen, stage=following, position=following.start)
        return replace(
            seen,
            stage=STAGES[0],
            position=STAGES[0].start,
            is_rebuild=False,
            looked_at=0,
            mended=0,
            fold_version=self.round_fold_version,
        )


@dataclass(frozen=True, slots=True)
class Census:
    """What the index holds, beside what it is made from."""

    findable: int
    """Live, completed tracks."""

    entries: int
    missing: int
    """Tracks that should have an entry and have none."""

    stray: int
    """Entries whose track is deleted or not completed."""

    words: int
    unused_words: int
    tiers: tuple[int, ...]
    """The number of entries in each tier of popularity, the most popular first."""
