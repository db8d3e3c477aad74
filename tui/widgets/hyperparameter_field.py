"""One hyperparameter as a field: its label, its editor, and whether what stands in it will do."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Label, Select

from nn.hyperparameters import HyperparameterError, Spec, Value, format_value


class HyperparameterField(Vertical):
    """A label and an Input, or a Select where there are choices; checks as it is typed."""

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
        self.edited = False

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Label(self._label(), classes="field-label", markup=False)
            if self.spec.choices:
                options = [(choice, choice) for choice in self.spec.choices]
                yield Select(options, value=str(self.spec.default), allow_blank=False, compact=True)
            else:
                field = Input(format_value(self.spec.default), compact=True)
                # A blinking cursor is bytes on the wire, twice a second, for nothing.
                field.cursor_blink = False
                yield field
        yield Label(self.spec.help, classes="field-help", markup=False)

    @property
    def text(self) -> str:
        """What stands in the field."""
        if self.spec.choices:
            return str(self.query_one(Select).value)
        return self.query_one(Input).value

    def show(self, value: Value) -> None:
        """Put a value into the field, without a word to anyone."""
        with self.prevent(Input.Changed, Select.Changed):
            if self.spec.choices:
                self.query_one(Select).value = value
            else:
                self.query_one(Input).value = format_value(value)
        self._last = format_value(value)
        self.edited = False
        self.error = ""

    def parse(self) -> Value:
        """
        Raises:
            HyperparameterError: what stands there will not do.
        """
        return self.spec.parse(self.text)

    def take_focus(self) -> None:
        self.query_one(Select if self.spec.choices else Input).focus()

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
        for label in self.query(".field-label").results(Label):
            label.update(self._label())

    def _label(self) -> str:
        # The mark says with a sign what the colour says.
        return f"! {self.spec.label}" if self.error else f"  {self.spec.label}"

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
