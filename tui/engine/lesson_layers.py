"""What Dense, the bend and Dropout do on the way forward and on the way back, as steps of a lesson.

`lesson_blocks` has the steps of BatchNorm and Residual. To add a kind of layer is to register two
functions like these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch

from nn.batch_norm import BatchNorm
from nn.layers import Activation, Dense, Dropout, Layer
from nn.lesson import Heard, Lesson
from nn.second_opinion import Gradient
from tui.engine.lesson_step import Array, Matrix, Step, at, rows
from tui.engine.passage import passage
from tui.engine.taken_apart import Parts, Term, product_sum


@dataclass(frozen=True, eq=False)
class Named:
    """A layer that was heard, and what its matrices are called.

    `number` is its place in `Lesson.heard`, `level` that of the Dense layer it belongs to, from 1.
    A Residual knows the first and the last layer of its block, and the projection around it if
    there is one.
    """

    lesson: Lesson
    heard: Heard
    number: int
    level: int
    title: str
    x: str
    y: str
    weights: str = ""
    way: str = ""
    first: Named | None = None
    last: Named | None = None
    around: Named | None = None

    @property
    def given(self) -> Matrix:
        """What it was given."""
        return Matrix(self.x, self.heard.x)

    @property
    def made(self) -> Matrix:
        """What it made of it."""
        return Matrix(self.y, self.heard.y)

    def d_x(self) -> str:
        """What dL/d(what it was given) is called: by its way alone, if there are two."""
        return f"d{self.x}{self.way}"

    def d_y_matrix(self) -> Matrix:
        return Matrix(f"d{self.y}", self.heard.d_y)

    def parameter(self, k: int) -> Array:
        """Its k-th parameter, as it was."""
        return rows(self.heard.of(self.lesson.before.parameters, k))

    def parameter_gradient(self, k: int) -> Array:
        return rows(self.heard.of(self.lesson.gradients, k))

    def parameter_names(self) -> tuple[str, ...]:
        """The symbols of its parameters, in their order."""
        match self.heard.layer:
            case Dense():
                return (self.weights, f"b{self.level}")[: len(self.heard.stretches)]
            case BatchNorm():
                return (f"g{self.level}", f"s{self.level}")
            case _:
                return ()


@singledispatch
def forward(layer: Layer, _named: Named) -> Iterator[Step]:
    """The steps of a layer on the way forward. Raises ValueError for a kind that has none."""
    raise ValueError(f"there is no lesson for a layer of kind {type(layer).__name__}")


@singledispatch
def backward(layer: Layer, _named: Named) -> Iterator[Step]:
    """The steps of a layer on the way back. Raises ValueError for a kind that has none."""
    raise ValueError(f"there is no lesson for a layer of kind {type(layer).__name__}")


@forward.register
def _(layer: Dense, n: Named) -> Iterator[Step]:
    x, y, w = n.x, n.y, n.parameter(0)
    bias = n.parameter(1) if layer.biases is not None else None
    b = f"b{n.level}"

    def parts(i: int, j: int) -> Parts:
        plus = () if bias is None else (Term(at(b, j), float(bias[0, j]), None),)
        return product_sum(
            at(y, i, j), n.heard.y[i, j], n.heard.x[i], w[:, j],
            lambda k: f"{at(x, i, k)} × {at(n.weights, k, j)}", *plus,
        )  # fmt: skip

    matrices = [
        Matrix(y, n.heard.y, parts),
        n.given,
        Matrix(n.weights, w, axes=("input", "unit")),
    ]
    if bias is not None:
        matrices.append(Matrix(b, bias, axes=("", "unit")))
    yield Step(
        "forward",
        f"{n.title}, forward",
        f"{y} = {x} {n.weights}" + ("" if bias is None else f" + {b}"),
        "Every unit weighs all that comes in and adds it up: one product for each input, the large "
        "ones decide. Its bias is where it starts from when nothing comes in."
        if bias is not None
        else "Every unit weighs all that comes in and adds it up; it needs no bias, since what "
        "follows has one, or goes by another way.",
        (passage(Dense.forward, r"matmul\(|z \+="),),
        tuple(matrices),
    )


@backward.register
def _(layer: Dense, n: Named) -> Iterator[Step]:
    h, w, d_y = n.heard, n.parameter(0), f"d{n.y}"
    d_w = n.parameter_gradient(0)

    def weights(i: int, j: int) -> Parts:
        return product_sum(
            at(f"d{n.weights}", i, j), d_w[i, j], h.x[:, i], h.d_y[:, j],
            lambda k: f"{at(n.x, k, i)} × {at(d_y, k, j)}",
        )  # fmt: skip

    yield Step(
        "backward",
        f"{n.title}, back to its weights",
        f"d{n.weights} = {n.x}^T {d_y}",
        "How would the loss change with each weight? By what came in through it, times what the "
        "unit is blamed for; over several digits these add up. Where nothing comes in, the weight "
        "has no part in it.",
        (passage(Dense.backward, r"d_weights"),),
        (
            Matrix(f"d{n.weights}", d_w, weights, Gradient(n.number, 0), axes=("input", "unit")),
            n.given,
            n.d_y_matrix(),
        ),
    )
    if layer.biases is not None:
        d_b = n.parameter_gradient(1)

        def biases(_: int, j: int) -> Parts:
            return Parts(
                at(f"db{n.level}", j),
                float(d_b[0, j]),
                addends=tuple(
                    Term(at(d_y, k, j), float(h.d_y[k, j]), None) for k in range(len(h.d_y))
                ),
            )

        yield Step(
            "backward",
            f"{n.title}, back to its biases",
            f"db{n.level} = sum of {d_y} over the digits",
            "A bias is added as it is, so the loss changes with it as with the unit's sum itself: "
            "what the unit is blamed for, added up over the digits.",
            (passage(Dense.backward, r"d_biases|row of ones"),),
            (
                Matrix(f"db{n.level}", d_b, biases, Gradient(n.number, 1), axes=("", "unit")),
                n.d_y_matrix(),
            ),
        )

    def inputs(i: int, k: int) -> Parts:
        return product_sum(
            at(n.d_x(), i, k), h.d_x[i, k], h.d_y[i], w[k],
            lambda j: f"{at(d_y, i, j)} × {at(n.weights, k, j)}",
        )  # fmt: skip

    yield Step(
        "backward",
        f"{n.title}, back to what came in",
        f"{n.d_x()} = {d_y} {n.weights}^T",
        "What came in is passed its share of the blame by every unit it went to, by the same "
        "weights that it went there. This is what the layer before is told."
        + (
            " There is none before this one: it is how the loss would change with the pixels, "
            "which training does not ask."
            if n.x == "X"
            else ""
        ),
        (passage(Dense.backward, r"d_x"),),
        (
            Matrix(n.d_x(), h.d_x, inputs, Gradient(n.number)),
            n.d_y_matrix(),
            Matrix(n.weights, w, axes=("input", "unit")),
        ),
    )


@forward.register
def _(layer: Activation, n: Named) -> Iterator[Step]:
    value = layer.function.value
    formula = " ".join((value.__doc__ or "").split())

    def parts(i: int, j: int) -> Parts:
        z = ((at(n.x, i, j), float(n.heard.x[i, j])),)
        return Parts(at(n.y, i, j), float(n.heard.y[i, j]), z)

    yield Step(
        "forward",
        f"{n.title}, forward",
        f"{n.y} = f({n.x})",
        f"A bend, for each unit by itself: {formula} Without it, all layers together would be one "
        "linear map.",
        (passage(Activation.forward, r"function"), passage(value, r"out")),
        (Matrix(n.y, n.heard.y, parts), n.given),
    )


@backward.register
def _(layer: Activation, n: Named) -> Iterator[Step]:
    h, slope = n.heard, n.heard.slope
    assert slope is not None
    formula = " ".join((layer.function.slope.__doc__ or "").split())

    def parts(i: int, j: int) -> Parts:
        return Parts(
            at(n.d_x(), i, j),
            float(h.d_x[i, j]),
            ((at(n.x, i, j), float(h.x[i, j])),),
            addends=(
                Term(
                    f"{at(f'd{n.y}', i, j)} × f'({n.x})",
                    float(h.d_y[i, j]),
                    float(slope[i, j]),
                ),
            ),
        )

    yield Step(
        "backward",
        f"{n.title}, back",
        f"{n.d_x()} = d{n.y} × f'({n.x}), number by number",
        f"The chain rule: blame for the value, times how steep the bend is there. {formula}",
        (passage(Activation.backward, r"slope"), passage(layer.function.slope, r"out")),
        (
            Matrix(n.d_x(), h.d_x, parts, Gradient(n.number)),
            n.d_y_matrix(),
            Matrix(f"f'({n.x})", slope),
            n.given,
        ),
    )


@forward.register
def _(layer: Dropout, n: Named) -> Iterator[Step]:
    factors, mask = n.heard.factors, f"M{n.level}"
    assert factors is not None

    def parts(i: int, j: int) -> Parts:
        words = f"{at(n.x, i, j)} × {at(mask, i, j)}"
        term = Term(words, float(n.heard.x[i, j]), float(factors[i, j]))
        return Parts(at(n.y, i, j), float(n.heard.y[i, j]), addends=(term,))

    yield Step(
        "forward",
        f"{n.title}, forward",
        f"{n.y} = {n.x} × {mask}, {mask} 0 or 1 / (1 - {layer.rate:g})",
        f"While it learns, each value is left out with probability {layer.rate:g}, drawn anew for "
        "every batch, so that no unit can rely on another; those that stay are made larger by as "
        "much as is missing.",
        (passage(Dropout.forward, r"factors"),),
        (Matrix(n.y, n.heard.y, parts), n.given, Matrix(mask, factors)),
    )


@backward.register
def _(_layer: Dropout, n: Named) -> Iterator[Step]:
    h, factors, mask = n.heard, n.heard.factors, f"M{n.level}"
    assert factors is not None

    def parts(i: int, j: int) -> Parts:
        words = f"{at(f'd{n.y}', i, j)} × {at(mask, i, j)}"
        term = Term(words, float(h.d_y[i, j]), float(factors[i, j]))
        return Parts(at(n.d_x(), i, j), float(h.d_x[i, j]), addends=(term,))

    yield Step(
        "backward",
        f"{n.title}, back",
        f"{n.d_x()} = d{n.y} × {mask}",
        "What was left out had no part in the loss, and hears nothing of it.",
        (passage(Dropout.backward, r"d_output"),),
        (
            Matrix(n.d_x(), h.d_x, parts, Gradient(n.number)),
            n.d_y_matrix(),
            Matrix(mask, factors),
        ),
    )
