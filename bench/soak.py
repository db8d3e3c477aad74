"""Hours of somebody restless, shortened: random keys, clicks and sizes while a network trains.

    python bench/soak.py                          # 20,000 refreshes, half an hour of a processor
    python bench/soak.py --refreshes 500 --seed 7

The app runs in a pseudo-terminal and a network trains in its worker. Keys come from the table of
commands (of the room in sight, mostly), from the ones that move about, and from what is typed into
fields; between them the terminal is resized, down to sizes that are too small for anything, and the
mouse clicks, drags and turns its wheel anywhere. A run that has ended or is held is started again.
Keys come faster than the app can follow, but by no more than `AHEAD`: keys that wait would be all
that grew. Exceptions are gathered wherever they go (see `inside.py`). Memory is what the app's
process has of its own, looked at on the Train screen at rest: after a tenth of the refreshes, when
every room has been seen on the largest terminal and everything is loaded and furnished, and at the
end.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app_in_pty import AppInPty
from memory import own_megabytes
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import key_to_character

from nn.specs import SPECS
from tui.commands import COMMANDS, Command

HARMFUL = ("suspend",)
"""There is no shell behind a bench to come back from."""

MOVING = (
    "up", "down", "left", "right", "shift+left", "shift+right", "tab", "shift+tab", "enter",
    "escape", "home", "end", "pageup", "pagedown", "backspace", "space", "ctrl+u", "ctrl+p",
)  # fmt: skip

WORDS = ("0.01", "128", "wrong true:4", "-1", "nan", "[b]x[/", "é✗\u0301", "mnist", "9" * 40, "~/x")
SIZES = ((80, 24), (120, 40), (200, 60), (60, 16), (61, 17), (40, 10), (1, 1), (300, 80), (99, 33))
ESCAPE_DELAY = 0.2
"""Seconds after which a lone escape is a key and not the beginning of one: Textual looks ten times
a second. What is pressed sooner goes with it, as Alt and that key, which nobody has asked for."""

LONGEST_PAUSE = 0.04

PATIENCE = 0.7
"""Seconds that nothing is learnt before somebody goes and sees to it."""

AHEAD = 30
"""Keys that may wait for the app to take them in hand."""

RARE = ("stop", "fork", "act")
"""What ends a run, and is therefore done once where another thing is done five times."""

SEQUENCES = {
    keys[0].value: sequence
    for sequence, keys in reversed(ANSI_SEQUENCES_KEYS.items())
    if isinstance(keys, tuple) and len(keys) == 1
}


def as_typed(key: str) -> str:
    """What a terminal sends for a key of Textual's name."""
    if key in SEQUENCES:
        return SEQUENCES[key]
    return key if len(key) == 1 else key_to_character(key) or ""


@dataclass
class Tally:
    """What came of it."""

    refreshes: int = 0
    keys: int = 0
    clicks: int = 0
    sizes: int = 0
    runs: int = 0
    leavings: int = 0
    before: float = 0.0
    after: float = 0.0
    rooms: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    @property
    def growth(self) -> float:
        return self.after / self.before - 1 if self.before else 0.0


class Fingers:
    """Somebody restless at the terminal."""

    def __init__(self, app: AppInPty, report: Path, seed: int, tally: Tally) -> None:
        self.app, self._report, self.tally = app, report, tally
        self._random = random.Random(seed)
        self._commands = [c for c in COMMANDS if c.action not in HARMFUL]
        self._size = (120, 40)
        self._idle_since: float | None = None

    def found(self) -> dict[str, Any]:
        """What the app last reported; nothing before it is up."""
        try:
            return dict(json.loads(self._report.read_text()))
        except FileNotFoundError:
            return {}

    def press(self, *keys: str) -> None:
        for key in keys:
            self.app.send(as_typed(key))
            self.tally.keys += 1
            self.app.read_for(ESCAPE_DELAY if key == "escape" else 0.01)

    def let_it_follow(self, most: int) -> None:
        """Hold still until no more than so many keys wait."""
        before, until = -1, 0.0
        while self.app.process.poll() is None:
            waiting = self.found().get("waiting", 0)
            if waiting <= most:
                return
            if waiting != before:
                before, until = waiting, time.monotonic() + 60
            assert time.monotonic() < until, "the app no longer takes keys in hand"
            self.app.read_for(0.05)

    def do_something(self, room: str) -> None:
        chance = self._random.random()
        if chance < 0.62:
            own = [c for c in self._commands if c.room == room]
            self._press_one_of(own)
        elif chance < 0.70:
            self._press_one_of([c for c in self._commands if c.room == "app"])
        elif chance < 0.90:
            self.press(self._random.choice(MOVING))
        elif chance < 0.92:
            self.press(*self._random.choice(WORDS))
        elif chance < 0.97:
            self._touch()
        else:
            self._size = self._random.choice(
                (*SIZES, (self._random.randint(1, 250), self._random.randint(1, 70)))
            )
            self.app.resize(*self._size)
            self.tally.sizes += 1
        self.app.read_for(self._random.random() * LONGEST_PAUSE)

    def _press_one_of(self, commands: Iterable[Command]) -> None:
        offered = list(commands)
        command = self._random.choice(offered)
        if command.action in RARE and self._random.random() < 0.8:
            command = self._random.choice(offered)
        self.press(self._random.choice(command.key.split(",")))

    def _touch(self) -> None:
        """Click, drag or turn the wheel, somewhere."""
        x, y = (self._random.randint(1, limit) for limit in self._size)
        button = self._random.choice((0, 0, 2, 64, 65, 35))
        self.app.send(f"\x1b[<{button};{x};{y}M")
        if button < 64:
            there = min(max(x + self._random.randint(-20, 20), 1), self._size[0])
            if there != x:
                self.app.send(f"\x1b[<{button + 32};{there};{y}M")
            self.app.send(f"\x1b[<{button};{there};{y}m")
        self.tally.clicks += 1

    def keep_it_training(self, phase: str) -> None:
        """Where nothing has been learnt for a while, go and start something."""
        now = time.monotonic()
        if phase == "running":
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now
        elif now - self._idle_since > PATIENCE:
            self._idle_since = None
            self.go_to_train()
            if phase != "paused":
                # A recipe, so that nothing in the form is as somebody restless left it.
                # What is first in the list is none.
                self.press("f", "enter", "home", "down", "enter", "escape")
                self.tally.runs += 1
            self.press("space")

    def see_what_takes_memory(self) -> None:
        """Once, for chance may come to it late: every room and pane on the largest terminal, every
        field, which has its editor from then on, and four runs laid over the chart."""
        self.go_to_train()
        self.app.resize(*max(SIZES))
        for there in [c for c in self._commands if c.action.startswith("go(")]:
            room = there.id.removeprefix("room.")
            self.press("escape", "escape", there.key)
            self.app.read_for(1)
            for pane in [c for c in self._commands if c.room == room and "show_" in c.action]:
                self.press("escape", pane.key.split(",")[0])
                self.app.read_for(0.3)
        self.go_to_train()
        self.press("f")
        # Enter folds a group or unfolds it, as it was before.
        for _ in range(2 * len({spec.group for spec in SPECS.values()})):
            self.press("pagedown", "enter", *["tab"] * 12)
            self.let_it_follow(0)
        for place in range(4):
            self.go_to_train()
            self.press("v")
            # The runs there are have to be looked for.
            self.app.read_for(1)
            self.press(*["down"] * place, "enter")

    def go_to_train(self) -> None:
        self._size = (120, 40)
        self.app.resize(*self._size)
        self.press("escape", "escape", "escape", "1", "escape")


