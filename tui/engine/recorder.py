"""The worker's pen: everything a run leaves behind is written here.

Steps and what is told of epochs wait in memory for a tenth of a second, then all are written, in
an order that matters to readers: steps, guesses, predictions, journal. Whoever has read
`epoch_done` finds its row of guesses, and whoever finds predictions finds the row they belong to.

To put a file in another's place costs milliseconds, as long as an epoch of small digits. So
predictions.npy and best.npz are replaced twice a second at the most, but always before a
checkpoint, a pause and the end; what was overtaken in the meantime is never written.

A disk that is full, or may not be written to for a while, is no error here. What could not be
written waits in order, `stuck` says why, and `push` tries again; half a line or half a record is
completed then, not repeated. The trainer has to wait meanwhile.
"""

from __future__ import annotations

import errno
import math
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
from nn.state import State, capture
from nn.trainer import Trainer
from tui.engine.checkup import Past
from tui.engine.facts import ENDINGS, Entry, Fact, MistakesChanged, Paused, decode, encode
from tui.engine.run_config import RunConfig
from tui.engine.run_directory import EPOCH, STEP_STRUCT, RunDirectory, private

FLUSH_EVERY = 0.1
"""Seconds that steps and epochs may wait in memory: readers look ten times a second."""

REPLACE_EVERY = 0.5
"""Seconds between two times that predictions.npy and best.npz are replaced."""

AT_REST = (Paused, *ENDINGS)
"""Before these are told, every file is as new as the run."""

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
        self._done: list[tuple[StepDone, float]] = []
        self._waiting: dict[FileIO, list[bytes]] = {}
        self._tasks: deque[Callable[[], None]] = deque()
        self._to_replace: dict[Path, Callable[[], None]] = {}
        self._replaced = -math.inf
        self._flushed = time.monotonic()
        self.stuck: OSError | None = None

    def __enter__(self) -> Recorder:
        self._journal = _append(self._run.journal)
        self._steps = _append(self._run.steps)
        self._guesses = _append(self._run.guesses)
        self._waiting = {file: [] for file in (self._steps, self._guesses, self._journal)}
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.flush(whole=True)
            self.push()
            if self.stuck is not None:
                raise self.stuck
        finally:
            for file in self._waiting:
                file.close()

    def take_up(self, rows: int, row: int) -> tuple[frozenset[Fact], tuple[Past, ...]]:
        """Make the files of a run whose worker is gone fit to go on with: `rows` rows of `row`
        guesses, whole records, whole lines. Returns what the journal has told already of the run's
        start and its epochs, as facts that only say which (all else in them is zero), and what it
        says was changed and was amiss."""
        sweep(self._run.path)
        # Steps after the last checkpoint stay: they come again, and are the same.
        self._steps.truncate(_size(self._steps) // self._record.size * self._record.size)
        known = min(_size(self._guesses) // row, rows)
        self._guesses.truncate(known * row)
        # The copy of a live run may have been taken before what its checkpoint knows was there.
        self._do(partial(_write, self._guesses, [UNKNOWN * (row * (rows - known))]))
        told: set[Fact] = set()
        past: list[Past] = []
        with open(self._run.journal, "rb") as journal:
            line = b"\n"
            for line in journal:
                entry = decode(line)
                fact = entry.fact if entry is not None else None
                if isinstance(fact, Telling):
                    told.add(which(fact))
                if isinstance(fact, Past):
                    past.append(fact)
        if not line.endswith(b"\n"):
            self._do(partial(_write, self._journal, [b"\n"]))
        return frozenset(told), tuple(past)

    def step(self, done: StepDone, seconds: float) -> None:
        """Keep one step, to be written with the others."""
        self._done.append((done, seconds))

    def flush_if_due(self, quiet: float = 0.0) -> None:
        """Unless that has been done just now, or is done soon: `quiet` seconds may pass before this
        is asked again."""
        if quiet > FLUSH_EVERY or time.monotonic() - self._flushed > FLUSH_EVERY:
            self.flush()

    def flush(self, *, whole: bool = False) -> None:
        """Write what waits; replace what has waited long enough, or, if `whole`, all of it."""
        self._flushed = time.monotonic()
        pack = self._record.pack
        self._waiting[self._steps] += [
            pack(s.step, seconds, s.loss, s.learning_rate, s.gradient_norm, s.epoch)
            for s, seconds in self._done
        ]
        self._done.clear()
        for file, waiting in self._waiting.items():
            if file is self._journal and (whole or self._flushed - self._replaced > REPLACE_EVERY):
                self._replace()
            if waiting:
                data = b"".join(waiting)
                waiting.clear()
                self._do(partial(_write, file, [data]))

    def predictions(self, epoch: int, probabilities: NDArray[Any]) -> NDArray[np.uint8]:
        """Have the row of guesses appended, which is returned, and predictions.npy replaced:
        (n_test, n_classes) float32, which nobody may change any more."""
        guesses = scores.guesses(probabilities).astype(np.uint8)
        self._waiting[self._guesses].append(guesses.tobytes())
        path = self._run.predictions
        self._to_replace[path] = partial(_put, path, epoch, probabilities)
        return guesses

    def best(self, trainer: Trainer) -> None:
        """Have best.npz replaced by the trainer's state as it is now."""
        path = self._run.best
        self._to_replace[path] = partial(_save, path, capture(trainer).copied())

    def checkpoint(self, trainer: Trainer) -> None:
        """Put the trainer's state in the place of the last one, after all that led to it.

        Raises:
            ArchiveError: it cannot be written, and no room would help.
        """
        self.flush(whole=True)
        # First what led to it: a power cut must not leave a checkpoint with a gap before it.
        self._do(self._sync)
        self._do(partial(_save, self._run.checkpoint, capture(trainer)))

    def _replace(self) -> None:
        tasks, self._to_replace = self._to_replace, {}
        for task in tasks.values():
            self._do(task)
        if tasks:
            self._replaced = time.monotonic()

    def config(self, config: RunConfig) -> None:
        """Replace config.toml."""
        self._do(partial(self._run.write_config, config))

    def fact(self, fact: Fact, who: str = "") -> Entry:
        """Append one line to the journal, after the steps that led to it; what is told of epochs
        waits with the steps."""
        entry = Entry(time.time(), fact, who)
        self.entry(entry)
        return entry

    def entry(self, entry: Entry) -> None:
        """Append a line that tells of another time."""
        self._waiting[self._journal].append(encode(entry))
        if not isinstance(entry.fact, Telling):
            self.flush(whole=isinstance(entry.fact, AT_REST))

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
        for file in self._waiting:
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


def _put(path: Path, epoch: int, probabilities: NDArray[Any]) -> None:
    # Not saved straight into the file: of a full disk NumPy says "3600 requested".
    saved = BytesIO()
    np.save(saved, np.ascontiguousarray(probabilities, np.float32), allow_pickle=False)
    with replacing(path, durable=False) as file:
        file.write(saved.getbuffer())
        file.write(EPOCH.pack(epoch))


def _save(path: Path, state: State) -> None:
    try:
        checkpoint.save_state(path, state)
    except ArchiveError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno)) from None
