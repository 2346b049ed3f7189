"""Tables become tracks, and what cannot is reported with its line."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import MODE_MINOR, Attribute, CreditedName, ExternalSource, PartialDate
from service.ingest.columns import COLUMNS, column_name, column_of_field
from service.ingest.problems import Problem, SourceError
from service.ingest.tables import open_table


class Read:
    """A file that was read to its end."""

    def __init__(self, path: Path, *, encoding: str = "utf-8", strict: bool = False) -> None:
        self.problems: list[Problem] = []
        table = open_table(path, self.problems.append, encoding=encoding, strict=strict)
        self.rows = list(table.rows)
        self.tracks = [track for _, track in self.rows]
        self.lines = [line for line, _ in self.rows]
        self.unknown = table.unknown_columns
        self.fraction = table.fraction()

    @property
    def told(self) -> list[tuple[int, str]]:
        return [(problem.line, problem.column) for problem in self.problems]


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_every_column_reaches_its_field(tmp_path: Path) -> None:
    cells = {
        "source_id": "spotify:x:1",
        "title": "Jóga",
        "artists": "Björk|Björk|Guest",
        "album": "Homogenic",
        "album_artist": "Björk",
        "year": "1990",
        "release_date": "1997-09-22",
        "duration_ms": "305000",
        "genre": "art pop|electronic",
        "tempo": "80.5",
        "key": "9",
        "mode": "minor",
        "time_signature": "4",
        "loudness": "-7.5",
        "energy": "0.5",
        "danceability": "0.25",
        "valence": "0.125",
        "acousticness": "0",
        "instrumentalness": "1",
        "liveness": "0.75",
        "speechiness": "0.0625",
        "popularity": "61",
        "explicit": "0",
        "isrc": "gb-aaa-97-00123",
        "mbid": "8b882575-08a5-4452-a7a7-cbb8a1531f9e",
        "track_number": "2/10",
        "disc_number": "1",
        "label": "One Little Indian",
        "language": "en",
        "lyrics": "one\ntwo",
        "comment": "fine",
        "source": "hand",
        "mood": "calm",
    }
    stream = io.StringIO()
    writer = csv.DictWriter(stream, cells)
    writer.writeheader()
    writer.writerow(cells)
    read = Read(written(tmp_path / "t.csv", stream.getvalue()))

    expected = Track(
        title="Jóga",
        sources=[ExternalSource(type="spotify", id="x:1")],
        credits=[CreditedName(name="Björk"), CreditedName(name="Guest")],
        release_date=PartialDate(year=1997, month=9, day=22),
        genres=["art pop", "electronic"],
        explicit=False,
        isrc="GBAAA9700123",
        mbid="8b882575-08a5-4452-a7a7-cbb8a1531f9e",
        popularity=61,
        track_number=2,
        track_total=10,
        disc_number=1,
        label="One Little Indian",
        language="en",
        lyrics="one\ntwo",
        comment="fine",
        attributes=[Attribute(key="source", text="hand"), Attribute(key="mood", text="calm")],
    )
    expected.duration.FromMilliseconds(305_000)
    expected.album.title = "Homogenic"
    expected.album.credits.add(name="Björk")
    features = expected.features
    features.tempo_bpm, features.key, features.mode, features.time_signature = (
        80.5,
        9,
        MODE_MINOR,
        4,
    )
    features.loudness_lufs, features.energy, features.danceability = -7.5, 0.5, 0.25
    features.valence, features.acousticness, features.instrumentalness = 0.125, 0, 1
    features.liveness, features.speechiness = 0.75, 0.0625
    assert read.tracks == [expected]
    assert read.unknown == ["mood"]
    assert read.problems == []
    assert read.fraction == 1.0


names = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf"], exclude_characters="|"), min_size=1
).filter(str.strip)


@given(st.lists(st.tuples(names, st.lists(names, max_size=3)), min_size=1, max_size=5))
def test_any_text_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("texts")
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["source_id", "title", "artists"])
    objects = []
    for number, (title, artists) in enumerate(rows):
        writer.writerow([f"t:{number}", title, "|".join(artists)])
        objects.append({"source_id": f"t:{number}", "title": title, "artists": artists})
    lines = "".join(json.dumps(record) + "\n" for record in objects)
    of_table = Read(written(folder / "t.csv", table.getvalue()))
    of_objects = Read(written(folder / "t.jsonl", lines))
    assert of_table.tracks == of_objects.tracks
    assert of_table.problems == of_objects.problems == []
    assert [track.title for track in of_table.tracks] == [title.strip() for title, _ in rows]


def test_bad_rows_are_reported_with_their_lines(tmp_path: Path) -> None:
    text = (
        "source_id,title,year,duration,key\n"
        "a:1,x,199x,,\n"
        "a:2,,1999,,\n"
        'a:3,"two\nlines",1999,1:99,\n'
        ",no id,,,\n"
        "a,no type,,,\n"
        "\n"
        "a:7,good,1999,3:20,4.0\n"
        "a:7,again,,,\n"
        "a:8,too short\n"
        'a:9,"un"closed,,,\n'
        "a:10,huge,99999999999,,\n"
        "a:11,good too,,,\n"
    )
    read = Read(written(tmp_path / "t.csv", text))
    assert [(line, track.title) for line, track in read.rows] == [(9, "good"), (14, "good too")]
    assert read.told == [
        (2, "year"),
        (3, "title"),
        (4, "duration"),
        (6, "source_id"),
        (7, "source_id"),
        (10, "source_id"),
        (11, ""),
        (12, ""),
        (13, "year"),
    ]
    assert str(read.problems[0]) == f"{tmp_path / 't.csv'}:2: year: '199x' is not a number"


@pytest.mark.parametrize("cell", ["1997-09-22", "1997-09"])
def test_a_date_in_the_column_of_years_is_shown_its_place(tmp_path: Path, cell: str) -> None:
    read = Read(written(tmp_path / "t.csv", f"source_id,title,year\na:1,x,{cell}\n"))
    assert str(read.problems[0]) == (
        f"{tmp_path / 't.csv'}:2: year: '{cell}' is more than a year: call the column release_date"
    )


def test_what_exports_write_for_unknown_is_not_a_value(tmp_path: Path) -> None:
    text = "source_id,title,year,duration_ms,tempo,key,time_signature\na:1,x,0,0,0.0,-1,0\n"
    read = Read(written(tmp_path / "t.csv", text))
    bare = Track(title="x", sources=[ExternalSource(type="a", id="1")])
    assert [track.SerializeToString() for track in read.tracks] == [bare.SerializeToString()]


def test_an_album_artist_without_album_is_kept(tmp_path: Path) -> None:
    read = Read(written(tmp_path / "t.csv", "source_id,title,album_artist\na:1,x,Various\n"))
    assert list(read.tracks[0].attributes) == [Attribute(key="album_artist", text="Various")]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.txt", "table"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str, name: str, packed: bool) -> None:
    text = "\ufeffsource_id,Title,Release Date\r\na:1,x,1999-03\r\n".replace(",", delimiter)
    path = tmp_path / (name + ".gz" * packed)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    read = Read(path)
    assert read.tracks[0].release_date == PartialDate(year=1999, month=3)


def test_json_lines_are_told_by_name_or_content(tmp_path: Path) -> None:
    line = (
        '{"source_id": "a:1", "title": "x", "explicit": true, "year": 1999, "foo": 3, "mbid": null}'
    )
    for name in ("t.jsonl", "t.ndjson", "noname"):
        read = Read(written(tmp_path / name, line + "\n\n"))
        assert read.tracks[0].explicit
        assert read.tracks[0].release_date.year == 1999
        assert read.unknown == ["foo"]


def test_bad_objects_are_reported_with_their_lines(tmp_path: Path) -> None:
    lines = [
        '{"source_id": "a:1", "title": "\\ud800"}',
        "nope",
        "[1]",
        '{"source_id": "a:4", "title": ["x"]}',
        '{"source_id": "a:5", "title": {"x": 1}}',
        '{"source_id": "a:6", "title": "x", "artists": [1]}',
        '{"title": "x"}',
        '{"source_id": "a:8", "title": "x", "energy": NaN}',
        "[" * 100_000,
        '{"source_id": "a:10", "title": "good", "artist": "A|B"}',
    ]
    read = Read(written(tmp_path / "t.jsonl", "\n".join(lines)))
    assert read.lines == [10]
    assert [credit.name for credit in read.tracks[0].credits] == ["A|B"]
    columns = ["title", "", "", "title", "title", "artists", "source_id", "energy", ""]
    assert read.told == list(enumerate(columns, 1))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("t.csv", "", "empty"),
        ("t.csv", "\n\n", "empty"),
        ("t.csv", "title,artist\nx,y\n", "no column source_id"),
        ("t.csv", "name\nx\n", "no column source_id and no column title"),
        ("t.csv", "source_id,title,title\n", "more than one column title"),
        ("t.csv", 'source_id,"ti"tle\n', "header cannot be read"),
        ("t.json", '[{"title": 1}]', "jq -c"),
    ],
)
def test_files_of_no_use_are_refused(tmp_path: Path, name: str, content: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        Read(written(tmp_path / name, content))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        Read(tmp_path / "none.csv")


def test_unknown_columns_are_refused_on_demand(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not known: mood"):
        Read(written(tmp_path / "t.csv", "source_id,title,mood\n"), strict=True)
    lines = '{"source_id": "a:1", "title": "x", "mood": "calm"}\n'
    assert Read(written(tmp_path / "t.jsonl", lines), strict=True).told == [(1, "mood")]


def test_another_encoding_is_located(tmp_path: Path) -> None:
    text = "source_id,title\na:1,x\na:2,Björk\n"
    path = written(tmp_path / "t.csv", text, "latin-1")
    with pytest.raises(SourceError, match=r"line 3, byte 7 \(0xF6\)"):
        Read(path)
    assert Read(path, encoding="latin-1").tracks[1].title == "Björk"
    wide = written(tmp_path / "u.csv", text, "utf-16")
    assert Read(wide, encoding="utf-16").tracks[1].title == "Björk"
    with pytest.raises(SourceError, match="no encoding is named nonsense"):
        Read(path, encoding="nonsense")


@pytest.mark.parametrize("damage", ["cut", "checksum"])
def test_broken_compression_keeps_the_rows_before_it(tmp_path: Path, damage: str) -> None:
    rows = "".join(f"a:{number},{hash(number) * 7919},\n" for number in range(50_000))
    data = bytearray(gzip.compress(("source_id,title,artist\n" + rows).encode()))
    if damage == "cut":
        del data[len(data) // 2 :]
    else:
        data[-6] ^= 0xFF
    path = tmp_path / "t.csv.gz"
    path.write_bytes(data)
    problems: list[Problem] = []
    table = open_table(path, problems.append)
    tracks: list[Track] = []
    with pytest.raises(SourceError, match="damaged after line"):
        tracks.extend(track for _, track in table.rows)
    assert len(tracks) > 1000
    assert [track.sources[0].id for track in tracks] == [str(n) for n in range(len(tracks))]
    assert problems == []


def test_errors_of_the_server_name_the_column_of_the_file() -> None:
    assert column_of_field("credits[0].name", ["title", "artists"]) == "artists"
    assert column_of_field("credits[0].name", ["artist"]) == "artist"
    assert column_of_field("features.key", ["key", "tempo"]) == "key"
    assert column_of_field("files[0].uri", ["title"]) == "files[0].uri"


def test_headings_are_read_as_people_write_them() -> None:
    assert column_name(" Release  Date\n") == column_name("release-date") == "release_date"
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)


def test_rows_of_whole_tracks_are_told_by_their_sources(tmp_path: Path) -> None:
    rows = (
        'title,sources,duration\nA,"[{""type"":""t"",""id"":""1""}]","""1.500s"""\n'
        'B,"[{""type"":""t"",""id"":""2""}]",1.5\nC,nothing,\nD,"[{""kind"":""t""}]",\nE,,\nF\n'
        'G,"[{""type"":""t"",""id"":""1""}]",\n'
    )
    read = Read(written(tmp_path / "t.csv", rows))
    assert [(track.title, track.sources[0].id) for track in read.tracks] == [("A", "1")]
    assert read.tracks[0].duration.nanos == 500_000_000
    assert [line for line, _ in read.told] == [3, 4, 5, 6, 7, 8]
    assert read.unknown == []


def test_lines_of_whole_tracks_and_of_a_table_may_be_mixed(tmp_path: Path) -> None:
    rows = (
        '{"title":"A","sources":[{"type":"t","id":"1"}],"release_date":{"year":1999}}\n'
        '{"title":"B","source_id":"t:2","release_date":"1999"}\n'
        '{"title":"C","sources":[{"type":"t","id":"3"}],"release_date":"1999"}\n'
        '{"title":"D","sources":[{"type":"t","id":"4"}],"mood":"sad"}\n'
    )
    read = Read(written(tmp_path / "t.jsonl", rows))
    assert [track.release_date.year for track in read.tracks] == [1999, 1999]
    assert [problem.line for problem in read.problems] == [3, 4]
    assert 'no field named "mood"' in read.problems[1].message


def test_columns_of_whole_tracks_must_be_fields(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "title,sources,mood\nA,[],sad\n")
    with pytest.raises(SourceError, match="no fields of a track: mood"):
        Read(path)
