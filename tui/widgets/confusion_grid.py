"""The confusion matrix: what is taken for what, the worst the loudest.

However many classes there are, it is a window that follows the cursor. How bad a cell is shows
twice, by colour and by a mark; so does where the cursor stands.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.reactive import reactive

from tui.engine.mistakes import Mistakes
from tui.widgets.characters import cells, shorten
from tui.widgets.error_picture import ErrorPicture
from tui.widgets.strips import Canvas, Picture
from tui.widgets.walked_grid import WalkedGrid, window

PLAIN, QUIET, RIGHT, SOME, MANY, WORST, HERE = range(1, 8)

WIDEST_NAME: Final = 12
MOST_WORST: Final = 5
"""So many cells are the worst at the most, and none that holds fewer digits than these:"""
LEAST_WORST: Final = 2


class ConfusionGrid(ErrorPicture, WalkedGrid, can_focus=True):
    """A cell is (true, predicted), the numbers of two classes. Arrows walk it, a click goes to a
    cell; what Enter does there is the screen's to say."""

    DEFAULT_CSS = """
    ConfusionGrid {
        height: 1fr;
        min-height: 3;

        .confusion-grid--plain { color: $foreground; }
        .confusion-grid--quiet { color: $quiet; }
        .confusion-grid--right { color: $quiet; }
        .confusion-grid--some { color: $foreground; }
        .confusion-grid--many { color: $warning; }
        .confusion-grid--worst { color: $error; background: $error 20%; text-style: bold; }
        &:ansi .confusion-grid--worst { background: $background; text-style: bold reverse; }
        .confusion-grid--here { color: $background; background: $primary; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "confusion-grid--plain",
        "confusion-grid--quiet",
        "confusion-grid--right",
        "confusion-grid--some",
        "confusion-grid--many",
        "confusion-grid--worst",
        "confusion-grid--here",
    }

    percent: reactive[bool] = reactive(False, repaint=False)
    """In percent of each row, or counts?"""

    def __init__(self) -> None:
        super().__init__()
        self._window: tuple[int, int, int, int] = (0, 0, 0, 1)

    def watch_percent(self) -> None:
        self.request_picture(at_once=True)

    def action_walk(self, down: int, right: int) -> None:
        if self.view is not None:
            true, predicted = self.cell
            self.go_to(true + down, predicted + right, self.view.mistakes.matrix.shape)

    def action_page(self, pages: int) -> None:
        self.action_walk(10 * pages, 0)

    def action_far(self, which: int) -> None:
        if self.view is not None:
            self.action_walk(0, which * len(self.view.mistakes.matrix))

    def on_click(self, event: events.Click) -> None:
        left, top, label, width = self._window
        row, column = event.y - 1, (event.x - label) // width
        if self.view is not None and row >= 0 and event.x >= label:
            n = len(self.view.mistakes.matrix)
            if top + row < n and left + column < n:
                self.go_to(top + row, left + column, (n, n))

    def make_picture(self) -> None:
        self.picture_begun()
        if self.view is None:
            hint = self.get_component_rich_style("confusion-grid--right")
            self.show_sentence(self.sentence, hint, self.rich_style)
            return
        mistakes = self.view.mistakes
        names = mistakes.predictions.class_names
        numbers = self._numbers(mistakes)
        canvas = Canvas(*self.size)
        # A column for the mark behind each number; the cursor's first bracket takes that of the
        # number before.
        width = max(len(number) for number in numbers.flat) + 1
        label = min(max(cells(name) for name in names), WIDEST_NAME, canvas.width // 3) + 2
        rows, columns = max(canvas.height - 2, 1), max((canvas.width - label) // width, 1)
        true, predicted = min(self.cell[0], len(names) - 1), min(self.cell[1], len(names) - 1)
        self._top = window(self._top, rows, true, len(names))
        self._left = window(self._left, columns, predicted, len(names))
        self._window = self._left, self._top, label, width
        shown_rows = range(self._top, min(self._top + rows, len(names)))
        shown_columns = range(self._left, min(self._left + columns, len(names)))
        ellipsis = "~" if self.ascii_only else "…"
        loudness = self._loudness(mistakes.matrix)
        for x, j in enumerate(shown_columns):
            name = shorten(names[j], width - 1, ellipsis)
            style = PLAIN if j == predicted else QUIET
            canvas.put(label + (x + 1) * width - 1 - cells(name), 0, name, style)
        for y, i in enumerate(shown_rows, start=1):
            name = shorten(names[i], label - 2, ellipsis)
            canvas.put(label - 2 - cells(name), y, name, PLAIN if i == true else QUIET)
            for x, j in enumerate(shown_columns):
                style = int(loudness[i, j])
                mark = "!" if style == WORST else " "
                left = label + x * width
                canvas.put(left, y, f"{numbers[i, j]:>{width - 1}}{mark}", style)
        here = numbers[true, predicted]
        right = label + (predicted - self._left + 1) * width
        canvas.put(right - len(here) - 2, true - self._top + 1, f"[{here}]", HERE)
        y = len(shown_rows) + 1
        words = self._words(mistakes, true, predicted)
        canvas.put(0, y, shorten(words, canvas.width, ellipsis), PLAIN)
        if y + 1 < canvas.height:
            legend = self._legend(len(shown_rows), len(shown_columns), len(names))
            canvas.put(0, y + 1, shorten(legend, canvas.width, ellipsis), QUIET)
        styles = ("plain", "quiet", "right", "some", "many", "worst", "here")
        palette = [self.get_component_rich_style(f"confusion-grid--{name}") for name in styles]
        self.show_picture(Picture.from_canvas(canvas, [self.rich_style, *palette]))

    def _numbers(self, mistakes: Mistakes) -> NDArray[np.str_]:
        matrix = mistakes.matrix
        if self.percent:
            shares = np.char.mod("%.1f", mistakes.row_percentages)
            shares = np.where(shares == "100.0", "100", shares)
            return np.where(matrix == 0, "-" if self.ascii_only else "·", shares)
        return np.where(matrix == 0, "-" if self.ascii_only else "·", matrix.astype(str))

    def _loudness(self, matrix: NDArray[np.int64]) -> NDArray[np.int32]:
        """A style for each cell: int32, the shape of the matrix."""
        values = matrix if not self.percent else matrix / np.maximum(matrix.sum(1), 1)[:, None]
        beside = np.where(np.eye(len(matrix), dtype=bool), 0, values)
        most = beside.max(initial=0)
        styles = np.full(matrix.shape, SOME, np.int32)
        styles[matrix == 0] = QUIET
        if most > 0:
            styles[(beside >= most / 3) & (matrix >= LEAST_WORST)] = MANY
            least = np.sort(beside, axis=None)[-min(MOST_WORST, beside.size)]
            styles[(beside >= max(least, most / 2)) & (matrix >= LEAST_WORST)] = WORST
        np.fill_diagonal(styles, RIGHT)
        return styles

    def _words(self, mistakes: Mistakes, true: int, predicted: int) -> str:
        names = mistakes.predictions.class_names
        count = int(mistakes.matrix[true, predicted])
        share = f"{mistakes.row_percentages[true, predicted]:.1f}% of {names[true]}"
        if true == predicted:
            return f"{names[true]} taken for what it is: {count:,}, {share}"
        return f"{names[true]} taken for {names[predicted]}: {count:,}, {share}"

    def _legend(self, rows: int, columns: int, classes: int) -> str:
        if rows < classes or columns < classes:
            dash = "-" if self.ascii_only else "–"
            return (
                f"rows {self._top + 1}{dash}{self._top + rows}, columns {self._left + 1}{dash}"
                f"{self._left + columns} of {classes} classes"
            )
        return "row: what it is, column: taken for what; ! the worst"
