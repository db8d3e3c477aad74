"""What a run gets wrong, all that follows from it, and which digits are to be shown in which order.

A `Mistakes` is a plain, immutable value like the `Predictions` it is made of: whatever somebody
asks of it is worked out once, over all digits in a few operations, and kept. A new epoch makes a
new one. So a screen pages through 100,000 digits by slicing an array of indices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.analysis import calibration, confusion, label_quality, scores
from nn.analysis.comparison import Comparison, compare
from nn.analysis.learning_history import LearningHistory
from tui.engine.predictions import Predictions
from tui.engine.sorts import SortName

Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]

UNSURE_BELOW = 0.5
"""The confidence below which an answer is unsure, unless somebody says otherwise."""

NO_ROWS = np.empty(0, np.intp)


@dataclass(frozen=True, eq=False)
class Mistakes:
    """A run's predictions with what can be said of them.

    Attributes:
        predictions: what the network says of every test digit, held out from its training.
        history: what it said after every epoch up to theirs; None where that is not known.
        doubtful: test rows whose label people do not confirm, ascending: see `known_labels`.
    """

    predictions: Predictions
    history: LearningHistory | None = None
    doubtful: Indices = field(default_factory=NO_ROWS.copy)

    def __len__(self) -> int:
        return len(self.predictions)

    # Each digit on its own, all (n,).

    @cached_property
    def wrong(self) -> Flags:
        return np.asarray(self.predictions.predicted != self.predictions.labels)

    @cached_property
    def losses(self) -> NDArray[np.float32]:
        """In nats."""
        return scores.losses(self.predictions.probabilities, self.predictions.labels)

    @cached_property
    def margins(self) -> NDArray[np.float32]:
        """The probability of the guess less that of the runner-up."""
        return scores.margins(self.predictions.probabilities)

    # What is taken for what.

    @cached_property
    def matrix(self) -> NDArray[np.int64]:
        """int64 (classes, classes), [true, predicted]."""
        p = self.predictions
        return confusion.confusion_matrix(p.labels, p.predicted, len(p.class_names))

    @cached_property
    def row_percentages(self) -> NDArray[np.float64]:
        return confusion.row_percentages(self.matrix)

    @cached_property
    def most_confused(self) -> list[confusion.Confusion]:
        """Every mistaken pair that there is, the most frequent first."""
        return confusion.most_confused(self.matrix)

    @cached_property
    def report(self) -> confusion.ClassReport:
        return confusion.class_report(self.matrix)

    # How good, and how sure.

    @cached_property
    def accuracy(self) -> float:
        """The share right, 0 to 1; 0 of no digits."""
        return confusion.accuracy(self.matrix)

    @cached_property
    def accuracy_without_doubtful(self) -> float | None:
        """The share right of those whose labels nobody doubts; None where no label is known to be
        doubtful."""
        if not len(self.doubtful) or len(self) == len(self.doubtful):
            return None
        right = len(self) - np.count_nonzero(self.wrong)
        right -= np.count_nonzero(~self.wrong[self.doubtful])
        return int(right) / (len(self) - len(self.doubtful))

    @cached_property
    def mean_loss(self) -> float:
        """In nats; 0 of no digits."""
        return float(self.losses.mean(dtype=np.float64)) if len(self) else 0.0

    @cached_property
    def reliability(self) -> calibration.Reliability:
        return calibration.reliability(self.predictions.confidence, ~self.wrong)

    @cached_property
    def coverage(self) -> calibration.CoverageCurve:
        """`coverage.at(threshold)` is what is answered if it may say "I don't know" below it."""
        return calibration.coverage_curve(self.predictions.confidence, ~self.wrong)

    @cached_property
    def suspects(self) -> label_quality.Suspects:
        """Labels that look wrong to this network. It did not learn from test digits, so what it
        says of them is held out, as confident learning asks."""
        return label_quality.suspects(self.predictions.probabilities, self.predictions.labels)

    @cached_property
    def suspect_labels(self) -> Flags:
        """Whose label is in question, bool (n,): those that people do not confirm where that is
        known, else those that look wrong to the network."""
        flags = np.zeros(len(self), np.bool_)
        flags[self.doubtful if len(self.doubtful) else self.suspects.indices] = True
        return flags

    # In which order.

    def order(self, sort: SortName) -> Indices:
        """All digits in an order, made once: intp (n,).

        `SORTS` says which there are; of the right answers, "confidence" has the least sure first.
        Equals stay in the order of their index.
        """
        made = self._orders.get(sort)
        if made is None:
            made = self._orders[sort] = scores.ranking(_KEYS[sort](self))
        return made

    @cached_property
    def _orders(self) -> dict[str, Indices]:
        return {}

    def against(self, other: Mistakes) -> Comparison:
        """What this network has right and the other wrong, and the other way round.

        Raises:
            ValueError: they are not of the same test digits.
        """
        mine, others = self.predictions, other.predictions
        if not (
            np.array_equal(mine.labels, others.labels)
            and np.array_equal(mine.images, others.images)
        ):
            raise ValueError("the two are not of the same test digits")
        return compare(mine.labels, mine.predicted, others.predicted)


def _by_confidence(mistakes: Mistakes) -> NDArray[np.float32]:
    sure = mistakes.predictions.confidence
    return np.where(mistakes.wrong, -sure, sure)


def _by_change(mistakes: Mistakes) -> NDArray[Any]:
    if mistakes.history is None:
        return np.zeros(len(mistakes), np.int32)
    return -mistakes.history.changed


_KEYS: Mapping[SortName, Callable[[Mistakes], NDArray[Any]]] = MappingProxyType(
    {
        "loss": lambda mistakes: -mistakes.losses,
        "confidence": _by_confidence,
        "margin": lambda mistakes: mistakes.margins,
        "index": lambda mistakes: np.zeros(len(mistakes), np.int32),
        "changed": _by_change,
    }
)
