"""What the indexes are asked for while somebody types."""

from __future__ import annotations

import pytest
from psycopg import sql

from service.database import Connection, numbered
from service.search.patterns import LONGEST_DIVIDED, MAX_WORD, divisions
from service.suggest.candidates import MAX_ENDINGS, TYPED
from service.suggest.model import MAX_WORDS

_PROBES = numbered(
    sql.SQL(
        "SELECT t.begun, t.probe, t.probe_of_all, t.letter, t.letters FROM ({typed}) AS t"
    ).format(typed=TYPED)
)
_KEYS = numbered(sql.SQL("SELECT t.key, t.keys FROM ({typed}) AS t").format(typed=TYPED))

_WORDS = """
WITH common AS (INSERT INTO common_word (word, share) VALUES ('the', 0.2), ('on', 0.002))

INSERT INTO search_word (word)
SELECT w.word FROM unnest('{beat,bee,zoo}'::text[]) AS w (word)
UNION
SELECT 'ba' || n.number FROM generate_series(0, %(most)s::integer) AS n (number)
UNION
SELECT 'bad' || n.number FROM generate_series(0, %(most)s::integer) AS n (number)
"""


@pytest.mark.parametrize(
    ("text", "begun", "probe", "probe_of_all"),
    [
        ("be", "'be':*", None, "'beat' | 'bee'"),
        ("the be", "'the' & 'be':*", "'the'", "'the' & ('beat' | 'bee')"),
        ("the beat", "'the' & 'beat':*", "'the' & 'beat':*", "'the' & 'beat'"),
        ("on the beat", "'on' & 'the' & 'beat':*", "'on' & 'the'", "'on' & 'the' & 'beat'"),
        ("zyx", "'zyx':*", "'zyx':*", "'zyx':*"),
        ("the zy", "'the' & 'zy':*", "'the'", None),
        ("ba", "'ba':*", None, None),
        ("bad", "'bad':*", "'bad':*", "'bad':*"),
        ("Radiohead, ba", "'radiohead' & 'ba':*", "'radiohead'", "'radiohead'"),
        ("the ba", "'the' & 'ba':*", "'the'", None),
        ("on the bad", "'on' & 'the' & 'bad':*", "'on' & 'the'", "'on' & 'the'"),
    ],
)
async def test_the_index_of_all_names_is_asked_for_what_is_rare(
    connection: Connection, text: str, begun: str, probe: str | None, probe_of_all: str | None
) -> None:
    await connection.execute(_WORDS, {"most": MAX_ENDINGS})
    [typed] = await _PROBES.rows(connection, {"text": text})
    written = "SELECT %s::tsquery::text, %s::tsquery::text"
    probes = await (await connection.execute(written, (probe, probe_of_all))).fetchone()
    assert typed[:3] == (begun, *(probes or ()))


@pytest.mark.parametrize(
    ("text", "letter", "letters"),
    [("L", "l", None), ("lö", "l", None), ("Löv", None, "lov"), ("l o v", None, "l o")],
)
async def test_short_beginnings_have_an_index_of_their_own(
    connection: Connection, text: str, letter: str | None, letters: str | None
) -> None:
    [typed] = await _PROBES.rows(connection, {"text": text})
    assert typed[3:] == (letter, letters)


@pytest.mark.parametrize(
    "text",
    [
        *("a", "ab", "abc", "linkinpark", "AC/DC", "hip hop", "r e m", "a ha ha"),
        *("椎名林檎", "björk guðmundsdóttir", "x" * LONGEST_DIVIDED, "x" * (LONGEST_DIVIDED + 1)),
    ],
)
async def test_names_of_the_same_letters_are_those_of_a_search(
    connection: Connection, text: str
) -> None:
    [[key, keys]] = await _KEYS.rows(connection, {"text": text})
    assert sorted(keys) == sorted(divisions(key)[1:])


async def test_very_many_and_very_long_words_are_cut(connection: Connection) -> None:
    [[begun, *_]] = await _PROBES.rows(connection, {"text": "la " + "\ufb03" * 200})
    assert begun == f"'la' & '{('ffi' * 200)[:MAX_WORD]}':*"
    [[begun, *_]] = await _PROBES.rows(connection, {"text": "b " * 100})
    assert begun.count("'b'") == MAX_WORDS


async def test_nothing_is_asked_when_nothing_was_typed(connection: Connection) -> None:
    [typed] = await _PROBES.rows(connection, {"text": "\u200b"})
    assert set(typed) == {None}
