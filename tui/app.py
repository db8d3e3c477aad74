"""The app: one session, the Train screen, and the commands that belong to no pane."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from nn.hyperparameters import Hyperparameters
from tui.commands import COMMANDS, bindings
from tui.engine.client import CommandRefused
from tui.engine.commands import Command, Epoch, Pause, Resume, Set, Step, Stop
from tui.engine.log_lines import HEADER
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import printable
from tui.screens.dialogs import Question
from tui.screens.help import HelpScreen
from tui.screens.train import TrainScreen
from tui.session import Session
from tui.themes import THEMES
from tui.widgets.hyperparameter_form import HyperparameterForm
from tui.widgets.picture_widget import PictureWidget

ASKS: dict[str, Command] = {
    "pause": Pause(), "resume": Resume(), "step": Step(), "epoch": Epoch(), "stop": Stop(),
}  # fmt: skip


class InklingApp(App[str]):
    """Returns a sentence to print when it has gone, or nothing."""

    TITLE = "Inkling"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]

    def __init__(
        self, session: Session, initial: Hyperparameters | None = None,
        attach: RunDirectory | None = None, *, ascii_only: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.session = session
        self.ascii_only = ascii_only
        self._initial = initial
        self._attach = attach
        self.train = TrainScreen()

    async def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.set_class(self.ascii_only, "-ascii")
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)
        await self.push_screen(self.train)
        for widget in self.train.query(PictureWidget):
            widget.ascii_only = self.ascii_only
        if self._initial is not None:
            self.train.query_one(HyperparameterForm).show_values(self._initial)
        if self._attach is not None:
            self.session.attach(self._attach)
            self._follow()

    @work(exit_on_error=False, exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Hand every change of the run to the screen, until it has ended."""
        async for state in self.session.changes():
            self.train.show_state(state)

    @on(TrainScreen.StartAsked)
    def _start(self, event: TrainScreen.StartAsked) -> None:
        try:
            self.session.start(event.hyperparameters, event.stint)
        except RunError as problem:
            self._complain(str(problem))
        else:
            self._follow()

    @on(TrainScreen.Asked)
    async def _asked(self, event: TrainScreen.Asked) -> None:
        await self._ask(ASKS[event.what])

    @on(HyperparameterForm.Tuned)
    async def _tuned(self, event: HyperparameterForm.Tuned) -> None:
        await self._ask(Set(event.name, event.text))

    async def _ask(self, command: Command) -> None:
        try:
            await self.session.ask(command)
        except CommandRefused as refusal:
            self._complain(str(refusal))

    @on(TrainScreen.LogSaveAsked)
    def _save_log(self) -> None:
        state, run = self.session.state, self.session.run
        if state is None or run is None:
            self._complain("There is no log yet; press space to start a run.")
            return
        path = run.path / "log.txt"
        try:
            path.write_text("\n".join([HEADER, *state.book.lines]) + "\n", "utf-8")
        except OSError as error:
            self._complain(f"The log cannot be written to {path}: {error.strerror}.")
        else:
            self.notify(f"The log is in {printable(path)}", markup=False)

    def _complain(self, sentence: str) -> None:
        self.notify(printable(sentence), severity="warning", markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from (c for c in super().get_system_commands(screen) if c.title != "Quit")
        for command in COMMANDS:
            room = self if command.room == "app" else screen
            if room is self or isinstance(screen, TrainScreen):
                act = command.action

                async def run(act: str = act, room: App[str] | Screen[object] = room) -> None:
                    await self.run_action(act, room)

                yield SystemCommand(f"{command.label} ({command.key_name})", command.help, run)

    def action_show_help(self) -> None:
        self.push_screen(HelpScreen())

    @work
    async def action_leave(self) -> None:
        """Leave, but not over the head of a live run."""
        if not self.session.live:
            self.exit()
            return
        run = self.session.run
        answer = await self.push_screen_wait(Question("A run is live. What shall become of it?", {
            "leave": ("Leave it running", "It trains on; inkling attach shows it again."),
            "stop": ("Stop it, then quit", "It ends here; what it has learnt stays on disk."),
            "stay": ("Stay", "Back to the screen."),
        }))  # fmt: skip
        if answer == "stop":
            await self._ask(Stop())
        if answer != "stay":
            self.exit(f"The run is in {printable(run.path)}" if run else None)
