# ruff: noqa: RUF001  (the signs that are confused are what this is about)
"""Text in a wrongly declared encoding is mended; real Latin-1 never is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.id3 import ID3

from fonoteca.v1.track_pb2 import Track
from service.ingest.encodings import ENOUGH, guess, mended
from service.ingest.files import read_track
from tests.support.audio import frame, info_list, tone, wav

_RUSSIAN = (
    "группа",
    "крови",
    "звезда",
    "по",
    "имени",
    "солнце",
    "осень",
    "Москва",
    "Кино",
    "Земля",
)
_JAPANESE = ("さくら", "東京", "夜に駆ける", "残酷な天使", "テーゼ", "恋愛", "サーカス", "時の流れ")
_CHINESE = ("月亮代表我的心", "七里香", "北京", "光辉岁月", "我的中国心", "一无所有", "朋友")
_KOREAN = ("소녀시대", "다시", "만난", "세계", "좋은", "날", "서울의", "달빛")
_WESTERN = (
    "Björk", "Jóga", "Motörhead", "Café", "Sigur", "Rós", "Ágætis", "byrjun", "þýðing", "Þórður",
    "Beyoncé", "Señor", "Coração", "Ação", "Über", "Größe", "Mylène", "Âme", "créée", "Ñu", "Ærø",
    "Håkan", "Hellström", "Mägo", "de", "Oz", "Queensrÿche", "naïve", "façade", "¿Qué?", "«Été»",
    "À", "Ó", "Öxnadalsheiði", "Årsträdgård", "übermäßig", "éé", "Nîmes",
    "ÆØÅ",
)  # fmt: skip


def _phrases(words: tuple[str, ...], least: int) -> st.SearchStrategy[list[str]]:
    phrase = st.lists(st.sampled_from(words), min_size=1, max_size=4).map(" ".join)
    return st.lists(phrase, min_size=1, max_size=6).filter(
        lambda texts: sum(not sign.isascii() for sign in "".join(texts)) >= least
    )


def misread(texts: list[str], encoding: str) -> list[str]:
    return [text.encode(encoding).decode("latin-1") for text in texts]


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        (_RUSSIAN, "cp1251"),
        (_RUSSIAN, "koi8_r"),
        (_JAPANESE, "cp932"),
        (_CHINESE, "gb18030"),
        (_KOREAN, "cp949"),
        (_RUSSIAN, "utf-8"),
        (_WESTERN, "utf-8"),
    ],
)
def test_other_encodings_are_recognized(words: tuple[str, ...], encoding: str) -> None:
    texts = [*words, "Live 1999 (Remix)"]
    found = guess(misread(texts, encoding))
    assert found is not None
    assert found.encoding == encoding
    assert found.confidence >= ENOUGH
    back = [mended(text, encoding) or text for text in misread(texts, encoding)]
    assert back == texts


@settings(derandomize=True)  # no law: what is likely decides
@given(_phrases(_RUSSIAN, 12))
def test_russian_is_never_taken_for_something_else(texts: list[str]) -> None:
    found = guess(misread(texts, "cp1251"))
    assert found is None or found.encoding == "cp1251"


@settings(derandomize=True)
@given(_phrases(_JAPANESE, 8))
def test_japanese_is_never_taken_for_something_else(texts: list[str]) -> None:
    found = guess(misread(texts, "cp932"))
    assert found is None or found.encoding == "cp932"


@given(_phrases(_WESTERN, 0))
def test_real_latin_1_is_never_changed(texts: list[str]) -> None:
    assert guess(texts) is None


def test_typographic_signs_of_windows_are_mended() -> None:
    texts = misread(["It’s “Heroes”", "Björk"], "cp1252")
    found = guess(texts)
    assert found is not None
    assert found.encoding == "cp1252"
    assert [mended(text, "cp1252") for text in texts] == ["It’s “Heroes”", None]


def test_a_western_word_among_others_stays_as_it_is() -> None:
    assert mended("Björk", "cp1251") is None
    assert mended("plain", "cp1251") is None


def facts(track: Track) -> dict[str, tuple[str, float]]:
    return {fact.key: (fact.text, fact.confidence) for fact in track.attributes}


def test_a_file_says_how_its_text_was_mended(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.mp3")
    title, artist = misread(["Группа крови", "Кино"], "cp1251")
    tags = ID3()
    tags.add(frame("TIT2", encoding=0, text=title))
    tags.add(frame("TPE1", encoding=0, text=artist))
    tags.add(frame("TALB", encoding=3, text="Jóga"))
    tags.save(path)
    track = Track.FromString(read_track(str(path)).track)
    assert (track.title, track.credits[0].name) == ("Группа крови", "Кино")
    assert track.album.title == "Jóga"
    stated = facts(track)
    encoding, confidence = stated["text_encoding"]
    assert encoding == "cp1251"
    assert ENOUGH <= confidence <= 1
    assert stated["original:TIT2"] == (title, confidence)
    assert "original:TALB" not in stated


def test_chunks_declare_no_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(info_list(INAM="椎名林檎 無罪モラトリアム".encode("cp932"))))
    track = Track.FromString(read_track(str(path)).track)
    assert track.title == "椎名林檎 無罪モラトリアム"
    assert facts(track)["text_encoding"][0] == "cp932"
