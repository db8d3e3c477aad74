"""What to do with a gradient.

An optimiser holds its memory of past gradients and turns the newest one into a step. `parameters`
and `gradients` are the network's flat vectors, (n_parameters,); the first is changed in place, the
second left alone. Conventions are those of PyTorch, so that a recipe carries over: with g the
gradient and lr the learning rate of this step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from nn.names import OptimizerName

Array = NDArray[Any]


class Optimizer(Protocol):
    """`momentum` may be set between two steps, which matters where `uses_momentum` says so."""

    uses_momentum: ClassVar[bool]
    momentum: float

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        """Move the parameters, in place."""


class SGD:
    """p <- p - lr g: straight downhill (Robbins and Monro 1951)."""

    uses_momentum: ClassVar[bool] = False

    def __init__(self, parameters: Array, momentum: float = 0.0) -> None:
        self.momentum = momentum
        self._scratch = np.empty_like(parameters)

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        np.multiply(gradients, learning_rate, out=self._scratch)
        parameters -= self._scratch


class Momentum:
    """v <- momentum v + g;  p <- p - lr v: a ball that keeps rolling (Polyak 1964)."""

    uses_momentum: ClassVar[bool] = True

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

    m <- b1 m + g,    m^ = m / (1 + b1 + b1^2 + ...)    the mean of recent gradients
    v <- b2 v + g^2,  v^ = v / (1 + b2 + b2^2 + ...)    the mean of their squares
    p <- p - lr m^ / (sqrt(v^) + eps)

    b1 is `momentum`. The paper multiplies each g by 1 - b1 and each g^2 by 1 - b2 and then corrects
    m and v for having started at zero; to divide the sums by their weights gives the same m^ and
    v^, needs no correction, and costs two passes over the parameters less.
    """

    uses_momentum: ClassVar[bool] = True
    beta2 = 0.999
    epsilon = 1e-8

    def __init__(self, parameters: Array, momentum: float = 0.9) -> None:
        self.momentum = momentum
        self.gradient_sum = np.zeros_like(parameters)
        self.square_sum = np.zeros_like(parameters)
        # Sums as well, not closed forms: b1 may change while the network trains.
        self.gradient_weight = 0.0
        self.square_weight = 0.0
        self._scratch = np.empty_like(parameters)

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        scratch, m, v = self._scratch, self.gradient_sum, self.square_sum

        m *= self.momentum
        m += gradients
        self.gradient_weight = self.momentum * self.gradient_weight + 1

        v *= self.beta2
        v += np.multiply(gradients, gradients, out=scratch)
        self.square_weight = self.beta2 * self.square_weight + 1

        # With w1 and w2 the weights, lr m^ / (sqrt(v^) + eps) is
        # (lr sqrt(w2) / w1) m / (sqrt(v) + eps sqrt(w2)): what is in brackets are plain numbers.
        root = math.sqrt(self.square_weight)
        np.sqrt(v, out=scratch)
        scratch += self.epsilon * root
        np.divide(m, scratch, out=scratch)
        scratch *= learning_rate * root / self.gradient_weight
        parameters -= scratch


OPTIMIZERS: Mapping[OptimizerName, Callable[[Array, float], Optimizer]] = MappingProxyType(
    {"sgd": SGD, "momentum": Momentum, "adam": Adam}
)
