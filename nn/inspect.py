"""Is the gradient right? Compare it with a difference.

Backpropagation claims to know dL/dp for every parameter p. The definition of a derivative can be
asked the same question, slowly, without any calculus: move one p a little, and see what the loss
does. Where the two answers agree to many digits, the calculus is right.

    result = gradient_check(network, x, labels, sample=200)
    print(result.passed, result.worst)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.layers import Activation
from nn.losses import Labels, SoftmaxCrossEntropy
from nn.network import Network

Array = NDArray[Any]

Progress = Callable[[int, int], None]
"""(done, total)."""

THRESHOLD = 1e-6
"""The relative error above which a gradient is taken to be wrong: see `GradientCheck`."""

FLOOR = 1e-4
"""The gradient below which the error is judged as if the gradient were this large."""

_STEPS = (1e-3, 1e-4, 1e-5)
_KINKED = frozenset({"relu", "leaky_relu", "elu"})


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One parameter, and dL/d(it) by backpropagation (`analytic`) and by difference (`numeric`).

    `layer` counts from 0 over all of the network's layers, `index` is the place in the parameter's
    array; `error` is the relative one of `relative_error`.
    """

    layer: int
    parameter: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float


@dataclass(frozen=True)
class GradientCheck:
    """What a gradient check found.

    `passed` asks two things. No error may exceed `threshold`: in float64 a right gradient errs by
    some 1e-9, for the loss is rounded to about 1e-15 and the difference divides that by a step of
    1e-3; a wrong one, a factor or a sign or a forgotten term, errs by 1e-2 and more. 1e-6 stands
    well apart from both. And at least half of the coordinates must have been measured: those in
    `at_kinks` were not, since their smallest step still moved a unit across the kink of its
    activation, where a difference is the mean of two slopes and says nothing about either.
    """

    worst: Coordinate | None
    worst_by_layer: tuple[Coordinate, ...]
    measured: int
    at_kinks: int
    threshold: float

    @property
    def passed(self) -> bool:
        error = self.worst.error if self.worst else np.inf
        return bool(error <= self.threshold) and self.measured >= self.at_kinks


def relative_error(analytic: float, numeric: float, floor: float = FLOOR) -> float:
    """|a - n| / max(|a|, |n|, floor).

    0 where both agree, 1 where one of them is zero, 2 where the signs are opposite. The floor is
    for gradients so close to zero that the rounding of the difference outweighs them.
    """
    return abs(analytic - numeric) / max(abs(analytic), abs(numeric), floor)


def gradient_check(
    network: Network,
    x: Array,
    labels: Labels,
    *,
    sample: int | None = None,
    of_each: int | None = None,
    seed: int = 0,
    threshold: float = THRESHOLD,
    training: bool = False,
    smoothing: float = 0.0,
    progress: Progress | None = None,
) -> GradientCheck:
    """Backward against central differences, parameter by parameter, on a float64 twin of `network`.

    x is (n, n_inputs), labels (n,); the network itself is left alone. `sample` is how many
    coordinates to check, drawn with `seed`, None for all of them; `of_each` is how many of every
    weight matrix, bias vector and so on, so that no small one is left out. With L(h) the loss after
    p has moved by h, and everything else as it was, the difference is the central one of fourth
    order,

        dL/dp ~ (8 (L(h) - L(-h)) - (L(2h) - L(-2h))) / 12 h,

    whose error shrinks with h^4, so that h = 1e-3 serves; h is made smaller where that step turns
    out to be too long, or would take a unit across the kink of its activation.

    `training` asks about the network as it learns: batch norm by the batch's own statistics.
    Dropout would draw another network for every question, and is left out of all of them.
    `smoothing` is the loss's. `progress` is told before each coordinate how many are done, and of
    how many; what it raises ends the check.
    """
    twin = network.at_precision(np.float64)
    twin.set_dropout(0)
    loss = SoftmaxCrossEntropy(twin.n_classes, np.float64, smoothing)
    x = x.astype(np.float64)

    def loss_now() -> float:
        return loss.forward(twin.forward(x, training=training), labels)

    loss_now()
    # Before the way back, on which a layer may write over what the next one was given.
    sides = kink_sides(twin)
    twin.backward(loss.backward())
    analytic = twin.gradients.copy()

    found: list[Coordinate] = []
    at_kinks = 0
    places = _Places(twin)
    chosen = _chosen(analytic.size, places, sample, of_each, np.random.default_rng(seed))
    for done, i in enumerate(chosen):
        if progress is not None:
            progress(done, len(chosen))
        here = twin.parameters[i]

        def moved_loss(step: float, i: int = i, here: float = here) -> float:
            twin.parameters[i] = here + step
            return loss_now()

        numeric = difference(twin, moved_loss, sides, float(analytic[i]), threshold)
        twin.parameters[i] = here
        if numeric is None:
            at_kinks += 1
            continue
        error = relative_error(float(analytic[i]), numeric)
        found.append(Coordinate(*places.of(i), float(analytic[i]), numeric, error))

    layers = sorted({c.layer for c in found})
    by_layer = tuple(_worst(c for c in found if c.layer == layer) for layer in layers)
    return GradientCheck(
        worst=_worst(by_layer) if by_layer else None,
        worst_by_layer=by_layer,
        measured=len(found),
        at_kinks=at_kinks,
        threshold=threshold,
    )


