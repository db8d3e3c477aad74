"""The log: one line per epoch and per human act; scrolls, can be selected and copied."""

from __future__ import annotations

from textual.reactive import reactive
from textual.widgets import Log

from tui.engine.state import LONGEST_LOG, LogBook


class RunLog(Log):
    """Shows a `LogBook`; only lines that are new are written."""

    DEFAULT_CSS = """
    RunLog {
        height: 1fr;
        background: transparent;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        overflow-x: auto;
        overflow-y: auto;
    }
    """

    book: reactive[LogBook | None] = reactive(None, repaint=False)

    def __init__(self) -> None:
        super().__init__(highlight=False, max_lines=LONGEST_LOG, auto_scroll=False)
        self._shown: tuple[object, int] = (None, 0)
        self._follow = True

    def watch_book(self, book: LogBook | None) -> None:
        if book is None:
            return
        lines, total = self._shown
        if lines is not book.lines:
            self.clear()
            self._follow = True
            total = 0
        fresh = book.since(total)
        self._shown = (book.lines, book.total)
        if fresh:
            # Whoever has scrolled up to read is not carried away; a hidden log has no place yet.
            if self.size:
                self._follow = self.max_scroll_y - self.scroll_y < 2
            self.write_lines(fresh)
            self._to_the_end()

    def on_resize(self) -> None:
        self._to_the_end()

    def _to_the_end(self) -> None:
        if self._follow:
            self.scroll_end(animate=False, force=True, x_axis=False)
