"""The Errors screen: what a run still gets wrong, digit by digit.

One view of the run's mistakes (a filter, an order, a threshold, a rival) is made here and handed to
every pane; what a pane is asked to do comes back as a message. What takes long is the desk's.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.reactive import reactive
from textual.widget import Widget

from tui.commands import bindings, commands_in
from tui.commands.keymap import in_own_keys
from tui.engine.digit_filter import FilterError, of_cell, parse
from tui.engine.digit_query import Is, Query
from tui.engine.error_view import ErrorView, Wish
from tui.engine.inquiry import Question
from tui.engine.run_status import RunStatus
from tui.engine.state import RunState
from tui.screens.errors_desk import NO_RUN, ErrorsDesk
from tui.widgets.class_table import ClassTable
from tui.widgets.confused_list import ConfusedList
from tui.widgets.confusion_grid import ConfusionGrid
from tui.widgets.digit_detail import DigitDetail
from tui.widgets.digit_gallery import DigitGallery
from tui.widgets.error_picture import DigitPicture
from tui.widgets.filter_line import FilterLine
from tui.widgets.key_line import KeyLine
from tui.widgets.pane_tabs import PaneTabs
from tui.widgets.reliability_chart import ReliabilityChart
from tui.widgets.status_line import StatusLine
from tui.widgets.verdict import Verdict
from tui.widgets.walked_grid import Cell

TABS = {
    "matrix": "m Matrix",
    "classes": "c Classes",
    "gallery": "g Gallery",
    "digit": "d Digit",
    "calibration": "u Sureness",
}

FIGURES = ("matrix", "classes", "calibration")
"""Of these a screen of middling size shows one."""

FIRST = Query("wrong", (Is("wrong"),))
"""What is seen before anybody has said anything."""


class ErrorsScreen(ErrorsDesk):
    """Matrix, gallery, and all there is to know of one digit."""

    NAME = "errors"
    CSS_PATH = "errors.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("errors")]

    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)
    shown_pane: reactive[str] = reactive("gallery", repaint=False)
    cell: reactive[Cell] = reactive((0, 0), repaint=False)
    percent: reactive[bool] = reactive(False, repaint=False)
    cursor: reactive[int] = reactive(0, repaint=False)
    line: reactive[str] = reactive(FIRST.text, repaint=False)
    saliency: reactive[bool] = reactive(False, repaint=False)
    alike: reactive[bool] = reactive(False, repaint=False)

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self.set_reactive(ErrorsScreen.wish, Wish(FIRST))
        self._digit: int | None = None
        self._wider: list[Query] = []
        self._before = FIRST

    def compose(self) -> ComposeResult:
        yield StatusLine().data_bind(ErrorsScreen.status, ErrorsScreen.sent)
        yield Verdict().data_bind(ErrorsScreen.view)
        yield PaneTabs(TABS).data_bind(shown=ErrorsScreen.shown_pane)
        with Container(id="panes"):
            with Container(id="figures"):
                with Container(id="matrix-pane", classes="pane"):
                    yield ConfusionGrid().data_bind(
                        ErrorsScreen.view,
                        ErrorsScreen.cell,
                        ErrorsScreen.percent,
                        ErrorsScreen.sentence,
                    )
                with Container(id="classes-pane", classes="pane"):
                    yield ConfusedList().data_bind(ErrorsScreen.view, ErrorsScreen.cell)
                    yield ClassTable().data_bind(ErrorsScreen.view, ErrorsScreen.cell)
                with Container(id="calibration-pane", classes="pane"):
                    yield ReliabilityChart().data_bind(ErrorsScreen.view)
            with Container(id="digit-pane", classes="pane"):
                yield DigitDetail().data_bind(
                    ErrorsScreen.view, ErrorsScreen.cursor, ErrorsScreen.findings
                )
            with Container(id="gallery-pane", classes="pane"):
                yield DigitGallery().data_bind(
                    ErrorsScreen.view, ErrorsScreen.cursor, ErrorsScreen.sentence
                )
        yield FilterLine().data_bind(ErrorsScreen.line, ErrorsScreen.message)
        yield self.too_small()
        yield KeyLine(commands_in("errors")).data_bind(ErrorsScreen.editing)

    def on_mount(self) -> None:
        for pane, label in TABS.items():
            for found in self.query(f"#{pane}-pane"):
                found.border_title = label
                if pane in FIGURES:
                    others = (TABS[other] for other in FIGURES if other != pane)
                    named = (in_own_keys(each, commands_in("errors"), self.keys) for each in others)
                    found.border_subtitle = "  ".join(named)
        self.query_one("#matrix-pane").add_class("-chosen")
        self.watch_shown_pane(self.shown_pane)
        self.query_one(DigitGallery).focus()

    def show_state(self, state: RunState | None) -> None:
        """The run as it is by now; its mistakes are read aside."""
        if state is None:
            self.sentence = NO_RUN
            return
        self.status = state.status
        self.follow(state)

    def forget(self) -> None:
        self.cell, self.cursor, self._digit = (0, 0), 0, None
        self._wider.clear()
        self.wish = Wish(FIRST, self.wish.sort, self.wish.threshold)

    def watch_view(self, old: ErrorView | None, view: ErrorView | None) -> None:
        """Whatever has changed, the cursor stays on its digit."""
        if view is not None:
            if old is None and view.mistakes.most_confused:
                worst = view.mistakes.most_confused[0]
                self.cell = worst.true, worst.predicted
            self.cursor = view.place_of(self._digit, self.cursor)
            found = view.indices[self.cursor : self.cursor + 1]
            self._digit = int(found[0]) if len(found) else None
            self.look_closer(later=old is not None)

    def question(self) -> Question | None:
        if self.view is None or self._digit is None or not self.query_one(DigitDetail).is_seen:
            return None
        p = self.view.mistakes.predictions
        true, guess = int(p.labels[self._digit]), int(p.predicted[self._digit])
        against = None if guess == true else true
        return Question(self._digit, guess, against, self.saliency, self.alike)

    def watch_wish(self, old: Wish, new: Wish) -> None:
        self.line, self.message = new.query.text, ""
        if (old.query, old.sort, old.side) != (new.query, new.sort, new.side):
            self._digit, self.cursor = None, 0
        if self.view is not None:
            self.view = ErrorView(self.view.mistakes, new, self.rival)

    def watch_shown_pane(self, shown: str) -> None:
        for pane in TABS:
            for found in self.query(f"#{pane}-pane"):
                found.set_class(pane == shown, "-shown")
                if shown in FIGURES:
                    found.set_class(pane == shown, "-chosen")
        for figures in self.query("#figures"):
            figures.set_class(shown in FIGURES, "-shown")
        if self.is_mounted:
            self.look_closer()

    def watch_saliency(self) -> None:
        self.look_closer()

    def watch_alike(self) -> None:
        self.look_closer()

    def watch_focused(self, focused: Widget | None) -> None:
        before = self.editing
        super().watch_focused(focused)
        if self.editing and not before:
            self._before = self.wish.query

    def action_show_pane(self, pane: str) -> None:
        self.shown_pane = pane
        for widget in self.query(f"#{pane}-pane *"):
            if widget.can_focus:
                widget.focus()
                return

    def action_narrow(self) -> None:
        if isinstance(self.focused, DigitGallery):
            self.action_show_pane("digit")
        elif self.view and not isinstance(self.focused, DigitDetail | ReliabilityChart):
            self._narrow(of_cell(self.view.mistakes.predictions.class_names, *self.cell))
            if self.has_class("-narrow"):
                self.action_show_pane("gallery")

    def _narrow(self, line: str) -> None:
        """See less; Esc shows again what was seen before."""
        assert self.view is not None
        query = parse(line, self.view.mistakes.predictions.class_names)
        if query != self.wish.query:
            self._wider.append(self.wish.query)
            self.wish = dataclasses.replace(self.wish, query=query)

    def action_widen(self) -> None:
        if self.stop_saving():
            return
        if self.editing:
            self.action_show_pane("gallery")
            self.message = ""
            self.wish = dataclasses.replace(self.wish, query=self._before)
            self.query_one(FilterLine).set_text(self._before.text)
        elif isinstance(self.focused, DigitDetail):
            self.action_show_pane("gallery")
        else:
            wider = self._wider.pop() if self._wider else FIRST
            self.wish = dataclasses.replace(self.wish, query=wider, side="")

    def action_filter(self) -> None:
        self.query_one(FilterLine).take_focus()

    def action_only(self, word: str) -> None:
        """Filter by a word, or by nothing if that is filtered by already."""
        if self.view is not None:
            self._narrow("" if self.line == word else word)

    def action_sort(self) -> None:
        self.wish = self.wish.sorted_next()

    def action_other_side(self) -> None:
        if self.rival is None:
            self.complain("There is no second run yet; <errors.rival> chooses one.")
            return
        if not self.wish.side:
            # What only this run has right is among its wrong answers never to be found.
            self._narrow("")
        self.wish = self.wish.other_side()
        if not self.wish.side:
            self.action_widen()

    def action_surer(self, stops: int) -> None:
        self.wish = self.wish.surer(stops)

    def action_toggle_percent(self) -> None:
        self.percent = not self.percent

    def action_toggle_saliency(self) -> None:
        self.shown_pane = "digit"
        self.saliency = not self.saliency

    def action_toggle_alike(self) -> None:
        self.shown_pane = "digit"
        self.alike = not self.alike

    def action_choose_rival(self) -> None:
        self.choose_rival()

    def action_save_table(self) -> None:
        self.save("csv")

    def action_save_sheet(self) -> None:
        self.save("png")

    def action_page(self, pages: int) -> None:
        self.query_one(DigitGallery).action_move_page(pages)

    @on(ConfusionGrid.Walked)
    def _walked(self, event: ConfusionGrid.Walked) -> None:
        self.cell = event.by.cell

    @on(DigitPicture.Moved)
    def _moved(self, event: DigitPicture.Moved) -> None:
        if self.view is not None and event.place < len(self.view.indices):
            self._digit = int(self.view.indices[event.place])
            self.cursor = event.place
            self.look_closer()

    @on(DigitGallery.Opened)
    def _opened(self) -> None:
        self.action_show_pane("digit")

    @on(ReliabilityChart.Slid)
    def _slid(self, event: ReliabilityChart.Slid) -> None:
        self.action_surer(event.stops)

    @on(FilterLine.Written)
    def _written(self, event: FilterLine.Written) -> None:
        """Follow the filter as it is written; complain only of what a person thinks is done."""
        if self.view is None:
            self.message = self.in_keys(self.sentence) if event.done else ""
            return
        try:
            query = parse(event.text, self.view.mistakes.predictions.class_names)
        except FilterError as error:
            self.message = str(error) if event.done else ""
            return
        self.wish = dataclasses.replace(self.wish, query=query)
        if event.done:
            if query != self._before:
                self._wider.append(self._before)
            self.action_show_pane("gallery")

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        self.action_show_pane(event.pane)
