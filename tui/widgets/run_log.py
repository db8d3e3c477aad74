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
        scrollbar-size: 1 1;
        overflow-x: auto;
        overflow-y: auto;
    }
    """

    book: reactive[LogBook | None] = reactive(None, repaint=False)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(highlight=False, max_lines=LONGEST_LOG, id=id)
        self._shown: tuple[object, int] = (None, 0)

    def watch_book(self, book: LogBook | None) -> None:
        if book is None:
            return
        lines, total = self._shown
        if lines is not book.lines:
            self.clear()
            total = 0
        fresh = book.since(total)
        self._shown = (book.lines, book.total)
        if fresh:
            # Whoever has scrolled up to read is not carried away.
            self.write_lines(fresh, scroll_end=self.is_vertical_scroll_end)
