"""A short list of runs, of which one is chosen to be compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.engine.run_directory import RunDirectory
from tui.engine.runs import ListedRun
from tui.screens.dialog import Dialog
from tui.widgets.run_table import RunTable


class RivalChoice(Dialog[RunDirectory | None]):
    """Returns the run that was chosen, or None."""

    DEFAULT_CSS = """
    RivalChoice {
        align: center middle;

        Vertical { width: 100%; max-width: 110; height: auto; max-height: 80%; padding: 0 1;
                   background: $surface; border: round $primary; }
        RunTable { height: 12; }
        #rival-keys { color: $quiet; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,r,v", "dismiss", "None"),
        Binding("enter", "choose", "Choose"),
    ]

    def __init__(
        self, runs: Sequence[ListedRun], *, ascii_only: bool, title: str = "Compare with"
    ) -> None:
        super().__init__()
        self._title = title
        self._runs = tuple(runs)
        self._ascii_only = ascii_only

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            # All of it here: who leaves at once is gone before anything is mounted.
            table = RunTable()
            table.ascii_only = self._ascii_only
            table.runs = self._runs
            yield table
            yield Static("enter chooses, esc does not", id="rival-keys", markup=False)

    def action_choose(self) -> None:
        for table in self.query(RunTable):
            self.dismiss(table.chosen.run if table.chosen else None)

    @on(RunTable.Opened)
    def _opened(self, event: RunTable.Opened) -> None:
        self.dismiss(event.run)
