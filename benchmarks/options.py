"""What a run can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
"""The checkout."""


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured, and on what."""

    catalogue: Path | None
    """A table for `fonoteca import`; None: one is made up."""

    database: str | None
    """A database that is filled already (URL or `key=value` list), which is only read."""

    queries: Path | None
    """Searches with the right answers, as JSON Lines; None: they are made from the catalogue."""

    rows: int
    """How many rows are made up, or read of the given table at most (0: all)."""

    files: int
    """How many audio files are made up."""

    audio: Path | None
    """A folder with audio files that are read besides; None: only those that are made up."""

    rounds: int
    """How often what is compared is measured in turn."""

    seconds: float
    """How long each part of a round lasts."""
