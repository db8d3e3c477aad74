"""A planned chart, drawn by plotext, as a `Picture`.

Some milliseconds of work that belong to the one thread that owns plotext; `draw` sees nothing
but a frozen `ChartPlan`. Plotext is handed roles instead of colours (a colour tuple whose
first number says what the dot belongs to) and its matrix of cells is read directly: no ANSI
text is made only to be parsed again, and a theme may use whatever colours a terminal has.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tui.engine.columns import Columns, Floats, Ints
from tui.widgets.characters import cells, shorten
from tui.widgets.chart_inks import (
    ASCII_FRAME,
    ASCII_MARKERS,
    ON_BAND,
    RIVALS,
    UNICODE_MARKERS,
    Role,
)
from tui.widgets.chart_sheet import LONGEST_NAME, ChartPlan, PlannedLine
from tui.widgets.strips import SPACE, Canvas, Picture

UPPER, LOWER = ord("▀"), ord("▄")

POINT_EVERY: Final = 12
"""Cells from one marker on the line of another run to the next, at the least."""


def draw(plan: ChartPlan) -> Picture:
    """Let plotext draw a plan; only ever called in the thread that owns plotext."""
    from textual_plotext.plot import Plot

    plot: Any = Plot()  # Any: what is needed beyond the usual commands has no public name.
    plot._limit_size(False, False)  # Or it is cut to plotext's own idea of a terminal.
    plot.plotsize(plan.width, plan.height)
    plot.xaxes(True, False)
    plot.yaxes(True, False)
    plot.grid(True, False)
    plot.ticks_color(_ink(Role.LABEL))
    plot.xlim(plan.x.low, plan.x.high)
    plot.ylim(plan.y.low, plan.y.high)
    plot.xticks(plan.x.ticks, plan.x.labels)
    plot.yticks(plan.y.ticks, plan.y.labels)
    _draw_curves(plot, plan)
    canvas = _cells_of(plot, plan)
    vars(plot).clear()  # It refers to itself: ten thousand objects for the collector, a chart.
    _finish(canvas, plan)
    _draw_band(canvas, plan)
    _draw_legend(canvas, plan)
    _draw_marks(canvas, plan)
    return Picture.from_canvas(canvas, plan.palette)


def _draw_curves(plot: Any, plan: ChartPlan) -> None:
    """Lay the curves over one another, what must stay readable last."""
    markers, train = plan.markers, plan.train
    rivals = [line for line in plan.lines if line.role in RIVALS]
    for line in rivals:
        _draw_line(plot, line.columns, markers.rival_lines[line.role - RIVALS[0]], line.role)
    _draw_line(plot, train, markers.line, Role.TRAIN)
    for line in rivals:
        _draw_points(plot, _now_and_then(line, plan), markers.point(line.role), line.role)
    for role in (Role.VALIDATION, Role.TEST):
        _draw_points(plot, plan.line(role), markers.point(role), role)


def _draw_line(plot: Any, columns: Columns, marker: str, role: Role) -> None:
    for piece in columns.pieces():
        x, mean = columns.x[piece], columns.mean[piece]
        plot.plot(x.tolist(), mean.tolist(), marker=marker, color=_ink(role))


def _draw_points(plot: Any, columns: Columns, marker: str, role: Role) -> None:
    if len(columns):
        plot.scatter(columns.x.tolist(), columns.mean.tolist(), marker=marker, color=_ink(role))


def _now_and_then(line: PlannedLine, plan: ChartPlan) -> Columns:
    """The columns of a line that get its marker: some, and no two lines at the same place."""
    columns = line.columns
    if not len(columns):
        return columns
    every = max(POINT_EVERY, plan.room // 8)
    offset = (line.role - RIVALS[0]) * every // len(RIVALS) + every // 8
    share = (columns.x - plan.x.low) / (plan.x.high - plan.x.low)
    cell = np.floor(share * (plan.room - 1)).astype(np.int64)
    keep = np.diff((cell + every - offset) // every, prepend=-1) > 0
    return columns.kept(keep)


def _ink(role: Role) -> tuple[int, int, int]:
    return int(role), 0, 0


def _cells_of(plot: Any, plan: ChartPlan) -> Canvas:
    """Read the matrix plotext has filled: bottom line first, one marker and colour a cell."""
    plot._build_matrix()
    matrix = plot.monitor.matrix
    canvas = Canvas(plan.width, plan.height)
    text = "".join("".join(line) for line in reversed(matrix.marker))
    codes = np.frombuffer(text.encode("utf-32-le"), "<u4")
    canvas.codes[:] = codes.reshape(plan.height, plan.width)
    canvas.styles[:] = [
        [colour[0] if isinstance(colour, tuple) else Role.GROUND for colour in line]
        for line in reversed(matrix.fullground)
    ]
    return canvas


def _finish(canvas: Canvas, plan: ChartPlan) -> None:
    """Turn plotext's cells into the house style."""
    codes, styles = canvas.codes, canvas.styles
    left = plan.left
    inside = np.zeros(codes.shape, np.bool_)
    inside[:-2, left:] = True
    boxes = (codes >= 0x2500) & (codes < 0x2580) & (styles == Role.LABEL)
    grid = boxes & inside
    styles[boxes] = Role.FRAME
    styles[grid] = Role.GRID
    codes[grid] = ord(plan.markers.grid)
    codes[-3][grid[-3]] = SPACE  # The axis is line enough at the bottom.
    if plan.markers is ASCII_MARKERS:
        for box, plain in ASCII_FRAME.items():
            codes[boxes & (codes == box)] = plain
        return


