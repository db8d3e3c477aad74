"""The sheet that is drawn on, by mouse or by keys.

It shows what it is given and tells where the pen went; what comes of that is for others to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import reactive

from tui.engine.drawing import Drawing, Point
from tui.widgets.framed_image import FramedImage, Placement, draw_frame
from tui.widgets.half_blocks import LEVELS, UPPER_HALF
from tui.widgets.inks import Inks
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.strips import Canvas, Codes, Picture, StyleNumbers

LOWER_HALF = ord("▄")
LEFT, RIGHT = 1, 3
"""Buttons of the mouse."""

GROUND = LEVELS * LEVELS
FRAME, CURSOR, OVER = GROUND + 1, GROUND + 2, GROUND + 3
"""Places in the palette behind the inks: the frame, the cursor, and half a cell of cursor over each
level of ink."""


@dataclass(frozen=True)
class Tool:
    """What is in the hand, and where: `x` and `y` are the pixel under it."""

    x: int = 14
    y: int = 14
    down: bool = False
    erasing: bool = False
    brush: int = 1

    @property
    def in_words(self) -> str:
        hand = "eraser" if self.erasing else "pen"
        return f"{hand} {'down' if self.down else 'up'}, brush {self.brush + 1}"

    @property
    def middle(self) -> Point:
        """The middle of its pixel."""
        return self.x + 0.5, self.y + 0.5


class DrawingPad(PictureWidget, can_focus=True):
    """The left button draws, the right one erases."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    DrawingPad {
        .drawing-pad--paper { color: $foreground; background: $surface; }
        .drawing-pad--frame { color: $quiet; }
        .drawing-pad--frame-focused { color: $primary; }
        .drawing-pad--cursor { color: $accent; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "drawing-pad--paper",
        "drawing-pad--frame",
        "drawing-pad--frame-focused",
        "drawing-pad--cursor",
    }

    drawing: reactive[Drawing | None] = reactive(None, repaint=False)
    tool: reactive[Tool] = reactive(Tool(), repaint=False)

    @dataclass
    class Stroked(Message):
        """The mouse went from one place of the sheet to another with a button down; `begins` where
        that has just been pressed."""

        start: Point
        end: Point
        erase: bool
        begins: bool

    def __init__(self) -> None:
        super().__init__()
        self._inks = Inks()
        self._button = 0
        self._last: Point = (0.0, 0.0)

    @property
    def placement(self) -> Placement | None:
        """Where the sheet stands in the widget."""
        return None if self.drawing is None else self._framed(self.drawing).placement

    def watch_drawing(self) -> None:
        self.request_picture(at_once=True)

    def watch_tool(self) -> None:
        self.request_picture(at_once=True)

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self.request_picture(at_once=True)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button in (LEFT, RIGHT) and not self._button:
            # Not stopped: the room need not tell whoever is at work here what one can do here.
            self._button = event.button
            self.capture_mouse()
            self._draw_to(event, begins=True)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._button:
            event.stop()
            self._draw_to(event, begins=False)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._button:
            event.stop()
            self._button = 0
            self.release_mouse()

    def _draw_to(self, event: events.MouseEvent, *, begins: bool) -> None:
        placement = self.placement
        if placement is None:
            return
        # Few terminals say where in a cell the mouse is; of the others it is the cell's middle.
        x, y = (
            place + 0.5 if place == int(place) else place
            for place in (event.pointer_x, event.pointer_y)
        )
        end = placement.pixel_at(x, y)
        start = end if begins else self._last
        self._last = end
        self.post_message(self.Stroked(start, end, self._button == RIGHT, begins))

    def _framed(self, drawing: Drawing) -> FramedImage:
        return FramedImage.of(drawing.ink, *self.size)

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = Canvas(*self.size, GROUND)
        if self.drawing is not None:
            framed = self._framed(self.drawing)
            place = framed.placement
            codes, styles = framed.cells(ascii_only=self.ascii_only)
            self._mark_cursor(codes, styles, place)
            title, foot = f"drawn {self.tool.x + 1},{self.tool.y + 1}", self.tool.in_words
            draw_frame(canvas, place, title, foot, FRAME, ascii_only=self.ascii_only)
            canvas.blit(place.left, place.top, codes, styles)
        self.show_picture(Picture.from_canvas(canvas, self._palette()))

    def _mark_cursor(self, codes: Codes, styles: StyleNumbers, place: Placement) -> None:
        """The pixel under the tool, to the half cell; in ASCII its cell, as a sign."""
        side = max(place.scale, 1)
        left, top = int(self.tool.x * place.scale), int(self.tool.y * place.scale)
        for row in range(top // 2, int(top + side - 1) // 2 + 1):
            for column in range(left, int(left + side)):
                if not (row < codes.shape[0] and column < codes.shape[1]):
                    continue
                if self.ascii_only:
                    codes[row, column] = ord("x" if self.tool.erasing else "O")
                    styles[row, column] = CURSOR
                    continue
                upper, lower = divmod(int(styles[row, column]), LEVELS)
                above, below = 2 * row >= top, 2 * row + 1 < top + side
                codes[row, column] = UPPER_HALF if above else LOWER_HALF
                styles[row, column] = OVER + (lower if above else upper)
                if above and below:
                    codes[row, column], styles[row, column] = ord("█"), CURSOR

    def _palette(self) -> list[Style]:
        paper = self.get_component_styles("drawing-pad--paper")
        inks = self._inks.of(paper.background, paper.color)
        frame = "drawing-pad--frame-focused" if self.has_focus else "drawing-pad--frame"
        cursor = self.get_component_rich_style("drawing-pad--cursor")
        over = [Style(color=cursor.color, bgcolor=inks[level].bgcolor) for level in range(LEVELS)]
        return [*inks, self.rich_style, self.get_component_rich_style(frame), cursor, *over]


def clamped(tool: Tool, shape: tuple[int, int], right: int = 0, down: int = 0) -> Tool:
    """The tool moved by so many pixels, but not off a sheet (height, width)."""
    x = int(np.clip(tool.x + right, 0, shape[1] - 1))
    y = int(np.clip(tool.y + down, 0, shape[0] - 1))
    return Tool(x, y, tool.down, tool.erasing, tool.brush)
