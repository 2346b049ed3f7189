"""Tags of audio files to fields of a track: the rules to read the values.

This module knows neither files nor mutagen: it is given the tags of one file as text (`RawTags`),
and the table of `mapping` says which of them hold which fact. A tag that holds none, a second value
where there is room for one, and a value that cannot be read become attributes: nothing is lost.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import (
    CREDIT_ROLE_ARRANGER,
    CREDIT_ROLE_COMPOSER,
    CREDIT_ROLE_CONDUCTOR,
    CREDIT_ROLE_DJ_MIXER,
    CREDIT_ROLE_ENGINEER,
    CREDIT_ROLE_LYRICIST,
    CREDIT_ROLE_PERFORMER,
    CREDIT_ROLE_PRODUCER,
    CREDIT_ROLE_REMIXER,
    MODE_MAJOR,
    MODE_MINOR,
    Attribute,
    CreditRole,
    PartialDate,
)
from service.ingest import cells
from service.ingest.keys import parse_key
from service.ingest.mapping import FACTS, FREE, PEOPLE, Family, Kind, fact_of


@dataclass(frozen=True, slots=True)
class RawTags:
    """The text tags of one kind in one file, as they stand in it.

    Names are in upper case, except those of MP4. ID3 names carry what tells frames apart:
    "TXXX:BARCODE", "UFID:HTTP://MUSICBRAINZ.ORG", "TIPL:PRODUCER".
    """

    family: Family
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


#: What the attributes begin with that tell what a performer played.
INSTRUMENT_KEY: Final = "performer:"
_PERFORMER: Final = "performer"
#: The facts that are people, and what these did.
ROLES: Final[Mapping[str, CreditRole.ValueType]] = {
    "remixer": CREDIT_ROLE_REMIXER,
    "composer": CREDIT_ROLE_COMPOSER,
    "lyricist": CREDIT_ROLE_LYRICIST,
    "producer": CREDIT_ROLE_PRODUCER,
    "conductor": CREDIT_ROLE_CONDUCTOR,
    "performer": CREDIT_ROLE_PERFORMER,
    "arranger": CREDIT_ROLE_ARRANGER,
    "engineer": CREDIT_ROLE_ENGINEER,
    "mixer": CREDIT_ROLE_ENGINEER,
    "dj_mixer": CREDIT_ROLE_DJ_MIXER,
}
_ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
#: How ID3 and Matroska write that the language is not known.
_NO_LANGUAGE: Final = frozenset({"xxx", "und"})
_DATE: Final = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?=$|[T\s])", re.ASCII)
_COMPACT_DATE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?=$|[T\s])", re.ASCII)
_YEAR_FIRST: Final = re.compile(r"\s*(\d{4})(?!\d)", re.ASCII)
#: Which of the first two is the day depends on the country, so that only the year is certain.
_YEAR_LAST: Final = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.](\d{4})", re.ASCII)
_TEMPO: Final = re.compile(r"(\d{1,9}(?:\.\d*)?)\s*(?:bpm)?", re.ASCII | re.IGNORECASE)
_POSITION: Final = re.compile(r"(\d{0,9})\s*(?:(?:/|\bof\b)\s*(\d{0,9})/?)?", re.ASCII)
#: How a record's sides are counted: "A1", "B2".
_SIDE: Final = re.compile(r"[A-Z]{1,2}-?(\d{1,2})", re.ASCII | re.IGNORECASE)
#: "Name (instrument)", as Vorbis comments tell what a performer did.
INSTRUMENT: Final = re.compile(r"(.+?)\s*\(([^()]+)\)")
_WHOLE: Final = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})\.\d{1,15}", re.ASCII)
_MEASURE: Final = re.compile(
    r"([-+]?\d{1,15}(?:\.\d{0,20})?)\s*(?:dB|LUFS|LU)?", re.ASCII | re.IGNORECASE
)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_LRC_TIME: Final = re.compile(r"^\[\d+:\d\d(?:\.\d+)?\]", re.MULTILINE)
_FLAGS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
#: iTunes' advice to parents; 0 says nothing.
_ADVISORY: Final = {"1": True, "4": True, "explicit": True, "2": False, "clean": False}
#: How ID3 writes that a piece is in no key.
_NO_KEY: Final = "o"
_JOIN_LENGTH: Final = 50
_LARGEST_POSITION: Final = 9_999
_LARGEST_TEMPO: Final = 1_000
#: How much the service takes, in characters and in entries.
_LONGEST: Final = {
    "lyrics": 100_000,
    "comment": 10_000,
    "title": 1_000,
    "album": 1_000,
    "genre": 100,
}
_LONGEST_NAME: Final = 500
#: Dates up to this length are worth remembering.
_LONGEST_DATE: Final = 40
_LONGEST_ATTRIBUTE: Final = 10_000
_LONGEST_KEY: Final = 100
_MOST_GENRES: Final = 50
_MOST_CREDITS: Final = 100
#: Some of the 1,000 are left to whoever else has to say something about the track.
_MOST_ATTRIBUTES: Final = 900


class _Taken(NamedTuple):
    """The values of one fact, and who stated them."""

    family: Family
    values: list[str]


@dataclass(slots=True)
class _Mapper:
    """Writes the tags of one file into a track, and notes what it could not use."""

    track: Track
    taken: Mapping[str, _Taken]
    notes: list[str] = field(default_factory=list)
    _known: set[bytes] = field(default_factory=set)
    _too_many: int = 0

    def all(self, name: str) -> list[str]:
        """Return the values of a fact, as they stand in the file."""
        taken = self.taken.get(name)
        return taken.values if taken else []

    def names(self, name: str) -> list[str]:
        """Return the values as clean names, each once."""
        taken = self.taken.get(name)
        return self.names_of(name, taken.values) if taken else []

    def names_of(self, name: str, values: list[str]) -> list[str]:
        """Return some values of a fact as clean names, each once."""
        limit = _LONGEST.get(name, _LONGEST_NAME)
        return [self._cut(name, value, limit) for value in cells.clean_names(values)]

    def line(self, name: str) -> str:
        """Return the first value on one line, or nothing; the others become attributes."""
        return self._first(name, self.names(name)) if name in self.taken else ""

    def text(self, name: str) -> str:
        """Return the first value with its line breaks, or nothing; the others become attributes."""
        if name not in self.taken:
            return ""
        values = (cells.clean_text(value) for value in self.all(name))
        found = self._first(name, list(dict.fromkeys(value for value in values if value)))
        return self._cut(name, found, _LONGEST[name])

    def _first(self, name: str, values: list[str]) -> str:
        for other in values[1:]:
            self.attribute(name, other)
        return values[0] if values else ""

    def unusable(self, name: str, value: str) -> None:
        """Note that a value is not one for its field, and keep it as an attribute."""
        label = FACTS[name].name.replace("_", " ")
        self.notes.append(f"{label} {cells.shown(value)} is left out: not a valid value")
        self.attribute(name, value)

    def attribute(self, key: str, value: str, kind: Kind | None = None, *, by: str = "") -> None:
        """Add one attribute, unless it is there already; without a kind, the value tells it."""
        key = cells.clean_line(key)[:_LONGEST_KEY] or "tag"
        value = cells.clean_text(value)
        if not value:
            return
        found = typed(self._cut(key, value, _LONGEST_ATTRIBUTE), kind)
        found.key = key
        fact = found.SerializeToString()
        if fact in self._known:
            return
        self._known.add(fact)
        if len(self.track.attributes) >= _MOST_ATTRIBUTES:
            self._too_many += 1
            return
        taken = self.taken.get(key)
        found.source = f"tag:{by or (taken.family if taken else '')}".removesuffix(":")
        self.track.attributes.append(found)

    def _cut(self, name: str, text: str, limit: int) -> str:
        if len(text) <= limit:
            return text
        shown = name.replace("_", " ")
        self.notes.append(f"{shown} is cut to {limit:,} characters: it has {len(text):,}")
        return text[:limit].rstrip()

    def end(self) -> list[str]:
        """Return the notes."""
        if self._too_many:
            self.notes.append(f"{self._too_many} tags are left out: too many for one track")
        return self.notes


def map_tags(sources: Sequence[RawTags], track: Track) -> list[str]:
    """Write the tags into the track; return notes about what could not be used.

    Where several sources state a fact, the first one that does so is believed.
    """
    taken, rest = _sorted(sources)
    mapper = _Mapper(track, taken)
    for facts, rule in _RULES:
        # Most files say nothing of most facts.
        if not taken.keys().isdisjoint(facts):
            rule(mapper)
    _facts(mapper)
    for family, key, value in rest:
        target = FACTS[key].target if key in FACTS else None
        mapper.attribute(key, value, target if isinstance(target, Kind) else None, by=family)
    return mapper.end()


#: A tag that holds nothing that is known, or that is no longer needed: its key and a value.
_Rest = list[tuple[Family, str, str]]


def _sorted(sources: Sequence[RawTags]) -> tuple[dict[str, _Taken], _Rest]:
    """Return the best tags of each fact, and what is left, under the keys that it will have."""
    holders: dict[str, list[tuple[int, int, str]]] = {}
    rest: _Rest = []
    for place, raw in enumerate(sources):
        for tag, values in raw.values.items():
            joined = "".join(values)
            if not joined or joined.isspace():
                continue
            if found := fact_of(raw.family, tag):
                holders.setdefault(found[0], []).append((place, found[1], tag))
            else:
                key = _free_key(raw.family, tag)
                rest += ((raw.family, key, _encodable(value)) for value in values)
    taken = {fact: _best(fact, sorted(tags), sources, rest) for fact, tags in holders.items()}
    return taken, rest


def _best(
    fact: str, tags: list[tuple[int, int, str]], sources: Sequence[RawTags], rest: _Rest
) -> _Taken:
    """Return what the best tag of a fact says; what others say beyond that is left."""
    best = tags[0][:2]
    if len(tags) == 1 and fact != _PERFORMER:
        raw = sources[best[0]]
        return _Taken(raw.family, list(map(_encodable, raw.values[tags[0][2]])))
    taken = _Taken(sources[best[0]].family, [])
    for place, rank, tag in tags:
        family = sources[place].family
        values = list(map(_encodable, sources[place].values[tag]))
        if (place, rank) == best:
            taken.values.extend(_performers(tag, values, family, rest))
        else:
            others = (value for value in values if not _stated(value, taken.values))
            rest += ((family, fact, value) for value in others)
    return taken


def _stated(value: str, by: list[str]) -> bool:
    """Whether a value is a copy of one of these, or its beginning, as short formats keep it."""
    value = cells.clean_text(value)
    return any(cells.clean_text(other).startswith(value) for other in by)


def _performers(tag: str, values: list[str], family: Family, rest: _Rest) -> list[str]:
    """Return the names of performers without what they did, which becomes attributes."""
    if not tag.startswith(PEOPLE) and tag != "PERFORMER":
        return values
    names = []
    for value in values:
        match = INSTRUMENT.fullmatch(value) if tag == "PERFORMER" else None
        name, instrument = match.groups() if match else (value, tag.partition(":")[2].lower())
        names.append(name)
        if instrument:
            rest.append((family, f"{INSTRUMENT_KEY}{instrument.lower()}", name))
    return names


def _free_key(family: Family, tag: str) -> str:
    """Return the key of the attribute that a tag becomes which holds no known fact."""
    key = tag.removeprefix(FREE.get(family, "")).lower()
    return f"comment:{key[5:]}" if family is Family.ID3 and key.startswith("comm:") else key


def _identity(mapper: _Mapper) -> None:
    track = mapper.track
    track.title = mapper.line("title")
    for value in mapper.names("isrc"):
        isrc = value.replace("-", "").replace(" ", "").upper()
        if not _ISRC.fullmatch(isrc):
            mapper.unusable("isrc", value)
        elif not track.isrc:
            track.isrc = isrc
        else:
            mapper.attribute("isrc", isrc)
    track.mbid = _mbid(mapper, "mbid")


def _mbid(mapper: _Mapper, name: str) -> str:
    value = mapper.line(name)
    try:
        return str(uuid.UUID(value)) if value else ""
    except ValueError:
        mapper.unusable(name, value)
        return ""


def _credits(mapper: _Mapper) -> None:
    track = mapper.track
    for name, join in credited(mapper.names("artist"), mapper.names("artists")):
        track.credits.add(name=name, join_phrase=join)
    if not mapper.taken.keys().isdisjoint(ROLES):
        for name, role in ROLES.items():
            for person in mapper.names(name):
                track.credits.add(name=person, role=role)
    if len(track.credits) > _MOST_CREDITS:
        for credit in track.credits[_MOST_CREDITS:]:
            mapper.attribute("artist", credit.name)
        del track.credits[_MOST_CREDITS:]


def credited(displayed: list[str], single: list[str]) -> Iterator[tuple[str, str]]:
    """Yield names and join phrases of the credit from the displayed name and the single names.

    Where the single names stand in the displayed one in this order, what is between them becomes
    the join phrases: "A feat. B" and A, B give A, " feat. ", B. Otherwise the displayed names are
    the better fact.
    """
    joins = _join_phrases(displayed[0], single) if len(displayed) == 1 and single else None
    if joins is None:
        names = displayed or single
        joins = [""] * len(names)
    else:
        names = single
    return zip(names, joins, strict=True)


def _join_phrases(displayed: str, single: list[str]) -> list[str] | None:
    """Return what follows each name in the displayed text, or None when they do not fit."""
    if not displayed.startswith(single[0]):
        return None
    joins, end = [], len(single[0])
    for name in single[1:]:
        start = displayed.find(name, end)
        if start < 0 or start - end > _JOIN_LENGTH:
            return None
        joins.append(displayed[end:start])
        end = start + len(name)
    return [*joins, displayed[end:]] if displayed[end:] in ("", ")", "]") else None


def _album(mapper: _Mapper) -> None:
    title = mapper.line("album")
    if not title:
        for name in mapper.names("album_artist"):
            mapper.attribute("album_artist", name)
        mapper.attribute("album_mbid", mapper.line("album_mbid"))
        return
    album = mapper.track.album
    album.title = title
    album.mbid = _mbid(mapper, "album_mbid")
    for name in mapper.names("album_artist")[:_MOST_CREDITS]:
        album.credits.add(name=name)


def _positions(mapper: _Mapper) -> None:
    track = mapper.track
    track.track_number, track.track_total = _position(mapper, "track_number", "track_total")
    track.disc_number, track.disc_total = _position(mapper, "disc_number", "disc_total")


def _position(mapper: _Mapper, number_name: str, total_name: str) -> tuple[int, int]:
    text = mapper.line(number_name)
    number, total = _counts(mapper, number_name, text)
    return number, total or _counts(mapper, total_name, mapper.line(total_name))[0]


def _counts(mapper: _Mapper, name: str, text: str) -> tuple[int, int]:
    """Return a number and how many there are, each 0 when it is not told."""
    if not text:
        return 0, 0
    if side := _SIDE.fullmatch(text):
        mapper.attribute(name, text, Kind.TEXT)
        return int(side[1]), 0
    match = _POSITION.fullmatch(text)
    if match is None:
        mapper.unusable(name, text)
        return 0, 0
    number, total = (int(part or 0) for part in match.groups())
    if max(number, total) > _LARGEST_POSITION:
        mapper.unusable(name, text)
    return (
        number if number <= _LARGEST_POSITION else 0,
        total if total <= _LARGEST_POSITION else 0,
    )


def _dates(mapper: _Mapper) -> None:
    track = mapper.track
    first = _date(mapper, "original_date")
    # Where only the first release is dated, that is the best date there is.
    released = _date(mapper, "date") or first
    if released:
        track.release_date.CopyFrom(released)
    if first and first != released:
        track.original_release_date.CopyFrom(first)


def _date(mapper: _Mapper, name: str) -> PartialDate | None:
    value = mapper.line(name)
    if not value or not value.strip("0-/. "):
        return None
    found = read_date(value)
    if found is None:
        mapper.unusable(name, value)
    elif _YEAR_LAST.fullmatch(value):
        mapper.attribute(name, value, Kind.TEXT)
    return found


def read_date(text: str) -> PartialDate | None:
    """Read the date at the start of a tag as far as it is one: "2001-00-00" is the year 2001."""
    # The same few dates are in all the files of a library, and nobody changes what is returned.
    return _known_date(text) if len(text) <= _LONGEST_DATE else _date_of(text)


def _date_of(text: str) -> PartialDate | None:
    text = text.strip()
    match = _DATE.match(text) or _COMPACT_DATE.match(text)
    if match:
        parts = [part.zfill(2) for part in match.groups() if part and part.strip("0")]
        while parts:
            try:
                year, month, day = cells.partial_date("-".join(parts))
            except cells.BadCellError:
                parts.pop()
            else:
                return PartialDate(year=year, month=month, day=day)
        return None
    alone = _YEAR_FIRST.match(text) or _YEAR_LAST.fullmatch(text)
    return PartialDate(year=int(alone[1])) if alone and int(alone[1]) else None


_known_date: Final = lru_cache(maxsize=4096)(_date_of)


def _genres(mapper: _Mapper) -> None:
    values = [part for value in mapper.all("genre") for part in value.split(";")]
    names = mapper.names_of("genre", values)
    mapper.track.genres.extend(names[:_MOST_GENRES])
    for name in names[_MOST_GENRES:]:
        mapper.attribute("genre", name)


def _sound(mapper: _Mapper) -> None:
    _tempo(mapper, mapper.line("bpm"))
    _key(mapper, mapper.line("key"))


def _tempo(mapper: _Mapper, text: str) -> None:
    if not text:
        return
    match = _TEMPO.fullmatch(text.replace(",", "."))
    beats = float(match[1]) if match else math.inf
    if beats > _LARGEST_TEMPO:
        mapper.unusable("bpm", text)
    elif beats:
        mapper.track.features.tempo_bpm = beats


def _key(mapper: _Mapper, text: str) -> None:
    if text in ("", _NO_KEY):
        return
    key = parse_key(text)
    if key is None:
        mapper.unusable("key", text)
    else:
        features = mapper.track.features
        features.key = key.pitch
        features.mode = MODE_MINOR if key.minor else MODE_MAJOR


def _words(mapper: _Mapper) -> None:
    track = mapper.track
    track.lyrics = mapper.text("lyrics")
    if not track.lyrics:
        synced = _LRC_TIME.sub("", "\n".join(mapper.all("synced_lyrics")))
        track.lyrics = cells.clean_text(synced)[: _LONGEST["lyrics"]]
    track.comment = mapper.text("comment")
    track.label = mapper.line("label")
    language = mapper.line("language")
    if language.lower() in _NO_LANGUAGE:
        return
    if _LANGUAGE.fullmatch(language):
        track.language = language
    elif language:
        mapper.unusable("language", language)


def _facts(mapper: _Mapper) -> None:
    advisory = mapper.line("explicit").lower()
    if advisory in _ADVISORY:
        mapper.track.explicit = _ADVISORY[advisory]
    elif advisory not in ("", "0", "none"):
        mapper.unusable("explicit", advisory)
    for name in mapper.taken:
        kind = FACTS[name].target
        if isinstance(kind, Kind):
            for value in mapper.all(name):
                mapper.attribute(name, value, kind)


#: What is written into a track, and which facts it is made of.
_RULES: Final[tuple[tuple[frozenset[str], Callable[[_Mapper], None]], ...]] = (
    (frozenset({"title", "isrc", "mbid"}), _identity),
    (frozenset({"artist", "artists", *ROLES}), _credits),
    (frozenset({"album", "album_artist", "album_mbid"}), _album),
    (frozenset({"track_number", "track_total", "disc_number", "disc_total"}), _positions),
    (frozenset({"date", "original_date"}), _dates),
    (frozenset({"genre"}), _genres),
    (frozenset({"bpm", "key"}), _sound),
    (frozenset({"lyrics", "synced_lyrics", "comment", "label", "language"}), _words),
)


def typed(value: str, kind: Kind | None = None) -> Attribute:
    """Return an attribute without a key, with the value in its type.

    Without a kind, text is a number, a flag or an instant only when it is written in the one way in
    which it can be told from its value again: "7" is a number, "007" is text.
    """
    if kind is Kind.FLAG and value.lower() in _FLAGS:
        return Attribute(flag=_FLAGS[value.lower()])
    if kind in (Kind.NUMBER, Kind.R128):
        match = _MEASURE.fullmatch(value)
        number = float(match[1]) if match else math.nan
        if math.isfinite(number):
            # R128 counts in 256ths of a decibel.
            return Attribute(number=number / 256 if kind is Kind.R128 else number)
    if kind is not Kind.TEXT:
        return _free(value)
    return Attribute(text=value)


def _free(value: str) -> Attribute:
    if _WHOLE.fullmatch(value):
        return Attribute(integer=int(value))
    if _NUMBER.fullmatch(value) and repr(float(value)) == value:
        return Attribute(number=float(value))
    if value in ("true", "false"):
        return Attribute(flag=value == "true")
    if _INSTANT.fullmatch(value):
        found = Attribute()
        try:
            found.time.FromDatetime(datetime.fromisoformat(value))
        except ValueError:
            return Attribute(text=value)
        return found
    return Attribute(text=value)


def _encodable(text: str) -> str:
    """Return the text without lone surrogates, which broken UTF-16 tags hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
