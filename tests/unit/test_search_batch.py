"""How a batch is divided into parts."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from service.query import parse
from service.search.batch import divided
from service.search.candidates import Scope

SCOPES = [Scope(UUID(int=number), parse("")) for number in range(8)]


@given(scopes=st.lists(st.sampled_from(SCOPES), max_size=100), count=st.integers(1, 4))
def test_each_search_is_in_one_part(scopes: list[Scope], count: int) -> None:
    parts = divided(scopes, count)
    assert len(parts) == count
    assert sorted(index for part in parts for index in part) == list(range(len(scopes)))


@given(count=st.integers(1, 4), size=st.integers(40, 500))
def test_many_searches_of_one_scope_are_dealt_out(count: int, size: int) -> None:
    parts = divided(SCOPES[:1] * size, count)
    assert parts == [list(range(start, size, count)) for start in range(count)]


@given(scopes=st.permutations([scope for scope in SCOPES for _ in range(5)]))
def test_few_searches_of_one_scope_stay_together(scopes: list[Scope]) -> None:
    parts = divided(scopes, 2)
    assert [len(part) for part in parts] == [20, 20]
    assert Counter(scopes[index] for index in parts[0]) == dict.fromkeys(
        {scopes[index] for index in parts[0]}, 5
    )
