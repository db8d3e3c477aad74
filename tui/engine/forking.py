"""A fork of a run, as files: what its parent was up to the checkpoint, and then a life of its own.

The child's directory holds all that led to it: the parent's steps, epochs and changes up to the
checkpoint, so that its curve begins where the parent's did. The next worker takes it up like any
other run; that it is a fork only config.toml and the journal say (`parent`, `Forked`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping

import numpy as np

from nn.archive import ArchiveError
from nn.events import EpochDone, HyperparameterChanged, RunStarted
from nn.fork import Fork, fork
from tui.engine.facts import Entry, Forked, MistakesChanged, decode, encode
from tui.engine.run_directory import RunDirectory, RunError, private
from tui.engine.tail import STEP
from tui.engine.text import printable


def fork_run(parent: RunDirectory, changes: Mapping[str, object], who: str = "") -> RunDirectory:
    """A new run beside its parent, ready to be taken up from the parent's last checkpoint with
    these changes; the parent itself is only read, and may be live.

    Raises:
        HyperparameterError: a change that a fork cannot make.
        RunError: there is no checkpoint to fork from, or no place for the fork.
    """
    config = parent.read_config()
    config.require_our_format()
    if not parent.checkpoint.exists():
        name = printable(parent.name)
        raise RunError(f"Run {name} has no checkpoint yet, so there is nothing to fork from.")
    update: dict[str, object] = {"created": time.time(), "parent": parent.name}
    child = RunDirectory.create(parent.path.parent, config.model_copy(update=update))
    try:
        made = fork(parent.checkpoint, child.checkpoint, changes)
        update |= {"hyperparameters": made.hyperparameters, "parent_step": made.step}
        child.write_config(config.model_copy(update=update))
        _copy_history(parent, child, made)
        _write_journal(parent, child, made, who)
    except BaseException as error:
        shutil.rmtree(child.path, ignore_errors=True)
        if isinstance(error, ArchiveError):
            raise RunError(printable(error)) from None
        if isinstance(error, OSError):
            why = printable(error.strerror or error)
            raise RunError(f"Run {printable(parent.name)} cannot be forked: {why}.") from None
        raise
    return child


def _copy_history(parent: RunDirectory, child: RunDirectory, made: Fork) -> None:
    """Steps up to the fork; guesses whole, for the worker cuts off what came after."""
    with contextlib.suppress(FileNotFoundError):
        data = parent.steps.read_bytes()
        records = np.frombuffer(data[: len(data) - len(data) % STEP.itemsize], STEP)
        with open(child.steps, "wb", opener=private) as file:
            file.write(records[records["step"] <= made.step].tobytes())
    with contextlib.suppress(FileNotFoundError):
        _copy(parent.guesses, child.guesses)
    if not any(
        isinstance(entry.fact, EpochDone) and entry.fact.epoch > made.epochs_done
        for entry in _entries(parent)
    ):
        # As new as the checkpoint; later ones would be of epochs that the fork has yet to see.
        for old, new in ((parent.predictions, child.predictions), (parent.best, child.best)):
            with contextlib.suppress(FileNotFoundError):
                _copy(old, new)


def _write_journal(parent: RunDirectory, child: RunDirectory, made: Fork, who: str) -> None:
    now = time.time()
    forked = Entry(now, Forked(parent.name, made.step, made.epochs_done, who))
    with open(child.journal, "wb", opener=private) as journal:
        for entry in _entries(parent):
            if _is_before(entry, made):
                journal.write(encode(entry))
        journal.write(encode(forked))
        for change in made.changes:
            journal.write(encode(Entry(now, change)))
        journal.flush()
        os.fsync(journal.fileno())


def _entries(run: RunDirectory) -> Iterator[Entry]:
    with open(run.journal, "rb") as journal:
        for line in journal:
            entry = decode(line)
            if entry is not None:
                yield entry


def _is_before(entry: Entry, made: Fork) -> bool:
    """Is it part of how the fork came to be what it is? Who paused the parent is not."""
    match entry.fact:
        case RunStarted() | Forked():
            return True
        case EpochDone(epoch=epoch) | MistakesChanged(epoch=epoch):
            return epoch <= made.epochs_done
        case HyperparameterChanged(step=step):
            return step <= made.step
        case _:
            return False


def _copy(source: os.PathLike[str], destination: os.PathLike[str]) -> None:
    with open(source, "rb") as old, open(destination, "wb", opener=private) as new:
        shutil.copyfileobj(old, new)
