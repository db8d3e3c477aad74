"""The worker's pen: everything a run leaves behind is written here.

The order at the end of an epoch matters to readers: predictions, then guesses, then the journal
line. Whoever has read `epoch_done` finds files that are at least as new.

A disk that is full, or may not be written to for a while, is no error here. What could not be
written waits in order, `stuck` says why, and `push` tries again; half a line or half a record is
completed then, not repeated. The trainer has to wait meanwhile.
"""

from __future__ import annotations

import errno
import os
import struct
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from io import BytesIO, FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import checkpoint
from nn.analysis import scores
from nn.archive import ArchiveError
from nn.atomic import replacing, sweep
from nn.events import EpochDone, RunStarted, StepDone
from nn.health import Alert, Settled
from nn.trainer import Trainer
from tui.engine.facts import Entry, Fact, MistakesChanged, decode, encode
from tui.engine.run_config import RunConfig
from tui.engine.run_directory import STEP_STRUCT, RunDirectory, private

FLUSH_EVERY = 0.1
"""Seconds that steps may wait in memory: readers look ten times a second."""

Telling = RunStarted | EpochDone | MistakesChanged | Alert | Settled
"""What is told once, however often it is done again."""

PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""What may be over when somebody has made room or mounted the disk anew."""

UNKNOWN = b"\xff"
"""Stands in guesses.u8 for a guess that was lost."""


class Recorder:
    """Appends to the run's files. Use as a context manager."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._record = struct.Struct(STEP_STRUCT)
        self._waiting: list[bytes] = []
        self._tasks: deque[Callable[[], None]] = deque()
        self._flushed = time.monotonic()
        self.stuck: OSError | None = None

    def __enter__(self) -> Recorder:
        self._journal = _append(self._run.journal)
        self._steps = _append(self._run.steps)
        self._guesses = _append(self._run.guesses)
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.flush()
            self.push()
            if self.stuck is not None:
                raise self.stuck
        finally:
            for file in (self._journal, self._steps, self._guesses):
                file.close()

    def take_up(self, rows: int, row: int) -> frozenset[Fact]:
        """Make the files of a run whose worker is gone fit to go on with: `rows` rows of `row`
        guesses, whole records, whole lines. Returns what the journal has told already of the run's
        start and its epochs, as facts that only say which (all else in them is zero)."""
        sweep(self._run.path)
        # Steps after the last checkpoint stay: they come again, and are the same.
        self._steps.truncate(_size(self._steps) // self._record.size * self._record.size)
        known = min(_size(self._guesses) // row, rows)
        self._guesses.truncate(known * row)
        # The copy of a live run may have been taken before what its checkpoint knows was there.
        self._do(partial(_write, self._guesses, [UNKNOWN * (row * (rows - known))]))
        told = set()
        with open(self._run.journal, "rb") as journal:
            line = b"\n"
            for line in journal:
                entry = decode(line)
                if entry is not None and isinstance(entry.fact, Telling):
                    told.add(which(entry.fact))
        if not line.endswith(b"\n"):
            self._do(partial(_write, self._journal, [b"\n"]))
        return frozenset(told)

    def step(self, done: StepDone, seconds: float) -> None:
        """Keep one step; written with the others at most `FLUSH_EVERY` seconds later."""
        self._waiting.append(
            self._record.pack(
                done.step, seconds, done.loss, done.learning_rate, done.gradient_norm, done.epoch
            )
        )
        self.flush_if_due()

    def flush_if_due(self) -> None:
        if time.monotonic() - self._flushed > FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        """Write the steps that wait."""
        self._flushed = time.monotonic()
        if self._waiting:
            records = b"".join(self._waiting)
            self._waiting.clear()
            self._do(partial(_write, self._steps, [records]))

    def predictions(self, probabilities: NDArray[Any]) -> None:
        """Replace predictions.npy and append the row of guesses: (n_test, n_classes) float32."""
        saved = BytesIO()
        np.save(saved, np.ascontiguousarray(probabilities, np.float32), allow_pickle=False)
        self._do(partial(_replace, self._run.predictions, saved))
        guesses = scores.guesses(probabilities).astype(np.uint8).tobytes()
        self._do(partial(_write, self._guesses, [guesses]))

    def checkpoint(self, path: Path, trainer: Trainer) -> None:
        """Put the trainer's state in the place of the one in `path`, after all that led to it.

        Raises:
            ArchiveError: it cannot be written, and no room would help.
        """
        self.flush()
        # First what led to it: a power cut must not leave a checkpoint with a gap before it.
        self._do(self._sync)
        self._do(partial(_save, path, trainer))

    def config(self, config: RunConfig) -> None:
        """Replace config.toml."""
        self._do(partial(self._run.write_config, config))

    def fact(self, fact: Fact, who: str = "") -> Entry:
        """Append one line to the journal, after the steps that led to it."""
        self.flush()
        entry = Entry(time.time(), fact, who)
        self._do(partial(_write, self._journal, [encode(entry)]))
        return entry

    def push(self) -> None:
        """Write what waits, until it is done or something is in the way."""
        try:
            while self._tasks:
                self._tasks[0]()
                self._tasks.popleft()
        except OSError as error:
            if error.errno not in PASSING:
                self._tasks.clear()
                raise
            self.stuck = error
        except ArchiveError:
            self._tasks.popleft()
            raise
        else:
            self.stuck = None

    def _sync(self) -> None:
        for file in (self._journal, self._steps, self._guesses):
            os.fdatasync(file.fileno())

    def _do(self, task: Callable[[], None]) -> None:
        self._tasks.append(task)
        self.push()


def which(fact: Telling) -> Fact:
    """The fact stripped of everything but what it is the fact of."""
    if isinstance(fact, RunStarted):
        return RunStarted((), 0, 0, 0, 0, 0, 0.0, 0.0)
    if isinstance(fact, Alert):
        return Alert(fact.kind, fact.step, 0, 0.0, 0.0)
    if isinstance(fact, Settled):
        return fact
    if isinstance(fact, MistakesChanged):
        return MistakesChanged(fact.epoch, 0, 0, 0)
    return EpochDone(fact.epoch, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def _append(path: Path) -> FileIO:
    return open(path, "ab", buffering=0, opener=private)


def _size(file: FileIO) -> int:
    return os.fstat(file.fileno()).st_size


def _write(file: FileIO, data: list[bytes]) -> None:
    """Append what is left in `data`. A nearly full disk takes a part and says so by a number; the
    next try says why."""
    while data[0]:
        data[0] = data[0][file.write(data[0]) :]


def _replace(path: Path, saved: BytesIO) -> None:
    with replacing(path, durable=False) as file:
        # Not saved straight into the file: of a full disk NumPy says "3600 requested".
        file.write(saved.getbuffer())


def _save(path: Path, trainer: Trainer) -> None:
    try:
        checkpoint.save(path, trainer)
    except ArchiveError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno)) from None
