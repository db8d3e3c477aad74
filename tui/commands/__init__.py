"""Every command, once: the key bindings, the footer, the palette and the help are made from this.

Each room's commands stand in a file of their own. `action` names an action of the screen or app
that `room` stands for. Commands do not fire while a field of the form has the focus, unless they
say so: letters belong to the field then.
"""

from __future__ import annotations

from textual.binding import Binding

from tui.commands.backprop import BACKPROP
from tui.commands.command import ROOM_TITLES, Command, RoomName
from tui.commands.draw import DRAW
from tui.commands.errors import ERRORS
from tui.commands.everywhere import EVERYWHERE
from tui.commands.look import LOOK
from tui.commands.runs import RUNS
from tui.commands.train import TRAIN

__all__ = [
    "COMMANDS",
    "ROOM_TITLES",
    "Command",
    "RoomName",
    "bindings",
    "commands_in",
    "works_in_fields",
]

COMMANDS: tuple[Command, ...] = (*TRAIN, *ERRORS, *LOOK, *DRAW, *RUNS, *BACKPROP, *EVERYWHERE)


def bindings(room: RoomName) -> list[Binding]:
    """The key bindings of a screen, or of the app."""
    return [command.binding for command in COMMANDS if command.room == room]


def commands_in(room: RoomName) -> tuple[Command, ...]:
    """What can be done in a room: its own commands, then the app's."""
    own = tuple(command for command in COMMANDS if command.room == room)
    return own if room == "app" else (*own, *commands_in("app"))


def works_in_fields(room: RoomName, action: str) -> bool:
    """May this action of a room (its name, without arguments) fire while a field has the focus?

    Actions that are in no row of the room are Textual's own, and none of our business.
    """
    rows = [c for c in COMMANDS if c.room == room and c.action.split("(")[0] == action]
    return not rows or any(command.in_fields for command in rows)
