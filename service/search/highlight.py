"""Where matched words stand in text that is shown, though matching knows only folded text.

The fold says what the words of a text are, not where they come from. So the text is cut into
pieces, by white space and then finer, and the database folds these too. A finer cut is taken only
when its pieces fold to the same words as the whole: in "AC/DC" there are two words to point at, in
"R.E.M." there is one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final, Self

from fonoteca.v1.track_pb2 import Track
from service.database import Connection
from service.search import store
from service.search.model import Hit, Reading, Rung, Words

_CHUNK: Final = re.compile(r"\S+")
_CJK: Final = r"\u3041-\u30FF\u3400-\u9FFF\uF900-\uFAFF\uFF66-\uFF9D\U00020000-\U0003FFFF"
# A letter of Chinese or Japanese with its sound marks, or what else goes on without punctuation.
_FINE: Final = re.compile(
    rf"[{_CJK}][\u3099\u309A\uFF9E\uFF9F]*|[^\W_{_CJK}](?:[^\W_{_CJK}]|['\u2019\u0300-\u036F])*"
)
# Punctuation that never is part of a word.
_COARSE: Final = re.compile(r"[^\s()\[\]{}/\\,;:\"“”„«»|+*=<>~_-]+")
_LEXEME: Final = re.compile(r"'([^']*)'(?::([A-Da-d*]+))?")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, from `start` to before `end` in code points, and the words it folds to.

    `chunk` is where the text without blanks starts that it is a part of.
    """

    start: int
    end: int
    words: tuple[str, ...]
    chunk: int


@dataclass(frozen=True, slots=True)
class Highlight:
    """Where matched words stand in one field of a track, given by its path."""

    field: str
    spans: tuple[Span, ...]


class Matcher:
    """Knows which words were matched: those of the tsqueries that found something."""

    def __init__(self, queries: Iterable[str], name: str = "") -> None:
        lexemes = [lexeme for query in queries for lexeme in _LEXEME.findall(query)]
        self._words = frozenset(word for word, marks in lexemes if "*" not in marks) | {name}
        self._beginnings = tuple(word for word, marks in lexemes if "*" in marks)

    @classmethod
    def of(cls, hit: Hit, readings: Sequence[Reading], query: Words) -> Self:
        """Return what knows the words of the readings that found a hit, and the name that it is."""
        is_exact = hit.rung is Rung.EXACT
        rungs = (Rung.ALL_WORDS, Rung.TYPO) if is_exact else (hit.rung,)
        patterns = (reading.pattern.words for reading in readings if reading.rung in rungs)
        return cls(patterns, query.text.replace(" ", "") if is_exact else "")

    def matches(self, word: str) -> bool:
        """Whether a folded word is one of them, or goes on where one ends that is unfinished."""
        return bool(word) and (word in self._words or word.startswith(self._beginnings))

    def spans(self, pieces: Sequence[Piece]) -> tuple[Span, ...]:
        """Return where words were matched; what touches is one span."""
        spans: list[Span] = []
        for _, of_chunk in groupby(pieces, key=attrgetter("chunk")):
            for start, end in self._of_chunk(list(of_chunk)):
                if spans and spans[-1][1] == start:
                    spans[-1] = (spans[-1][0], end)
                else:
                    spans.append((start, end))
        if not spans and self.matches(_letters(pieces)):
            spans.append((pieces[0].start, pieces[-1].end))
        return tuple(spans)

    def _of_chunk(self, pieces: Sequence[Piece]) -> Iterator[Span]:
        """Yield where words were matched in what stands together: all of it when run together."""
        matched = [piece for piece in pieces if any(map(self.matches, piece.words))]
        if matched:
            yield from ((piece.start, piece.end) for piece in matched)
        elif self.matches(_letters(pieces)):
            yield pieces[0].start, pieces[-1].end


def _letters(pieces: Sequence[Piece]) -> str:
    return "".join(word for piece in pieces for word in piece.words)


async def highlights(
    connection: Connection, found: Sequence[tuple[Track, Matcher]]
) -> list[tuple[Highlight, ...]]:
    """Return the highlights of each track, in the order of its fields."""
    shown = [dict(_fields(track)) for track, _ in found]
    pieces = await pieces_of(connection, {text for fields in shown for text in fields.values()})
    return [
        tuple(
            Highlight(field, spans)
            for field, text in fields.items()
            if (spans := matcher.spans(pieces[text]))
        )
        for fields, (_, matcher) in zip(shown, found, strict=True)
    ]


def _fields(track: Track) -> Iterator[tuple[str, str]]:
    """Yield the fields that are searched and shown, by their paths."""
    yield "title", track.title
    yield "artist", track.artist
    yield "album.title", track.album.title
    for index, genre in enumerate(track.genres):
        yield f"genres[{index}]", genre


async def pieces_of(connection: Connection, texts: Collection[str]) -> dict[str, tuple[Piece, ...]]:
    """Return the pieces of each text that hold its words, in order."""
    parts = sorted({part for text in texts for part in (text, *_parts(text))})
    folded = await store.fold(connection, parts)
    words = {part: tuple(of.split()) for part, of in zip(parts, folded, strict=True)}
    return {text: tuple(_pieces(text, words)) for text in texts}


def pieces_as_typed(text: str, folded: str) -> tuple[Piece, ...] | None:
    """Return the pieces of a text that is just the words it folds to; None when it is not.

    Case does not count. Most of what people type is such a text, and it need not be cut.
    """
    chunks = list(_CHUNK.finditer(text))
    words = [chunk[0].lower() for chunk in chunks]
    if words != folded.split():
        return None
    return tuple(
        Piece(*chunk.span(), (word,), chunk.start())
        for chunk, word in zip(chunks, words, strict=True)
    )


def _parts(text: str) -> Iterator[str]:
    """Yield all that may have to be folded to find the pieces of a text."""
    for chunk in _CHUNK.findall(text):
        yield chunk
        yield from _COARSE.findall(chunk)
        yield from _FINE.findall(chunk)


def _pieces(text: str, words: Mapping[str, tuple[str, ...]]) -> Iterator[Piece]:
    """Yield the pieces of a text whose words follow each other in its folded form."""
    whole, position = words[text], 0
    for chunk in _CHUNK.finditer(text):
        expected = words[chunk[0]]
        # Punctuation that stands alone is a word only where nothing else is.
        if whole[position : position + len(expected)] != expected:
            continue
        position += len(expected)
        for piece in _finest(chunk[0], words):
            if piece.words:
                start = chunk.start()
                yield Piece(start + piece.start, start + piece.end, piece.words, start)


def _finest(chunk: str, words: Mapping[str, tuple[str, ...]]) -> list[Piece]:
    """Return the finest cut of a chunk that keeps its words."""
    for finer in (_FINE, _COARSE):
        pieces = [Piece(*part.span(), words[part[0]], 0) for part in finer.finditer(chunk)]
        if tuple(word for piece in pieces for word in piece.words) == words[chunk]:
            return pieces
    return [Piece(0, len(chunk), words[chunk], 0)]
