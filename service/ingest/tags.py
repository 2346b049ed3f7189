# ruff: noqa: E501  (the table of tags is read as a table)
"""Tags of audio files to fields of a track: one table of names, and the rules to read the values.

The names are those of MusicBrainz Picard's published mapping, which is what most programs write. This
module knows neither files nor mutagen: it is given the tags of one file as text (`RawTags`).
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

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
    CreditedName,
    CreditRole,
    PartialDate,
)
from service.ingest import cells
from service.ingest.keys import parse_key


class Family(StrEnum):
    """A way of tagging, with its own names."""

    ID3 = "ID3"
    VORBIS = "Vorbis"
    MP4 = "MP4"
    APE = "APE"
    ASF = "ASF"


@dataclass(frozen=True, slots=True)
class RawTags:
    """The text tags of one file, as they stand in it.

    Names are in upper case, except those of MP4. ID3 names carry what tells frames apart:
    "TXXX:BARCODE", "UFID:HTTP://MUSICBRAINZ.ORG", "TIPL:PRODUCER".
    """

    family: Family
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _names(id3: str, vorbis: str, mp4: str, ape: str, asf: str) -> dict[Family, tuple[str, ...]]:
    columns = (id3, vorbis, mp4, ape, asf)
    return {
        family: tuple(name.strip() for name in cell.split("|") if name.strip())
        for family, cell in zip(Family, columns, strict=True)
    }


# fmt: off
#: Which tags hold a field, the better one first. "*" before a name in MP4 is "----:com.apple.iTunes:".
TAGS: Final = {
    #                          ID3                  Vorbis                       MP4                   APE                     ASF
    "title":          _names("TIT2",               "TITLE",                     "©nam",               "TITLE",                "TITLE"),
    "artist":         _names("TPE1",               "ARTIST",                    "©ART",               "ARTIST",               "AUTHOR"),
    "artists":        _names("TXXX:ARTISTS",       "ARTISTS",                   "*ARTISTS",           "ARTISTS",              "WM/ARTISTS"),
    "album":          _names("TALB",               "ALBUM",                     "©alb",               "ALBUM",                "WM/ALBUMTITLE"),
    "album_artist":   _names("TPE2",               "ALBUMARTIST|ALBUM ARTIST",  "aART",               "ALBUM ARTIST|ALBUMARTIST", "WM/ALBUMARTIST"),
    "album_mbid":     _names("TXXX:MUSICBRAINZ ALBUM ID", "MUSICBRAINZ_ALBUMID", "*MUSICBRAINZ ALBUM ID", "MUSICBRAINZ_ALBUMID", "MUSICBRAINZ/ALBUM ID"),
    "mbid":           _names("UFID:HTTP://MUSICBRAINZ.ORG|TXXX:MUSICBRAINZ TRACK ID", "MUSICBRAINZ_TRACKID", "*MUSICBRAINZ TRACK ID", "MUSICBRAINZ_TRACKID", "MUSICBRAINZ/TRACK ID"),
    "track_number":   _names("TRCK",               "TRACKNUMBER|TRACK",         "trkn",               "TRACK|TRACKNUMBER",    "WM/TRACKNUMBER"),
    "track_total":    _names("TXXX:TOTALTRACKS",   "TRACKTOTAL|TOTALTRACKS|TRACKC", "",               "TOTALTRACKS|TRACKTOTAL", "TOTALTRACKS|TRACKTOTAL"),
    "disc_number":    _names("TPOS",               "DISCNUMBER|DISC",           "disk",               "DISC|DISCNUMBER",      "WM/PARTOFSET"),
    "disc_total":     _names("TXXX:TOTALDISCS",    "DISCTOTAL|TOTALDISCS|DISCC", "",                  "TOTALDISCS|DISCTOTAL", "TOTALDISCS|DISCTOTAL"),
    "date":           _names("TDRC|TDRL",          "DATE|YEAR",                 "©day",               "YEAR|DATE",            "WM/YEAR"),
    "original_date":  _names("TDOR|TXXX:ORIGINALYEAR", "ORIGINALDATE|ORIGINALYEAR", "*ORIGINALDATE|*ORIGINALYEAR", "ORIGINALDATE|ORIGINALYEAR", "WM/ORIGINALRELEASETIME|WM/ORIGINALRELEASEYEAR"),
    "genre":          _names("TCON",               "GENRE",                     "©gen",               "GENRE",                "WM/GENRE"),
    "isrc":           _names("TSRC",               "ISRC",                      "*ISRC",              "ISRC",                 "WM/ISRC"),
    "bpm":            _names("TBPM",               "BPM|TEMPO",                 "tmpo|*BPM",          "BPM",                  "WM/BEATSPERMINUTE"),
    "key":            _names("TKEY|TXXX:INITIALKEY|TXXX:INITIAL KEY", "INITIALKEY|KEY", "*INITIALKEY|*KEY", "INITIALKEY|KEY", "WM/INITIALKEY"),
    "lyrics":         _names("USLT",               "LYRICS|UNSYNCEDLYRICS",     "©lyr",               "LYRICS",               "WM/LYRICS"),
    "comment":        _names("COMM",               "COMMENT|DESCRIPTION",       "©cmt",               "COMMENT",              "DESCRIPTION|WM/COMMENTS"),
    "label":          _names("TPUB",               "LABEL|PUBLISHER|ORGANIZATION", "*LABEL",          "LABEL|PUBLISHER",      "WM/PUBLISHER"),
    "language":       _names("TLAN",               "LANGUAGE",                  "*LANGUAGE",          "LANGUAGE",             "WM/LANGUAGE"),
    "compilation":    _names("TCMP",               "COMPILATION",               "cpil",               "COMPILATION",          "WM/ISCOMPILATION"),
    "barcode":        _names("TXXX:BARCODE",       "BARCODE",                   "*BARCODE",           "BARCODE",              "WM/BARCODE"),
    "catalog_number": _names("TXXX:CATALOGNUMBER", "CATALOGNUMBER",             "*CATALOGNUMBER",     "CATALOGNUMBER",        "WM/CATALOGNO"),
    "grouping":       _names("TIT1|GRP1",          "GROUPING",                  "©grp",               "GROUPING",             "WM/CONTENTGROUPDESCRIPTION"),
    "mood":           _names("TMOO",               "MOOD",                      "*MOOD",              "MOOD",                 "WM/MOOD"),
    "media":          _names("TMED",               "MEDIA",                     "*MEDIA",             "MEDIA",                "WM/MEDIA"),
    "composer":       _names("TCOM",               "COMPOSER",                  "©wrt",               "COMPOSER",             "WM/COMPOSER"),
    "lyricist":       _names("TEXT",               "LYRICIST",                  "*LYRICIST",          "LYRICIST",             "WM/WRITER"),
    "conductor":      _names("TPE3",               "CONDUCTOR",                 "*CONDUCTOR",         "CONDUCTOR",            "WM/CONDUCTOR"),
    "remixer":        _names("TPE4",               "REMIXER",                   "*REMIXER",           "MIXARTIST",            "WM/MODIFIEDBY"),
    "arranger":       _names("TIPL:ARRANGER",      "ARRANGER",                  "*ARRANGER",          "ARRANGER",             "WM/ARRANGER"),
    "producer":       _names("TIPL:PRODUCER",      "PRODUCER",                  "*PRODUCER",          "PRODUCER",             "WM/PRODUCER"),
    "engineer":       _names("TIPL:ENGINEER|TIPL:MIX", "ENGINEER|MIXER",        "*ENGINEER|*MIXER",   "ENGINEER|MIXER",       "WM/ENGINEER|WM/MIXER"),
    "dj_mixer":       _names("TIPL:DJ-MIX",        "DJMIXER",                   "*DJMIXER",           "DJMIXER",              "WM/DJMIXER"),
    "performer":      _names("TMCL:*",             "PERFORMER",                 "",                   "PERFORMER",            ""),
}
# fmt: on

_ROLES: Final[Mapping[str, CreditRole.ValueType]] = {
    "remixer": CREDIT_ROLE_REMIXER,
    "composer": CREDIT_ROLE_COMPOSER,
    "lyricist": CREDIT_ROLE_LYRICIST,
    "producer": CREDIT_ROLE_PRODUCER,
    "conductor": CREDIT_ROLE_CONDUCTOR,
    "performer": CREDIT_ROLE_PERFORMER,
    "arranger": CREDIT_ROLE_ARRANGER,
    "engineer": CREDIT_ROLE_ENGINEER,
    "dj_mixer": CREDIT_ROLE_DJ_MIXER,
}
_TEXT_ATTRIBUTES: Final = ("barcode", "catalog_number", "grouping", "mood", "media")
_ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
_DATE: Final = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?=$|[T\s])", re.ASCII)
_YEAR_FIRST: Final = re.compile(r"\s*(\d{4})(?!\d)", re.ASCII)
_TEMPO: Final = re.compile(r"(\d{1,9}(?:\.\d*)?)\s*(?:bpm)?", re.ASCII | re.IGNORECASE)
#: How ID3 writes that a piece is in no key.
_NO_KEY: Final = "o"
_JOIN_LENGTH: Final = 50
_LARGEST_POSITION: Final = 9_999
_LARGEST_TEMPO: Final = 1_000


@dataclass(slots=True)
class _Mapper:
    """Writes the tags of one file into a track, and notes what it could not use."""

    tags: RawTags
    track: Track
    notes: list[str] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """Return the values of the first tag that holds the field, in the file's order."""
        for tag in TAGS[name][self.tags.family]:
            if tag.endswith(":*"):
                values = self._under(tag[:-1])
            else:
                values = list(self.tags.values.get(tag.replace("*", "----:", 1), ()))
            if any(value.strip() for value in values):
                return values
        return []

    def _under(self, prefix: str) -> list[str]:
        found = (values for tag, values in self.tags.values.items() if tag.startswith(prefix))
        return [value for values in found for value in values]

    def names(self, name: str) -> list[str]:
        """Return the values as clean names, each once."""
        return cells.clean_names([_encodable(value) for value in self.all(name)])

    def line(self, name: str) -> str:
        """Return the first value on one line, or nothing."""
        return next(iter(self.names(name)), "")

    def text(self, name: str) -> str:
        """Return the first value with its line breaks, or nothing."""
        values = (cells.clean_text(_encodable(value)) for value in self.all(name))
        return next((value for value in values if value), "")

    def unusable(self, name: str, value: str) -> None:
        """Note that a value was left out."""
        self.notes.append(f"{name} {cells.shown(value)} is left out: not a valid value")


