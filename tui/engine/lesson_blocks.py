"""What BatchNorm and Residual do on the way forward and on the way back, as steps of a lesson."""

from __future__ import annotations

from collections.abc import Iterator

from nn.batch_norm import BatchNorm
from nn.lesson import Heard
from nn.residual import Residual
from nn.second_opinion import Gradient
from tui.engine.lesson_layers import Named, backward, forward
from tui.engine.lesson_step import Array, Matrix, Step, at, rows
from tui.engine.passage import passage
from tui.engine.taken_apart import Parts, Term

ALONE = (
    " Of one digit alone nothing is left: it is its own mean. A batch of several "
    "(<backprop.batch>) shows what there is to see."
)


@forward.register
def _(_layer: BatchNorm, n: Named) -> Iterator[Step]:
    h = n.heard
    normalized, mean, inverse = _statistics(h)
    gains, shifts = n.parameter(0), n.parameter(1)
    gain, shift = n.parameter_names()
    hat = f"{n.x}^"

    def standard(i: int, j: int) -> Parts:
        words = f"({at(n.x, i, j)} - mean) × 1/spread"
        term = Term(words, float(h.x[i, j] - mean[0, j]), float(inverse[0, j]))
        workings = (
            (at(n.x, i, j), float(h.x[i, j])),
            ("mean over the batch", float(mean[0, j])),
            ("1/spread = 1/sqrt(variance + 1e-5)", float(inverse[0, j])),
        )
        return Parts(at(hat, i, j), float(normalized[i, j]), workings, addends=(term,))

    def scaled(i: int, j: int) -> Parts:
        terms = (
            Term(f"{at(hat, i, j)} × {at(gain, j)}", float(normalized[i, j]), float(gains[0, j])),
            Term(at(shift, j), float(shifts[0, j]), None),
        )
        return Parts(at(n.y, i, j), float(h.y[i, j]), addends=terms)

    yield Step(
        "forward",
        f"{n.title}, forward: to mean 0 and spread 1",
        f"{hat} = ({n.x} - mean) / sqrt(variance + epsilon)",
        "Each unit's sums, rescaled to what the batch made of them, so that the next layer learns "
        "on ground that does not shift." + (ALONE if len(h.x) == 1 else ""),
        (passage(BatchNorm._normalize, r"mean|variance|normalized \*="),),
        (
            Matrix(hat, normalized, standard),
            n.given,
            Matrix("mean", mean, axes=("", "unit")),
            Matrix("1/spread", inverse, axes=("", "unit")),
        ),
    )
    yield Step(
        "forward",
        f"{n.title}, forward: gain and shift",
        f"{n.y} = {hat} × {gain} + {shift}",
        "A gain and a shift for each unit, learnt like weights, so that nothing it could do before "
        "is out of its reach.",
        (passage(BatchNorm.forward, r"normalized|shifts$"),),
        (
            Matrix(n.y, h.y, scaled),
            Matrix(hat, normalized),
            Matrix(gain, gains, axes=("", "unit")),
            Matrix(shift, shifts, axes=("", "unit")),
        ),
    )


