"""What to do with a gradient.

An optimiser holds its memory of past gradients and turns the newest one into a step. `parameters`
and `gradients` are the network's flat vectors, (n_parameters,), both used in place: the first is
moved, the second is used up, and what is left in it means nothing. Conventions are those of
PyTorch, so that a recipe carries over. In the equations p is a parameter, g its gradient and lr the
learning rate of this step; what an optimiser remembers starts at zero.

Every operation is one pass over a vector, and the passes are all that a step costs. Hence the
constants that are gathered into one, results that are written over what is done with, and long
vectors done a stretch at a time: `here` says which, for the memory; `parameters` and `gradients`
are of that stretch already.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nn.buffers import STRETCH, stretches, zeros
from nn.names import OptimizerName

Array = NDArray[Any]


def clip(gradients: Array, norm: float, longest: float) -> None:
    """Shorten a gradient, in place, that is longer than `longest`; 0 lets it be as long as it is.

    Its direction stays (Pascanu, Mikolov and Bengio 2013). `norm` is its length (2-norm).
    """
    if 0 < longest < norm:
        gradients *= longest / norm


class Optimizer:
    """What all of them share: weight decay, and a memory that can be saved.

    `momentum` and `weight_decay` may be set between two steps; the first matters where
    `uses_momentum` says so. Weight decay pulls the first `n_decayed` parameters towards zero. Here
    that is L2 regularisation, g <- g + weight_decay p, which is the gradient of the penalty
    weight_decay / 2 |p|^2.

    `array_names` and `number_names` are the attributes that make up its memory: vectors with an
    entry for each parameter, and plain numbers. Copied into a new optimiser, they continue the run
    bit for bit.
    """

    uses_momentum: ClassVar[bool] = False
    array_names: ClassVar[tuple[str, ...]] = ()
    number_names: ClassVar[tuple[str, ...]] = ("steps",)
    steps: float

    def __init__(
        self,
        parameters: Array,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        n_decayed: int | None = None,
    ) -> None:
        """`n_decayed` is None for all of them. Only the length and dtype of `parameters` count."""
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.n_decayed = parameters.size if n_decayed is None else n_decayed
        for name in self.array_names:
            setattr(self, name, zeros(parameters.shape, parameters.dtype))
        for name in self.number_names:
            setattr(self, name, 0.0)
        self._scratch = zeros(min(STRETCH, parameters.size), parameters.dtype)

    def arrays(self) -> dict[str, Array]:
        """The memory's vectors themselves: to restore them is to copy into them."""
        return {name: getattr(self, name) for name in self.array_names}

    def numbers(self) -> dict[str, float]:
        """The memory's plain numbers."""
        return {name: getattr(self, name) for name in self.number_names}

    def set_numbers(self, numbers: Mapping[str, float]) -> None:
        """Restore what `numbers()` gave.

        Raises:
            ValueError: other names than those of `number_names`, or a number that is negative or
                not finite; then nothing has changed.
        """
        if set(numbers) != set(self.number_names):
            raise ValueError(f"expected {sorted(self.number_names)}, got {sorted(numbers)!a}")
        if not all(0 <= number < math.inf for number in numbers.values()):
            raise ValueError("expected numbers from 0 on, all of them finite")
        for name, number in numbers.items():
            setattr(self, name, float(number))

    def step(self, parameters: Array, gradients: Array, learning_rate: float) -> None:
        """Move the parameters, in place; the gradients are used up."""
        self._begin()
        for here in stretches(parameters.size):
            p, g = parameters[here], gradients[here]
            n = max(0, self.n_decayed - here.start)
            if self.weight_decay:
                self._decay(p[:n], g[:n], learning_rate)
            self._move(p, g, learning_rate, here)
        self.steps += 1
        if self.steps % 64 == 0:
            self._forget_the_tiniest()

    def _begin(self) -> None:
        """What is the same for every parameter, and changes with each step."""

    def _decay(self, parameters: Array, gradients: Array, _learning_rate: float) -> None:
        pull = np.multiply(parameters, self.weight_decay, out=self._scratch[: len(parameters)])
        gradients += pull

    def _move(
        self, parameters: Array, gradients: Array, learning_rate: float, here: slice, /
    ) -> None:
        raise NotImplementedError

    def _forget_the_tiniest(self) -> None:
        """Round the memory to multiples of some 1e-30 (float32), as good as zero for any step.

        What is remembered of a unit that has died shrinks with every step, down to the subnormal
        numbers near 1e-40, where processors compute many times more slowly: three epochs into a
        run, a step of Adam took a sixth longer. To add a number and take it away again rounds to
        what that number can resolve. At momentum 0.9 the 64 steps between two roundings are a
        factor of 1000, far from the 1e8 down to the subnormal.
        """
        info = np.finfo(self._scratch.dtype)
        coarse = 1.5 * 2.0**26 * float(info.tiny) / float(info.eps)
        for vector in self.arrays().values():
            vector += coarse
            vector -= coarse


class SGD(Optimizer):
    """p <- p - lr g: straight downhill (Robbins and Monro 1951)."""

    def _decay(self, parameters: Array, _gradients: Array, learning_rate: float) -> None:
        # p - lr (g + weight_decay p), multiplied out.
        parameters *= 1 - learning_rate * self.weight_decay

    def _move(
        self, parameters: Array, gradients: Array, learning_rate: float, _here: slice
    ) -> None:
        gradients *= learning_rate
        parameters -= gradients


