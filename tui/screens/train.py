"""The Train screen: four live panes, fed by one run.

The app hands the screen a `RunState` whenever something in it changed; the screen takes it apart
into reactives, and each widget is bound to the ones it shows. What a person asks for goes to the
app as a message, and from there through the session's one door.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from nn.hyperparameters import Hyperparameters
from tui.ahead import import_numpy
from tui.commands import bindings, commands_in
from tui.engine.run_status import RunStatus
from tui.engine.text import literal
from tui.screens.train_places import TABS, TrainPlaces
from tui.widgets.key_line import KeyLine
from tui.widgets.pane_tabs import PaneTabs
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.status_line import BAD, StatusLine

if TYPE_CHECKING:
    # Not before the first paint: NumPy, and what a run's files are read with, take as long to
    # import as everything that is seen by then.
    from tui.engine.history import RunHistory
    from tui.engine.predictions import Predictions
    from tui.engine.state import LogBook, RunState
    from tui.widgets.digit_grid import DigitGrid


class TrainScreen(TrainPlaces):
    """Hyperparameters, loss, log and digits."""

    NAME = "train"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("train")]

    history: reactive[RunHistory | None] = reactive(None, repaint=False)
    book: reactive[LogBook | None] = reactive(None, repaint=False)
    predictions: reactive[Predictions | None] = reactive(None, repaint=False)
    running: reactive[Hyperparameters | None] = reactive(None, repaint=False)

    class Ready(Message):
        """Everything is in its place, so a run may be shown."""

    def __init__(self, initial: Hyperparameters | None = None, *, ascii_only: bool = False) -> None:
        """`initial` is what the form shows first."""
        super().__init__(ascii_only=ascii_only)
        self._initial = initial
        self._filled: tuple[str, Hyperparameters | None] = ("", None)

    def compose(self) -> ComposeResult:
        self.choose_breakpoints()
        yield StatusLine(in_train=True).data_bind(TrainScreen.status, TrainScreen.sent)
        with Container(id="panes"):
            yield PaneTabs(TABS).data_bind(shown=TrainScreen.shown_pane)
            for pane in self.PANES:
                yield Container(id=f"{pane}-pane", classes="pane")
        yield self.too_small()
        yield KeyLine(commands_in("train")).data_bind(TrainScreen.editing)

    def on_mount(self) -> None:
        for pane, title in self.PANES.items():
            self.pane(pane).border_title = title
        self.watch_chart_view()
        self.watch_shown_pane(self.shown_pane)
        self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        """Put into the panes what belongs there, of which nothing is needed to see the screen."""
        import_numpy()
        from tui.screens.train_panes import contents

        with self.app.batch_update():
            for pane, widgets in contents(self._initial).items():
                if not self.is_attached:
                    return  # Somebody has left already.
                self.make_known(w for w in widgets if isinstance(w, PictureWidget))
                await self.pane(pane).mount(*widgets)
        self.furnished = True
        self.post_message(self.Ready())

    @property
    def digits(self) -> DigitGrid:
        from tui.widgets.digit_grid import DigitGrid

        return self.query_one(DigitGrid)

    def show_state(self, state: RunState | None) -> None:
        """Take a run's state apart for the widgets; what has not changed moves nothing."""
        if state is None:
            return
        failed = state.status.phase == "failed" and self.status.phase != "failed"
        self.status, self.history, self.book = state.status, state.history, state.book
        self.run = state.run
        self.predictions = state.predictions
        self.running = state.hyperparameters if state.status.live else None
        self._fill_form(state)
        if failed:
            self._show_error(state.status.field, self.in_keys(state.status.sentence))

    def _fill_form(self, state: RunState) -> None:
        """A run that is opened brings its hyperparameters; what is typed after that stays, until
        there is another run."""
        values, name = state.hyperparameters, state.status.run_name
        if (name, values) == self._filled:
            return
        form = self.form
        if name != self._filled[0] or form.stands(self._filled[1]):
            form.fill(values)
        self._filled = (name, values)

    def lose_sight(self, why: str) -> None:
        """Say that what the run does can no longer be shown; the run knows nothing of it."""
        sentence = f"The run goes on unseen ({why}); inkling attach shows it again."
        self.status = dataclasses.replace(self.status, sentence=literal(sentence))
        self.notify(sentence, severity="error", timeout=20, markup=False)

    def watch_status(self, old: RunStatus, new: RunStatus) -> None:
        if old.run_name != new.run_name:
            self.query_one("#chart-pane").border_subtitle = Content(new.run_name)
        if old.phase != new.phase:
            self.refresh_bindings()
            if new.phase in BAD and not self.query_one(StatusLine).has_room_for(new):
                self.notify(self.in_keys(new.sentence), severity="error", timeout=20, markup=False)

    def watch_running(self, running: Hyperparameters | None) -> None:
        words = ""
        if running:
            from tui.widgets.hyperparameter_field import LIVE

            words = f"{LIVE} Enter changes it now"
        for pane in self.query("#form-pane"):
            pane.border_subtitle = words

    def action_toggle_wrong(self) -> None:
        self.digits.toggle_wrong()

    def action_page(self, pages: int) -> None:
        grid = self.digits
        (grid.next_page if pages > 0 else grid.previous_page)()