def soak(folder: Path, refreshes: int, seed: int, say: Callable[[str], None] = print) -> Tally:
    """Press keys until the screen has been refreshed so often."""
    tally, report = Tally(), folder / "report.json"
    app = AppInPty(folder / "runs", ["--epochs", "100000", "--keep", "last", "--link", "fast"])
    app.COMMAND = (str(Path(__file__).with_name("inside.py").resolve()), str(report), "--")
    # What is saved right here, and the settings, are nobody's.
    app.surroundings = {
        "cwd": str(folder),
        "ESCDELAY": "20",
        "XDG_CONFIG_HOME": str(folder / "config"),
        # Digits that come with the house: a room full of MNIST holds more, and rightly so.
        "XDG_CACHE_HOME": str(folder / "cache"),
        "INKLING_DATA": str(folder),
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    }
    with app:
        fingers = Fingers(app, report, seed, tally)
        assert app.read_until(b"press space", 60), "the app has not come up"
        fingers.press("space")
        warm = False
        while tally.refreshes < refreshes:
            for _ in range(10):
                found = fingers.found()
                tally.rooms[found.get("room", "")] += 1
                fingers.do_something(found.get("room", "train"))
            fingers.let_it_follow(AHEAD)
            fingers.keep_it_training(found.get("phase", ""))
            tally.refreshes = found.get("refreshes", 0)
            tally.errors = found.get("errors", [])
            tally.leavings = found.get("leavings", 0)
            if app.process.poll() is not None:
                tally.errors = fingers.found()["errors"]
                tally.errors.append(f"the app has gone: {app.last_words()[-200:]}")
                return tally
            if not warm and tally.refreshes > refreshes / 10:
                fingers.see_what_takes_memory()
                tally.before, warm = _at_rest(fingers), True
                say(f"{tally.refreshes:6} refreshes, {tally.before:.1f} MB: warm")
            elif tally.refreshes // 1000 > getattr(fingers, "told", 0):
                fingers.told = tally.refreshes // 1000
                say(f"{tally.refreshes:6} refreshes, {own_megabytes(app.process.pid):.1f} MB")
        tally.after = _at_rest(fingers)
        tally.errors = fingers.found().get("errors", [])
    return tally


def _at_rest(fingers: Fingers) -> float:
    """Megabytes of its own on the Train screen, the least of some seconds."""
    fingers.go_to_train()
    fingers.app.read_for(1)
    fingers.let_it_follow(0)
    found = []
    for _ in range(20):
        fingers.app.read_for(0.1)
        found.append(own_megabytes(fingers.app.process.pid))
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--refreshes", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        tally = soak(Path(folder), options.refreshes, options.seed)
    print(
        f"{tally.refreshes:,} refreshes in {time.monotonic() - began:.0f} s: {tally.keys:,} keys, "
        f"{tally.clicks:,} clicks, {tally.sizes:,} sizes, {tally.runs} more runs, "
        f"{tally.leavings} times it would have left; by room: "
        + ", ".join(f"{name} {n}" for name, n in tally.rooms.most_common() if name)
    )
    print(f"memory: {tally.before:.1f} MB warm, {tally.after:.1f} at the end: {tally.growth:+.1%}")
    print(f"exceptions: {len(tally.errors)}", *tally.errors, sep="\n  ")
    sys.exit(bool(tally.errors))


if __name__ == "__main__":
    main()
