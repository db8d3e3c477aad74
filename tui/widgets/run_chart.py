"""A chart that can be pointed at: a cursor, and stretches that are looked at closely.

Arrows move the cursor and shift makes them fast; a click puts it somewhere, dragging chooses a
stretch, and the wheel looks closer or less close around the pointer.
"""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.engine.chart_view import ChartView
from tui.widgets import chart_cursor
from tui.widgets.chart_sheet import ChartPlan, Stretch
from tui.widgets.loss_chart import LossChart

FAST: Final = 10
"""Columns that a fast arrow moves."""

WHEEL: Final = 0.7
"""What is left of a stretch after a turn of the wheel."""

SHORTEST: Final = 4.0
"""Steps that a stretch has at the least."""


class RunChart(LossChart, can_focus=True):
    """A `LossChart` with a cursor."""

    ALLOW_SELECT = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", show=False),
        Binding("right", "move(1)", show=False),
        Binding("shift+left", f"move({-FAST})", show=False),
        Binding("shift+right", f"move({FAST})", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
    ]

    class Zoomed(Message):
        """Whether a stretch is looked at closely has changed."""

        def __init__(self, closely: bool) -> None:
            super().__init__()
            self.closely = closely

    def __init__(self, *, placeholder: str | None = None, max_rate: float = 5.0) -> None:
        """Make an empty chart."""
        super().__init__(placeholder=placeholder, max_rate=max_rate)
        self._pressed: int | None = None

    @property
    def can_go_back(self) -> bool:
        """Is there something that `back` would take back?"""
        return self.begun is not None or bool(self.zooms)

    def back(self) -> bool:
        """Give up the stretch that is being chosen, or look less close; was there one?"""
        if self.begun is not None:
            self.begun = None
        elif self.zooms:
            self.zooms = self.zooms[:-1]
        else:
            return False
        return True

    def choose_end(self) -> None:
        """The cursor is where a stretch begins; the next time, where it ends, and it is shown."""
        if self.planned is None:
            return
        if not self.has_focus:
            self.focus()
        cursor = self._cursor_on(self.planned)
        if self.begun is None:
            self.begun = cursor
        else:
            begun, self.begun = self.begun, None
            if begun != cursor:
                self._show_stretch(chart_cursor.reach(self.planned, begun, cursor))

    def watch_zooms(self) -> None:
        super().watch_zooms()
        self.post_message(self.Zoomed(bool(self.zooms)))

    def watch_view(self, old: ChartView, new: ChartView) -> None:
        super().watch_view(old, new)
        self.begun = None

    def action_move(self, by: int) -> None:
        """So many columns to the right."""
        if self.planned is not None:
            self.cursor = chart_cursor.moved(self.planned, self._cursor_on(self.planned), by)

    def on_focus(self) -> None:
        """The cursor is where the run is."""
        if self.planned is not None:
            self._cursor_on(self.planned)

    def was_drawn(self, planned: ChartPlan) -> None:
        """It may have had the focus before there was anything to see."""
        if self.has_focus:
            self._cursor_on(planned)

    def on_blur(self) -> None:
        """Nobody asks any longer."""
        self.cursor = self.begun = None

    def _cursor_on(self, planned: ChartPlan) -> float:
        """Where the cursor is; put at the end of the curve if it is nowhere."""
        if self.cursor is None:
            self.cursor = chart_cursor.moved(planned, planned.stretch[1], 0)
        return self.cursor

    def _show_stretch(self, stretch: Stretch) -> None:
        low, high = stretch
        if high - low >= 1:
            short = max(SHORTEST - (high - low), 0.0) / 2
            self.zooms = (*self.zooms, (max(low - short, 0.0), high + short))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Where something may begin to be dragged."""
        if self.planned is not None:
            self._pressed = event.x
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show what is being dragged over."""
        planned, pressed = self.planned, self._pressed
        if planned is None or pressed is None or event.x == pressed:
            return
        self.cursor = planned.step_in(event.x - planned.left)
        self.begun = planned.step_in(pressed - planned.left)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """A click puts the cursor there, and a stretch that was dragged over is shown."""
        planned, pressed = self.planned, self._pressed
        self._pressed = None
        self.release_mouse()
        if planned is None or pressed is None:
            return
        self.focus()
        self.begun = None
        self.cursor = step = planned.step_in(event.x - planned.left)
        if event.x != pressed:
            begun = planned.step_in(pressed - planned.left)
            self._show_stretch((min(begun, step), max(begun, step)))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look closer at what is under the pointer."""
        event.stop()
        self._scale(event.x, WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look less close, up to everything there is."""
        event.stop()
        self._scale(event.x, 1 / WHEEL)

    def _scale(self, x: int, factor: float) -> None:
        planned, history = self.planned, self.history
        if planned is None or history is None or (factor > 1 and not self.zooms):
            return
        low, high = planned.stretch
        at = planned.step_in(x - planned.left)
        factor = max(factor, SHORTEST / max(high - low, SHORTEST))
        low, high = at - (at - low) * factor, at + (high - at) * factor
        if low <= 0 and high >= history.last_step:
            self.zooms = ()
        else:
            self.zooms = ((max(low, 0.0), high),)
