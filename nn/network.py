"""Layers in a row, and all their parameters in one flat vector.

    network = Network.build([784, 128, 64, 10], "relu", np.random.default_rng(42))
    logits = network.forward(x)               # (n, 784) -> (n, 10)
    loss = cross_entropy.forward(logits, labels)
    network.backward(cross_entropy.backward())
    network.parameters -= learning_rate * network.gradients      # one step of gradient descent

`parameters` and `gradients` are vectors of the same length; every layer's W, b, dW and db are views
of a stretch of them. So an optimiser step, a gradient's norm, a checkpoint or a gradient check is a
few operations on whole vectors, and knows nothing of layers. All weight matrices come first and
everything else behind them, so that what weight decay pulls at is one stretch too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.activations import ACTIVATIONS
from nn.batch_norm import BatchNorm
from nn.buffers import zeros
from nn.initializers import INITIALIZERS, suited_to
from nn.layers import Activation, Dense, Dropout, Layer, Shape
from nn.losses import softmax
from nn.residual import Residual

Array = NDArray[Any]


class Network:
    """A stack of layers, from (n, n_inputs) to logits (n, n_classes)."""

    def __init__(self, layers: Sequence[Layer], dtype: DTypeLike = np.float32) -> None:
        for before, after in itertools.pairwise(layers):
            if before.n_outputs != after.n_inputs:
                raise ValueError(
                    f"a layer with {before.n_outputs} outputs cannot feed one "
                    f"with {after.n_inputs} inputs"
                )
        self.layers = list(layers)
        self.dtype = np.dtype(dtype)
        shapes = [layer.parameter_shapes() for layer in layers]
        state_shapes = [layer.state_shapes() for layer in layers]
        size = sum(math.prod(shape) for own in shapes for shape in own)
        self.parameters: Array = zeros(size, self.dtype)
        self.gradients: Array = zeros(size, self.dtype)
        self.state: Array = np.zeros(
            sum(math.prod(shape) for own in state_shapes for shape in own), self.dtype
        )
        self.places, self.n_decayed = _places(shapes)
        state_start = 0
        for layer, own, of_state, starts in zip(
            layers, shapes, state_shapes, self.places, strict=True
        ):
            state = []
            for shape in of_state:
                state.append(_view(self.state, state_start, shape))
                state_start += math.prod(shape)
            layer.bind(
                [_view(self.parameters, *place) for place in zip(starts, own, strict=True)],
                [_view(self.gradients, *place) for place in zip(starts, own, strict=True)],
                state,
            )

    @classmethod
    def build(
        cls,
        sizes: Sequence[int],
        activation: str,
        rng: np.random.Generator,
        dtype: DTypeLike = np.float32,
        *,
        initializer: str = "auto",
        normalization: str = "none",
        skip: str = "none",
        dropout_rng: np.random.Generator | None = None,
    ) -> Network:
        """Dense layers of these sizes, pixels first, classes last, with a bend after each but the
        last; weights drawn from `rng` by the rule that suits the activation, biases zero.

        A hidden layer is Dense, then BatchNorm if `normalization` is "batch_norm", then the bend,
        then, if there is a `dropout_rng` to draw from, Dropout (at rate 0, which `set_dropout`
        changes). With `skip` "residual" there is a way around each hidden layer but the first,
        whose input is pixels.
        """
        layers = _stack(sizes, activation, dtype, normalization, skip, dropout_rng)
        network = cls(layers, dtype)
        initialize = suited_to(activation) if initializer == "auto" else INITIALIZERS[initializer]
        for layer in network.walk():
            if isinstance(layer, Dense):
                initialize(layer.weights, rng)
        return network

    @staticmethod
    def count(
        sizes: Sequence[int], activation: str, *, normalization: str, skip: str
    ) -> tuple[int, int]:
        """How many parameters, and numbers of state, `build` would make; none is made for it."""
        layers = _stack(sizes, activation, np.float32, normalization, skip, None)
        shapes = [shape for layer in layers for shape in layer.parameter_shapes()]
        states = [shape for layer in layers for shape in layer.state_shapes()]
        return sum(map(math.prod, shapes)), sum(map(math.prod, states))

    def walk(self) -> Iterator[Layer]:
        """Every layer that is not made of others, first to last."""
        return _leaves(self.layers)

    def set_dropout(self, rate: float) -> None:
        """The share of values that every Dropout drops from the next step on."""
        for layer in self.walk():
            if isinstance(layer, Dropout):
                layer.rate = rate

    def at_precision(self, dtype: DTypeLike) -> Network:
        """A twin with numbers of another type: the same layers, a copy of all they hold."""
        twin = Network([layer.at_precision(dtype) for layer in self.layers], dtype)
        twin.parameters[...] = self.parameters
        twin.state[...] = self.state
        return twin

    @property
    def n_inputs(self) -> int:
        return self.layers[0].n_inputs

    @property
    def n_classes(self) -> int:
        return self.layers[-1].n_outputs

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Logits (n, n_classes) for x (n, n_inputs): a buffer, valid until the next call."""
        for layer in self.layers:
            x = layer.forward(x, training=training)
        return x

    def hidden(self, x: Array) -> Array:
        """What the last layer sees of x (n, n_inputs): (n, its n_inputs), the last hidden layer's
        values, or x itself where there is none; a buffer, valid until the next call."""
        for layer in self.layers[:-1]:
            x = layer.forward(x)
        return x

    def backward(self, d_logits: Array, *, need_d_input: bool = False) -> Array | None:
        """Fill `gradients` with dL/d(parameters), given dL/d(logits) of the batch last seen.

        How the loss would change if the pixels did, dL/dx (n, n_inputs), is worked out and returned
        only for who asks: training does not.
        """
        d_output: Array | None = d_logits
        for layer in reversed(self.layers):
            assert d_output is not None
            needed = need_d_input or layer is not self.layers[0]
            d_output = layer.backward(d_output, need_d_input=needed)
        return d_output

    def predict_probabilities(self, x: Array) -> Array:
        """Softmax of the logits, (n, n_classes): a new array; each row sums to one."""
        return softmax(self.forward(x))


