"""The loss by learning rate: the curve of a range test, as far as it has come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from textual.reactive import reactive

from nn.range_test import RangePoint
from tui.widgets.axis import Axis, linear_axis, log_axis, short_number
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.strips import Canvas, Picture

LABEL, BATCH, CURVE, MARK = range(1, 5)
ROOM = 8
"""Columns for the labels on the left, the frame included."""


class RateCurve(PictureWidget):
    """Draws `points`: each batch's loss as a dot, the smoothed loss as a line, and where there is
    one the `suggested` rate as a vertical line. The axes are there from the first point on."""

    DEFAULT_CSS = """
    RateCurve {
        height: 1fr;

        .rate-curve--label { color: $quiet; }
        .rate-curve--batch { color: $primary 45%; }
        .rate-curve--curve { color: $primary; }
        .rate-curve--mark { color: $accent; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rate-curve--label", "rate-curve--batch", "rate-curve--curve", "rate-curve--mark",
    }  # fmt: skip

    points: reactive[tuple[RangePoint, ...]] = reactive((), repaint=False)
    suggested: reactive[float | None] = reactive(None, repaint=False)

    def __init__(self, low: float, high: float) -> None:
        """`low` and `high` are the learning rates at the ends of the axis."""
        super().__init__()
        self._ends = (low, high)

    def watch_points(self) -> None:
        self.request_picture()

    def watch_suggested(self) -> None:
        self.request_picture(at_once=True)

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = Canvas(*self.size)
        if canvas.width > 2 * ROOM and canvas.height > 3 and self.points:
            self._draw(canvas)
        names = ("label", "batch", "curve", "mark")
        styles = [self.get_component_rich_style(f"rate-curve--{name}") for name in names]
        self.show_picture(Picture.from_canvas(canvas, [self.rich_style, *styles]))

    def _draw(self, canvas: Canvas) -> None:
        lines, columns = canvas.height - 2, canvas.width - ROOM
        x = log_axis(*self._ends, max(columns // 9, 2))
        y = linear_axis(*sensible(self.points), max(lines // 3, 2))
        self._draw_axes(canvas, x, y)

        def column(rate: float) -> int:
            return ROOM + min(
                max(round(x.fraction(math.log10(rate)) * (columns - 1)), 0), columns - 1
            )

        if self.suggested is not None:
            at = column(self.suggested)
            for line in range(lines):
                canvas.put(at, line, "|" if self.ascii_only else "│", MARK)
        dot = "." if self.ascii_only else "·"
        for point in self.points:
            if y.low <= point.loss <= y.high:
                line = round((1 - y.fraction(point.loss)) * (lines - 1))
                canvas.put(column(point.learning_rate), line, dot, BATCH)
        self._draw_line(
            canvas, [(column(p.learning_rate), p.smoothed) for p in self.points], y, lines
        )
        if self.suggested is not None:
            # Last, for a batch's dot in the number would be another number.
            words, at = f" {short_number(self.suggested)} ", column(self.suggested)
            beside = at + 1 if at + 1 + len(words) < canvas.width else at - len(words)
            canvas.put(beside, 0, words, MARK)

    def _draw_axes(self, canvas: Canvas, x: Axis, y: Axis) -> None:
        lines, columns = canvas.height - 2, canvas.width - ROOM
        side, corner, bottom = ("|", "+", "-") if self.ascii_only else ("│", "└", "─")
        for line in range(lines):
            canvas.put(ROOM - 1, line, side, LABEL)
        canvas.put(ROOM - 1, lines, corner + bottom * columns, LABEL)
        for tick, label in zip(y.ticks, y.labels, strict=True):
            line = round((1 - y.fraction(tick)) * (lines - 1))
            canvas.put(0, line, label.rjust(ROOM - 2)[: ROOM - 2], LABEL)
        free = 0
        for tick, label in zip(x.ticks, x.labels, strict=True):
            at = ROOM + round(x.fraction(tick) * (columns - 1)) - len(label) // 2
            if at >= free and at + len(label) <= canvas.width:
                free = canvas.put(at, lines + 1, label, LABEL) + 1

    def _draw_line(
        self, canvas: Canvas, curve: Sequence[tuple[int, float]], y: Axis, lines: int
    ) -> None:
        """A line of half cells, each column from where the one before it ended."""
        steps = lines if self.ascii_only else 2 * lines
        filled = np.zeros((steps, canvas.width), np.bool_)
        before: int | None = None
        beyond = False
        for at, value in curve:
            # Where it climbs out of the picture it has said all it had to say.
            if beyond:
                break
            beyond = value > y.high
            share = 1 - min(max(y.fraction(value), 0.0), 1.0)
            here = min(round(share * (steps - 1)), steps - 1)
            top, end = sorted((here, here if before is None else before))
            filled[top : end + 1, at] = True
            before = here
        if self.ascii_only:
            canvas.codes[:lines][filled] = ord("*")
            canvas.styles[:lines][filled] = CURVE
            return
        upper, lower = filled[0::2], filled[1::2]
        for character, where in (
            ("▀", upper & ~lower), ("▄", lower & ~upper), ("█", upper & lower),
        ):  # fmt: skip
            canvas.codes[:lines][where] = ord(character)
            canvas.styles[:lines][where] = CURVE


def sensible(points: Sequence[RangePoint]) -> tuple[float, float]:
    """The losses that the axis is for: what the curve comes from and falls to, not what it climbs
    to in the end."""
    smoothed = [point.smoothed for point in points]
    lowest = smoothed.index(min(smoothed))
    return smoothed[lowest], max(smoothed[: lowest + 1]) * 1.1
