"""What runs there are, and how each is: read off their files, without a word to any worker.

A summary costs a look at the lock and at the ends of two files, however long the run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nn.events import Diverged, EpochDone, RunFinished, RunStarted
from nn.hyperparameters import Hyperparameters
from nn.specs import SPECS, format_value
from tui.engine.facts import ENDINGS, Entry, Failed, Paused, Resumed, Stopped, TakenUp, decode
from tui.engine.last_steps import last_step
from tui.engine.log_lines import unkept
from tui.engine.run_directory import RunDirectory, RunError, run_directories
from tui.engine.text import duration, printable

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
    `sentence` is what is to be said of a run that is not simply training or done, `recipe` the
    hyperparameters that are not the defaults; a fork names its `parent`, and the
    step at which they parted."""

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
    recipe: str = ""
    parent: str = ""
    parent_step: int = 0

    @property
    def live(self) -> bool:
        """Is there a worker?"""
        return self.state in LIVE


def summaries(runs_dir: Path) -> list[RunSummary]:
    """Every run in a directory, the newest first; none where there is no such directory."""
    found = [summary(run) for run in run_directories(runs_dir)]
    return sorted(found, key=lambda run: (run.created, run.name), reverse=True)


@dataclass(frozen=True)
class ListedRun:
    """A run and how it is."""

    run: RunDirectory
    summary: RunSummary


class RunList:
    """A directory of runs that is looked at again and again; what cannot have changed since the
    last look is not read again."""

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self._known: dict[Path, tuple[object, ListedRun]] = {}

    def look(self) -> tuple[ListedRun, ...]:
        """Every run, the newest first."""
        known = {}
        for run in run_directories(self.runs_dir):
            stamp = (run.is_live(), *(_stamp(path) for path in (run.config_file, run.journal)))
            before = self._known.get(run.path)
            if before is not None and before[0] == stamp and not stamp[0]:
                known[run.path] = before
            else:
                known[run.path] = (stamp, ListedRun(run, summary(run)))
        self._known = known
        listed = (entry for _, entry in known.values())
        return tuple(
            sorted(listed, key=lambda e: (e.summary.created, e.summary.name), reverse=True)
        )


def live_runs(runs_dir: Path) -> list[ListedRun]:
    """The runs that have a worker at this moment, the newest first."""
    live = [ListedRun(run, summary(run)) for run in run_directories(runs_dir) if run.is_live()]
    return sorted(live, key=lambda entry: entry.summary.created, reverse=True)


def remove(run: RunDirectory) -> int:
    """Delete a run for good; returns the bytes that it took.

    Raises:
        RunError: it is live, or cannot be removed.
    """
    if run.is_live():
        raise RunError(f"Run {printable(run.name)} is live; stop it before you remove it.")
    size = _size(run.path)
    try:
        # Held while it goes, so that no worker takes it up in the midst.
        with run.locked():
            shutil.rmtree(run.path)
    except OSError as error:
        why = printable(error.strerror or error)
        raise RunError(f"{printable(run.path)} cannot be removed: {why}.") from None
    return size


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
    if not live and (last := unwritten(run)) is not None:
        seen.take(last)
    epochs, step, changed = config.hyperparameters.epochs, last_step(run), _changed(run)
    state: State = seen.ending or "died"
    sentence = seen.sentence
    if live:
        note = run.note()
        sentence = printable(note.sentence) if note else ""
        state = "waiting" if sentence else seen.pace
    elif state == "died":
        sentence = death(run, under_way(seen.epoch, epochs), step)
    return RunSummary(
        name, state, seen.epoch, epochs, step, seen.test_accuracy,
        config.created, changed, _size(run.path), sentence, recipe(config.hyperparameters),
        printable(config.parent), config.parent_step,
    )  # fmt: skip


def resumable(run: RunDirectory, epochs: int = 0) -> RunDirectory:
    """The run, if a new worker has something to do on it; `epochs` in all, where others are wanted.

    Raises:
        RunError: it has a worker, has done all its epochs or lost its patience, or cannot be read.
    """
    config, found = run.read_config(), summary(run)
    if found.live:
        raise RunError(f"Run {found.name} is live; there is nothing to take up.")
    wanted = epochs or config.hyperparameters.epochs
    if found.state == "finished" and wanted <= found.epoch:
        raise RunError(
            f"Run {found.name} has finished its {found.epoch} epochs; "
            f"inkling resume {found.name} --epochs +10 gives it ten more."
        )
    if found.state == "finished" and _out_of_patience(run, config.hyperparameters.patience):
        # A fork that has no epoch left to do would be refused in its turn.
        more = f" --epochs {wanted}" if wanted != config.hyperparameters.epochs else ""
        raise RunError(
            f"Run {found.name} has run out of patience after {found.epoch} epochs; "
            f"inkling fork {found.name} --patience 0{more} goes on from there."
        )
    return run


def _out_of_patience(run: RunDirectory, patience: int) -> bool:
    """Of a run that has finished: would it be over at once, however many epochs it had left?"""
    from nn.best import out_of_patience

    *_, last = (None, *_last_entries(run.journal))
    if last is None or not isinstance(last.fact, RunFinished):
        return False
    return out_of_patience(patience, last.fact.epochs, last.fact.best_epoch or 0)


def ancestry(run: RunSummary) -> str:
    """Where a fork comes from; nothing of a run that is none."""
    return f"forked from {run.parent} at step {run.parent_step:,}" if run.parent else ""


def under_way(done: int, epochs: int) -> int:
    """The epoch that a run was in which had done so many of its epochs."""
    return min(done + 1, epochs)


def death(run: RunDirectory, epoch: int, step: int) -> str:
    """Where a run was when its worker was lost, and how much of that is kept."""
    return f"died at epoch {epoch}, step {step:,}; {last_kept(run)}"


def unwritten(run: RunDirectory) -> Entry | None:
    """How a run ended whose worker had no room to say so but in its lock."""
    note = run.note()
    ending = decode(note.last.encode()) if note is not None and note.last else None
    if ending is None or not isinstance(ending.fact, ENDINGS):
        return None
    *_, last = (None, *_last_entries(run.journal))
    return None if last is not None and isinstance(last.fact, ENDINGS) else ending


def last_kept(run: RunDirectory) -> str:
    """How old a run's checkpoint was when its worker last wrote anything."""
    try:
        kept = run.checkpoint.stat().st_mtime
    except OSError:
        return "there is no checkpoint yet"
    return f"last checkpoint {duration(max(0.0, _changed(run) - kept))} before"


def recipe(h: Hyperparameters) -> str:
    """What a run is made of, as far as it is not as usual: the data set first, always."""
    said = [printable(h.dataset, 60)]
    for name, spec in SPECS.items():
        value = getattr(h, name)
        if name != "dataset" and value != spec.default:
            said.append(f"{spec.in_words} {printable(format_value(value), 60)}")
    return ", ".join(said)


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
            case Stopped():
                self.sentence = unkept(fact)
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


def _stamp(path: Path) -> tuple[int, int]:
    try:
        facts = path.stat()
    except OSError:
        return (0, 0)
    return (facts.st_mtime_ns, facts.st_size)


def _size(path: Path) -> int:
    total = 0
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_size
    return total
