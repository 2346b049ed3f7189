"""The lock fits pyproject.toml, is hashed throughout, and does not say where packages come from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conformance.source import ROOT

_PIN: Final = re.compile(r"^([a-z0-9-]+)==(\S+?)(?: ;.*)? \\$")
_PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
_GROUPS: Final[dict[str, list[Any]]] = _PROJECT["dependency-groups"]


def _pins(file: str) -> dict[str, set[str]]:
    """Return the versions of each package; some have one for each Python version."""
    pins: dict[str, set[str]] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if found := _PIN.match(line):
            pins.setdefault(found[1], set()).add(found[2])
        else:
            assert line.startswith("    --hash=sha256:"), f"{file}: {line!r} is no pin and no hash"
    return pins


def _group(name: str) -> Iterator[str]:
    for entry in _GROUPS[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from _group(entry["include-group"])


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("requirements.txt", [*_PROJECT["project"]["dependencies"], *_group("build")]),
        ("requirements-dev.txt", [*_PROJECT["project"]["dependencies"], *_group("dev")]),
    ],
)
def test_satisfies_pyproject(file: str, wanted: list[str]) -> None:
    pins = _pins(file)
    for requirement in map(Requirement, wanted):
        versions = pins.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement} is not in {file}: make lock"
        unfit = [version for version in versions if version not in requirement.specifier]
        assert not unfit, f"{file} has {unfit} where pyproject.toml wants {requirement}: make lock"


def test_development_uses_what_the_service_runs_with() -> None:
    assert _pins("requirements.txt").items() <= _pins("requirements-dev.txt").items()
