"""What the benchmarks stand on: made-up data that the import takes, and sums that are right."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.bench import open_catalogue
from benchmarks.made_up import write_catalogue
from benchmarks.queries import make_queries, read_queries
from benchmarks.report import Figure, histogram, percentile
from benchmarks.search.mixes import make_mixes
from benchmarks.search.tantivy_index import TantivyIndex
from benchmarks.songs import Song
from service.ingest.problems import Problem
from service.ingest.tables import open_table

_ROWS = 400


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.csv"
    write_catalogue(path, _ROWS)
    return path


def songs_of(catalogue: Path) -> list[Song]:
    with open_catalogue(catalogue) as file:
        return [
            Song(
                row["title"],
                row["artists"].split("|")[0],
                row["title"].casefold(),
                row["artists"].replace("|", " ").casefold(),
                row["album"].casefold(),
                row["genre"].replace("|", " ").casefold(),
                float(row["popularity"] or 0),
                (row["source_id"],),
            )
            for row in csv.DictReader(file)
        ]


def test_a_made_up_catalogue_can_be_imported_whole(catalogue: Path) -> None:
    problems: list[Problem] = []
    table = open_table(catalogue, problems.append)
    rows = list(table.rows)
    table.close()
    assert len(rows) == _ROWS
    assert problems == []


def test_the_same_seed_makes_the_same_catalogue_and_queries(
    catalogue: Path, tmp_path: Path
) -> None:
    again, other = tmp_path / "again.csv", tmp_path / "other.csv"
    write_catalogue(again, _ROWS)
    write_catalogue(other, _ROWS, seed=2)
    assert again.read_bytes() == catalogue.read_bytes() != other.read_bytes()
    assert make_queries(songs_of(again)) == make_queries(songs_of(catalogue))


def test_each_query_has_a_right_answer(catalogue: Path) -> None:
    queries = make_queries(songs_of(catalogue))
    assert queries
    assert all(query.text and query.expected for query in queries)


def test_queries_about_other_tracks_are_left_out(catalogue: Path, tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text(
        '{"query": "a", "kind": "k", "expected_source_ids": ["demo:00000001", "x:1"]}\n'
        '{"query": "b", "kind": "k", "expected_source_ids": ["x:2"]}\n'
    )
    assert [query.text for query in read_queries(path, songs_of(catalogue))] == ["a"]


def test_the_same_songs_make_the_same_mixes(catalogue: Path) -> None:
    mixes = make_mixes(songs_of(catalogue))
    assert mixes == make_mixes(songs_of(catalogue))
    assert mixes != make_mixes(songs_of(catalogue), seed=2)


def test_mixed_queries_are_exact_ones_common_ones_and_typos(catalogue: Path) -> None:
    mixes = make_mixes(songs_of(catalogue))
    typos = {typo.text for typo in mixes.typo}
    assert sum(text in typos for text in mixes.mixed) >= 150
    assert sum(text in mixes.common for text in mixes.mixed) >= 150
    assert {*mixes.mixed} <= {*mixes.exact, *mixes.common, *typos}


def test_common_queries_begin_with_the_most_frequent_words(catalogue: Path) -> None:
    songs = songs_of(catalogue)
    counts = Counter(word for song in songs for word in set(song.title_key.split()))
    first = make_mixes(songs).common[:10]
    assert [counts[word] for word in first] == [count for _, count in counts.most_common(10)]


def test_tantivy_finds_words_misspelt_words_and_some_of_the_words(tmp_path: Path) -> None:
    names = [("yellow submarine", "the beatles"), ("yellow", "coldplay"), ("help", "the beatles")]
    songs = [Song(title, artist, title, artist, "", "", 0, ()) for title, artist in names]
    rival = TantivyIndex(tmp_path, songs)
    assert set(rival.all_words("yellow", 10)) == {0, 1}
    assert rival.all_words("beatles yellow", 10) == [0]
    assert rival.all_words("yelolw", 10) == []
    assert set(rival.fuzzy("yelolw", 10)) == {0, 1}
    assert rival.fuzzy("submarnie beatels", 10) == [0]
    assert rival.ladder("help zyxwvu", 10) == rival.any_word("help", 10) == [2]


def test_percentiles_are_values_that_were_measured() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert percentile(hundred, 50) == 50
    assert percentile(hundred, 99) == 99
    assert percentile([7.0], 99) == 7


@pytest.mark.parametrize("values", [[1.0], [1.0, 1.0], [0.1, 1.0, 1000.0]])
def test_a_histogram_shows_every_value(values: list[float]) -> None:
    bars = histogram(values, "ms", columns=20).split("|")[1]
    assert len(bars) == 20
    assert len(bars.replace(" ", "")) == len(set(values))


@pytest.mark.parametrize(
    ("value", "at_least", "at_most", "verdict"),
    [
        (3.0, None, 3.0, "met"),
        (3.01, None, 3.0, "MISSED"),
        (0.45, 0.45, None, "met"),
        (0.44, 0.45, None, "MISSED"),
        (1.0, None, None, ""),
    ],
)
def test_a_figure_says_whether_its_target_is_met(
    value: float, at_least: float | None, at_most: float | None, verdict: str
) -> None:
    figure = Figure("b", "f", value, "x", at_least=at_least, at_most=at_most)
    assert figure.verdict == verdict
