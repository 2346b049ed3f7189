"""What filters mean, in Python: the definition to which their SQL is held.

Text is compared in the form that the database's `fold` gives it; there is no second fold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from psycopg import sql

from service.database import Connection
from service.query.model import (
    Ago,
    And,
    ExternalId,
    Interval,
    Name,
    Node,
    Not,
    Or,
    Present,
    TagInterval,
    TagKey,
    TagValue,
    Term,
    Test,
    Value,
    Whole,
    Words,
)
from tests.support.catalogue import ARTISTS, CREDITED_AS, LIBRARIES, NOW, Record

Values = Sequence[Any]


def _known(*values: object) -> Values:
    return [value for value in values if value is not None]


def _column(name: str) -> Callable[[Record], Values]:
    return lambda record: _known(getattr(record, name))


def _own_names(artists: Sequence[str]) -> list[str]:
    return [name for artist in artists for name in (artist, *ARTISTS[artist])]


def _all_names(artists: Sequence[str]) -> list[str]:
    return [*_own_names(artists), *(CREDITED_AS.get(artist, artist) for artist in artists)]


def _album_artists(record: Record) -> Sequence[str]:
    return record.album.artists if record.album else ()


def _album(record: Record) -> Values:
    return [record.album.title] if record.album else []


def _key(record: Record) -> Values:
    if record.key is None or record.mode is None:
        return []
    return [2 * record.key + (record.mode == "MINOR")]


def _files(name: str) -> Callable[[Record], Values]:
    return lambda record: _known(*(getattr(file, name) for file in record.files))


def _library(record: Record) -> Values:
    return [record.library_id, LIBRARIES[record.library_id]]


VALUES: Final[Mapping[str, Callable[[Record], Values]]] = {
    "any": lambda r: [r.title, *_all_names(r.artists), *_album(r), *r.genres],
    "title": _column("title"),
    "artist": lambda r: _all_names(r.artists),
    "albumartist": lambda r: _all_names(_album_artists(r)),
    "album": _album,
    "genre": lambda r: r.genres,
    "year": _column("release_date"),
    "date": _column("release_date"),
    "added": _column("created_at"),
    "updated": _column("updated_at"),
    "duration": _column("duration_ms"),
    "bpm": _column("tempo_bpm"),
    "key": _key,
    "~key": _key,
    "mode": _column("mode"),
    "energy": _column("energy"),
    "danceability": _column("danceability"),
    "valence": _column("valence"),
    "loudness": _column("loudness_lufs"),
    "popularity": _column("popularity"),
    "explicit": _column("explicit"),
    "language": _column("language"),
    "label": _column("label"),
    "comment": _column("comment"),
    "lyrics": _column("lyrics"),
    "tracknumber": _column("track_number"),
    "discnumber": _column("disc_number"),
    "isrc": _column("isrc"),
    "mbid": _column("mbid"),
    "file": lambda r: r.files,
    "format": _files("format"),
    "bitrate": _files("bitrate_bps"),
    "samplerate": _files("sample_rate_hz"),
    "status": _column("status"),
    "source": lambda r: [name for name, _ in r.sources],
    "tag": lambda r: r.tags,
    "library": _library,
    "id": _column("id"),
    "artist_id": lambda r: r.artists,
    "album_id": lambda r: [r.album.id] if r.album else [],
}
"""The values of each field; none when it is not known."""

WHOLE_NAMES: Final[Mapping[str, Callable[[Record], Values]]] = {
    "artist": lambda r: _own_names(r.artists),
    "albumartist": lambda r: _own_names(_album_artists(r)),
    "library": lambda r: [LIBRARIES[r.library_id]],
}
"""Where the names that are equal as a whole are others than those that have words."""

Fold = Mapping[str, str]


def holds(node: Node, record: Record, fold: Fold) -> bool:
    """Whether a record passes a filter."""
    match node:
        case Term(field, tests):
            return any(_passes(test, field, record, fold) for test in tests)
        case Not(operand):
            return not holds(operand, record, fold)
        case And(operands):
            return all(holds(operand, record, fold) for operand in operands)
        case Or(operands):
            return any(holds(operand, record, fold) for operand in operands)


def _passes(test: Test, field: str, record: Record, fold: Fold) -> bool:  # noqa: PLR0911
    values = VALUES[field](record)
    match test:
        case Words(text, is_prefix):
            phrase = f" {fold[text]}" if is_prefix else f" {fold[text]} "
            return bool(fold[text]) and any(phrase in f" {fold[value]} " for value in values)
        case Whole() | Name():
            names = WHOLE_NAMES.get(field, VALUES[field])(record)
            is_prefix = isinstance(test, Name) and test.is_prefix
            return any(
                _is_named(fold[name], fold[test.text], is_prefix=is_prefix) for name in names
            )
        case Value(value):
            return value in values
        case Interval(low, high):
            return any(_resolved(low) <= value < _resolved(high) for value in values)
        case Present():
            # A key without its mode is there, and is none of the keys that can be asked for.
            return record.key is not None if field in {"key", "~key"} else bool(values)
        case ExternalId(name, external_id):
            return (name, external_id) in record.sources
    return any(tag[0] == test.key and _is_tag(tag[1], test, fold) for tag in record.tags)


def _is_tag(value: Any, test: TagKey | TagValue | TagInterval, fold: Fold) -> bool:
    match test, value:
        case TagKey(), _:
            return True
        case TagInterval(_, low, high), _:
            return type(value) in {int, float} and low <= value < high
        case TagValue(_, text, is_prefix), str():
            return _is_named(fold[value], fold[text], is_prefix=is_prefix)
        case TagValue(flag=flag), bool():
            return bool(value == flag)
        case TagValue(number=number), _:
            return bool(value == number)
    raise AssertionError(test)


def _resolved(bound: Any) -> Any:
    return NOW - bound.span if isinstance(bound, Ago) else bound


def _is_named(name: str, wanted: str, *, is_prefix: bool) -> bool:
    name, wanted = name[:300], wanted[:300]
    return bool(wanted) and (name.startswith(wanted) if is_prefix else name == wanted)


def texts_of(node: Node | None) -> Iterator[str]:
    """Yield the texts of a filter that are compared in folded form."""
    match node:
        case Term(_, tests):
            for test in tests:
                if isinstance(test, Words | Whole | Name | TagValue):
                    yield test.text
        case Not(operand):
            yield from texts_of(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from texts_of(operand)


def texts_in(record: Record) -> Iterator[str]:
    """Yield the texts of a record that are compared in folded form."""
    for field in ("any", "albumartist", "language", "label", "comment", "format", "library"):
        yield from (value for value in VALUES[field](record) if isinstance(value, str))
    yield from (value for _, value in record.tags if isinstance(value, str))


async def folded(connection: Connection, texts: set[str]) -> Fold:
    """Return texts as the database folds them."""
    statement = sql.SQL("SELECT g.text, fold(g.text) FROM unnest(%s::text[]) AS g (text)")
    return dict(await (await connection.execute(statement, (list(texts),))).fetchall())
