"""What does watching cost? The same run with the app attached, and without, in turn.

    python bench/attached.py [--rounds 3] [--seconds 6] [--dataset mnist]

Steps a second by the wall clock: how much steps.bin grows while nobody types. Headless is `inkling
train` in a terminal of nobody's; attached is the app, started and set off by its keys.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from app_in_pty import AppInPty, newest_run, steps_done

RECIPE = ["--epochs", "100000", "--pace", "0", "--schedule", "constant"]


def growth(run: Path, seconds: float, wait: object) -> float:
    """Steps a second over so many seconds; `wait(seconds)` passes the time."""
    before, began = steps_done(run), time.perf_counter()
    wait(seconds)  # type: ignore[operator]
    return (steps_done(run) - before) / (time.perf_counter() - began)


def headless(runs: Path, recipe: list[str], seconds: float) -> float:
    command = [sys.executable, "-m", "tui.cli", "train", "--runs-dir", str(runs), *recipe]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        time.sleep(3.0)
        rate = growth(newest_run(runs), seconds, time.sleep)
        process.terminate()
    return rate


def attached(runs: Path, recipe: list[str], seconds: float) -> float:
    with AppInPty(runs, recipe) as app:
        app.read_for(2.0)
        app.send(" ")
        app.read_for(3.0)
        return growth(newest_run(runs), seconds, app.read_for)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--dataset", default="digits")
    options = parser.parse_args()
    recipe = ["--dataset", options.dataset, *RECIPE]
    rates: dict[str, list[float]] = {"headless": [], "attached": []}
    for _round in range(options.rounds):
        for name, measure in (("headless", headless), ("attached", attached)):
            with tempfile.TemporaryDirectory() as runs:
                rates[name].append(measure(Path(runs), recipe, options.seconds))
    for name, values in rates.items():
        print(f"{name:9} {np.median(values):9.0f} steps/s  {[round(v) for v in values]}")
    print(f"ratio     {np.median(rates['attached']) / np.median(rates['headless']):9.3f}")


if __name__ == "__main__":
    main()
