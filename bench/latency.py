"""How soon does a key show? Keys typed into a field while a network trains beside it.

    python bench/latency.py [--keys 400] [--dataset mnist]

The app runs in a pseudo-terminal of 120x40. Into a text field go letters that stand nowhere else on
the screen, 12 a second; the clock runs from the write of a key to the arrival of that very letter.
Idle and training are measured in turn, so that the noise of the machine falls on both.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from app_in_pty import AppInPty

GAP = 1 / 12
FIRST_LETTER = 0x0100


def measure(app: AppInPty, keys: int) -> list[float]:
    """Milliseconds from key to repaint, one per key."""
    for key in ("f", "\t", "\t", "\t"):  # Preset, data set, split, hidden layers: a text field.
        app.send(key)
        app.read_for(0.2)
    app.read_for(0.5)
    found = []
    for number in range(keys):
        letter = chr(FIRST_LETTER + number % 600)
        if number % 10 == 0:
            app.send("\x15")  # Ctrl+U empties the field.
            app.read_for(GAP)
        app.send(letter)
        took = app.read_until(letter.encode(), 5.0)
        if took is None:
            raise SystemExit(f"key {number} never showed")
        found.append(took * 1000)
        app.read_for(max(GAP - took, 0.001))
    app.send("\x15128,64")  # A form with an error would start nothing.
    app.read_for(0.3)
    app.send("\x1b")
    app.read_for(0.3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--dataset", default="digits")
    options = parser.parse_args()
    rows: dict[str, list[float]] = {"idle": [], "training": []}
    traffic: list[float] = []
    for _round in range(2):
        with tempfile.TemporaryDirectory() as runs:
            recipe = ["--dataset", options.dataset, "--epochs", "100000", "--pace", "0"]
            with AppInPty(Path(runs), [*recipe, "--schedule", "constant"]) as app:
                app.read_for(2.0)
                rows["idle"] += measure(app, options.keys // 2)
                app.send(" ")
                app.read_for(4.0)
                began = time.perf_counter()
                sent = app.read_for(5.0)
                traffic.append(sent / (time.perf_counter() - began) / 1024)
                rows["training"] += measure(app, options.keys // 2)
    print(f"{'':10} {'p50':>6} {'p95':>6} {'p99':>6}  ms from key to repaint")
    for name, values in rows.items():
        p50, p95, p99 = np.percentile(values, [50, 95, 99])
        print(f"{name:10} {p50:6.1f} {p95:6.1f} {p99:6.1f}  ({len(values)} keys)")
    print(f"sent while training, no keys: {np.mean(traffic):.1f} KB/s")


if __name__ == "__main__":
    main()
