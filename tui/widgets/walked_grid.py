"""What grids that are walked with the arrow keys have in common, and the window they are seen
through where there is no room for the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from tui.widgets.picture_widget import PictureWidget

Cell = tuple[int, int]
"""(row, column)."""


class Walker(Protocol):
    """Whatever has the cursor of a grid."""

    @property
    def cell(self) -> Cell: ...


class WalkedGrid(PictureWidget, can_focus=True):
    """Arrows, page keys, Home and End move the cursor, at once: the next key may be here before
    whoever is told has been told."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "walk(-1, 0)", show=False),
        Binding("down", "walk(1, 0)", show=False),
        Binding("left", "walk(0, -1)", show=False),
        Binding("right", "walk(0, 1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "far(-1)", show=False),
        Binding("end", "far(1)", show=False),
    ]

    cell: reactive[Cell] = reactive((0, 0), repaint=False)
    """Where the cursor stands."""

    sentence: reactive[str] = reactive("", repaint=False)
    """What to say where there is no grid."""

    @dataclass
    class Walked(Message):
        """The cursor has been moved by `by`, which knows where it is by now."""

        by: Walker

    def __init__(self) -> None:
        super().__init__()
        self._top = self._left = 0

    def action_walk(self, down: int, right: int) -> None:
        """On by so many rows and columns, back where negative."""
        raise NotImplementedError

    def action_page(self, pages: int) -> None:
        raise NotImplementedError

    def action_far(self, which: int) -> None:
        """To the first (-1) or the last (1) cell of the row."""
        raise NotImplementedError

    def go_to(self, row: int, column: int, shape: tuple[int, int]) -> None:
        """To a cell, or to the nearest that a grid of this shape has."""
        cell = min(max(row, 0), shape[0] - 1), min(max(column, 0), shape[1] - 1)
        if cell != self.cell:
            self.cell = cell
            self.post_message(self.Walked(self))

    def watch_cell(self, old: Cell, new: Cell) -> None:
        # Whoever has been told binds the same cell to the grid once more.
        if new != old:
            self.request_picture(at_once=True)

    def watch_sentence(self) -> None:
        self.request_picture(at_once=True)


def window(first: int, room: int, here: int, total: int) -> int:
    """Where a window of `room` lines begins so that `here` is inside: as far as can be where it
    was before, at `first`."""
    first = min(max(first, here - room + 1), here)
    return max(min(first, total - room), 0)
