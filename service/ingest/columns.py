"""The columns that an import knows, and what each of them does to a track.

`COLUMNS` is in order of rank: where two columns state the same fact (`year` and `release_date`),
the later, more exact one wins, wherever they stand in the file. An empty cell states nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import MODE_MAJOR, MODE_MINOR
from service.ingest import cells
from service.ingest.cells import BadCellError

#: Writes one cell, which is not empty, into a track; raises `ValueError` when it cannot be read.
Fill = Callable[[Track, str], None]
#: Writes several values into a track.
FillMany = Callable[[Track, list[str]], None]

LIST_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Column:
    """One known column."""

    name: str
    fill: Fill
    #: First part of the path of the field in Track, by which the server speaks of this column.
    field: str
    #: For columns that hold a list: how a list that is already split is written.
    fill_many: FillMany | None = None


def attribute_column(name: str) -> Column:
    """Return the column that keeps its cells as attributes of this name."""

    def fill(track: Track, cell: str) -> None:
        text = cells.clean_text(cell)
        if text:
            track.attributes.add(key=name, text=text)

    return Column(name, fill, field="attributes")


def _listed(name: str, fill_many: FillMany, field: str) -> Column:
    def fill(track: Track, cell: str) -> None:
        fill_many(track, cell.split(LIST_SEPARATOR) if LIST_SEPARATOR in cell else [cell])

    return Column(name, fill, field, fill_many)


def _feature(name: str, attribute: str) -> Column:
    def fill(track: Track, cell: str) -> None:
        setattr(track.features, attribute, cells.number(cell))

    return Column(name, fill, field=f"features.{attribute}")


def _line(name: str, attribute: str) -> Column:
    def fill(track: Track, cell: str) -> None:
        setattr(track, attribute, cells.clean_line(cell))

    return Column(name, fill, field=attribute)


def _text(name: str, attribute: str) -> Column:
    def fill(track: Track, cell: str) -> None:
        setattr(track, attribute, cells.clean_text(cell))

    return Column(name, fill, field=attribute)


def _source_id(track: Track, cell: str) -> None:
    kind, _, identity = cells.clean_line(cell).partition(":")
    if not (kind and identity):
        raise BadCellError(
            f"{cells.shown(cell)} is not TYPE:ID, for example spotify:4uLU6hMCjMI75M1A2tKUQC"
        )
    track.sources.add(type=kind, id=identity)


def _artists(track: Track, names: list[str]) -> None:
    credited = track.credits
    if credited:
        del credited[:]
    for name in cells.clean_names(names):
        credited.add().name = name


def _artist(track: Track, cell: str) -> None:
    _artists(track, [cell])


def _album(track: Track, cell: str) -> None:
    title = cells.clean_line(cell)
    if title:
        track.album.title = title


def _album_artists(track: Track, names: list[str]) -> None:
    names = cells.clean_names(names)
    if track.HasField("album"):
        for name in names:
            track.album.credits.add(name=name)
    else:
        # A track without an album has no place for it, but the fact is worth keeping.
        for name in names:
            track.attributes.add(key="album_artist", text=name)


def _genres(track: Track, names: list[str]) -> None:
    track.genres[:] = cells.clean_names(names)


def _year(track: Track, cell: str) -> None:
    try:
        year = cells.whole_number(cell)
    except BadCellError:
        if cells.has_form_of_date(cell):
            raise BadCellError(
                f"{cells.shown(cell)} is more than a year: call the column release_date"
            ) from None
        raise
    if year:
        track.release_date.year = year


def _release_date(track: Track, cell: str) -> None:
    year, month, day = cells.partial_date(cell)
    date = track.release_date
    date.year = year
    date.month = month
    date.day = day


def _set_duration(track: Track, value: int) -> None:
    # 0 is how exports say "not known"; no recording is that short.
    if value:
        duration = track.duration
        duration.seconds = value // 1000
        duration.nanos = value % 1000 * 1_000_000


def _duration(track: Track, cell: str) -> None:
    _set_duration(track, cells.clock_milliseconds(cell))


def _duration_ms(track: Track, cell: str) -> None:
    _set_duration(track, cells.milliseconds(cell))


def _tempo(track: Track, cell: str) -> None:
    # 0 is what analysers write when they hear no beat.
    tempo = cells.number(cell)
    if tempo:
        track.features.tempo_bpm = tempo


def _key(track: Track, cell: str) -> None:
    # -1 is what analysers write when they hear no key.
    key = cells.whole_number(cell)
    if key != -1:
        track.features.key = key


_MODES = {"1": MODE_MAJOR, "1.0": MODE_MAJOR, "0": MODE_MINOR, "0.0": MODE_MINOR}
_MODES |= {"major": MODE_MAJOR, "minor": MODE_MINOR}


def _mode(track: Track, cell: str) -> None:
    mode = _MODES.get(cell.strip().lower())
    if mode is None:
        raise BadCellError(f"{cells.shown(cell)} is neither 1 (major) nor 0 (minor)")
    track.features.mode = mode


def _time_signature(track: Track, cell: str) -> None:
    beats = cells.whole_number(cell)
    if beats:
        track.features.time_signature = beats


def _popularity(track: Track, cell: str) -> None:
    track.popularity = cells.number(cell)


def _explicit(track: Track, cell: str) -> None:
    track.explicit = cells.flag(cell)


def _isrc(track: Track, cell: str) -> None:
    track.isrc = cells.clean_line(cell).replace("-", "").upper()


def _track_number(track: Track, cell: str) -> None:
    track.track_number, track.track_total = cells.number_and_total(cell)


def _disc_number(track: Track, cell: str) -> None:
    track.disc_number, track.disc_total = cells.number_and_total(cell)


SOURCE_ID = "source_id"
TITLE = "title"

COLUMNS = (
    Column(SOURCE_ID, _source_id, field="sources"),
    _line(TITLE, "title"),
    Column("artist", _artist, field="credits"),
    _listed("artists", _artists, field="credits"),
    Column("album", _album, field="album.title"),
    _listed("album_artist", _album_artists, field="album.credits"),
    _listed("genre", _genres, field="genres"),
    _listed("genres", _genres, field="genres"),
    Column("year", _year, field="release_date"),
    Column("release_date", _release_date, field="release_date"),
    Column("duration", _duration, field="duration"),
    Column("duration_ms", _duration_ms, field="duration"),
    Column("track_number", _track_number, field="track_number"),
    Column("disc_number", _disc_number, field="disc_number"),
    Column("tempo", _tempo, field="features.tempo_bpm"),
    Column("bpm", _tempo, field="features.tempo_bpm"),
    Column("key", _key, field="features.key"),
    Column("mode", _mode, field="features.mode"),
    Column("time_signature", _time_signature, field="features.time_signature"),
    _feature("loudness", "loudness_lufs"),
    _feature("energy", "energy"),
    _feature("danceability", "danceability"),
    _feature("valence", "valence"),
    _feature("acousticness", "acousticness"),
    _feature("instrumentalness", "instrumentalness"),
    _feature("liveness", "liveness"),
    _feature("speechiness", "speechiness"),
    Column("popularity", _popularity, field="popularity"),
    Column("explicit", _explicit, field="explicit"),
    Column("isrc", _isrc, field="isrc"),
    _line("mbid", "mbid"),
    _line("label", "label"),
    _line("language", "language"),
    _text("lyrics", "lyrics"),
    _text("comment", "comment"),
    attribute_column("source"),
)

KNOWN = {column.name: column for column in COLUMNS}


def column_name(heading: str) -> str:
    """Return the name that a heading stands for: "Release Date" is `release_date`."""
    return "_".join(cells.clean_line(heading).lower().replace("-", " ").split())


def by_rank(names: list[str]) -> list[tuple[int, Column]]:
    """Return the columns of a file with their positions, those that win over others last.

    Names that are not known become attributes. An empty name is left out.
    """
    places = {name: place for place, name in enumerate(names) if name}
    known = [(places[column.name], column) for column in COLUMNS if column.name in places]
    other = [(place, attribute_column(name)) for name, place in places.items() if name not in KNOWN]
    return known + other


def column_of_field(path: str, among: Collection[str]) -> str:
    """Return which of some columns a path of Track speaks of, or the path itself."""
    for name in among:
        column = KNOWN.get(name)
        if column and path.startswith(column.field):
            return name
    return path
