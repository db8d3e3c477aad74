"""From what is asked for on a screen to the session, and from the run back to the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import on, work
from textual.app import App

from tui.engine.client import CommandRefused
from tui.engine.commands import Command, Epoch, Pause, Resume, Set, Step, Stop
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import printable
from tui.screens.train import TrainScreen
from tui.session import Session
from tui.widgets.hyperparameter_form import HyperparameterForm

ASKS: dict[str, Command] = {
    "pause": Pause(), "resume": Resume(), "step": Step(), "epoch": Epoch(), "stop": Stop(),
}  # fmt: skip


class RunControl(App[str]):
    """The half of the app that deals with runs: one door in, one stream of changes out."""

    def __init__(self, session: Session, train: TrainScreen, attach: RunDirectory | None) -> None:
        super().__init__()
        self.session = session
        self.train = train
        self._attach = attach
        self._asking = asyncio.Lock()

    @on(TrainScreen.Ready)
    def _begin(self) -> None:
        if self._attach is not None:
            self._door(self.session.attach, self._attach)

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Hand every change of the run to the screen, until it has ended."""
        try:
            async for state in self.session.changes():
                self.train.show_state(state)
        except Exception as error:
            # Whatever went wrong here went wrong on this side: the run is another process's.
            self.log.error(error)
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            self.train.lose_sight(printable(what, 120))

    @on(TrainScreen.StartAsked)
    def _start(self, event: TrainScreen.StartAsked) -> None:
        if self.session.live:
            # Two presses in one read: the second was made for the run that the first has begun.
            self._ask_aside(ASKS["pause" if event.stint == "run" else event.stint])
        else:
            self._door(self.session.start, event.hyperparameters, event.stint)

    def _door(self, enter: Callable[..., None], *what: object) -> None:
        """Begin to follow a run, or say why not."""
        try:
            enter(*what)
        except RunError as problem:
            self._complain(str(problem))
        else:
            self._follow()

    @on(TrainScreen.Asked)
    def _asked(self, event: TrainScreen.Asked) -> None:
        self._ask_aside(ASKS[event.what])

    @on(HyperparameterForm.Tuned)
    def _tuned(self, event: HyperparameterForm.Tuned) -> None:
        self._ask_aside(Set(event.name, event.text))

    @work
    async def _ask_aside(self, command: Command) -> None:
        """Ask while the keys go on working: a worker between two steps may be long in answering."""
        await self._ask(command)

    async def _ask(self, command: Command) -> bool:
        """Was it done? What was asked first is answered first."""
        try:
            async with self._asking:
                await self.session.ask(command)
        except CommandRefused as refusal:
            self._complain(str(refusal))
            return False
        return True

    def _complain(self, sentence: str) -> None:
        self.notify(printable(sentence), severity="warning", markup=False)
