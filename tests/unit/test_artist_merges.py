"""The laws of names in credits: what is given over can be given back."""

from __future__ import annotations

from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from service.artists.model import (
    Credit,
    CreditedName,
    TakenName,
    credit_of,
    given_back,
    given_over,
)

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))
_NAMES = st.builds(
    CreditedName,
    st.sampled_from([ONE, TWO, THREE]),
    st.sampled_from(["Ana", "Bo"]),
    st.sampled_from(["", " & "]),
    st.sampled_from(["PRIMARY", "FEATURED", "COMPOSER"]),
)
_CREDITS = st.lists(_NAMES, min_size=1, max_size=5).map(credit_of)


def taken_of(credit: Credit, artist_id: UUID) -> list[TakenName]:
    return [
        TakenName(position, name.name, name.role)
        for position, name in enumerate(credit.names)
        if name.artist_id == artist_id
    ]


@given(_CREDITS)
def test_what_was_given_over_is_given_back(credit: Credit) -> None:
    over = given_over(credit, [ONE], TWO)
    assert ONE not in {name.artist_id for name in over.names}
    assert [name.name for name in over.names] == [name.name for name in credit.names]
    assert given_back(over, taken_of(credit, ONE), TWO, ONE) == credit


@given(_CREDITS)
def test_merges_of_others_do_not_stand_in_the_way(credit: Credit) -> None:
    both = given_over(given_over(credit, [ONE], TWO), [THREE], UUID(int=4))
    first = given_back(both, taken_of(credit, ONE), TWO, ONE)
    assert given_back(first, taken_of(credit, THREE), UUID(int=4), THREE) == credit


@given(_CREDITS, st.randoms())
def test_names_are_known_again_at_other_places(credit: Credit, dice: Random) -> None:
    taken = taken_of(credit, ONE)
    over = list(given_over(credit, [ONE], TWO).names)
    dice.shuffle(over)
    back = given_back(credit_of(over), taken, TWO, ONE)
    assert sum(name.artist_id == ONE for name in back.names) == len(taken)
    assert len(back.names) == len(credit.names)


def test_a_name_that_is_gone_is_not_given_back() -> None:
    credit = credit_of([CreditedName(TWO, "Else", "", "PRIMARY")])
    assert given_back(credit, [TakenName(0, "Ana", "PRIMARY")], TWO, ONE) == credit
