"""The mistakes of one run as they are now: its predictions and guesses, put together.

A reader follows a live run as well as one that ended long ago. What it reads belongs off the event
loop: the first look loads the digits and the whole history, later ones an epoch's worth.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from tui.engine.guesses import GuessReader
from tui.engine.known_labels import doubtful_rows
from tui.engine.mistakes import Mistakes
from tui.engine.predictions import Predictions
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.test_set import TestSet
from tui.engine.text import printable

RETRIES = 5
RETRY_EVERY = 0.05
"""Seconds; files that are taken away and made anew are there again within a few milliseconds."""


class MistakesReader:
    """Follows one run; `latest` is what the last look found, None where there were no predictions
    yet."""

    def __init__(self, run: RunDirectory) -> None:
        """
        Raises:
            RunError: the run's digits are gone, or are no longer those it was trained on.
        """
        self.run = run
        self.digits = TestSet.of_run(run)
        self.latest: Mistakes | None = None
        self._newest: Predictions | None = None
        self._guesses = GuessReader(run.guesses, self.digits.labels)
        self._doubtful = doubtful_rows(self.digits.images, self.digits.labels)

    @property
    def behind(self) -> bool:
        """Is there more of the history to read right away?"""
        return self._guesses.behind

    def poll(self) -> bool:
        """Look once, and say whether `latest` is another one now.

        The history is read up to the predictions' epoch, though there be more of it: a long one
        takes several looks (`behind`).
        """
        if not self.behind:
            self._newest = self.digits.predictions(self.run)
        if self._newest is None:
            return False
        self._guesses.poll(self._newest.epoch + 1)
        history = self._guesses.history
        known = self.latest.history if self.latest else None
        if self.behind or history is known or history.epoch != self._newest.epoch:
            return False
        self.latest = Mistakes(self._newest, history, self._doubtful)
        return True

    def read_all(self) -> Mistakes:
        """What there is, looked at until it is whole.

        Raises:
            RunError: there are no predictions yet, or none that can be used.
        """
        self.poll()
        while self.behind:
            self.poll()
        for _ in range(RETRIES):
            if self.latest is not None:
                return self.latest
            if self.run.predictions.exists():
                time.sleep(RETRY_EVERY)
            self.poll()
        name = printable(self.run.name)
        if not self.run.predictions.exists():
            raise RunError(no_predictions(name))
        raise RunError(f"The predictions of run {name} are missing or damaged.")

    def of_digits(self, indices: NDArray[np.intp]) -> NDArray[np.uint8]:
        """What these digits were taken for after each epoch: see `GuessReader.of_digits`."""
        return self._guesses.of_digits(indices)


def no_predictions(name: str) -> str:
    """A sentence for a run that has not begun; `name` is printable."""
    return f"Run {name} has no predictions yet; they come before its first step."
