"""Why tracks are hits, and why others are not.

An explanation is put together only when it is asked for, from the counts from which the relevance
follows and from the words that the index has of a track. A track that is no hit is tried once more
with all that a search demands, each demand alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID

from psycopg import sql

from service.database import Connection
from service.query import Clause, conditions
from service.search import store
from service.search.alignment import WordMatch, aligned, missing
from service.search.candidates import Scope
from service.search.highlight import Matcher
from service.search.ladder import every_reading, rate
from service.search.model import Entry, Found, Hit, Match, Reading, Rung, Words
from service.search.vocabulary import Lexicon

MAX_TRACKS: Final = 20
"""How many tracks of a search are explained that may be no hits."""


class Field(StrEnum):
    """What is searched of a track, as paths in it: a word counts for the first that has it."""

    TITLE = "title"
    ARTIST = "artist"
    ALBUM = "album.title"
    GENRES = "genres"
    LYRICS = "lyrics"


# Primary key of track, or an index that a clause uses.
_PASSED: Final = sql.SQL(
    "SELECT {index}, t.id FROM track AS t WHERE t.id = ANY(%(ids)s::uuid[]) AND {condition}"
)
_WEIGHTS: Final = "ABCDE"
"""What marks the words of each field in the index."""

_LYRICS_ALONE: Final = "E"
"""What marks a word that stands in no name: only one step looks at it, and only as it is typed."""


@dataclass(frozen=True, slots=True)
class FieldMatch:
    """What of a query a field has: `counted` words count, of the `size` that the field has."""

    field: Field
    words: tuple[WordMatch, ...]
    counted: int
    size: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a track is a hit, or would be one; without a hit, what it has of the query anyway."""

    hit: Hit | None
    fields: tuple[FieldMatch, ...]
    missing: tuple[str, ...]
    tier: int


