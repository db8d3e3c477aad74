"""Every key and what it does, from the one table of commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.commands import COMMANDS, RoomName, commands_in
from tui.commands.keymap import renamed, with_keys
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
        #about { margin-top: 1; color: $soft; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("question_mark", "dismiss", "Close", id="app.help"),
    ]

    def __init__(self, room: RoomName, keys: Mapping[str, str]) -> None:
        """The keys of one room, and those that work everywhere."""
        super().__init__()
        self.rows = [(c.key_name, c.help) for c in renamed(commands_in(room), keys)]
        self._about = with_keys(ABOUT.get(room, ""), COMMANDS, keys)
        self.rows.append(("ctrl+p", "The palette: every command by name, and themes"))

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = "Keys"
            yield Static(_table(self.rows), id="keys")
            yield Static(
                "\n".join(filter(None, (self._about, FIRST_LINE))), markup=False, id="about"
            )


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    """A line too long for its place goes on under its own beginning."""
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(justify="right", no_wrap=True, min_width=8)
    table.add_column()
    for key, words in rows:
        table.add_row(Text(key), Text(words))
    return table
