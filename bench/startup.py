"""How long until there is something to see?

    python bench/startup.py --rounds 10

The app and the smallest Textual app there is are started in turn on a terminal of 120 × 40, and the
clock stops when words of theirs come out of it; what they have used of the processor by then is
read from the system, where it says so. Then the processor seconds of `inkling --help`. The ratio is
what counts: seconds are this machine's. A first round that does not count leaves the bytecode of
every module behind, as an installation does.
"""

from __future__ import annotations

import argparse
import os
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
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    ours, theirs = [], []
    for count in range(options.rounds + 1):
        mine, bare = _first_paint(AppInPty), _first_paint(HelloInPty)
        if count:
            ours.append(mine)
            theirs.append(bare)
    for what, place in (("first paint", 0), ("of the processor", 1)):
        mine, bare = (statistics.median(one[place] for one in all_) for all_ in (ours, theirs))
        if bare:
            print(f"{what}: {mine:.2f} s, a bare Textual app {bare:.2f} s: {mine / bare:.2f} times")
    helps = [_help_seconds() for _ in range(options.rounds)]
    print(f"inkling --help: {statistics.median(helps):.2f} s of processor time")


def _first_paint(kind: type[AppInPty]) -> tuple[float, float]:
    """Seconds, and seconds of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with kind(Path(folder)) as app:
            assert app.read_until(b"press space", 30), "nothing came out of the terminal"
            return time.perf_counter() - began, _worked(app.process.pid)


def _worked(process: int) -> float:
    """Seconds that all threads of a process have run; 0 where the system does not say."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text("ascii").split()[0]) for thread in threads) / 1e9


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
