"""Draws what a table cannot show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.figure import Figure as Drawing

from benchmarks.report import percentile

_PERCENTS: Final = (50, 90, 99)


def latency_against_load(times: Mapping[int, Sequence[float]]) -> Drawing:
    """Draw percentiles of the latency (ms) over searches a second."""
    return _curves(times, "searches a second (open loop)")


def latency_against_size(times: Mapping[int, Sequence[float]]) -> Drawing:
    """Draw percentiles of the latency (ms) over tracks in the catalogue."""
    return _curves(times, "tracks in the catalogue")


def _curves(times: Mapping[int, Sequence[float]], label: str) -> Drawing:
    drawing = Drawing(figsize=(7, 4.5), layout="constrained")
    axes = drawing.add_subplot()
    for percent in _PERCENTS:
        heights = [percentile(sorted(each), percent) for each in times.values()]
        axes.plot(list(times), heights, marker="o", label=f"p{percent}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(list(times), labels=[f"{value:,}" for value in times])
    axes.minorticks_off()
    axes.set_xlabel(label)
    axes.set_ylabel("latency (ms)")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    return drawing
