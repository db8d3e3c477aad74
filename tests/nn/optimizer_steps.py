"""Steps of optimisers to be tested: for each of them, with gradients as a real network has them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from nn.optimizers import OPTIMIZERS, Optimizer

every_optimiser = pytest.mark.parametrize("name", OPTIMIZERS)
seeds = st.integers(0, 2**32 - 1)


def gradients_for(steps: int, size: int, seed: int, dtype: str = "float64") -> np.ndarray:
    rng = np.random.default_rng(seed)
    # Very different sizes, as in a real network, and some exact zeros.
    g = rng.standard_normal((steps, size)) * 10.0 ** rng.integers(-6, 3, size)
    return np.where(rng.random((steps, size)) < 0.1, 0.0, g).astype(dtype)


def take(optimiser: Optimizer, p: np.ndarray, gradients: np.ndarray, lr: float = 0.01) -> None:
    for g in gradients:
        optimiser.step(p, g.copy(), lr)
