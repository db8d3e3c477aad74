"""What runs there are, and how each is: read off their files, without a word to any worker.

A summary costs a look at the lock and at the ends of two files, however long the run.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nn.events import Diverged, EpochDone, RunFinished, RunStarted
from tui.engine.facts import ENDINGS, Entry, Failed, Paused, Resumed, Stopped, TakenUp, decode
from tui.engine.log_lines import duration
from tui.engine.run_directory import RunDirectory, RunError, last_step
from tui.engine.text import printable

State = Literal[
    "preparing", "running", "paused", "waiting", "finished", "stopped", "diverged", "failed",
    "died", "unreadable",
]  # fmt: skip

LIVE: frozenset[State] = frozenset({"preparing", "running", "paused", "waiting"})

TAIL = 64 * 1024
"""Bytes at the end of a journal that are read: some four hundred lines."""


@dataclass(frozen=True)
class RunSummary:
    """One run at a glance. `created` and `changed` are seconds since 1970, `size` is in bytes;
    `sentence` is what is to be said of a run that is not simply training or done."""

    name: str
    state: State
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    test_accuracy: float | None = None
    created: float = 0.0
    changed: float = 0.0
    size: int = 0
    sentence: str = ""

    @property
    def live(self) -> bool:
        """Is there a worker?"""
        return self.state in LIVE


def summaries(runs_dir: Path) -> list[RunSummary]:
    """Every run in a directory, the newest first; none where there is no such directory."""
    try:
        paths = [path for path in runs_dir.iterdir() if (path / "config.toml").exists()]
    except OSError:
        return []
    found = [summary(RunDirectory(path)) for path in paths]
    return sorted(found, key=lambda run: (run.created, run.name), reverse=True)


def summary(run: RunDirectory) -> RunSummary:
    """How one run is; what cannot be read is said in a sentence, never raised."""
    name = printable(run.name)
    # Before the files: a worker that ends between the two looks has written how.
    live = run.is_live()
    try:
        config = run.read_config()
    except RunError as error:
        return RunSummary(name, "unreadable", size=_size(run.path), sentence=str(error))
    seen = _Seen()
    for entry in _last_entries(run.journal):
        seen.take(entry)
    epochs, step, changed = config.hyperparameters.epochs, last_step(run), _changed(run)
    state: State = seen.ending or "died"
    sentence = seen.sentence
    if live:
        note = run.note()
        sentence = printable(note.sentence) if note else ""
        state = "waiting" if sentence else seen.pace
    elif state == "died":
        sentence = death(run, seen.epoch, step)
    return RunSummary(
        name, state, seen.epoch, epochs, step, seen.test_accuracy,
        config.created, changed, _size(run.path), sentence,
    )  # fmt: skip


def death(run: RunDirectory, epoch: int, step: int) -> str:
    """Where a run was when its worker was lost, and how much of that is kept."""
    where = f"died at epoch {epoch}, step {step:,}"
    try:
        kept = run.checkpoint.stat().st_mtime
    except OSError:
        return f"{where}; there is no checkpoint yet"
    before = max(0.0, _changed(run) - kept)
    return f"{where}; last checkpoint {duration(before)} before"


class _Seen:
    """What the facts come to, one after the other."""

    def __init__(self) -> None:
        self.epoch = 0
        self.test_accuracy: float | None = None
        self.pace: Literal["preparing", "running", "paused"] = "preparing"
        self.ending: State | None = None
        self.sentence = ""

    def take(self, entry: Entry) -> None:
        fact = entry.fact
        match fact:
            case RunStarted() | EpochDone() | RunFinished():
                self.test_accuracy = fact.test_accuracy
                if not isinstance(fact, RunStarted):
                    self.epoch = fact.epoch if isinstance(fact, EpochDone) else fact.epochs
                self.pace = "running" if self.pace == "preparing" else self.pace
            case Paused():
                self.pace = "paused"
            case Resumed() | TakenUp():
                self.pace = "running"
            case Failed(sentence=sentence):
                self.sentence = printable(sentence)
            case _:
                pass
        ends: dict[type, State] = {
            RunFinished: "finished", Stopped: "stopped", Diverged: "diverged", Failed: "failed"
        }  # fmt: skip
        self.ending = ends[type(fact)] if isinstance(fact, ENDINGS) else None


def _last_entries(journal: Path) -> Iterator[Entry]:
    with contextlib.suppress(OSError), open(journal, "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
        for line in file.read(TAIL).splitlines():
            entry = decode(line + b"\n")
            if entry is not None:
                yield entry


def _changed(run: RunDirectory) -> float:
    """When the worker last wrote of what it did."""
    times = [0.0]
    for path in (run.config_file, run.journal, run.steps):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)


def _size(path: Path) -> int:
    total = 0
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_size
    return total
