"""The reference of the settings says what the code does."""

from __future__ import annotations

from pathlib import Path

from service.cli.settings import reference


def test_the_reference_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text() == reference(), "run `fonoteca settings --markdown > docs/settings.md`"
