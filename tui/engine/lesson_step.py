"""What one step of a lesson consists of: a frozen record that a screen only has to draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nn.second_opinion import Gradient
from tui.engine.passage import Passage
from tui.engine.taken_apart import Parts

Array = NDArray[Any]

Phase = Literal["forward", "loss", "backward", "update"]

CHANGE = 2
"""Which matrix of an update says by how much each parameter changes."""

PHASES: tuple[Phase, ...] = ("forward", "loss", "backward", "update")


@dataclass(frozen=True, eq=False)
class Matrix:
    """One matrix of a step.

    Attributes:
        symbol: as in the equation. numbers: (rows, columns); a vector is one row.
        parts: how the number at (row, column) came about; None for what an earlier step has made.
        gradient: what to ask a second opinion on; None for what is no gradient.
        axes: what a row is and what a column is.
    """

    symbol: str
    numbers: Array
    parts: Callable[[int, int], Parts] | None = None
    gradient: Gradient | None = None
    axes: tuple[str, str] = ("digit", "unit")

    @property
    def shape(self) -> str:
        return f"({self.numbers.shape[0]:,}, {self.numbers.shape[1]:,})"


@dataclass(frozen=True, eq=False)
class Step:
    """One operation: `matrices[0]` is what it makes, the others are what it makes that of."""

    phase: Phase
    title: str
    equation: str
    explain: str
    passages: tuple[Passage, ...]
    matrices: tuple[Matrix, ...]

    @property
    def shapes(self) -> str:
        """The shapes of the equation's matrices, its result last."""
        made, *of = self.matrices
        return ", ".join(f"{m.symbol} {m.shape}" for m in [*of, made])


def rows(array: Array) -> Array:
    """Any array of one or two dimensions as rows."""
    return np.atleast_2d(array)


def at(symbol: str, *index: int) -> str:
    """`Z1[0, 12]`."""
    return f"{symbol}[{', '.join(map(str, index))}]"
