"""How single cells are read."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ingest import cells
from service.ingest.cells import BadCellError


@given(st.integers(0, 10**12))
def test_whole_numbers_are_read_back(value: int) -> None:
    assert cells.whole_number(str(value)) == value
    assert cells.whole_number(f"{value}.0") == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back(value: float) -> None:
    assert cells.number(repr(value)) == value


@pytest.mark.parametrize("cell", ["", "x", "nan", "inf", "-inf", "1_000", "0,5", "1e999", "٣x"])
def test_what_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(BadCellError, match="is not a number"):
        cells.number(cell)


def test_fractions_are_not_whole() -> None:
    with pytest.raises(BadCellError, match=r"'1\.5' is not a whole number"):
        cells.whole_number("1.5")


@given(st.dates(min_value=date(1000, 1, 1)))
def test_dates_keep_how_much_is_known(day: date) -> None:
    text = day.isoformat()
    assert cells.partial_date(text) == (day.year, day.month, day.day)
    assert cells.partial_date(text[:7]) == (day.year, day.month, 0)
    assert cells.partial_date(text[:4]) == (day.year, 0, 0)


@pytest.mark.parametrize(
    "cell",
    ["99", "1999-1-1", "1999-13", "2001-02-29", "0000", "1999-00", "1999-01-00", "08.03.1999"],
)
def test_what_is_no_date_is_refused(cell: str) -> None:
    with pytest.raises(BadCellError):
        cells.partial_date(cell)


@given(st.integers(0, 100 * 3600))
def test_lengths_are_read_in_every_notation(seconds: int) -> None:
    minutes, rest = divmod(seconds, 60)
    notations = [str(seconds), f"{seconds}.000", f"{minutes}:{rest:02}"]
    notations.append(f"{minutes // 60}:{minutes % 60:02}:{rest:02}")
    assert {cells.clock_milliseconds(cell) for cell in notations} == {seconds * 1000}


@pytest.mark.parametrize("cell", ["1:60", "1:2", "1:60:00", "-3", "3:", "a:bc"])
def test_what_is_no_length_is_refused(cell: str) -> None:
    with pytest.raises(BadCellError):
        cells.clock_milliseconds(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1", True), ("TRUE", True), ("yes", True), ("1.0", True), ("0", False), ("False", False)],
)
def test_flags(cell: str, value: bool) -> None:
    assert cells.flag(cell) is value


def test_other_words_are_no_flags() -> None:
    with pytest.raises(BadCellError, match="'maybe'"):
        cells.flag("maybe")


@pytest.mark.parametrize(
    ("cell", "value"), [("3", (3, 0)), ("3/12", (3, 12)), (" 3 / 12", (3, 12))]
)
def test_a_number_may_have_a_total(cell: str, value: tuple[int, int]) -> None:
    assert cells.number_and_total(cell) == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Björk ", "Björk"),
        ("a\x19b\x00c", "abc"),
        ("two\nlines\tand more", "two lines and more"),
        ("\ufeffmark", "mark"),
        ("椎名　林檎", "椎名　林檎"),
        ("👩\u200d🎤", "👩\u200d🎤"),
    ],
)
def test_lines_lose_what_cannot_be_seen(text: str, line: str) -> None:
    assert cells.clean_line(text) == line


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = cells.clean_line(text)
    assert cells.clean_line(once) == once
    assert not any(ord(character) < 32 for character in once)


def test_texts_keep_their_lines() -> None:
    assert cells.clean_text("one\r\ntwo\rthree\x07\n") == "one\ntwo\nthree"


def test_names_are_kept_once_and_in_order() -> None:
    assert cells.clean_names(["B", " A", "", "B ", "\x01"]) == ["B", "A"]


def test_long_cells_are_cut_in_messages() -> None:
    assert len(cells.shown("x" * 1000)) < 70
