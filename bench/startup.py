"""How long until there is something to see?

    python bench/startup.py --rounds 10

The app and the smallest Textual app there is are started in turn on a terminal of 120 × 40, and the
clock stops when words of theirs come out of it; then the processor seconds of `inkling --help`. The
ratio is what counts: seconds are this machine's.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app_in_pty import AppInPty

HELLO = """
from textual.app import App
from textual.widgets import Static

class Hello(App):
    def compose(self):
        yield Static("press space to do nothing")

Hello().run()
"""


class HelloInPty(AppInPty):
    """The smallest app, on the same kind of terminal."""

    COMMAND = ("-c", HELLO)


def main() -> None:
    options = _options()
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(_first_paint(AppInPty))
        theirs.append(_first_paint(HelloInPty))
    mine, bare = statistics.median(ours), statistics.median(theirs)
    print(f"first paint: {mine:.2f} s, a bare Textual app {bare:.2f} s: {mine / bare:.2f} times")
    helps = [_help_seconds() for _ in range(options.rounds)]
    print(f"inkling --help: {statistics.median(helps):.2f} s of processor time")


def _first_paint(kind: type[AppInPty]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with kind(Path(folder)) as app:
            assert app.read_until(b"press space", 30), "nothing came out of the terminal"
            return time.perf_counter() - began


def _help_seconds() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "tui.cli", "--help"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    main()
