"""What a person is told about one thing that could not be imported."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one row or one file was not imported, or not in full."""

    file: str
    message: str
    #: Line in the file, from 1; 0 when the whole file is meant.
    line: int = 0
    #: Name of the column or field; empty when the whole row or file is meant.
    column: str = ""
    #: Whether the row or file was imported all the same.
    note: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        told = (place, "note" if self.note else "", self.column, self.message)
        return ": ".join(part for part in told if part)

    def as_record(self) -> dict[str, str | int]:
        """Return the parts that are known, as one line of a report."""
        record: dict[str, str | int] = {"file": self.file, "message": self.message}
        if self.line:
            record["line"] = self.line
        if self.column:
            record["column"] = self.column
        if self.note:
            record["note"] = True
        return record


class SourceError(Exception):
    """A source cannot be read, or not any further; the message says what to do next."""
