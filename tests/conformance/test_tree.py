"""What no committed file may hold, and where documents point."""

from __future__ import annotations

import os
import re
from typing import Final

from tests.conformance.source import ROOT, project_files

# With brackets, so that this file does not find itself.
_UNFINISHED: Final = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b")
_REGISTRIES: Final = r"pypi[.]org|pythonhosted[.]org|npmjs[.]org|proxy[.]golang[.]org"
_MACHINE_PATH: Final = r"(?<![\w.~*-])/(?:work|roo[t])/"
_LINK: Final = re.compile(r"\[[^\]]+\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)")
_VENDORED: Final = ("LICENSE", "LICENSE-APACHE")


def _texts() -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8", errors="ignore")
        for path in project_files()
        if path.name not in _VENDORED
    }


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in _texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_nothing_is_marked_as_unfinished() -> None:
    assert not _lines_with(_UNFINISHED)


def test_no_registry_is_named() -> None:
    configured = (os.environ.get(name, "") for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"))
    hosts = [found[1] for url in configured if (found := re.match(r"https?://([^/:]+)", url))]
    names = [_REGISTRIES, *map(re.escape, hosts)]
    assert not _lines_with(re.compile("|".join(names)))


def test_no_path_of_a_machine_is_named() -> None:
    assert not _lines_with(re.compile(f"{_MACHINE_PATH}|{re.escape(str(ROOT))}"))


def test_links_between_documents_lead_somewhere() -> None:
    dead = [
        f"{path.relative_to(ROOT)} -> {target}"
        for path in project_files()
        if path.suffix == ".md"
        for target in _LINK.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert not dead


def test_the_changelog_has_room_for_the_next_change() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
