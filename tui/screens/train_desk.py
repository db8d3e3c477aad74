"""What may be asked for on the Train screen, and how it is put to the app: as a message.

Whatever begins a run takes the hyperparameters from the form, if all of it will do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.reactive import reactive

from nn.hyperparameters import HyperparameterError, Hyperparameters, Value
from tui.engine.run_status import RunStatus
from tui.screens.chart_desk import ChartDesk

if TYPE_CHECKING:
    # Not before the first paint.
    from tui.widgets.hyperparameter_form import HyperparameterForm


class TrainDesk(ChartDesk):
    """A Train screen without the showing."""

    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)
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

    @dataclass
    class NewRunAsked(Message):
        """A new run with these is wanted in the place of the one there is."""

        hyperparameters: Hyperparameters

    @dataclass
    class RateAsked(Message):
        """A learning rate is to be found, for a run with these."""

        hyperparameters: Hyperparameters

    class ActAsked(Message):
        """What the latest alert suggests is to be done."""

    class LogSaveAsked(Message):
        """The log is to be written to a file."""

    @property
    def form(self) -> HyperparameterForm:
        from tui.widgets.hyperparameter_form import HyperparameterForm

        return self.query_one(HyperparameterForm)

    def action_toggle(self) -> None:  # type: ignore[override]
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

    def action_fork(self) -> None:
        self._with_the_form(self.NewRunAsked)

    def on_hyperparameter_form_new_run_needed(self) -> None:
        # Found by its name, for `on` would import the form.
        self.action_fork()

    def action_find_rate(self) -> None:
        self._with_the_form(self.RateAsked)

    def suggest(self, name: str, value: Value) -> None:
        """Put a value into its field and go there; Enter in it does the rest."""
        self.take_in_hand("form")
        self.shown_pane = "form"
        self.form.suggest(name, value)

    def action_act(self) -> None:
        self.post_message(self.ActAsked())

    def _start(self, stint: str) -> None:
        self._with_the_form(lambda values: self.StartAsked(values, stint))

    def _with_the_form(self, message: Callable[[Hyperparameters], Message]) -> None:
        """Send what stands in the form, if all of it will do."""
        form = self.form
        try:
            self.post_message(message(form.hyperparameters()))
        except HyperparameterError as problem:
            self._show_error(problem.name, str(problem))

    def _show_error(self, name: str, sentence: str) -> None:
        """Say it in the form, and go to the field that will not do, if it is one's fault."""
        if name:
            self.take_in_hand("form")
            self.shown_pane = "form"
        self.form.show_error(name, sentence)

    def action_save_log(self) -> None:
        self.post_message(self.LogSaveAsked())
