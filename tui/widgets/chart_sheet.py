"""What a chart will show: axes, lines and marks, frozen, and where on the sheet each of them is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from rich.style import Style

from tui.engine.chart_view import ChartView, Metric
from tui.engine.columns import NO_COLUMNS, Columns
from tui.engine.history import Ruler
from tui.widgets.axis import Axis, short_number
from tui.widgets.chart_inks import Markers, Role

LONGEST_NAME: Final = 24

Stretch = tuple[float, float]
"""From one step to another."""


@dataclass(frozen=True)
class PlannedMark:
    """Where a mark stands: the cell it is at, counted from the y axis, and the one it is from."""

    column: int
    first: int
    words: str


@dataclass(frozen=True, eq=False)
class PlannedLine:
    """A curve, at most one column per cell.

    Attributes:
        columns: smoothed, in the coordinates of the axes.
        raw: the same columns as they were measured; those that a log scale has no place for are
            here all the same.
        newest: the number at its end, in words.
    """

    role: Role
    name: str
    columns: Columns
    raw: Columns
    newest: str


@dataclass(frozen=True, eq=False)
class ChartPlan:
    """All that a drawing needs, detached from whatever goes on changing.

    Attributes:
        width, height: in cells.
        x, y: the axes; `y` counts in powers of ten if `view.log_scale`.
        lines: what is drawn, the run's own first.
        ruler: from the run's steps to the x axis.
        marks: what was done to the run, at most one a column.
        palette: `STYLES` styles, one per `Role`, then those of the lines on the band.
    """

    width: int
    height: int
    view: ChartView
    x: Axis
    y: Axis
    lines: tuple[PlannedLine, ...]
    ruler: Ruler
    steps_per_epoch: int
    markers: Markers
    palette: tuple[Style, ...]
    marks: tuple[PlannedMark, ...] = ()

    @property
    def room(self) -> int:
        """Cells from the y axis to the right edge."""
        return room_beside(self.width, self.y)

    @property
    def left(self) -> int:
        """Cells to the left of that."""
        return self.width - self.room

    def line(self, role: Role) -> Columns:
        """The drawn columns of a line; none where there is no such line."""
        found = (line.columns for line in self.lines if line.role is role)
        return next(found, NO_COLUMNS)

    @property
    def train(self) -> Columns:
        """The band and the line in it."""
        return self.line(Role.TRAIN)

    @property
    def test(self) -> Columns:
        """The dots."""
        return self.line(Role.TEST)

    def cell(self, x: float) -> int:
        """The cell, counted from the y axis, of a place on the x axis."""
        share = min(max(self.x.fraction(x), 0.0), 1.0)
        return round(share * (self.room - 1))

    def step_in(self, cell: int) -> float:
        """The run's step in a cell, counted from the y axis."""
        share = min(max(cell / max(self.room - 1, 1), 0.0), 1.0)
        return self.ruler.step_at(self.x.low + share * (self.x.high - self.x.low))

    @property
    def stretch(self) -> Stretch:
        """The steps between both ends of the x axis."""
        return self.ruler.step_at(self.x.low), self.ruler.step_at(self.x.high)


def number(value: float, metric: Metric, digits: int = 5) -> str:
    """A value of a metric, to so many figures where it has no usual form of its own."""
    if metric == "accuracy":
        return f"{value:.2%}"
    if metric == "samples/s" and math.isfinite(value):
        return f"{value:,.0f}"
    return short_number(value, digits)


def room_beside(width: int, y: Axis) -> int:
    return width - 1 - max(map(len, y.labels), default=0)
