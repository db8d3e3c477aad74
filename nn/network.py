"""Layers in a row, and all their parameters in one flat vector.

    network = Network.build([784, 128, 64, 10], "relu", np.random.default_rng(42))
    logits = network.forward(x)               # (n, 784) -> (n, 10)
    loss = cross_entropy.forward(logits, labels)
    network.backward(cross_entropy.backward())
    network.parameters -= learning_rate * network.gradients      # one step of gradient descent

`parameters` and `gradients` are vectors of the same length; every layer's W, b, dW and db are views
of a stretch of them. So an optimiser step, a gradient's norm, a checkpoint or a gradient check is a
few operations on whole vectors, and knows nothing of layers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.activations import ACTIVATIONS
from nn.initializers import suited_to
from nn.layers import Activation, Dense, Layer
from nn.losses import softmax

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
        size = sum(math.prod(shape) for layer in layers for shape in layer.parameter_shapes())
        self.parameters: Array = np.zeros(size, self.dtype)
        self.gradients: Array = np.zeros(size, self.dtype)
        start = 0
        for layer in layers:
            shapes = layer.parameter_shapes()
            layer.bind(
                _views(self.parameters, shapes, start), _views(self.gradients, shapes, start)
            )
            start += sum(math.prod(shape) for shape in shapes)

    @classmethod
    def build(
        cls,
        sizes: Sequence[int],
        activation: str,
        rng: np.random.Generator,
        dtype: DTypeLike = np.float32,
    ) -> Network:
        """Dense layers of these sizes, pixels first, classes last, with a bend after each but the
        last; weights drawn by the rule that suits the activation, biases zero."""
        function = ACTIVATIONS[activation]
        layers: list[Layer] = []
        for n_inputs, n_outputs in itertools.pairwise(sizes):
            if layers:
                layers.append(Activation(function, n_inputs, dtype))
            layers.append(Dense(n_inputs, n_outputs, dtype))
        network = cls(layers, dtype)
        initialise = suited_to(activation)
        for layer in network.layers:
            if isinstance(layer, Dense):
                initialise(layer.weights, rng)
        return network

    def at_precision(self, dtype: DTypeLike) -> Network:
        """A twin with numbers of another type: the same layers, a copy of the parameters."""
        twin = Network([layer.at_precision(dtype) for layer in self.layers], dtype)
        twin.parameters[...] = self.parameters
        return twin

    @property
    def n_inputs(self) -> int:
        return self.layers[0].n_inputs

    @property
    def n_classes(self) -> int:
        return self.layers[-1].n_outputs

    def forward(self, x: Array) -> Array:
        """Logits (n, n_classes) for x (n, n_inputs): a buffer, valid until the next call."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, d_logits: Array) -> None:
        """Fill `gradients` with dL/d(parameters), given dL/d(logits) of the batch last seen."""
        d_output: Array | None = d_logits
        for layer in reversed(self.layers):
            assert d_output is not None
            # Nobody asks how the loss would change if the pixels did.
            d_output = layer.backward(d_output, need_d_input=layer is not self.layers[0])

    def predict_probabilities(self, x: Array) -> Array:
        """Softmax of the logits, (n, n_classes): a new array; each row sums to one."""
        return softmax(self.forward(x))


def _views(vector: Array, shapes: Sequence[tuple[int, ...]], start: int) -> list[Array]:
    """Stretches of the vector from `start` on, one after the other, in these shapes."""
    views = []
    for shape in shapes:
        size = math.prod(shape)
        views.append(vector[start : start + size].reshape(shape))
        start += size
    return views
