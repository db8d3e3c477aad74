"""What the commands of the Draw screen bring about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pilots import draw_room, toasts, wait_for
from textual.pilot import Pilot

from tui.app import InklingApp
from tui.commands import Command
from tui.engine.drawing import Drawing
from tui.screens.draw import WHAT_IS_IT, WHICH_PICTURE
from tui.widgets.drawing_pad import Tool

EFFECTS: dict[str, Callable[[InklingApp], object]] = {
    "draw.pen": lambda app: draw_room(app).tool.down,
    "draw.eraser": lambda app: draw_room(app).tool.erasing,
    "draw.brush": lambda app: draw_room(app).tool.brush == 2,
    "draw.undo": lambda app: draw_room(app).drawing.is_blank,
    "draw.clear": lambda app: draw_room(app).drawing.is_blank,
    "draw.centring": lambda app: not draw_room(app).centring,
    "draw.keep": lambda app: draw_room(app).editing and draw_room(app).question == WHAT_IS_IT,
    "draw.open": lambda app: draw_room(app).editing and draw_room(app).question == WHICH_PICTURE,
    "draw.save": lambda app: any(message.endswith(".png") for message in toasts(app)),
    "draw.leave": lambda app: not draw_room(app).tool.down,
}


async def prepare(app: InklingApp, pilot: Pilot[Any], command: Command) -> None:
    """A stroke on the sheet, and the pen in its middle."""
    room = draw_room(app)
    app.enter(room)
    await wait_for(pilot, lambda: room.is_current and room.reading)
    room.action_lift()
    room.drawing = Drawing.blank(room.drawing.shape).noted().stroked((4, 4), (20, 9), 1)
    room.tool = Tool(down=command.id == "draw.leave")
    room.centring = True
