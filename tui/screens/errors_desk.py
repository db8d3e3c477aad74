"""What the Errors screen has done for it off the event loop: reading, asking, comparing, saving.

Each of these is a worker that begins with a wish of the screen and ends with a reactive of it. None
of them holds a key; those that take long tell how far they are and end when nobody waits for them.
"""

from __future__ import annotations

import asyncio
import time

from textual import work
from textual.reactive import reactive

from tui.engine.error_view import ErrorView, Rival, Wish
from tui.engine.mistakes import Mistakes
from tui.engine.mistakes_reader import MistakesReader
from tui.engine.predictions import Predictions
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.state import RunState
from tui.screens.room import Room

NO_RUN = "There is no run to look at: 1 and space start one, 5 lists those there are."
LOADING = "The digits are being made ready; what is wrong with them can be seen right after."

RETRIES = 5
RETRY_EVERY = 0.1
"""Seconds between two looks at files of which one was newer than the other."""


class ErrorsDesk(Room):
    """The half of the Errors screen that works in threads."""

    view: reactive[ErrorView | None] = reactive(None, repaint=False)
    rival: reactive[Rival | None] = reactive(None, repaint=False)
    wish: reactive[Wish] = reactive(Wish(), repaint=False)
    sentence: reactive[str] = reactive(NO_RUN, repaint=False)

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self._state: RunState | None = None
        self._run: RunDirectory | None = None
        self._read_already: Predictions | None = None
        self._reader: MistakesReader | None = None
        self._reading = False

    def follow(self, state: RunState) -> None:
        """Have what the run gets wrong by now read, if that is not what is shown already."""
        if self._state is not state:
            self._state, self._run, self._reader = state, state.run, None
            self._read_already = self.view = self.rival = None
            self.sentence = LOADING
            self.forget()
        fresh = state.predictions is not self._read_already
        at_rest = state.begun or not state.status.live
        if (fresh or (self.view is None and at_rest)) and not self._reading:
            self._reading = True
            self._read(state)

    def forget(self) -> None:
        """Another run is shown: whatever was known of the one before is no longer so."""
        raise NotImplementedError

    @work(group="read", exit_on_error=False)
    async def _read(self, state: RunState) -> None:
        """Until what is shown is the newest, or nobody sees it any longer."""
        try:
            while self._state is state and self.is_current:
                newest = state.predictions
                await self._read_once(state, newest)
                if state.predictions is newest:
                    break
        finally:
            self._reading = False
        if self._state is not state and self._state is not None and self.is_current:
            self.follow(self._state)

    async def _read_once(self, state: RunState, newest: Predictions | None) -> None:
        if newest is not None and self.view is None:
            # The history may be long; the digits need not wait for it.
            await self._show(state, Mistakes(newest))
        if state.run is not None:
            try:
                mistakes = await asyncio.to_thread(self._look, state.run, newest)
            except RunError as error:
                if self._state is state and self.view is None:
                    self.sentence = str(error)
                    self._read_already = newest
                return
            if mistakes is not None:
                await self._show(state, mistakes)
            elif self.view is None and self._state is state:
                self.sentence = (
                    f"Run {state.status.run_name} has no predictions yet; they come before its "
                    "first step, and with every epoch."
                )
        self._read_already = newest

    def _look(self, run: RunDirectory, newest: Predictions | None) -> Mistakes | None:
        """In a thread: the mistakes as they are in the files.

        Raises:
            RunError: the digits are gone, or are others.
        """
        reader = self._reader
        if reader is None or reader.run is not run:
            reader = self._reader = MistakesReader(run)
        for attempt in range(RETRIES):
            reader.poll()
            while reader.behind:
                reader.poll()
            found = reader.latest
            if newest is None or (found is not None and found.predictions.epoch >= newest.epoch):
                break
            time.sleep(RETRY_EVERY * (attempt + 1 < RETRIES))
        return reader.latest

    async def _show(self, state: RunState, mistakes: Mistakes) -> None:
        """Swap in the view of these mistakes, made ready in a thread."""
        view = ErrorView(mistakes, self.wish, self.rival)
        try:
            await asyncio.to_thread(view.prepared)
        except ValueError:
            # The rival was of other digits than this run is by now.
            self.rival = None
        if self._state is state:
            self.view = ErrorView(mistakes, self.wish, self.rival)

    def on_screen_resume(self) -> None:
        if self._state is not None:
            self.follow(self._state)
