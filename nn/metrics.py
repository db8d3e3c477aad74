"""How good is it, on digits it never saw?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.batches import Batches
from nn.losses import SoftmaxCrossEntropy, softmax
from nn.network import Network

CHUNK = 500
"""Digits per forward pass of an evaluation: large enough to be fast, small enough for the cache."""


@dataclass(frozen=True)
class Evaluation:
    """Mean loss in nats, share of digits right, and probabilities (n, n_classes) float32."""

    loss: float
    accuracy: float
    probabilities: NDArray[Any]


def evaluate(network: Network, batches: Batches, loss: SoftmaxCrossEntropy) -> Evaluation:
    """Every digit of `batches` (made for at least `CHUNK` rows) through the network, once.

    Of no digits at all, loss and accuracy are NaN.
    """
    n = len(batches)
    if not n:
        return Evaluation(math.nan, math.nan, np.empty((0, network.n_classes), network.dtype))
    probabilities = np.empty((n, network.n_classes), network.dtype)
    total = 0.0
    for start in range(0, n, CHUNK):
        x, labels = batches.stretch(start, min(start + CHUNK, n))
        logits = network.forward(x)
        total += loss.forward(logits, labels) * len(labels)
        softmax(logits, out=probabilities[start : start + len(labels)])
    right = np.count_nonzero(probabilities.argmax(axis=1) == batches.labels)
    return Evaluation(total / n, int(right) / n, probabilities)
