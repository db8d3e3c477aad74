"""The log: one line per epoch and per human act; scrolls, can be selected and copied.

Textual's own Log lays the screen out and repaints itself for every line, which was most of
what the app sent while small digits trained. This one is a picture: it draws the lines
that are in sight, and sends the cells that changed.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip

from tui.engine.state import LogBook
from tui.widgets.characters import shorten
from tui.widgets.log_rows import LogRows, folded
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.strips import Canvas, Picture

WHEEL = 3
"""Rows a notch of the wheel moves."""


class RunLog(PictureWidget, can_focus=True):
    """Shows a `LogBook`, its end first; whoever has scrolled up to read is not carried away."""

    ALLOW_SELECT = True
    RATIONED = True

    DEFAULT_CSS = """
    RunLog {
        height: 1fr;

        .run-log--line { color: $foreground; }
        .run-log--thumb { color: $foreground 40%; }
        .run-log--selected { background: $primary 40%; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "run-log--line",
        "run-log--thumb",
        "run-log--selected",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll_page(-1)", show=False),
        Binding("pagedown", "scroll_page(1)", show=False),
        Binding("home", "scroll(-1000000)", show=False),
        Binding("end", "scroll(1000000)", show=False),
    ]

    book: reactive[LogBook | None] = reactive(None, repaint=False)

    def __init__(self) -> None:
        super().__init__(max_rate=1.5)
        self._rows = LogRows()
        # Rows below the last one in sight.
        self._below = 0

    @property
    def top(self) -> int:
        """The index, among all rows, of the first one in sight."""
        return max(len(self._rows) - self.size.height - self._below, 0)

    def watch_book(self, book: LogBook | None) -> None:
        if book is not None:
            self.request_picture()

    def _fold_new(self) -> None:
        """Fold what is new; whoever reads goes on where he was."""
        # The last column is the thumb's.
        room = self.size.width - 2
        if self.book is not None and room > 0:
            self._show_row(
                self._rows.follow(
                    self.book,
                    (room, self.keys),
                    lambda line: folded(self.in_keys(line), room),
                    self._below,
                )
            )

    def make_picture(self) -> None:
        self.picture_begun()
        width, height = self.size
        canvas = Canvas(width, height)
        self._fold_new()
        top = self.top
        ellipsis = "~" if self.ascii_only else "…"
        for y, row in enumerate(self._rows[top : top + height]):
            canvas.put(0, y, shorten(row, width - 2, ellipsis), 1)
            self._mark_selection(canvas, y, top + y)
        if len(self._rows) > height:
            self._draw_thumb(canvas, top, len(self._rows))
        names = ("line", "thumb", "selected")
        plain, thumb, selected = (self.get_component_rich_style(f"run-log--{n}") for n in names)
        styles = (self.rich_style, plain, thumb, plain + selected)
        self.show_picture(Picture.from_canvas(canvas, styles))

    @property
    def lines(self) -> list[str]:
        """All lines that are kept, oldest first, as they are read."""
        return [self.in_keys(line) for line in self.book.lines] if self.book else []

    def render_line(self, y: int) -> Strip:
        # Textual selects by the text offsets that strips carry.
        return super().render_line(y).apply_offsets(0, self.top + y)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selection.extract("\n".join(self._rows[:])), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002
        self.request_picture(at_once=True)

    def action_scroll(self, rows: int) -> None:
        """Down by so many rows, up where negative."""
        self._fold_new()
        self._show_row(self._below - rows)
        self.request_picture(at_once=True)

    def action_scroll_page(self, pages: int) -> None:
        self.action_scroll(pages * max(self.size.height - 1, 1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll(-WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll(WHEEL)

    def _show_row(self, below: int) -> None:
        self._below = min(max(below, 0), max(len(self._rows) - self.size.height, 0))

    def _mark_selection(self, canvas: Canvas, y: int, index: int) -> None:
        selection = self.text_selection
        span = selection.get_span(index) if selection else None
        if span is not None:
            start, end = span
            canvas.styles[y, start : None if end == -1 else end] = 3

    def _draw_thumb(self, canvas: Canvas, top: int, count: int) -> None:
        """Where in the log we are, in the last column."""
        height = canvas.height
        size = max(height * height // count, 1)
        start = round((height - size) * top / max(count - height, 1))
        for y in range(start, start + size):
            canvas.put(canvas.width - 1, y, "|" if self.ascii_only else "▐", 2)
