"""The pairs of classes that are confused most, the most frequent first."""

from __future__ import annotations

from typing import ClassVar

from textual import events

from nn.analysis.confusion import Confusion
from tui.engine.error_view import ErrorView
from tui.widgets.characters import cells, shorten
from tui.widgets.error_picture import ErrorPicture
from tui.widgets.strips import Canvas, Picture
from tui.widgets.walked_grid import WalkedGrid, window

PLAIN, QUIET, BAR, HERE = range(1, 5)

LONGEST_BAR = 16


class ConfusedList(ErrorPicture, WalkedGrid, can_focus=True):
    """Up and down go from pair to pair: the cursor is the matrix's."""

    DEFAULT_CSS = """
    ConfusedList {
        height: 1fr;
        min-height: 3;

        .confused-list--plain { color: $foreground; }
        .confused-list--quiet { color: $quiet; }
        .confused-list--bar { color: $error; }
        .confused-list--here { color: $primary; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "confused-list--plain",
        "confused-list--quiet",
        "confused-list--bar",
        "confused-list--here",
    }

    @property
    def pairs(self) -> list[Confusion]:
        return self.view.mistakes.most_confused if self.view is not None else []

    @property
    def place(self) -> int:
        """Where the cell at the cursor is in the list; -1 where it is not."""
        cells = ((pair.true, pair.predicted) for pair in self.pairs)
        return next((i for i, cell in enumerate(cells) if cell == self.cell), -1)

    def action_walk(self, down: int, right: int) -> None:  # noqa: ARG002
        """On by so many pairs, and to the first from a cell that is none; a list has one column."""
        if down:
            self._go_to(self.place + down if self.place >= 0 else 0)

    def action_page(self, pages: int) -> None:
        self.action_walk(10 * pages, 0)

    def action_far(self, which: int) -> None:
        self.action_walk(which * len(self.pairs), 0)

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y - 1 < len(self.pairs) - self._top:
            self._go_to(self._top + event.y - 1)

    def _go_to(self, place: int) -> None:
        if self.view is not None and self.pairs:
            pair = self.pairs[min(max(place, 0), len(self.pairs) - 1)]
            self.go_to(pair.true, pair.predicted, self.view.mistakes.matrix.shape)

    def make_picture(self) -> None:
        self.picture_begun()
        quiet = self.get_component_rich_style("confused-list--quiet")
        if self.view is not None and not self.pairs:
            self.show_sentence("Nothing is taken for anything else.", quiet, self.rich_style)
            return
        canvas = Canvas(*self.size)
        if self.view is not None:
            self._draw(canvas, self.view)
        names = ("plain", "quiet", "bar", "here")
        styles = [self.get_component_rich_style(f"confused-list--{name}") for name in names]
        self.show_picture(Picture.from_canvas(canvas, [self.rich_style, *styles]))

    def _draw(self, canvas: Canvas, view: ErrorView) -> None:
        names, pairs = view.mistakes.predictions.class_names, self.pairs
        ellipsis = "~" if self.ascii_only else "…"
        room = max(canvas.height - 1, 1)
        place = self.place
        self._top = window(self._top, room, max(place, 0), len(pairs))
        shown = pairs[self._top : self._top + room]
        head = "most confused: it is, taken for"
        if cells(head) > canvas.width - 2:
            head = "most confused"
        canvas.put(2, 0, shorten(head, canvas.width - 2, ellipsis), QUIET)
        figure = len(f"{pairs[0].count:,}")
        half = (canvas.width - 2 - figure - 4 - 4) // 2
        widest = min(max(cells(name) for name in names), max(half, 1))
        for y, pair in enumerate(shown, start=1):
            here = self._top + y - 1 == place
            style = HERE if here else PLAIN
            if here:
                canvas.put(0, y, ">" if self.ascii_only else "›", HERE)
            was, said = (shorten(names[k], widest, ellipsis) for k in (pair.true, pair.predicted))
            arrow = "->" if self.ascii_only else "→ "
            canvas.put(2, y, was, style)
            canvas.put(3 + widest, y, arrow, QUIET)
            canvas.put(6 + widest, y, said, style)
            x = canvas.put(7 + 2 * widest, y, f"{pair.count:>{figure},} ", style)
            bar = min(canvas.width - x, LONGEST_BAR) * pair.count // pairs[0].count
            canvas.put(x, y, ("#" if self.ascii_only else "■") * bar, BAR)
