"""How the app is left: by a key, a signal or a fault, or for a while; never over the head of a live
run."""

from __future__ import annotations

import asyncio
from typing import Any

from textual import work
from textual.worker import WorkerFailed

from tui.engine.text import printable
from tui.screens.dialogs import Question, about_a_live_run
from tui.souvenir_control import SouvenirControl

LOOK_AGAIN = 0.05
"""Seconds between two looks at whether there is a whole screen to leave."""

LEFT = "The run trains on; inkling attach shows it again."


class Leaving(SouvenirControl):
    """The part of the app that goes. It returns a sentence to print when it has, or nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._loop_of_ours: asyncio.AbstractEventLoop | None = None
        self._told_to_leave = False

    def on_mount(self) -> None:
        self._loop_of_ours = asyncio.get_running_loop()
        if self._told_to_leave:
            self._leave_when_furnished()
        self.app_resume_signal.subscribe(self, self._repaint)

    def _repaint(self, _: object) -> None:
        """The shell has had the terminal meanwhile: nothing of what stood there still does."""
        for screen in self.screen_stack:
            screen.refresh()

    @property
    def fault(self) -> Exception | None:
        """What ended the app that should not have."""
        fault = self._exception
        # Of a worker's, Textual's own error has no more than a line.
        cause = fault.error if isinstance(fault, WorkerFailed) else fault
        return cause if isinstance(cause, Exception) else fault

    def _handle_exception(self, error: Exception) -> None:
        super()._handle_exception(error)
        if not self.debug:
            # A page of code is no sentence: whoever ran the app says what happened (`tui.faults`).
            self._exit_renderables.clear()

    def leave_from_outside(self) -> None:
        """Leave the run running and go; safe in any thread, and before there is a loop."""
        self._told_to_leave = True
        if self._loop_of_ours is not None:
            self._loop_of_ours.call_soon_threadsafe(self.call_later, self._leave_when_furnished)

    def _leave_when_furnished(self) -> None:
        """Textual fails over widgets that go while others are mounted in them."""
        if self.train.furnished and self.train.form.furnished:
            self.exit()
        else:
            self.set_timer(LOOK_AGAIN, self._leave_when_furnished)

    def action_suspend(self) -> None:
        """Stop this process, and only this one: a worker is in a session of its own."""
        if self._driver is None or not self._driver.can_suspend:
            self.complain("There is no shell behind this terminal, so there is nowhere to go.")
        else:
            self.action_suspend_process()

    async def action_quit(self) -> None:
        """Textual's own ctrl+q, which works everywhere, must not be a way round the question."""
        if not isinstance(self.screen, Question):
            self.action_leave()

    @work
    async def action_leave(self) -> None:
        """Leave, but not over the head of a live run."""
        if not self.session.live:
            self.exit()
            return
        run = self.session.run
        from tui.engine.commands import Stop

        answer = await self.push_screen_wait(about_a_live_run())
        stopped = answer != "stop" or await self._ask(Stop()) or not self.session.live
        if answer != "stay" and stopped:
            where = f"The run is in {printable(run.path)}." if run else ""
            self.exit(f"{'' if answer == 'stop' else LEFT} {where}".strip())
