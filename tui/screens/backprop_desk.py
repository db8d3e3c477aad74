"""Which lesson the Backprop screen shows, and what is done for it off the event loop.

Other digits, another rate, a step applied: each is another page in the place of the one there is.
One thing at a time, in the order in which it was asked for: every key finds the page as the key
before has left it. A check of the whole network runs beside all that, tells how far it is, and ends
when nobody waits for it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

from textual import on, work
from textual.message import Message
from textual.reactive import reactive
from textual.worker import get_current_worker

from nn.second_opinion import Opinion
from tui.engine.classroom import (
    BATCHES,
    Checked,
    Classroom,
    Page,
    Wish,
    applied,
    checked,
    slower,
    undone,
)
from tui.engine.lesson_step import Matrix
from tui.engine.run_directory import RunError
from tui.engine.state import RunState
from tui.engine.text import sentence_of
from tui.screens.room import Room

NO_RUN = (
    "There is no run to learn from. <room.train> goes to the Train screen, where <run.toggle> "
    "starts one; <room.runs> lists those there are, and <runs.open> opens one. Then come back with "
    "<room.backprop>."
)
LOADING = "The network is being fetched from the run's newest checkpoint."
NO_FILES = "This run has left no files, so there is no network to step through."

TELL_EVERY = 0.1
"""Seconds between two words of progress."""

Place = tuple[int, int, tuple[int, int]]
"""(step, matrix, cell): which number is meant."""


class _Unwanted(Exception):
    """What is being checked is no longer wanted."""


class BackpropDesk(Room):
    """The half of the Backprop screen that turns its pages, and works in threads."""

    SHOWS_NETWORK = True

    page: reactive[Page | None] = reactive(None, repaint=False)
    sentence: reactive[str] = reactive("", repaint=False)
    opinion: reactive[Opinion | None] = reactive(None, repaint=False)
    found: reactive[Checked | None] = reactive(None, repaint=False)
    progress: reactive[str] = reactive("", repaint=False)

    @dataclass
    class Checking(Message):
        """How far a check has come; `found` when it is over and well."""

        page: Page
        words: str
        found: Checked | None = None

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self._state: RunState | None = None
        self._classroom: Classroom | None = None
        self._wish = Wish()
        self._one_at_a_time = asyncio.Lock()
        self._tried_at: tuple[int, str] | None = None

    def follow(self, state: RunState) -> None:
        """Begin a lesson about another run, or about one that had no network until now. One that is
        going on is not disturbed by newer checkpoints: `r` asks for them."""
        if self._state is not state:
            self._state, self._wish = state, Wish()
            self.page = self.opinion = self.found = None
            self._classroom = None if state.run is None else Classroom(state.run)
            self._tried_at = None
        at = state.status.epoch, state.status.phase
        if self.page is None and at != self._tried_at and self.is_current:
            self._tried_at = at
            self.sentence = NO_FILES if self._classroom is None else LOADING
            self.open(self._wish)

    def open(self, wish: Wish) -> None:
        """Have a lesson about these digits, with the network as of the newest checkpoint."""
        if self._classroom is not None:
            self._wish = wish
            self._open(self._classroom, wish)

    @work(group="lesson", exit_on_error=False)
    async def _open(self, classroom: Classroom, wish: Wish) -> None:
        async with self._one_at_a_time:
            await self.renewed.wait()
            if classroom is not self._classroom or wish is not self._wish:
                return
            try:
                page = await asyncio.to_thread(classroom.open, wish)
            except RunError as problem:
                if self.page is None:
                    self.sentence = sentence_of(problem)
                else:
                    self._wish = self.page.wish
                    self.complain_of(problem)
                return
            if classroom is self._classroom and wish is self._wish:
                self._wish = page.wish
                self.page = page

    @work(group="lesson", exit_on_error=False)
    async def open_index(self, index: int) -> None:
        """Have a lesson about the test digit of this number."""
        classroom = self._classroom
        if classroom is None or self.page is None:
            return
        try:
            async with self._one_at_a_time:
                place = await asyncio.to_thread(classroom.place_of, index)
        except RunError as problem:
            self.complain_of(problem)
        else:
            self.open(dataclasses.replace(self._wish, place=place, wrong_only=False))

    def action_digit(self, steps: int) -> None:
        if self.page is not None:
            place = self._wish.place + steps * max(self.page.wish.count, 1)
            self.open(dataclasses.replace(self._wish, place=place))

    def action_wrong_only(self) -> None:
        if self.page is not None:
            wrong = not self._wish.wrong_only
            # Among all, where it was; among the wrong ones, from the first.
            place = 0 if wrong else int(self.page.digits.indices[0])
            self.open(dataclasses.replace(self._wish, wrong_only=wrong, place=place))

    def action_other_count(self) -> None:
        if self.page is not None:
            count = BATCHES[self.page.wish.count == BATCHES[0]]
            self.open(dataclasses.replace(self._wish, count=count))

    def action_begin_again(self) -> None:
        if self.page is not None:
            self.open(dataclasses.replace(self._wish, halvings=0))

    @work(group="lesson", exit_on_error=False)
    async def change(self, how: Callable[[Page], Page | None]) -> None:
        """Put another page in the place of this one; None is that there is nothing to change."""
        async with self._one_at_a_time:
            old = self.page
            if old is None:
                return
            try:
                page = await asyncio.to_thread(how, old)
            except (RunError, MemoryError) as problem:
                words = "There is not enough memory for another step."
                self.complain(sentence_of(problem) or words)
                return
            if page is None:
                self.complain("No step has been applied; <backprop.apply> applies one.")
            elif self.page is old:
                self._wish = page.wish
                self.page = page

    def action_apply(self) -> None:
        self.change(applied)

    def action_undo(self) -> None:
        self.change(undone)

    def action_faster(self, doublings: int) -> None:
        self.change(lambda page: slower(page, -doublings))

    @work(group="lesson", exit_on_error=False)
    async def compare(self, page: Page, matrix: Matrix, place: Place) -> None:
        """Ask for a number of a gradient in three ways."""
        async with self._one_at_a_time:
            if page is self.page and place == self.place():
                opinion = await asyncio.to_thread(page.opinion, matrix, *place[2])
                if page is self.page and place == self.place():
                    self.opinion = opinion

    def place(self) -> Place:
        """Which number is at the cursor."""
        raise NotImplementedError

    def check(self) -> None:
        """Check the gradient of the whole network, from the beginning."""
        if self.page is not None:
            self.found, self.progress = None, "Checking the gradient of the whole network"
            self._check(self.page)

    def stop_checking(self) -> bool:
        """Was anything being checked?"""
        self.progress = ""
        return bool(self.workers.cancel_group(self, "check"))

    @work(thread=True, exclusive=True, group="check", exit_on_error=False)
    def _check(self, page: Page) -> None:
        worker, told = get_current_worker(), 0.0

        def progress(done: int, total: int) -> None:
            nonlocal told
            if worker.is_cancelled:
                raise _Unwanted
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                words = f"Checking the gradient: {done:,} of {total:,} numbers"
                words += "; <backprop.leave> stops it."
                self.post_message(self.Checking(page, words))

        try:
            found = checked(page, progress)
        except _Unwanted:
            return
        except MemoryError:
            words = "There is not enough memory to check this network in float64."
            self.post_message(self.Checking(page, words))
        else:
            self.post_message(self.Checking(page, "", found))

    @on(Checking)
    def _checking(self, event: Checking) -> None:
        if event.page is self.page and (self.progress or event.found):
            self.progress, self.found = event.words, event.found

    def on_screen_resume(self) -> None:
        if self._state is not None:
            self.follow(self._state)
