"""How soon does a key show? In any room, while a network trains beside it.

    python bench/latency.py [--keys 400] [--dataset mnist]
    python bench/latency.py --room look
    python bench/latency.py --callbacks

The app runs in a pseudo-terminal of 120x40, keys come 12 a second. On the Train screen, with the
chart live at 5 Hz, letters that stand nowhere else on the screen go into a text field; the clock
runs from the write of a key to the arrival of that very letter. In the other rooms (and with
`--room chart`, the cursor of the chart) each key is one of the room's own, an arrow or a page; only
cells that differ are sent, and the clock stops at the first burst of as many bytes as the key's
effect has at the least: what a live run sends by itself in between comes in smaller ones, or, where
the room lives of the run, may be taken for it now and then.
Idle (in the other rooms: held) and training are measured in turn, so that the noise of the machine
falls on both. `worked` is what the app has had of the processor for each key, drawing the live run
included: it says most where others use the machine. `--callbacks` lists what kept the event loop
for more than 10 ms of processor time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from app_in_pty import AppInPty

GAP = 1 / 12
FIRST_LETTER = 0x0100
SETTLING = 5.0
"""Seconds until the form is furnished, on a machine that has other things to do as well."""

RIGHT, LEFT, DOWN, UP = "\x1b[C", "\x1b[D", "\x1b[B", "\x1b[A"
TEN_LEFT = "\x1b[1;2D"


@dataclass(frozen=True)
class Keys:
    """How a room is entered, which keys are pressed there, and the fewest bytes one is worth."""

    enter: Sequence[str]
    pressed: tuple[str, ...]
    bytes: int = 20


ROOMS = {
    # Away from both ends, where an arrow has no effect: the cursor stays at its step, and a growing
    # run carries it to the left. The run's own pictures are worth 250 bytes at the most.
    "chart": Keys(("c", TEN_LEFT), (LEFT,) * 5 + (RIGHT,) * 5, 300),
    "errors": Keys("2m", (RIGHT,) * 5 + (DOWN,) * 5 + (LEFT,) * 5 + (UP,) * 5),
    "gallery": Keys("2w", ("n",) * 20 + ("p",) * 20, 1500),
    "look": Keys("3w", (RIGHT,) * 7 + (LEFT,) * 7),
    # Wherever the round before has left the pen, it does not come to an edge of the sheet.
    "draw": Keys("4 ", (RIGHT,) * 5 + (DOWN,) * 5 + (LEFT,) * 5 + (UP,) * 5),
    "backprop": Keys("6", (" ",) * 4 + (RIGHT,) * 4 + ("\x7f",) * 4 + (LEFT,) * 4),
}


def type_letters(app: AppInPty, keys: int) -> tuple[list[float], float]:
    """Milliseconds from key to repaint, one per key; and those of the app's processor, in all."""
    for key in ("f", "\t", "\t", "\t"):  # Preset, heading, data set, split: a text field.
        app.send(key)
        app.read_for(0.5)
    app.read_for(0.5)
    found, worked = [], app.processor_ms()
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
    worked = app.processor_ms() - worked
    app.send("\x15auto")  # A form with an error would start nothing.
    app.read_for(0.3)
    app.send("\x1b")
    app.read_for(0.3)
    return found, worked


def press(app: AppInPty, room: Keys, keys: int) -> tuple[list[float], float]:
    """Milliseconds from key to a burst of the room's own, one per key; and the processor's."""
    for key in room.enter:
        app.send(key)
        app.read_for(3.0)
    found, worked = [], app.processor_ms()
    for _, key in zip(range(keys), cycle(room.pressed), strict=False):
        began = time.perf_counter()
        app.send(key)
        took = app.read_burst(room.bytes, 2.0)
        if took is not None:  # At an end of something, say, a key has no effect.
            found.append(took * 1000)
        app.read_for(max(GAP - (time.perf_counter() - began), 0.001))
    worked = app.processor_ms() - worked
    app.send("\x1b")
    app.read_for(0.3)
    app.send("1")
    app.read_for(1.0)
    return found, worked


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[tuple[AppInPty, Path]]:
    """The app, and where it reports to, if it does."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        report = Path(folder) / "report.json"
        recipe = ["--dataset", options.dataset, "--epochs", "100000", "--pace", "0"]
        app = AppInPty(Path(folder) / "runs", [*recipe, "--schedule", "constant"])
        if options.callbacks:
            inside = Path(__file__).with_name("inside.py").resolve()
            app.COMMAND = (str(inside), str(report), "--")
            here = str(Path(__file__).resolve().parents[1])
            app.surroundings = {"INKLING_CALLBACKS": "1", "PYTHONPATH": here}
        with app:
            assert app.read_until(b"press space", 60), "the app has not come up"
            app.read_for(SETTLING)
            yield app, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--room", choices=("train", *ROOMS), default="train")
    parser.add_argument("--callbacks", action="store_true")
    options = parser.parse_args()
    pressing: Callable[[AppInPty, int], tuple[list[float], float]] = type_letters
    if options.room != "train":
        pressing = lambda app, keys: press(app, ROOMS[options.room], keys)  # noqa: E731
    still = "idle" if options.room == "train" else "held"
    rows: dict[str, list[float]] = {still: [], "training": []}
    worked = dict.fromkeys(rows, 0.0)
    traffic: list[float] = []
    callbacks: list[dict[str, list[float]]] = []
    for _round in range(2):
        with opened(options) as (app, report):
            if still == "held":
                app.send("e")
                app.read_for(5.0)
            found, work = pressing(app, options.keys // 2)
            rows[still] += found
            worked[still] += work
            app.send(" ")
            app.read_for(4.0)
            before = slow(report)
            began = time.perf_counter()
            sent = app.read_for(5.0)
            traffic.append(sent / (time.perf_counter() - began) / 1024)
            found, work = pressing(app, options.keys // 2)
            rows["training"] += found
            worked["training"] += work
            app.read_for(0.5)
            callbacks.append({name: [*found, *before.get(name, [0])][:3]
                              for name, found in slow(report).items()})  # fmt: skip
    print(f"{'':10} {'p50':>6} {'p95':>6} {'p99':>6} {'worked':>7}  ms a key, {options.room}")
    for name, values in rows.items():
        p50, p95, p99 = np.percentile(values, [50, 95, 99])
        work = worked[name] / options.keys
        print(f"{name:10} {p50:6.1f} {p95:6.1f} {p99:6.1f} {work:7.1f}  ({len(values)} keys)")
    print(f"sent while training, no keys: {np.mean(traffic):.1f} KB/s")
    if options.callbacks:
        tell(callbacks)


def slow(report: Path) -> dict[str, list[float]]:
    """Callbacks over the limit so far: what about, how many, and the longest in seconds."""
    if not report.exists():
        return {}
    return dict(json.loads(report.read_text())["slow"])


def tell(rounds: list[dict[str, list[float]]]) -> None:
    """Those while it trained, the most frequent first."""
    print("callbacks of more than 10 ms of processor time while training, both rounds:")
    found: dict[str, tuple[float, float]] = {}
    for callbacks in rounds:
        for name, (count, longest, before) in callbacks.items():
            if count > before:
                old, most = found.get(name, (0.0, 0.0))
                found[name] = old + count - before, max(most, longest)
    for name, (count, longest) in sorted(found.items(), key=lambda row: -row[1][0]):
        print(f"  {count:4.0f}  up to {longest * 1000:3.0f} ms  {name}")


if __name__ == "__main__":
    main()
