"""The form checks as it is typed, and starts nothing that will not do."""

from __future__ import annotations

from pathlib import Path

import pytest
from form_fields import label, message, retype, session_of
from pilots import (
    LONG,
    SIZES,
    QuietSession,
    burst,
    field,
    form,
    opened,
    phase,
    text,
    unfold,
    wait_for,
)
from textual import events
from textual.widgets import Input, Select
from textual.widgets._select import SelectCurrent

from nn.hyperparameters import HyperparameterError
from nn.presets import PRESETS, resolve
from nn.specs import SPECS, format_value
from tui.app import InklingApp
from tui.screens.train import TrainScreen
from tui.widgets.hyperparameter_field import Choice, HyperparameterField
from tui.widgets.hyperparameter_form import HyperparameterForm
from tui.widgets.laid_over import Hint

BAD = {
    "dataset": "cats",
    "split": "1.5",
    "validation": "0.6",
    "extra_data": "samples.csv",
    "hidden": "128,zero",
    "learning_rate": "nan",
    "momentum": "1",
    "warmup": "-0.1",
    "decay": "0",
    "drops": "1.5",
    "batch_size": "0",
    "epochs": "1e9",
    "seed": "-1",
    "dropout": "0.96",
    "weight_decay": "-1",
    "label_smoothing": "inf",
    "clip_norm": "1e7",
    "ema_decay": "1",
    "patience": "ten",
    "shift": "-2",
    "rotation": "181",
    "scaling": "1",
    "shear": "[b]6[/b]",
    "elastic": "1001",
    "elastic_sigma": "0.4",
    "augmentation": "11",
    "pace": "quick",
    "threads": "",
}
"""One text for each field that can be typed in, which will not do."""


async def test_what_is_asked_of_the_form_before_it_is_furnished_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    furnish = HyperparameterForm._furnish

    async def not_yet(_: HyperparameterForm) -> None:
        """Somebody was quicker than the second paint."""

    async def nor(_: TrainScreen) -> None:
        """Nor is there a pane with anything in it."""

    furnish_room = TrainScreen._furnish
    monkeypatch.setattr(HyperparameterForm, "_furnish", not_yet)
    monkeypatch.setattr(TrainScreen, "_furnish", nor)
    session = QuietSession()
    app = InklingApp(session)
    async with app.run_test(size=(120, 40)) as pilot:
        burst(app, "space", "f", "pagedown")
        await wait_for(pilot, lambda: len(app._keys_waiting) == 3)
        assert "press space" in text(app)
        assert not session.starts
        app.train.call_later(furnish_room, app.train)
        await wait_for(pilot, lambda: app.train.furnished and not app._keys_waiting)
        await wait_for(pilot, lambda: app._key_in_hand is None)
        assert [stint for stint, _ in session.starts] == ["run"]
        assert session.starts[0][1] == resolve(None, {})
        assert app.focused is None
        await furnish(form(app))
        await wait_for(pilot, lambda: app.focused is form(app).groups[0].heading)
        assert form(app).query_one("#preset", Select).value == "first-light"


def preset(app: InklingApp) -> object:
    return form(app).query_one("#preset", Select).value


def what_is_wrong(name: str, value: str) -> str:
    with pytest.raises(HyperparameterError) as caught:
        SPECS[name].parse(value)
    return str(caught.value)


def test_every_typed_field_has_a_bad_example() -> None:
    assert set(BAD) == {name for name, spec in SPECS.items() if not spec.choices}


async def test_there_is_a_field_for_every_hyperparameter_in_their_order() -> None:
    async with opened(QuietSession()) as (app, pilot):
        await unfold(app, pilot)
        shown = list(app.train.query(HyperparameterField))
        assert [field.spec for field in shown] == list(SPECS.values())
        for name, spec in SPECS.items():
            assert label(app, name).strip() == spec.label
            if spec.choices:
                offered = field(app, name).edit()._options
                assert [value for _, value in offered] == list(spec.choices)
                field(app, name).show(spec.choices[-1])  # Before the editor is all there.
                await pilot.pause()
                assert field(app, name).edit().value == spec.choices[-1]


async def test_what_is_typed_before_the_editor_is_there_is_not_lost() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.set_focus(field(app, "split"))
        for _ in range(2):
            app.post_message(events.Key("7", "7"))
        await wait_for(pilot, lambda: field(app, "split").text == "77")


