"""From what is asked for on a screen to the session, and from the run back to the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on, work
from textual.driver import Driver

from tui.commands import COMMANDS
from tui.commands.keymap import key_of
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import literal, printable, size_in_words
from tui.guide import Guide
from tui.link import Link, Meter, metered
from tui.screens.dialogs import about_coming_back, about_removing
from tui.screens.room import Room
from tui.screens.train import TrainScreen
from tui.session import Session

if TYPE_CHECKING:
    from tui.engine.commands import Command
    from tui.screens.runs import RunsScreen
    from tui.widgets.hyperparameter_form import HyperparameterForm

RENEW_PATIENCE = 1.0
"""Seconds that a room waits for a newer network than there is in the files: a worker may be in the
midst of a long step, and what is a step or two old will do."""


def asked_for(what: str) -> Command:
    """The command to a worker that a screen means by a word."""
    from tui.engine.commands import Epoch, Pause, Resume, Step, Stop

    commands: dict[str, Command] = {
        "pause": Pause(), "resume": Resume(), "step": Step(), "epoch": Epoch(), "stop": Stop(),
    }  # fmt: skip
    return commands[what]


class RunControl(Guide):
    """The half of the app that deals with runs: one door in, one stream of changes out."""

    def __init__(
        self, session: Session, train: TrainScreen, attach: RunDirectory | None, link: Link
    ) -> None:
        super().__init__()
        self.link = train.link = link
        self.animation_level = "full" if link.animated else "none"
        self.session = session
        self.train = train
        self._to_attach = attach
        self._asking = asyncio.Lock()
        self._renewed = asyncio.Event()
        self._renewed.set()

    def enter(self, room: Room) -> None:
        """Have a room in sight, and show the run there as it is by now."""
        left = self.room
        while self.screen is not self.train:
            self.pop_screen()
        room.link, room.keys, room.renewed = self.link, self.keys, self._renewed
        room.flowing = self.session.state is not None and self.session.state.status.moving
        if room.SHOWS_NETWORK:
            self._renew()
        if room is not self.train:
            room.prepare()
            self.push_screen(room)
        room.call_later(room.show_state, self.session.state)
        if left is not room:
            left.forget_lines()

    def _renew(self) -> None:
        """Have a run that goes on keep its network as it is by now, unless that is on its way."""
        state = self.session.state
        if state is not None and state.begun and state.status.moving and self._renewed.is_set():
            self._renewed.clear()
            self._have_kept()

    @work
    async def _have_kept(self) -> None:
        # Beside whatever a person has asked for, which need not wait for this; and as nobody has
        # asked for this, nobody hears of it where it is refused.
        from tui.engine.client import CommandRefused
        from tui.engine.commands import Keep

        try:
            async with asyncio.timeout(RENEW_PATIENCE):
                await self.session.ask(Keep())
        except (CommandRefused, TimeoutError):
            pass
        finally:
            self._renewed.set()

    def get_driver_class(self) -> type[Driver]:
        # Textual's constructor asks for it, so the meter is there from the first byte on.
        self.meter = Meter()
        return metered(super().get_driver_class(), self.meter)

    @on(TrainScreen.Ready)
    def _begin(self) -> None:
        if self._to_attach is not None:
            self._door(self.session.attach, self._to_attach)
        else:
            self._offer()

    @work(exit_on_error=False)
    async def _offer(self) -> None:
        """Ask whether one of the runs that are live already is to be watched."""
        from tui.engine.runs import live_runs

        live = await asyncio.to_thread(live_runs, self.session.runs_dir)
        if not live or self.session.state is not None:
            return
        lists = key_of("room.runs", COMMANDS, self.keys)
        question = about_coming_back([e.summary for e in live], lists)
        answer = await self.push_screen_wait(question)
        if answer.startswith("run-") and self.session.state is None:
            self._door(self.session.attach, live[int(answer.removeprefix("run-"))].run)

    def _follow(self) -> None:
        """Show the session's run from now on."""
        for room in self._installed_screens.values():
            # Out of sight as well: each would keep the run before, its curves and its network.
            if isinstance(room, Room) and room.is_running and room is not self.room:
                room.show_state(self.session.state)
        self._hand_on()

    @work(exclusive=True, group="follow")
    async def _hand_on(self) -> None:
        """Hand every change of the run to the room in sight, until it has ended."""
        try:
            async for state in self.session.changes():
                self.room.sent = self.meter.rate
                self.room.show_state(state)
                self.room.flowing = state.status.moving
        except Exception as error:
            # Whatever went wrong here went wrong on this side: the run is another process's.
            self.log.error(error)
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            self.train.lose_sight(printable(what, 120))

    @on(TrainScreen.StartAsked)
    def _start(self, event: TrainScreen.StartAsked) -> None:
        if self.session.live:
            # Two presses in one read: the second was made for the run that the first has begun.
            self._ask_aside(asked_for("pause" if event.stint == "run" else event.stint))
        else:
            self._door(self.session.start, event.hyperparameters, event.stint)

    def _door(self, enter: Callable[..., None], *what: object) -> bool:
        """Begin to follow a run, or say why not."""
        try:
            enter(*what)
        except RunError as problem:
            self.complain_of(problem)
            return False
        self._follow()
        return True

    @on(TrainScreen.Asked)
    def _asked(self, event: TrainScreen.Asked) -> None:
        if event.what != "take_up":
            self._ask_aside(asked_for(event.what))
        elif self.session.run is None:
            self.complain("There is no run to take up here; <room.runs> lists every run.")
        else:
            self._door(self.session.take_up, self.session.run)

    def on_runs_screen_asked(self, event: RunsScreen.Asked) -> None:
        # Found by its name, for `on` would import a room that nobody may ever enter.
        match event.what:
            case "open":
                if self._door(self.session.attach, event.run):
                    self.enter(self.train)
            case "take_up":
                if self._door(self.session.take_up, event.run):
                    self.enter(self.train)
            case "remove":
                self._remove(event.run)
            case what:
                self._ask_run(event.run, what)

    @work
    async def _ask_run(self, run: RunDirectory, what: str) -> None:
        """Have a run's own worker do something, be it the one that is watched or another."""
        from tui.engine.client import CommandRefused, RunClient
        from tui.engine.commands import Pause, Resume, Stop
        from tui.engine.runs import summary

        found = await asyncio.to_thread(summary, run)
        paused = found.state == "paused"
        command = Stop() if what == "stop" else Resume() if paused else Pause()
        try:
            if not found.live:
                raise CommandRefused(f"Run {found.name} has no worker: it has {found.state}.")
            await RunClient(run).ask(command)
        except CommandRefused as refusal:
            self.complain_of(refusal)
        self.room.runs_changed()

    @work
    async def _remove(self, run: RunDirectory) -> None:
        from tui.engine.runs import remove, summary

        found = await asyncio.to_thread(summary, run)
        if found.live:
            self.complain(f"Run {literal(found.name)} is live; stop it before you remove it.")
            return
        question = about_removing(found, size_in_words(found.size))
        if await self.push_screen_wait(question) == "remove":
            try:
                await asyncio.to_thread(remove, run)
            except RunError as problem:
                self.complain_of(problem)
        self.room.runs_changed()

    def on_hyperparameter_form_tuned(self, event: HyperparameterForm.Tuned) -> None:
        # Found by its name, for `on` would import the form before the first paint.
        from tui.engine.commands import Set

        self._ask_aside(Set(event.name, event.text))

    @work
    async def _ask_aside(self, command: Command) -> None:
        """Ask while the keys go on working: a worker between two steps may be long in answering."""
        await self._ask(command)

    async def _ask(self, command: Command) -> bool:
        """Was it done? What was asked first is answered first."""
        from tui.engine.client import CommandRefused

        try:
            async with self._asking:
                await self.session.ask(command)
        except CommandRefused as refusal:
            self.complain_of(refusal)
            return False
        return True

    def complain(self, sentence: str) -> None:
        """Say what will not do, as a room says it."""
        self.train.complain(sentence)

    def complain_of(self, problem: Exception) -> None:
        """Say what an error says."""
        self.train.complain_of(problem)
