"""What to do with a gradient.

An optimiser holds its memory of past gradients and turns the newest one into a step. `parameters` and
`gradients` are the network's flat vectors, (n_parameters,), changed in place. Conventions are those
of PyTorch, so that a recipe carries over: with g the gradient and lr the learning rate of this step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nn.hyperparameters import OptimizerName

Array = NDArray[Any]


class Optimizer(Protocol):
    """`momentum` may be set between two steps; plain SGD ignores it."""

    momentum: float

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        """Move the parameters, in place."""


class SGD:
    """p <- p - lr g: straight downhill (Robbins and Monro 1951)."""

    def __init__(self, parameters: Array, momentum: float = 0.0) -> None:
        self.momentum = momentum
        self._scratch = np.empty_like(parameters)

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        np.multiply(gradients, learning_rate, out=self._scratch)
        parameters -= self._scratch


class Momentum:
    """v <- momentum v + g;  p <- p - lr v: a ball that keeps rolling (Polyak 1964)."""

    def __init__(self, parameters: Array, momentum: float = 0.9) -> None:
        self.momentum = momentum
        self.velocity = np.zeros_like(parameters)
        self._scratch = np.empty_like(parameters)

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        self.velocity *= self.momentum
        self.velocity += gradients
        np.multiply(self.velocity, learning_rate, out=self._scratch)
        parameters -= self._scratch


class Adam:
    """A step of its own for every parameter (Kingma and Ba 2015).

    m <- b1 m + (1 - b1) g           the mean of recent gradients
    v <- b2 v + (1 - b2) g^2         the mean of their squares
    p <- p - lr m^ / (sqrt(v^) + eps)

    with m^ = m / (1 - b1^t) and v^ = v / (1 - b2^t), which undo the start at zero. b1 is `momentum`.
    """

    beta2 = 0.999
    epsilon = 1e-8

    def __init__(self, parameters: Array, momentum: float = 0.9) -> None:
        self.momentum = momentum
        self.mean = np.zeros_like(parameters)
        self.square = np.zeros_like(parameters)
        self.steps = 0
        # b1^t as a product, since b1 may change while the network trains.
        self._momentum_power = 1.0
        self._scratch = np.empty_like(parameters)

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        scratch, mean, square = self._scratch, self.mean, self.square
        self.steps += 1
        self._momentum_power *= self.momentum

        np.subtract(gradients, mean, out=scratch)
        scratch *= 1 - self.momentum
        mean += scratch

        np.multiply(gradients, gradients, out=scratch)
        scratch -= square
        scratch *= 1 - self.beta2
        square += scratch

        # m^ / (sqrt(v^) + eps) with both corrections moved into two plain numbers.
        correction = np.sqrt(1 - self.beta2**self.steps)
        np.sqrt(square, out=scratch)
        scratch += parameters.dtype.type(self.epsilon * correction)
        np.divide(mean, scratch, out=scratch)
        scratch *= parameters.dtype.type(learning_rate * correction / (1 - self._momentum_power))
        parameters -= scratch


OPTIMIZERS: Mapping[OptimizerName, Callable[[Array, float], Optimizer]] = MappingProxyType(
    {"sgd": SGD, "momentum": Momentum, "adam": Adam}
)
