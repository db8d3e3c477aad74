"""What each test digit was taken for after every epoch, read as it grows.

`guesses.u8` has a row of n bytes per epoch, the untrained network's first. A reader looks only at
the rows it has not seen; of one digit's whole history it reads one byte per epoch.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nn.analysis.learning_history import LearningHistory

BLOCK = 4 << 20
"""Bytes read at one look at the most: a long history arrives in pieces, and can be left alone."""


class GuessReader:
    """Follows one run's guesses."""

    def __init__(self, path: Path, labels: NDArray[np.uint8]) -> None:
        """`labels` (n,) are those of the run's test digits."""
        self.path = path
        self.history = LearningHistory.begin(labels)
        self.behind = False
        self._labels = labels

    @property
    def rows(self) -> int:
        """How many rows have been taken in."""
        return self.history.epoch + 1

    def poll(self, rows: int | None = None) -> bool:
        """Take in rows that are new, at most `BLOCK` bytes of them; were there any?

        If only the first `rows` are wanted, no others are. `behind` says whether there are more of
        them. A file that has become shorter is another history: a worker has taken the run up at
        an earlier epoch, and the reader begins anew.
        """
        n = len(self._labels)
        if not n:
            return False
        most = max(1, BLOCK // n)
        try:
            with open(self.path, "rb", buffering=0) as file:
                there = file.seek(0, os.SEEK_END) // n
                restarted = there < self.rows
                if restarted:
                    self.history = LearningHistory.begin(self._labels)
                wanted = there if rows is None else min(rows, there)
                file.seek(self.rows * n)
                data = file.read(max(0, min(most, wanted - self.rows)) * n)
        except OSError:
            self.behind = False
            return False
        new = np.frombuffer(data[: len(data) - len(data) % n], np.uint8).reshape(-1, n)
        for row in new:
            self.history = self.history.after(row)
        self.behind = self.rows < wanted
        return len(new) > 0 or restarted

    def read_all(self) -> LearningHistory:
        """The history of all rows that are there: O(file), for a thread."""
        while self.poll() and self.behind:
            pass
        return self.history

    def of_digits(self, indices: NDArray[np.intp]) -> NDArray[np.uint8]:
        """What these digits (m,) were taken for after each epoch taken in, the untrained network's
        guesses first: uint8 (rows, m), fewer rows if the file has become shorter since.

        Raises:
            IndexError: there is no such digit.
        """
        n = len(self._labels)
        nothing = np.empty((0, len(indices)), np.uint8)
        if len(indices) and not 0 <= indices.min() <= indices.max() < n:
            raise IndexError(f"test digits go from 0 to {n - 1}")
        try:
            rows = min(self.rows, self.path.stat().st_size // n) if n else 0
            if not rows:
                return nothing
            table = np.memmap(self.path, np.uint8, "r", shape=(rows, n))
        except (OSError, ValueError):
            return nothing
        return np.array(table[:, indices])
