"""What the Errors screen has done for it off the event loop: reading, asking, comparing, saving.

Each of these is a worker that begins with a wish of the screen and ends with a reactive of it. None
of them holds a key; those that take long tell how far they are and end when nobody waits for them.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import numpy as np
from textual import on, work
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.worker import get_current_worker

from tui.engine.error_view import ErrorView, Rival, Wish
from tui.engine.inquiry import Findings, Inquiry, Question
from tui.engine.mistakes import Mistakes
from tui.engine.mistakes_reader import MistakesReader, no_predictions
from tui.engine.predictions import Predictions
from tui.engine.rivals import possible_rivals, rival
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.state import RunState
from tui.engine.text import literal, printable, sentence_of
from tui.screens.rival_choice import RivalChoice
from tui.screens.room import Room
from tui.souvenirs import save_digits

NO_RUN = (
    "There is no run to look at: <room.train> and <run.toggle> start one, <room.runs> lists "
    "those there are."
)
LOADING = "The digits are being made ready; what is wrong with them can be seen right after."

RETRIES = 5
RETRY_EVERY = 0.1
"""Seconds between two looks at files of which one was newer than the other."""

ASK_AFTER = 0.12
"""Seconds that the cursor must have rested on a digit before it is looked at closely."""

ASK_AGAIN = 2.0
"""Seconds between two questions to a live run's network: the worker needs the processor too."""

TELL_EVERY = 0.1
"""Seconds between two words of progress."""


class _Unwanted(Exception):
    """What is being saved is no longer wanted."""


