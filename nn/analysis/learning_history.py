"""When each digit was learnt, and how often it was forgotten.

After every epoch a network takes each test digit for something. One row of such guesses after the
other makes a history: which digits it has just got right, which it has lost again, and which it has
never had (Toneva et al. 2019 call a step from right to wrong a forgetting event).

    history = LearningHistory.begin(labels)
    for row in guesses:                      # the untrained network's first
        history = history.after(row)

A row costs O(n) whatever came before, so that a thousand epochs of 10,000 digits take a moment.
What the untrained network has right is luck, and can be neither known nor forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Changes:
    """How many digits are newly right, newly wrong, and have never been right."""

    fixed: int
    broken: int
    never_right: int


@dataclass(frozen=True, eq=False)
class LearningHistory:
    """What a row of guesses per epoch comes to, for each of n digits.

    epoch: of the last row, 0 for the untrained network's, -1 before any.
    labels, guesses: the truth, and the last row: (n,) of the same type, uint8 as a rule.
    right: is the last guess right?
    known: was any guess of a trained network (epoch 1 or later) right?
    learnt: the epoch since which it has been right without a break, -1 where it is wrong.
    forgotten: how often it went from right to wrong after epoch 1.
    changed: the epoch in which it was last taken for something else than before, 0 for never.
    fixed, broken: wrong in the epoch before and right in this one, and the other way round.
    """

    epoch: int
    labels: Array
    guesses: Array
    right: Flags
    known: Flags
    learnt: Counts
    forgotten: Counts
    changed: Counts
    fixed: Flags
    broken: Flags

    @classmethod
    def begin(cls, labels: Array) -> LearningHistory:
        """Before the first row."""
        no = np.zeros(len(labels), np.bool_)
        zero = np.zeros(len(labels), np.int32)
        return cls(-1, labels, labels, no, no, zero - 1, zero, zero, no, no)

    @classmethod
    def of(cls, guesses: Array, labels: Array) -> LearningHistory:
        """Of a whole matrix of guesses (epochs + 1, n)."""
        history = cls.begin(labels)
        for row in guesses:
            history = history.after(row)
        return history

    def after(self, guesses: Array) -> LearningHistory:
        """The history with one more row (n,); this one stays as it is.

        Raises:
            ValueError: the row is not as long as the others.
        """
        if guesses.shape != self.labels.shape:
            raise ValueError(f"guesses {guesses.shape} must be {self.labels.shape}")
        epoch = self.epoch + 1
        right = guesses == self.labels
        if epoch == 0:
            learnt = np.where(right, 0, -1).astype(np.int32)
            unchanged = self.fixed, self.broken, self.known, self.forgotten, self.changed
            fixed, broken, known, forgotten, changed = unchanged
        else:
            fixed, broken = right & ~self.right, self.right & ~right
            known = self.known | right
            learnt = self.learnt.copy()
            learnt[fixed] = epoch
            learnt[broken] = -1
            forgotten = self.forgotten + broken if epoch > 1 else self.forgotten
            changed = self.changed.copy()
            changed[guesses != self.guesses] = epoch
        return LearningHistory(
            epoch, self.labels, guesses, right, known, learnt, forgotten, changed, fixed, broken
        )

    @property
    def never_right(self) -> Flags:
        """Wrong after every epoch so far: bool (n,)."""
        return ~(self.known | self.right)

    @property
    def changes(self) -> Changes:
        """The last epoch in three numbers."""
        return Changes(
            fixed=int(np.count_nonzero(self.fixed)),
            broken=int(np.count_nonzero(self.broken)),
            never_right=int(np.count_nonzero(self.never_right)),
        )
