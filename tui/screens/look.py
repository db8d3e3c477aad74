"""The Look screen: the network from inside, as of its newest checkpoint.

One scene is made off the event loop and handed to every view; what a view is asked to do comes back
as a message. A test digit, a unit and what is switched off are the screen's, for all views alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.reactive import reactive

from tui.commands import bindings, commands_in
from tui.engine.run_status import RunStatus
from tui.engine.scene import View, Wish
from tui.engine.state import RunState
from tui.screens.look_desk import LookDesk
from tui.widgets.digit_field import DigitField
from tui.widgets.explain import Explain
from tui.widgets.key_line import KeyLine
from tui.widgets.layers_view import LayersView
from tui.widgets.map_view import MapView
from tui.widgets.pane_tabs import PaneTabs
from tui.widgets.scene_picture import ScenePicture
from tui.widgets.status_line import StatusLine
from tui.widgets.weights_view import WeightsView

TABS: dict[str, str] = {
    "layers": "l Layers", "weights": "w Weights", "map": "m Map", "explain": "e Explain"
}  # fmt: skip
VIEWS: tuple[View, ...] = ("layers", "weights", "map")

MOST_UNDONE = 1000


class LookScreen(LookDesk):
    """Layers, weights, a map, and words that explain them."""

    NAME = "look"
    CSS_PATH = "look.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("look")]

    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)
    shown_view: reactive[View] = reactive("layers", repaint=False)
    explaining: reactive[bool] = reactive(False, repaint=False)
    """Has somebody asked for the words where there are none, or had them taken away?"""
    shown_tab: reactive[str] = reactive("layers", repaint=False)
    digit: reactive[int] = reactive(0, repaint=False)
    unit: reactive[int] = reactive(0, repaint=False)
    off: reactive[tuple[int, ...]] = reactive((), repaint=False)

    @dataclass
    class LessonAsked(Message):
        """One step of training is to be gone through with this test digit."""

        index: int

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self._before: list[tuple[int, ...]] = []

    def compose(self) -> ComposeResult:
        yield StatusLine().data_bind(LookScreen.status, LookScreen.sent)
        yield PaneTabs(TABS).data_bind(shown=LookScreen.shown_tab)
        with Container(id="views"):
            with Container(id="layers-pane", classes="pane"):
                yield LayersView().data_bind(LookScreen.scene)
            with Container(id="weights-pane", classes="pane"):
                yield WeightsView().data_bind(LookScreen.scene, LookScreen.unit, LookScreen.off)
            with Container(id="map-pane", classes="pane"):
                yield MapView().data_bind(
                    LookScreen.scene, LookScreen.digit, LookScreen.words, other=LookScreen.tsne
                )
        with Container(id="explain-pane", classes="pane"):
            yield Explain().data_bind(LookScreen.keys, view=LookScreen.shown_view)
        yield DigitField()
        yield self.too_small()
        yield KeyLine(commands_in("look")).data_bind(LookScreen.editing)

    def on_mount(self) -> None:
        for pane, label in TABS.items():
            self.query_one(f"#{pane}-pane").border_title = label
        self.watch_shown_view(self.shown_view)
        self.action_show_view("layers")

    def show_state(self, state: RunState | None) -> None:
        """The run as it is by now; its network is looked at aside."""
        self.status = RunStatus() if state is None else state.status
        self.follow(state)

    def forget(self) -> None:
        self.digit, self.unit, self.off, self.tsne = 0, 0, (), None
        self._before.clear()

    def wish(self) -> Wish:
        seen = {
            view
            for view in VIEWS
            for found in self.query(f"#{view}-pane > *").results(ScenePicture)
            if found.is_seen
        }
        return Wish(self.digit, self.off, frozenset(seen))

    def on_resize(self) -> None:
        # Another size shows other views.
        self.call_after_refresh(self.look)

    def watch_shown_view(self, shown: View) -> None:
        self._set_tab()
        for view in VIEWS:
            for pane in self.query(f"#{view}-pane"):
                pane.set_class(view == shown, "-shown")
        self.call_after_refresh(self.look)

    def watch_explaining(self, explaining: bool) -> None:
        self.set_class(explaining, "-explaining")
        self._set_tab()
        self.call_after_refresh(self.look)

    def _set_tab(self) -> None:
        words_alone = self.explaining and self.has_class("-narrow")
        self.shown_tab = "explain" if words_alone else self.shown_view

    def watch_digit(self) -> None:
        self.look()

    def watch_off(self) -> None:
        self.look()

    def action_lesson(self) -> None:
        self.post_message(self.LessonAsked(self.digit))

    def action_show_view(self, view: View) -> None:
        self.shown_view = view
        if self.has_class("-narrow"):
            self.explaining = False
        self.query_one(f"#{view}-pane > *").focus()

    def action_toggle_explain(self) -> None:
        self.explaining = not self.explaining

    def action_step(self, digits: int) -> None:
        n = self._digits()
        if n:
            self.digit = (self.digit + digits) % n

    def action_choose_digit(self) -> None:
        if self._digits():
            self.query_one(DigitField).take_focus()

    def action_switch(self) -> None:
        """The unit at the cursor: off, or on again."""
        self._unit_moved()
        units = self.scene.units if self.scene is not None else None
        if units is None:
            self.complain("There are no units yet; <look.weights> shows them.")
        elif not units.hidden:
            self.complain("This network has no hidden layer, so there is no unit to switch off.")
        else:
            self._before = [*self._before[-MOST_UNDONE:], self.off]
            unit = min(self.unit, len(units.weights) - 1)
            rest = tuple(other for other in self.off if other != unit)
            self.off = rest if unit in self.off else tuple(sorted((*self.off, unit)))

    def action_undo(self) -> None:
        if self._before:
            self.off = self._before.pop()
        else:
            self.complain("There is nothing to undo.")

    def action_toggle_tsne(self) -> None:
        self.action_show_view("map")
        if self.stop_drawing() or self.tsne is not None:
            self.tsne = None
        else:
            self.draw_tsne()

    def action_back(self) -> None:
        if self.editing:
            self._leave_field()
        elif self.stop_drawing():
            self.tsne = None
        elif self.explaining and self.has_class("-narrow"):
            self.explaining = False

    def _leave_field(self) -> None:
        self.action_show_view(self.shown_view)
        self.query_one(DigitField).put_away()

    def _digits(self) -> int:
        """How many test digits there are to look at."""
        split = self.scene.split if self.scene is not None else None
        return 0 if split is None else len(split.test_labels)

    @on(DigitField.Chosen)
    def _chosen(self, event: DigitField.Chosen) -> None:
        n = self._digits()
        if event.digit is not None and event.digit >= n:
            self.complain(f"Test digits go from 0 to {n - 1:,}; there is no {event.digit:,}.")
            return
        if event.digit is not None:
            self.digit = event.digit
        self._leave_field()

    @on(WeightsView.Moved)
    def _unit_moved(self) -> None:
        # Where the cursor is by now: a message may have been overtaken by the keys after it.
        self.unit = self.query_one(WeightsView).unit

    @on(MapView.Moved)
    def _digit_moved(self) -> None:
        self.digit = self.query_one(MapView).digit or 0

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        for view in VIEWS:
            if view == event.pane:
                self.action_show_view(view)
        if event.pane == "explain":
            self.action_toggle_explain()
