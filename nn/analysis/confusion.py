"""What is taken for what: the confusion matrix, and the figures that are read off it.

Rows are true classes, columns predicted ones, as in scikit-learn. Where a figure would be 0 / 0 (a
class that is never predicted has no precision) it is 0, as with `zero_division=0` there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Counts = NDArray[np.int64]
Shares = NDArray[np.float64]


def confusion_matrix(labels: Array, predicted: Array, n_classes: int) -> Counts:
    """How many digits of class i were taken for j: int64 (n_classes, n_classes) at [i, j].

    Raises:
        ValueError: a label or a guess is not below `n_classes`.
    """
    for name, classes in (("label", labels), ("guess", predicted)):
        if len(classes) and not 0 <= classes.min() <= classes.max() < n_classes:
            raise ValueError(f"every {name} must be from 0 to {n_classes - 1}")
    cells = labels.astype(np.int64) * n_classes + predicted.astype(np.int64)
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def row_percentages(matrix: Counts) -> Shares:
    """Each row in percent of its sum, float64; a class without digits has a row of zeros."""
    return 100 * _ratio(matrix.astype(np.float64), matrix.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Confusion:
    """Digits of class `true` that were taken for class `predicted`."""

    true: int
    predicted: int
    count: int


def most_confused(matrix: Counts, at_least: int = 1) -> list[Confusion]:
    """The cells beside the diagonal with at least so many digits, the largest first; among equals
    by class."""
    mistakes = matrix.copy()
    np.fill_diagonal(mistakes, 0)
    cells = np.flatnonzero(mistakes >= max(at_least, 1))
    counts = mistakes.reshape(-1)[cells]
    n_classes = len(matrix)
    return [
        Confusion(int(cells[i]) // n_classes, int(cells[i]) % n_classes, int(counts[i]))
        for i in np.argsort(-counts, kind="stable")
    ]


@dataclass(frozen=True, eq=False)
class ClassReport:
    """Figures per class, float64 (n_classes,), and their means over the classes.

    precision: of those taken for it, the share that is of this class.
    recall: of those of this class, the share taken for it.
    f1: their harmonic mean, 2 TP / (2 TP + FP + FN).
    support: how many digits there are of this class, int64 (n_classes,).
    The macro means weigh every class alike, digits or not.
    """

    precision: Shares
    recall: Shares
    f1: Shares
    support: Counts

    @property
    def macro_precision(self) -> float:
        return float(self.precision.mean())

    @property
    def macro_recall(self) -> float:
        return float(self.recall.mean())

    @property
    def macro_f1(self) -> float:
        return float(self.f1.mean())


def class_report(matrix: Counts) -> ClassReport:
    """Precision, recall, F1 and support of every class."""
    right = np.diagonal(matrix).astype(np.float64)
    of_class, taken_for = matrix.sum(axis=1), matrix.sum(axis=0)
    return ClassReport(
        precision=_ratio(right, taken_for),
        recall=_ratio(right, of_class),
        f1=_ratio(2 * right, of_class + taken_for),
        support=of_class,
    )


def accuracy(matrix: Counts) -> float:
    """The share on the diagonal; of no digits at all, 0."""
    total = int(matrix.sum())
    return int(np.trace(matrix)) / total if total else 0.0


def _ratio(part: Array, whole: Array) -> Shares:
    whole = np.broadcast_to(whole, part.shape).astype(np.float64)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole != 0)
