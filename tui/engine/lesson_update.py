"""What the optimiser does with a gradient, as steps of a lesson.

Every optimiser's step is written here once more, for one number and in float64, as products that
add up to it; that they do is a test.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nn.layers import Array
from nn.lesson import Lesson
from nn.optimizers import SGD, Adagrad, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSprop
from tui.engine.lesson_layers import Named
from tui.engine.lesson_step import Matrix, Step, at, rows
from tui.engine.passage import passage
from tui.engine.taken_apart import Parts, Term

EQUATIONS: dict[type[Optimizer], str] = {
    SGD: "{p} <- {p} - lr × d{p}",
    Momentum: "v <- momentum × v + d{p};  {p} <- {p} - lr × v",
    Nesterov: "v <- momentum × v + d{p};  {p} <- {p} - lr × (d{p} + momentum × v)",
    Adagrad: "s <- s + d{p}^2;  {p} <- {p} - lr × d{p} / (sqrt(s) + eps)",
    RMSprop: "v <- a v + (1 - a) d{p}^2;  {p} <- {p} - lr × d{p} / (sqrt(v) + eps)",
    Adam: "{p} <- {p} - lr × m^ / (sqrt(v^) + eps)",
    AdamW: "{p} <- {p} - lr × decay × {p} - lr × m^ / (sqrt(v^) + eps)",
}

WORDS: dict[type[Optimizer], str] = {
    SGD: "One step straight downhill: against the gradient, as far as the learning rate says.",
    Momentum: "A ball that keeps rolling: the step follows v, the gradients so far, older ones "
    "counting ever less. v comes from the run's own checkpoint.",
    Nesterov: "A ball that looks ahead: v as with momentum, and the gradient once more. v comes "
    "from the run's own checkpoint.",
    Adagrad: "The more a parameter has been moved before, the smaller its steps: s, from the run's "
    "own checkpoint, adds up all its squared gradients.",
    RMSprop: "Steps of the size of the learning rate, whatever the size of the gradients of late: "
    "v, from the run's own checkpoint, is the mean of their squares.",
    Adam: "m^ is the mean of recent gradients, v^ of their squares, both from the run's own "
    "checkpoint with this gradient taken in. So the step is mostly what the last batches agree on; "
    "one digit has little say.",
    AdamW: "As Adam (m^ the mean of recent gradients, v^ of their squares), with a pull to zero "
    "that does not go through them.",
}


def update(named: Named) -> Iterator[Step]:
    """The step of each of a layer's parameters; nothing for a layer that has none."""
    lesson = named.lesson
    kind = type(lesson.optimizer)
    counts = kind._begin is not Optimizer._begin
    begun = (passage(kind._begin, r"="),) if counts else ()
    for k, symbol in enumerate(named.parameter_names()):
        arithmetic = _Arithmetic(lesson, named, k, symbol)
        axes = ("input", "unit") if arithmetic.two else ("", "unit")
        vectors = [
            (f"new {symbol}", lesson.after),
            (symbol, lesson.before.parameters),
            (f"new {symbol} - {symbol}", lesson.after - lesson.before.parameters),
            (f"d{symbol}", lesson.clipped),
            *lesson.optimizer_after.arrays().items(),
        ]
        matrices = [Matrix(s, rows(named.heard.of(v, k)), axes=axes) for s, v in vectors]
        made = Matrix(matrices[0].symbol, matrices[0].numbers, arithmetic.parts, axes=axes)
        norm, clip = lesson.gradient_norm, lesson.clip_norm
        clipped = (
            f" The whole gradient is {norm:.4g} long and was shortened to {clip:g}."
            if 0 < clip < norm
            else ""
        )
        yield Step(
            "update",
            f"{named.title}: the step of {symbol}, by {kind.__name__}",
            EQUATIONS[kind].format(p=symbol) + f",  lr = {lesson.learning_rate:.4g}",
            WORDS[kind] + clipped,
            (*begun, passage(kind._move, r"="), passage(Optimizer.step, r"self\._")),
            (made, *matrices[1:]),
        )


class _Arithmetic:
    """One parameter's step, number by number."""

    def __init__(self, lesson: Lesson, named: Named, k: int, symbol: str) -> None:
        self.lesson, self.symbol = lesson, symbol
        self.stretch, self.shape = named.heard.stretches[k]
        self.two = len(self.shape) == 2

    def parts(self, i: int, j: int) -> Parts:
        """How the new value at (row, column) came about."""
        index = (i, j)[-len(self.shape) :]
        where = self.stretch.start + int(np.ravel_multi_index(index, self.shape))
        lesson, symbol = self.lesson, self.symbol
        optimizer, memory = lesson.optimizer, lesson.optimizer_after
        lr = lesson.learning_rate
        p, g = float(lesson.before.parameters[where]), float(lesson.clipped[where])
        decayed = where < optimizer.n_decayed and bool(optimizer.weight_decay)
        terms = [Term(at(symbol, *index), p, None)]
        if decayed and isinstance(optimizer, SGD | AdamW):
            terms.append(Term(f"-lr decay × {symbol}", -lr * optimizer.weight_decay, p))
        elif decayed:
            g += optimizer.weight_decay * p
        name = at(f"d{symbol}", *index) + (" + decay" if decayed and g else "")
        workings, steps = _steps(memory, where, g, name, lr)
        return Parts(
            at(f"new {symbol}", *index),
            float(lesson.after[where]),
            workings,
            addends=(*terms, *steps),
        )


def _steps(
    memory: Optimizer, where: int, g: float, name: str, lr: float
) -> tuple[tuple[tuple[str, float], ...], tuple[Term, ...]]:
    """What has to be known first, and what is added to the parameter."""

    def of(vector: Array) -> float:
        return float(vector[where])

    match memory:
        case Nesterov():
            v = of(memory.velocity)
            look = Term("-lr momentum × v", -lr * memory.momentum, v)
            return (("v, with this gradient", v),), (Term(f"-lr × {name}", -lr, g), look)
        case Momentum():
            v = of(memory.velocity)
            return (("v, with this gradient", v), (name, g)), (Term("-lr × v", -lr, v),)
        case Adagrad():
            size = math.sqrt(of(memory.square_sum)) + memory.epsilon
            step = Term(f"-lr/(sqrt(s) + eps) × {name}", -lr / size, g)
            return (("sqrt(s) + eps", size),), (step,)
        case RMSprop():
            root = math.sqrt(of(memory.square_sum) * (1 - memory.alpha))
            size = root + memory.epsilon
            step = Term(f"-lr/(sqrt(v) + eps) × {name}", -lr / size, g)
            return (("sqrt(v) + eps", size),), (step,)
        case Adam():
            mean = of(memory.gradient_sum) / memory.gradient_weight
            size = math.sqrt(of(memory.square_sum) / memory.square_weight) + memory.epsilon
            workings = ((name, g), ("m^", mean), ("sqrt(v^) + eps", size))
            return workings, (Term("-lr/(sqrt(v^) + eps) × m^", -lr / size, mean),)
        case _:
            return (), (Term(f"-lr × {name}", -lr, g),)
