"""One number of a lesson's gradients, asked for in three ways.

By hand: what the backward passes of `layers` make of it, once as they train and once more in
float64. By difference: move the number a little, and see what the loss does. By machine: what
`autograd` has recorded. They share the forward pass and nothing else, so where they agree, they are
right.

    opinion = Examiner(lesson).ask(Gradient(layer=0, parameter=0), (12, 5))    # dL/dW[12, 5]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nn.autograd import Tensor
from nn.autograd_network import loss_and_gradient, through
from nn.inspect import THRESHOLD, difference, kink_sides, relative_error
from nn.layers import Array, Dropout
from nn.lesson import Lesson, Probe, overhear
from nn.losses import SoftmaxCrossEntropy
from nn.network import Network


@dataclass(frozen=True)
class Gradient:
    """Which gradient: of a layer's parameter (its number among them), or, with None, of what the
    layer is given. `layer` is a place in `Lesson.heard`; behind its end stands the loss, which is
    given the logits."""

    layer: int
    parameter: int | None = None


@dataclass(frozen=True)
class Opinion:
    """The three answers; `trained` is the one by hand in the precision of training.

    `by_difference` is None at a kink (see `nn.inspect.difference`). The errors are relative, of
    `by_hand` and each of the others in float64, where rounding is no excuse: they may be up to
    `threshold`, for the same reasons as in `nn.inspect.GradientCheck`.
    """

    trained: float
    by_hand: float
    by_difference: float | None
    by_autograd: float
    threshold: float = THRESHOLD

    @property
    def difference_error(self) -> float | None:
        if self.by_difference is None:
            return None
        return relative_error(self.by_hand, self.by_difference)

    @property
    def autograd_error(self) -> float:
        return relative_error(self.by_hand, self.by_autograd)

    @property
    def passed(self) -> bool:
        """Whether all that could be measured agrees."""
        error = self.difference_error
        measured = error is None or error <= self.threshold
        return measured and self.autograd_error <= self.threshold


class _Overheard(Probe):
    """A probe for autograd too: `delta` is added to what the layer is given, all zeros, so that its
    gradient is that of the layer's input."""

    delta: Tensor


@through.register
def _(probe: Probe, x: Tensor, parameters: list[Tensor], training: bool) -> Tensor:
    return through(probe.layer, x, parameters, training)


@through.register
def _(probe: _Overheard, x: Tensor, parameters: list[Tensor], training: bool) -> Tensor:
    probe.delta = Tensor(np.zeros_like(x.value))
    return through(probe.layer, x + probe.delta, parameters, training)


class _AsBefore(Dropout):
    """Drops what was dropped in the lesson: a question must not change with the dice."""

    kept: Array

    def forward(self, x: Array, *, training: bool = False) -> Array:
        if not training:
            return x
        self._factors = self.kept
        return x * self.kept


class Examiner:
    """A float64 twin of a lesson, to ask about as many of its numbers as one likes; for one thread
    at a time."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        before, f64 = lesson.before, np.float64
        # What the loss is given, it is given by a last layer that does nothing.
        last = Dropout(before.n_classes, 0, np.random.default_rng(), f64)
        layers = [layer.at_precision(f64) for layer in before.layers]
        self._network = Network([*layers, last], f64)
        self._network.parameters[...] = before.parameters
        self._network.state[...] = before.state
        self._probes = overhear(self._network, _Overheard)
        for probe, heard in zip(self._probes, lesson.heard, strict=False):
            if isinstance(probe.layer, Dropout) and heard.factors is not None:
                same = _AsBefore(probe.n_inputs, probe.layer.rate, probe.layer.rng, f64)
                same.kept = heard.factors.astype(f64)
                probe.layer = same
        self._loss = SoftmaxCrossEntropy(before.n_classes, f64, lesson.smoothing)
        self._x = lesson.x.astype(f64)
        self._loss_now()
        self._sides = kink_sides(self._network)
        self._network.backward(self._loss.backward(), need_d_input=True)
        self._by_hand = self._network.gradients.copy()
        _, self._by_autograd = loss_and_gradient(
            self._network, self._x, lesson.labels, training=True, label_smoothing=lesson.smoothing
        )

    def ask(self, gradient: Gradient, index: tuple[int, int]) -> Opinion:
        """About one number of a gradient, by row and column; a vector is one row.

        Raises:
            IndexError: there is no such number.
        """
        if gradient.parameter is None:
            return self._ask_input(gradient.layer, index)
        lesson, network = self.lesson, self._network
        heard = lesson.heard[gradient.layer]
        stretch, shape = heard.stretches[gradient.parameter]
        where = stretch.start + int(np.ravel_multi_index(index[-len(shape) :], shape))
        here = float(network.parameters[where])

        def moved_loss(step: float) -> float:
            network.parameters[where] = here + step
            return self._loss_now()

        by_hand = float(self._by_hand[where])
        by_difference = difference(network, moved_loss, self._sides, by_hand)
        network.parameters[where] = here
        return Opinion(
            float(lesson.gradients[where]), by_hand, by_difference, float(self._by_autograd[where])
        )

    def _ask_input(self, layer: int, index: tuple[int, int]) -> Opinion:
        probe, lesson = self._probes[layer], self.lesson
        assert probe.d_x is not None
        assert probe.delta.grad is not None
        last = layer == len(lesson.heard)
        trained = lesson.d_logits if last else lesson.heard[layer].d_x
        answers = float(trained[index]), float(probe.d_x[index]), float(probe.delta.grad[index])
        nudge = np.zeros_like(probe.x)

        def moved_loss(step: float) -> float:
            nudge[index] = step
            return self._loss_now()

        probe.nudge = nudge
        by_difference = difference(self._network, moved_loss, self._sides, answers[1])
        probe.nudge = None
        return Opinion(answers[0], answers[1], by_difference, answers[2])

    def _loss_now(self) -> float:
        logits = self._network.forward(self._x, training=True)
        return self._loss.forward(logits, self.lesson.labels)
