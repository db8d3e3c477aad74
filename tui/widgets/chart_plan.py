"""What a loss chart will show, decided before anything is drawn.

`plan` runs on the event loop, because the curves belong to it, and is cheap: a few
reductions over bounded curves, however long the run. Its result is frozen and refers to
nothing that goes on changing, so that a thread may take its time to draw it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from typing import Final

import numpy as np
from rich.style import Style

from tui.engine.curve import Columns, Curve, LossHistory
from tui.widgets.axis import Axis, linear_axis, log_axis, short_number, step_axis

MIN_WIDTH: Final = 20
MIN_HEIGHT: Final = 5


class Role(IntEnum):
    """What a cell belongs to; the palette says, in this order, what that looks like."""

    GROUND = 0
    FRAME = 1
    GRID = 2
    LABEL = 3
    MARK = 4
    BAND = 5
    TRAIN = 6
    TEST = 7
    TRAIN_ON_BAND = 8
    TEST_ON_BAND = 9


@dataclass(frozen=True)
class Markers:
    """The characters a chart is drawn with; names are plotext's sub-cell markers."""

    band: str
    train: str
    test_point: str
    train_key: str
    grid: str
    mark: str
    span: str


# Quadrant blocks make a band that reads as a surface and a line that reads as a line from
# across a room; braille dots were too faint for either, sextants are missing from fonts.
UNICODE_MARKERS: Final = Markers("hd", "hd", "●", "━━", "┈", "┊", "╌")
# With sixteen colours the band cannot be a paler shade of the line: texture must do instead.
SHADED_MARKERS: Final = replace(UNICODE_MARKERS, band="░")
ASCII_MARKERS: Final = Markers(":", "#", "o", "##", ".", "!", "~")
ASCII_FRAME: Final = str.maketrans("─│┌┐└┘┬┴├┤┼", "-|+++++++++")


@dataclass(frozen=True)
class PlannedMark:
    """Where a mark stands: the cell it is at, counted from the y axis, and the one it is from."""

    column: int
    first: int
    words: str


@dataclass(frozen=True, eq=False)
class ChartPlan:
    """All that a drawing needs, detached from whatever goes on changing.

    Attributes:
        width, height: in cells.
        x, y: the axes; `y` counts in powers of ten if `log_scale`.
        train, test: at most one column per cell, in the coordinates of the axes.
        keys: the legend, one (role, marker, text) per line.
        marks: what was done to the run, at most one a column.
        palette: one style per `Role`.
    """

    width: int
    height: int
    x: Axis
    y: Axis
    train: Columns
    test: Columns
    keys: tuple[tuple[Role, str, str], ...]
    markers: Markers
    palette: tuple[Style, ...]
    marks: tuple[PlannedMark, ...] = ()

    @property
    def room(self) -> int:
        """Cells from the y axis to the right edge."""
        return _room(self.width, self.y)


