"""Layers: what goes forward, and how the gradient comes back.

A layer maps a batch X of shape (n, n_inputs), one sample a row, to an output of shape
(n, n_outputs). Going back, it is given dL/d(output) and does two things: it writes dL/d(its own
parameters), and it returns dL/d(input) for the layer before. That is all of backpropagation: the
chain rule, one layer at a time, from the loss to the pixels.

Layers own no parameters. The network hands them views of its one flat vector (see `network`), so
that an optimiser can treat a whole network as one vector. Outputs go into buffers that are made
once per batch size and then used again: a returned array is valid until the layer runs again.

Three layers are here: Dense, the bend after it, and Dropout; `batch_norm` and `residual` have rooms
of their own. The last two and Dropout do one thing while the network learns and another when it is
asked: `training` says which.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.activations import ActivationFunction
from nn.buffers import Buffers

Array = NDArray[Any]
Shape = tuple[int, ...]


class Layer:
    """What the network asks of a layer, and what a layer without parameters answers."""

    parameter_names: Sequence[str] = ()

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        self.n_inputs = n_inputs
        self.n_outputs = n_outputs

    def at_precision(self, dtype: DTypeLike) -> Layer:
        """The same kind of layer, not yet bound, for numbers of another type."""
        raise NotImplementedError

    def parts(self) -> Sequence[Layer]:
        """The layers that this one is made of, if it is."""
        return ()

    def parameter_shapes(self) -> Sequence[Shape]:
        """The shapes of its parameters, in the order in which `bind` receives them."""
        return ()

    def state_shapes(self) -> Sequence[Shape]:
        """The shapes of what it remembers besides: no gradient leads there."""
        return ()

    def bind(
        self, parameters: Sequence[Array], gradients: Sequence[Array], state: Sequence[Array]
    ) -> None:
        """Take the views of the flat vectors that are this layer's own."""

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """(n, n_inputs) -> (n, n_outputs)."""
        raise NotImplementedError

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        """(n, n_outputs) -> (n, n_inputs), for the batch last seen; may write over `d_output`."""
        raise NotImplementedError


class Dense(Layer):
    """Every input to every output: Z = X W + b.

    X is (n, n_inputs), W (n_inputs, n_outputs), b (n_outputs,), Z (n, n_outputs). The tutorial
    keeps samples in columns and writes Z = W X + b with W (n_outputs, n_inputs): the same numbers,
    turned. Without biases (before a BatchNorm, which would take them off again) Z = X W.
    """

    def __init__(
        self, n_inputs: int, n_outputs: int, dtype: DTypeLike = np.float32, *, biases: bool = True
    ) -> None:
        super().__init__(n_inputs, n_outputs)
        self.parameter_names = ("weights", "biases") if biases else ("weights",)
        self.biases: Array | None = None
        self._z = Buffers(n_outputs, dtype)
        self._d_x = Buffers(n_inputs, dtype)
        self._ones = Buffers(1, dtype, fill=1)

    def at_precision(self, dtype: DTypeLike) -> Dense:
        biases = "biases" in self.parameter_names
        return Dense(self.n_inputs, self.n_outputs, dtype, biases=biases)

    def parameter_shapes(self) -> Sequence[Shape]:
        return ((self.n_inputs, self.n_outputs), (self.n_outputs,))[: len(self.parameter_names)]

    def bind(
        self, parameters: Sequence[Array], gradients: Sequence[Array], state: Sequence[Array]
    ) -> None:
        self.weights, *biases = parameters
        self.d_weights, *d_biases = gradients
        if biases:
            self.biases, self.d_biases = biases[0], d_biases[0]

    def forward(self, x: Array, *, training: bool = False) -> Array:
        z = self._z(len(x))
        np.matmul(x, self.weights, out=z)
        if self.biases is not None:
            z += self.biases
        self._x = x
        return z

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        """With dZ = dL/dZ: dW = X^T dZ, db = the sum of dZ over samples, dX = dZ W^T.

        The tutorial's dW = 1/m dZ A^T: our 1/m is already in dZ, since the loss is a mean.
        """
        n = len(d_output)
        np.matmul(self._x.T, d_output, out=self.d_weights)
        if self.biases is not None:
            # A row of ones times dZ is the sum over samples, at the speed of a matrix product.
            np.matmul(self._ones(n)[:, 0], d_output, out=self.d_biases)
        if not need_d_input:
            return None
        d_x = self._d_x(n)
        np.matmul(d_output, self.weights.T, out=d_x)
        return d_x


class Activation(Layer):
    """A bend, unit by unit: A = f(Z); going back, dZ = dA * f'(Z)."""

    def __init__(
        self, function: ActivationFunction, width: int, dtype: DTypeLike = np.float32
    ) -> None:
        super().__init__(width, width)
        self.function = function
        self._a = Buffers(width, dtype)
        self._slope = Buffers(width, dtype)

    def at_precision(self, dtype: DTypeLike) -> Activation:
        return Activation(self.function, self.n_inputs, dtype)

    def forward(self, x: Array, *, training: bool = False) -> Array:
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


class Dropout(Layer):
    """While training, each value is dropped with probability `rate` (Srivastava et al. 2014).

    Y = X * M / (1 - rate) with M 0 or 1, drawn anew for every value of every batch, and so
    dX = dY * M / (1 - rate): a unit cannot rely on any other being there. The division (this is
    "inverted" dropout) keeps the mean of Y at X, so that nothing is to be done when the network is
    asked: then Y = X. `rate` may be changed between two steps.
    """

    def __init__(
        self, width: int, rate: float, rng: np.random.Generator, dtype: DTypeLike = np.float32
    ) -> None:
        super().__init__(width, width)
        self.rate = rate
        self.rng = rng
        self._mask = Buffers(width, dtype)
        self._y = Buffers(width, dtype)
        self._factors: Array | None = None

    def at_precision(self, dtype: DTypeLike) -> Dropout:
        # A generator of its own: what the twin draws, the original will draw too.
        return Dropout(self.n_inputs, self.rate, copy.deepcopy(self.rng), dtype)

    def forward(self, x: Array, *, training: bool = False) -> Array:
        if not training or self.rate == 0:
            self._factors = None
            return x
        factors, y = self._mask(len(x)), self._y(len(x))
        self.rng.random(out=factors, dtype=factors.dtype.type)
        np.greater_equal(factors, self.rate, out=factors)
        factors *= 1 / (1 - self.rate)
        self._factors = factors
        return np.multiply(x, factors, out=y)

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        if self._factors is not None:
            d_output *= self._factors
        return d_output