class Momentum(Optimizer):
    """v <- momentum v + g;  p <- p - lr v: a ball that keeps rolling (Polyak 1964)."""

    uses_momentum = True
    array_names = ("velocity",)
    velocity: Array

    def _move(self, parameters: Array, gradients: Array, learning_rate: float, here: slice) -> None:
        velocity = self.velocity[here]
        velocity *= self.momentum
        velocity += gradients
        np.multiply(velocity, learning_rate, out=gradients)
        parameters -= gradients


class Nesterov(Momentum):
    """v <- momentum v + g;  p <- p - lr (g + momentum v): a ball that looks ahead (Nesterov 1983).

    In the form of Bengio, Boulanger-Lewandowski and Pascanu 2013, where p is the point ahead at
    which the gradient is taken.
    """

    def _move(self, parameters: Array, gradients: Array, learning_rate: float, here: slice) -> None:
        velocity = self.velocity[here]
        velocity *= self.momentum
        velocity += gradients
        gradients *= learning_rate
        parameters -= gradients
        np.multiply(velocity, learning_rate * self.momentum, out=gradients)
        parameters -= gradients


class Adagrad(Optimizer):
    """s <- s + g^2;  p <- p - lr g / (sqrt(s) + eps): the more a parameter has been moved, the
    smaller its steps (Duchi, Hazan and Singer 2011)."""

    epsilon: ClassVar[float] = 1e-10
    array_names = ("square_sum",)
    square_sum: Array

    def _move(self, parameters: Array, gradients: Array, learning_rate: float, here: slice) -> None:
        square_sum, scratch = self.square_sum[here], self._scratch[: len(gradients)]
        square_sum += np.multiply(gradients, gradients, out=scratch)
        np.sqrt(square_sum, out=scratch)
        scratch += self.epsilon
        gradients /= scratch
        gradients *= learning_rate
        parameters -= gradients


class RMSprop(Optimizer):
    """v <- a v + (1 - a) g^2;  p <- p - lr g / (sqrt(v) + eps): steps of the size of the learning
    rate, whatever the size of the gradients of late (Hinton 2012, lecture 6e).

    Remembered is the sum v / (1 - a), which saves a pass: with w = sqrt(1 - a) the step is
    (lr / w) g / (sqrt(sum) + eps / w).
    """

    alpha: ClassVar[float] = 0.99
    epsilon: ClassVar[float] = 1e-8
    array_names = ("square_sum",)
    square_sum: Array

    def _move(self, parameters: Array, gradients: Array, learning_rate: float, here: slice) -> None:
        square_sum, scratch = self.square_sum[here], self._scratch[: len(gradients)]
        weight = math.sqrt(1 - self.alpha)
        square_sum *= self.alpha
        square_sum += np.multiply(gradients, gradients, out=scratch)
        np.sqrt(square_sum, out=scratch)
        scratch += self.epsilon / weight
        gradients /= scratch
        gradients *= learning_rate / weight
        parameters -= gradients


class Adam(Optimizer):
    """A step of its own for every parameter (Kingma and Ba 2015).

    m <- b1 m + g,    m^ = m / (1 + b1 + b1^2 + ...)    the mean of recent gradients
    v <- b2 v + g^2,  v^ = v / (1 + b2 + b2^2 + ...)    the mean of their squares
    p <- p - lr m^ / (sqrt(v^) + eps)

    b1 is `momentum`. The paper multiplies each g by 1 - b1 and each g^2 by 1 - b2 and then corrects
    m and v for having started at zero; to divide the sums by their weights gives the same m^ and
    v^, needs no correction, and costs two passes over the parameters less.
    """

    uses_momentum = True
    beta2: ClassVar[float] = 0.999
    epsilon: ClassVar[float] = 1e-8
    array_names = ("gradient_sum", "square_sum")
    gradient_sum: Array
    square_sum: Array
    # Sums as well, not closed forms: b1 may change while the network trains.
    number_names = (*Optimizer.number_names, "gradient_weight", "square_weight")
    gradient_weight: float
    square_weight: float

    def _begin(self) -> None:
        self.gradient_weight = self.momentum * self.gradient_weight + 1
        self.square_weight = self.beta2 * self.square_weight + 1

    def _move(self, parameters: Array, gradients: Array, learning_rate: float, here: slice) -> None:
        m, v = self.gradient_sum[here], self.square_sum[here]
        m *= self.momentum
        m += gradients
        gradients *= gradients
        v *= self.beta2
        v += gradients

        # With w1 and w2 the weights, lr m^ / (sqrt(v^) + eps) is
        # (lr sqrt(w2) / w1) m / (sqrt(v) + eps sqrt(w2)): what is in brackets are plain numbers.
        root = math.sqrt(self.square_weight)
        steps = np.sqrt(v, out=gradients)
        steps += self.epsilon * root
        np.divide(m, steps, out=steps)
        steps *= learning_rate * root / self.gradient_weight
        parameters -= steps


class AdamW(Adam):
    """Adam with p <- p - lr weight_decay p before each step (Loshchilov and Hutter 2019).

    L2 regularisation is a part of g, so Adam divides it by sqrt(v^) with the rest: where gradients
    are large it hardly pulls. This decay is decoupled from them and pulls on all alike.
    """

    def _decay(self, parameters: Array, _gradients: Array, learning_rate: float) -> None:
        parameters *= 1 - learning_rate * self.weight_decay


OPTIMIZERS: Mapping[OptimizerName, type[Optimizer]] = MappingProxyType(
    {
        "sgd": SGD,
        "momentum": Momentum,
        "nesterov": Nesterov,
        "adagrad": Adagrad,
        "rmsprop": RMSprop,
        "adam": Adam,
        "adamw": AdamW,
    }
)
