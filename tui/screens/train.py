"""The Train screen: four live panes, fed by one run.

The app hands the screen a `RunState` whenever something in it changed; the screen takes it apart into
reactives, and each widget is bound to the ones it shows. What a person asks for goes to the app as
a message, and from there through the session's one door.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Footer, Static

from nn.hyperparameters import HyperparameterError, Hyperparameters
from tui.commands import bindings, works_in_fields
from tui.engine.curve import LossHistory
from tui.engine.log_lines import HEADER
from tui.engine.predictions import Predictions
from tui.engine.state import LogBook, RunState, RunStatus
from tui.widgets.digit_grid import DigitGrid
from tui.widgets.hyperparameter_form import HyperparameterForm
from tui.widgets.loss_chart import LossChart
from tui.widgets.pane_tabs import PaneTabs
from tui.widgets.run_log import RunLog
from tui.widgets.status_line import StatusLine

TABS = {"digits": "d Digits", "log": "g Log", "form": "f Settings"}

SMALLEST = (60, 16)
"""Columns and rows below which nothing useful can be shown."""


class TrainScreen(Screen[None]):
    """Hyperparameters, loss, log and digits."""

    CSS_PATH = "train.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("train")]
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]] | None] = [
        (0, "-tiny"), (SMALLEST[0], "-narrow"), (100, "-normal"), (160, "-wide"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]] | None] = [
        (0, "-flat"), (SMALLEST[1], "-low"), (34, "-tall"),
    ]  # fmt: skip

    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)
    history: reactive[LossHistory | None] = reactive(None, repaint=False)
    book: reactive[LogBook | None] = reactive(None, repaint=False)
    predictions: reactive[Predictions | None] = reactive(None, repaint=False)
    run_live: reactive[bool] = reactive(False, repaint=False)
    shown_pane: reactive[str] = reactive("digits", repaint=False)

    @dataclass
    class StartAsked(Message):
        """Train with these; `stint` is run, step or epoch."""

        hyperparameters: Hyperparameters
        stint: str

    @dataclass
    class Asked(Message):
        """The live run is to pause, resume, step, epoch or stop."""

        what: str

    class LogSaveAsked(Message):
        """The log is to be written to a file."""

    def compose(self) -> ComposeResult:
        yield StatusLine().data_bind(TrainScreen.status)
        with Container(id="panes"):
            yield PaneTabs(TABS).data_bind(shown=TrainScreen.shown_pane)
            with Container(id="form-pane", classes="pane"):
                yield HyperparameterForm().data_bind(TrainScreen.run_live)
            with Container(id="chart-pane", classes="pane"):
                yield LossChart().data_bind(TrainScreen.history)
            with Container(id="digits-pane", classes="pane"):
                yield DigitGrid().data_bind(TrainScreen.predictions)
            with Container(id="log-pane", classes="pane"):
                yield Static(HEADER, id="log-header", markup=False)
                yield RunLog().data_bind(TrainScreen.book)
        yield Static(
            f"Inkling needs a terminal of at least {SMALLEST[0]} columns and {SMALLEST[1]} rows.",
            id="too-small",
        )
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        titles = {"form": "Hyperparameters", "chart": "Loss", "digits": "Digits", "log": "Log"}
        for pane, title in titles.items():
            self.query_one(f"#{pane}-pane").border_title = title
        self.watch_shown_pane(self.shown_pane)

    def show_state(self, state: RunState) -> None:
        """Take a run's state apart for the widgets; what has not changed moves nothing."""
        failed = state.status.phase == "failed" and self.status.phase != "failed"
        self.status, self.history, self.book = state.status, state.history, state.book
        self.predictions, self.run_live = state.predictions, state.status.live
        if failed:
            self.query_one(HyperparameterForm).show_error(
                state.status.field, state.status.sentence
            )

    def watch_status(self, old: RunStatus, new: RunStatus) -> None:
        if old.run_name != new.run_name:
            self.query_one("#chart-pane").border_subtitle = new.run_name.replace("[", "(")
        if old.phase != new.phase:
            self.refresh_bindings()

    def watch_shown_pane(self, shown: str) -> None:
        for pane in TABS:
            self.query_one(f"#{pane}-pane").set_class(pane == shown, "-shown")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.editing or works_in_fields(action)

    @property
    def editing(self) -> bool:
        """Does a field of the form have the focus?"""
        return self.focused is not None and self.query_one("#form-pane") in self.focused.ancestors

    def action_toggle(self) -> None:
        if self.status.live:
            self.post_message(self.Asked("resume" if self.status.phase == "paused" else "pause"))
        else:
            self._start("run")

    def action_stint(self, stint: str) -> None:
        if self.status.live:
            self.post_message(self.Asked(stint))
        else:
            self._start(stint)

    def action_stop(self) -> None:
        self.post_message(self.Asked("stop"))

    def _start(self, stint: str) -> None:
        form = self.query_one(HyperparameterForm)
        try:
            self.post_message(self.StartAsked(form.hyperparameters(), stint))
        except HyperparameterError as problem:
            self.shown_pane = "form"
            form.show_error(problem.name, str(problem))

    def action_show_pane(self, pane: str) -> None:
        self.shown_pane = pane
        if pane == "form":
            self.query_one(HyperparameterForm).focus_first()
        else:
            self.set_focus(self.query_one(RunLog) if pane == "log" else None)

    def action_leave_field(self) -> None:
        self.set_focus(None)

    def action_toggle_wrong(self) -> None:
        self.query_one(DigitGrid).toggle_wrong()

    def action_page(self, pages: int) -> None:
        grid = self.query_one(DigitGrid)
        (grid.next_page if pages > 0 else grid.previous_page)()

    def action_toggle_log_scale(self) -> None:
        chart = self.query_one(LossChart)
        chart.log_scale = not chart.log_scale

    def action_save_log(self) -> None:
        self.post_message(self.LogSaveAsked())

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        self.action_show_pane(event.pane)
