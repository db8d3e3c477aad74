"""Every run in a line: how it is, how far it came, how good it got, how old and how large it is,
and where there is room, what it is made of.

The widget shows the list that it is given and keeps a place in it. The place belongs to a run, not
to a line: a new run on top of the list moves the line, and whoever was about to press a key still
means the same run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from tui.engine.run_directory import RunDirectory, without_day
from tui.engine.runs import ListedRun, RunSummary
from tui.engine.text import duration, literal, size_in_words
from tui.widgets.characters import cells, shorten, visible
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.status_line import MARKS
from tui.widgets.strips import Canvas, Picture

PLAIN, QUIET, LIVE, BAD, HERE = range(1, 6)

RECIPE = 24
"""Cells below which there is no room for what a run is made of."""

WATCHED = ("●", "*")
"""What stands before the run that the other rooms show."""


class RunTable(PictureWidget, can_focus=True):
    """Arrows, page keys and the mouse choose a run; Enter or a second click opens it."""

    DEFAULT_CSS = """
    RunTable {
        height: 1fr;
        min-height: 3;

        .run-table--plain { color: $foreground; }
        .run-table--quiet { color: $quiet; }
        .run-table--live { color: $primary; text-style: bold; }
        .run-table--bad { color: $error; text-style: bold; }
        .run-table--here { background: $primary 25%; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "run-table--plain",
        "run-table--quiet",
        "run-table--live",
        "run-table--bad",
        "run-table--here",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move_page(-1)", show=False),
        Binding("pagedown", "move_page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
    ]

    runs: reactive[tuple[ListedRun, ...] | None] = reactive(None, repaint=False)
    """What to show, the newest first; None until somebody has looked."""

    watched: reactive[str] = reactive("", repaint=False)
    """The name of the run that the other rooms show."""

    where: reactive[str] = reactive("", repaint=False)
    """In words, where runs are kept."""

    @dataclass
    class Chosen(Message):
        """The place has moved to another run, or what is known of it has changed."""

        entry: ListedRun | None

    @dataclass
    class Opened(Message):
        """This run is to be shown."""

        run: RunDirectory

    def __init__(self) -> None:
        super().__init__()
        self._index = 0
        self._top = 0

    @property
    def chosen(self) -> ListedRun | None:
        """The run at the place."""
        return self.runs[self._index] if self.runs else None

    def watch_runs(
        self, old: tuple[ListedRun, ...] | None, new: tuple[ListedRun, ...] | None
    ) -> None:
        if old and new and self._index < len(old):
            path = old[self._index].run.path
            places = [i for i, entry in enumerate(new) if entry.run.path == path]
            self._index = places[0] if places else self._index
        self._index = min(self._index, max(len(new or ()) - 1, 0))
        self.post_message(self.Chosen(self.chosen))
        self.request_picture()

    def watch_watched(self) -> None:
        self.request_picture(at_once=True)

    def watch_where(self) -> None:
        self.request_picture(at_once=True)

    def action_move(self, lines: int) -> None:
        """Down by so many runs, up where negative."""
        index = min(max(self._index + lines, 0), max(len(self.runs or ()) - 1, 0))
        if index != self._index:
            self._index = index
            self.post_message(self.Chosen(self.chosen))
            self.request_picture(at_once=True)

    def action_move_page(self, pages: int) -> None:
        self.action_move(pages * max(self.size.height - 2, 1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_move(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_move(1)

    def on_click(self, event: events.Click) -> None:
        index = self._top + event.y - 1
        if event.y and self.runs and index < len(self.runs):
            if index == self._index:
                self.post_message(self.Opened(self.runs[index].run))
            self.action_move(index - self._index)

    def make_picture(self) -> None:
        self.picture_begun()
        hint = self.get_component_rich_style("run-table--quiet")
        if not self.runs:
            where = literal(self.where)
            words = f"There are no runs in {where} yet; <room.train> and <run.toggle> start one."
            self.show_sentence(
                words if self.runs is not None else "Looking for runs.", hint, self.rich_style
            )
            return
        canvas = Canvas(*self.size)
        room = max(canvas.height - 1, 1)
        self._top = min(max(self._top, self._index - room + 1), self._index)
        shown = self.runs[self._top : self._top + room]
        now = time.time()
        rows: list[tuple[str, ...]] = [("run", "state", "epoch", "right", "age", "size", "recipe")]
        rows += [self._row(entry.summary, now) for entry in shown]
        self._write(canvas, rows)
        for y, entry in enumerate(shown, start=1):
            self._finish(canvas, y, entry)
        names = ("plain", "quiet", "live", "bad", "here")
        styles = [self.get_component_rich_style(f"run-table--{name}") for name in names]
        here = styles.pop()
        palette = (self.rich_style, *styles)
        # A place of their own for the same looks on the chosen line's ground.
        self.show_picture(Picture.from_canvas(canvas, (*palette, *(s + here for s in palette))))

    def _row(self, run: RunSummary, now: float) -> tuple[str, ...]:
        bright, plain, _ = MARKS[run.state]
        right = "" if run.test_accuracy is None else f"{run.test_accuracy:.2%}"
        # The larger unit alone, or the list would change every second.
        age = " ".join(duration(now - run.created).split()[:2]) if run.created else ""
        return (
            run.name,
            f"{plain if self.ascii_only else bright} {run.state}",
            f"{run.epoch}/{run.epochs}",
            right,
            age,
            size_in_words(run.size),
            visible(run.recipe),
        )

    def _write(self, canvas: Canvas, rows: list[tuple[str, ...]]) -> None:
        widths = _widths(rows)
        without = canvas.width - _needed(widths[:-1]) - 2
        if without < RECIPE:
            rows = [row[:-1] for row in rows]
            widths = widths[:-1]
        else:
            widths[-1] = min(widths[-1], without)
        if _needed(widths) > canvas.width:
            # The name gives way first: its day, which the age tells too, and then its end.
            rows = [(without_day(name), *rest) for name, *rest in rows]
            widths = _widths(rows)
            widths[0] = max(widths[0] - max(_needed(widths) - canvas.width, 0), 12)
        ellipsis = "~" if self.ascii_only else "…"
        for y, row in enumerate(rows):
            x = 3
            for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
                quiet = y == 0 or i > 3
                cell = shorten(cell, width, ellipsis)
                canvas.put(x, y, cell, QUIET if quiet else PLAIN, width=width)
                x += width + 2

    def _finish(self, canvas: Canvas, y: int, entry: ListedRun) -> None:
        """What a line has besides its words: whose it is, how bad it is, whether we are on it."""
        state = entry.summary.state
        styles = canvas.styles[y]
        if entry.summary.live:
            styles[styles == PLAIN] = LIVE
        elif state in ("died", "failed", "diverged", "unreadable"):
            styles[styles == PLAIN] = BAD
        if entry.summary.name == self.watched:
            canvas.put(1, y, WATCHED[self.ascii_only], QUIET)
        if self.runs and entry is self.runs[self._index]:
            canvas.put(0, y, ">" if self.ascii_only else "›", PLAIN)
            styles += HERE


def _widths(rows: list[tuple[str, ...]]) -> list[int]:
    return [max(map(cells, column)) for column in zip(*rows, strict=True)]


def _needed(widths: list[int]) -> int:
    """Cells for columns of these widths, what stands before and between them included."""
    return sum(widths) + 2 * len(widths) + 1
