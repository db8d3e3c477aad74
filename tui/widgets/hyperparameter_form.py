"""The form: every hyperparameter, made from its one definition, checked as it is typed.

While a run is live, the fields that it can take over at once are sent on Enter; the others say
that they are for the next run. The form starts nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Label, Select, Static

from nn.hyperparameters import (
    PRESETS,
    SPECS,
    HyperparameterError,
    Hyperparameters,
    Value,
    default_preset,
    format_value,
    resolve,
)
from tui.widgets.hyperparameter_field import HyperparameterField


class HyperparameterForm(Vertical):
    """Fields for all of `SPECS`, a choice of presets, and a line that explains."""

    DEFAULT_CSS = """
    HyperparameterForm {
        height: 1fr;

        #fields { height: 1fr; scrollbar-size: 1 1; }
        #preset-row { height: 1; }
        #preset-row Label { width: 17; color: $foreground 80%; }
        #preset-row Select { width: 1fr; }
        SelectCurrent { background: $foreground 8%; }
        Select:focus > SelectCurrent { background: $primary 30%; }
        Select > SelectOverlay { background: $primary 25%; }
        #form-message { height: 2; color: $foreground 70%; }
        #form-message.-bad { color: $error; }
        &:nocolor Select:focus > SelectCurrent { text-style: reverse; }
    }
    """

    running: reactive[Hyperparameters | None] = reactive(None, repaint=False)
    """What the live run trains with, if there is one: Enter in a live field goes to it."""

    @dataclass
    class Tuned(Message):
        """Enter in a field that a live run can take over at once; the text has been checked."""

        name: str
        text: str

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="fields", can_focus=False):
            with Horizontal(id="preset-row"):
                yield Label("  Preset")
                yield Select(
                    [(name, name) for name in PRESETS], prompt="custom", compact=True, id="preset"
                )
            for spec in SPECS.values():
                yield HyperparameterField(spec)
        yield Static(id="form-message", markup=False)

    def watch_running(self, old: Hyperparameters | None, new: Hyperparameters | None) -> None:
        if old is None or new is None:
            return
        for field in self._fields():
            name = field.spec.name
            if getattr(old, name) != getattr(new, name):
                value = getattr(new, name)
                field.show(value)
                self._say(f"{field.spec.label} is {format_value(value)} now.")

    def on_mount(self) -> None:
        self.apply_preset(default_preset(str(SPECS["dataset"].default)))

    def hyperparameters(self) -> Hyperparameters:
        """What stands in the form.

        Raises:
            HyperparameterError: the first field that will not do, by name.
        """
        return Hyperparameters.model_validate(
            {field.spec.name: field.parse() for field in self._fields()}
        )

    def show_error(self, name: str, sentence: str) -> None:
        """Mark a field with what is wrong with it, and go there."""
        for field in self._fields():
            if field.spec.name == name:
                field.error = sentence
                field.take_focus()
        self._say(sentence, bad=True)

    def apply_preset(self, name: str, given: Mapping[str, Value] | None = None) -> None:
        """Fill the form with a preset, and what was given laid over it."""
        self.show_values(resolve(name, given or {}))

    def show_values(self, values: Hyperparameters) -> None:
        """Fill the form."""
        for field in self._fields():
            field.show(getattr(values, field.spec.name))
        self._show_preset()
        self._say("")

    def focus_first(self) -> None:
        self.query_one("#preset", Select).focus()

    def _fields(self) -> list[HyperparameterField]:
        return list(self.query(HyperparameterField))

    def _show_preset(self) -> None:
        """The preset that the fields amount to, or custom."""
        found = Select.NULL
        try:
            values = self.hyperparameters()
        except HyperparameterError:
            pass
        else:
            for name in PRESETS:
                if resolve(name, {"seed": values.seed, "dataset": values.dataset}) == values:
                    found = name
                    break
        select = self.query_one("#preset", Select)
        with select.prevent(Select.Changed):
            select.value = found

    def _say(self, sentence: str, *, bad: bool = False) -> None:
        line = self.query_one("#form-message", Static)
        line.update(f"! {sentence}" if bad else sentence, layout=False)
        line.set_class(bad, "-bad")

    def _explain(self, field: HyperparameterField) -> None:
        if field.error:
            self._say(field.error, bad=True)
            return
        spec = field.spec
        bounds = f" ({spec.bounds})" if spec.bounds else ""
        sentence = f"{spec.help[:1].upper()}{spec.help[1:]}{bounds}."
        if self.running:
            sentence += " Enter applies it now." if spec.live else " For the next run."
        self._say(sentence)

    @on(Select.Changed, "#preset")
    def _preset_chosen(self, event: Select.Changed) -> None:
        event.stop()
        if event.value is not Select.NULL:
            self.apply_preset(str(event.value))
        else:
            # To choose "custom" changes no field, so the fields are still what they were.
            self._show_preset()

    @on(events.DescendantFocus, "#preset")
    def _preset_entered(self) -> None:
        self._say("A recipe: choosing one fills in every field.")

    @on(HyperparameterField.Changed)
    def _field_changed(self, event: HyperparameterField.Changed) -> None:
        event.stop()
        preset = self.query_one("#preset", Select).value
        if event.field.spec.name == "dataset" and preset is not Select.NULL:
            # Nobody has touched the recipe, so the data set brings its own.
            dataset = event.field.text
            self.apply_preset(default_preset(dataset), {"dataset": dataset})
        else:
            self._show_preset()
        self._explain(event.field)

    @on(HyperparameterField.Entered)
    def _field_entered(self, event: HyperparameterField.Entered) -> None:
        event.stop()
        self._explain(event.field)

    @on(HyperparameterField.Left)
    def _field_left(self, event: HyperparameterField.Left) -> None:
        """A live field shows what the run has; what was typed and not entered is not that."""
        event.stop()
        field = event.field
        if self.running and field.spec.live and field.edited:
            value = getattr(self.running, field.spec.name)
            field.show(value)
            self._say(f"{field.spec.label} stays {format_value(value)}: Enter would change it.")

    @on(HyperparameterField.Submitted)
    def _field_submitted(self, event: HyperparameterField.Submitted) -> None:
        event.stop()
        field = event.field
        if self.running and field.spec.live and not field.error:
            field.edited = False
            self.post_message(self.Tuned(field.spec.name, field.text))
        else:
            self._explain(field)
