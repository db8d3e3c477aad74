"""The Runs screen: every run there is, live or not, and what can be done with one.

The list is read off the runs' files while the screen is in sight, in a thread, so that a slow disk
holds no key. What a person asks for goes to the app as a message, like everywhere else.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from tui.commands import bindings, commands_in
from tui.engine.run_directory import RunDirectory
from tui.engine.run_status import RunStatus
from tui.engine.runs import ListedRun, RunList, ancestry
from tui.engine.state import RunState
from tui.engine.text import literal, printable
from tui.screens.room import Room
from tui.widgets.key_line import KeyLine
from tui.widgets.run_table import RunTable
from tui.widgets.status_line import StatusLine

LOOK_EVERY = 2.0
"""Seconds between two looks at the runs' files."""


class RunsScreen(Room):
    """A table of runs, and in words the one at the cursor."""

    NAME = "runs"
    CSS_PATH = "runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("runs")]

    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)
    runs: reactive[tuple[ListedRun, ...] | None] = reactive(None, repaint=False)
    watched: reactive[str] = reactive("", repaint=False)

    @dataclass
    class Asked(Message):
        """Something is to be done with a run: open, take_up, stop, toggle, remove."""

        what: str
        run: RunDirectory

    def __init__(self, runs_dir: Path, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self._list = RunList(runs_dir)

    def compose(self) -> ComposeResult:
        yield StatusLine().data_bind(RunsScreen.status, RunsScreen.sent)
        with Container(id="panes"):
            with Container(id="runs-pane", classes="pane") as pane:
                pane.border_title = "Runs"
                table = RunTable()
                table.where = printable(self._list.runs_dir)
                yield table.data_bind(RunsScreen.runs, RunsScreen.watched)
            with Container(id="run-pane", classes="pane"):
                yield Static(id="run-words", markup=False)
        yield self.too_small()
        yield KeyLine(commands_in("runs")).data_bind(RunsScreen.editing)

    def on_mount(self) -> None:
        for table in self.query(RunTable):
            # None is left where somebody has gone again before all was in its place.
            table.focus()
        self.set_interval(LOOK_EVERY, self.look)
        self.look()

    def on_screen_resume(self) -> None:
        self.look()

    def show_state(self, state: RunState | None) -> None:
        """The status line is of the run that is watched, whichever run the cursor is at."""
        if state is not None:
            self.status = state.status
            self.watched = state.status.run_name

    def runs_changed(self) -> None:
        self.look()

    @work(exclusive=True, group="look", exit_on_error=False)
    async def look(self) -> None:
        """Read how every run is, unless nobody would see it."""
        if self.is_current:
            self.runs = await asyncio.to_thread(self._list.look)

    @on(RunTable.Chosen)
    def _describe(self, event: RunTable.Chosen) -> None:
        words = self.in_keys(in_words(event.entry)) if event.entry else ""
        shown = self.query_one("#run-words", Static)
        if str(shown.content) != words:
            shown.update(words)

    @on(RunTable.Opened)
    def _opened(self, event: RunTable.Opened) -> None:
        self.post_message(self.Asked("open", event.run))

    def action_ask(self, what: str) -> None:
        for table in self.query(RunTable):
            if table.chosen is not None:
                self.post_message(self.Asked(what, table.chosen.run))


def in_words(entry: ListedRun) -> str:
    """What there is to know of a run besides its line in the table."""
    run = entry.summary
    lines = [run.name, run.recipe]
    if run.parent:
        lines.append(ancestry(run).replace("forked", "Forked", 1))
    if run.sentence:
        lines.append(run.sentence[:1].upper() + run.sentence[1:])
    lines = [literal(line) for line in lines if line]
    if run.state == "died":
        lines.append(
            "<runs.take_up> takes it up at its last checkpoint; what comes is what would have come."
        )
    return "\n".join([*lines, literal(printable(entry.run.path))])
