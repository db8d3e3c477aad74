"""How soon does the Errors screen stand, and how soon does the next page of digits?

    python bench/errors_latency.py [--keys 200] [--dataset mnist]

The app runs in a pseudo-terminal of 120x40 over a run that goes on. First the run is held, then it
trains. The clock runs from the write of a key to the arrival of what only its effect can bring: for
`2`, the header of the gallery; for `n`, a page's worth of bytes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from app_in_pty import AppInPty

GAP = 1 / 12

PAGE = 1500
"""Bytes of a page at the least."""


def open_room(app: AppInPty) -> float:
    """Milliseconds from `2` to the gallery's header."""
    app.send("2")
    took = app.read_until(b"most surprising first", 10.0)
    if took is None:
        raise SystemExit("the Errors screen never came")
    return took * 1000


def turn_pages(app: AppInPty, keys: int) -> list[float]:
    """Milliseconds from `n` (or `p`, back) until a page's worth of bytes has come, one per key.

    Only cells that differ are sent, so no text can be waited for; a page of digits is many times
    larger than anything else that a held or training run sends within the same moment.
    """
    found = []
    for number in range(keys):
        before, began = app.bytes_read, time.perf_counter()
        app.send("n" if number // 20 % 2 == 0 else "p")
        while app.bytes_read - before < PAGE:
            if time.perf_counter() - began > 5.0:
                raise SystemExit(f"page {number} never came")
            app.read_for(0.0005)
        took = time.perf_counter() - began
        found.append(took * 1000)
        app.read_for(max(GAP - took, 0.001))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--dataset", default="mnist")
    options = parser.parse_args()
    opened: list[float] = []
    rows: dict[str, list[float]] = {"held": [], "training": []}
    recipe = ["--dataset", options.dataset, "--epochs", "100000", "--schedule", "constant"]
    for _round in range(2):
        with (
            tempfile.TemporaryDirectory() as runs,
            AppInPty(Path(runs), [*recipe, "--pace", "0"]) as app,
        ):
            app.read_for(2.0)
            app.send("e")
            app.read_for(6.0)
            opened.append(open_room(app))
            app.read_for(1.0)
            app.send("w")
            app.read_for(1.0)
            rows["held"] += turn_pages(app, options.keys // 2)
            app.send("1")
            app.read_for(0.5)
            app.send(" ")
            app.read_for(1.0)
            app.send("2")
            app.read_for(3.0)
            rows["training"] += turn_pages(app, options.keys // 2)
    print(f"first paint of the room: {', '.join(f'{took:.0f}' for took in opened)} ms")
    print(f"{'':10} {'p50':>6} {'p95':>6} {'p99':>6}  ms from key to repaint")
    for name, values in rows.items():
        p50, p95, p99 = np.percentile(values, [50, 95, 99])
        print(f"{name:10} {p50:6.1f} {p95:6.1f} {p99:6.1f}  ({len(values)} keys)")


if __name__ == "__main__":
    main()
