"""Did you mean: the query as it would be spelled, when only mending made it find something.

The words of the best hit say what the misspelt ones stand for. What was typed otherwise stays as it
is, with its case and punctuation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from service.search.highlight import Piece
from service.search.patterns import mended, splits


def corrected(query: str, pieces: Sequence[Piece], words_of_hit: Collection[str]) -> str:
    """Return the query with each misspelt word as the hit has it; "" when none is misspelt."""
    written = _mended_pieces(pieces, frozenset(words_of_hit))
    text, end = "", 0
    for piece, words in zip(pieces, written, strict=True):
        if words:
            kept = words == list(piece.words)
            text += query[end : piece.start]
            text += query[piece.start : piece.end] if kept else " ".join(words)
        end = piece.end
    text += query[end:]
    return text.strip() if text != query else ""


def _mended_pieces(pieces: Sequence[Piece], known: frozenset[str]) -> list[list[str]]:
    """Return the words of each piece after mending; a piece that joined the one before has none."""
    typed = [(index, word) for index, piece in enumerate(pieces) for word in piece.words]
    written: list[list[str]] = [[] for _ in pieces]
    position = 0
    while position < len(typed):
        index, word = typed[position]
        position += 1
        following = typed[position][1] if position < len(typed) else ""
        if word not in known and following and word + following in known:
            written[index].append(word + following)
            position += 1
        else:
            written[index] += _mended_word(word, known)
    return written


def _mended_word(word: str, known: frozenset[str]) -> Sequence[str]:
    """Return what a word stands for among the words of the hit: itself, another, or two."""
    if word in known:
        return (word,)
    if near := mended(word, dict.fromkeys(known, 0)):
        return near[:1]
    return next((two for two in splits(word) if known.issuperset(two)), (word,))
