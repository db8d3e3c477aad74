"""Batch normalisation: every unit's sums, rescaled to what the batch made of them.

A deep network's layers learn on shifting ground: each step changes what the layers before send.
BatchNorm (Ioffe and Szegedy 2015) takes the mean and the spread of a unit over the batch out again,
and puts two parameters, a gain and a shift, in their place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from nn.buffers import Buffers
from nn.layers import Array, Layer, Shape

EPSILON = 1e-5
"""Added to every variance: a unit that is the same for all samples would divide by zero."""

MEMORY = 0.1
"""How much of each batch's statistics goes into the running ones."""


class BatchNorm(Layer):
    """Y = gain * X^ + shift with X^ = (X - mean) / sqrt(variance + epsilon), unit by unit.

    While training, mean and variance are those of the batch; when the network is asked, which may
    be about one digit alone, they are running averages of what the batches had, and the whole layer
    is folded into one multiplication and one addition per unit. Running averages are no parameters,
    since no gradient leads there, but state: see `Layer.state_shapes`. As in PyTorch, they take up
    a tenth of each batch's, of the variance its unbiased estimate.
    """

    parameter_names: Sequence[str] = ("gains", "shifts")

    def __init__(self, width: int, dtype: DTypeLike = np.float32) -> None:
        super().__init__(width, width)
        self._normalized = Buffers(width, dtype)
        self._y = Buffers(width, dtype)
        self._ones = Buffers(1, dtype, fill=1)

    def at_precision(self, dtype: DTypeLike) -> BatchNorm:
        return BatchNorm(self.n_inputs, dtype)

    def parameter_shapes(self) -> Sequence[Shape]:
        return (self.n_outputs,), (self.n_outputs,)

    def state_shapes(self) -> Sequence[Shape]:
        return (self.n_outputs,), (self.n_outputs,)

    def bind(
        self, parameters: Sequence[Array], gradients: Sequence[Array], state: Sequence[Array]
    ) -> None:
        self.gains, self.shifts = parameters
        self.d_gains, self.d_shifts = gradients
        self.running_mean, self.running_variance = state
        self.gains[...] = 1
        self.running_variance[...] = 1

    def forward(self, x: Array, *, training: bool = False) -> Array:
        self._training = training
        y = self._y(len(x))
        if training:
            normalized = self._normalize(x)
            np.multiply(normalized, self.gains, out=y)
            y += self.shifts
        else:
            self._x = x
            self._inverse_spread = 1 / np.sqrt(self.running_variance + EPSILON)
            slope = self.gains * self._inverse_spread
            np.multiply(x, slope, out=y)
            y += self.shifts - self.running_mean * slope
        return y

    def _normalize(self, x: Array) -> Array:
        """X^ of this batch; on the way, the running statistics learn of it."""
        n, ones = len(x), self._ones(len(x))[:, 0]
        normalized, squares = self._normalized(n), self._y(n)
        mean = ones @ x
        mean /= n
        np.subtract(x, mean, out=normalized)
        variance = ones @ np.square(normalized, out=squares)
        variance /= n
        self._inverse_spread = 1 / np.sqrt(variance + EPSILON)
        normalized *= self._inverse_spread
        # One sample has no spread: an epoch's last batch, if it is that short, teaches nothing.
        if n > 1:
            self.running_mean += MEMORY * (mean - self.running_mean)
            variance *= n / (n - 1)
            self.running_variance += MEMORY * (variance - self.running_variance)
        return normalized

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        """With dY = dL/dY: d_gain = the sum of dY * X^, d_shift = the sum of dY over samples.

        The batch's mean and variance depend on every sample, so that in training each dX hears of
        all dY: dX = gain / sqrt(variance + epsilon) * (dY - mean of dY - X^ * mean of dY * X^).
        """
        n = len(d_output)
        ones, scratch = self._ones(n)[:, 0], self._y(n)
        if self._training:
            normalized = self._normalized(n)
        else:
            normalized = np.subtract(self._x, self.running_mean, out=self._normalized(n))
            normalized *= self._inverse_spread
        np.matmul(ones, d_output, out=self.d_shifts)
        np.matmul(ones, np.multiply(d_output, normalized, out=scratch), out=self.d_gains)
        if not need_d_input:
            return None
        if self._training:
            normalized *= self.d_gains / n
            d_output -= normalized
            d_output -= self.d_shifts / n
        d_output *= self.gains * self._inverse_spread
        return d_output
