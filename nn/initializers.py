"""Where the weights start, and why it matters.

Weights that start too small shrink the signal from layer to layer until nothing is left; too large,
and it explodes. Each rule chooses a spread with which the signal's variance lasts: `he` holds it
exactly through ReLU, `glorot` strikes a balance between the signal going forward and the gradient
coming back, `lecun` holds it through a linear layer. Weights W are (n_inputs, n_outputs) and are
filled in place; biases start at zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Initializer = Callable[[Array, np.random.Generator], None]


def _normal(weights: Array, rng: np.random.Generator, spread: float) -> None:
    # Drawn in float64 and rounded: the same seed starts the same network at any precision.
    weights[...] = rng.standard_normal(weights.shape) * spread


def he(weights: Array, rng: np.random.Generator) -> None:
    """N(0, 2 / n_inputs): ReLU drops half of the signal, the 2 makes up for it (He et al. 2015)."""
    _normal(weights, rng, np.sqrt(2.0 / weights.shape[0]))


def glorot(weights: Array, rng: np.random.Generator) -> None:
    """N(0, 2 / (n_inputs + n_outputs)): for tanh and sigmoid (Glorot and Bengio 2010)."""
    _normal(weights, rng, np.sqrt(2.0 / sum(weights.shape)))


def lecun(weights: Array, rng: np.random.Generator) -> None:
    """N(0, 1 / n_inputs) (LeCun et al. 1998)."""
    _normal(weights, rng, np.sqrt(1.0 / weights.shape[0]))


INITIALIZERS: Mapping[str, Initializer] = MappingProxyType(
    {"he": he, "glorot": glorot, "lecun": lecun}
)

SUITED_TO: Mapping[str, Initializer] = MappingProxyType({"tanh": glorot, "sigmoid": glorot})
"""The rule for the layer that feeds an activation; `he` for every one not named here."""


def suited_to(activation: str) -> Initializer:
    """The initialiser that is customary for the layers before and after this activation."""
    return SUITED_TO.get(activation, he)
