"""Frames of ID3 that hold text, decoded as a whole.

mutagen takes a text apart value by value, and UTF-16 byte by byte, which is most of what reading a
tag costs. Here a frame is decoded at once. Whatever is odd about it is left to mutagen, which knows
how to mend some of it.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from mutagen.id3 import (
    COMM,
    TXXX,
    USLT,
    Encoding,
    ID3TimeStamp,
    NumericPartTextFrame,
    NumericTextFrame,
    TextFrame,
    TimeStampTextFrame,
)

_LANGUAGE: Final = slice(1, 4)
_BYTEWISE: Final = {0: "latin-1", 3: "utf-8"}
_UTF_16: Final = 1
_BYTE_ORDERS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_ENCODING: Final[Any] = Encoding
_ENCODINGS: Final = [_ENCODING(number) for number in range(4)]
#: Times that are remembered, and how long a text may be to be one of them.
_STAMPS: Final = 4096
_LONGEST_STAMP: Final = 32


@dataclass(frozen=True, slots=True)
class Layout:
    """How the content of a frame is arranged: the encoding, then what this says, then texts."""

    has_language: bool = False
    #: Whether the first text says what the others are about.
    has_heading: bool = False
    #: Whether there is one text, and not a list.
    is_single: bool = False
    is_time: bool = False


_LAYOUTS: Final = (
    (TextFrame, Layout()),
    (NumericTextFrame, Layout()),
    (NumericPartTextFrame, Layout()),
    (TimeStampTextFrame, Layout(is_time=True)),
    (TXXX, Layout(has_heading=True)),
    (COMM, Layout(has_language=True, has_heading=True)),
    (USLT, Layout(has_language=True, has_heading=True, is_single=True)),
)


@lru_cache(maxsize=1024)
def layout_of(kind: Any) -> Layout | None:
    """Return the layout of a class of frames of mutagen; None when it holds more than text."""
    for known, layout in _LAYOUTS:
        if kind._framespec is known._framespec:  # noqa: SLF001  (says all of a class at once)
            return layout
    return None


def text_frame(kind: Any, layout: Layout, data: bytes, *, before_2_4: bool) -> Any:
    """Return the frame that mutagen would read; None when that is left to mutagen."""
    fields: dict[str, Any] = {}
    start = 1
    if layout.has_language:
        if not data[_LANGUAGE].isascii():
            return None
        fields["lang"] = data[_LANGUAGE].decode("ascii")
        start = _LANGUAGE.stop
    texts = _texts(data[:1], data[start:], before_2_4=before_2_4)
    if len(texts) <= layout.has_heading:
        return None
    if layout.has_heading:
        fields["desc"] = texts.pop(0)
    frame = kind.__new__(kind)
    frame.__dict__.update(fields, encoding=_ENCODINGS[data[0]])
    frame.__dict__["text"] = (
        texts[0] if layout.is_single else list(map(_stamp, texts)) if layout.is_time else texts
    )
    return frame


def _texts(encoding: bytes, content: bytes, *, before_2_4: bool) -> list[str]:
    """Return the texts that zeros part; nothing when they are not what the encoding says.

    Before version 2.4, zeros at the end are filling.
    """
    try:
        number = encoding[0] if content else -1
        if number == _UTF_16:
            return _wide_texts(content, before_2_4=before_2_4)
        if number not in _BYTEWISE:
            return []
        text = content.decode(_BYTEWISE[number])
    except UnicodeDecodeError:
        return []
    return (text.rstrip("\0") if before_2_4 else text.removesuffix("\0")).split("\0")


def _wide_texts(content: bytes, *, before_2_4: bool) -> list[str]:
    """Return texts in UTF-16, of which each begins with its byte order. Raises `UnicodeError`."""
    texts: list[str] = []
    filled = len(content.rstrip(b"\0")) if before_2_4 else len(content)
    at = 0
    while at < filled or not texts:
        order = _BYTE_ORDERS.get(content[at : at + 2])
        if order is None:
            return []
        end = content.find(b"\0\0", at)
        while end >= 0 and (end - at) % 2:
            end = content.find(b"\0\0", end + 1)
        end = end if end >= 0 else len(content)
        texts.append(content[at + 2 : end].decode(order))
        at = end + 2
    return texts


def _stamp(text: str) -> Any:
    """Return a time; nobody changes one, so that the same few can stand in many tags."""
    return _known_stamp(text) if len(text) <= _LONGEST_STAMP else ID3TimeStamp(text)


_known_stamp: Final = lru_cache(maxsize=_STAMPS)(ID3TimeStamp)