def _draw_band(canvas: Canvas, plan: ChartPlan) -> None:
    """Fill the cells between the lowest and the highest value, behind whatever is drawn.

    Not by plotext: a band of noise is most of the sheet, which took it three times as long as all
    the lines together. It knows one colour per cell, too, so a line would cut a hole into the
    surface that it crosses; here the hole gets the surface's colour as its background.
    """
    lines = plan.height - 2
    halves = plan.markers is UNICODE_MARKERS
    rows = 2 * lines if halves else lines
    low, high = _band_rows(plan, rows)
    row = np.arange(rows - 1, -1, -1)[:, None]
    band = (row >= low) & (row <= high)
    upper, lower = (band[0::2], band[1::2]) if halves else (band, band)
    codes, styles = canvas.codes[:lines, plan.left :], canvas.styles[:lines, plan.left :]
    seen = (styles <= Role.GRID) & (upper | lower)
    block = np.where(upper & lower, ord(plan.markers.band), np.where(upper, UPPER, LOWER))
    codes[seen], styles[seen] = block[seen], Role.BAND
    if halves:
        styles[(styles >= Role.TRAIN) & upper & lower] += ON_BAND


def _band_rows(plan: ChartPlan, rows: int) -> tuple[Ints, Ints]:
    """For each cell from the y axis on, the lowest and the highest row of the band, of so many."""
    train, room = plan.train, plan.room
    low, high = np.full(room, rows), np.full(room, -1)
    middles = plan.x.low + np.arange(room) / max(room - 1, 1) * (plan.x.high - plan.x.low)
    share = (train.x - plan.x.low) / (plan.x.high - plan.x.low)
    cell = np.clip(np.rint(share * (room - 1)), 0, room - 1).astype(np.int64)
    for piece in train.pieces():
        x, lowest, highest = train.x[piece], train.low[piece], train.high[piece]
        if not np.any(highest > lowest):
            continue
        # Straight from one column to the next where they are far apart; where they are not, to
        # the very extremes.
        between = np.setdiff1d(np.arange(cell[piece][0], cell[piece][-1]), cell[piece])
        low[between] = _row(np.interp(middles[between], x, lowest), plan, rows)
        high[between] = _row(np.interp(middles[between], x, highest), plan, rows)
        np.minimum.at(low, cell[piece], _row(lowest, plan, rows))
        np.maximum.at(high, cell[piece], _row(highest, plan, rows))
    return low, high


def _row(values: Floats, plan: ChartPlan, rows: int) -> Ints:
    """Which row from below, of so many, a value on the y axis is in."""
    share = (values - plan.y.low) / (plan.y.high - plan.y.low)
    return np.rint(share * (rows - 1)).astype(np.int64)


def _draw_marks(canvas: Canvas, plan: ChartPlan) -> None:
    """A thin line behind the curves where something was done to the run, its words on top where
    they fit between this line and the next; a span of time as a line along the bottom."""
    left, lines = plan.left, plan.height - 2
    free = canvas.styles[:lines] <= Role.GRID
    ends = [*(mark.column for mark in plan.marks), plan.room][1:]
    for mark, end in zip(plan.marks, ends, strict=True):
        at = left + mark.column
        cells_of_it = np.flatnonzero(free[:, at])
        canvas.codes[cells_of_it, at] = ord(plan.markers.mark)
        canvas.styles[cells_of_it, at] = Role.MARK
        along = left + mark.first + np.flatnonzero(free[lines - 1, left + mark.first : at])
        canvas.codes[lines - 1, along] = ord(plan.markers.span)
        canvas.styles[lines - 1, along] = Role.MARK
        room = end - mark.column - 2
        for line in range(min(5, lines)):
            if cells(mark.words) <= room and free[line, at + 1 : at + 1 + cells(mark.words)].all():
                canvas.put(at + 1, line, mark.words, Role.MARK)
                break


def _draw_legend(canvas: Canvas, plan: ChartPlan) -> None:
    """Put the legend into whichever corner hides least, the upper right by preference; side by
    side what has no room below each other."""
    keys = []
    for planned in plan.lines:
        marker = (
            plan.markers.key if planned.role is Role.TRAIN else plan.markers.point(planned.role)
        )
        name = shorten(planned.name, LONGEST_NAME, plan.markers.gap)
        keys.append((planned.role, f" {marker} ", f"{name} {planned.newest} "))
    marker_width = max((cells(marker) for _, marker, _ in keys), default=0)
    width = marker_width + max((cells(text) for _, _, text in keys), default=0)
    left, lines = plan.left, plan.height - 2
    beside = -(-len(keys) // max(lines - 1, 1))
    if not keys or width * beside > plan.width - left:
        return
    rows = -(-len(keys) // beside)
    drawn = canvas.styles >= Role.BAND
    corners = [(x, y) for x in (plan.width - width * beside, left) for y in (0, lines - rows)]
    x, y = min(
        corners,
        key=lambda at: int(drawn[at[1] : at[1] + rows, at[0] : at[0] + width * beside].sum()),
    )
    for number, (role, marker, text) in enumerate(keys):
        column, row = divmod(number, rows)
        at, line = x + column * width, y + row
        canvas.put(at, line, " " * width, Role.GROUND)
        canvas.put(at + marker_width - cells(marker), line, marker, role)
        canvas.put(at + marker_width, line, text, Role.LABEL)
