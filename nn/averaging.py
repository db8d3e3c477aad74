"""A moving average of the parameters: the network as it has been lately.

Mini-batches push the parameters about, and the last step is no better than the ones before it.
Their average lies in the middle of where they wander, and tests better (Polyak and Juditsky 1992).
The network goes on learning with the parameters themselves; the average is only asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.buffers import STRETCH, stretches, zeros
from nn.network import Network

Array = NDArray[Any]


class Average:
    """a <- a + (1 - d) (p - a) after every step, for the parameters and the network's state.

    d is `decay`, but in the beginning no more than (1 + t) / (10 + t), t the updates so far: the
    average of a short run is not to be mostly what the run began with.
    """

    def __init__(self, network: Network) -> None:
        self.parameters = zeros(network.parameters.shape, network.dtype)
        self.parameters[...] = network.parameters
        self.state = network.state.copy()
        self.updates = 0
        self._scratch = zeros(min(STRETCH, self.parameters.size), network.dtype)

    def update(self, network: Network, decay: float) -> None:
        """Take in the network as it is after a step; 0 <= decay < 1."""
        share = 1 - min(decay, (1 + self.updates) / (10 + self.updates))
        for here in stretches(self.parameters.size):
            average, scratch = self.parameters[here], self._scratch[: here.stop - here.start]
            np.subtract(network.parameters[here], average, out=scratch)
            scratch *= share
            average += scratch
        self.state += (network.state - self.state) * share
        self.updates += 1


@contextlib.contextmanager
def lent(network: Network, parameters: Array, state: Array) -> Iterator[None]:
    """The network with other parameters and another state while the block lasts."""
    own = network.parameters.copy(), network.state.copy()
    network.parameters[...], network.state[...] = parameters, state
    try:
        yield
    finally:
        network.parameters[...], network.state[...] = own
