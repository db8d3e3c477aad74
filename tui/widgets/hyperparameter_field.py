"""One hyperparameter as a field: its label, its editor, and whether what stands in it will do."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import ClassVar

from rich.console import RenderableType
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import SuggestFromList
from textual.widgets import Input, Select
from textual.widgets._select import NoSelection, SelectCurrent, SelectOverlay

from nn.hyperparameters import HyperparameterError, Value
from nn.specs import Spec, format_value
from tui.engine.text import printable
from tui.widgets.characters import shorten
from tui.widgets.line_editor import LineEditor

LIVE = "●"
"""Stands before the label of what a live run can take over now; the status line's own sign."""

LABEL = 17
"""Cells that a label takes; the editor begins behind them."""


class _List(SelectOverlay):
    """Pages of it are turned once it has been laid out: before that Textual 8.2 ends in a
    KeyError, and a key that is pressed at once comes before that."""

    def action_page_up(self) -> None:
        if self.size:
            self._move_page(-1)

    def action_page_down(self) -> None:
        if self.size:
            self._move_page(1)


class _Current(SelectCurrent):
    """Waits for its label, where Textual 8.2 ends in NoMatches."""

    def update(self, label: RenderableType | NoSelection) -> None:
        if self.is_mounted:
            super().update(label)
        else:
            self.call_later(self.update, label)


class Choice(Select[str], inherit_bindings=False):
    """A Select that leaves up and down to the form until it is open, and opens when it can: the key
    may come before what is to be opened."""

    def compose(self) -> ComposeResult:
        yield _Current(self.prompt)
        yield _List(type_to_search=True).data_bind(compact=Select.compact)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "show_overlay", "Choose", show=False)
    ]

    def on_mount(self) -> None:
        # Textual 8.2 would now begin with what it was made with, whatever it has been told since.
        if self.value is not self.NULL:
            self._value = self.value
            self.set_reactive(Select.value, self.NULL)  # type: ignore[misc]

    def action_show_overlay(self) -> None:
        if self.is_mounted:
            super().action_show_overlay()
        else:
            self.call_later(self.action_show_overlay)


