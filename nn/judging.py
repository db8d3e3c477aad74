"""By which of its parameters a network is judged, and on which digits.

It learns with the parameters of its last step. Tested it is with their average, if one is kept, and
when its run is over with those of its best epoch, if those are kept: on the test digits for people
to see, and on the validation digits for the run to find out which epoch was the best.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any, Literal

from numpy.typing import NDArray

from nn.averaging import Average, lent
from nn.batches import Batches
from nn.best import Best
from nn.data.dataset import Split
from nn.losses import SoftmaxCrossEntropy
from nn.metrics import CHUNK, Evaluation, evaluate
from nn.network import Network

Judged = Literal["last", "average", "best"]
"""The parameters that a network is tested with: those of its last step, their moving average, or
those of its best epoch."""


class Judging:
    """The half of a trainer that judges; the other half trains (`trainer`).

    Attributes:
        test, validation: the digits to judge by. plain_loss: without label smoothing, so that runs
            with and without it can be compared.
        average: of the parameters, if one is kept. best: the best epoch so far.
        evaluation: of the test digits, the latest; None before the run has begun.
        seconds: of training and judging, without what its iterator did in between.
    """

    network: Network

    def __init__(self, split: Split, validation_rows: NDArray[Any], *, keep_best: bool) -> None:
        self.plain_loss = SoftmaxCrossEntropy(len(split.class_names))
        self.average: Average | None = None
        self.best = Best(keep=keep_best)
        self.test = Batches(split.test_images, split.test_labels, split.pixel_max, CHUNK)
        self.validation = Batches(
            split.train_images[validation_rows],
            split.train_labels[validation_rows],
            split.pixel_max,
            CHUNK,
        )
        self.evaluation: Evaluation | None = None
        self.seconds = 0.0

    @property
    def finished(self) -> bool:
        """Whether there is no epoch left to do."""
        raise NotImplementedError

    @property
    def judged_by(self) -> Judged:
        """Which parameters the network is tested with, as the run stands."""
        if self.finished and self.best.parameters is not None:
            return "best"
        return "last" if self.average is None else "average"

    @contextlib.contextmanager
    def judged(self) -> Iterator[Network]:
        """The network as it is tested, while the block lasts."""
        chosen = {"best": self.best, "average": self.average, "last": None}[self.judged_by]
        if chosen is None or chosen.parameters is None or chosen.state is None:
            yield self.network
        else:
            with lent(self.network, chosen.parameters, chosen.state):
                yield self.network

    def _evaluate(self, digits: Batches) -> Evaluation:
        began = time.perf_counter()
        evaluation = evaluate(self.network, digits, self.plain_loss)
        self.seconds += time.perf_counter() - began
        return evaluation
