"""What an index is asked for while somebody types."""

from __future__ import annotations

import pytest

from service.suggest.model import MAX_ENDINGS, Typed

_MANY = [f"ba{number}" for number in range(MAX_ENDINGS + 1)]


@pytest.mark.parametrize(
    ("typed", "probe", "probe_of_all"),
    [
        (Typed("be", ["beat", "bee"]), None, "('beat' | 'bee')"),
        (Typed("the be", ["beat", "bee"]), "'the'", "'the' & ('beat' | 'bee')"),
        (Typed("the beat", ["beat"], share=0.2), "'the' & 'beat':*", "'the' & ('beat')"),
        (Typed("zyx", []), "'zyx':*", "'zyx':*"),
        (Typed("the zy", [], share=0.2), "'the'", None),
        (Typed("ba", _MANY), None, None),
        (Typed("bad", _MANY), "'bad':*", "'bad':*"),
        (Typed("radiohead ba", _MANY), "'radiohead'", "'radiohead'"),
        (Typed("the ba", _MANY, share=0.2), "'the'", None),
        (Typed("on the bad", _MANY, share=0.002), "'on' & 'the'", "'on' & 'the'"),
    ],
)
def test_the_index_of_all_names_is_asked_for_what_is_rare(
    typed: Typed, probe: str | None, probe_of_all: str | None
) -> None:
    assert (typed.probe, typed.probe_of_all) == (probe, probe_of_all)
