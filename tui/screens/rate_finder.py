"""The learning-rate finder: a range test in a process of its own, and its curve as it grows."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from nn.range_test import HIGH, LOW, RangePoint
from nn.specs import format_value
from tui.engine.facts import Failed, Preparing
from tui.engine.rate_finder import RateFound, RateRequest, Word, rates_elsewhere
from tui.engine.text import printable
from tui.screens.dialog import Dialog
from tui.widgets.rate_curve import RateCurve

SHOW_EVERY = 0.1
"""Seconds between two looks at how far it is; a test of small digits has a thousand steps a
second."""

ENDS = "[@click=screen.dismiss]esc ends it[/]"
CLOSES = "[@click=screen.dismiss]esc leaves[/]"
TAKE_OR_LEAVE = "[@click=screen.take]enter takes it[/], [@click=screen.dismiss]esc leaves it[/]"
"""Keys, and for the mouse: while the test lasts, and when it has found nothing, or a rate."""


class RateFinder(Dialog[float | None]):
    """Returns the suggested rate, if there is one and it is taken; Esc ends the test."""

    DEFAULT_CSS = """
    RateFinder {
        align: center middle;

        #finder { width: 90%; max-width: 110; height: 85%; max-height: 34; padding: 0 2;
                  background: $surface; border: round $primary; }
        #finder-words { height: 2; color: $soft; }
        #finder-words.-whole { height: auto; max-height: 10; }
        &.-ascii-only #finder { border: ascii $primary; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Take it"),
        Binding("escape,q", "dismiss", "Leave it"),
    ]

    def __init__(self, request: RateRequest, *, ascii_only: bool = False) -> None:
        super().__init__()
        self._request = request
        self._points: list[RangePoint] = []
        self._ascii_only = ascii_only
        self.found: float | None = None
        self.over = False

    def compose(self) -> ComposeResult:
        with Vertical(id="finder") as box:
            box.border_title = "Which learning rate?"
            box.border_subtitle = ENDS
            curve = RateCurve(LOW, HIGH)
            curve.ascii_only = self._ascii_only
            yield curve
            yield Static("starting", id="finder-words", markup=False)

    def on_mount(self) -> None:
        self.set_class(self._ascii_only, "-ascii-only")
        self._test()

    def action_take(self) -> None:
        if self.found is not None:
            self.dismiss(self.found)

    @work(exit_on_error=False)
    async def _test(self) -> None:
        """Show how far the test is until it is over; to leave the screen cancels this, and that
        ends the process."""
        loop, shown = asyncio.get_running_loop(), 0.0
        async with aclosing(rates_elsewhere(self._request)) as words:
            async for word in words:
                if isinstance(word, RangePoint):
                    self._points.append(word)
                if not isinstance(word, RangePoint) or loop.time() - shown > SHOW_EVERY:
                    shown = loop.time()
                    self._show(word)

    def _show(self, word: Word) -> None:
        if not self.query(RateCurve):
            # A word that was on its way when somebody left.
            return
        self.query_one(RateCurve).points = tuple(self._points)
        match word:
            case Preparing(what=what, done=done, total=total):
                self._say(f"{printable(what, 80)}{f' {done / total:.0%}' if total else ''}")
            case RangePoint():
                share, rate = (
                    word.step / word.steps,
                    format_value(float(f"{word.learning_rate:.2g}")),
                )
                self._say(f"{share:.0%}: loss {word.smoothed:.3g} at a learning rate of {rate}")
            case Failed(sentence=sentence):
                self.over = True
                self.query_one("#finder").border_subtitle = CLOSES
                # The last words: all of them, however many lines they take.
                self.query_one("#finder-words").add_class("-whole")
                self._say(f"! {printable(sentence)}", layout=True)
            case RateFound(learning_rate=rate):
                self.over, self.found = True, rate
                self.query_one(RateCurve).suggested = rate
                if rate is None:
                    self.query_one("#finder").border_subtitle = CLOSES
                    self._say("The loss never fell, so no rate can be suggested.")
                else:
                    self._say(
                        f"Suggested: {format_value(rate)}, where the loss falls steepest or a "
                        "tenth of where it is lowest. Enter puts it into the field."
                    )
                    self.query_one("#finder").border_subtitle = TAKE_OR_LEAVE

    def _say(self, words: str, *, layout: bool = False) -> None:
        self.query_one("#finder-words", Static).update(words, layout=layout)
