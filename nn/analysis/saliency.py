"""Which pixels spoke for the answer: gradient times input (Shrikumar et al. 2016).

Backpropagation asks how the loss changes with each parameter; one layer further it can be asked how
a logit changes with each pixel. Times the pixel's own ink that is, to first order, what this pixel
has contributed. For a network that is linear it is so exactly: the contributions add up to the
logit less its bias.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.network import Network

Array = NDArray[Any]


def input_gradient(network: Network, x: Array, toward: int, against: int | None = None) -> Array:
    """d z_toward / dx for one digit x (n_inputs,), or d (z_toward - z_against) / dx: (n_inputs,).

    z are the logits. Overwrites the network's gradients, which belong to nobody but an optimiser.

    Raises:
        ValueError: there is no such class, or the digit has another number of pixels.
    """
    classes = [toward] if against is None else [toward, against]
    if not all(0 <= number < network.n_classes for number in classes):
        raise ValueError(f"classes go from 0 to {network.n_classes - 1}, not {classes}")
    if x.shape != (network.n_inputs,):
        raise ValueError(f"a digit of this network is ({network.n_inputs},), not {x.shape}")
    logits = network.forward(x[None].astype(network.dtype))
    direction = np.zeros_like(logits)
    direction[0, toward] = 1
    if against is not None:
        direction[0, against] -= 1
    gradient = network.backward(direction, need_d_input=True)
    assert gradient is not None
    return np.array(gradient[0])


def saliency(network: Network, x: Array, toward: int, against: int | None = None) -> Array:
    """x * d z / dx, pixel by pixel: (n_inputs,); above 0 is for the class `toward`, below 0 against
    it. With `against`, for the one and against the other: why a 7, and not the 3 that it is?"""
    return np.asarray(x * input_gradient(network, x, toward, against), network.dtype)
