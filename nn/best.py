"""The best epoch so far, and how long ago it was.

A network that trains on after it has stopped getting better learns its training digits by heart
instead. Digits it never trains on, the validation digits, show when that begins; the test set must
not be asked, since whatever is chosen by it looks better on it than it is (Prechelt 1998).
"""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from nn.network import Network

Array = NDArray[Any]


class Best:
    """The lowest validation loss, its epoch, and, if wanted, the network that reached it."""

    def __init__(self, *, keep: bool) -> None:
        self.keep = keep
        self.loss = math.inf
        self.epoch = 0
        self.parameters: Array | None = None
        self.state: Array | None = None

    def meet(self, loss: float, epoch: int, network: Network) -> None:
        """Look at an epoch that is done."""
        if loss < self.loss:
            self.loss, self.epoch = loss, epoch
            if self.keep:
                self.parameters, self.state = network.parameters.copy(), network.state.copy()


def out_of_patience(patience: int, epochs_done: int, best_epoch: int) -> bool:
    """Whether `patience` epochs have passed without a better one; 0 waits for ever."""
    return 0 < patience <= epochs_done - best_epoch