async def test_a_bad_text_is_marked_and_explained_as_it_is_typed() -> None:
    good = resolve("first-light", {})
    async with opened(QuietSession(), (80, 24)) as (app, pilot):
        await pilot.press("f")
        await unfold(app, pilot)
        for name, value in BAD.items():
            field(app, name).take_focus()
            retype(app, name, value[:-1])
            await pilot.press("end", *value[-1:])
            sentence = what_is_wrong(name, value)
            await wait_for(pilot, lambda s=sentence: message(app) == f"! {s}", sentence)
            assert label(app, name) == f"! {SPECS[name].label}"
            assert f"! {SPECS[name].label}" in text(app)
            # To the end: the last words of a sentence are what was typed.
            assert sentence.split()[-1] in text(app)
            retype(app, name, format_value(getattr(good, name)))
            await wait_for(pilot, lambda: not message(app).startswith("!"))
            assert label(app, name) == f"  {SPECS[name].label}"


@pytest.mark.parametrize(("live", "size"), [(True, SIZES[0]), (False, SIZES[1])])
async def test_every_explanation_fits_its_lines(live: bool, size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        await pilot.press("f")
        await unfold(app, pilot)
        app.train.running = LONG if live else None
        for name, spec in SPECS.items():
            field(app, name).take_focus()
            await pilot.pause()
            last = message(app).split()
            assert spec.help[1:] in message(app)
            if live and size == SIZES[0]:
                verdict = "Enter applies it now." if spec.live else "Enter: a new run."
                assert message(app).endswith(verdict)
            assert " ".join(last[-2:]) in " ".join(text(app).replace("│", " ").split())


@pytest.mark.parametrize("size", SIZES[:2])
async def test_a_form_with_an_error_cannot_start(size: tuple[int, int], runs: Path) -> None:
    async with opened(runs, size) as (app, pilot):
        retype(app, "batch_size", "0")
        retype(app, "epochs", "many")
        for key in ("space", "s", "e"):
            await pilot.press("escape", "d", key)
            await wait_for(pilot, lambda: app.focused is field(app, "batch_size").edit())
            sentence = what_is_wrong("batch_size", "0")
            await wait_for(pilot, lambda s=sentence: message(app) == f"! {s}", sentence)
            await wait_for(pilot, lambda s=sentence: s[:30] in text(app), sentence)
            assert phase(app) == "idle"
            assert not runs.exists()


async def test_a_preset_fills_every_field_and_an_edit_makes_it_custom() -> None:
    async with opened(QuietSession()) as (app, pilot):
        assert preset(app) == "first-light"
        for name in PRESETS:
            form(app).query_one("#preset", Select).value = name
            await wait_for(pilot, lambda n=name: form(app).hyperparameters() == resolve(n, {}))
            assert preset(app) == name
        form(app).query_one("#preset", Select).value = "tutorial"
        await wait_for(pilot, lambda: field(app, "split").text == "0.2")
        retype(app, "epochs", "7")
        await wait_for(pilot, lambda: preset(app) is Select.NULL)
        assert "custom" in text(app)
        retype(app, "epochs", str(PRESETS["tutorial"]["epochs"]))
        await wait_for(pilot, lambda: preset(app) == "tutorial")


async def test_choosing_custom_changes_no_field_so_it_is_not_believed() -> None:
    async with opened(QuietSession()) as (app, pilot):
        form(app).query_one("#preset", Select).value = Select.NULL
        await wait_for(pilot, lambda: preset(app) == "first-light")


@pytest.mark.parametrize("then", [HyperparameterField.Changed, HyperparameterField.Submitted])
async def test_more_may_be_typed_while_the_form_looks_at_what_was_there(
    then: type[HyperparameterField.Changed | HyperparameterField.Submitted],
) -> None:
    async with opened(QuietSession()) as (app, pilot):
        retype(app, "dataset", "mnist")
        await wait_for(pilot, lambda: form(app).hyperparameters().dataset == "mnist")
        form(app).running = resolve("quick", {"dataset": "mnist"})
        dataset = field(app, "dataset")
        # The form hears of the first text when the second is there and not looked at yet.
        with dataset.prevent(Input.Changed):
            dataset.edit().value = "mnistv"
        dataset.post_message(then(dataset))
        await wait_for(pilot, lambda: "mnistv" in message(app))


async def test_a_data_set_brings_its_recipe_unless_there_is_one_of_ones_own() -> None:
    async with opened(QuietSession()) as (app, pilot):
        retype(app, "dataset", "mnist")
        await wait_for(pilot, lambda: preset(app) == "quick")
        assert form(app).hyperparameters() == resolve("quick", {})
        retype(app, "dataset", "fashion-mnist")
        await wait_for(pilot, lambda: field(app, "dataset").text == "fashion-mnist")
        assert form(app).hyperparameters() == resolve("quick", {"dataset": "fashion-mnist"})
        retype(app, "dataset", "digits")
        await wait_for(pilot, lambda: preset(app) == "first-light")
        retype(app, "epochs", "7")
        await wait_for(pilot, lambda: preset(app) is Select.NULL)
        retype(app, "dataset", "mnist")
        await wait_for(pilot, lambda: preset(app) is Select.NULL)
        own = resolve("first-light", {"epochs": 7, "dataset": "mnist"})
        assert form(app).hyperparameters() == own


async def test_the_keyboard_alone_chooses_from_a_list() -> None:
    async with opened(QuietSession(), (80, 24)) as (app, pilot):
        await pilot.press("f")
        field(app, "optimizer").take_focus()
        await pilot.press("enter", "down", "enter")
        await wait_for(pilot, lambda: field(app, "optimizer").text == "momentum")
        assert preset(app) is Select.NULL


async def test_a_list_that_is_opened_and_told_its_value_before_it_is_there_waits() -> None:
    async with opened(QuietSession()) as (app, pilot):
        choice = field(app, "optimizer").edit()
        assert isinstance(choice, Choice)
        choice.action_show_overlay()
        field(app, "optimizer").show("adam")
        await wait_for(pilot, lambda: choice.expanded)
        current = choice.query_one(SelectCurrent)
        await wait_for(pilot, lambda: current.label == "adam" and current.has_value)


async def test_the_command_lines_values_stand_in_the_form() -> None:
    given = resolve("tutorial", {"hidden": "30", "seed": "7"})
    async with opened(QuietSession(), initial=given) as (app, pilot):
        assert form(app).hyperparameters() == given
        await pilot.press("space")
        await wait_for(pilot, lambda: session_of(app).starts == [("run", given)])


@pytest.mark.parametrize("name", [*PRESETS, ""])
async def test_opening_changes_nothing_and_says_nothing(name: str) -> None:
    initial = resolve(name, {}) if name else None
    async with opened(QuietSession(), initial=initial) as (app, pilot):
        await pilot.pause()
        assert form(app).hyperparameters() == (initial or resolve(None, {}))
        assert preset(app) == (name or "first-light")
        assert message(app) == ""


async def test_a_form_that_is_gone_is_not_furnished() -> None:
    form = HyperparameterForm()
    async with InklingApp(QuietSession()).run_test() as pilot:
        await pilot.app.mount(form)
        await form.remove()
        await form._furnish()
        assert not form.furnished


async def test_keys_that_come_at_once_have_their_effects_one_after_the_other() -> None:
    async with opened(QuietSession()) as (app, pilot):
        await unfold(app, pilot)
        field(app, "learning_rate").take_focus()
        await pilot.pause()
        burst(app, "ctrl+u", "1", "2", "backspace", "3", "home", "9", "tab", "ctrl+u", "5")
        await wait_for(pilot, lambda: field(app, "momentum").text == "5")
        assert field(app, "learning_rate").text == "913"
        field(app, "batch_size").take_focus()
        await pilot.pause()
        burst(app, "down", "2", "8", "up", "up", "up", "7")
        await wait_for(pilot, lambda: field(app, "decay").text == "7")
        assert (field(app, "batch_size").text, field(app, "epochs").text) == ("32", "28")
        await pilot.press("escape")
        burst(app, "5", "1", "f")
        await wait_for(pilot, lambda: app.train.editing)


async def test_the_first_click_on_a_choice_opens_it_and_says_nothing_over_it() -> None:
    async with opened(QuietSession(), (120, 40)) as (app, pilot):
        choice = field(app, "normalization")
        x, y = choice.region.x + 25, choice.region.y
        assert app._driver is not None
        # As a terminal sends it: the press moves the focus, and comes to the field after that.
        for kind in (events.MouseDown, events.MouseUp):
            app._driver.process_message(kind(None, x, y, 0, 0, 1, False, False, False))
        await wait_for(pilot, lambda: bool(choice.query(Select)))
        await wait_for(pilot, lambda: choice.query_one(Select).expanded)
        # Somebody who is at work there with the mouse needs no hint.
        used = app.get_widget_at(x, y)[0]
        app.train._used = used
        app.train._handle_tooltip_timer(used)
        assert not app.screen.query(Hint)
