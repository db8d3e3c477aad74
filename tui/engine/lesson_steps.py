"""A lesson as a list of frozen steps: forward, loss, backward, and what the optimiser does.

Who steps through it sees one operation at a time, in the order in which training does them, with
the numbers that training gets. What any of it is drawn on is not known here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

import tui.engine.lesson_blocks  # noqa: F401  registers the steps of BatchNorm and Residual
from nn.batch_norm import BatchNorm
from nn.batches import Batches
from nn.data.dataset import pixel_scale
from nn.layers import Activation, Dense, Dropout, Layer
from nn.lesson import Heard, Lesson
from nn.losses import SoftmaxCrossEntropy, softmax
from nn.residual import Residual
from nn.second_opinion import Gradient
from tui.engine.lesson_layers import Named, backward, forward
from tui.engine.lesson_step import Array, Matrix, Step, at
from tui.engine.lesson_update import update
from tui.engine.passage import passage
from tui.engine.taken_apart import Parts, Term


def steps_of(lesson: Lesson, pixels: Array, pixel_max: int) -> tuple[Step, ...]:
    """All steps of a lesson about digits of these pixels, (n, n_inputs), ink up to `pixel_max`."""
    named = name_layers(lesson)
    made: list[Step] = [_scaling(lesson, pixels, pixel_max)]
    busy = [layer for layer in named if not _idle(layer.heard)]
    for layer in busy:
        made += forward(layer.heard.layer, layer)
    made += _loss(lesson, named[-1].y)
    for layer in _way_back(busy):
        made += backward(layer.heard.layer, layer)
    for layer in busy:
        made += update(layer)
    return tuple(made)


def name_layers(lesson: Lesson) -> list[Named]:
    """Every layer that was heard, with a name for what it was given and what it made of it.

    Level by level, a level being a Dense layer and what follows it up to the next: Z1 = X W1 + b1,
    N1 its batch norm, A1 its bend, D1 what Dropout left of that, R2 what a Residual made. A Dropout
    that drops nothing makes nothing new, and has no steps.
    """
    blocks = {h.place: h.layer for h in lesson.heard if isinstance(h.layer, Residual)}
    by_place: dict[tuple[int, ...], Named] = {}
    level = 0
    for number, heard in enumerate(lesson.heard):
        *outer, last = place = heard.place
        block = blocks.get(tuple(outer))
        projection = block is not None and last == len(block.block)
        if isinstance(heard.layer, Dense) and not projection:
            level += 1
        way = ""
        if block is not None:
            way = " around" if projection else " through" if last == 0 else ""
        given = _given(place, by_place, blocks)
        named = Named(
            lesson, heard, number, level,
            title=f"{'Projection' if projection else _kind(heard.layer)} {level}",
            x=given,
            y=given if _idle(heard) else f"{'S' if projection else _letter(heard.layer)}{level}",
            weights=f"{'V' if projection else 'W'}{level}",
            way=way,
        )  # fmt: skip
        if isinstance(heard.layer, Residual):
            n = len(heard.layer.block)
            named = dataclasses.replace(
                named,
                first=by_place[(*place, 0)],
                last=by_place[(*place, n - 1)],
                around=by_place.get((*place, n)),
            )
        by_place[place] = named
    return list(by_place.values())


def _given(
    place: tuple[int, ...],
    by_place: dict[tuple[int, ...], Named],
    blocks: dict[tuple[int, ...], Residual],
) -> str:
    """What the layer at a place is given: what the one before made."""
    *outer, last = place
    block = blocks.get(tuple(outer))
    if block is not None and last in (0, len(block.block)):
        return _given(tuple(outer), by_place, blocks)
    return by_place[(*outer, last - 1)].y if last else "X"


def _idle(heard: Heard) -> bool:
    return isinstance(heard.layer, Dropout) and heard.factors is None


def _kind(layer: Layer) -> str:
    if isinstance(layer, Activation):
        return layer.function.name
    return "Batch norm" if isinstance(layer, BatchNorm) else type(layer).__name__


def _letter(layer: Layer) -> str:
    return {Dense: "Z", BatchNorm: "N", Activation: "A", Dropout: "D", Residual: "R"}[type(layer)]


def _way_back(named: list[Named]) -> Iterator[Named]:
    """The layers in the order in which the gradient comes back: a Residual's sum is made last,
    when its block and the way around it have answered."""
    waiting: list[Named] = []
    for layer in reversed(named):
        while waiting and layer.heard.place[: len(waiting[-1].heard.place)] != (
            waiting[-1].heard.place
        ):
            yield waiting.pop()
        if isinstance(layer.heard.layer, Residual):
            waiting.append(layer)
        else:
            yield layer
    yield from reversed(waiting)


def _scaling(lesson: Lesson, pixels: Array, pixel_max: int) -> Step:
    scale = float(pixel_scale(pixel_max))

    def parts(i: int, j: int) -> Parts:
        words = f"pixel {j} of digit {i} × 1/{pixel_max}"
        term = Term(words, float(pixels[i, j]), scale)
        return Parts(at("X", i, j), float(lesson.x[i, j]), addends=(term,))

    return Step(
        "forward",
        "The digit as numbers",
        f"X = pixels × 1/{pixel_max}",
        "A digit to a row, a pixel to a column, from 0 for paper to 1 for full ink; the image is "
        "read line by line. That is all the network ever sees.",
        (passage(Batches._scaled, r"x\b.*="),),
        (
            Matrix("X", lesson.x, parts, axes=("digit", "pixel")),
            Matrix("pixels", pixels, axes=("digit", "pixel")),
        ),
    )


def _loss(lesson: Lesson, logits: str) -> Iterator[Step]:
    n = len(lesson.labels)
    truth, p = lesson.targets(), lesson.probabilities
    z, exponentials, sums = lesson.logits, lesson.exponentials, lesson.row_sums
    # Never as log(p): see `SoftmaxCrossEntropy`.
    surprise = np.log(sums.astype(float)) - (z.astype(float) - z.max(axis=1, keepdims=True))
    axes = ("digit", "class")

    def exponential(i: int, k: int) -> Parts:
        workings = (
            (at(logits, i, k), float(z[i, k])),
            ("the largest of its row", float(z[i].max())),
        )
        return Parts(at("E", i, k), float(exponentials[i, k]), workings)

    def probability(i: int, k: int) -> Parts:
        term = Term(
            f"{at('E', i, k)} × 1/sum of E[{i}]",
            float(exponentials[i, k]),
            1 / float(sums[i, 0]),
        )
        workings = (("sum of E over the classes", float(sums[i, 0])),)
        return Parts(at("P", i, k), float(p[i, k]), workings, addends=(term,))

    def total(_: int, __: int) -> Parts:
        return Parts(
            "L",
            lesson.loss,
            lefts=truth.ravel() / n,
            rights=surprise.ravel(),
            words=lambda c: (
                f"{at('T', *divmod(c, truth.shape[1]))}{f'/{n}' if n > 1 else ''} × "
                f"{at('-log P', *divmod(c, truth.shape[1]))}"
            ),
        )

    def back(i: int, k: int) -> Parts:
        share = 1 / n
        terms = (
            Term(f"{at('P', i, k)} × 1/{n}", float(p[i, k]), share),
            Term(f"-{at('T', i, k)} × 1/{n}", -float(truth[i, k]), share),
        )
        return Parts(at(f"d{logits}", i, k), float(lesson.d_logits[i, k]), addends=terms)

    yield Step(
        "loss",
        "Softmax: exponentials",
        f"E = exp({logits} - the largest of its row)",
        "From scores of any size to positive numbers. The largest score is taken off first: the "
        "quotient to come is the same, and nothing overflows.",
        (
            passage(SoftmaxCrossEntropy.forward, r"np\.(maximum|subtract|exp)"),
            passage(softmax, r"subtract|exp"),
        ),
        (Matrix("E", exponentials, exponential, axes=axes), Matrix(logits, z, axes=axes)),
    )
    yield Step(
        "loss",
        "Softmax: probabilities",
        "P = E / sum of E over the classes",
        "Each class's share of its row. They add up to one: what the network holds likely.",
        (
            passage(SoftmaxCrossEntropy.forward, r"matmul"),
            passage(softmax, r"/="),
        ),
        (
            Matrix("P", p, probability, axes=axes),
            Matrix("E", exponentials, axes=axes),
            Matrix("sum of E", sums, axes=("digit", "")),
        ),
    )
    smoothing = lesson.smoothing
    yield Step(
        "loss",
        "The loss",
        "L = mean over digits of sum of T × (-log P)",
        "How surprised it is by the truth, in nats: 0 if it was certain and right, 0.69 at one in "
        "two, 2.3 at one in ten."
        + (
            f" With label smoothing {smoothing:g} the truth T leaves a little for every class, "
            "against overconfidence."
            if smoothing
            else ""
        ),
        (passage(SoftmaxCrossEntropy.forward, r"scores|surprises"),),
        (
            Matrix("L", np.array([[lesson.loss]]), total, axes=("", "")),
            Matrix("T", truth, axes=axes),
            Matrix("-log P", surprise, axes=axes),
            Matrix("P", p, axes=axes),
        ),
    )
    yield Step(
        "backward",
        "The loss, back",
        f"d{logits} = (P - T) / n,  n = {n}",
        "The kindest gradient there is: what was predicted, minus what was true. Scores of wrong "
        "classes are pushed down by as much as was given to them, that of the right one up by what "
        "it lacks.",
        (passage(SoftmaxCrossEntropy.backward, r"d_logits"),),
        (
            Matrix(f"d{logits}", lesson.d_logits, back, Gradient(len(lesson.heard)), axes=axes),
            Matrix("P", p, axes=axes),
            Matrix("T", truth, axes=axes),
        ),
    )
