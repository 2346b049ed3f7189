"""Tables: CSV, TSV and JSON Lines files, plain or gzipped, read as tracks.

Their rows are what columns say of a track, or whole tracks as an export writes them (`records`).

The file is read once, as a stream. A row that cannot be read is reported and left out; what makes
the rest of the file unreadable (broken compression, another encoding) ends the stream with a
`SourceError` that tells where.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

from fonoteca.v1.track_pb2 import Track
from service.ingest.cells import shown
from service.ingest.columns import KNOWN, SOURCE_ID, TITLE, Column, by_rank, column_name
from service.ingest.problems import Problem, SourceError
from service.ingest.records import FIELDS, are_fields, is_record, track_of, track_of_cells

if TYPE_CHECKING:
    from _csv import Reader

_GZIP_MAGIC = b"\x1f\x8b"
_DELIMITERS = (",", "\t", ";")
_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})
_TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".txt"})
_UTF_8 = frozenset({"utf-8", "utf8"})
_READ_AHEAD = 1 << 17
#: How long a cell may be. Those of records hold lists; in other tables a quote that is never closed
#: must not swallow what follows.
_LONGEST_CELL = 1 << 17
_LONGEST_FIELD = 64 << 20

#: What says which track a row is, and how it is called: an import needs both.
IMPORTED = (SOURCE_ID, TITLE)

#: A track and the line where its row begins.
Row = tuple[int, Track]
#: Makes a track of the cells of a row.
_Filler = Callable[[list[str]], Track]


@dataclass(slots=True)
class Table:
    """An open file of tracks, to be read once and closed."""

    path: Path
    encoding: str
    strict: bool
    on_problem: Callable[[Problem], None]
    raw: io.BufferedReader
    text: TextIO
    size: int
    #: Columns of which no cell may be empty.
    required: Collection[str]
    #: Columns of the file; in JSON Lines every row has its own.
    columns: list[str] = field(default_factory=list)
    #: Columns without a field of their own; their cells become attributes. In JSON Lines they are
    #: known only when they are met.
    unknown_columns: list[str] = field(default_factory=list)
    rows: Iterator[Row] = field(default_factory=lambda: iter(()))

    def close(self) -> None:
        """Close the file, of which some rows may not have been read."""
        self.raw.close()

    def fraction(self) -> float:
        """Return which share of the file has been read, 0 to 1."""
        return 1.0 if self.raw.closed else self.raw.tell() / self.size

    def report(self, line: int, column: str, message: str) -> None:
        """Report that a row was left out."""
        self.on_problem(Problem(str(self.path), message, line, column))


def open_table(
    path: Path,
    on_problem: Callable[[Problem], None],
    *,
    encoding: str = "utf-8",
    strict: bool = False,
    required: Collection[str] = IMPORTED,
) -> Table:
    """Open a file of tracks and read its header.

    `on_problem` gets each row that is left out: one that cannot be read, has an empty cell in a
    `required` column, or repeats the source of an earlier row when a source is required. `strict`
    refuses columns that are not known. Raises `SourceError` when the file cannot be read,
    is empty, or lacks a required column.
    """
    try:
        size = path.stat().st_size
        raw = path.open("rb")
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    try:
        table = Table(
            path, encoding, strict, on_problem, raw, _as_text(raw, encoding), max(size, 1), required
        )
        lines = _lines(table)
        head = next((line for line in lines if line.strip()), "")
        if not head:
            raise SourceError(f"{path}: the file is empty")
        start = _json_rows if _is_json(path, head) else _delimited_rows
        table.rows = start(table, head, lines)
    except BaseException:
        raw.close()
        raise
    return table


def _as_text(raw: io.BufferedReader, encoding: str) -> TextIO:
    stream: io.BufferedReader = raw
    if raw.peek(2).startswith(_GZIP_MAGIC):
        # GzipFile splits lines in Python; the buffer around it does so in C.
        stream = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=raw)), _READ_AHEAD)
    # The mark that some programs put first is not part of the first heading.
    codec = "utf-8-sig" if encoding.lower().replace("_", "-") in _UTF_8 else encoding
    try:
        return io.TextIOWrapper(cast("BinaryIO", stream), encoding=codec, newline="")
    except LookupError:
        raise SourceError(
            f"no encoding is named {encoding}: try utf-8, utf-16, cp1252 or latin-1"
        ) from None


def _lines(table: Table) -> Iterator[str]:
    """Yield the lines; whatever stops the reading becomes a `SourceError`."""
    count = 0
    try:
        for line in table.text:
            yield line
            count += 1
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise SourceError(
            f"{table.path}: the compressed data is cut off or damaged after line {count}; "
            "get the file again and repeat the import: rows that are stored are left alone"
        ) from None
    except UnicodeError as error:
        raise SourceError(_wrong_encoding(table, error)) from None
    except OSError as error:
        raise SourceError(f"{table.path}: {error.strerror} after line {count}") from error
    finally:
        table.raw.close()


def _wrong_encoding(table: Table, error: UnicodeError) -> str:
    place = _first_bad_byte(table) or str(error)
    return (
        f"{table.path}: {place}: the text is not {table.encoding.upper()}; "
        "name its encoding, for example --encoding cp1252 or --encoding utf-16"
    )


def _first_bad_byte(table: Table) -> str:
    """Find where decoding fails. Reading again, line by line, keeps the usual way fast."""
    if table.encoding.lower().replace("_", "-") not in _UTF_8:
        return ""
    opener = gzip.open if _is_gzip(table.path) else open
    with opener(table.path, "rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"line {number}, byte {error.start + 1} (0x{line[error.start]:02X})"
    return ""


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP_MAGIC


def _is_json(path: Path, head: str) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    if suffix in _JSON_SUFFIXES:
        return True
    return suffix not in _TABLE_SUFFIXES and head.lstrip().startswith(("{", "["))


# ------------------------------------------------------------------------------- CSV, TSV


def _delimited_rows(table: Table, head: str, lines: Iterator[str]) -> Iterator[Row]:
    """Read the header now, and return the rows."""
    delimiter = max(_DELIMITERS, key=lambda mark: _known_count(head, mark))
    reader = csv.reader(chain([head], lines), delimiter=delimiter, strict=True)
    try:
        names = [column_name(heading) for heading in next(reader)]
    except csv.Error as error:
        raise SourceError(f"{table.path}: the header cannot be read: {error}") from None
    if are_fields(names, without=SOURCE_ID):
        return _record_rows(table, reader, names)
    csv.field_size_limit(_LONGEST_CELL)
    _check_names(table.path, names, table.required)
    table.columns = names
    table.unknown_columns += [name for name in names if name and name not in KNOWN]
    if table.strict and table.unknown_columns:
        unknown = ", ".join(table.unknown_columns)
        raise SourceError(f"{table.path}: not known: {unknown}; known are {', '.join(KNOWN)}")
    return _filled_rows(table, reader, _row_filler(names, _RowCheck(table.required)))


def _record_rows(table: Table, reader: Reader, names: list[str]) -> Iterator[Row]:
    """Return the rows of a table whose columns are the fields of whole tracks."""
    csv.field_size_limit(_LONGEST_FIELD)
    _check_names(table.path, names, required=[TITLE])
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        raise SourceError(
            f"{table.path}: no fields of a track: {', '.join(unknown)}; with the column sources, "
            "all columns are fields of tracks"
        )
    table.columns = names
    return _filled_rows(table, reader, _record_filler(names, _RowCheck(table.required)))


def _known_count(head: str, delimiter: str) -> int:
    return sum(column_name(part.strip('"\r\n')) in KNOWN for part in head.split(delimiter))


def _check_names(path: Path, names: list[str], required: Collection[str]) -> None:
    missing = [name for name in required if name not in names]
    if missing:
        raise SourceError(
            f"{path}: no column {' and no column '.join(missing)} among {', '.join(names)}; "
            "name the columns in the first line"
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise SourceError(f"{path}: more than one column {', '.join(twice)}: remove all but one")


def _filled_rows(table: Table, reader: Reader, track_of: _Filler) -> Iterator[Row]:
    while True:
        line = reader.line_num + 1
        try:
            for row in reader:
                if row:
                    try:
                        yield line, track_of(row)
                    except _BadRowError as error:
                        table.report(line, error.column, str(error))
                line = reader.line_num + 1
        except csv.Error as error:
            # The reader starts afresh on the next line.
            table.report(line, "", str(error))
        else:
            return


def _record_filler(names: list[str], check: _RowCheck) -> _Filler:
    """Return what makes a track of a row whose columns are fields."""

    def track_of(row: list[str]) -> Track:
        if len(row) != len(names):
            raise _BadRowError("", f"{len(names)} cells expected, {len(row)} found")
        try:
            track = track_of_cells(names, row)
        except ValueError as error:
            raise _BadRowError("", str(error)) from None
        check(track)
        return track

    return track_of


def _row_filler(names: list[str], check: _RowCheck) -> _Filler:
    """Return what makes a track of a row. It runs for every row: keep it short."""
    columns = [(place, column.fill, column.name) for place, column in by_rank(names)]
    width = len(names)

    def track_of(row: list[str]) -> Track:
        if len(row) != width:
            raise _BadRowError("", f"{width} cells expected, {len(row)} found")
        track, name = Track(), ""
        try:
            for place, fill, name in columns:  # noqa: B007  (names the culprit below)
                cell = row[place]
                if cell:
                    fill(track, cell)
        except ValueError as error:
            raise _BadRowError(name, str(error)) from None
        check(track)
        return track

    return track_of


# ----------------------------------------------------------------------------- JSON Lines


def _json_rows(table: Table, head: str, lines: Iterator[str]) -> Iterator[Row]:
    if head.lstrip().startswith("["):
        raise SourceError(
            f"{table.path}: is one JSON array; expected JSON Lines, one object a line: "
            f"jq -c '.[]' {table.path} > tracks.jsonl"
        )
    return _filled_objects(table, chain([head], lines))


def _filled_objects(table: Table, lines: Iterator[str]) -> Iterator[Row]:
    check = _RowCheck(table.required)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = _parse(line)
            track = _from_record(record) if is_record(record) else _from_row(table, record)
            check(track)
        except _BadRowError as error:
            table.report(number, error.column, str(error))
        else:
            yield number, track


def _parse(line: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _BadRowError("", f"is not JSON: {error}") from None
    if not isinstance(record, dict):
        raise _BadRowError("", "is not a JSON object")
    return record


def _from_record(record: dict[str, object]) -> Track:
    try:
        return track_of(record)
    except ValueError as error:
        raise _BadRowError("", str(error)) from None


def _from_row(table: Table, record: dict[str, object]) -> Track:
    track = Track()
    record = {column_name(name): value for name, value in record.items()}
    _note_unknown(table, record)
    for _, column in _columns_of(tuple(record)):
        try:
            _fill(column, track, record[column.name])
        except ValueError as error:
            raise _BadRowError(column.name, str(error)) from None
    return track


@lru_cache(maxsize=64)
def _columns_of(names: tuple[str, ...]) -> list[tuple[int, Column]]:
    return by_rank(list(names))


def _note_unknown(table: Table, record: dict[str, object]) -> None:
    for name in record:
        if name not in KNOWN and name:
            if table.strict:
                raise _BadRowError(name, "is not a known column")
            if name not in table.unknown_columns:
                table.unknown_columns.append(name)


def _fill(column: Column, track: Track, value: object) -> None:
    match value:
        case None | "":
            return
        case bool():
            column.fill(track, "1" if value else "0")
        case str():
            column.fill(track, value)
        case int() | float():
            column.fill(track, repr(value))
        case list() if column.fill_many and all(isinstance(item, str) for item in value):
            column.fill_many(track, value)
        case _:
            raise ValueError("is a list or an object where one value is expected")


# ------------------------------------------------------------------------------ both kinds


class _BadRowError(Exception):
    """A row cannot be made a track."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


class _RowCheck:
    """Checks that rows say what is required of them."""

    def __init__(self, required: Collection[str]) -> None:
        self._needs_source = SOURCE_ID in required
        self._needs_title = TITLE in required
        self._seen: set[tuple[str, ...]] = set()

    def __call__(self, track: Track) -> None:
        """Check one row, of which nothing was wrong so far."""
        if self._needs_source and not track.sources:
            raise _BadRowError(SOURCE_ID, "is empty: it says which track this is")
        if self._needs_title and not track.title:
            raise _BadRowError(TITLE, "is empty")
        if self._needs_source:
            self._require_new(track.sources[0].type, track.sources[0].id)

    def _require_new(self, *source: str) -> None:
        if source in self._seen:
            raise _BadRowError(SOURCE_ID, f"{shown(':'.join(source))} occurs in an earlier row too")
        self._seen.add(source)
