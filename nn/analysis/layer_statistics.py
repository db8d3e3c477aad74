"""Every layer at work: its values, weights and gradients while a probe of digits goes through.

Most of what goes wrong in a network can be seen layer by layer, before it can be seen in the loss:
values that shrink or grow from layer to layer, gradients that fade on their way back (Glorot and
Bengio 2010), steps too large for the weights they move, units that answer nothing to anything.

    scope = Microscope(network)
    scope.flow(x[0])                    # what one digit becomes, layer by layer
    scope.portrait(x, labels)           # figures of each layer over a whole probe

The network is looked at as it is asked and not as it learns: dropout drops nothing, batch norm goes
by its running averages. A Dropout at rate 0, which never does anything, does not count as a layer.
It is a twin that is looked at; the network itself is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.layers import Activation, Dropout, Layer, Shape
from nn.losses import Labels, SoftmaxCrossEntropy
from nn.network import Network
from nn.residual import Residual

Array = NDArray[Any]
NextStep = Callable[[Array, Array], None]
"""Moves parameters by gradients, both flat vectors and in place, as an `Optimizer.step` does."""

BINS = 24

DEAD_SLOPE = 1e-3
"""A unit whose bend is flatter than this lets less than a thousandth of the gradient through."""


@dataclass(frozen=True, eq=False)
class Summary:
    """An array in a few figures: those of its finite values, all 0 where it has none.

    counts: int64 (BINS,), how many values lie in each of so many equal parts of low..high.
    """

    mean: float
    std: float
    low: float
    high: float
    counts: NDArray[np.int64]


def summarize(values: Array) -> Summary:
    """Mean, standard deviation, extremes and histogram of an array of any shape."""
    flat = values.reshape(-1)
    finite = flat[np.isfinite(flat)]
    if not finite.size:
        return Summary(0.0, 0.0, 0.0, 0.0, np.zeros(BINS, np.int64))
    low, high = float(finite.min()), float(finite.max())
    if high - low > 1e-6 * max(abs(low), abs(high)):
        # The width of a range may be more than float32 can hold, though its ends are not.
        counts, _ = np.histogram(finite if high - low < 1e37 else finite.astype(np.float64), BINS)
    else:
        # All the same, or as good as: one bar, in the middle.
        counts = np.zeros(BINS, np.int64)
        counts[BINS // 2] = finite.size
    return Summary(
        mean=float(finite.mean(dtype=np.float64)),
        std=float(finite.std(dtype=np.float64)),
        low=low,
        high=high,
        counts=counts.astype(np.int64),
    )


@dataclass(frozen=True, eq=False)
class LayerPortrait:
    """One layer.

    kind: "Input", "Dense", "BatchNorm", "Dropout", the name of a bend, or "Skip", where what went
        around a residual block is added to what came through it.
    depth: 1 inside a residual block, else 0.
    values: of its outputs, over all digits of the probe and all units.
    weights, gradients: of its first parameter (a Dense layer's W, a BatchNorm's gains, a Skip's
        projection) and of dL/d(it); None where there is none.
    update_ratio: |step| / |weights|, both Euclidean lengths: by which share of themselves the next
        step would change the weights. Around 0.001 is usual. None where that is not known.
    dead: bool (n_outputs,), of a bend: the units whose slope f'(z) is below `DEAD_SLOPE` for every
        digit of the probe. Behind ReLU these are the units that are 0 for all of them, behind tanh
        and sigmoid the saturated ones. No gradient comes through, so they stay what they are.
    """

    kind: str
    depth: int
    n_inputs: int
    n_outputs: int
    n_parameters: int
    values: Summary
    weights: Summary | None = None
    gradients: Summary | None = None
    update_ratio: float | None = None
    dead: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Portrait:
    """The input and every layer, first to last; `loss` is the mean over the probe's `n` digits."""

    layers: tuple[LayerPortrait, ...]
    loss: float
    n: int


class _Watched(Layer):
    """A layer that keeps a copy of what it last put out, and knows its stretch of the vectors."""

    def __init__(self, layer: Layer, depth: int) -> None:
        super().__init__(layer.n_inputs, layer.n_outputs)
        self.layer = layer
        self.depth = depth
        self.parameter_names = layer.parameter_names
        self.own: Sequence[Array] = ()
        self.d_own: Sequence[Array] = ()
        self.output: Array = np.empty((0, layer.n_outputs))

    def parts(self) -> Sequence[Layer]:
        return self.layer.parts()

    def parameter_shapes(self) -> Sequence[Shape]:
        return self.layer.parameter_shapes()

    def state_shapes(self) -> Sequence[Shape]:
        return self.layer.state_shapes()

    def bind(
        self, parameters: Sequence[Array], gradients: Sequence[Array], state: Sequence[Array]
    ) -> None:
        self.layer.bind(parameters, gradients, state)
        self.own, self.d_own = parameters, gradients
        if isinstance(self.layer, Residual):
            # What is in its block is watched there; what remains is the projection's.
            n = sum(len(part.parameter_names) for part in self.layer.block)
            self.own, self.d_own = parameters[n:], gradients[n:]

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = self.layer.forward(x, training=training)
        self.output = y.copy()
        return y

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        return self.layer.backward(d_output, need_d_input=need_d_input)

    @property
    def kind(self) -> str:
        if isinstance(self.layer, Activation):
            return self.layer.function.name
        return "Skip" if isinstance(self.layer, Residual) else type(self.layer).__name__