def _chosen(
    size: int, places: _Places, sample: int | None, of_each: int | None, rng: np.random.Generator
) -> Sequence[int]:
    """Which coordinates to look at, ascending."""
    if of_each is not None:
        drawn = [
            start + rng.choice(n, min(of_each, n), replace=False) for start, n in places.stretches()
        ]
        return [int(i) for i in np.sort(np.concatenate(drawn))] if drawn else []
    if sample is not None and sample < size:
        return [int(i) for i in np.sort(rng.choice(size, sample, replace=False))]
    return range(size)


def difference(
    network: Network,
    moved_loss: Callable[[float], float],
    sides: list[NDArray[np.bool_]],
    analytic: float,
    threshold: float = THRESHOLD,
) -> float | None:
    """A derivative of the loss by difference; None where even the smallest step crosses a kink.

    `moved_loss` runs `network` with one number moved by so much, and says what the loss is;
    `sides` are `kink_sides` where nothing has moved.

    Where the loss bends sharply, as behind a batch norm of values that hardly vary, the longest
    step is too long. So one that disagrees with `analytic` is not the last word: of all steps the
    answer nearest to it counts. A right gradient agrees with some step, a wrong one with none.
    """
    answers: list[float] = []
    for h in _STEPS:
        losses, smooth = [], True
        for factor in (-2, -1, 1, 2):
            losses.append(moved_loss(factor * h))
            now = kink_sides(network)
            smooth &= all(np.array_equal(a, b) for a, b in zip(now, sides, strict=True))
        if smooth:
            far_left, left, right, far_right = losses
            answers.append((8 * (right - left) - (far_right - far_left)) / (12 * h))
            if relative_error(analytic, answers[-1]) <= threshold:
                break
    return min(answers, key=lambda numeric: relative_error(analytic, numeric), default=None)


def kink_sides(network: Network) -> list[NDArray[np.bool_]]:
    """For each layer of kinked activations, on which side of its kink each unit was, in the batch
    last seen."""
    return [
        layer.input > 0
        for layer in network.walk()
        if isinstance(layer, Activation) and layer.function.name in _KINKED
    ]


def _worst(coordinates: Iterable[Coordinate]) -> Coordinate:
    # A NaN is worse than any number, and max() alone might pass it over.
    return max(coordinates, key=lambda c: np.inf if np.isnan(c.error) else c.error)


class _Places:
    """Which layer, parameter and index a place in the flat vector belongs to."""

    def __init__(self, network: Network) -> None:
        self._stretches: list[tuple[int, int, str, tuple[int, ...]]] = []
        for number, (layer, starts) in enumerate(zip(network.layers, network.places, strict=True)):
            own = zip(starts, layer.parameter_names, layer.parameter_shapes(), strict=True)
            self._stretches += [(start, number, name, shape) for start, name, shape in own]

    def stretches(self) -> list[tuple[int, int]]:
        """Where each parameter's array begins, and how many numbers it has."""
        return [(start, math.prod(shape)) for start, _, _, shape in self._stretches]

    def of(self, i: int) -> tuple[int, str, tuple[int, ...]]:
        start, number, name, shape = max(s for s in self._stretches if s[0] <= i)
        index = tuple(int(k) for k in np.unravel_index(i - start, shape))
        return number, name, index