class ErrorsDesk(Room):
    """The half of the Errors screen that works in threads."""

    view: reactive[ErrorView | None] = reactive(None, repaint=False)
    rival: reactive[Rival | None] = reactive(None, repaint=False)
    wish: reactive[Wish] = reactive(Wish(), repaint=False)
    sentence: reactive[str] = reactive("", repaint=False)
    findings: reactive[Findings | None] = reactive(None, repaint=False)
    message: reactive[str] = reactive("", repaint=False)

    @dataclass
    class Found(Message):
        """Something has been found out about a digit."""

        findings: Findings

    @dataclass
    class Saving(Message):
        """How far the saving has come; `done` says that it is over, well or not."""

        words: str
        done: bool = False
        well: bool = False

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self._state: RunState | None = None
        self._run: RunDirectory | None = None
        self._read_already: Predictions | None = None
        self._reader: MistakesReader | None = None
        self._reading = False
        self._inquiry: Inquiry | None = None
        self._soon: Timer | None = None

    def follow(self, state: RunState) -> None:
        """Have what the run gets wrong by now read, if that is not what is shown already."""
        if self._state is not state:
            self._state, self._run, self._reader = state, state.run, None
            self._read_already = self.view = self.rival = self._inquiry = self.findings = None
            self.sentence = LOADING
            self.forget()
        fresh = state.predictions is not self._read_already
        at_rest = state.begun or not state.status.live
        if (fresh or (self.view is None and at_rest)) and not self._reading:
            self._reading = True
            self._read(state)

    def question(self) -> Question | None:
        """What is to be known of the digit at the cursor; None while nobody sees it."""
        raise NotImplementedError

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
        if newest is not None and (self.view is None or state.run is None):
            # The history may be long; the digits need not wait for it.
            await self._show(state, Mistakes(newest))
        if state.run is not None:
            try:
                mistakes = await asyncio.to_thread(self._look, state.run, newest)
            except RunError as error:
                if self._state is state and self.view is None:
                    self.sentence = sentence_of(error)
                    self._read_already = newest
                return
            if mistakes is not None:
                await self._show(state, mistakes)
            elif self.view is None and self._state is state:
                self.sentence = no_predictions(literal(state.status.run_name))
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
            self.look_closer()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, "ask")

    def look_closer(self, *, later: bool = False) -> None:
        """Have the digit at the cursor looked at, once the cursor rests; or `later`, because there
        is a new epoch and not because somebody asked."""
        if later and self._soon is not None:
            return
        if self._soon is not None:
            self._soon.stop()
        asks_network = self.findings is not None and self.findings.epoch is not None
        after = ASK_AGAIN if later and asks_network else ASK_AFTER
        self._soon = self.set_timer(after, self._look_now)

    def _look_now(self) -> None:
        self._soon = None
        question = self.question()
        if question is None or not self.is_current:
            self.workers.cancel_group(self, "ask")
            return
        if self._inquiry is None or self._inquiry.reader is not self._reader:
            self._inquiry = Inquiry(self._run, self._reader)
        self._ask(self._inquiry, question)

    @work(thread=True, exclusive=True, group="ask", exit_on_error=False)
    def _ask(self, inquiry: Inquiry, question: Question) -> None:
        worker, told = get_current_worker(), 0.0
        for findings in inquiry.ask(question):
            if worker.is_cancelled:
                return
            if not findings.busy or time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                self.post_message(self.Found(findings))

    @on(Found)
    def _found(self, event: Found) -> None:
        if event.findings.question == self.question():
            self.findings = event.findings

    @work(exclusive=True, group="rival", exit_on_error=False)
    async def choose_rival(self) -> None:
        """Compare with another run, or with none if there is one already."""
        run = self._run
        if self.view is None or run is None:
            self.complain("There is nothing to compare yet.")
            return
        if self.rival is not None:
            self.rival = None
            self.wish = self.wish.whole()
            self.view = ErrorView(self.view.mistakes, self.wish)
            return
        try:
            runs = await asyncio.to_thread(possible_rivals, run)
            if not runs:
                self.complain("No other run has been tested on the same digits.")
                return
            chosen = await self.app.push_screen_wait(RivalChoice(runs, ascii_only=self.ascii_only))
            if chosen is None:
                return
            found = await asyncio.to_thread(rival, chosen)
            # Another run may have begun meanwhile: what was chosen is no rival of it.
            if self.view is None or self._run is not run:
                return
            view = ErrorView(self.view.mistakes, self.wish, found)
            await asyncio.to_thread(view.prepared)
        except RunError as problem:
            self.complain_of(problem)
        except ValueError:
            self.complain("The two runs were not tested on the same digits.")
        else:
            if self.view is not None and self._run is run:
                self.rival = found
                self.view = ErrorView(self.view.mistakes, self.wish, found)

    def save(self, kind: str) -> None:
        """Save the digits of the filter, as csv or png."""
        if self.view is None or not len(self.view.indices):
            self.complain("There are no digits to save.")
        else:
            self._save(self.view, kind)

    def stop_saving(self) -> bool:
        """Was anything being saved?"""
        return bool(self.workers.cancel_group(self, "save"))

    @work(thread=True, exclusive=True, group="save", exit_on_error=False)
    def _save(self, view: ErrorView, kind: str) -> None:
        worker, told = get_current_worker(), 0.0

        def progress(what: str, done: int, total: int | None) -> None:
            nonlocal told
            if worker.is_cancelled:
                raise _Unwanted
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                share = f" {done / total:.0%}" if total else ""
                self.post_message(self.Saving(f"{what}{share}; <errors.widen> stops it."))

        histories = np.empty((0, len(view.indices)), np.uint8)
        if kind == "csv" and self._reader is not None:
            histories = self._reader.of_digits(view.indices)
        name = self._run.name if self._run is not None else ""
        epoch = view.mistakes.predictions.epoch
        title = f"{name}, epoch {epoch}: {view.words}"
        try:
            path, count = save_digits(kind, view, histories, title, progress)
        except RunError as problem:
            self.post_message(self.Saving(str(problem), done=True))
        except _Unwanted:
            self.post_message(self.Saving("Nothing was saved.", done=True))
        else:
            words = f"{count:,} digits saved as {printable(path)}"
            self.post_message(self.Saving(words, done=True, well=True))

    @on(Saving)
    def _saving(self, event: Saving) -> None:
        self.message = "" if event.done else self.in_keys(event.words)
        if event.done and event.well:
            self.notify(event.words, markup=False)
        elif event.done:
            self.complain(literal(event.words))
