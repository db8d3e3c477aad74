"""The lines of a log as rows that fit: what is said goes on below its own beginning."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice

from tui.engine.state import LogBook
from tui.widgets.characters import cells, wrap

HEAD = re.compile(r"\d\d:\d\d:\d\d | {9}")
"""The time of day, or the room that it takes."""


def folded(line: str, width: int) -> list[str]:
    """The line on as many rows as it takes; columns stay as they are, to be cut."""
    if cells(line) <= width:
        return [line]
    head = HEAD.match(line)
    indent = head.end() if head else 0
    if "  " in line[indent:]:
        return [line]
    first, *rest = wrap(line[indent:], max(width - indent, 1)) or [""]
    return [line[:indent] + first, *(" " * indent + more for more in rest)]


class LogRows:
    """Those of one book, as it grows; what was folded once is not folded again for every line."""

    def __init__(self) -> None:
        self._rows: deque[str] = deque()
        self._heights: deque[int] = deque()
        self._lines: deque[str] | None = None
        self._look: object = None
        self._total = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, which: slice) -> list[str]:
        return list(islice(self._rows, which.start, which.stop))

    def follow(
        self, book: LogBook, look: object, fold: Callable[[str], list[str]], below: int
    ) -> int:
        """Be the rows of this book as it is by now, each line by `fold`, which gives the same rows
        as long as `look` is the same. `below` rows were below those in sight; so that somebody who
        reads is not carried away, returns how many there are now. Of another book, none."""
        if book.lines is not self._lines:
            self._lines, self._look, self._total, below = book.lines, None, book.total, 0
        new = min(book.total - self._total, len(book.lines))
        self._total = book.total
        if look == self._look:
            before = len(self._rows)
            self._add(map(fold, book.since(book.total - new)))
            added = len(self._rows) - before
            while len(self._heights) > len(book.lines):
                for _ in range(self._heights.popleft()):
                    self._rows.popleft()
            return below + added if below else 0
        lines_below = self._lines_in(below) + new
        self._look = look
        self._rows.clear()
        self._heights.clear()
        self._add(map(fold, book.lines))
        return sum(islice(reversed(self._heights), lines_below)) if below else 0

    def _add(self, lines: Iterable[list[str]]) -> None:
        for rows in lines:
            self._rows.extend(rows)
            self._heights.append(len(rows))

    def _lines_in(self, rows: int) -> int:
        """How many lines the last `rows` rows are of."""
        count = 0
        for height in reversed(self._heights):
            if rows <= 0:
                break
            rows -= height
            count += 1
        return count
