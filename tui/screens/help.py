"""Every key and what it does, from the one table of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.commands import RoomName, commands_in
from tui.commands.keymap import renamed
from tui.screens.about import ABOUT
from tui.screens.dialog import Dialog
from tui.widgets.status_line import FIRST_LINE


class HelpScreen(Dialog[None]):
    """Keys on top, words below; any of the usual keys closes it."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;

        VerticalScroll { width: 84; max-width: 96%; height: auto; max-height: 100%; padding: 0 2;
                         background: $surface; border: round $primary; scrollbar-size: 1 1;
                         scrollbar-background: $surface; scrollbar-color: $foreground 30%; }
        #about { margin-top: 1; color: $foreground 70%; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "Close")
    ]

    def __init__(self, room: RoomName, keys: Mapping[str, str]) -> None:
        """The keys of one room, and those that work everywhere."""
        super().__init__()
        self._room, self._keys = room, keys

    def compose(self) -> ComposeResult:
        rows = [
            (command.key_name, command.help)
            for command in renamed(commands_in(self._room), self._keys)
        ]
        rows.append(("ctrl+p", "The palette: every command by name, and themes"))
        with VerticalScroll() as box:
            box.border_title = "Keys"
            yield Static(
                "\n".join(f"{key:>8}   {help}" for key, help in rows), markup=False, id="keys"
            )
            about = (ABOUT.get(self._room, ""), FIRST_LINE)
            yield Static("\n".join(filter(None, about)), markup=False, id="about")
