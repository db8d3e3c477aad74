"""How a network feels: which units have gone silent, and how much gradient reaches each layer.

One batch there and back, on the network itself. Between two steps that changes nothing: what is
written over (activations, gradients) is made anew by the next step, batch norm answers by its
running statistics, and nothing is drawn by chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.layers import Activation, Dense
from nn.losses import Labels, SoftmaxCrossEntropy
from nn.network import Network

Array = NDArray[Any]

ALIKE = 1e-6
"""The spread of a unit's values over a batch below which it answers every digit alike."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a batch finds out, layer by layer, first to last.

    `dead` is, for each hidden layer, the share of its units that answer every digit of the batch
    alike: a ReLU that is never on, a sigmoid that is always full. No gradient passes them, so they
    hardly learn any more; `share_dead` is that of all of them together. `norms` is, for each Dense
    layer, the length of dL/dW (2-norm), `strengths` the root mean square of its entries, which
    compares layers of different sizes. The last two are empty where the loss was no finite number.
    """

    dead: tuple[float, ...]
    share_dead: float
    norms: tuple[float, ...]
    strengths: tuple[float, ...]


def examine(network: Network, x: Array, labels: Labels, loss: SoftmaxCrossEntropy) -> Vitals:
    """The vitals of `network` by x (n, n_inputs) and labels (n,), n at least 2."""
    value = loss.forward(network.forward(x), labels)
    layers = list(network.walk())
    # Before the way back, on which a layer may write over what the next one was given.
    alike = [_alike(layer.output) for layer in layers if isinstance(layer, Activation)]
    network.backward(loss.backward())
    dense = [layer.d_weights for layer in layers if isinstance(layer, Dense)]
    if not math.isfinite(value):
        dense = []
    norms = [float(np.linalg.norm(d_weights)) for d_weights in dense]
    strengths = [norm / math.sqrt(w.size) for norm, w in zip(norms, dense, strict=True)]
    return Vitals(
        dead=tuple(float(units.mean()) for units in alike),
        share_dead=float(np.concatenate(alike).mean()) if alike else 0.0,
        norms=tuple(norms),
        strengths=tuple(strengths),
    )


def _alike(values: Array) -> NDArray[np.bool_]:
    """Which columns of values (n, n_units) are the same in every row: (n_units,)."""
    spread = values.max(axis=0) - values.min(axis=0)
    same: NDArray[np.bool_] = spread <= ALIKE
    return same