def map_tags(tags: RawTags, track: Track) -> list[str]:
    """Write the tags into the track; return notes about the values that could not be used."""
    mapper = _Mapper(tags, track)
    for rule in (_identity, _credits, _album, _positions, _dates, _genres, _sound, _words, _facts):
        rule(mapper)
    return mapper.notes


def _identity(mapper: _Mapper) -> None:
    track = mapper.track
    track.title = mapper.line("title")
    for value in mapper.names("isrc"):
        isrc = value.replace("-", "").replace(" ", "").upper()
        if _ISRC.fullmatch(isrc):
            track.isrc = isrc
            break
        mapper.unusable("ISRC", value)
    track.mbid = _mbid(mapper, "mbid")


def _mbid(mapper: _Mapper, name: str) -> str:
    value = mapper.line(name)
    try:
        return str(uuid.UUID(value)) if value else ""
    except ValueError:
        mapper.unusable("MusicBrainz id", value)
        return ""


def _credits(mapper: _Mapper) -> None:
    track = mapper.track
    track.credits.extend(credited(mapper.names("artist"), mapper.names("artists")))
    for name, role in _ROLES.items():
        for person in mapper.names(name):
            track.credits.add(name=person, role=role)


def credited(displayed: list[str], single: list[str]) -> Iterator[CreditedName]:
    """Yield the artist credit from the displayed name and the single names.

    Where the single names stand in the displayed one in this order, what is between them becomes the
    join phrases: "A feat. B" and A, B give A, " feat. ", B. Otherwise the displayed names are the
    better fact.
    """
    joins = _join_phrases(displayed[0], single) if len(displayed) == 1 and single else None
    if joins is None:
        names = displayed or single
        joins = [""] * len(names)
    else:
        names = single
    for name, join in zip(names, joins, strict=True):
        yield CreditedName(name=name, join_phrase=join)


