"""How soon does the Errors screen stand, and how soon does the next page of digits?

    python bench/errors_latency.py --dataset mnist
    python bench/errors_latency.py --dataset mnist --keys 400 --rounds 4

The app runs in a pseudo-terminal of 120x40 over a run that goes on. First the run is held, then it
trains. The clock runs from the write of a key to the arrival of what only its effect can bring: for
`2`, the title of a pane (something is there) and the header of the gallery (the digits are); for
`n`, a page's worth of bytes. Beside it stands the app's own processor time, which is the same
whatever else the machine does, and what a page costs the link.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from app_in_pty import AppInPty

GAP = 1 / 12

PAGE = 1200
"""Bytes of a page at the least."""

WORDS = {"a pane's title": b"m Matrix", "the gallery": b"most surprising first"}


@dataclass
class Paging:
    """Milliseconds from key to page, one per key; processor milliseconds and bytes of them all."""

    took: list[float] = field(default_factory=list)
    busy: float = 0.0
    sent: int = 0


def open_room(app: AppInPty) -> dict[str, tuple[float, float]]:
    """Milliseconds, and those of the processor, from `2` to each of `WORDS`."""
    began, busy, seen = time.perf_counter(), app.processor_ms(), b""
    found: dict[str, tuple[float, float]] = {}
    app.send("2")
    while len(found) < len(WORDS):
        if time.perf_counter() - began > 10.0:
            raise SystemExit("the Errors screen never came")
        seen += app.read(0.01)
        now = (time.perf_counter() - began) * 1000, app.processor_ms() - busy
        found |= {name: now for name, words in WORDS.items() if words in seen and name not in found}
    return found


def turn_pages(app: AppInPty, keys: int, paging: Paging) -> None:
    """`n` (or `p`, back) until a page's worth of bytes has come.

    Only cells that differ are sent, so no text can be waited for; a page of digits is many times
    larger than anything else that a held or training run sends within the same moment.
    """
    # As many pages back as forth, and none of them the first, from which there is no way back.
    app.send("n")
    app.read_for(1.0)
    busy, sent = app.processor_ms(), app.bytes_read
    for number in range(keys):
        before, began = app.bytes_read, time.perf_counter()
        app.send("n" if number // 20 % 2 == 0 else "p")
        while app.bytes_read - before < PAGE:
            if time.perf_counter() - began > 5.0:
                raise SystemExit(f"page {number} never came")
            app.read_for(0.0005)
        took = time.perf_counter() - began
        paging.took.append(took * 1000)
        app.read_for(max(GAP - took, 0.001))
    paging.busy += app.processor_ms() - busy
    paging.sent += app.bytes_read - sent


def _an_epoch_is_done(runs: Path) -> bool:
    return any(b'"epoch_done"' in book.read_bytes() for book in runs.glob("*/journal.jsonl"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--dataset", default="mnist")
    options = parser.parse_args()
    opened: list[dict[str, tuple[float, float]]] = []
    rows = {"held": Paging(), "training": Paging()}
    recipe = ["--dataset", options.dataset, "--epochs", "100000", "--schedule", "constant"]
    for _round in range(options.rounds):
        with (
            tempfile.TemporaryDirectory() as runs,
            AppInPty(Path(runs), [*recipe, "--pace", "0"]) as app,
        ):
            assert app.read_until(b"press space", 60), "the app has not come up"
            app.read_for(1.0)
            app.send("e")
            while not _an_epoch_is_done(Path(runs)):
                app.read_for(0.1)
            app.read_for(2.0)
            opened.append(open_room(app))
            app.read_for(1.0)
            app.send("w")
            app.read_for(2.0)
            turn_pages(app, options.keys // options.rounds, rows["held"])
            app.send("1")
            app.read_for(0.5)
            app.send(" ")
            app.read_for(1.0)
            app.send("2")
            app.read_for(3.0)
            turn_pages(app, options.keys // options.rounds, rows["training"])
    for name in WORDS:
        wall, busy = zip(*(times[name] for times in opened), strict=True)
        print(
            f"the room is entered: {name} after {statistics.median(wall):.0f} ms "
            f"({min(wall):.0f} to {max(wall):.0f}), of the processor {statistics.median(busy):.0f}"
        )
    print(f"{'':10} {'p50':>6} {'p95':>6} {'p99':>6}  ms from key to repaint")
    for name, row in rows.items():
        p50, p95, p99 = np.percentile(row.took, [50, 95, 99])
        keys = len(row.took)
        print(
            f"{name:10} {p50:6.1f} {p95:6.1f} {p99:6.1f}  ({keys} keys; a page: "
            f"{row.busy / keys:.1f} ms of the processor, {row.sent / keys / 1000:.1f} KB)"
        )


if __name__ == "__main__":
    main()
