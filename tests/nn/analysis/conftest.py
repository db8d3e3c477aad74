"""A network that guesses, better than by chance, and is not calibrated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

Guessing = Callable[..., tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="session")
def guessing() -> Guessing:
    """`guessing(n, n_classes)`: probabilities (n, n_classes) float32 and labels (n,) uint8."""

    def make(n: int, n_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, n_classes, n, dtype=np.uint8)
        logits = rng.normal(0, 2, (n, n_classes))
        logits[np.arange(n), labels] += 3
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
        return probabilities.astype(np.float32), labels

    return make
