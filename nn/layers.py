"""Layers: what goes forward, and how the gradient comes back.

A layer maps a batch X of shape (n, n_inputs), one sample a row, to an output of shape
(n, n_outputs). Going back, it is given dL/d(output) and does two things: it writes dL/d(its own
parameters), and it returns dL/d(input) for the layer before. That is all of backpropagation: the
chain rule, one layer at a time, from the loss to the pixels.

Layers own no parameters. The network hands them views of its one flat vector (see `network`), so
that an optimiser can treat a whole network as one vector. Outputs go into buffers that are made
once per batch size and then used again: a returned array is valid until the layer runs again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.activations import ActivationFunction

Array = NDArray[Any]
Shape = tuple[int, ...]


class Layer(Protocol):
    """What the network asks of a layer."""

    n_inputs: int
    n_outputs: int
    parameter_names: Sequence[str]

    def at_precision(self, dtype: DTypeLike) -> Layer:
        """The same kind of layer, not yet bound, for numbers of another type."""

    def parameter_shapes(self) -> Sequence[Shape]:
        """The shapes of its parameters, in the order in which `bind` receives them."""

    def bind(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Take the views of the flat vectors that are this layer's own."""

    def forward(self, x: Array) -> Array:
        """(n, n_inputs) -> (n, n_outputs)."""

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        """(n, n_outputs) -> (n, n_inputs); may write over `d_output`."""


class Buffers:
    """Work arrays of (n, width), made the first time a batch size n is seen.

    A run knows few sizes: the batch, the shorter last batch, the evaluation's chunk and its rest.
    What is in a new array is `fill`; what is in one seen before is whatever was left there.
    """

    _MOST = 8

    def __init__(self, width: int, dtype: DTypeLike, fill: float = 0) -> None:
        self._width = width
        self._dtype = np.dtype(dtype)
        self._fill = fill
        self._arrays: dict[int, Array] = {}

    def __call__(self, n: int) -> Array:
        array = self._arrays.get(n)
        if array is None:
            if len(self._arrays) >= self._MOST:
                self._arrays.clear()
            array = self._arrays[n] = np.full((n, self._width), self._fill, self._dtype)
        return array


class Dense:
    """Every input to every output: Z = X W + b.

    X is (n, n_inputs), W (n_inputs, n_outputs), b (n_outputs,), Z (n, n_outputs). The tutorial
    keeps samples in columns and writes Z = W X + b with W (n_outputs, n_inputs): the same numbers,
    turned.
    """

    parameter_names: Sequence[str] = ("weights", "biases")

    def __init__(self, n_inputs: int, n_outputs: int, dtype: DTypeLike = np.float32) -> None:
        self.n_inputs = n_inputs
        self.n_outputs = n_outputs
        self._z = Buffers(n_outputs, dtype)
        self._d_x = Buffers(n_inputs, dtype)
        self._ones = Buffers(1, dtype, fill=1)

    def at_precision(self, dtype: DTypeLike) -> Dense:
        return Dense(self.n_inputs, self.n_outputs, dtype)

    def parameter_shapes(self) -> Sequence[Shape]:
        return (self.n_inputs, self.n_outputs), (self.n_outputs,)

    def bind(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        self.weights, self.biases = parameters
        self.d_weights, self.d_biases = gradients

    def forward(self, x: Array) -> Array:
        z = self._z(len(x))
        np.matmul(x, self.weights, out=z)
        z += self.biases
        self._x = x
        return z

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        """With dZ = dL/dZ: dW = X^T dZ, db = the sum of dZ over samples, dX = dZ W^T.

        The tutorial's dW = 1/m dZ A^T: our 1/m is already in dZ, since the loss is a mean.
        """
        n = len(d_output)
        np.matmul(self._x.T, d_output, out=self.d_weights)
        # A row of ones times dZ is the sum over samples, at the speed of a matrix product.
        np.matmul(self._ones(n)[:, 0], d_output, out=self.d_biases)
        if not need_d_input:
            return None
        d_x = self._d_x(n)
        np.matmul(d_output, self.weights.T, out=d_x)
        return d_x


class Activation:
    """A bend, unit by unit: A = f(Z); going back, dZ = dA * f'(Z)."""

    parameter_names: Sequence[str] = ()

    def __init__(
        self, function: ActivationFunction, width: int, dtype: DTypeLike = np.float32
    ) -> None:
        self.function = function
        self.n_inputs = self.n_outputs = width
        self._a = Buffers(width, dtype)
        self._slope = Buffers(width, dtype)

    def at_precision(self, dtype: DTypeLike) -> Activation:
        return Activation(self.function, self.n_inputs, dtype)

    def parameter_shapes(self) -> Sequence[Shape]:
        return ()

    def bind(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        pass

    def forward(self, x: Array) -> Array:
        a = self._a(len(x))
        self.function.value(x, a)
        self.input, self.output = x, a
        return a

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        if not need_d_input:
            return None
        slope = self._slope(len(d_output))
        self.function.slope(self.input, self.output, slope)
        d_output *= slope
        return d_output