class HyperparameterField(Vertical, can_focus=True):
    """A label and what stands beside it; checks as it is typed.

    An Input, or a Select where there are choices, takes the place of the value when the field is
    gone to for the first time: thirty of them at the start took longer than all the rest of the
    screen. Where a text has known beginnings, up and down put one after the other into the Input. A
    field that is not mounted yet has its text as well, and may be asked and told like any other.
    """

    DEFAULT_CSS = """
    HyperparameterField {
        height: auto;
        max-height: 1;
        width: 1fr;

        Input, Select { width: 1fr; margin-left: 17; }
        Input { background: $foreground 8%; }
        Input:focus { background: $primary 30%; }
        Input.-bad { color: $error; text-style: underline; }
    }
    """

    error: reactive[str] = reactive("", repaint=False)
    """A sentence while what stands in the field will not do."""

    tunable: reactive[bool] = reactive(False, repaint=False)
    """Could a live run take over, right now, what stands here?"""

    @dataclass
    class Changed(Message):
        """What stands in the field is another text now, by a person's hand."""

        field: HyperparameterField

    @dataclass
    class Submitted(Message):
        """Enter was pressed in the field."""

        field: HyperparameterField

    @dataclass
    class Entered(Message):
        """The field has the focus now."""

        field: HyperparameterField

    @dataclass
    class Left(Message):
        """The field has lost the focus."""

        field: HyperparameterField

    def __init__(self, spec: Spec) -> None:
        super().__init__(id=f"field-{spec.name}")
        self.spec = spec
        self._last = format_value(spec.default)
        self._editor: Choice | Input | None = None
        self._edited_since = math.inf
        self._focus_once_mounted = False
        self.edited = False
        how = f"{LIVE} A live run can take it over." if spec.live else "Another is for a new run."
        self.tooltip = f"{explained(spec)}. {how}"

    def render(self) -> Content:
        bad = bool(self.error)
        label, value = ("$error bold", "$error underline") if bad else ("$soft", "")
        room = max(self.size.width - LABEL, 0)
        sign = "▼" if self.spec.choices else ""
        shown = shorten(printable(self._last, room + 1), room - 3 * len(sign))
        line = shown.ljust(max(room - 2 * len(sign), 0))
        help = _lines(self.spec.help, self.size.width)
        return Content.assemble(
            (self.label.ljust(LABEL), label),
            (line, f"{value} on $foreground 8%".strip()),
            (f"{sign} " if sign else "", "$quiet on $foreground 8%"),
            ("".join(f"\n  {row}" for row in help), "$quiet"),
            "\n",
        )

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        # An editor lies on the first line of what is drawn here, and adds none.
        return len(_lines(self.spec.help, width)) + 2

    def edit(self) -> Choice | Input:
        """What the text is changed with, put in its place if it is not there yet."""
        if self._editor is None:
            self._editor = self._make_editor()
            self._edited_since = monotonic()
            self.can_focus = False
            self.mount(self._editor)
        return self._editor

    def _make_editor(self) -> Choice | Input:
        if self.spec.choices:
            options = [(choice, choice) for choice in self.spec.choices]
            return Choice(options, value=self._last, allow_blank=False, compact=True)
        starts = self.spec.starts
        suggester = SuggestFromList(starts, case_sensitive=False) if starts else None
        editor = LineEditor(self._last, compact=True, suggester=suggester)
        # A blinking cursor is bytes on the wire, twice a second, for nothing.
        editor.cursor_blink = False
        editor.set_class(bool(self.error), "-bad")
        return editor

    def on_mount(self) -> None:
        if self._focus_once_mounted:
            self.take_focus()

    def on_focus(self) -> None:
        # Not by `focus()`, which puts it off: somebody who tabs on quickly would be called back.
        if self.screen.focused is self:
            self.screen.set_focus(self.edit(), scroll_visible=False)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click on a choice opens it, as it does once it is there."""
        # By now the focus has put the editor there, but what was pressed is the field.
        if event.time <= self._edited_since:
            editor = self.edit()
            self.take_focus()
            if isinstance(editor, Choice):
                self.call_after_refresh(editor.action_show_overlay)

    @property
    def text(self) -> str:
        """What stands in the field."""
        return self._last if self._editor is None else str(self._editor.value)

    def show(self, value: Value) -> None:
        """Put a value into the field, without a word to anyone."""
        self._last = format_value(value)
        if self._editor is not None:
            with self.prevent(Input.Changed, Select.Changed):
                self._editor.value = self._last
        self.edited = False
        self.error = ""
        self.refresh()

    def parse(self) -> Value:
        """
        Raises:
            HyperparameterError: what stands there will not do.
        """
        return self.spec.parse(self.text)

    def take_focus(self) -> None:
        """Go there, at once or as soon as the field is there to go to."""
        self._focus_once_mounted = not self.is_attached
        if self.is_attached:
            self.edit().focus()

    def check(self) -> None:
        """Look at the text and say in `error` what is wrong with it, if anything is."""
        try:
            self.parse()
        except HyperparameterError as problem:
            self.error = str(problem)
        else:
            self.error = ""

    def watch_error(self, error: str) -> None:
        if self._editor is not None:
            self._editor.set_class(bool(error), "-bad")
        self.refresh()

    def watch_tunable(self) -> None:
        self.refresh()

    @property
    def label(self) -> str:
        """What stands before the value."""
        # The mark says with a sign what the colour says.
        mark = "!" if self.error else LIVE if self.tunable else " "
        return f"{mark} {self.spec.label}"

    @on(Input.Changed)
    @on(Select.Changed)
    def _edited(self, event: Input.Changed | Select.Changed) -> None:
        event.stop()
        if self.text == self._last:
            # A Select announces its first value too, which nobody has chosen.
            return
        self._last = self.text
        self.edited = True
        self.check()
        self.post_message(self.Changed(self))

    @on(events.Key)
    def _hand_on(self, event: events.Key) -> None:
        """What was typed on the way from here to the editor, which keeps its own letters."""
        if event.is_printable and isinstance(self._editor, Input):
            event.stop()
            self._editor.post_message(event)

    @on(events.Key)
    def _offer(self, event: events.Key) -> None:
        starts = self.spec.starts
        if not starts or event.key not in ("up", "down"):
            return
        event.stop()
        field = self._editor
        assert isinstance(field, Input)
        # The longest that fits, or it would be mnist in a text that begins with mnist-odd.
        fitting = [start for start in starts if field.value.startswith(start)]
        place = starts.index(max(fitting, key=len)) if fitting else -1 if event.key == "down" else 0
        field.value = starts[(place + (1 if event.key == "down" else -1)) % len(starts)]
        field.cursor_position = len(field.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted(self))

    @on(events.DescendantFocus)
    def _entered(self) -> None:
        self.post_message(self.Entered(self))

    @on(events.DescendantBlur)
    def _left(self) -> None:
        self.post_message(self.Left(self))


def explained(spec: Spec) -> str:
    """What it is, and its bounds: one sentence, without its full stop."""
    sentence = f"{spec.help[:1].upper()}{spec.help[1:]}"
    return f"{sentence} ({spec.bounds})" if spec.bounds else sentence


@lru_cache(maxsize=1024)
def _lines(text: str, width: int) -> tuple[str, ...]:
    """A text as indented lines of so many cells; every layout asks anew."""
    return tuple(textwrap.wrap(text, max(width - 2, 10)))
