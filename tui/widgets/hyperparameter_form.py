"""The form: every hyperparameter, made from its one definition, checked as it is typed.

While a run is live, the fields that it can take over at once are sent on Enter; in the others Enter
asks for a new run. The form starts nothing itself.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Label, Select, Static

from nn.hyperparameters import HyperparameterError, Hyperparameters, Value
from nn.presets import PRESETS, assembled, default_preset, resolve
from nn.specs import SPECS, format_value
from tui.commands import COMMANDS
from tui.commands.keymap import with_keys
from tui.widgets.field_group import FieldColumn, FieldGroup
from tui.widgets.group_heading import FOLDS
from tui.widgets.hyperparameter_field import Choice, HyperparameterField, explained

FOLDED_AT_FIRST = frozenset({"Regularisation", "Augmentation", "Machine"})
"""What a first run can do without."""


RECIPE = "A recipe: choosing one fills in every field."


class HyperparameterForm(Vertical):
    """Fields for all of `SPECS` in their groups, a choice of presets, and a line that explains."""

    DEFAULT_CSS = """
    HyperparameterForm {
        height: 1fr;

        #fields { height: 1fr; scrollbar-size: 1 1; scrollbar-background: $background;
                  scrollbar-color: $foreground 30%; }
        #preset-row { height: 1; }
        #preset-row Label { width: 17; color: $soft; }
        #preset-row Select { width: 1fr; }
        SelectCurrent { background: $foreground 8%; }
        SelectCurrent Static#label, SelectCurrent Static.arrow { color: $quiet; }
        SelectCurrent.-has-value Static#label { color: $foreground; }
        Select:focus > SelectCurrent { background: $primary 30%; }
        Select > SelectOverlay { background: $primary 25%; }
        #form-message { height: 2; color: $soft; }
        #form-message.-bad { color: $error; }
        &:nocolor Select:focus > SelectCurrent { text-style: reverse; }
    }
    """

    running: reactive[Hyperparameters | None] = reactive(None, repaint=False)
    """What the live run trains with, if there is one: Enter in a live field goes to it."""

    keys: reactive[Mapping[str, str]] = reactive(dict, repaint=False)
    """Keys of the user's own, by command."""

    @dataclass
    class Tuned(Message):
        """Enter in a field that a live run can take over at once; the text has been checked."""

        name: str
        text: str

    @dataclass
    class NewRunNeeded(Message):
        """Enter in a field that a live run cannot take over, with another text than it has."""

    def __init__(self, initial: Hyperparameters | None = None) -> None:
        """`initial` is what is shown first; without it, what the first data set is trained with."""
        super().__init__()
        self._initial = initial
        self.furnished = False
        self._put_off: list[Callable[[], None]] = []
        self.fields = {name: HyperparameterField(spec) for name, spec in SPECS.items()}
        by_group = itertools.groupby(self.fields.values(), lambda field: field.spec.group)
        self.groups = [
            FieldGroup(title, list(fields), folded=title in FOLDED_AT_FIRST)
            for title, fields in by_group
        ]

    def compose(self) -> ComposeResult:
        yield FieldColumn(id="fields")
        yield Static(id="form-message", markup=False)

    def watch_running(self, old: Hyperparameters | None, new: Hyperparameters | None) -> None:
        if (old is None) != (new is None):
            for field in self.fields.values():
                field.tunable = new is not None and field.spec.live
        if old is None or new is None:
            return
        for field in self.fields.values():
            name = field.spec.name
            if getattr(old, name) != getattr(new, name):
                value = getattr(new, name)
                field.show(value)
                self._say(f"{field.spec.label} is {format_value(value)} now.")
                self._summarise()

    def on_mount(self) -> None:
        self.show_values(self._initial or resolve(None, {}))
        # Fifty widgets, for which the rest of a new screen does not wait.
        self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        recipes = [(name, name) for name in PRESETS]
        preset = Horizontal(
            Label("  Preset"),
            Choice(recipes, prompt="custom", compact=True, id="preset").with_tooltip(RECIPE),
            id="preset-row",
        )
        if column := self.query(FieldColumn):
            await column.first().mount(preset, *self.groups)
        if not preset.is_attached:
            return  # Somebody has left already.
        self.furnished = True
        self._show_preset()
        for act in self._put_off:
            act()

    def _later(self, act: Callable[..., None], *what: object) -> bool:
        """Is there no field to go to yet? Then it is done when there is."""
        if not self.furnished:
            self._put_off.append(partial(act, *what))
        return not self.furnished

    def hyperparameters(self) -> Hyperparameters:
        """What stands in the form.

        Raises:
            HyperparameterError: the first field that will not do, by name.
        """
        return assembled({name: field.parse() for name, field in self.fields.items()})

    def show_error(self, name: str, sentence: str) -> None:
        """Mark a field with what is wrong with it, and go there."""
        if self._later(self.show_error, name, sentence):
            return
        field = self.fields.get(name)
        if field is not None:
            field.error = sentence
            group = next(group for group in self.groups if field in group.fields)
            group.fold(False)
            group.summarise()
            field.take_focus()
        self._say(sentence, bad=True)

    def apply_preset(self, name: str, given: Mapping[str, Value] | None = None) -> None:
        """Fill the form with a preset, and what was given laid over it."""
        self.show_values(resolve(name, given or {}))

    def show_values(self, values: Hyperparameters, but: HyperparameterField | None = None) -> None:
        """Fill the form, all of it but one field that somebody is typing in."""
        for name, field in self.fields.items():
            if field is not but:
                field.show(getattr(values, name))
        self._show_preset()
        self._summarise()
        self._say("")

    def stands(self, values: Hyperparameters | None) -> bool:
        """Is this, and nothing else, what stands in the form?"""
        try:
            return self.hyperparameters() == values
        except HyperparameterError:
            return False

    def fill(self, values: Hyperparameters) -> None:
        """Show the values of a run, unless they stand there already."""
        if not self.stands(values):
            self.show_values(values)

    def suggest(self, name: str, value: Value) -> None:
        """Put a value into a field as if a person had typed it, and go there."""
        if self._later(self.suggest, name, value):
            return
        field = self.fields[name]
        group = next(group for group in self.groups if field in group.fields)
        group.fold(False)
        field.show(value)
        field.edited = True
        self._show_preset()
        self._summarise()
        field.take_focus()

    def focus_first(self) -> None:
        if self._later(self.focus_first):
            return
        self.query_one("#preset", Select).focus()

    def go_to_group(self, groups: int) -> None:
        """Focus the heading of the next group (1), or of this one or the one before (-1)."""
        if self._later(self.go_to_group, groups):
            return
        focused = self.screen.focused
        around = focused.ancestors_with_self if focused else []
        here = next((i for i, group in enumerate(self.groups) if group in around), -1)
        within = groups < 0 and here >= 0 and focused is not self.groups[here].heading
        there = here if within else here + groups
        group = self.groups[min(max(there, 0), len(self.groups) - 1)]
        group.heading.focus(scroll_visible=False)
        group.scroll_visible(animate=False, top=True)

    def _summarise(self) -> None:
        for group in self.groups:
            group.summarise()

    def _show_preset(self) -> None:
        """The preset that the fields amount to, or custom."""
        if not self.furnished:
            return
        found: object = Select.NULL
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
        verdict = ""
        if self.running:
            verdict = " Enter applies it now." if spec.live else " Enter: a new run."
        elif spec.starts:
            verdict = " Down offers more."
        sentence = explained(spec)
        brief = sentence.removesuffix(f" ({spec.bounds})")
        # What there is no room for: an overstepped bound is said anyway, and a mark says live.
        offered = (f"{sentence}.{verdict}", f"{brief}.{verdict}", f"{brief}.")
        self._say(next((said for said in offered if self._fits(said)), offered[-1]))

    def _fits(self, sentence: str) -> bool:
        line = self.query_one("#form-message", Static)
        return len(textwrap.wrap(sentence, max(line.size.width, 1))) <= line.size.height

    @on(Select.Changed, "#preset")
    def _preset_chosen(self, event: Select.Changed) -> None:
        event.stop()
        if event.value is not Select.NULL:
            self.apply_preset(str(event.value))
        else:
            # To choose "custom" changes no field, so the fields are still what they were.
            self._show_preset()

    @on(events.DescendantFocus, "GroupHeading")
    def _heading_entered(self) -> None:
        self._say(with_keys(FOLDS, COMMANDS, self.keys))

    @on(events.DescendantFocus, "#preset")
    def _preset_entered(self) -> None:
        self._say(RECIPE)

    @on(HyperparameterField.Changed)
    def _field_changed(self, event: HyperparameterField.Changed) -> None:
        event.stop()
        for field in self.fields.values():
            # What would not do beside the text that stood here may do beside the new one; and here
            # more may have been typed since.
            if field.error or field is event.field:
                field.check()
        preset = self.query_one("#preset", Select).value
        if event.field.spec.name == "dataset" and preset is not Select.NULL:
            # Nobody has touched the recipe, so the data set brings its own, once it is one.
            if not event.field.error:
                dataset = str(event.field.parse())
                values = resolve(default_preset(dataset), {"dataset": dataset})
                self.show_values(values, but=event.field)
        else:
            self._show_preset()
        self._summarise()
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
            self._summarise()
            self._say(f"{field.spec.label} stays {format_value(value)}: Enter would change it.")

    def _differs(self, field: HyperparameterField) -> bool:
        """Does it say anything else than what the run goes by?"""
        return self.running is not None and field.parse() != getattr(self.running, field.spec.name)

    @on(HyperparameterField.Submitted)
    def _field_submitted(self, event: HyperparameterField.Submitted) -> None:
        event.stop()
        field = event.field
        if not field.error:
            # More may have been typed since Enter was pressed.
            field.check()
        if self.running and field.spec.live and not field.error:
            field.edited = False
            self.post_message(self.Tuned(field.spec.name, field.text))
        elif self.running and not field.error and self._differs(field):
            self.post_message(self.NewRunNeeded())
        else:
            self._explain(field)
