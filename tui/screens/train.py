"""The Train screen: four live panes, fed by one run.

The app hands the screen a `RunState` whenever something in it changed; the screen takes it apart
into reactives, and each widget is bound to the ones it shows. What a person asks for goes to the
app as a message, and from there through the session's one door.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from nn.hyperparameters import HyperparameterError, Hyperparameters
from tui.commands import bindings, commands_in
from tui.engine.curve import LossHistory
from tui.engine.log_lines import HEADER
from tui.engine.predictions import Predictions
from tui.engine.state import LogBook, RunState, RunStatus
from tui.screens.room import Room
from tui.widgets.digit_grid import DigitGrid
from tui.widgets.group_heading import GroupHeading
from tui.widgets.hyperparameter_field import LIVE
from tui.widgets.hyperparameter_form import HyperparameterForm
from tui.widgets.key_line import KeyLine
from tui.widgets.loss_chart import LossChart
from tui.widgets.pane_tabs import PaneTabs
from tui.widgets.run_log import RunLog
from tui.widgets.status_line import BAD, StatusLine

TABS = {"digits": "d Digits", "log": "g Log", "form": "f Settings"}


class TrainScreen(Room):
    """Hyperparameters, loss, log and digits."""

    NAME = "train"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("train")]

    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)
    history: reactive[LossHistory | None] = reactive(None, repaint=False)
    book: reactive[LogBook | None] = reactive(None, repaint=False)
    predictions: reactive[Predictions | None] = reactive(None, repaint=False)
    running: reactive[Hyperparameters | None] = reactive(None, repaint=False)
    shown_pane: reactive[str] = reactive("digits", repaint=False)

    @dataclass
    class StartAsked(Message):
        """Train with these; `stint` is run, step or epoch."""

        hyperparameters: Hyperparameters
        stint: str

    @dataclass
    class Asked(Message):
        """The run is to pause, resume, step, epoch, stop, or to be taken up."""

        what: str

    class Ready(Message):
        """Everything is in its place, so a run may be shown."""

    class LogSaveAsked(Message):
        """The log is to be written to a file."""

    def __init__(self, initial: Hyperparameters | None = None, *, ascii_only: bool = False) -> None:
        """`initial` is what the form shows first."""
        super().__init__(ascii_only=ascii_only)
        self._initial = initial

    def compose(self) -> ComposeResult:
        self.choose_breakpoints()
        yield StatusLine().data_bind(TrainScreen.status, TrainScreen.sent)
        with Container(id="panes"):
            yield PaneTabs(TABS).data_bind(shown=TrainScreen.shown_pane)
            with Container(id="form-pane", classes="pane"):
                yield HyperparameterForm().data_bind(TrainScreen.running)
            with Container(id="chart-pane", classes="pane"):
                yield LossChart().data_bind(TrainScreen.history)
            with Container(id="digits-pane", classes="pane"):
                yield DigitGrid().data_bind(TrainScreen.predictions)
            with Container(id="log-pane", classes="pane"):
                yield Static(HEADER, id="log-header", markup=False)
                yield RunLog().data_bind(TrainScreen.book)
        yield self.too_small()
        yield KeyLine(commands_in("train")).data_bind(TrainScreen.editing)

    def on_mount(self) -> None:
        titles = {"form": "Hyperparameters", "chart": "Loss", "digits": "Digits", "log": "Log"}
        for pane, title in titles.items():
            self.query_one(f"#{pane}-pane").border_title = title
        self.watch_shown_pane(self.shown_pane)
        if self._initial is not None:
            self.query_one(HyperparameterForm).show_values(self._initial)
        self.post_message(self.Ready())

    def show_state(self, state: RunState | None) -> None:
        """Take a run's state apart for the widgets; what has not changed moves nothing."""
        if state is None:
            return
        failed = state.status.phase == "failed" and self.status.phase != "failed"
        self.status, self.history, self.book = state.status, state.history, state.book
        self.predictions = state.predictions
        self.running = state.hyperparameters if state.status.live else None
        if failed:
            self._show_error(state.status.field, state.status.sentence)

    def lose_sight(self, why: str) -> None:
        """Say that what the run does can no longer be shown; the run knows nothing of it."""
        sentence = f"The run goes on unseen ({why}); inkling attach shows it again."
        self.status = dataclasses.replace(self.status, sentence=sentence)
        self.notify(sentence, severity="error", timeout=20, markup=False)

    def watch_status(self, old: RunStatus, new: RunStatus) -> None:
        if old.run_name != new.run_name:
            self.query_one("#chart-pane").border_subtitle = Content(new.run_name)
        if old.phase != new.phase:
            self.refresh_bindings()
            if new.phase in BAD and not self.query_one(StatusLine).has_room_for(new):
                self.notify(new.sentence, severity="error", timeout=20, markup=False)

    def watch_shown_pane(self, shown: str) -> None:
        for pane in TABS:
            self.query_one(f"#{pane}-pane").set_class(pane == shown, "-shown")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "leave_field" and self.focused is None:
            return False
        return super().check_action(action, parameters)

    def watch_focused(self, focused: Widget | None) -> None:
        above = focused.ancestors if focused is not None else []
        # Not by :focus-within, for which Textual styles all there is in a pane anew whenever the
        # focus moves inside of it: a Tab took four times as long.
        for panes in self.query_children("#panes"):
            for pane in panes.children:
                pane.set_class(pane in above, "-focused")
        inside = any(node.id == "form-pane" for node in above)
        # A heading has no use for letters or the space bar.
        self.editing = inside and not isinstance(focused, GroupHeading)

    def watch_running(self, running: Hyperparameters | None) -> None:
        for pane in self.query("#form-pane"):
            pane.border_subtitle = f"{LIVE} Enter changes it now" if running else ""

    def action_toggle(self) -> None:
        if self.status.live:
            self.post_message(self.Asked("resume" if self.status.held else "pause"))
        else:
            self._start("run")

    def action_stint(self, stint: str) -> None:
        if self.status.live:
            self.post_message(self.Asked(stint))
        else:
            self._start(stint)

    def action_stop(self) -> None:
        self.post_message(self.Asked("stop"))

    def action_take_up(self) -> None:
        self.post_message(self.Asked("take_up"))

    def _start(self, stint: str) -> None:
        form = self.query_one(HyperparameterForm)
        try:
            self.post_message(self.StartAsked(form.hyperparameters(), stint))
        except HyperparameterError as problem:
            self._show_error(problem.name, str(problem))

    def _show_error(self, name: str, sentence: str) -> None:
        """Say it in the form, and go to the field that will not do, if it is one's fault."""
        if name:
            self.shown_pane = "form"
        self.query_one(HyperparameterForm).show_error(name, sentence)

    def action_show_pane(self, pane: str) -> None:
        self.shown_pane = pane
        if pane == "form":
            self.query_one(HyperparameterForm).focus_first()
        else:
            self.set_focus(self.query_one(RunLog) if pane == "log" else None)

    def action_go_to_group(self, groups: int) -> None:
        self.shown_pane = "form"
        self.query_one(HyperparameterForm).go_to_group(groups)

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

    def action_smooth(self, columns: int) -> None:
        chart = self.query_one(LossChart)
        chart.smoothing = max(chart.smoothing + columns, 0) if columns else 0

    def action_save_log(self) -> None:
        self.post_message(self.LogSaveAsked())

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        self.action_show_pane(event.pane)
