"""Text that was read as Latin-1 and is something else: which encoding it really has.

Old programs wrote whatever the system used, cp1251 in Moscow or Shift-JIS in Tokyo, and declared
Latin-1. All such text of a file is judged together. charset-normalizer says which encodings are
possible; among these, letters that are common in the language, and words that are written in one
script and one case, tell the right one. Western text is never touched: what could be Latin-1, is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from charset_normalizer import from_bytes
from charset_normalizer.constant import FREQUENCIES

from fonoteca.v1.types_pb2 import Attribute
from service.ingest.raw import Harvest

#: How sure one must be to change a text.
ENOUGH: Final = 0.6
#: How much better the best encoding must be than the next one.
_MARGIN: Final = 0.1
_WIDE_MARGIN: Final = 0.3
_UTF8_CONFIDENCE: Final = 0.99
_WINDOWS_CONFIDENCE: Final = 0.95
#: Western words hold up to three accented letters in a row ("þýðing"); these texts hold more.
_FOREIGN_RUN: Final = re.compile(rb"[\x80-\xff]{4}")
#: Beginnings of kana in Shift-JIS, whose second bytes may be ASCII; in Windows-1252 rare signs.
_KANA: Final = re.compile(rb"(?:[\x82\x83][\x40-\x7e\x80-\xfc]){2}")
_HIGH: Final = re.compile(r"[^\x00-\x7f]")
_CONTROL: Final = re.compile(r"[\x80-\x9f]")
#: What Windows-1252 has in the place of control characters and texts use: quotes, dashes, Œ, Š, Ž.
_WINDOWS_SIGNS: Final = frozenset(
    "\x80\x85\x8a\x8c\x8e\x91\x92\x93\x94\x95\x96\x97\x99\x9a\x9c\x9e\x9f"
)
_WORD: Final = re.compile(r"[^\W\d_]+")
#: Signs that stand in texts of any language.
_TYPOGRAPHY: Final = frozenset(
    "\xa0«»\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2026\u2116©®\u2122°·\u2022"
)
_MESSY: Final = 0.25
#: Which share of common Chinese characters looks Korean when it is read as such.
_KOREAN_BY_CHANCE: Final = 0.62


_ENCODING_KEY: Final = "text_encoding"
#: How much the service takes of one file's originals: characters of key and text, and texts.
_LONGEST_KEY: Final = 100
_LONGEST: Final = 10_000
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Guess:
    """The encoding that text really has."""

    encoding: str
    #: How sure that is, 0 to 1.
    confidence: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An encoding that was in use, and how typical a decoded text is of it, 0 to 1."""

    encoding: str
    typical: Callable[[str], float]
    #: How many letters one character stands for as evidence.
    weight: int


def mend(harvests: Sequence[Harvest]) -> list[Attribute]:
    """Put right the text of one file that was read in a wrong encoding.

    Return how it was read before, with the confidence of the change; nothing when all was right.
    """
    bytewise = [text.value for found in harvests for text in found.texts if text.bytewise]
    guessed = guess(bytewise)
    if guessed is None:
        return []
    originals = []
    for found in harvests:
        for place, text in enumerate(found.texts):
            value = mended(text.value, guessed.encoding) if text.bytewise else None
            if value is not None:
                found.texts[place] = text._replace(value=value)
                originals.append((f"original:{text.name}"[:_LONGEST_KEY], text.value))
    stated = [(_ENCODING_KEY, guessed.encoding), *originals] if originals else []
    return [
        Attribute(
            key=key, text=value[:_LONGEST], source="rule:encoding", confidence=guessed.confidence
        )
        for key, value in dict.fromkeys(stated[:_MOST])
    ]


def guess(texts: Iterable[str]) -> Guess | None:
    """Return the encoding of texts that were read as Latin-1, or None when that is what they are.

    Texts with characters beyond Latin-1 do not count.
    """
    found = [text.encode("latin-1") for text in texts if _is_suspicious(text)]
    if not found:
        return None
    content = b"\n".join(found)
    if _decodes(content, "utf-8"):
        return Guess("utf-8", _UTF8_CONFIDENCE)
    if _FOREIGN_RUN.search(content) or _KANA.search(content):
        return _foreign(content)
    controls = set(_CONTROL.findall(content.decode("latin-1")))
    if controls and controls <= _WINDOWS_SIGNS:
        return Guess("cp1252", _WINDOWS_CONFIDENCE)
    return None


def mended(text: str, encoding: str) -> str | None:
    """Return how a text that was read as Latin-1 reads in another encoding; None when unlikely."""
    if not _is_suspicious(text):
        return None
    try:
        found = text.encode("latin-1").decode(encoding)
    except UnicodeDecodeError:
        return None
    if encoding == "cp1252":
        return found if _CONTROL.search(text) else None
    return None if encoding != "utf-8" and _mixes_scripts(found) else found


