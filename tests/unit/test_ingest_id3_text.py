"""Frames of text are read as mutagen reads them, or left to it."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.id3 import COMM, TDRC, TIT2, TPE1, TRCK, TXXX, UFID, USLT, WXXX, ID3JunkFrameError
from mutagen.id3._tags import ID3Header

from service.ingest.id3_text import layout_of, text_frame

_KINDS: Final[tuple[Any, ...]] = (TIT2, TRCK, TDRC, TXXX, COMM, USLT)
_VERSIONS: Final = {True: (2, 3, 0), False: (2, 4, 0)}
_WITH_LANGUAGE: Final = (COMM, USLT)
_CODECS: Final = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_WORDS: Final = st.text(st.sampled_from("aé€漢𝄞 \ufeff1-"), max_size=5)
#: Texts that zeros part, as they should be, and any bytes.
_BODIES: Final = st.one_of(
    st.binary(max_size=12),
    st.tuples(st.sampled_from(_CODECS), st.lists(_WORDS, max_size=4), st.integers(0, 5)).map(
        lambda given: _joined(*given)
    ),
)


def _joined(codec: str, words: list[str], zeros: int) -> bytes:
    end = "\0".encode(codec.removesuffix("-be") + "-be") if "16" in codec else b"\0"
    return end.join(word.encode(codec, "replace") for word in words) + bytes(zeros)


def _by_mutagen(kind: Any, data: bytes, *, before_2_4: bool) -> Any:
    header: Any = ID3Header
    tag = header()
    tag.version = _VERSIONS[before_2_4]
    return kind._fromData(tag, 0, data)


def _fields(frame: Any) -> dict[str, object]:
    """Return what a frame says; the times in it as text, for nothing else is asked of them."""
    fields = dict(vars(frame))
    if isinstance(fields["text"], list):
        fields["text"] = list(map(str, fields["text"]))
    return fields


@given(st.sampled_from(_KINDS), st.integers(0, 4), _BODIES, st.booleans())
def test_a_frame_is_read_as_mutagen_reads_it(
    kind: Any, encoding: int, body: bytes, before_2_4: bool
) -> None:
    layout = layout_of(kind)
    assert layout
    data = bytes([encoding]) + (b"eng" if kind in _WITH_LANGUAGE else b"") + body
    frame = text_frame(kind, layout, data, before_2_4=before_2_4)
    if frame is not None:
        assert type(frame) is kind
        assert _fields(frame) == _fields(_by_mutagen(kind, data, before_2_4=before_2_4))


@pytest.mark.parametrize("codec", ["latin-1", "utf-16", "utf-8"])
def test_usual_frames_are_not_left_to_mutagen(codec: str) -> None:
    number = bytes([_CODECS.index(codec)])
    layout = layout_of(TPE1)
    assert layout
    body = _joined(codec, ["Björk", "Múm"], 0)
    assert text_frame(TPE1, layout, number + body, before_2_4=False).text == ["Björk", "Múm"]


def test_what_holds_more_than_text_is_left_to_mutagen() -> None:
    assert layout_of(UFID) is None
    assert layout_of(WXXX) is None


def test_a_frame_without_text_is_left_to_mutagen() -> None:
    layout = layout_of(COMM)
    assert layout
    for data in (b"", b"\0", b"\0eng", b"\0eng\0", b"\0\xff\xff\xff\0x"):
        assert text_frame(COMM, layout, data, before_2_4=False) is None
        with pytest.raises(ID3JunkFrameError):
            _by_mutagen(COMM, data, before_2_4=False)
