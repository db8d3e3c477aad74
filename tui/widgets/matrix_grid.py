"""A matrix of any size, number by number, in a window that follows the cursor.

A single row, such as one digit's 784 pixels or a vector of biases, is folded to as many columns as
there is room for; at the left stands where each line of it begins. How large a number is shows in
its digits first, and in its tone besides.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final

import numpy as np
from textual import events
from textual.reactive import reactive

from tui.engine.lesson_step import Matrix
from tui.widgets.characters import shorten
from tui.widgets.strips import Canvas, Picture
from tui.widgets.walked_grid import WalkedGrid, window

TONES = ("plain", "quiet", "zero", "less", "least", "more", "most", "here")
PLAIN, QUIET, ZERO, LESS, LEAST, MORE, MOST, HERE = range(1, 9)

WIDTH: Final = 9
"""Cells of a number and the gap before it: ten columns, as of ten classes, at 160 cells."""


def number(value: float) -> str:
    """A number in at most 8 cells: `-0.1234`, `12.3457`, `1.2e-05`; 0 is a plain zero."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return f"{value:.0f}"
    size = abs(value)
    # The limits are where rounding would add a figure.
    if 1e-3 <= size < 99.99995:
        return f"{value:.4f}"
    if size < 1e5 and value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if 99 < size < 9999.95 else f"{value:.1e}"


class MatrixGrid(WalkedGrid):
    """A cell is (row, column) of the matrix, folded or not. Arrows walk it, a click goes to a
    number."""

    DEFAULT_CSS = """
    MatrixGrid {
        height: 1fr;
        min-height: 3;

        .matrix-grid--plain { color: $foreground; }
        .matrix-grid--quiet { color: $quiet; }
        .matrix-grid--zero { color: $faint; }
        .matrix-grid--less { color: $warning 80%; }
        .matrix-grid--least { color: $warning; text-style: bold; }
        .matrix-grid--more { color: $primary 80%; }
        .matrix-grid--most { color: $primary; text-style: bold; }
        .matrix-grid--here { color: $background; background: $primary; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"matrix-grid--{tone}" for tone in TONES}

    matrix: reactive[Matrix | None] = reactive(None, repaint=False)

    def watch_matrix(self) -> None:
        self.request_picture(at_once=True)

    @property
    def _columns(self) -> int:
        """Numbers side by side for which there is room."""
        return max((self.size.width - self._label - 1) // WIDTH, 1)

    @property
    def _lines(self) -> int:
        return max(self.size.height - 2, 1)

    @property
    def _label(self) -> int:
        most = max(self.matrix.numbers.shape) if self.matrix is not None else 1
        return len(str(most)) + 1

    @property
    def _folded(self) -> bool:
        return self.matrix is not None and self.matrix.numbers.shape[0] == 1

    def action_walk(self, down: int, right: int) -> None:
        if self._folded:
            self._go(self.cell[0], self.cell[1] + down * self._columns + right)
        else:
            self._go(self.cell[0] + down, self.cell[1] + right)

    def action_page(self, pages: int) -> None:
        self.action_walk(pages * self._lines, 0)

    def action_far(self, which: int) -> None:
        self._go(self.cell[0], 10**9 * which)

    def _go(self, row: int, column: int) -> None:
        if self.matrix is not None:
            rows, columns = self.matrix.numbers.shape
            self.go_to(row, column, (rows, columns))

    def on_click(self, event: events.Click) -> None:
        y, x = event.y - 1, (event.x - self._label) // WIDTH
        if self.matrix is None or not 0 <= y < self._lines or not 0 <= x < self._columns:
            return
        if self._folded:
            self._go(0, (self._top + y) * self._columns + x)
        else:
            self._go(self._top + y, self._left + x)

    def make_picture(self) -> None:
        self.picture_begun()
        palette = [self.get_component_rich_style(f"matrix-grid--{tone}") for tone in TONES]
        if self.matrix is None:
            self.show_sentence(self.sentence, palette[QUIET - 1], self.rich_style)
            return
        canvas = Canvas(*self.size)
        self._draw(canvas, self.matrix)
        self.show_picture(Picture.from_canvas(canvas, [self.rich_style, *palette]))

    def _draw(self, canvas: Canvas, matrix: Matrix) -> None:
        # What is a reactive, or made of some, is looked up once and not for each number.
        numbers, cell, folded = matrix.numbers, self.cell, self._folded
        (row, column), (total_rows, total_columns) = cell, numbers.shape
        across, down, label = self._columns, self._lines, self._label
        if folded:
            line_of_cursor, lines = column // across, -(-total_columns // across)
            self._left = 0
        else:
            line_of_cursor, lines = row, total_rows
            self._left = window(self._left, across, column, total_columns)
        self._top = window(self._top, down, line_of_cursor, lines)
        largest = float(np.max(np.abs(numbers), initial=0, where=np.isfinite(numbers)))
        for x in range(min(across, total_columns - self._left)):
            head = f"+{x}" if folded else str(self._left + x)
            canvas.put(label + (x + 1) * WIDTH - len(head), 0, head, QUIET)
        shown = range(self._top, min(self._top + down, lines))
        for y, at in enumerate(shown, start=1):
            name = str(at * across if folded else at)
            here = at == line_of_cursor
            canvas.put(label - 1 - len(name), y, name, PLAIN if here else QUIET)
            for x in range(across):
                i, j = (0, at * across + x) if folded else (at, self._left + x)
                if j >= total_columns:
                    break
                value = float(numbers[i, j])
                text = number(value)
                left = label + (x + 1) * WIDTH - len(text)
                if (i, j) == cell:
                    canvas.put(left - 1, y, f"[{text}]", HERE)
                else:
                    canvas.put(left, y, text, _tone(value, largest))
        y = len(shown) + 1
        words = f"{matrix.symbol} {matrix.shape}"
        words += self._place(matrix, row, column)
        ellipsis = "~" if self.ascii_only else "…"
        canvas.put(0, y, shorten(words, canvas.width, ellipsis), QUIET)

    def _place(self, matrix: Matrix, row: int, column: int) -> str:
        names = [f"{n} {k}" for n, k in zip(matrix.axes, (row, column), strict=True) if n]
        return f": {', '.join(names)}" if names else ""


def _tone(value: float, largest: float) -> int:
    if value == 0 or largest == 0:
        return ZERO
    share = value / largest
    if abs(share) < 0.05:
        return QUIET
    if share < 0:
        return LEAST if share < -0.5 else LESS
    return MOST if share > 0.5 else MORE