class Microscope:
    """Looks at a network layer by layer; what is inside a residual block counts as layers too."""

    def __init__(self, network: Network) -> None:
        self._twin = Network([_watched(layer, network) for layer in network.layers], network.dtype)
        self._twin.parameters[...] = network.parameters
        self._twin.state[...] = network.state
        self._watched = list(_in_order(self._twin.layers))

    def flow(self, x: Array) -> tuple[Array, ...]:
        """What one digit x (n_inputs,) becomes: itself, then the (n_outputs,) of every layer, the
        logits last."""
        with np.errstate(all="ignore"):
            self._twin.forward(x[None])
        return x.copy(), *(watched.output[0] for watched in self._watched)

    def portrait(self, x: Array, labels: Labels, next_step: NextStep | None = None) -> Portrait:
        """Figures of every layer, of the digits x (n, n_inputs) and their labels (n,).

        `next_step` is asked once how it would move the parameters by the probe's gradient.
        """
        twin = self._twin
        loss = SoftmaxCrossEntropy(twin.n_classes, twin.dtype)
        with np.errstate(all="ignore"):
            mean_loss = loss.forward(twin.forward(x), labels)
            dead = [_dead(watched.layer) for watched in self._watched]
            twin.backward(loss.backward())
            gradients = [_first(watched.d_own) for watched in self._watched]
            ratios = self._update_ratios(next_step)
            layers = [
                LayerPortrait(
                    kind=watched.kind,
                    depth=watched.depth,
                    n_inputs=watched.n_inputs,
                    n_outputs=watched.n_outputs,
                    n_parameters=sum(own.size for own in watched.own),
                    values=summarize(watched.output),
                    weights=_first(watched.own),
                    gradients=gradient,
                    update_ratio=ratio,
                    dead=quiet,
                )
                for watched, gradient, ratio, quiet in zip(
                    self._watched, gradients, ratios, dead, strict=True
                )
            ]
        n_inputs = twin.n_inputs
        seen = LayerPortrait("Input", 0, n_inputs, n_inputs, 0, summarize(x))
        return Portrait((seen, *layers), mean_loss, len(x))

    def _update_ratios(self, next_step: NextStep | None) -> list[float | None]:
        """|step| / |weights| of every layer; the step is put where the gradients have been."""
        twin = self._twin
        if next_step is None:
            return [None] * len(self._watched)
        moved, gradients = twin.parameters.copy(), twin.gradients.copy()
        next_step(moved, gradients)
        np.subtract(moved, twin.parameters, out=twin.gradients)
        return [
            _length(watched.d_own[0]) / _length(watched.own[0])
            if len(watched.own) and _length(watched.own[0])
            else None
            for watched in self._watched
        ]


def _watched(layer: Layer, network: Network, depth: int = 0) -> _Watched:
    if isinstance(layer, Residual):
        block = [_watched(part, network, depth + 1) for part in layer.block]
        return _Watched(Residual(block, network.dtype), depth)
    return _Watched(layer.at_precision(network.dtype), depth)


def _in_order(layers: Sequence[Layer]) -> Iterator[_Watched]:
    """As the values come by: a residual block's own layers, then the sum behind it."""
    for layer in layers:
        if isinstance(layer, _Watched):
            if isinstance(layer.layer, Residual):
                yield from _in_order(layer.layer.block)
            if not isinstance(layer.layer, Dropout) or layer.layer.rate:
                yield layer


def _dead(layer: Layer) -> NDArray[np.bool_] | None:
    if not isinstance(layer, Activation):
        return None
    slope = np.empty_like(layer.output)
    layer.function.slope(layer.input, layer.output, slope)
    return np.asarray((np.abs(slope) < DEAD_SLOPE).all(axis=0))


def _first(arrays: Sequence[Array]) -> Summary | None:
    return summarize(arrays[0]) if len(arrays) else None


def _length(array: Array) -> float:
    return float(np.sqrt(np.square(array, dtype=np.float64).sum()))
