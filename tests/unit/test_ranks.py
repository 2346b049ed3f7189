"""Ranks stay in order and apart from each other, whatever is put where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.playlists.ranks import HIGHEST, LOWEST, STEP, Gap, NoRoomError

ranks = st.integers(LOWEST + 1, HIGHEST)
ends = st.none() | ranks


@given(low=ends, high=ends, count=st.integers(1, 1_000))
def test_what_is_spread_over_a_gap_lies_in_it(
    low: int | None, high: int | None, count: int
) -> None:
    if low is not None and high is not None and low >= high:
        low, high = high, low
    gap = Gap(low, high)
    try:
        spread = gap.spread(count)
    except NoRoomError:
        return
    assert len(spread) == count
    assert gap.holds(spread)
    assert all(LOWEST < rank <= HIGHEST for rank in spread)


@given(
    low=st.integers(LOWEST, HIGHEST - 2_001),
    count=st.integers(1, 1_000),
    slack=st.integers(0, 1_000),
)
def test_a_gap_is_used_to_the_last_number(low: int, count: int, slack: int) -> None:
    assert len(Gap(low, low + count + 1 + slack).spread(count)) == count
    with pytest.raises(NoRoomError):
        Gap(low, low + count).spread(count)


def test_the_ends_of_a_list_are_a_step_away() -> None:
    assert Gap(None, None).spread(3) == [0, STEP, 2 * STEP]
    assert Gap(5, None).spread(2) == [5 + STEP, 5 + 2 * STEP]
    assert Gap(None, 5).spread(2) == [5 - 2 * STEP, 5 - STEP]
    assert Gap(0, 30).spread(2) == [10, 20]


def test_numbers_run_out_at_the_ends_too() -> None:
    with pytest.raises(NoRoomError):
        Gap(HIGHEST - STEP + 1, None).spread(1)
    with pytest.raises(NoRoomError):
        Gap(None, LOWEST + STEP).spread(1)
    assert Gap(HIGHEST - STEP, None).spread(1) == [HIGHEST]


@pytest.mark.parametrize(
    ("gap", "held", "expected"),
    [
        (Gap(1, 9), [2, 5], True),
        (Gap(1, 9), [5, 2], False),
        (Gap(3, 9), [2, 5], False),
        (Gap(1, 4), [2, 5], False),
        (Gap(None, 4), [2, 3], True),
        (Gap(1, None), [2, 3], True),
        (Gap(None, None), [2, 3], True),
        (Gap(None, None), [3, 2], False),
    ],
)
def test_items_that_are_in_their_place(gap: Gap, held: list[int], expected: bool) -> None:
    assert gap.holds(held) is expected
