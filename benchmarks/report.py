"""What a run found: figures, each beside its target, and the details behind them.

A figure that misses its target says so. One without a target is there to be read.
"""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from matplotlib.figure import Figure as Drawing
from rich.console import Console
from rich.table import Table

from benchmarks.options import ROOT

_RESULTS: Final = ROOT / "benchmarks" / "results"
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"

Verdict = Literal["met", "MISSED", ""]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; at most one of the limits is set."""

    benchmark: str
    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the target is met; empty without one."""
        if self.at_least is not None:
            return "met" if self.value >= self.at_least else "MISSED"
        if self.at_most is not None:
            return "met" if self.value <= self.at_most else "MISSED"
        return ""

    @property
    def target(self) -> str:
        """The target in words; empty without one."""
        if self.at_least is not None:
            return f"at least {_number(self.at_least)} {self.unit}".rstrip()
        if self.at_most is not None:
            return f"at most {_number(self.at_most)} {self.unit}".rstrip()
        return ""


@dataclass(slots=True)
class Report:
    """Collects what a run finds."""

    figures: list[Figure] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    drawings: dict[str, Drawing] = field(default_factory=dict)
    _started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _load_before: tuple[float, float, float] = field(default_factory=os.getloadavg)

    def add(
        self,
        benchmark: str,
        name: str,
        value: float,
        unit: str,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Take in a figure."""
        self.figures.append(Figure(benchmark, name, value, unit, at_least, at_most))

    def plot(self, name: str, drawing: Drawing) -> None:
        """Take in a drawing; it is stored beside the JSON file."""
        self.drawings[name] = drawing

    def show(self, console: Console) -> None:
        """Print the notes, then all figures as one table."""
        for note in self.notes:
            console.print(note, markup=False, highlight=False)
        title = (
            f"Fonoteca {_commit()} on {os.cpu_count()} cores, "
            f"load average before the run {self._load_before[0]:.1f}"
        )
        table = Table(title=title, title_justify="left")
        for heading in ("benchmark", "figure"):
            table.add_column(heading, no_wrap=True)
        for heading in ("measured", "target", "verdict"):
            table.add_column(heading, justify="right", no_wrap=True)
        before = ""
        for figure in self.figures:
            if before and figure.benchmark != before:
                table.add_section()
            measured = f"{_number(figure.value)} {figure.unit}".rstrip()
            name = figure.benchmark if figure.benchmark != before else ""
            table.add_row(name, figure.name, measured, figure.target, figure.verdict)
            before = figure.benchmark
        console.print(table)

    def write(self, settings: dict[str, Any]) -> Path:
        """Store everything as JSON, and the drawings beside it; returns where."""
        _RESULTS.mkdir(parents=True, exist_ok=True)
        stem = f"{self._started:%Y%m%dT%H%M%SZ}"
        for name, drawing in self.drawings.items():
            drawing.savefig(_RESULTS / f"{stem}-{name}.svg")
        path = _RESULTS / f"{stem}.json"
        content = {
            "started": self._started.isoformat(timespec="seconds"),
            "commit": _commit(),
            "machine": _machine(),
            "load_average": {"before": self._load_before, "after": os.getloadavg()},
            "settings": settings,
            "figures": [asdict(each) | {"verdict": each.verdict} for each in self.figures],
            "details": self.details,
        }
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return path


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of the ascending values do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def histogram(ordered: Sequence[float], unit: str, columns: int = 60) -> str:
    """Draw ascending positive values as one line of blocks over a logarithmic axis."""
    low, high = ordered[0], max(ordered[-1], ordered[0] * 1.01)
    step = (high / low) ** (1 / columns)
    counts = [0] * columns
    edge, column = low * step, 0
    for value in ordered:
        while value > edge and column < columns - 1:
            edge, column = edge * step, column + 1
        counts[column] += 1
    # A column in which anything fell shows at least the lowest block.
    scale = (len(_BLOCKS) - 1) / max(counts)
    bars = "".join(_BLOCKS[max(round(count * scale), int(count > 0))] for count in counts)
    return f"{low:.2g} {unit} |{bars}| {high:.3g} {unit}"


def _number(value: float) -> str:
    """Write about three digits; a count whole."""
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }


def _commit() -> str:
    """Return what is measured, as git calls it; empty outside a checkout."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
