"""The form checks as it is typed, starts nothing that will not do, and turns live knobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from pilots import (
    LONG,
    SIZES,
    QuietSession,
    burst,
    field,
    form,
    lines,
    log_lines,
    opened,
    phase,
    text,
    toasts,
    unfold,
    wait_for,
    wait_for_phase,
)
from run_states import of_phase
from textual import events
from textual.widgets import Select, Static
from textual.widgets._select import SelectCurrent

from nn.hyperparameters import HyperparameterError
from nn.presets import PRESETS, resolve
from nn.specs import SPECS, format_value
from tui.app import InklingApp
from tui.engine.commands import Set, Stop
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


def message(app: InklingApp) -> str:
    return str(form(app).query_one("#form-message", Static).content)


def preset(app: InklingApp) -> object:
    return form(app).query_one("#preset", Select).value


def label(app: InklingApp, name: str) -> str:
    return field(app, name).label


def retype(app: InklingApp, name: str, value: str) -> None:
    """Put a text into a field as if it had been typed there."""
    field(app, name).edit().value = value


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


def session_of(app: InklingApp) -> QuietSession:
    assert isinstance(app.session, QuietSession)
    return app.session


async def test_live_fields_are_sent_on_enter_and_the_others_wait() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await unfold(app, pilot)
        live = {
            "learning_rate": "0.01", "momentum": "0.5", "dropout": "0.1", "weight_decay": "0.001",
            "label_smoothing": "0.1", "clip_norm": "5", "ema_decay": "0.99", "augmentation": "0",
            "shift": "1", "rotation": "5", "scaling": "0.1", "shear": "0.1", "elastic": "1",
            "elastic_sigma": "2", "pace": "40", "epochs": "70",
        }  # fmt: skip
        assert set(live) == {name for name, spec in SPECS.items() if spec.live}
        for name, value in live.items():
            field(app, name).take_focus()
            retype(app, name, value)
            await pilot.press("enter")
        await wait_for(pilot, lambda: len(session_of(app).asked) == len(live))
        assert session_of(app).asked == [Set(name, value) for name, value in live.items()]
        for name in ("batch_size", "hidden"):
            field(app, name).take_focus()
            await pilot.press("enter")
            await wait_for(pilot, lambda: message(app).endswith("Enter: a new run."))
        field(app, "momentum").take_focus()
        retype(app, "momentum", "2")
        await pilot.press("enter")
        await wait_for(pilot, lambda: message(app).startswith("! Momentum"))
        assert len(session_of(app).asked) == len(live)


async def test_a_knob_turned_in_the_form_turns_in_the_run(runs: Path) -> None:
    rolling = LONG.model_copy(update={"optimizer": "momentum"})
    async with opened(runs, initial=rolling) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "running")
        await unfold(app, pilot)
        for name, value in (("learning_rate", "0.02"), ("momentum", "0.5"), ("pace", "300")):
            field(app, name).take_focus()
            retype(app, name, value)
            await pilot.press("enter")
        await wait_for(
            pilot, lambda: any("pace 200 -> 300 at step" in line for line in log_lines(app))
        )
        assert any("learning rate 0.05 -> 0.02 at step" in line for line in log_lines(app))
        assert any("momentum 0.9 -> 0.5 at step" in line for line in log_lines(app))
        state = app.session.state
        assert state is not None
        now = state.hyperparameters
        assert (now.learning_rate, now.momentum, now.pace) == (0.02, 0.5, 300)
        await app.session.ask(Stop())
        await wait_for_phase(app, pilot, "stopped")


async def test_what_the_worker_refuses_is_said(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "running")
        # The form would not send this; another client, or another version, might.
        app.train.post_message(form(app).Tuned("batch_size", "3"))
        await wait_for(pilot, lambda: toasts(app))
        assert "Batch size cannot change" in toasts(app)[0]
        assert phase(app) == "running"
        await app.session.ask(Stop())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_failure_of_the_worker_marks_the_field_and_leaves_nothing(
    runs: Path, size: tuple[int, int]
) -> None:
    async with opened(runs, size, resolve("first-light", {"batch_size": 5000})) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "failed")
        await wait_for(pilot, lambda: label(app, "batch_size") == "! Batch size")
        await wait_for(pilot, lambda: app.focused is field(app, "batch_size").edit())
        assert message(app) == f"! {app.train.status.sentence}"
        assert "Batch size" in lines(app)[0]
        await wait_for(pilot, lambda: not list(runs.iterdir()), "nothing left behind")
        await unfold(app, pilot)
        retype(app, "batch_size", "32")
        retype(app, "epochs", "1")
        retype(app, "pace", "0")
        await pilot.press("escape", "space")
        await wait_for_phase(app, pilot, "finished")
        assert label(app, "batch_size") == "  Batch size"


@pytest.mark.parametrize("name", [*PRESETS, ""])
async def test_opening_changes_nothing_and_says_nothing(name: str) -> None:
    initial = resolve(name, {}) if name else None
    async with opened(QuietSession(), initial=initial) as (app, pilot):
        await pilot.pause()
        assert form(app).hyperparameters() == (initial or resolve(None, {}))
        assert preset(app) == (name or "first-light")
        assert message(app) == ""


async def test_what_was_typed_and_not_entered_does_not_stay(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "running")
        field(app, "learning_rate").take_focus()
        await wait_for(pilot, lambda: app.train.editing)
        retype(app, "learning_rate", "0.5")
        await wait_for(pilot, lambda: field(app, "learning_rate").edited)
        await pilot.press("escape")
        await wait_for(pilot, lambda: field(app, "learning_rate").text == "0.05")
        assert message(app) == "Learning rate stays 0.05: Enter would change it."
        # What the next run is to have is nobody's business but the next run's.
        field(app, "hidden").take_focus()
        await wait_for(pilot, lambda: app.train.editing)
        retype(app, "hidden", "7")
        await pilot.press("escape")
        await wait_for(pilot, lambda: not app.train.editing)
        assert field(app, "hidden").text == "7"
        await app.session.ask(Stop())
        await wait_for_phase(app, pilot, "stopped")


async def test_momentum_is_refused_where_it_would_do_nothing(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "running")
        field(app, "momentum").take_focus()
        retype(app, "momentum", "0.3")
        await pilot.press("enter")
        await wait_for(pilot, lambda: toasts(app))
        assert toasts(app)[0] == "Momentum has no part in sgd."
        await app.session.ask(Stop())
        await wait_for_phase(app, pilot, "stopped")


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