def _join_phrases(displayed: str, single: list[str]) -> list[str] | None:
    """Return what follows each name in the displayed text, or None when they do not fit."""
    if not displayed.startswith(single[0]) or not displayed.endswith(single[-1]):
        return None
    joins, end = [], len(single[0])
    for name in single[1:]:
        start = displayed.find(name, end)
        if start < 0 or start - end > _JOIN_LENGTH:
            return None
        joins.append(displayed[end:start])
        end = start + len(name)
    return [*joins, ""] if end == len(displayed) else None


def _album(mapper: _Mapper) -> None:
    title = mapper.line("album")
    if not title:
        return
    album = mapper.track.album
    album.title = title
    album.mbid = _mbid(mapper, "album_mbid")
    album.credits.extend(credited(mapper.names("album_artist"), []))


def _positions(mapper: _Mapper) -> None:
    track = mapper.track
    track.track_number, track.track_total = _position(mapper, "track_number", "track_total")
    track.disc_number, track.disc_total = _position(mapper, "disc_number", "disc_total")


def _position(mapper: _Mapper, number_name: str, total_name: str) -> tuple[int, int]:
    number, _, total = mapper.line(number_name).partition("/")
    return (
        _counted(mapper, number_name, number),
        _counted(mapper, total_name, total or mapper.line(total_name)),
    )


