# ruff: noqa: E501  (the table is read as a table)
"""Which tag of which format holds which fact: one table, and an index made of it.

The names are those of MusicBrainz Picard's published mapping, which is what most programs write, with
those of other programs behind them. docs/tags.md shows this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final


class Family(StrEnum):
    """A way of tagging, with its own names."""

    ID3 = "ID3"
    VORBIS = "Vorbis"
    MP4 = "MP4"
    APE = "APE"
    ASF = "ASF"
    RIFF = "RIFF"
    AIFF = "AIFF"
    MATROSKA = "Matroska"


class Kind(Enum):
    """How the value of an attribute is read."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    R128 = "number, in dB"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact, where it goes, and which tags hold it, the better ones first."""

    name: str
    #: The field of Track, or the kind of the attribute that has the name of the fact.
    target: str | Kind
    tags: Mapping[Family, tuple[str, ...]]


#: What stands before a free name, a name that any program may invent.
FREE: Final[Mapping[Family, str]] = {Family.ID3: "TXXX:", Family.MP4: "----:"}
#: What stands before the names of people by what they did, such as "TMCL:DRUMS".
PEOPLE: Final = ("TMCL:", "PERFORMER:")
#: Formats whose names are a fixed list, so that no free name is looked for.
_FIXED: Final = frozenset({Family.RIFF, Family.AIFF})


def _fact(
    name: str, target: str | Kind, id3: str, vorbis: str, mp4: str = "",
    ape: str = "", asf: str = "", riff: str = "", aiff: str = "", matroska: str = "",
) -> Fact:  # fmt: skip
    """Return a row. The Vorbis names are understood as free names everywhere, behind the others."""
    columns = (id3, "", mp4, ape, asf, riff, aiff, matroska)
    common = _split(vorbis)
    tags: dict[Family, tuple[str, ...]] = {}
    for family, cell in zip(Family, columns, strict=True):
        free = [] if family in _FIXED else [FREE.get(family, "") + tag for tag in common]
        own = [tag.replace("*", "----:", 1) for tag in _split(cell)]
        tags[family] = tuple(dict.fromkeys([*own, *free]))
    return Fact(name, target, tags)


def _split(cell: str) -> list[str]:
    return [name for name in cell.split("|") if name]


_T, _W, _N, _F = Kind.TEXT, Kind.WHOLE, Kind.NUMBER, Kind.FLAG

