"""How wrong is the network? One number, and its gradient.

The last Dense layer gives logits: one score per class, of any size. Softmax turns them into
probabilities, cross-entropy asks how surprised these are by the truth. Together they have the
kindest gradient there is: what was predicted, minus what was true.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.buffers import Buffers

Array = NDArray[Any]
Labels = NDArray[np.unsignedinteger[Any] | np.signedinteger[Any]]


def softmax(logits: Array, out: Array | None = None) -> Array:
    """p_k = exp(z_k) / sum_j exp(z_j), row by row: (n, n_classes) -> (n, n_classes).

    The largest logit is subtracted first: the quotient is the same, and nothing overflows.
    """
    out = np.subtract(logits, logits.max(axis=1, keepdims=True), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=1, keepdims=True)
    return out


class SoftmaxCrossEntropy:
    """L = -mean over samples of log p(the true class), from logits.

    log p_y = z_y - max z - log(sum exp(z - max z)) is computed from the logits, never as log(p): a
    probability that has rounded to zero would make the loss infinite where it is merely large.

    With label smoothing s (Szegedy et al. 2016) the truth is not (0, .., 1, .., 0) but that times
    1 - s, plus s / n_classes for every class: a network that is asked for certainty it cannot have
    grows its weights without end. `smoothing` may be changed between two steps.
    """

    def __init__(
        self, n_classes: int, dtype: DTypeLike = np.float32, smoothing: float = 0.0
    ) -> None:
        self.n_classes = n_classes
        self.smoothing = smoothing
        self._shifted = Buffers(n_classes, dtype)
        self._row = Buffers(1, dtype)
        self._ones = np.ones((n_classes, 1), dtype)

    def forward(self, logits: Array, labels: Labels) -> float:
        """The mean loss in nats of logits (n, n_classes) for labels (n,) in 0..n_classes-1."""
        n = len(logits)
        shifted, row = self._shifted(n), self._row(n)
        np.maximum.reduce(logits.T.copy(), axis=0, out=row[:, 0])
        np.subtract(logits, row, out=shifted)
        true = self._true_cells(labels)
        scores = shifted.reshape(-1).take(true)
        if self.smoothing:
            scores *= 1 - self.smoothing
            scores += (shifted @ self._ones)[:, 0] * (self.smoothing / self.n_classes)
        np.exp(shifted, out=shifted)
        # The product with a column of ones: sums along rows at the speed of a matrix product.
        np.matmul(shifted, self._ones, out=row)
        self._exponentials, self._row_sums, self._true = shifted, row, true
        surprises = np.log(row[:, 0]) - scores
        return float(np.add.reduce(surprises, dtype=np.float64)) / n

    def backward(self) -> Array:
        """dL/dlogits = (p - y) / n, y the truth: (n, n_classes), for the batch last seen.

        Once per `forward`: the gradient is made where the exponentials were.
        """
        n = len(self._exponentials)
        d_logits = self._exponentials
        self._row_sums *= n
        np.divide(d_logits, self._row_sums, out=d_logits)
        d_logits.reshape(-1)[self._true] -= d_logits.dtype.type((1 - self.smoothing) / n)
        if self.smoothing:
            d_logits -= self.smoothing / (self.n_classes * n)
        return d_logits

    def _true_cells(self, labels: Labels) -> NDArray[np.intp]:
        """Where each sample's true class stands in the flattened (n, n_classes)."""
        cells = np.arange(0, len(labels) * self.n_classes, self.n_classes)
        cells += labels
        return cells