def plan(
    history: LossHistory,
    width: int,
    height: int,
    palette: tuple[Style, ...],
    *,
    log_scale: bool = False,
    ascii_only: bool = False,
    few_colours: bool = False,
    smoothing: int = 0,
) -> ChartPlan | str:
    """Sample a history for a chart of `width` x `height` cells.

    Args:
        few_colours: tell band and line apart by texture rather than by shade.
        smoothing: columns to either side that the training line averages over; the band
            of extremes is never smoothed.

    Returns:
        The plan, or a sentence that says why there is nothing to draw; an empty one if
        there are no points at all.
    """
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return _in_words(history)
    curves = [curve for curve in (history.train, history.test) if len(curve)]
    if not curves:
        return ""
    ranges = [found for curve in curves if (found := curve.value_range())]
    if not ranges:
        return "No loss so far is a finite number."
    low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    if log_scale:
        if high <= 0:
            return "A log scale needs a loss above zero."
        low = _lowest_positive(curves, high)
    ticks = max(min((height - 1) // 2, 4 + height // 8), 2)
    y = log_axis(low, high, ticks) if log_scale else linear_axis(low, high, ticks)
    first = min(at for curve in curves if (at := curve.first_x) is not None)
    last = max(at for curve in curves if (at := curve.last_x) is not None)
    x = step_axis(first, last, max(width // 12, 2))
    room = _room(width, y)
    train = history.train.columns(room, x.low, x.high)
    test = history.test.columns(room, x.low, x.high)
    if smoothing:
        train = _smooth(train, smoothing)
    last_test = history.test.last
    newest = (
        _newest(history.train, train),
        "" if last_test is None else short_number(last_test),
    )
    if log_scale:
        train, test = _logarithms(train, low), _logarithms(test, low)
    train, test = _within(train, y), _within(test, y)
    markers = ASCII_MARKERS if ascii_only else UNICODE_MARKERS
    if few_colours and not ascii_only:
        markers = SHADED_MARKERS
    keys = (
        (Role.TRAIN, markers.train_key, f"train {newest[0]}"),
        (Role.TEST, markers.test_point, f"test {newest[1]}"),
    )
    shown = tuple(key for key, number in zip(keys, newest, strict=True) if number)
    marks = _marks(history, x, room)
    return ChartPlan(width, height, x, y, train, test, shown, markers, palette, marks)


def pieces(columns: Columns) -> list[slice]:
    """The stretches of columns between gaps."""
    cuts = [0, *np.flatnonzero(columns.gap).tolist(), len(columns)]
    return [slice(a, b) for a, b in pairwise(cuts) if b > a]


def _room(width: int, y: Axis) -> int:
    """Cells from the y axis to the right edge."""
    return width - 1 - max(map(len, y.labels), default=0)


def _marks(history: LossHistory, x: Axis, room: int) -> tuple[PlannedMark, ...]:
    """A place for every mark; of those that share a column the newest is told."""
    extent = (x.high - x.low) or 1.0

    def column(step: float) -> int:
        return round((min(max(step, x.low), x.high) - x.low) / extent * (room - 1))

    placed = {}
    for mark in history.marks:
        at = column(mark.step)
        first = at if mark.since is None else column(mark.since)
        placed[at] = PlannedMark(at, first, mark.words)
    return tuple(placed[at] for at in sorted(placed))


def _newest(curve: Curve, columns: Columns) -> str:
    """The number for the legend: where the drawn line ends, unless it has ended in NaN."""
    if curve.last is None:
        return ""
    if not math.isfinite(curve.last) or not len(columns):
        return short_number(curve.last)
    return short_number(float(columns.mean[-1]))


def _smooth(columns: Columns, reach: int) -> Columns:
    """Replace each mean by the average of the means up to `reach` columns away."""
    window = np.ones(2 * reach + 1)
    mean = columns.mean.copy()
    for piece in pieces(columns):
        values = columns.mean[piece]
        size = len(values)
        sums = np.convolve(values, window)[reach : reach + size]
        mean[piece] = sums / np.convolve(np.ones(size), window)[reach : reach + size]
    return replace(columns, mean=mean)


def _logarithms(columns: Columns, lowest: float) -> Columns:
    """The columns in powers of ten; those without anything above zero become a gap."""
    keep = columns.high > 0
    lost = np.add.accumulate(~keep)
    gap = columns.gap[keep]
    gap[1:] |= np.diff(lost[keep]) > 0
    low, high, mean = (
        np.log10(np.maximum(values[keep], lowest))
        for values in (columns.low, columns.high, columns.mean)
    )
    return Columns(columns.x[keep], low, high, mean, gap)


def _within(columns: Columns, y: Axis) -> Columns:
    """No value beyond the ends of the axis: a line that leaves the sheet never ends."""
    low, high, mean = (
        np.clip(values, y.low, y.high) for values in (columns.low, columns.high, columns.mean)
    )
    return replace(columns, low=low, high=high, mean=mean)


def _lowest_positive(curves: list[Curve], high: float) -> float:
    """The smallest of the positive values that the curves still know one by one."""
    lows = []
    for curve in curves:
        columns = curve.columns(curve.capacity)
        for values in (columns.low, columns.mean, columns.high):
            positive = values[values > 0]
            if len(positive):
                lows.append(float(positive.min()))
                break
    return min(lows, default=high)


def _in_words(history: LossHistory) -> str:
    """The newest numbers, for where a picture would be too small."""
    parts = [
        f"{name} {short_number(curve.last)}"
        for name, curve in (("train", history.train), ("test", history.test))
        if curve.last is not None
    ]
    return " ".join(["loss", *parts]) if parts else ""
