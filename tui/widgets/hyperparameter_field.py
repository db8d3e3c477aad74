"""One hyperparameter as a field: its label, its editor, and whether what stands in it will do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, Select

from nn.hyperparameters import HyperparameterError, Value
from nn.specs import Spec, format_value

LIVE = "●"
"""Stands before the label of what a live run can take over now; the status line's own sign."""


class Choice(Select[str], inherit_bindings=False):
    """A Select that leaves up and down to the form until it is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "show_overlay", "Choose", show=False)
    ]


class HyperparameterField(Vertical):
    """A label and an Input, or a Select where there are choices; checks as it is typed.

    Where a text has known beginnings, up and down put one after the other into the Input. A field
    that is not mounted yet has its text as well, and may be asked and told like any other.
    """

    DEFAULT_CSS = """
    HyperparameterField {
        height: auto;
        width: 1fr;

        Horizontal { height: 1; }
        .field-label { width: 17; color: $foreground 80%; }
        .field-help { display: none; width: 1fr; height: auto; padding: 0 0 1 2;
                      color: $foreground 50%; }
        Input { width: 1fr; background: $foreground 8%; }
        Input:focus { background: $primary 30%; }
        Input.-bad { color: $error; text-style: underline; }
        Select { width: 1fr; }
        &.-bad .field-label { color: $error; text-style: bold; }
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
        self._focus_once_mounted = False
        self.edited = False

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Label(self._label(), classes="field-label", markup=False)
            if self.spec.choices:
                options = [(choice, choice) for choice in self.spec.choices]
                self._editor = Choice(options, value=self._last, allow_blank=False, compact=True)
            else:
                starts = self.spec.starts
                suggester = SuggestFromList(starts, case_sensitive=False) if starts else None
                self._editor = Input(self._last, compact=True, suggester=suggester)
                # A blinking cursor is bytes on the wire, twice a second, for nothing.
                self._editor.cursor_blink = False
                self._editor.set_class(bool(self.error), "-bad")
            yield self._editor
        yield Label(self.spec.help, classes="field-help", markup=False)

    def on_mount(self) -> None:
        if self._focus_once_mounted:
            self.take_focus()

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

    def parse(self) -> Value:
        """
        Raises:
            HyperparameterError: what stands there will not do.
        """
        return self.spec.parse(self.text)

    def take_focus(self) -> None:
        """Go there, at once or as soon as the field is there to go to."""
        self._focus_once_mounted = self._editor is None
        if self._editor is not None:
            self._editor.focus()

    def check(self) -> None:
        """Look at the text and say in `error` what is wrong with it, if anything is."""
        try:
            self.parse()
        except HyperparameterError as problem:
            self.error = str(problem)
        else:
            self.error = ""

    def watch_error(self, error: str) -> None:
        self.set_class(bool(error), "-bad")
        for field in self.query(Input):
            field.set_class(bool(error), "-bad")
        self._show_label()

    def watch_tunable(self) -> None:
        self._show_label()

    def _show_label(self) -> None:
        for label in self.query(".field-label").results(Label):
            label.update(self._label(), layout=False)

    def _label(self) -> str:
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
    def _offer(self, event: events.Key) -> None:
        starts = self.spec.starts
        if not starts or event.key not in ("up", "down"):
            return
        event.stop()
        field = self.query_one(Input)
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
