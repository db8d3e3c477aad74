"""The Backprop screen: one step of training of the person's own network, operation by operation.

What is shown is a page, a frozen lesson, and a place in it: a step, one of its matrices, a number
of that. Which page that is, and what takes long, is the desk's.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.reactive import reactive

from tui.commands import bindings, commands_in
from tui.engine.classroom import Page
from tui.engine.lesson_step import CHANGE, Matrix, Phase, Step
from tui.engine.run_status import RunStatus
from tui.engine.state import RunState
from tui.screens.backprop_desk import NO_RUN, BackpropDesk, Place
from tui.widgets import lesson_words
from tui.widgets.digit_row import Captioned, DigitRow
from tui.widgets.index_line import IndexLine
from tui.widgets.key_line import KeyLine
from tui.widgets.matrix_grid import MatrixGrid
from tui.widgets.pane_tabs import PaneTabs
from tui.widgets.status_line import StatusLine
from tui.widgets.walked_grid import Cell
from tui.widgets.words import Line, Words

TABS = {
    "numbers": "t Numbers",
    "source": "s Source",
    "explain": "e Explain",
    "digits": "d Digit",
    "check": "G Check",
}

COLUMNS = {"numbers": ("numbers",), "source": ("source", "explain"), "digits": ("digits", "check")}
"""Which panes stand above each other."""


class BackpropScreen(BackpropDesk):
    """A matrix with a cursor, the number there, our source, and what it all means."""

    NAME = "backprop"
    CSS_PATH = "backprop.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("backprop")]

    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)
    shown_pane: reactive[str] = reactive("numbers", repaint=False)
    number: reactive[int] = reactive(0, repaint=False)
    """Which step, from 0."""
    which: reactive[int] = reactive(0, repaint=False)
    """Which of its matrices."""
    cell: reactive[Cell] = reactive((0, 0), repaint=False)
    matrix: reactive[Matrix | None] = reactive(None, repaint=False)
    digits: reactive[Captioned | None] = reactive(None, repaint=False)

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self._furnished = False
        self._wanted: int | None = None

    def compose(self) -> ComposeResult:
        yield StatusLine().data_bind(BackpropScreen.status, BackpropScreen.sent)
        yield self._words("head", wrap=False)
        yield PaneTabs(TABS).data_bind(shown=BackpropScreen.shown_pane)
        with Container(id="panes"):
            with Container(id="numbers-column", classes="column"):
                with Container(id="numbers-pane", classes="pane"):
                    yield MatrixGrid().data_bind(
                        BackpropScreen.matrix, BackpropScreen.cell, BackpropScreen.sentence
                    )
                with Container(id="apart-pane", classes="pane"):
                    yield self._words("apart", wrap=False)
            with Container(id="source-column", classes="column"):
                with Container(id="source-pane", classes="pane"):
                    yield self._words("source", wrap=False)
                with Container(id="explain-pane", classes="pane"):
                    yield self._words("explain")
            with Container(id="digits-column", classes="column"):
                with Container(id="digits-pane", classes="pane"):
                    yield DigitRow().data_bind(BackpropScreen.digits)
                with Container(id="check-pane", classes="pane"):
                    yield self._words("check")
        yield self._words("message", wrap=False)
        yield IndexLine()
        yield self.too_small()
        yield KeyLine(commands_in("backprop")).data_bind(BackpropScreen.editing)

    def _words(self, name: str, *, wrap: bool = True) -> Words:
        words = Words(wrap=wrap)
        words.id = name
        return words

    def on_mount(self) -> None:
        titles = {**TABS, "apart": "The number at the cursor"}
        for pane, label in titles.items():
            self.query_one(f"#{pane}-pane").border_title = label
        self.watch_shown_pane(self.shown_pane)
        self.query_one(MatrixGrid).focus()
        # Textual's own `is_mounted` comes true only some time after this.
        self._furnished = True
        self._look()

    def show_state(self, state: RunState | None) -> None:
        """The run as it is by now; a lesson that is going on is left as it is."""
        if state is None:
            self.sentence = NO_RUN
            return
        self.status = state.status
        self.follow(state)

    @property
    def step(self) -> Step | None:
        """The step in sight."""
        return None if self.page is None else self.page.steps[self.number]

    def place(self) -> Place:
        return self.number, self.which, self.cell

    def watch_page(self, old: Page | None, page: Page | None) -> None:
        self.stop_checking()
        self.found = None
        if page is not None:
            # The same network has the same steps: whoever changes digits stays where he is.
            self.set_reactive(BackpropScreen.number, min(self.number, len(page.steps) - 1))
            self.digits = lesson_words.captioned(page)
            if self._wanted is not None:
                index, self._wanted = self._wanted, None
                self.open_index(index)
        else:
            self.digits = None
            self.set_reactive(BackpropScreen.number, 0)
        self._look(keep=old is not None)

    def watch_number(self) -> None:
        self.set_reactive(BackpropScreen.which, 0)
        self._look()

    def watch_which(self) -> None:
        self._look()

    def watch_cell(self) -> None:
        self.opinion = None
        self._tell_number()

    def watch_opinion(self) -> None:
        self._tell_number()

    def watch_found(self) -> None:
        self._tell_check()

    def watch_progress(self) -> None:
        self._tell_check()

    def watch_shown_pane(self, shown: str) -> None:
        for column, panes in COLUMNS.items():
            for found in self.query(f"#{column}-column"):
                found.set_class(shown in panes, "-shown")
        for pane in TABS:
            for found in self.query(f"#{pane}-pane"):
                found.set_class(pane == shown, "-shown")
                found.set_class(pane == "digits" and shown == "check", "-aside")

    def _look(self, *, keep: bool = False) -> None:
        """Show the step's matrix, with the cursor at its largest number, or where it is."""
        if not self._furnished:
            return
        step = self.step
        if step is None:
            self.matrix = None
        else:
            matrix = step.matrices[min(self.which, len(step.matrices) - 1)]
            same = self.matrix is not None and self.matrix.numbers.shape == matrix.numbers.shape
            # Of a step of the optimiser, a parameter that does not move teaches nothing.
            telling = step.matrices[CHANGE] if step.phase == "update" else matrix
            if not (keep and same):
                self.set_reactive(BackpropScreen.cell, _largest(telling))
                # Silently, for the grid is to be drawn once, with its new matrix.
                self.query_one(MatrixGrid).set_reactive(MatrixGrid.cell, self.cell)
            self.matrix = matrix
        self.opinion = None
        self._tell()

    def _tell(self) -> None:
        """Everything in words."""
        page, step = self.page, self.step
        self.set_class(step is None, "-empty")
        if page is None or step is None:
            for name in ("head", "message", "source", "explain", "apart"):
                self._say(name, ())
            self._tell_check()
            return
        self._say("head", lesson_words.head(page, self.number))
        self.set_class(page.judged_by != "last", "-judged-otherwise")
        self._say("message", (lesson_words.outcome(page),))
        lines, first = lesson_words.source(step.passages)
        source = self.query_one("#source", Words)
        source.lines, source.seen = lines, first
        self._say("explain", lesson_words.explained(step))
        self._tell_number()
        self._tell_check()

    def _tell_number(self) -> None:
        if not self._furnished or self.matrix is None:
            return
        words = self.query_one("#apart", Words)
        parts = None if self.matrix.parts is None else self.matrix.parts(*self.cell)
        words.lines = lesson_words.apart(parts, self.opinion, words.size.height)

    def _tell_check(self) -> None:
        if self._furnished:
            self._say("check", lesson_words.check(self.found, self.progress))

    def _say(self, name: str, lines: tuple[Line, ...]) -> None:
        self.query_one(f"#{name}", Words).lines = lines

    def on_resize(self) -> None:
        # How much of a sum is told depends on how much room there is.
        self.call_after_refresh(self._tell_number)

    def action_turn(self, steps: int) -> None:
        if self.page is not None:
            self.number = min(max(self.number + steps, 0), len(self.page.steps) - 1)

    def action_phase(self, phase: Phase) -> None:
        if self.page is not None:
            phases = [step.phase for step in self.page.steps]
            self.number = phases.index(phase)

    def action_next_matrix(self) -> None:
        if self.step is not None:
            self.which = (self.which + 1) % len(self.step.matrices)

    def action_compare(self) -> None:
        if self.page is None or self.matrix is None:
            return
        if self.matrix.gradient is None:
            self.complain(
                f"{self.matrix.symbol} is no gradient this step has made; <backprop.backward> goes "
                "to those."
            )
        else:
            self.action_show_pane("numbers")
            self.cell = self.query_one(MatrixGrid).cell
            self.compare(self.page, self.matrix, self.place())

    def action_check(self) -> None:
        if self.page is not None:
            self.shown_pane = "check"
            self.check()

    def action_ask_index(self) -> None:
        if self.page is not None:
            self.query_one(IndexLine).ask()

    def show_digit(self, index: int) -> None:
        """Have the lesson be about this test digit, whichever room it was chosen in."""
        if self.page is None:
            self._wanted = index
        else:
            self.open_index(index)

    def action_show_pane(self, pane: str) -> None:
        self.shown_pane = pane
        if pane == "numbers":
            self.query_one(MatrixGrid).focus()

    def action_step_out(self) -> None:
        if self.editing:
            self._hide_index()
        elif not self.stop_checking():
            self.action_show_pane("numbers")

    def _hide_index(self) -> None:
        self.query_one(IndexLine).hide()
        self.query_one(MatrixGrid).focus()

    @on(IndexLine.Said)
    def _said(self, event: IndexLine.Said) -> None:
        self._hide_index()
        self.open_index(event.index)

    @on(MatrixGrid.Walked)
    def _walked(self, event: MatrixGrid.Walked) -> None:
        self.cell = event.by.cell

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        self.action_show_pane(event.pane)


def _largest(matrix: Matrix) -> Cell:
    """Where the number furthest from zero stands."""
    sizes = np.abs(np.nan_to_num(matrix.numbers))
    row, column = np.unravel_index(int(sizes.argmax()), sizes.shape)
    return int(row), int(column)
