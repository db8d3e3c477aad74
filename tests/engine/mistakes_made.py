"""Mistakes made on the spot."""

from __future__ import annotations

import numpy as np

from nn.analysis.learning_history import LearningHistory
from tui.engine.mistakes import Mistakes
from tui.engine.predictions import Predictions


def make_mistakes(
    n: int = 200, classes: int = 10, epochs: int = 4, seed: int = 0,
    shape: tuple[int, int] = (3, 2), names: tuple[str, ...] = (), doubtful: tuple[int, ...] = (),
) -> Mistakes:  # fmt: skip
    """A network that is right more often than not, and its guesses after every epoch."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n, dtype=np.uint8)
    probabilities = rng.dirichlet(np.full(classes, 0.5), n)
    probabilities[np.arange(n), labels] += rng.uniform(0, 1, n)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    rows = rng.integers(0, classes, (epochs + 1, n), dtype=np.uint8)
    predictions = Predictions(
        epoch=epochs,
        images=rng.integers(0, 17, (n, *shape), dtype=np.uint8),
        pixel_max=16,
        labels=labels,
        probabilities=probabilities.astype(np.float32),
        class_names=names or tuple(map(str, range(classes))),
    )
    rows[-1] = predictions.predicted
    history = LearningHistory.of(rows, labels)
    return Mistakes(predictions, history, np.array(doubtful, np.intp))
