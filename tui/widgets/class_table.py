"""Precision, recall and F1 of every class, in a window that follows the class at the cursor."""

from __future__ import annotations

from typing import ClassVar

from textual.reactive import reactive

from tui.engine.error_view import ErrorView
from tui.widgets.characters import cells, shorten
from tui.widgets.confusion_grid import WIDEST_NAME
from tui.widgets.error_picture import ErrorPicture
from tui.widgets.strips import Canvas, Picture
from tui.widgets.walked_grid import Cell, window

PLAIN, QUIET, BAD, HERE = range(1, 5)


class ClassTable(ErrorPicture):
    """Three figures a class; the class with the lowest of each is marked."""

    DEFAULT_CSS = """
    ClassTable {
        height: 1fr;
        min-height: 3;

        .class-table--plain { color: $foreground; }
        .class-table--quiet { color: $quiet; }
        .class-table--bad { color: $error; text-style: bold; }
        .class-table--here { color: $primary; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "class-table--plain",
        "class-table--quiet",
        "class-table--bad",
        "class-table--here",
    }

    cell: reactive[Cell] = reactive((0, 0), repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self._top = 0

    def watch_cell(self) -> None:
        self.request_picture(at_once=True)

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = Canvas(*self.size)
        if self.view is not None:
            self._draw(canvas, self.view)
        names = ("plain", "quiet", "bad", "here")
        styles = [self.get_component_rich_style(f"class-table--{name}") for name in names]
        self.show_picture(Picture.from_canvas(canvas, [self.rich_style, *styles]))

    def _draw(self, canvas: Canvas, view: ErrorView) -> None:
        names, report = view.mistakes.predictions.class_names, view.mistakes.report
        columns = (report.precision, report.recall, report.f1)
        lowest = [int(column.argmin()) for column in columns]
        label = min(max(4, *(cells(name) for name in names)), WIDEST_NAME) + 3
        ellipsis = "~" if self.ascii_only else "…"
        x = label
        for head in ("prec.", "recall", "F1", "digits"):
            x = canvas.put(x, 0, f"{head:>6} ", QUIET)
        here = min(self.cell[0], len(names) - 1)
        room = max(canvas.height - 2, 1)
        self._top = window(self._top, room, here, len(names))
        shown = range(self._top, min(self._top + room, len(names)))
        for y, k in enumerate(shown, start=1):
            if k == here:
                canvas.put(0, y, ">" if self.ascii_only else "›", HERE)
            canvas.put(2, y, shorten(names[k], WIDEST_NAME, ellipsis), HERE if k == here else PLAIN)
            x = label
            for column, worst in zip(columns, lowest, strict=True):
                mark = "!" if k == worst and column[k] < 1 else " "
                x = canvas.put(x, y, f"{column[k]:>6.1%}{mark}", BAD if mark == "!" else PLAIN)
            canvas.put(x, y, f"{int(report.support[k]):>6,}", QUIET)
        means = (report.macro_precision, report.macro_recall, report.macro_f1)
        y = len(shown) + 1
        canvas.put(2, y, shorten("mean", label - 2, ellipsis), QUIET)
        canvas.put(label, y, "".join(f"{mean:>6.1%} " for mean in means), QUIET)