# fmt: off
#: The columns: ID3 (names as of 2.4), Vorbis and all free names, MP4 ("*" is a free name), APE, ASF, RIFF, AIFF, Matroska.
_TABLE: Final = (
    #     fact                field of Track           ID3                       Vorbis                                         MP4                         APE                   ASF                              RIFF              AIFF         Matroska
    _fact("title",            "title",                 "TIT2",                   "TITLE",                                       "©nam",                     "",                   "WM/TITLE",                      "INAM|TITL",      "NAME",      "SEGMENT:TITLE"),
    _fact("artist",           "credits",               "TPE1",                   "ARTIST|AUTHOR",                               "©ART",                     "",                   "WM/AUTHOR",                     "IART",           "AUTH",      "LEAD_PERFORMER"),
    _fact("artists",          "credits",               "",                       "ARTISTS",                                     "",                         "",                   "WM/ARTISTS"),
    _fact("album",            "album.title",           "TALB",                   "ALBUM",                                       "©alb",                     "",                   "WM/ALBUMTITLE",                 "IPRD|IALB|ALBU", "",          "ALBUM:TITLE"),
    _fact("album_artist",     "album.credits",         "TPE2",                   "ALBUMARTIST|ALBUM ARTIST|ALBUM_ARTIST",       "aART",                     "ALBUM ARTIST",       "WM/ALBUMARTIST",                "",               "",          "ALBUM:ARTIST|ALBUM:LEAD_PERFORMER"),
    _fact("album_mbid",       "album.mbid",            "TXXX:MUSICBRAINZ ALBUM ID", "MUSICBRAINZ_ALBUMID",                      "*MUSICBRAINZ ALBUM ID",    "",                   "MUSICBRAINZ/ALBUM ID"),
    _fact("mbid",             "mbid",                  "UFID:HTTP://MUSICBRAINZ.ORG|TXXX:MUSICBRAINZ TRACK ID", "MUSICBRAINZ_TRACKID", "*MUSICBRAINZ TRACK ID", "",               "MUSICBRAINZ/TRACK ID"),
    _fact("track_number",     "track_number",          "TRCK",                   "TRACKNUMBER|TRACK|TRACKNUM",                  "trkn",                     "TRACK",              "WM/TRACKNUMBER",       "ITRK|IPRT|TRCK|PRT1", "",     "PART_NUMBER"),
    _fact("track_total",      "track_total",           "",                       "TRACKTOTAL|TOTALTRACKS|TRACKC",               "",                         "",                   "",                              "IFRM|PRT2",      "",          "ALBUM:TOTAL_PARTS|TOTAL_PARTS"),
    _fact("disc_number",      "disc_number",           "TPOS",                   "DISCNUMBER|DISC",                             "disk",                     "DISC",               "WM/PARTOFSET",                  "",               "",          "ALBUM:PART_NUMBER"),
    _fact("disc_total",       "disc_total",            "",                       "DISCTOTAL|TOTALDISCS|DISCC",                  "",                         "",                   ""),
    _fact("genre",            "genres",                "TCON",                   "GENRE",                                       "©gen|gnre",                "",                   "WM/GENRE",                      "IGNR|GENR",      "",          "ALBUM:GENRE"),
    _fact("date",             "release_date",          "TDRC|TDRL|TYER",         "DATE|YEAR|RELEASEDATE|RELEASE DATE",          "©day",                     "YEAR",               "WM/YEAR",                       "ICRD|YEAR|DTIM", "",          "DATE_RELEASED|ALBUM:DATE_RELEASED|DATE_RECORDED|ALBUM:DATE"),
    _fact("original_date",    "original_release_date", "TDOR|TORY",              "ORIGINALDATE|ORIGINALYEAR|ORIGINAL YEAR|ORIGYEAR", "",                    "",                   "WM/ORIGINALRELEASETIME|WM/ORIGINALRELEASEYEAR"),
    _fact("isrc",             "isrc",                  "TSRC",                   "ISRC",                                        "",                         "",                   "WM/ISRC",                       "ISRC"),
    _fact("bpm",              "features.tempo_bpm",    "TBPM",                   "BPM|TEMPO|FBPM",                              "tmpo",                     "",                   "WM/BEATSPERMINUTE",             "IBPM",           "",          "BPM"),
    _fact("key",              "features.key",          "TKEY",                   "INITIALKEY|INITIAL KEY|INITIAL_KEY|KEY",      "",                         "",                   "WM/INITIALKEY",                 "",               "",          "INITIAL_KEY"),
    _fact("lyrics",           "lyrics",                "USLT",                   "LYRICS|UNSYNCEDLYRICS|UNSYNCED LYRICS",       "©lyr",                     "",                   "WM/LYRICS"),
    _fact("comment",          "comment",               "COMM",                   "COMMENT|DESCRIPTION",                         "©cmt",                     "",                   "DESCRIPTION|WM/COMMENTS",                  "ICMT|COMM",      "ANNO|COMT", "COMMENTS"),
    _fact("label",            "label",                 "TPUB",                   "LABEL|PUBLISHER|ORGANIZATION",                "©pub|©lab",                "",                   "WM/PUBLISHER",                  "IPUB"),
    _fact("language",         "language",              "TLAN",                   "LANGUAGE",                                    "",                         "",                   "WM/LANGUAGE",                   "ILNG|LANG",      "",          ""),
    _fact("explicit",         "explicit",              "",                       "ITUNESADVISORY",                              "rtng",                     "",                   "WM/PARENTALRATING"),
    _fact("composer",         "credits, composer",     "TCOM",                   "COMPOSER",                                    "©wrt",                     "",                   "WM/COMPOSER",                   "IMUS|ICOM"),
    _fact("lyricist",         "credits, lyricist",     "TEXT",                   "LYRICIST|WRITER",                             "",                         "",                   "WM/WRITER",                     "IWRI"),
    _fact("conductor",        "credits, conductor",    "TPE3",                   "CONDUCTOR",                                   "©con",                     "",                   "WM/CONDUCTOR"),
    _fact("remixer",          "credits, remixer",      "TPE4",                   "REMIXER|MIXARTIST|REMIXED_BY",                "",                         "MIXARTIST",          "WM/MODIFIEDBY"),
    _fact("arranger",         "credits, arranger",     "TIPL:ARRANGER",          "ARRANGER",                                    "©arg",                     "",                   "WM/ARRANGER"),
    _fact("producer",         "credits, producer",     "TIPL:PRODUCER",          "PRODUCER",                                    "©prd",                     "",                   "WM/PRODUCER",                   "IPRO|IPDS"),
    _fact("engineer",         "credits, engineer",     "TIPL:ENGINEER",          "ENGINEER|SOUND_ENGINEER",                     "©sne",                     "",                   "WM/ENGINEER",                   "IENG"),
    _fact("mixer",            "credits, engineer",     "TIPL:MIX|TIPL:MIXER",    "MIXER|MIXED_BY",                              "",                         "",                   "WM/MIXER"),
    _fact("dj_mixer",         "credits, DJ mixer",     "TIPL:DJ-MIX|TIPL:DJMIXER", "DJMIXER|DJ-MIX",                            "",                         "",                   "WM/DJMIXER"),
    _fact("performer",        "credits, performer",    "TMCL",                   "PERFORMER",                                   "©prf",                     "",                   "",                              "ISTR"),
    #     fact                kind of attribute
    _fact("title_sort",       _T,                      "TSOT",                   "TITLESORT|TITLESORTORDER",                    "sonm",                     "",                   "WM/TITLESORTORDER"),
    _fact("artist_sort",      _T,                      "TSOP",                   "ARTISTSORT|ARTISTSORTORDER",                  "soar",                     "",                   "WM/ARTISTSORTORDER"),
    _fact("artists_sort",     _T,                      "",                       "ARTISTS_SORT"),
    _fact("album_sort",       _T,                      "TSOA",                   "ALBUMSORT|ALBUMSORTORDER",                    "soal",                     "",                   "WM/ALBUMSORTORDER"),
    _fact("album_artist_sort", _T,                     "TSO2",                   "ALBUMARTISTSORT|ALBUMARTISTSORTORDER",        "soaa",                     "",                   "WM/ALBUMARTISTSORTORDER"),
    _fact("album_artists",    _T,                      "",                       "ALBUMARTISTS|ALBUM_ARTISTS"),
    _fact("composer_sort",    _T,                      "TSOC",                   "COMPOSERSORT|COMPOSERSORTORDER",              "soco",                     "",                   "WM/COMPOSERSORTORDER"),
    _fact("subtitle",         _T,                      "TIT3",                   "SUBTITLE|VERSION",                            "©st3",                     "",                   "WM/SUBTITLE",                   "ISBJ"),
    _fact("disc_subtitle",    _T,                      "TSST",                   "DISCSUBTITLE|SETSUBTITLE",                    "",                         "",                   "WM/SETSUBTITLE"),
    _fact("compilation",      _F,                      "TCMP",                   "COMPILATION",                                 "cpil",                     "",                   "WM/ISCOMPILATION|ISCOMPILATION"),
    _fact("barcode",          _T,                      "",                       "BARCODE|UPC|EAN|EAN/UPN",                     "",                         "",                   "WM/BARCODE"),
    _fact("catalog_number",   _T,                      "",                       "CATALOGNUMBER|CATALOG|LABELNO|CATALOG #",     "",                         "",                   "WM/CATALOGNO",                  "",               "",          "CATALOG_NUMBER"),
    _fact("asin",             _T,                      "",                       "ASIN"),
    _fact("release_type",     _T,                      "TXXX:MUSICBRAINZ ALBUM TYPE", "RELEASETYPE|MUSICBRAINZ_ALBUMTYPE",      "*MUSICBRAINZ ALBUM TYPE",  "MUSICBRAINZ_ALBUMTYPE", "MUSICBRAINZ/ALBUM TYPE"),
    _fact("release_status",   _T,                      "TXXX:MUSICBRAINZ ALBUM STATUS", "RELEASESTATUS|MUSICBRAINZ_ALBUMSTATUS", "*MUSICBRAINZ ALBUM STATUS", "MUSICBRAINZ_ALBUMSTATUS", "MUSICBRAINZ/ALBUM STATUS"),
    _fact("release_country",  _T,                      "TXXX:MUSICBRAINZ ALBUM RELEASE COUNTRY", "RELEASECOUNTRY|COUNTRY",      "*MUSICBRAINZ ALBUM RELEASE COUNTRY", "",         "MUSICBRAINZ/ALBUM RELEASE COUNTRY", "ICNT"),
    _fact("media",            _T,                      "TMED",                   "MEDIA|MEDIATYPE|SOURCEMEDIA",                 "",                         "",                   "WM/MEDIA",                      "IMED",           "",          "ORIGINAL_MEDIA_TYPE"),
    _fact("script",           _T,                      "",                       "SCRIPT",                                      "",                         "",                   "WM/SCRIPT"),
    _fact("mood",             _T,                      "TMOO",                   "MOOD",                                        "©moo",                     "",                   "WM/MOOD"),
    _fact("grouping",         _T,                      "GRP1|TIT1",              "GROUPING|CONTENTGROUP",                       "©grp",                     "",                   "WM/CONTENTGROUPDESCRIPTION"),
    _fact("work",             _T,                      "TXXX:WORK",              "WORK",                                        "©wrk",                     "",                   "WM/WORK"),
    _fact("movement",         _T,                      "MVNM",                   "MOVEMENTNAME|MOVEMENT NAME",                  "©mvn"),
    _fact("movement_number",  _W,                      "MVIN",                   "MOVEMENT|MOVEMENTNUMBER",                     "©mvi"),
    _fact("movement_total",   _W,                      "",                       "MOVEMENTTOTAL",                               "©mvc"),
    _fact("show_movement",    _F,                      "",                       "SHOWMOVEMENT",                                "shwm"),
    _fact("copyright",        _T,                      "TCOP",                   "COPYRIGHT",                                   "cprt",                     "",                   "WM/COPYRIGHT",                  "ICOP",           "(C) "),
    _fact("produced_notice",  _T,                      "TPRO",                   "PRODUCEDNOTICE"),
    _fact("license",          _T,                      "WCOP",                   "LICENSE",                                     "",                         "",                   "LICENSE|WM/COPYRIGHTURL",       "",               "",          "TERMS_OF_USE"),
    _fact("encoded_by",       _T,                      "TENC",                   "ENCODEDBY|ENCODED-BY|ENCODED_BY",             "©enc",                     "",                   "WM/ENCODEDBY",                  "ITCH|ISFT|CODE", "",          ""),
    _fact("encoder_settings", _T,                      "TSSE",                   "ENCODERSETTINGS|ENCODING|ENCODER|ENCODER SETTINGS|ENCODER_OPTIONS", "©too", "",                   "WM/ENCODINGSETTINGS|WM/TOOLNAME", "",             "",          "SEGMENT:ENCODER|ENCODER_SETTINGS"),
    _fact("encoding_time",    _T,                      "TDEN",                   "ENCODINGTIME|DATE_ENCODED|ENCODEDDATE",       "",                         "",                   "WM/ENCODINGTIME"),
    _fact("tagging_time",     _T,                      "TDTG",                   "TAGGINGTIME|DATE_TAGGED"),
    _fact("original_artist",  _T,                      "TOPE",                   "ORIGINALARTIST|ORIGINAL ARTIST|ORIGARTIST",   "©ope",                     "",                   "WM/ORIGINALARTIST"),
    _fact("original_album",   _T,                      "TOAL",                   "ORIGINALALBUM|ORIGALBUM",                     "",                         "",                   "WM/ORIGINALALBUMTITLE"),
    _fact("original_lyricist", _T,                     "TOLY",                   "ORIGINALLYRICIST",                            "",                         "",                   "WM/ORIGINALLYRICIST"),
    _fact("original_filename", _T,                     "TOFN",                   "ORIGINALFILENAME",                            "",                         "",                   "WM/ORIGINALFILENAME"),
    _fact("director",         _T,                      "TIPL:DIRECTOR",          "DIRECTOR",                                    "©dir",                     "",                   "WM/DIRECTOR"),
    _fact("website",          _T,                      "WOAR",                   "WEBSITE|CONTACT",                             "",                         "RELATED",            "WM/AUTHORURL",                  "IBSU|IURL"),
    _fact("synced_lyrics",    _T,                      "SYLT",                   "SYNCEDLYRICS|SYNCED LYRICS",                  "",                         "",                   "WM/LYRICS_SYNCHRONISED"),
    _fact("gapless",          _F,                      "",                       "GAPLESS|ITUNESGAPLESS",                       "pgap"),
    _fact("rating",           _W,                      "POPM",                   "RATING|FMPS_RATING",                          "rate",                     "",                   "WM/SHAREDUSERRATING",           "IRTD"),
    _fact("play_count",       _W,                      "PCNT",                   "PLAYCOUNT|PLAY_COUNTER",                      "plcn"),
    _fact("replaygain_track_gain", _N,                 "TXXX:REPLAYGAIN_TRACK_GAIN|RVA2:TRACK", "REPLAYGAIN_TRACK_GAIN",        "",                         "",                   "WM/REPLAYGAIN_TRACK_GAIN",      "",               "",          "REPLAYGAIN_GAIN"),
    _fact("replaygain_track_peak", _N,                 "TXXX:REPLAYGAIN_TRACK_PEAK|RVA2:TRACK:PEAK", "REPLAYGAIN_TRACK_PEAK",   "",                         "",                   "WM/REPLAYGAIN_TRACK_PEAK",      "",               "",          "REPLAYGAIN_PEAK"),
    _fact("replaygain_track_range", _N,                "",                       "REPLAYGAIN_TRACK_RANGE"),
    _fact("replaygain_album_gain", _N,                 "TXXX:REPLAYGAIN_ALBUM_GAIN|RVA2:ALBUM", "REPLAYGAIN_ALBUM_GAIN",        "",                         "",                   "WM/REPLAYGAIN_ALBUM_GAIN",      "",               "",          "ALBUM:REPLAYGAIN_GAIN"),
    _fact("replaygain_album_peak", _N,                 "TXXX:REPLAYGAIN_ALBUM_PEAK|RVA2:ALBUM:PEAK", "REPLAYGAIN_ALBUM_PEAK",   "",                         "",                   "WM/REPLAYGAIN_ALBUM_PEAK",      "",               "",          "ALBUM:REPLAYGAIN_PEAK"),
    _fact("replaygain_album_range", _N,                "",                       "REPLAYGAIN_ALBUM_RANGE"),
    _fact("replaygain_reference_loudness", _N,         "",                       "REPLAYGAIN_REFERENCE_LOUDNESS"),
    _fact("r128_track_gain",  Kind.R128,               "",                       "R128_TRACK_GAIN"),
    _fact("r128_album_gain",  Kind.R128,               "",                       "R128_ALBUM_GAIN"),
    _fact("podcast",          _F,                      "PCST",                   "PODCAST",                                     "pcst"),
    _fact("podcast_url",      _T,                      "WFED",                   "PODCASTURL",                                  "purl"),
    _fact("podcast_id",       _T,                      "TGID",                   "PODCASTID",                                   "egid"),
    _fact("podcast_category", _T,                      "TCAT",                   "PODCASTCATEGORY",                             "catg"),
    _fact("podcast_keywords", _T,                      "TKWD",                   "PODCASTKEYWORDS|KEYWORDS",                    "keyw",                     "",                   "",                              "IKEY"),
    _fact("podcast_description", _T,                   "TDES",                   "PODCASTDESC|SYNOPSIS",                        "ldes|desc|©des"),
    _fact("show",             _T,                      "",                       "SHOW|TVSHOW",                                 "tvsh"),
    _fact("show_sort",        _T,                      "",                       "SHOWSORT|TVSHOWSORT",                         "sosn"),
    _fact("media_kind",       _W,                      "",                       "ITUNESMEDIATYPE",                             "stik"),
    _fact("musicbrainz_artist_id", _T,                 "TXXX:MUSICBRAINZ ARTIST ID", "MUSICBRAINZ_ARTISTID",                    "*MUSICBRAINZ ARTIST ID",   "",                   "MUSICBRAINZ/ARTIST ID"),
    _fact("musicbrainz_album_artist_id", _T,           "TXXX:MUSICBRAINZ ALBUM ARTIST ID", "MUSICBRAINZ_ALBUMARTISTID",         "*MUSICBRAINZ ALBUM ARTIST ID", "",               "MUSICBRAINZ/ALBUM ARTIST ID"),
    _fact("musicbrainz_release_group_id", _T,          "TXXX:MUSICBRAINZ RELEASE GROUP ID", "MUSICBRAINZ_RELEASEGROUPID",       "*MUSICBRAINZ RELEASE GROUP ID", "",              "MUSICBRAINZ/RELEASE GROUP ID"),
    _fact("musicbrainz_release_track_id", _T,          "TXXX:MUSICBRAINZ RELEASE TRACK ID", "MUSICBRAINZ_RELEASETRACKID",       "*MUSICBRAINZ RELEASE TRACK ID", "",              "MUSICBRAINZ/RELEASE TRACK ID"),
    _fact("musicbrainz_work_id", _T,                   "TXXX:MUSICBRAINZ WORK ID", "MUSICBRAINZ_WORKID",                        "*MUSICBRAINZ WORK ID",     "",                   "MUSICBRAINZ/WORK ID"),
    _fact("musicbrainz_disc_id", _T,                   "TXXX:MUSICBRAINZ DISC ID", "MUSICBRAINZ_DISCID",                        "*MUSICBRAINZ DISC ID",     "",                   "MUSICBRAINZ/DISC ID"),
    _fact("musicbrainz_original_artist_id", _T,        "TXXX:MUSICBRAINZ ORIGINAL ARTIST ID", "MUSICBRAINZ_ORIGINALARTISTID",   "*MUSICBRAINZ ORIGINAL ARTIST ID", "",            "MUSICBRAINZ/ORIGINAL ARTIST ID"),
    _fact("musicbrainz_original_album_id", _T,         "TXXX:MUSICBRAINZ ORIGINAL ALBUM ID", "MUSICBRAINZ_ORIGINALALBUMID",     "*MUSICBRAINZ ORIGINAL ALBUM ID", "",             "MUSICBRAINZ/ORIGINAL ALBUM ID"),
    _fact("musicbrainz_trm_id", _T,                    "TXXX:MUSICBRAINZ TRM ID", "MUSICBRAINZ_TRMID",                          "*MUSICBRAINZ TRM ID",      "",                   "MUSICBRAINZ/TRM ID"),
    _fact("musicip_puid",     _T,                      "TXXX:MUSICIP PUID",      "MUSICIP_PUID",                                "*MUSICIP PUID",            "",                   "MUSICIP/PUID"),
    _fact("musicip_fingerprint", _T,                   "TXXX:MUSICMAGIC FINGERPRINT", "MUSICIP_FINGERPRINT|FINGERPRINT",        "*FINGERPRINT"),
    _fact("acoustid_id",      _T,                      "TXXX:ACOUSTID ID",       "ACOUSTID_ID",                                 "*ACOUSTID ID",             "",                   "ACOUSTID/ID"),
    _fact("acoustid_fingerprint", _T,                  "TXXX:ACOUSTID FINGERPRINT", "ACOUSTID_FINGERPRINT",                     "*ACOUSTID FINGERPRINT",    "",                   "ACOUSTID/FINGERPRINT"),
)
# fmt: on

FACTS: Final[Mapping[str, Fact]] = {fact.name: fact for fact in _TABLE}
#: For each family and tag: the fact that it holds, and how many better tags there are for it.
INDEX: Final[Mapping[Family, Mapping[str, tuple[str, int]]]] = {
    family: {
        tag: (fact.name, rank)
        for fact in reversed(_TABLE)
        for rank, tag in enumerate(fact.tags[family])
    }
    for family in Family
}


def fact_of(family: Family, tag: str) -> tuple[str, int] | None:
    """Return the fact that a tag holds and its rank among the tags for it, or None."""
    found = INDEX[family].get(tag)
    if found is None and tag.startswith(PEOPLE):
        return "performer", 0
    return found
