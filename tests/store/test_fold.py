"""The laws of fold(), by which all names are compared, and of weighted_words()."""

from __future__ import annotations

import string
from typing import Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service.database import Connection

EQUAL: Final = [
    ("Björk", "bjork"),
    ("Björk", "BJÖRK"),
    ("Björk", "Bjo\u0308rk"),  # o and a combining diaeresis
    ("Sigur Rós", "sigur ros"),
    ("Mø", "Mo"),
    ("Æther", "aether"),
    ("Beyoncé", "BEYONCE"),
    ("Straße", "strasse"),
    ("P!nk", "pink"),
    ("Ke$ha", "kesha"),
    ("A$AP Rocky", "asap rocky"),
    ("R.E.M.", "REM"),
    ("AC/DC", "ac dc"),
    ("Guns N' Roses", "Guns N\u2019 Roses"),
    ("Guns N' Roses", "Guns N\u2018 Roses"),
    ("Guns N' Roses", "guns n\u00b4 roses"),
    ("Guns N' Roses", "GUNS N` ROSES"),
    ("Guns N' Roses", "guns n\u02bc roses"),
    ("Don't Stop", "dont stop"),
    ("Simon & Garfunkel", "simon and garfunkel"),
    ("Simon \uff06 Garfunkel", "Simon&Garfunkel"),
    ("\uff2c\uff4f\uff56\uff45", "love"),  # full width
    ("\ufb01re", "fire"),  # a ligature
    ("Motörhead \u2013 Ace", "motorhead ace"),
    ("blink-182", "blink 182"),
    ("What's Up?", "whats up"),
    ("  The   The ", "the the"),
    ("soft\u00adhyphen", "softhyphen"),
    ("zero\u200bwidth", "zerowidth"),
    ("no\u00a0break", "no break"),
    ("カラオケ", "からおけ"),
    ("ｶﾗｵｹ", "カラオケ"),
    ("Σίσυφος", "ΣΙΣΥΦΟΣ"),
    ("Кино", "КИНО"),
    ("İstanbul", "istanbul"),
    ("Jay-Z", "jay z"),
    ("AC/DC", "AC-DC"),
    ("The The", "THE  THE"),
    ("1\u22362", "1:2"),
]

VERSIONS: Final = {4: "08906007d34ef803ea81add58306354c"}
"""The hash of fold() by its version: rows that another one made have to be made anew.

With 2 entries have lyrics, with 3 words that are run together, with 4 names too.
"""

KEPT: Final = ["κιθαρα", "кино", "שלום", "حب", "사랑", "ไทย", "अगर"]

ODD: Final = (
    "!!!", "÷", "∆", "+", "-", "?", "...", "'", "\\", ":", "π", "†", "♥", "( )", "#1", "★",
)  # fmt: skip

anything = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
quickly = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def fold(connection: Connection, *texts: str) -> list[str]:
    rows = await connection.execute(
        "SELECT fold(text) FROM unnest(%s::text[]) WITH ORDINALITY AS g (text, n) ORDER BY n",
        (list(texts),),
    )
    return [row[0] for row in await rows.fetchall()]


async def words(connection: Connection, folded: str) -> list[str]:
    """Return the words that search sees in folded text."""
    rows = await connection.execute("SELECT tsvector_to_array(weighted_words(%s, 'A'))", (folded,))
    row = await rows.fetchone()
    assert row is not None
    found: list[str] = row[0]
    return found


@pytest.mark.parametrize(("one", "other"), EQUAL)
async def test_names_that_people_call_equal_are_equal(
    connection: Connection, one: str, other: str
) -> None:
    folded = await fold(connection, one, other)
    assert folded[0] == folded[1]


async def test_other_scripts_are_kept(connection: Connection) -> None:
    for text, folded in zip(KEPT, await fold(connection, *KEPT), strict=True):
        assert len(folded) >= len(text) - 1, (text, folded)
        assert folded == (await fold(connection, text.upper()))[0]
    assert len(set(await fold(connection, *KEPT))) == len(KEPT)


async def test_each_chinese_or_japanese_character_is_a_word(connection: Connection) -> None:
    assert await fold(connection, "愛の歌", "東京 Love", "カラ") == [
        "愛 の 歌", "東 京 love", "か ら",
    ]  # fmt: skip


async def test_names_without_letters_are_not_empty(connection: Connection) -> None:
    folded = await fold(connection, *ODD)
    assert all(folded)
    assert len({*folded}) == len(ODD)


async def test_blank_text_is_empty(connection: Connection) -> None:
    blank = ["", " ", "\t\n", "\u3000", "\u00a0", "\u200b", "\u200e"]
    assert await fold(connection, *blank) == [""] * len(blank)


@quickly
@given(text=anything)
@example(text="\u2a74")  # becomes ::= when it is unified
@example(text=".:!")
@example(text="\ufe13 '")
async def test_fold_is_idempotent_and_safe(connection: Connection, text: str) -> None:
    [once] = await fold(connection, text)
    assert await fold(connection, once) == [once]
    assert not set(once) & set("':\\")
    assert once == once.strip()
    assert "  " not in once
    assert set(await words(connection, once)) == set(once.split(" ")) - {""}


@quickly
@given(text=anything)
async def test_case_and_outer_space_do_not_matter(connection: Connection, text: str) -> None:
    ascii_text = "".join(letter for letter in text if letter in string.printable)
    one, other = await fold(connection, ascii_text, f"  {ascii_text.upper()} ")
    assert one == other


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "я" * 10_000, "愛" * 10_000, "a b " * 2_500, "﷼" * 500, "🎵" * 500]
)
async def test_long_text_becomes_words(connection: Connection, text: str) -> None:
    [folded] = await fold(connection, text)
    assert await words(connection, folded)


async def test_another_fold_has_another_version(connection: Connection) -> None:
    rows = await connection.execute(
        "SELECT fold_version(), md5(prosrc) FROM pg_proc WHERE oid = 'fold(text)'::regprocedure"
    )
    assert await rows.fetchone() == (max(VERSIONS), VERSIONS[max(VERSIONS)]), (
        "fold() has changed: raise fold_version() in the same migration, and note both here"
    )


@pytest.mark.parametrize(
    ("name", "together"),
    [
        ("AC/DC", "acdc"),
        ("Hip-Hop (Re-Mix) 24/7", "hiphop remix 247"),
        ("Émilie-Jolie…Ångström", "emiliejolieangstrom"),
        ("Back in Black", None),
        ("R&B, Guns N' Roses and R.E.M.", None),
        ("東京/大阪", None),
        ("- / -", None),
        (None, None),
    ],
)
async def test_words_that_punctuation_joins_are_one_too(
    connection: Connection, name: str | None, together: str | None
) -> None:
    rows = await connection.execute("SELECT run_together(%s::text)", (name,))
    assert await rows.fetchone() == (together,)
