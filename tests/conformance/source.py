"""What the tests of this folder read: the files of the project and the imports of its modules."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Module:
    """One module of ours: its dotted name and all that it imports, at its top or deeper.

    `from a import b` counts as `a.b`, which may be a module or a name in one.
    """

    name: str
    path: Path
    imports: frozenset[str]

    def uses(self, prefix: str) -> list[str]:
        """Return the imports that are `prefix` or lie below it."""
        return sorted(i for i in self.imports if i == prefix or i.startswith(f"{prefix}."))


@cache
def modules() -> tuple[Module, ...]:
    """Return the modules below `service`."""
    paths = sorted((ROOT / "service").rglob("*.py"))
    return tuple(Module(_dotted(path), path, frozenset(_imports(path))) for path in paths)


@cache
def syntax(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def project_files() -> tuple[Path, ...]:
    """Return the files that are, or are about to be, committed; skips the test outside of git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        pytest.skip(f"git cannot say which files belong to the project: {error}")
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(syntax(path)):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (f"{module}.{name.name}" for name in names)
            case ast.ImportFrom():
                yield "a relative import"
