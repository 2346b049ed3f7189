"""How long it takes from a fresh clone to the first answer: git clone, make run, a search.

Clones the commit that is checked out (so changes that are not committed are left out) to a scratch
folder and runs `make run` there, as the README says. That downloads the dependencies, unless pip
has them in its cache; so this runs only when it is asked for by name.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.measure_start import search_until
from benchmarks.options import ROOT
from benchmarks.processes import BenchmarkError, Stopwatch, announced_address, environment, stop
from benchmarks.report import Report

_TARGET_SECONDS: Final = 120


def run(bench: Bench, report: Report) -> None:
    clone = bench.folder / "clone"
    watch = Stopwatch()
    _clone(clone)
    cloned = watch.seconds
    log = bench.folder / "install.log"
    with (
        log.open("ab") as stderr,
        subprocess.Popen(
            ["make", "run"],
            cwd=clone,
            env=environment(bench.new_data_dir("installed")),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            search_until(announced_address(process, log), hit=False)
            seconds = watch.seconds
        finally:
            stop(process)
    report.details["install"] = {"clone_seconds": cloned}
    report.add(
        "install", "git clone and make run to first search", seconds, "s", at_most=_TARGET_SECONDS
    )


def _clone(target: Path) -> None:
    command = ["git", "clone", "--quiet", str(ROOT), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchmarkError(f"cloning failed: {done.stderr.strip()}")
