"""What filters select in the database is what they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, LiteralString
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from service.database import Connection
from service.errors import InvalidInput
from service.query import condition, parse
from service.query.fields import ANYWHERE, FIELDS
from tests.support.catalogue import NOW, Record, make_records, store
from tests.support.meaning import Fold, folded, holds, texts_in, texts_of

_NAMES: Final = re.compile(r"%\((\w+)\)s")
_SELECT: Final = sql.SQL("SELECT t.id FROM track AS t WHERE {}")

WORDS: Final = (
    *("love", "LOVE", "lov*", "night", '"night we"', '"the night"', '"love m"*', "sigur"),
    *('"Sigur Ros"', '"sigur queen"', "queen", '"queen b"', "queen*", '"victory rose"', "AC/DC"),
    *("the", '"the the"', "!!!", "愛", "愛の", "rock", "R.E.M.", "dont", "näit", '"\u200f"', "&"),
    *("back", "tail", '"% night"', "a" * 400, "a" * 300 + "*", f'"{"a" * 400} tail"'),
    *("я" * 990, "я" * 300 + "*", "я" * 250, "конец", "'don\u2019t stop'"),
)
HOSTILE: Final = (
    *("title:\\'", "title:\\%", '"\\" OR 1 --"', "artist:'; DROP TABLE track; --'", '"%s %(f0)s"'),
    *("tag:\\'x=1", "title:\\\\", "genre:%*", "genre:_ock", "💿", '"\u202e\u200f"', "\ufffe"),
    *(
        "' :* & | ! <-> '",
        '"((("',
        '"<->"',
        '"!"',
        "title:\ufb03*",
        '"a\x01b"',
        '"\x7f"',
        "и\u0306",
    ),
)
TERMS: Final = (
    *(
        f"{field}:{word}"
        for field in ("any", "title", "artist", "albumartist", "album", "label", "comment")
        for word in (*WORDS, "warp", '"ripped by"')
    ),
    *WORDS,
    *('title="love"', "title=愛の歌", "title:(love OR night)", "artist=queen", "artist=latifah"),
    *('artist="dana owens"', "artist:(queen OR the)"),
    *('albumartist="Acca Dacca"', "album=love", 'album="( )"', "label=warp", "comment='LOVE IT'"),
    *("genre:rock", "genre:Rock*", "genre:hip-hop", "genre:(rock OR live)", "genre:nait"),
    *('genre:"rock & roll"', "genre:(rock AND NOT live)"),
    *("year:1999", "year:>1999", "year:<1999", "year>=1999", "year:..1999", "year:1999..2000"),
    *("year:476", "date:1999", "date:1999-03", "date:1999-03-08", "date:>1999-03"),
    *("date:<=1999-03", "date:1999-03..", "date:..1999-03", "date:1999-03..2000"),
    *("added:-7d..", "added:..-7d", "added:>-1y", "added:2026", "added:2026-03.."),
    *("added:<2026-03-14", "added:2026-03-15T11:00Z", "added:2026-03-14..2026-03-14"),
    *("updated:>2026-03-15T11:30:00Z", "added:-1w..-1d", "updated:<-24h"),
    *("duration:3:30", "duration:210", "duration:>3:30", "duration:<=3m30s", "duration:3m..3:30"),
    *("duration:..0", "bpm:120", "bpm:119.6", "bpm:120..130", "bpm:>120", "bpm<=120"),
    *("bpm:(120 OR >129)", "key:8A", "key:C", "key:F#m", "~key:8A", "~key:Dbm", "key:(C OR Am)"),
    *("mode:minor", "mode:MAJOR", "energy:0.8", "energy:>0.5", "energy:..1", "danceability:0.5.."),
    *("valence:<0.5", "loudness:-14", "loudness:-14..-10", "popularity:>=50", "popularity:0"),
    *("explicit:yes", "explicit:false", "language:en", "language:en*", "language:pt-BR"),
    *("tracknumber:1", "tracknumber:(1 OR 12)", "discnumber:>1", "isrc:US-RC1-76-07839"),
    *("isrc:(USRC17607839 OR GBAYE0601498)", f"mbid:{UUID(int=1)}", "format:FLAC", "format:m*"),
    *("bitrate:320k", "bitrate:>320k", "bitrate:<=900000", "samplerate:44.1k", "samplerate:48khz"),
    *("status:completed", "status:(PENDING OR FAILED)", "source:spotify", "source:Deezer/id/1"),
    *("source:(spotify/id/2 OR deezer)", "tag:mood", "tag:nothing", "tag:(mood OR rating)"),
    *("tag:mood=calm", "tag:mood:calm*", "tag:mood=4", "tag:rating=4", "tag:rating>=2.5"),
    *("tag:rating:0..3", 'tag:"my key"="tres bien"', "tag:live=true", "tag:live:no"),
    *("tag:mood:(calm OR 4)", "library:default", 'library:"cafe library"', "library:caf*"),
    "library:01920000-0000-7000-8000-00000000000b",
    *(f"{word}:{field}" for word in ("has", "missing") for field in FIELDS if field != ANYWHERE),
    *("has:(isrc OR mbid)", "missing:(lyrics AND label)"),
)


def _negated(part: str) -> str:
    return f"-({part})"


def _all(parts: Sequence[str]) -> str:
    return f"({' '.join(parts)})"


def _any(parts: Sequence[str]) -> str:
    return f"({' OR '.join(parts)})"


def _none(parts: Sequence[str]) -> str:
    return f"(-{' -'.join(parts)})"


terms = st.sampled_from([term for term in TERMS if len(term) < 60])
filters = st.recursive(
    terms,
    lambda inner: st.one_of(
        inner.map(_negated),
        st.lists(inner, min_size=2, max_size=3).map(_all),
        st.lists(inner, min_size=2, max_size=3).map(_any),
        st.lists(terms, min_size=2, max_size=4).map(_none),
    ),
    max_leaves=6,
)


@dataclass(slots=True, repr=False)
class Shelf:
    """A catalogue that is stored, and what is known of it; without a repr of many pages."""

    connection: Connection
    records: list[Record]
    fold: Fold

    async def select(self, text: str) -> set[UUID]:
        """Return the tracks that the database selects."""
        wanted, parameters = condition(parse(text), now=NOW)
        statement = _SELECT.format(wanted)
        rows = await self.connection.execute(statement, parameters, prepare=False)
        return {row[0] for row in await rows.fetchall()}

    async def mean(self, text: str) -> set[UUID]:
        """Return the tracks that are meant."""
        root = parse(text).root
        fold = {**self.fold, **await folded(self.connection, set(texts_of(root)))}
        return {r.id for r in self.records if root is None or holds(root, r, fold)}


@pytest.fixture
async def shelf(connection: Connection) -> Shelf:
    records = make_records(150, seed=7)
    await store(connection, records)
    texts = {text for record in records for text in texts_in(record)}
    return Shelf(connection, records, await folded(connection, texts))


async def test_every_kind_of_term_selects_what_it_means(shelf: Shelf) -> None:
    found_something = 0
    for text in TERMS:
        found = await shelf.select(text)
        assert found == await shelf.mean(text), text
        found_something += bool(found)
    assert found_something > len(TERMS) / 2, "the records are too poor to tell"


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=filters)
async def test_any_combination_selects_what_it_means(shelf: Shelf, text: str) -> None:
    assert await shelf.select(text) == await shelf.mean(text)


async def test_ids_select_what_belongs_to_them(shelf: Shelf) -> None:
    track = shelf.records[0]
    assert await shelf.select(f"id:{track.id}") == {track.id}
    album = next(record.album for record in shelf.records if record.album)
    assert await shelf.select(f"album_id:{album.id}") == {
        record.id for record in shelf.records if record.album == album
    }
    row = await (
        await shelf.connection.execute("SELECT id FROM artist WHERE name = 'Queen'")
    ).fetchone()
    assert row is not None
    assert await shelf.select(f"artist_id:{row[0]}") == {
        record.id for record in shelf.records if "Queen" in record.artists
    }


@pytest.mark.parametrize(
    ("excluding", "unknown"),
    [
        ("-genre:live", "missing:genre"),
        ("-year:1999", "missing:year"),
        ("-year:..2100", "missing:year"),
        ("-bpm:>0", "missing:bpm"),
        ("-key:8A", "missing:key"),
        ("-(explicit:yes OR explicit:no)", "missing:explicit"),
        ("-(year:1999 AND bpm:120)", "missing:year"),
    ],
)
async def test_what_is_not_known_passes_a_negation(
    shelf: Shelf, excluding: str, unknown: str
) -> None:
    kept = await shelf.select(excluding)
    assert await shelf.select(unknown)
    assert await shelf.select(unknown) <= kept
    assert kept | await shelf.select(f"NOT ({excluding})") == {
        record.id for record in shelf.records
    }


async def test_hostile_text_is_only_text(shelf: Shelf) -> None:
    for text in HOSTILE:
        assert await shelf.select(text) == await shelf.mean(text), text


async def test_every_field_is_valid_sql_however_it_is_asked(connection: Connection) -> None:
    """The planner sees every fragment, also those that no record can tell from others."""
    for field in FIELDS.values():
        for kind in field.sql:
            text = field.fragment(kind.__name__)
            parameters = dict.fromkeys(_NAMES.findall(text))
            statement = "EXPLAIN SELECT t.id FROM track AS t WHERE " + text
            await connection.execute(statement.encode(), parameters or None)


async def test_a_range_of_years_uses_the_index_of_the_order_by_date(shelf: Shelf) -> None:
    await shelf.connection.execute("SET enable_seqscan = off")
    wanted, parameters = condition(parse("year:1999..2000"))
    statement = sql.SQL(
        "EXPLAIN SELECT t.id FROM track AS t WHERE t.library_id = {} AND {} "
        "ORDER BY coalesce(t.release_date::text, '') COLLATE \"C\", t.id LIMIT 5"
    ).format(sql.Literal(shelf.records[0].library_id), wanted)
    rows = await shelf.connection.execute(statement, parameters, prepare=False)
    plan = "\n".join(row[0] for row in await rows.fetchall())
    index_condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "track_release_date_idx" in plan
    assert "1999" in index_condition
    assert "2000~" in index_condition


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("duration:3:00..4:00", "coalesce(t.duration_ms, -1)"),
        ("popularity:>90", "coalesce(t.popularity, -1)"),
    ],
)
async def test_a_range_uses_the_index_of_the_order_by_its_field(
    shelf: Shelf, text: str, key: LiteralString
) -> None:
    for way in ("seqscan", "bitmapscan", "sort"):
        await shelf.connection.execute(f"SET enable_{way} = off".encode())
    wanted, parameters = condition(parse(text))
    statement = sql.SQL(
        "EXPLAIN SELECT t.id FROM track AS t "
        "WHERE t.library_id = {} AND {} ORDER BY {}, t.id LIMIT 5"
    ).format(sql.Literal(shelf.records[0].library_id), wanted, sql.SQL(key))
    rows = await shelf.connection.execute(statement, parameters, prepare=False)
    plan = "\n".join(row[0] for row in await rows.fetchall())
    assert "Sort" not in plan
    [index_condition] = [line for line in plan.splitlines() if "Index Cond" in line]
    assert index_condition.count("COALESCE") == 2


def test_a_hundred_exclusions_are_one_condition() -> None:
    names = [f"artist-{number}" for number in range(100)]
    text = " ".join(f"-artist:{name}" for name in names)
    wanted, parameters = condition(parse(text))
    assert wanted.as_string().count("artist_credit_words") <= 1
    assert [names] == [value for value in parameters.values() if names[0] in _listed(value)]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def test_a_time_before_all_times_is_the_first_one() -> None:
    _, parameters = condition(parse("added:-99999y.."))
    assert datetime.min.replace(tzinfo=UTC) in parameters.values()


def test_an_empty_query_selects_everything() -> None:
    wanted, parameters = condition(parse("  "))
    assert (wanted.as_string(), parameters) == ("true", {})


def test_fields_can_be_forbidden() -> None:
    allowed = frozenset({"genre", "year"})
    condition(parse("genre:rock -year:1999"), allowed=allowed)
    with pytest.raises(InvalidInput) as caught:
        condition(parse("genre:rock (year:1999 OR -bpm:120)", field="rules"), allowed=allowed)
    assert caught.value.violations[0].field == "rules"
    assert caught.value.violations[0].description == (
        "column 27: 'bpm' cannot be used here; there are: genre, year"
    )
