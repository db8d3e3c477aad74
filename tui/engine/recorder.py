"""The worker's pen: everything a run leaves behind is written here.

The order at the end of an epoch matters to readers: predictions, then guesses, then the journal
line. Whoever has read `epoch_done` finds files that are at least as new.
"""

from __future__ import annotations

import struct
import time
from io import BytesIO, FileIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.events import StepDone
from tui.engine.facts import Entry, Fact, encode
from tui.engine.run_directory import STEP_STRUCT, RunDirectory, replacing

FLUSH_EVERY = 0.1
"""Seconds that steps may wait in memory: readers look ten times a second."""


class Recorder:
    """Appends to the run's files. Use as a context manager."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._pack = struct.Struct(STEP_STRUCT).pack
        self._waiting: list[bytes] = []
        self._flushed = time.monotonic()

    def __enter__(self) -> Recorder:
        self._journal = open(self._run.journal, "ab", buffering=0)
        self._steps = open(self._run.steps, "ab", buffering=0)
        self._guesses = open(self._run.guesses, "ab", buffering=0)
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.flush()
        finally:
            for file in (self._journal, self._steps, self._guesses):
                file.close()

    def step(self, done: StepDone, seconds: float) -> None:
        """Keep one step; written with the others at most `FLUSH_EVERY` seconds later."""
        self._waiting.append(
            self._pack(
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
            _write_all(self._steps, records)

    def predictions(self, probabilities: NDArray[Any]) -> None:
        """Replace predictions.npy and append the row of guesses: (n_test, n_classes) float32."""
        saved = BytesIO()
        np.save(saved, np.ascontiguousarray(probabilities, np.float32), allow_pickle=False)
        with replacing(self._run.predictions) as file:
            # Not saved straight into the file: of a full disk NumPy says "3600 requested".
            file.write(saved.getbuffer())
        _write_all(self._guesses, probabilities.argmax(axis=1).astype(np.uint8).tobytes())

    def fact(self, fact: Fact) -> Entry:
        """Append one line to the journal, after the steps that led to it."""
        self.flush()
        entry = Entry(time.time(), fact)
        _write_all(self._journal, encode(entry))
        return entry


def _write_all(file: FileIO, data: bytes) -> None:
    """A nearly full disk takes a part and says so by a number; the next try says why."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
