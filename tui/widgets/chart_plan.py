"""What a chart will show, decided before anything is drawn.

`plan` runs on the event loop, because the curves belong to it, and is cheap: a few
reductions over bounded curves, however long the run. Its result is frozen and refers to
nothing that goes on changing, so that a thread may take its time to draw it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from rich.style import Style

from tui.engine.chart_view import ChartView, Metric
from tui.engine.columns import Columns
from tui.engine.curve import Curve
from tui.engine.history import Ruler, RunHistory
from tui.engine.overlays import Overlay
from tui.engine.run_directory import without_day
from tui.widgets.axis import (
    Axis,
    axis_along,
    in_percent,
    linear_axis,
    log_axis,
)
from tui.widgets.chart_inks import (
    ASCII_MARKERS,
    RIVALS,
    SHADED_MARKERS,
    UNICODE_MARKERS,
    Role,
)
from tui.widgets.chart_sheet import (
    ChartPlan,
    PlannedLine,
    PlannedMark,
    Stretch,
    number,
    room_beside,
)

MIN_WIDTH: Final = 20
MIN_HEIGHT: Final = 5

ONCE_AN_EPOCH: Final[frozenset[Metric]] = frozenset({"accuracy", "samples/s"})


@dataclass(frozen=True, eq=False)
class _Source:
    """A curve that is to become a line, and where its steps are."""

    role: Role
    name: str
    curve: Curve
    ruler: Ruler

    def columns(self, width: int, x: Axis) -> Columns:
        return self.curve.columns(width, x.low, x.high, self.ruler.at)


def plan(
    history: RunHistory,
    width: int,
    height: int,
    palette: tuple[Style, ...],
    *,
    view: ChartView | None = None,
    zoom: Stretch | None = None,
    overlays: Sequence[Overlay] = (),
    ascii_only: bool = False,
    few_colours: bool = False,
) -> ChartPlan | str:
    """Sample a history for a chart of `width` x `height` cells.

    Args:
        zoom: the steps to show, in the place of those that the view's scope means.
        overlays: other runs, each a line of its own.
        few_colours: tell band and line apart by texture rather than by shade.

    Returns:
        The plan, or a sentence that says why there is nothing to draw; an empty one if
        there are no points at all.
    """
    view = view or ChartView()
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return _in_words(history, view.metric)
    ruler = history.ruler(view.axis)
    sources = _sources(history, overlays, view, ruler)
    if not sources:
        return "" if not history.last_step else _none_yet(view.metric)
    stretch = zoom or history.stretch(view.scope)
    x = _x_axis(sources, stretch, ruler, view, width)
    # What the axis is for decides how wide its labels are, and they how wide the columns are.
    seen = [columns for s in sources if len(columns := s.columns(width, x))]
    if not seen:
        return _nothing_finite(view.metric, stretch, zoomed=zoom is not None)
    low, high = min(float(c.low.min()) for c in seen), max(float(c.high.max()) for c in seen)
    if view.log_scale:
        if high <= 0:
            return f"A log scale needs a {view.metric} above zero."
        low = _lowest_positive(seen, high)
    ticks = max(min((height - 1) // 2, 4 + height // 8), 2)
    y = log_axis(low, high, ticks) if view.log_scale else linear_axis(low, high, ticks)
    if view.metric == "accuracy":
        y = in_percent(y, log_scale=view.log_scale)
    room = room_beside(width, y)
    lines = tuple(_line(source, room, x, y, low, view, stretch) for source in sources)
    markers = ASCII_MARKERS if ascii_only else UNICODE_MARKERS
    if few_colours and not ascii_only:
        markers = SHADED_MARKERS
    return ChartPlan(
        width, height, view, x, y, lines, ruler, history.steps_per_epoch, markers, palette,
        _marks(history, ruler, x, room),
    )  # fmt: skip


def _sources(
    history: RunHistory, overlays: Sequence[Overlay], view: ChartView, ruler: Ruler
) -> list[_Source]:
    lines = history.lines(view.metric)
    train = "train" if view.metric == "loss" else view.metric
    own = (
        (Role.TRAIN, train, lines.train),
        (Role.TEST, "test", lines.test),
        (Role.VALIDATION, "validation", lines.validation),
    )
    sources = [_Source(role, name, curve, ruler) for role, name, curve in own if curve]
    for overlay in overlays:
        # One line a run: what it learnt from, or else what it was tested on.
        theirs = overlay.history.lines(view.metric).there
        if theirs:
            role = RIVALS[overlay.place]
            other = overlay.history.ruler(view.axis)
            sources.append(_Source(role, without_day(overlay.name), theirs[0], other))
    return sources


def _x_axis(
    sources: Sequence[_Source], stretch: Stretch | None, ruler: Ruler, view: ChartView, width: int
) -> Axis:
    count = max(width // 12, 2)
    if stretch is not None:
        low, high = ruler.at(np.array(stretch)).tolist()
        return axis_along(view.axis, low, high, count, exact=True)
    ends = []
    for source in sources:
        first, last = source.curve.first_x, source.curve.last_x
        if first is not None and last is not None:
            ends += source.ruler.at(np.array([first, last], np.float64)).tolist()
    return axis_along(view.axis, min(ends), max(ends), count)


def _line(
    source: _Source,
    room: int,
    x: Axis,
    y: Axis,
    low: float,
    view: ChartView,
    stretch: Stretch | None,
) -> PlannedLine:
    raw = columns = source.columns(room, x)
    if view.smoothing and source.role not in (Role.TEST, Role.VALIDATION):
        columns = columns.averaged(view.smoothing, (x.high - x.low) / room)
    last, last_x = source.curve.last, source.curve.last_x
    newest = last or 0.0
    in_sight = stretch is None or (last_x is not None and last_x <= stretch[1])
    if len(columns) and (math.isfinite(newest) or not in_sight):
        newest = float(columns.mean[-1])
    if view.log_scale:
        columns = _logarithms(columns, low)
    columns = _within(columns, y)
    return PlannedLine(source.role, source.name, columns, raw, number(newest, view.metric, 3))


def _marks(history: RunHistory, ruler: Ruler, x: Axis, room: int) -> tuple[PlannedMark, ...]:
    """A place for every mark in sight; of those that share a column the newest is told."""
    extent = (x.high - x.low) or 1.0

    def place(step: float) -> float:
        return float(ruler.at(np.array([step]))[0])

    def column(at: float) -> int:
        return round((min(max(at, x.low), x.high) - x.low) / extent * (room - 1))

    placed = {}
    for mark in history.marks:
        at = place(mark.step)
        if x.low <= at <= x.high:
            first = at if mark.since is None else place(mark.since)
            placed[column(at)] = PlannedMark(column(at), column(first), mark.words)
    return tuple(placed[at] for at in sorted(placed))


def _logarithms(columns: Columns, lowest: float) -> Columns:
    """The columns in powers of ten; those without anything above zero become a gap."""
    kept = columns.kept(columns.high > 0)
    low, high, mean = (
        np.log10(np.maximum(values, lowest)) for values in (kept.low, kept.high, kept.mean)
    )
    return replace(kept, low=low, high=high, mean=mean)


def _within(columns: Columns, y: Axis) -> Columns:
    """No value beyond the ends of the axis: a line that leaves the sheet never ends."""
    low, high, mean = (
        np.clip(values, y.low, y.high) for values in (columns.low, columns.high, columns.mean)
    )
    return replace(columns, low=low, high=high, mean=mean)


def _lowest_positive(seen: Sequence[Columns], high: float) -> float:
    """The smallest of the positive values that the columns still know one by one."""
    lows = []
    for columns in seen:
        for values in (columns.low, columns.mean, columns.high):
            positive = values[values > 0]
            if len(positive):
                lows.append(float(positive.min()))
                break
    return min(lows, default=high)


def _none_yet(metric: Metric) -> str:
    return f"No {metric} yet: it is measured after every epoch."


def _nothing_finite(metric: Metric, stretch: Stretch | None, *, zoomed: bool) -> str:
    if zoomed:
        return "Nothing was measured in this stretch; <field.leave> shows more."
    if stretch is not None and metric in ONCE_AN_EPOCH:
        none = f"No {metric} in this stretch"
        return f"{none}: it is measured after every epoch; <chart.scope> shows more."
    return f"No {metric} so far is a finite number."


def _in_words(history: RunHistory, metric: Metric) -> str:
    """The newest numbers, for where a picture would be too small."""
    lines = history.lines(metric)
    named = (("train", lines.train), ("test", lines.test))
    parts = [
        f"{name} {number(curve.last, metric, 3)}"
        for name, curve in named
        if curve is not None and curve.last is not None
    ]
    return " ".join([metric, *parts]) if parts else ""
