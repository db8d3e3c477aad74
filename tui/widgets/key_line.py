"""The last line: the keys that do something now, and what they do.

Textual's Footer is taken apart and built again whenever the focus moves, and the screen laid out
and sent each time. This one is a picture like the others: what changes in it is a few dozen cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.reactive import reactive

from tui.commands import Command
from tui.commands.keymap import renamed
from tui.widgets.characters import cells
from tui.widgets.line import LineCanvas, LinePicture
from tui.widgets.picture_widget import PictureWidget


class KeyLine(PictureWidget):
    """Shows the commands that are `in_footer`; a click does what the key does."""

    DEFAULT_CSS = """
    KeyLine {
        height: 1;
        background: $panel;

        .key-line--key { color: $accent; text-style: bold; }
        .key-line--label { color: $foreground; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key", "key-line--label"}

    editing: reactive[bool] = reactive(False, repaint=False)
    """Does a field have the focus, so that only what works in fields is offered?"""

    @dataclass
    class Clicked(Message):
        """A command was clicked."""

        command: Command

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = commands
        self._ends: list[tuple[int, Command]] = []

    def watch_editing(self) -> None:
        self.request_picture(at_once=True)

    @property
    def offered(self) -> list[Command]:
        """The commands on the line at this moment; where not all fit, help and the way out do."""
        fit = [
            c
            for c in renamed(self._commands, self.keys)
            if c.in_footer and c.in_fields == self.editing
        ]
        while len(fit) > 1 and sum(_width(c) for c in fit) > self.size.width + 1:
            fit.remove(next((c for c in reversed(fit) if c.room != "app"), fit[0]))
        return fit

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = LineCanvas(self.size.width)
        x = 1
        self._ends = []
        for command in self.offered:
            if x + cells(f"{command.key_name} {command.label}") > self.size.width:
                break
            x = canvas.put(x, command.key_name, 1) + 1
            x = canvas.put(x, command.label, 2) + 2
            self._ends.append((x, command))
        names = ("key-line--key", "key-line--label")
        styles = [self.rich_style, *(self.get_component_rich_style(name) for name in names)]
        self.show_picture(LinePicture(canvas, styles))

    def on_click(self, event: events.Click) -> None:
        if command := self._command_at(event.x):
            self.post_message(self.Clicked(command))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Be about what is below the pointer."""
        command = self._command_at(event.x)
        self.tooltip = command.in_words if command else None

    def _command_at(self, x: int) -> Command | None:
        return next((command for end, command in self._ends if x < end), None)


def _width(command: Command) -> int:
    """Cells the command takes, with the gap after it."""
    return cells(f"{command.key_name} {command.label}") + 2
