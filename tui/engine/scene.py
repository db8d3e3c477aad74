"""What is to be seen in the Look room, as plain values: the layers, the first units, the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nn.analysis.layer_statistics import Portrait
from nn.analysis.units import Strongest, Tally
from nn.data import Split
from nn.judging import Judged

Array = NDArray[Any]
View = Literal["layers", "weights", "map"]
MapKind = Literal["pca", "tsne"]


@dataclass(frozen=True)
class Wish:
    """What somebody looks at: a test digit, with these units of the first hidden layer off, in
    these views."""

    digit: int = 0
    off: tuple[int, ...] = ()
    views: frozenset[View] = frozenset()


@dataclass(frozen=True, eq=False)
class Flow:
    """One test digit on its way through the network.

    values: what it becomes, a vector for the input and for each layer. probabilities: (classes,).
    """

    digit: int
    values: tuple[Array, ...]
    probabilities: Array


@dataclass(frozen=True, eq=False)
class Units:
    """The first layer.

    weights: float32 (n_units, height, width); means, stds: of each unit's, float64 (n_units,).
    biases: (n_units,), or None where there are none.
    scale: the weight that has full colour, which one in fifty exceeds.
    strongest: the test digits each answers most to. hidden: are they units, or the classes?
    """

    weights: Array
    means: Array
    stds: Array
    biases: Array | None
    scale: float
    strongest: Strongest
    hidden: bool


@dataclass(frozen=True, eq=False)
class Effect:
    """What switching units off has done so far: to the test digits, and to one of them.

    before, after: how many it has right, of all and of those looked at by now.
    probabilities: the digit's, (classes,), with those units off.
    """

    off: tuple[int, ...]
    digit: int
    before: Tally
    after: Tally
    probabilities: Array


@dataclass(frozen=True, eq=False)
class DigitMap:
    """Test digits as points.

    indices: intp (n,), which. points: float64 (n, 2). guesses: intp (n,), what each is taken for.
    explained: the share of the variance along each axis, (2,); None where axes mean nothing.
    fitted: from how many digits the axes were found. n_units: in how many dimensions they were.
    epoch: the network's.
    """

    kind: MapKind
    indices: NDArray[np.intp]
    points: Array
    guesses: NDArray[np.intp]
    explained: Array | None
    fitted: int
    n_units: int
    epoch: int

    def place_of(self, digit: int) -> int | None:
        """Where in `indices` a digit is."""
        place = int(np.searchsorted(self.indices, digit))
        found = place < len(self.indices) and self.indices[place] == digit
        return place if found else None


@dataclass(frozen=True, eq=False)
class Scene:
    """What has been found out by now; `busy` is what is being done, empty at the end, and
    `sentence` why there is nothing. Parts that nobody has asked for yet are None."""

    wish: Wish
    split: Split | None = None
    epoch: int = 0
    step: int = 0
    judged_by: Judged = "last"
    portrait: Portrait | None = None
    flow: Flow | None = None
    units: Units | None = None
    effect: Effect | None = None
    chart: DigitMap | None = None
    busy: str = ""
    sentence: str = ""
