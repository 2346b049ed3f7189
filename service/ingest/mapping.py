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
    #: The tag that is written, in the case that other programs look for.
    written: Mapping[Family, str]


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
    written: dict[Family, str] = {}
    for family, cell in zip(Family, columns, strict=True):
        free = [] if family in _FIXED else [FREE.get(family, "") + tag for tag in common]
        own = [tag.replace("*", "----:", 1) for tag in _split(cell)]
        names = dict.fromkeys(_as_read(family, tag) for tag in [*own, *free])
        tags[family], written[family] = tuple(names), (own or free or [""])[0]
    return Fact(name, target, tags, written)


def _as_read(family: Family, tag: str) -> str:
    """Return a name as tags are compared: in upper case, but for the atoms of MP4."""
    is_atom = family is Family.MP4 and not tag.startswith(FREE[family])
    return tag if is_atom else tag.upper()


def _split(cell: str) -> list[str]:
    return [name for name in cell.split("|") if name]


_T, _W, _N, _F = Kind.TEXT, Kind.WHOLE, Kind.NUMBER, Kind.FLAG

# fmt: off
#: The columns: ID3 (names as of 2.4), Vorbis and all free names, MP4 ("*" is a free name), APE, ASF, RIFF, AIFF, Matroska.
_TABLE: Final = (
    #     fact                field of Track           ID3                       Vorbis                                         MP4                         APE                   ASF                              RIFF              AIFF         Matroska
    _fact("title",            "title",                 "TIT2",                   "TITLE",                                       "©nam",                     "",                   "Title|WM/Title",                      "INAM|TITL",      "NAME",      "SEGMENT:TITLE"),
    _fact("artist",           "credits",               "TPE1",                   "ARTIST|AUTHOR",                               "©ART",                     "",                   "Author|WM/Author",                     "IART",           "AUTH",      "LEAD_PERFORMER"),
    _fact("artists",          "credits",               "",                       "ARTISTS",                                     "",                         "",                   "WM/Artists"),
    _fact("album",            "album.title",           "TALB",                   "ALBUM",                                       "©alb",                     "",                   "WM/AlbumTitle",                 "IPRD|IALB|ALBU", "",          "ALBUM:TITLE"),
    _fact("album_artist",     "album.credits",         "TPE2",                   "ALBUMARTIST|ALBUM ARTIST|ALBUM_ARTIST",       "aART",                     "ALBUM ARTIST",       "WM/AlbumArtist",                "",               "",          "ALBUM:ARTIST|ALBUM:LEAD_PERFORMER"),
    _fact("album_mbid",       "album.mbid",            "TXXX:MusicBrainz Album Id", "MUSICBRAINZ_ALBUMID",                      "*MusicBrainz Album Id",    "",                   "MusicBrainz/Album Id"),
    _fact("mbid",             "mbid",                  "UFID:http://musicbrainz.org|TXXX:MusicBrainz Track Id", "MUSICBRAINZ_TRACKID", "*MusicBrainz Track Id", "",               "MusicBrainz/Track Id"),
    _fact("track_number",     "track_number",          "TRCK",                   "TRACKNUMBER|TRACK|TRACKNUM",                  "trkn",                     "TRACK",              "WM/TrackNumber",       "ITRK|IPRT|TRCK|PRT1", "",     "PART_NUMBER"),
    _fact("track_total",      "track_total",           "",                       "TRACKTOTAL|TOTALTRACKS|TRACKC",               "",                         "",                   "",                              "IFRM|PRT2",      "",          "ALBUM:TOTAL_PARTS|TOTAL_PARTS"),
    _fact("disc_number",      "disc_number",           "TPOS",                   "DISCNUMBER|DISC",                             "disk",                     "DISC",               "WM/PartOfSet",                  "",               "",          "ALBUM:PART_NUMBER"),
    _fact("disc_total",       "disc_total",            "",                       "DISCTOTAL|TOTALDISCS|DISCC",                  "",                         "",                   ""),
    _fact("genre",            "genres",                "TCON",                   "GENRE",                                       "©gen|gnre",                "",                   "WM/Genre",                      "IGNR|GENR",      "",          "ALBUM:GENRE"),
    _fact("date",             "release_date",          "TDRC|TDRL|TYER",         "DATE|YEAR|RELEASEDATE|RELEASE DATE",          "©day",                     "YEAR",               "WM/Year",                       "ICRD|YEAR|DTIM", "",          "DATE_RELEASED|ALBUM:DATE_RELEASED|DATE_RECORDED|ALBUM:DATE"),
    _fact("original_date",    "original_release_date", "TDOR|TORY",              "ORIGINALDATE|ORIGINALYEAR|ORIGINAL YEAR|ORIGYEAR", "",                    "",                   "WM/OriginalReleaseTime|WM/OriginalReleaseYear"),
    _fact("isrc",             "isrc",                  "TSRC",                   "ISRC",                                        "",                         "",                   "WM/ISRC",                       "ISRC"),
    _fact("bpm",              "features.tempo_bpm",    "TBPM",                   "BPM|TEMPO|FBPM",                              "tmpo",                     "",                   "WM/BeatsPerMinute",             "IBPM",           "",          "BPM"),
    _fact("key",              "features.key",          "TKEY",                   "INITIALKEY|INITIAL KEY|INITIAL_KEY|KEY",      "",                         "",                   "WM/InitialKey",                 "",               "",          "INITIAL_KEY"),
    _fact("lyrics",           "lyrics",                "USLT",                   "LYRICS|UNSYNCEDLYRICS|UNSYNCED LYRICS",       "©lyr",                     "",                   "WM/Lyrics"),
    _fact("comment",          "comment",               "COMM",                   "COMMENT|DESCRIPTION",                         "©cmt",                     "",                   "Description|WM/Comments",                  "ICMT|COMM",      "ANNO|COMT", "COMMENTS"),
    _fact("label",            "label",                 "TPUB",                   "LABEL|PUBLISHER|ORGANIZATION",                "©pub|©lab",                "",                   "WM/Publisher",                  "IPUB"),
    _fact("language",         "language",              "TLAN",                   "LANGUAGE",                                    "",                         "",                   "WM/Language",                   "ILNG|LANG",      "",          ""),
    _fact("explicit",         "explicit",              "",                       "ITUNESADVISORY",                              "rtng",                     "",                   "WM/ParentalRating"),
    _fact("composer",         "credits, composer",     "TCOM",                   "COMPOSER",                                    "©wrt",                     "",                   "WM/Composer",                   "IMUS|ICOM"),
    _fact("lyricist",         "credits, lyricist",     "TEXT",                   "LYRICIST|WRITER",                             "",                         "",                   "WM/Writer",                     "IWRI"),
    _fact("conductor",        "credits, conductor",    "TPE3",                   "CONDUCTOR",                                   "©con",                     "",                   "WM/Conductor"),
    _fact("remixer",          "credits, remixer",      "TPE4",                   "REMIXER|MIXARTIST|REMIXED_BY",                "",                         "MIXARTIST",          "WM/ModifiedBy"),
    _fact("arranger",         "credits, arranger",     "TIPL:ARRANGER",          "ARRANGER",                                    "©arg",                     "",                   "WM/Arranger"),
    _fact("producer",         "credits, producer",     "TIPL:PRODUCER",          "PRODUCER",                                    "©prd",                     "",                   "WM/Producer",                   "IPRO|IPDS"),
    _fact("engineer",         "credits, engineer",     "TIPL:ENGINEER",          "ENGINEER|SOUND_ENGINEER",                     "©sne",                     "",                   "WM/Engineer",                   "IENG"),
    _fact("mixer",            "credits, engineer",     "TIPL:MIX|TIPL:MIXER",    "MIXER|MIXED_BY",                              "",                         "",                   "WM/Mixer"),
    _fact("dj_mixer",         "credits, DJ mixer",     "TIPL:DJ-MIX|TIPL:DJMIXER", "DJMIXER|DJ-MIX",                            "",                         "",                   "WM/DJMixer"),
    _fact("performer",        "credits, performer",    "TMCL",                   "PERFORMER",                                   "©prf",                     "",                   "",                              "ISTR"),
    #     fact                kind of attribute
    _fact("title_sort",       _T,                      "TSOT",                   "TITLESORT|TITLESORTORDER",                    "sonm",                     "",                   "WM/TitleSortOrder"),
    _fact("artist_sort",      _T,                      "TSOP",                   "ARTISTSORT|ARTISTSORTORDER",                  "soar",                     "",                   "WM/ArtistSortOrder"),
    _fact("artists_sort",     _T,                      "",                       "ARTISTS_SORT"),
    _fact("album_sort",       _T,                      "TSOA",                   "ALBUMSORT|ALBUMSORTORDER",                    "soal",                     "",                   "WM/AlbumSortOrder"),
    _fact("album_artist_sort", _T,                     "TSO2",                   "ALBUMARTISTSORT|ALBUMARTISTSORTORDER",        "soaa",                     "",                   "WM/AlbumArtistSortOrder"),
    _fact("album_artists",    _T,                      "",                       "ALBUMARTISTS|ALBUM_ARTISTS"),
    _fact("composer_sort",    _T,                      "TSOC",                   "COMPOSERSORT|COMPOSERSORTORDER",              "soco",                     "",                   "WM/ComposerSortOrder"),
    _fact("subtitle",         _T,                      "TIT3",                   "SUBTITLE|VERSION",                            "©st3",                     "",                   "WM/SubTitle",                   "ISBJ"),
    _fact("disc_subtitle",    _T,                      "TSST",                   "DISCSUBTITLE|SETSUBTITLE",                    "",                         "",                   "WM/SetSubTitle"),
    _fact("compilation",      _F,                      "TCMP",                   "COMPILATION",                                 "cpil",                     "",                   "WM/IsCompilation|ISCOMPILATION"),
    _fact("barcode",          _T,                      "",                       "BARCODE|UPC|EAN|EAN/UPN",                     "",                         "",                   "WM/Barcode"),
    _fact("catalog_number",   _T,                      "",                       "CATALOGNUMBER|CATALOG|LABELNO|CATALOG #",     "",                         "",                   "WM/CatalogNo",                  "",               "",          "CATALOG_NUMBER"),
    _fact("asin",             _T,                      "",                       "ASIN"),
    _fact("release_type",     _T,                      "TXXX:MusicBrainz Album Type", "RELEASETYPE|MUSICBRAINZ_ALBUMTYPE",      "*MusicBrainz Album Type",  "MUSICBRAINZ_ALBUMTYPE", "MusicBrainz/Album Type"),
    _fact("release_status",   _T,                      "TXXX:MusicBrainz Album Status", "RELEASESTATUS|MUSICBRAINZ_ALBUMSTATUS", "*MusicBrainz Album Status", "MUSICBRAINZ_ALBUMSTATUS", "MusicBrainz/Album Status"),
    _fact("release_country",  _T,                      "TXXX:MusicBrainz Album Release Country", "RELEASECOUNTRY|COUNTRY",      "*MusicBrainz Album Release Country", "",         "MusicBrainz/Album Release Country", "ICNT"),
    _fact("media",            _T,                      "TMED",                   "MEDIA|MEDIATYPE|SOURCEMEDIA",                 "",                         "",                   "WM/Media",                      "IMED",           "",          "ORIGINAL_MEDIA_TYPE"),
    _fact("script",           _T,                      "",                       "SCRIPT",                                      "",                         "",                   "WM/Script"),
    _fact("mood",             _T,                      "TMOO",                   "MOOD",                                        "©moo",                     "",                   "WM/Mood"),
    _fact("grouping",         _T,                      "GRP1|TIT1",              "GROUPING|CONTENTGROUP",                       "©grp",                     "",                   "WM/ContentGroupDescription"),
    _fact("work",             _T,                      "TXXX:WORK",              "WORK",                                        "©wrk",                     "",                   "WM/Work"),
    _fact("movement",         _T,                      "MVNM",                   "MOVEMENTNAME|MOVEMENT NAME",                  "©mvn"),
    _fact("movement_number",  _W,                      "MVIN",                   "MOVEMENT|MOVEMENTNUMBER",                     "©mvi"),
    _fact("movement_total",   _W,                      "",                       "MOVEMENTTOTAL",                               "©mvc"),
    _fact("show_movement",    _F,                      "",                       "SHOWMOVEMENT",                                "shwm"),
    _fact("copyright",        _T,                      "TCOP",                   "COPYRIGHT",                                   "cprt",                     "",                   "Copyright|WM/Copyright",                  "ICOP",           "(C) "),
    _fact("produced_notice",  _T,                      "TPRO",                   "PRODUCEDNOTICE"),
    _fact("license",          _T,                      "WCOP",                   "LICENSE",                                     "",                         "",                   "LICENSE|WM/CopyrightURL",       "",               "",          "TERMS_OF_USE"),
    _fact("encoded_by",       _T,                      "TENC",                   "ENCODEDBY|ENCODED-BY|ENCODED_BY",             "©enc",                     "",                   "WM/EncodedBy",                  "ITCH|ISFT|CODE", "",          ""),
    _fact("encoder_settings", _T,                      "TSSE",                   "ENCODERSETTINGS|ENCODING|ENCODER|ENCODER SETTINGS|ENCODER_OPTIONS", "©too", "",                   "WM/EncodingSettings|WM/ToolName", "",             "",          "SEGMENT:ENCODER|ENCODER_SETTINGS"),
    _fact("encoding_time",    _T,                      "TDEN",                   "ENCODINGTIME|DATE_ENCODED|ENCODEDDATE",       "",                         "",                   "WM/EncodingTime"),
    _fact("tagging_time",     _T,                      "TDTG",                   "TAGGINGTIME|DATE_TAGGED"),
    _fact("original_artist",  _T,                      "TOPE",                   "ORIGINALARTIST|ORIGINAL ARTIST|ORIGARTIST",   "©ope",                     "",                   "WM/OriginalArtist"),
    _fact("original_album",   _T,                      "TOAL",                   "ORIGINALALBUM|ORIGALBUM",                     "",                         "",                   "WM/OriginalAlbumTitle"),
    _fact("original_lyricist", _T,                     "TOLY",                   "ORIGINALLYRICIST",                            "",                         "",                   "WM/OriginalLyricist"),
    _fact("original_filename", _T,                     "TOFN",                   "ORIGINALFILENAME",                            "",                         "",                   "WM/OriginalFilename"),
    _fact("director",         _T,                      "TIPL:DIRECTOR",          "DIRECTOR",                                    "©dir",                     "",                   "WM/Director"),
    _fact("website",          _T,                      "WOAR",                   "WEBSITE|CONTACT",                             "",                         "RELATED",            "WM/AuthorURL",                  "IBSU|IURL"),
    _fact("synced_lyrics",    _T,                      "SYLT",                   "SYNCEDLYRICS|SYNCED LYRICS",                  "",                         "",                   "WM/Lyrics_Synchronised"),
    _fact("gapless",          _F,                      "",                       "GAPLESS|ITUNESGAPLESS",                       "pgap"),
    _fact("rating",           _W,                      "POPM",                   "RATING|FMPS_RATING",                          "rate",                     "",                   "WM/SharedUserRating",           "IRTD"),
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
    _fact("musicbrainz_artist_id", _T,                 "TXXX:MusicBrainz Artist Id", "MUSICBRAINZ_ARTISTID",                    "*MusicBrainz Artist Id",   "",                   "MusicBrainz/Artist Id"),
    _fact("musicbrainz_album_artist_id", _T,           "TXXX:MusicBrainz Album Artist Id", "MUSICBRAINZ_ALBUMARTISTID",         "*MusicBrainz Album Artist Id", "",               "MusicBrainz/Album Artist Id"),
    _fact("musicbrainz_release_group_id", _T,          "TXXX:MusicBrainz Release Group Id", "MUSICBRAINZ_RELEASEGROUPID",       "*MusicBrainz Release Group Id", "",              "MusicBrainz/Release Group Id"),
    _fact("musicbrainz_release_track_id", _T,          "TXXX:MusicBrainz Release Track Id", "MUSICBRAINZ_RELEASETRACKID",       "*MusicBrainz Release Track Id", "",              "MusicBrainz/Release Track Id"),
    _fact("musicbrainz_work_id", _T,                   "TXXX:MusicBrainz Work Id", "MUSICBRAINZ_WORKID",                        "*MusicBrainz Work Id",     "",                   "MusicBrainz/Work Id"),
    _fact("musicbrainz_disc_id", _T,                   "TXXX:MusicBrainz Disc Id", "MUSICBRAINZ_DISCID",                        "*MusicBrainz Disc Id",     "",                   "MusicBrainz/Disc Id"),
    _fact("musicbrainz_original_artist_id", _T,        "TXXX:MusicBrainz Original Artist Id", "MUSICBRAINZ_ORIGINALARTISTID",   "*MusicBrainz Original Artist Id", "",            "MusicBrainz/Original Artist Id"),
    _fact("musicbrainz_original_album_id", _T,         "TXXX:MusicBrainz Original Album Id", "MUSICBRAINZ_ORIGINALALBUMID",     "*MusicBrainz Original Album Id", "",             "MusicBrainz/Original Album Id"),
    _fact("musicbrainz_trm_id", _T,                    "TXXX:MusicBrainz TRM Id", "MUSICBRAINZ_TRMID",                          "*MusicBrainz TRM Id",      "",                   "MusicBrainz/TRM Id"),
    _fact("musicip_puid",     _T,                      "TXXX:MusicIP PUID",      "MUSICIP_PUID",                                "*MusicIP PUID",            "",                   "MusicIP/PUID"),
    _fact("musicip_fingerprint", _T,                   "TXXX:MusicMagic Fingerprint", "MUSICIP_FINGERPRINT|FINGERPRINT",        "*Fingerprint"),
    _fact("acoustid_id",      _T,                      "TXXX:Acoustid Id",       "ACOUSTID_ID",                                 "*Acoustid Id",             "",                   "Acoustid/Id"),
    _fact("acoustid_fingerprint", _T,                  "TXXX:Acoustid Fingerprint", "ACOUSTID_FINGERPRINT",                     "*Acoustid Fingerprint",    "",                   "Acoustid/Fingerprint"),
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