def _stack(
    sizes: Sequence[int],
    activation: str,
    dtype: DTypeLike,
    normalization: str,
    skip: str,
    dropout_rng: np.random.Generator | None,
) -> list[Layer]:
    """The layers of `Network.build`, which hold no numbers yet."""
    function = ACTIVATIONS[activation]
    layers: list[Layer] = []
    *hidden, last = itertools.pairwise(sizes)
    for n_inputs, n_outputs in hidden:
        normalized = normalization == "batch_norm"
        block: list[Layer] = [Dense(n_inputs, n_outputs, dtype, biases=not normalized)]
        if normalized:
            block.append(BatchNorm(n_outputs, dtype))
        block.append(Activation(function, n_outputs, dtype))
        if dropout_rng is not None:
            block.append(Dropout(n_outputs, 0, dropout_rng, dtype))
        layers += [Residual(block, dtype)] if layers and skip == "residual" else block
    layers.append(Dense(*last, dtype))
    return layers


def _leaves(layers: Sequence[Layer]) -> Iterator[Layer]:
    for layer in layers:
        parts = layer.parts()
        if parts:
            yield from _leaves(parts)
        else:
            yield layer


def _places(shapes: Sequence[Sequence[Shape]]) -> tuple[list[list[int]], int]:
    """Where in the flat vector each layer's parameters start, and how many numbers are in matrices:
    those come first."""
    starts: list[list[int]] = [[0] * len(own) for own in shapes]
    start = n_in_matrices = 0
    for matrices in (True, False):
        for i, own in enumerate(shapes):
            for j, shape in enumerate(own):
                if (len(shape) > 1) == matrices:
                    starts[i][j] = start
                    start += math.prod(shape)
        if matrices:
            n_in_matrices = start
    return starts, n_in_matrices


def _view(vector: Array, start: int, shape: Shape) -> Array:
    return vector[start : start + math.prod(shape)].reshape(shape)
