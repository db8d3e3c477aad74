"""The Draw screen: draw a digit, and see what the network makes of it while it is drawn.

Beside the drawing stands what the network is shown, since most of what it gets wrong it was shown
in a way that no digit of its training was: too small, too large, in a corner.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from tui.commands import bindings, commands_in
from tui.engine.drawing import BRUSHES, Drawing
from tui.engine.reading import Reading, Subject
from tui.engine.run_status import RunStatus
from tui.engine.samples import Samples
from tui.engine.state import RunState
from tui.screens.about import BARS, SEEN, SHEET
from tui.screens.draw_desk import DrawDesk
from tui.widgets.ask_line import AskLine
from tui.widgets.class_bars import ClassBars
from tui.widgets.drawing_pad import DrawingPad, Tool, clamped
from tui.widgets.key_line import KeyLine
from tui.widgets.seen_digit import SeenDigit
from tui.widgets.status_line import StatusLine

WHAT_IS_IT = "What is it?"
WHICH_PICTURE = "Which picture?"

ENOUGH = (78, 22)
"""Columns and rows from which on there is room for more than the drawing and the bars."""

PLENTY = 48
"""Rows from which on, where the room is wide, a sheet three times as large has room."""

ROOM_TO_EXPLAIN = 100
"""Columns from which on there is room for whole sentences."""


def explain(subject: Subject, *, brief: bool) -> str:
    """What is seen here, with its equations and where they are computed."""
    frame = subject.frame
    mass = "centre of mass sum(x * ink) / sum(ink)"
    middle = f"{mass if frame.by_mass else 'outline'} in the middle"
    if brief:
        return (
            f"Seen: ink scaled to {frame.box} pixels, its {middle}, as with the digits it learnt "
            "(nn/data/centre.py: Frame.centred). Without (<draw.centring>), it meets other "
            "weights.\n"
            "Bars: p_k = exp(z_k) / sum_j exp(z_j), z the last layer's sums (nn/losses.py: "
            "softmax). They sum to 1, digit or not."
        )
    return (
        f"Seen: the ink is scaled until its longer side is {frame.box} pixels, and put into the "
        f"field of {frame.width}x{frame.height} with its {middle}, for so lie the digits "
        "the network has learnt from (nn/data/centre.py: Frame.centred).\n\n"
        "<draw.centring> shows it the drawing as it is. A dense layer computes a = f(xW + b), and "
        "each pixel has weights of its own: a 7 in a corner meets weights that have never seen a "
        "stroke there, and is, to this network, no 7.\n\n"
        "Bars: p_k = exp(z_k) / sum_j exp(z_j), where z are the sums of the last layer "
        "(nn/losses.py: softmax). They sum to 1 whatever is drawn: a network of these "
        "classes cannot say that it is none of them."
    )


class DrawScreen(DrawDesk):
    """The sheet, what the network sees of it, and what it takes it for."""

    NAME = "draw"
    CSS_PATH = "draw.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("draw"),
        Binding("left", "move(-1, 0)", show=False),
        Binding("right", "move(1, 0)", show=False),
        Binding("up", "move(0, -1)", show=False),
        Binding("down", "move(0, 1)", show=False),
    ]

    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)
    tool: reactive[Tool] = reactive(Tool(), repaint=False)
    question: reactive[str] = reactive("", repaint=False)

    def compose(self) -> ComposeResult:
        yield StatusLine().data_bind(DrawScreen.status, DrawScreen.sent)
        with Container(id="desk"):
            pad = DrawingPad().data_bind(DrawScreen.drawing, DrawScreen.tool)
            yield pad.with_tooltip(SHEET)
            with Container(id="answers"):
                yield SeenDigit().data_bind(DrawScreen.reading).with_tooltip(SEEN)
                yield ClassBars().data_bind(DrawScreen.reading).with_tooltip(BARS)
            yield Static(id="explain", markup=False)
        yield Static(id="samples", markup=False)
        yield AskLine().data_bind(DrawScreen.question)
        yield self.too_small()
        yield KeyLine(commands_in("draw")).data_bind(DrawScreen.editing)

    def on_mount(self) -> None:
        self.query_one("#explain").border_title = "Explain"
        self.query_one(DrawingPad).focus()

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        self.set_class(width < ENOUGH[0] or height < ENOUGH[1], "-cramped")
        self.set_class(height >= PLENTY, "-high")
        self._explain()

    def show_state(self, state: RunState | None) -> None:
        """The run as it is by now; drawings are read by its newest network."""
        self.status = state.status if state is not None else RunStatus()
        self.follow(state)

    def watch_drawing(self) -> None:
        super().watch_drawing()
        self.tool = clamped(self.tool, self.drawing.shape)

    def watch_reading(self, old: Reading | None, new: Reading | None) -> None:
        super().watch_reading(old, new)
        if new is not None and (old is None or old.subject != new.subject):
            self._explain()

    def _explain(self) -> None:
        subject = self.reading.subject if self.reading is not None else Subject()
        for shown in self.query("#explain").results(Static):
            words = explain(subject, brief=self.size.width < ROOM_TO_EXPLAIN)
            shown.update(self.in_keys(words))

    def watch_samples(self, samples: Samples | None) -> None:
        words = ""
        if samples is not None and self.reading is not None:
            subject = self.reading.subject
            words = f"{samples.path.stem}: {samples.in_words(subject.class_names)}"
        for shown in self.query("#samples").results(Static):
            shown.update(words, layout=False)

    def watch_focused(self, focused: Widget | None) -> None:
        super().watch_focused(focused)
        if not self.editing:
            self.question = ""

    def action_toggle_pen(self) -> None:
        """Down, it leaves a dot at once."""
        tool = dataclasses.replace(self.tool, down=not self.tool.down)
        if tool.down:
            self._hold(tool)
            self._stroke(self.drawing.noted(), tool.middle, tool.middle, erase=tool.erasing)
        else:
            self.tool = tool

    def action_toggle_eraser(self) -> None:
        self.tool = dataclasses.replace(self.tool, erasing=not self.tool.erasing)

    def action_next_brush(self) -> None:
        self.tool = dataclasses.replace(self.tool, brush=(self.tool.brush + 1) % len(BRUSHES))

    def action_undo(self) -> None:
        self.drawing = self.drawing.undone()

    def action_clear(self) -> None:
        self.tool = dataclasses.replace(self.tool, down=False)
        self.drawing = self.drawing.cleared()

    def action_toggle_centring(self) -> None:
        self.centring = not self.centring

    def action_keep(self) -> None:
        if self.drawing.is_blank:
            self.complain("There is nothing on the sheet to keep; draw something first.")
        else:
            self.question = WHAT_IS_IT

    def action_open(self) -> None:
        self.question = WHICH_PICTURE

    def action_save(self) -> None:
        self.save_picture()

    def action_lift(self) -> None:
        self.tool = dataclasses.replace(self.tool, down=False)
        self.query_one(DrawingPad).focus()

    @on(AskLine.Answered)
    def _answered(self, event: AskLine.Answered) -> None:
        self.query_one(DrawingPad).focus()
        if event.text and event.question == WHAT_IS_IT:
            self.keep(event.text)
        elif event.text:
            self.open_picture(event.text)

    @on(DrawingPad.Stroked)
    def _stroked(self, event: DrawingPad.Stroked) -> None:
        erase = event.erase or self.tool.erasing
        drawing = self.drawing.noted() if event.begins else self.drawing
        x, y = event.end
        place = dataclasses.replace(self.tool, x=int(x // 1), y=int(y // 1), down=False)
        self._hold(clamped(place, self.drawing.shape))
        self._stroke(drawing, event.start, event.end, erase=erase)

    def action_move(self, right: int, down: int) -> None:
        """The pen, by so many pixels. No message of the sheet's: a key right after it must not
        overtake it."""
        if self.editing:
            return
        start = self.tool.middle
        tool = clamped(self.tool, self.drawing.shape, right, down)
        if tool.down:
            self._hold(tool)
            self._stroke(self.drawing, start, tool.middle, erase=tool.erasing)
        else:
            self.tool = tool

    def _hold(self, tool: Tool) -> None:
        """Silently, for the sheet is to be drawn once, with the stroke that follows."""
        self.set_reactive(DrawScreen.tool, tool)
        self.query_one(DrawingPad).set_reactive(DrawingPad.tool, tool)

    def _stroke(
        self,
        drawing: Drawing,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        erase: bool,
    ) -> None:
        self.drawing = drawing.stroked(start, end, self.tool.brush, erase=erase)
