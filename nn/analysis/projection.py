"""A map of digits: many dimensions, drawn in two.

What the last layer sees of a digit is a point in as many dimensions as the last hidden layer has
units. Principal component analysis (Pearson 1901) looks at the cloud of all these points from the
side from which it is widest: the first axis is the direction in which they differ the most, the
second that of all at a right angle to it, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Projection:
    """Onto `axes`.

    mean: (d,), where the cloud's middle is. axes: (k, d), rows of length one at right angles.
    explained: (k,), the share of the whole variance that lies along each.
    """

    mean: Array
    axes: Array
    explained: Array

    def of(self, features: Array) -> Array:
        """(n, d) -> (n, k): how far along each axis, from the middle."""
        return np.asarray((features - self.mean) @ self.axes.T)


def pca(features: Array, k: int = 2) -> Projection:
    """The k principal axes of features (n, d), by singular value decomposition.

    With the middle taken off, X = U S V^T: the rows of V^T are the axes, S^2 / (n - 1) the variance
    along each. The covariance matrix, whose eigenvectors they are, is never made, since that would
    square the numbers and lose half of their digits. An axis may point either way; here its largest
    entry is positive. Where there are fewer than k dimensions or digits, the axes that are missing
    are zero.
    """
    n, d = features.shape
    mean = features.mean(axis=0, dtype=np.float64) if n else np.zeros(d)
    centred = features - mean
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    variances = singular**2
    total = float(variances.sum())
    short = max(k - len(axes), 0)
    axes = np.pad(axes, ((0, short), (0, 0)))[:k]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    axes *= np.where(largest < 0, -1, 1)
    shares = np.pad(variances, (0, short))[:k] / (total or 1.0)
    return Projection(mean, axes, shares)


def turned_like(points: Array, before: Array) -> Array:
    """Points (n, k), mirrored along those axes along which they lie the other way round than they
    did `before` (n, k): so that a map that is drawn again does not jump."""
    return np.asarray(points * np.where((points * before).sum(axis=0) < 0, -1, 1))
