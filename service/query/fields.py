"""The fields of the filter language: one table with the kind, the SQL and the meaning of each.

A fragment of SQL is static text, a condition on the track `t`, with the values of a test as named
parameters. Those of an `Interval` are single values; those of any other test are arrays with one
entry for each test, so that one fragment serves a whole list of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from service.database.statements import load_statements
from service.query import kinds
from service.query.kinds import Kind
from service.query.model import (
    ExternalId,
    Interval,
    Name,
    Present,
    TagInterval,
    TagKey,
    TagValue,
    Test,
    Value,
    Whole,
    Words,
)

_SQL = load_statements(__package__)
_TITLES = _SQL["tracks_by_title_words"]
_CREDITS = _SQL["credits_by_words"]
_ALBUMS = _SQL["albums_by_words"]
_GENRES = _SQL["tracks_by_genre_words"]
_CREDITS_NAMED = _SQL["credits_by_name"]
_ALBUMS_NAMED = _SQL["albums_by_name"]
_GENRES_NAMED = _SQL["tracks_by_genre_name"]

ANYWHERE: Final = "any"
"""The field of words that stand alone."""

Fragments = Mapping[type[Test], str]


@dataclass(frozen=True, slots=True)
class Field:
    """What a name before a colon stands for."""

    name: str
    kind: Kind
    meaning: str
    """A sentence for the documentation."""

    sql: Fragments
    """How each test of the kind is carried out. Without `Present`, there always is a value."""

    def fragment(self, test: str) -> str:
        """Return the SQL of a kind of test, given by its name."""
        by_name = {kind.__name__: text for kind, text in self.sql.items()}
        return by_name.get(test, "true") if test == Present.__name__ else by_name[test]


def _among(column: str, identifiers: str) -> str:
    """Return the condition that the id in `column` is one of those that the statement selects."""
    return f"{column} IN ({identifiers})"


def _starting_from(column: str, *identifiers: str) -> str:
    """Return the same condition, for identifiers that are nearly always few.

    The planner overestimates how common a rare word is, and would then rather walk through the
    whole library. Of an array it thinks that it is short.
    """
    return "".join((column, " IN (SELECT unnest(ARRAY(", " UNION ALL ".join(identifiers), ")))"))


def _tracks(column: str, identifiers: str) -> str:
    """Return the statement that selects the tracks of which `column` is among `identifiers`."""
    return "".join(("SELECT x.id FROM track AS x WHERE x.", column, " IN (", identifiers, ")"))


def _known(column: str) -> str:
    return f"{column} IS NOT NULL"


def _within(column: str, type_: str = "double precision") -> str:
    return f"({column} >= %(low)s::{type_} AND {column} < %(high)s::{type_})"


def _words_in(column: str) -> str:
    """Return the condition that phrases occur in a column that has no index."""
    phrases = "(SELECT filter_phrases(%(text)s::text[], %(is_prefix)s::boolean[]))"
    return f"' ' || fold({column}) || ' ' LIKE ANY ({phrases}::text[])"


def _is_key(key: str) -> str:
    """Return the condition that `key`, the key of a name, is that of one of the names."""
    return f"{key} = ANY(filter_keys(%(text)s::text[]))"


def _is_name(column: str) -> str:
    """Return the condition that a column, as a whole, is one of the names."""
    names = "filter_names(%(text)s::text[], %(is_prefix)s::boolean[])"
    return f"left(fold({column}), 300) LIKE ANY ({names})"


def _text(name: str, column: str, meaning: str) -> Field:
    key = f"left(fold({column}), 300)"
    sql: Fragments = {Words: _words_in(column), Whole: _is_key(key), Present: _known(column)}
    return Field(name, kinds.TEXT, meaning, sql)


def _number(name: str, column: str, meaning: str, example: str) -> Field:
    sql: Fragments = {Interval: _within(column), Present: _known(column)}
    return Field(name, kinds.number(example), meaning, sql)


def _instant(name: str, column: str, meaning: str) -> Field:
    return Field(name, kinds.TIME, meaning, {Interval: _within(column, "timestamptz")})


def _one_of(column: str, type_: str) -> Fragments:
    return {Value: f"{column} = ANY(%(value)s::{type_}[])", Present: _known(column)}


# These three as the indexes of ListTracks have them, so that a range can use those.
_LENGTH: Final = "coalesce(t.duration_ms, -1)"
_LENGTH_SQL: Final[Fragments] = {
    Interval: (
        f"({_LENGTH} >= least(ceil(greatest(%(low)s::double precision, 0)), 1e15)::bigint "
        f"AND {_LENGTH} < least(ceil(greatest(%(high)s::double precision, 0)), 1e15)::bigint)"
    ),
    Present: _known("t.duration_ms"),
}
_POPULAR: Final = "coalesce(t.popularity, -1)"
_POPULAR_SQL: Final[Fragments] = {
    Interval: (
        f"({_POPULAR} >= greatest(%(low)s::double precision, 0) "
        f"AND {_POPULAR} < %(high)s::double precision)"
    ),
    Present: _known("t.popularity"),
}
_RELEASED: Final = "coalesce(t.release_date::text, '') COLLATE \"C\""
_DATE_SQL: Final[Fragments] = {
    Interval: _within(_RELEASED, "text"),
    Present: _known("t.release_date"),
}
_KEY_SQL: Final[Fragments] = {
    Value: "2 * t.key + (t.mode = 'MINOR')::integer = ANY(%(value)s::integer[])",
    Present: _known("t.key"),
}

_ALL: Final = (
    Field(
        ANYWHERE,
        kinds.WORDS,
        "Title, artists, album or genres: what words without a field are looked for in.",
        {
            Words: _starting_from(
                "t.id",
                _TITLES,
                _tracks("credit_id", _CREDITS),
                _tracks("album_id", _ALBUMS),
                _GENRES,
            ),
        },
    ),
    Field(
        "title",
        kinds.TEXT,
        "The title.",
        {Words: _starting_from("t.id", _TITLES), Whole: _is_key("t.title_key")},
    ),
    Field(
        "artist",
        kinds.TEXT,
        "Every name in the credit, in any role: as credited, the artist's own, and aliases.",
        {
            Words: _starting_from("t.credit_id", _CREDITS),
            Whole: _among("t.credit_id", _CREDITS_NAMED),
            Present: _known("t.credit_id"),
        },
    ),
    Field(
        "albumartist",
        kinds.TEXT,
        "The same for the credit of the album.",
        {
            Words: _starting_from(
                "t.album_id",
                "".join(("SELECT x.id FROM album AS x WHERE x.credit_id IN (", _CREDITS, ")")),
            ),
            Whole: _among(
                "t.album_id",
                "".join(
                    ("SELECT x.id FROM album AS x WHERE x.credit_id IN (", _CREDITS_NAMED, ")")
                ),
            ),
            Present: (
                "EXISTS (SELECT FROM album AS x "
                "WHERE x.id = t.album_id AND x.credit_id IS NOT NULL)"
            ),
        },
    ),
    Field(
        "album",
        kinds.TEXT,
        "The title of the album.",
        {
            Words: _starting_from("t.album_id", _ALBUMS),
            Whole: _among("t.album_id", _ALBUMS_NAMED),
            Present: _known("t.album_id"),
        },
    ),
    Field(
        "genre",
        kinds.NAME,
        "One of the genres, by its whole name.",
        {
            Name: _among("t.id", _GENRES_NAMED),
            Present: "EXISTS (SELECT FROM track_genre AS x WHERE x.track_id = t.id)",
        },
    ),
    Field("year", kinds.YEAR, "The year of release.", _DATE_SQL),
    Field("date", kinds.DATE, "The date of release.", _DATE_SQL),
    _instant("added", "t.created_at", "When the track came into the catalogue."),
    _instant("updated", "t.updated_at", "When the track was last changed."),
    Field("duration", kinds.DURATION, "The length, in whole seconds.", _LENGTH_SQL),
    _number("bpm", "t.tempo_bpm", "The tempo in beats a minute.", "128"),
    Field("key", kinds.KEY, "The musical key, in any notation.", _KEY_SQL),
    Field(
        "~key",
        kinds.COMPATIBLE_KEY,
        "A key that mixes with this one: the same, one hour beside it, and their relatives.",
        _KEY_SQL,
    ),
    Field("mode", kinds.choice("MAJOR", "MINOR"), "The mode.", _one_of("t.mode", "text")),
    _number("energy", "t.energy", "Intensity, 0 to 1.", "0.8"),
    _number("danceability", "t.danceability", "How well one can dance to it, 0 to 1.", "0.8"),
    _number("valence", "t.valence", "How cheerful it sounds, 0 to 1.", "0.8"),
    _number("loudness", "t.loudness_lufs", "Loudness in LUFS.", "-14"),
    Field("popularity", kinds.number("50"), "Popularity, 0 to 100.", _POPULAR_SQL),
    Field("explicit", kinds.BOOLEAN, "Explicit words.", _one_of("t.explicit", "boolean")),
    Field(
        "language",
        kinds.NAME,
        "The language of the words, as a tag such as `en` or `pt-BR`.",
        {Name: _is_name("t.language"), Present: _known("t.language")},
    ),
    _text("label", "t.label", "The record label."),
    _text("comment", "t.comment", "The comment."),
    Field("lyrics", kinds.PRESENCE, "The words that are sung.", {Present: _known("t.lyrics")}),
    _number("tracknumber", "t.track_number", "The number on the disc.", "3"),
    _number("discnumber", "t.disc_number", "The number of the disc.", "1"),
    Field("isrc", kinds.ISRC, "The ISRC, with or without hyphens.", _one_of("t.isrc", "text")),
    Field("mbid", kinds.ID, "The MusicBrainz id of the recording.", _one_of("t.mbid", "uuid")),
    Field(
        "file",
        kinds.PRESENCE,
        "An audio file.",
        {Present: "EXISTS (SELECT FROM audio_file AS x WHERE x.track_id = t.id)"},
    ),
    Field(
        "format",
        kinds.NAME,
        "The format of a file, such as `flac`.",
        {
            Name: _among("t.id", _SQL["tracks_by_format"]),
            Present: (
                "EXISTS (SELECT FROM audio_file AS x "
                "WHERE x.track_id = t.id AND x.format IS NOT NULL)"
            ),
        },
    ),
    Field(
        "bitrate",
        kinds.number("320k", {"k": 1e3, "kbps": 1e3, "bps": 1.0}),
        "The bit rate of a file, in bits a second.",
        {
            Interval: _among("t.id", _SQL["tracks_by_bitrate"]),
            Present: (
                "EXISTS (SELECT FROM audio_file AS x "
                "WHERE x.track_id = t.id AND x.bitrate_bps IS NOT NULL)"
            ),
        },
    ),
    Field(
        "samplerate",
        kinds.number("44.1k", {"k": 1e3, "khz": 1e3, "hz": 1.0}),
        "The sample rate of a file, in hertz.",
        {
            Interval: _among("t.id", _SQL["tracks_by_sample_rate"]),
            Present: (
                "EXISTS (SELECT FROM audio_file AS x "
                "WHERE x.track_id = t.id AND x.sample_rate_hz IS NOT NULL)"
            ),
        },
    ),
    Field(
        "status",
        kinds.choice("PENDING", "PROCESSING", "COMPLETED", "FAILED"),
        "How far the processing has come.",
        {Value: "t.status = ANY(%(value)s::text[])"},
    ),
    Field(
        "source",
        kinds.SOURCE,
        "A place in another system: `spotify`, or `spotify/ID`.",
        {
            Value: _among("t.id", _SQL["tracks_by_source_type"]),
            ExternalId: _among("t.id", _SQL["tracks_by_external_id"]),
            Present: "EXISTS (SELECT FROM track_source AS x WHERE x.track_id = t.id)",
        },
    ),
    Field(
        "tag",
        kinds.TAG,
        "A fact without a field of its own: `tag:mood` has it, `tag:mood=calm` is it.",
        {
            TagKey: _among("t.id", _SQL["tracks_by_tag_key"]),
            TagValue: _among("t.id", _SQL["tracks_by_tag_value"]),
            TagInterval: _among("t.id", _SQL["tracks_by_tag_interval"]),
            Present: "EXISTS (SELECT FROM track_attribute AS x WHERE x.track_id = t.id)",
        },
    ),
    Field(
        "library",
        kinds.ID_OR_NAME,
        "The library.",
        {
            Value: "t.library_id = ANY(%(value)s::uuid[])",
            Name: _among("t.library_id", _SQL["libraries_by_name"]),
        },
    ),
    Field("id", kinds.ID, "The track itself.", {Value: "t.id = ANY(%(value)s::uuid[])"}),
    Field(
        "artist_id",
        kinds.ID,
        "An artist in the credit, in any role.",
        {
            Value: _among("t.credit_id", _SQL["credits_by_artist"]),
            Present: _known("t.credit_id"),
        },
    ),
    Field(
        "album_id",
        kinds.ID,
        "The album.",
        {
            Value: _starting_from("t.album_id", _SQL["albums_by_id"]),
            Present: _known("t.album_id"),
        },
    ),
)

FIELDS: Final[Mapping[str, Field]] = {field.name: field for field in _ALL}