@backward.register
def _(_layer: BatchNorm, n: Named) -> Iterator[Step]:
    h = n.heard
    normalized, _, inverse = _statistics(h)
    gains, d_gains, d_shifts = n.parameter(0), n.parameter_gradient(0), n.parameter_gradient(1)
    gain, shift = n.parameter_names()
    hat, d_y, count = f"{n.x}^", f"d{n.y}", len(h.x)

    def to_gain(_: int, j: int) -> Parts:
        terms = tuple(
            Term(f"{at(d_y, k, j)} × {at(hat, k, j)}", float(h.d_y[k, j]), float(normalized[k, j]))
            for k in range(count)
        )
        return Parts(at(f"d{gain}", j), float(d_gains[0, j]), addends=terms)

    def to_shift(_: int, j: int) -> Parts:
        terms = tuple(Term(at(d_y, k, j), float(h.d_y[k, j]), None) for k in range(count))
        return Parts(at(f"d{shift}", j), float(d_shifts[0, j]), addends=terms)

    def to_input(i: int, j: int) -> Parts:
        scale = float(gains[0, j]) * float(inverse[0, j])
        terms = (
            Term(f"{at(d_y, i, j)} × c", float(h.d_y[i, j]), scale),
            Term(f"-mean of {d_y} × c", -float(d_shifts[0, j]) / count, scale),
            Term(
                f"-{at(hat, i, j)} (mean of {d_y} {hat}) × c",
                -float(normalized[i, j]) * float(d_gains[0, j]) / count,
                scale,
            ),
        )
        return Parts(
            at(n.d_x(), i, j), float(h.d_x[i, j]), (("c = gain / spread", scale),), addends=terms
        )

    for symbol, array, parts, k, formula in (
        (gain, d_gains, to_gain, 0, f"sum of {d_y} × {hat} over the digits"),
        (shift, d_shifts, to_shift, 1, f"sum of {d_y} over the digits"),
    ):
        yield Step(
            "backward",
            f"{n.title}, back to its {'shifts' if k else 'gains'}",
            f"d{symbol} = {formula}",
            "Blame for the output, times what the parameter was multiplied by, added up over the "
            "digits.",
            (passage(BatchNorm.backward, r"d_shifts\)" if k else r"d_gains\)"),),
            (
                Matrix(f"d{symbol}", array, parts, Gradient(n.number, k), axes=("", "unit")),
                n.d_y_matrix(),
                Matrix(hat, normalized),
            ),
        )
    yield Step(
        "backward",
        f"{n.title}, back to what came in",
        f"{n.d_x()} = c ({d_y} - mean of {d_y} - {hat} × mean of {d_y} {hat})",
        "Mean and spread are made of every digit, so each digit hears of the blame of all: what "
        "would only move the mean, or the spread, is taken out." + (ALONE if count == 1 else ""),
        (passage(BatchNorm.backward, r"normalized \*= self.d|d_output -=|d_output \*="),),
        (
            Matrix(n.d_x(), h.d_x, to_input, Gradient(n.number)),
            n.d_y_matrix(),
            Matrix(hat, normalized),
        ),
    )


def _statistics(heard: Heard) -> tuple[Array, Array, Array]:
    """X^, the batch's mean and 1 / spread, the last two as rows."""
    assert heard.normalized is not None
    assert heard.mean is not None
    assert heard.inverse_spread is not None
    return heard.normalized, rows(heard.mean), rows(heard.inverse_spread)


@forward.register
def _(_layer: Residual, n: Named) -> Iterator[Step]:
    assert n.last is not None
    last, there = n.last, n.given if n.around is None else n.around.made
    yield Step(
        "forward",
        f"{n.title}, forward",
        f"{n.y} = {last.y} + {there.symbol}",
        "The block's input is added to its output: the block has to learn only what is to be "
        "changed."
        + ("" if n.around is None else " Where the widths differ, it goes by weights of its own."),
        (passage(Residual.forward, r"around|np\.add"),),
        (_sum(Matrix(n.y, n.heard.y), last.made, there), last.made, there),
    )


@backward.register
def _(_layer: Residual, n: Named) -> Iterator[Step]:
    assert n.first is not None
    through = Matrix(n.first.d_x(), n.first.heard.d_x)
    around = n.d_y_matrix()
    if n.around is not None:
        around = Matrix(n.around.d_x(), n.around.heard.d_x)
    made = Matrix(n.d_x(), n.heard.d_x, gradient=Gradient(n.number))
    yield Step(
        "backward",
        f"{n.title}, back",
        f"{made.symbol} = {through.symbol} + {around.symbol}",
        "What is used twice is blamed twice: the gradient comes through the block and around it, "
        "and the two add up. Around, it arrives undiminished.",
        (passage(Residual.backward, r"around|np\.add"),),
        (_sum(made, through, around), through, around),
    )


def _sum(made: Matrix, one: Matrix, other: Matrix) -> Matrix:
    """A matrix that is the sum of two."""

    def parts(i: int, j: int) -> Parts:
        terms = tuple(Term(at(m.symbol, i, j), float(m.numbers[i, j]), None) for m in (one, other))
        return Parts(at(made.symbol, i, j), float(made.numbers[i, j]), addends=terms)

    return Matrix(made.symbol, made.numbers, parts, made.gradient)