def _is_suspicious(text: str) -> bool:
    """Whether a text has bytes that another encoding would read in another way."""
    return not text.isascii() and all(ord(sign) < 0x100 for sign in text)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _foreign(content: bytes) -> Guess | None:
    """Return the encoding of a script other than Latin that fits clearly best."""
    names = [candidate.encoding for candidate in _CANDIDATES]
    possible = {match.encoding: match.chaos for match in from_bytes(content, cp_isolation=names)}
    scores = {
        candidate: _confidence(content, candidate)
        for candidate in _CANDIDATES
        if possible.get(candidate.encoding, 1) <= _MESSY
        or (candidate.encoding not in possible and _decodes(content, candidate.encoding))
    }
    best = max(scores, key=lambda candidate: scores[candidate], default=None)
    if best is None or scores[best] < ENOUGH:
        return None
    for other, score in scores.items():
        # Letters of an alphabet in pairs look like Chinese more often than the other way round.
        margin = _WIDE_MARGIN if best.weight > other.weight else _MARGIN
        if other is not best and scores[best] - score < margin:
            return None
    return Guess(best.encoding, round(scores[best], 2))


def _confidence(content: bytes, candidate: _Candidate) -> float:
    text = content.decode(candidate.encoding)
    letters = len(_HIGH.findall(text)) * candidate.weight
    return candidate.typical(text) * letters / (letters + 1)


def _mixes_scripts(text: str) -> bool:
    """Whether a word holds both ASCII and other letters, as a Western word does when misread."""
    words = _WORD.findall(text)
    return any(not word.isascii() and re.search(r"[A-Za-z]", word) for word in words)


def _alphabet(*languages: str) -> Callable[[str], float]:
    """Return how typical a text is of languages that are written with an alphabet."""

    @cache
    def ranks() -> Sequence[dict[str, float]]:
        tables = (FREQUENCIES[language] for language in languages)
        return [
            {letter: 1 - place / len(table) / 2 for place, letter in enumerate(table)}
            for table in tables
        ]

    def typical(text: str) -> float:
        words = [word for word in _WORD.findall(text) if not word.isascii()]
        signs = [sign for sign in _HIGH.findall(text) if sign not in _TYPOGRAPHY]
        if not words:
            return 0.0
        cased = sum(len(word) for word in words if word.islower() or word[1:].islower()
                    or word.isupper() or word.lower() == word.upper())  # fmt: skip
        pure = sum(len(word) for word in words if not _mixes_scripts(word))
        every = sum(map(len, words))
        common = max(
            sum(table.get(sign.lower(), 0.0) for sign in signs) / len(signs) for table in ranks()
        )
        return common * cased / every * pure / every

    return typical


def _leads(encoding: str, *ranges: tuple[int, int]) -> Callable[[str], float]:
    """Return how typical a text is of an encoding that keeps its common characters together."""

    def typical(text: str) -> float:
        codes = [sign.encode(encoding) for sign in _HIGH.findall(text)]
        common = sum(
            len(code) > 1 and any(first <= code[0] <= last for first, last in ranges)
            for code in codes
        )
        share = common / len(codes) if codes else 0.0
        if all(len(code) == 2 and 0xB0 <= code[0] <= 0xC8 and code[1] > 0xA0 for code in codes):
            # Common in Chinese of both kinds and in Korean, where it is all there is.
            chance = float(_KOREAN_BY_CHANCE ** len(codes))
            return share * (1 - chance if encoding == "cp949" else 0.85)
        return share

    return typical


_CANDIDATES: Final = (
    _Candidate("cp1251", _alphabet("Russian", "Ukrainian", "Bulgarian", "Serbian"), 1),
    _Candidate("koi8_r", _alphabet("Russian"), 1),
    _Candidate("cp1253", _alphabet("Greek"), 1),
    _Candidate("cp1255", _alphabet("Hebrew"), 1),
    _Candidate("cp1256", _alphabet("Arabic", "Farsi"), 1),
    _Candidate("cp874", _alphabet("Thai"), 1),
    _Candidate("cp932", _leads("cp932", (0x81, 0x83), (0x88, 0x97)), 2),
    _Candidate("gb18030", _leads("gb18030", (0xA1, 0xA3), (0xB0, 0xD7)), 2),
    _Candidate("big5", _leads("big5", (0xA1, 0xA3), (0xA4, 0xC6)), 2),
    _Candidate("cp949", _leads("cp949", (0xA1, 0xA3), (0xB0, 0xC8)), 2),
)