def _counted(mapper: _Mapper, name: str, text: str) -> int:
    """Return a number from 1, or 0 when there is none."""
    text = text.strip()
    if not text:
        return 0
    value = int(text) if text.isdecimal() and len(text) <= 9 else -1
    if 0 <= value <= _LARGEST_POSITION:
        return value
    mapper.unusable(name.replace("_", " "), text)
    return 0


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
        mapper.unusable(name.replace("_", " "), value)
    return found


def read_date(text: str) -> PartialDate | None:
    """Read the date at the start of a tag as far as it is one: "2001-00-00" is the year 2001."""
    match = _DATE.match(text.strip())
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
    year_first = _YEAR_FIRST.match(text)
    return PartialDate(year=int(year_first[1])) if year_first and int(year_first[1]) else None


def _genres(mapper: _Mapper) -> None:
    values = [part for value in mapper.all("genre") for part in _encodable(value).split(";")]
    mapper.track.genres.extend(cells.clean_names(values))


def _sound(mapper: _Mapper) -> None:
    _tempo(mapper, mapper.line("bpm"))
    _key(mapper, mapper.line("key"))


def _tempo(mapper: _Mapper, text: str) -> None:
    match = _TEMPO.fullmatch(text.replace(",", "."))
    beats = float(match[1]) if match else math.inf
    if beats > _LARGEST_TEMPO:
        if text:
            mapper.unusable("tempo", text)
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
    track.comment = mapper.text("comment")
    track.label = mapper.line("label")
    language = mapper.line("language")
    if _LANGUAGE.fullmatch(language):
        track.language = language
    elif language:
        mapper.unusable("language", language)


def _facts(mapper: _Mapper) -> None:
    track = mapper.track
    source = f"tag:{mapper.tags.family}"
    if mapper.line("compilation").lower() in ("1", "true"):
        track.attributes.add(key="compilation", flag=True, source=source)
    for name in _TEXT_ATTRIBUTES:
        for value in mapper.names(name):
            track.attributes.add(key=name, text=value, source=source)


def _encodable(text: str) -> str:
    """Return the text without lone surrogates, which broken UTF-16 tags hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
