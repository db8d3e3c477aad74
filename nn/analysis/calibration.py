"""Is it right as often as it says? And how right is it if it may say "I don't know"?

A network is calibrated if, of all the digits it is 80% sure of, 80% are right (Guo et al. 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.analysis.scores import ranking

Array = NDArray[Any]
Floats = NDArray[np.float64]

BINS = 10


@dataclass(frozen=True, eq=False)
class Reliability:
    """Digits in bins of equal width by how sure the network is of its guess.

    edges: float64 (bins + 1,) from 0 to 1; a bin takes what is above its lower edge, up to and with
        its upper one (0 goes into the first), as scikit-learn's `calibration_curve` does.
    counts: int64 (bins,).
    confidence, accuracy: the means of each bin, float64 (bins,), NaN where it is empty.
    """

    edges: Floats
    counts: NDArray[np.int64]
    confidence: Floats
    accuracy: Floats

    @property
    def expected_error(self) -> float:
        """ECE = the mean over digits of |accuracy - confidence| of their bin; 0 of no digits."""
        full = self.counts > 0
        if not full.any():
            return 0.0
        gaps = np.abs(self.accuracy[full] - self.confidence[full])
        return float(np.average(gaps, weights=self.counts[full]))


def reliability(confidence: Array, right: Array, bins: int = BINS) -> Reliability:
    """From confidence (n,) in 0..1 and right (n,) bool."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    of_bin = np.searchsorted(edges[1:-1], confidence)
    counts = np.bincount(of_bin, minlength=bins)
    sums = np.bincount(of_bin, weights=confidence.astype(np.float64), minlength=bins)
    rights = np.bincount(of_bin, weights=right.astype(np.float64), minlength=bins)
    empty = np.full(bins, np.nan)
    full = counts > 0
    return Reliability(
        edges=edges,
        counts=counts,
        confidence=np.divide(sums, counts, out=empty.copy(), where=full),
        accuracy=np.divide(rights, counts, out=empty, where=full),
    )


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is answered if nothing below a threshold is: how many, which share of all (`coverage`),
    and which share of these is right (NaN where nothing is answered)."""

    threshold: float
    answered: int
    coverage: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class CoverageCurve:
    """Every threshold that makes a difference, the highest first.

    thresholds: the distinct confidences, float64 (m,), falling.
    answered: int64 (m,), how many digits are at least so sure.
    accuracy: float64 (m,), the share of these that is right.
    n: how many digits there are.
    """

    thresholds: Floats
    answered: NDArray[np.int64]
    accuracy: Floats
    n: int

    @property
    def coverage(self) -> Floats:
        """The share of all digits that is answered: float64 (m,), rising to 1."""
        return self.answered / max(self.n, 1)

    def at(self, threshold: float) -> Coverage:
        """What is answered if at least so much confidence is asked for; O(log m)."""
        place = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        if place < 0:
            return Coverage(threshold, 0, 0.0, float("nan"))
        answered = int(self.answered[place])
        return Coverage(threshold, answered, answered / self.n, float(self.accuracy[place]))


def coverage_curve(confidence: Array, right: Array) -> CoverageCurve:
    """From confidence (n,) float32 in 0..1 and right (n,) bool, in O(n log n)."""
    order = ranking(-confidence.astype(np.float32))
    sure = confidence[order].astype(np.float64)
    rights = np.cumsum(right[order], dtype=np.int64)
    # Equals stand or fall together: only the last of them is a threshold.
    last = np.flatnonzero(np.append(sure[1:] != sure[:-1], True)) if len(sure) else _NONE
    answered = last + 1
    return CoverageCurve(sure[last], answered, rights[last] / answered, len(sure))


_NONE = np.empty(0, np.int64)