class Outcome(IntEnum):
    """What became of a track; the numbers are those of SearchOutcome, and the first one counts."""

    NO_SUCH_TRACK = 1
    DELETED = 2
    NOT_COMPLETED = 3
    OTHER_LIBRARY = 4
    FILTERED_OUT = 5
    WORDS_MISSING = 6
    BELOW_MIN_SCORE = 7
    STEP_NOT_TAKEN = 8
    BEYOND_LIMIT = 9
    HIT = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a track in a search; `rank` is its place from 1, or 0 without one."""

    track_id: UUID
    outcome: Outcome
    rank: int = 0
    failed: tuple[Clause, ...] = ()
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be explained of a search.

    `hits` are those to explain, `track_ids` the tracks of which is asked what became of them.
    `clauses` is the filter of the scope, taken apart. With `is_listed`, all matches are hits.
    """

    scope: Scope
    query: Words
    found: Found
    hits: Sequence[Hit]
    track_ids: Sequence[UUID]
    clauses: Sequence[Clause]
    is_listed: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The explanations of those hits that are still there, and a verdict for each other track."""

    hits: Mapping[UUID, Explanation]
    verdicts: tuple[Verdict, ...]


async def explain(lexicon: Lexicon, questions: Sequence[Question]) -> list[Answer]:
    """Return the answer to each question, in order."""
    ids = {hit.track_id for of in questions for hit in of.hits}
    ids.update(track_id for of in questions for track_id in of.track_ids)
    entries = await store.entries(lexicon.connection, ids)
    return [
        Answer(
            {
                hit.track_id: _explanation(of.query, of.found.readings, entries[hit.track_id], hit)
                for hit in of.hits
                if hit.track_id in entries
            },
            await _verdicts(lexicon, of, entries),
        )
        for of in questions
    ]


async def _verdicts(
    lexicon: Lexicon, question: Question, entries: Mapping[UUID, Entry]
) -> tuple[Verdict, ...]:
    """Return what became of the tracks of which that was asked, in order."""
    known = [entries[track_id] for track_id in question.track_ids if track_id in entries]
    findable = [entry for entry in known if entry.is_findable]
    failed = await _failed(lexicon.connection, question.clauses, findable)
    taken = await _tried(lexicon.connection, question, question.found.readings, findable)
    others = [entry for entry in findable if not taken[entry.track_id].hit]
    looser: Mapping[UUID, Explanation] = {}
    if others and question.query.text:
        every = await every_reading(lexicon, question.query)
        looser = await _tried(lexicon.connection, question, every, others)
    ranks = _ranks(question)
    return tuple(
        Verdict(
            track_id,
            _barred(question, entries.get(track_id), failed)
            or _outcome(question, ranks, taken[track_id], looser.get(track_id)),
            ranks.get(track_id, 0),
            failed.get(track_id, ()),
            looser.get(track_id) or taken.get(track_id),
        )
        for track_id in question.track_ids
    )


def _ranks(question: Question) -> dict[UUID, int]:
    """Return the places of all hits, from 1, where hits have places."""
    if question.is_listed:
        return {}
    good = [hit for hit in question.found.hits if hit.score >= question.query.min_score]
    return {hit.track_id: rank for rank, hit in enumerate(good, start=1)}


def _barred(
    question: Question, entry: Entry | None, failed: Mapping[UUID, Sequence[Clause]]
) -> Outcome | None:
    """Return why a track is no hit of any query in this scope; None when it may be one."""
    if not entry:
        return Outcome.NO_SUCH_TRACK
    if not entry.is_findable:
        return Outcome.DELETED if entry.is_deleted else Outcome.NOT_COMPLETED
    if question.scope.library_id not in (None, entry.library_id):
        return Outcome.OTHER_LIBRARY
    return Outcome.FILTERED_OUT if failed[entry.track_id] else None


def _outcome(
    question: Question,
    ranks: Mapping[UUID, int],
    taken: Explanation,
    looser: Explanation | None,
) -> Outcome:
    """Return what became of a track in the scope.

    `taken` is how it was found by the steps that were taken; `looser` how the others would find it,
    if those did not.
    """
    hit = taken.hit or (looser and looser.hit)
    if not hit or (not taken.hit and hit.rung is Rung.FEWER_WORDS):
        return Outcome.WORDS_MISSING
    if hit.score < question.query.min_score:
        return Outcome.BELOW_MIN_SCORE
    if not taken.hit:
        return Outcome.STEP_NOT_TAKEN
    is_hit = question.is_listed or hit.track_id in ranks
    return Outcome.HIT if is_hit else Outcome.BEYOND_LIMIT


async def _tried(
    connection: Connection,
    question: Question,
    readings: Sequence[Reading],
    entries: Sequence[Entry],
) -> dict[UUID, Explanation]:
    """Return tracks as readings find them; without a hit, when none does."""
    ids = [entry.track_id for entry in entries]
    hits: dict[UUID, Hit] = {}
    if not question.is_listed:  # a name of the same letters is found without any of the words
        hits.update((hit.track_id, hit) for hit in question.found.hits)
    if readings and ids:
        hits.update(await rate(connection, question.query, readings, ids))
    elif question.clauses:
        hits = {track_id: Hit(track_id, Rung.FILTER, 1.0) for track_id in ids}
    return {
        entry.track_id: _explanation(question.query, readings, entry, hits.get(entry.track_id))
        for entry in entries
    }


def _explanation(
    query: Words, readings: Sequence[Reading], entry: Entry, hit: Hit | None
) -> Explanation:
    """Explain a track that one of the readings found, or none of them."""
    rung = hit.rung if hit else None
    is_sung = not hit or (hit.match and hit.match.in_lyrics)
    sung = query.words if is_sung else ()
    words: Collection[str] = [
        word for word, weights in entry.words.items() if weights != _LYRICS_ALONE or word in sung
    ]
    if rung is Rung.TYPO:
        operands = (of.pattern.any_word for of in readings if of.rung is rung)
        words = list(filter(Matcher(operands).matches, words))
    matches = aligned(query.words, words, rung)
    fields = _field_matches(entry, matches, hit.match if hit else None)
    return Explanation(hit, fields, missing(query.words, matches), entry.tier)


def _field_matches(
    entry: Entry, matches: Sequence[WordMatch], match: Match | None
) -> tuple[FieldMatch, ...]:
    """Return the fields that have any of the words."""
    counted = (0, 0, 0, 0, 0)
    if match:
        counted = match.counts
    sizes = (entry.title_size, entry.artist_size, entry.album_size, 0, 0)
    return tuple(
        FieldMatch(field, words, count, size)
        for field, weight, count, size in zip(Field, _WEIGHTS, counted, sizes, strict=True)
        if (words := tuple(of for of in matches if weight in entry.words[of.found]))
    )


async def _failed(
    connection: Connection, clauses: Sequence[Clause], entries: Sequence[Entry]
) -> dict[UUID, tuple[Clause, ...]]:
    """Return the clauses of a filter that tracks do not pass, each tested alone."""
    ids = [entry.track_id for entry in entries]
    passed: set[tuple[int, UUID]] = set()
    if clauses and ids:
        wanted, parameters = conditions([clause.query for clause in clauses])
        statement = sql.SQL(" UNION ALL ").join(
            _PASSED.format(index=sql.Literal(index), condition=condition)
            for index, condition in enumerate(wanted)
        )
        rows = await connection.execute(statement, {**parameters, "ids": ids}, prepare=False)
        passed.update(await rows.fetchall())
    return {
        track_id: tuple(
            clause for index, clause in enumerate(clauses) if (index, track_id) not in passed
        )
        for track_id in ids
    }
