"""A cursor on a chart that is drawn already, and what the curves were worth there.

To move it draws nothing anew: it is laid over a copy of the picture, in which a few dozen cells
change.
"""

from __future__ import annotations

import numpy as np

from tui.engine.columns import Columns, Floats
from tui.widgets.characters import cells, shorten
from tui.widgets.chart_inks import RIVALS, Role
from tui.widgets.chart_sheet import LONGEST_NAME, ChartPlan, PlannedLine, Stretch, number
from tui.widgets.strips import Canvas, Picture


def stops(plan: ChartPlan) -> Columns:
    """The columns at which the cursor stops: those of the run's own finest line, or of another
    run's where it has none in sight itself. There may be none at all, close up."""
    own = [line for line in plan.lines if line.role <= Role.VALIDATION and len(line.raw)]
    return max((line.raw for line in own or plan.lines), key=len)


def moved(plan: ChartPlan, cursor: float, by: int) -> float:
    """The step of the stop that is so many further on, or the last there is."""
    places = _middles(stops(plan))
    if not len(places):
        return cursor
    place = min(max(_nearest(places, cursor) + by, 0), len(places) - 1)
    return float(places[place])


def reach(plan: ChartPlan, one: float, other: float) -> Stretch:
    """All the steps from one stop to another."""
    found = stops(plan)
    places = _middles(found)
    if not len(places):
        return min(one, other), max(one, other)
    low, high = (_nearest(places, step) for step in sorted((one, other)))
    return float(found.first[low]), float(found.last[high])


def laid(
    picture: Picture, plan: ChartPlan, cursor: float, start: float | None, zoom: str
) -> Picture:
    """The picture of a plan with a cursor at a step, and a line below that says what is there.

    Args:
        start: the step at which the stretch that is being chosen begins; None while there is none.
        zoom: the key that chooses a stretch.
    """
    canvas = Canvas(picture.width, picture.height + 1)
    canvas.blit(0, 0, picture.codes, picture.styles)
    found = stops(plan)
    if not len(found):
        return Picture.from_canvas(canvas, picture.palette)
    at = _nearest(_middles(found), cursor)
    x = float(found.x[at])
    cell, axis = plan.left + plan.cell(x), plan.height - 2
    # Behind the curves, the legend and whatever is written.
    empty = canvas.styles[:axis, cell] <= Role.GRID
    empty |= canvas.codes[:axis, cell] == ord(plan.markers.mark)
    free = np.flatnonzero(empty)
    canvas.codes[free, cell] = ord(plan.markers.cursor)
    canvas.styles[free, cell] = Role.CURSOR
    if start is not None:
        begun = plan.left + plan.cell(float(plan.ruler.at(np.array([start]))[0]))
        chosen = slice(min(begun, cell), max(begun, cell) + 1)
        canvas.codes[axis, chosen] = ord(plan.markers.chosen)
        canvas.styles[axis, chosen] = Role.CURSOR
    canvas.codes[axis, cell] = ord(plan.markers.foot)
    canvas.styles[axis, cell] = Role.CURSOR
    column = 0
    for role, words in _readout(plan, found, at, start, zoom):
        column = canvas.put(column, picture.height, words, role)
    return Picture.from_canvas(canvas, picture.palette)


def _readout(
    plan: ChartPlan, found: Columns, at: int, start: float | None, zoom: str
) -> list[tuple[Role, str]]:
    """What stands in the line below: where it is, then each curve's value there, and what
    the key that chooses a stretch does.
    Where not all of it fits, what can be done without goes first."""
    x, first, last = float(found.x[at]), int(found.first[at]), int(found.last[at])
    hint = f"  {zoom}: " + ("a stretch from here" if start is None else "the stretch to here")
    for fullness in (3, 2, 1, 0):
        said = [(Role.CURSOR, where(plan, first, last, short=fullness == 0))]
        for line in plan.lines:
            if worth := _worth(plan, line, x, fullness):
                said += [(line.role, f"  {_name(plan, line)} "), (Role.GROUND, worth)]
        if fullness == 3:
            said.append((Role.LABEL, hint))
        if sum(cells(words) for _, words in said) <= plan.width:
            break
    return said


def _name(plan: ChartPlan, line: PlannedLine) -> str:
    """The run's own lines by name, others by the marker that the legend names."""
    if line.role is Role.TRAIN:
        return shorten(line.name, LONGEST_NAME, plan.markers.gap)
    marker = plan.markers.point(line.role)
    return marker if line.role in RIVALS else f"{marker} {line.name}"


def where(plan: ChartPlan, first: int, last: int, *, short: bool = False) -> str:
    """The steps of a column, and where on the axis they are if it counts something else."""
    if short:
        return f"{last:,}"
    steps = f"step {first:,}" if first == last else f"steps {first:,}-{last:,}"
    if plan.view.axis == "time":
        return f"{float(plan.ruler.at(np.array([last]))[0]):.2f} s, {steps}"
    if plan.view.axis == "epoch" and plan.steps_per_epoch:
        return f"epoch {last / plan.steps_per_epoch:.2f}, {steps}"
    return steps


def _worth(plan: ChartPlan, line: PlannedLine, x: float, fullness: int) -> str:
    """A curve's value at a place: the mean of what was measured there, and the extremes."""
    raw = line.raw
    # A figure that is measured now and then holds until the next.
    place = int(np.searchsorted(raw.x, x + 1e-9 * abs(x), "right")) - 1
    if place < 0:
        return ""
    metric = plan.view.metric
    low, high = float(raw.low[place]), float(raw.high[place])
    mean = number(float(raw.mean[place]), metric, 5 if fullness else 3)
    if low == high or fullness < 2 or line.role in RIVALS:
        return mean
    return f"{mean} ({number(low, metric, 4)} to {number(high, metric, 4)})"


def _middles(columns: Columns) -> Floats:
    return columns.first * 0.5 + columns.last * 0.5


def _nearest(places: Floats, step: float) -> int:
    return int(np.argmin(np.abs(places - step)))
