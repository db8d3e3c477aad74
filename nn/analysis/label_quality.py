"""Which labels look wrong: confident learning (Northcutt, Jiang and Chuang 2021).

A network that has learnt a class well gives its digits a certain probability on average. Where a
digit labelled i reaches the average of another class j, and that is its likeliest such class, it
may well be a j that was mislabelled.

The probabilities must be held out: a network that was trained on a digit has learnt its label,
wrong or not, and would vouch for it. Those of a test set are; those of the training set are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.analysis.scores import probability_of

Array = NDArray[Any]


def self_confidence(probabilities: Array, labels: Array) -> NDArray[np.float32]:
    """The probability of the given label: float32 (n,); the lower, the more suspect."""
    return probability_of(probabilities, labels)


def class_thresholds(probabilities: Array, labels: Array) -> NDArray[np.float64]:
    """t_j = the mean probability of j over the digits labelled j: float64 (n_classes,); infinite
    for a class without digits, which nothing can then be suspected to be."""
    n_classes = probabilities.shape[1]
    sums = np.bincount(labels, weights=self_confidence(probabilities, labels), minlength=n_classes)
    counts = np.bincount(labels, minlength=n_classes)
    none = np.full(n_classes, np.inf)
    return np.asarray(np.divide(sums, counts, out=none, where=counts > 0))


def confident_classes(probabilities: Array, labels: Array) -> NDArray[np.intp]:
    """The likeliest class of each digit among those whose threshold it reaches: intp (n,), -1 where
    it reaches none."""
    reached = probabilities >= class_thresholds(probabilities, labels)
    certain = np.where(reached, probabilities, -1.0)
    found = np.asarray(certain.argmax(axis=1), np.intp)
    found[~reached.any(axis=1)] = -1
    return found


def confident_joint(probabilities: Array, labels: Array) -> NDArray[np.int64]:
    """How many digits labelled i are confidently j: int64 (n_classes, n_classes) at [i, j]."""
    n_classes = probabilities.shape[1]
    found = confident_classes(probabilities, labels)
    counted = found >= 0
    cells = labels[counted].astype(np.int64) * n_classes + found[counted]
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


@dataclass(frozen=True, eq=False)
class Suspects:
    """Digits whose label looks wrong, the most suspect (least self-confident) first.

    indices, classes: which they are, and what each seems to be instead: intp (m,).
    self_confidence: the probability of the label they have: float32 (m,), rising.
    """

    indices: NDArray[np.intp]
    classes: NDArray[np.intp]
    self_confidence: NDArray[np.float32]


def suspects(probabilities: Array, labels: Array) -> Suspects:
    """Everything off the diagonal of the confident joint, ranked by self-confidence. The
    probabilities must be held out."""
    found = confident_classes(probabilities, labels)
    indices = np.flatnonzero((found >= 0) & (found != labels))
    own = self_confidence(probabilities[indices], labels[indices])
    ranked = np.argsort(own, kind="stable")
    return Suspects(indices[ranked], found[indices[ranked]], own[ranked])
