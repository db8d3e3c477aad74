"""The form's groups: folded, unfolded, summed up, and never in the way of a key."""

from __future__ import annotations

import pytest
from form_fields import message
from pilots import SIZES, QuietSession, burst, field, form, lines, opened, text, unfold, wait_for
from run_states import of_phase

from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.presets import resolve
from nn.specs import SPECS
from tui.app import InklingApp
from tui.widgets.field_group import FieldGroup
from tui.widgets.hyperparameter_field import HyperparameterField
from tui.widgets.hyperparameter_form import FOLDED_AT_FIRST
from tui.widgets.run_log import RunLog

GROUPS = list(dict.fromkeys(spec.group for spec in SPECS.values()))


def group(app: InklingApp, title: str) -> FieldGroup:
    return next(group for group in form(app).groups if group.title == title)


def heading_row(app: InklingApp, title: str) -> str:
    """The heading as it stands on the screen."""
    area = group(app, title).heading.region
    return lines(app)[area.y][area.x : area.right]


def focused_field(app: InklingApp) -> str:
    assert app.focused is not None
    fields = [w for w in app.focused.ancestors if isinstance(w, HyperparameterField)]
    return fields[0].spec.name if fields else ""


async def test_the_groups_are_those_of_the_definition_and_some_are_folded() -> None:
    async with opened(QuietSession()) as (app, pilot):
        assert [group.title for group in form(app).groups] == GROUPS
        assert set(GROUPS) > FOLDED_AT_FIRST
        for title in GROUPS:
            folded = title in FOLDED_AT_FIRST
            assert group(app, title).folded == folded
            # What is folded and has never been open costs the first paint nothing.
            assert all(f.is_mounted != folded for f in group(app, title).fields)
        await unfold(app, pilot)
        assert len(app.train.query(HyperparameterField)) == len(SPECS)


@pytest.mark.parametrize("size", SIZES)
async def test_enter_and_a_click_fold_and_unfold(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        await pilot.press("f", *["pagedown"] * len(GROUPS))
        assert app.focused is group(app, "Machine").heading
        assert "▶ Machine: pace 250" in text(app)
        await pilot.press("enter")
        await wait_for(pilot, lambda: "▼ Machine" in text(app))
        # Unfolded, its fields are in sight without a further key.
        await wait_for(pilot, lambda: "Threads" in text(app))
        assert "pace 250" not in heading_row(app, "Machine")
        await pilot.press("tab")
        await wait_for(pilot, lambda: focused_field(app) == "pace")
        await pilot.press("shift+tab", "enter")
        await wait_for(pilot, lambda: "▶ Machine: pace 250" in text(app))
        assert "Threads" not in text(app)
        await pilot.click(group(app, "Machine").heading)
        await wait_for(pilot, lambda: "Threads" in text(app))


async def test_to_fold_a_group_loses_nothing_that_stands_in_it() -> None:
    given = resolve("first-light", {"dropout": 0.25, "rotation": 10, "validation": 0.1})
    async with opened(QuietSession(), initial=given) as (app, pilot):
        assert form(app).hyperparameters() == given
        await unfold(app, pilot)
        assert form(app).hyperparameters() == given
        field(app, "dropout").edit().value = "0.5"
        field(app, "keep").edit().value = "best"
        await wait_for(pilot, lambda: field(app, "keep").text == "best")
        for one in form(app).groups:
            await one.fold(True)
        changed = given.model_copy(update={"dropout": 0.5, "keep": "best"})
        assert form(app).hyperparameters() == changed
        # Mounted and folded, a field is told like any other.
        form(app).show_values(given)
        assert form(app).hyperparameters() == given


@pytest.mark.parametrize("size", SIZES)
async def test_a_folded_heading_says_what_is_not_as_usual(size: tuple[int, int]) -> None:
    given = resolve(
        "first-light",
        {"dropout": 0.25, "patience": 7, "keep": "best", "validation": 0.1, "ema_decay": 0.999},
    )
    async with opened(QuietSession(), size, given) as (app, pilot):
        await pilot.press("f", *["pagedown"] * len(GROUPS))
        row = heading_row(app, "Regularisation")
        assert row.startswith("▶ Regularisation: dropout 0.25")
        summary = group(app, "Regularisation").heading.summary
        assert summary == "dropout 0.25, EMA decay 0.999, patience 7, keep best"
        assert row.rstrip().endswith("keep best" if size[0] == 80 else "…")
        assert heading_row(app, "Augmentation").strip() == "▶ Augmentation"
        form(app).apply_preset("tutorial")
        await wait_for(pilot, lambda: heading_row(app, "Machine").strip() == "▶ Machine")
        assert heading_row(app, "Regularisation").strip() == "▶ Regularisation"


async def test_a_summary_is_not_markup() -> None:
    async with opened(QuietSession(), (80, 24)) as (app, pilot):
        await pilot.press("f")
        field(app, "dataset").edit().value = "[b]csv:\x1b[/b]"
        await wait_for(pilot, lambda: field(app, "dataset").error)
        await group(app, "Data").fold(True)
        await wait_for(pilot, lambda: "▶ ! Data: data set [b]csv:?[/b]" in text(app))


async def test_a_bad_field_is_not_folded_out_of_sight() -> None:
    async with opened(QuietSession()) as (app, pilot):
        await unfold(app, pilot)
        field(app, "rotation").edit().value = "500"
        await wait_for(pilot, lambda: group(app, "Augmentation").heading.bad)
        await group(app, "Augmentation").fold(True)
        await pilot.press("space")
        await wait_for(pilot, lambda: focused_field(app) == "rotation")
        assert not group(app, "Augmentation").folded
        assert message(app).startswith("! Rotation must be at most 180")
        await pilot.press("end", "backspace")
        await wait_for(pilot, lambda: not group(app, "Augmentation").heading.bad)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("name", "value"), [("patience", 5), ("keep", "best")])
async def test_a_field_that_leans_on_another_is_gone_to(
    name: str, value: object, size: tuple[int, int]
) -> None:
    initial = Hyperparameters.model_validate({name: value})
    with pytest.raises(HyperparameterError) as caught:
        initial.check_together()
    async with opened(session := QuietSession(), size, initial) as (app, pilot):
        assert not field(app, name).is_mounted
        await pilot.press("space")
        await wait_for(pilot, lambda: app.focused is not None and focused_field(app) == name)
        await wait_for(pilot, lambda: f"! {SPECS[name].label}" in text(app))
        assert message(app) == f"! {caught.value}"
        assert session.starts == []
        # To do what the sentence says, over there, makes this field good again.
        field(app, "validation").edit().value = "0.1"
        await wait_for(pilot, lambda: not field(app, name).error)
        await pilot.press("escape", "space")
        await wait_for(pilot, lambda: session.starts)
        assert session.starts[0][1] == initial.model_copy(update={"validation": 0.1})


async def test_up_and_down_go_from_field_to_field_and_do_not_open_a_choice() -> None:
    async with opened(QuietSession()) as (app, pilot):
        await pilot.press("f")
        for key, title, name in (
            ("down", "Data", ""), ("down", "", "dataset"), ("tab", "", "split"),
            ("down", "", "validation"), ("down", "", "extra_data"), ("tab", "Network", ""),
            ("down", "", "hidden"), ("down", "", "activation"), ("down", "", "initializer"),
            ("up", "", "activation"),
        ):  # fmt: skip
            await pilot.press(key)
            assert app.focused is not None
            if title:
                assert app.focused is group(app, title).heading
            else:
                assert focused_field(app) == name
        await pilot.press("enter", "down", "enter")
        await wait_for(pilot, lambda: field(app, "activation").text == "leaky_relu")
        assert focused_field(app) == "activation"
        await pilot.press("pagedown", "pagedown")
        # Typed on, before what has just been unfolded for the first time is anywhere.
        with app.batch_update():
            burst(app, "enter", "down", "down")
            await wait_for(pilot, lambda: field(app, "dropout").is_attached)
        await wait_for(pilot, lambda: focused_field(app) == "weight_decay")


async def test_in_two_columns_down_is_down() -> None:
    async with opened(QuietSession(), (80, 24)) as (app, pilot):
        await pilot.press("f")
        field(app, "activation").take_focus()
        await wait_for(pilot, lambda: focused_field(app) == "activation")
        await pilot.press("down")
        assert focused_field(app) == "normalization"
        await pilot.press("up", "up")
        assert app.focused is group(app, "Network").heading


@pytest.mark.parametrize("size", SIZES)
async def test_page_up_and_down_go_from_group_to_group(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        await pilot.press("f")
        for title in [*GROUPS, GROUPS[-1]]:
            await pilot.press("pagedown")
            heading = group(app, title).heading
            await wait_for(pilot, lambda h=heading: app.focused is h)
            assert app.train.find_widget(heading).visible_region.area
        for title in [*reversed(GROUPS[:-1]), GROUPS[0]]:
            await pilot.press("pageup")
            assert app.focused is group(app, title).heading
        # From a field, up is to the heading of its own group.
        field(app, "epochs").take_focus()
        await pilot.press("pageup")
        assert app.focused is group(app, "Learning").heading


async def test_the_log_keeps_its_own_page_keys() -> None:
    async with opened(QuietSession()) as (app, pilot):
        await pilot.press("g", "pagedown", "pageup")
        assert isinstance(app.focused, RunLog)


async def test_a_heading_leaves_the_keys_of_the_screen_alone() -> None:
    async with opened(session := QuietSession()) as (app, pilot):
        group(app, "Data").heading.focus()
        await pilot.pause()
        assert not app.train.editing
        await pilot.press("space", "s")
        assert [stint for stint, _ in session.starts] == ["run", "step"]
        await pilot.press("escape")
        assert app.focused is None


async def test_fields_a_live_run_can_take_over_are_marked() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await unfold(app, pilot)
        await pilot.press("f")
        for name, spec in SPECS.items():
            mark = field(app, name).label[0]
            assert (mark == "●") == spec.live, name
        assert "● Learning rate" in text(app)
        assert "● Enter changes it now" in text(app)
        app.train.show_state(of_phase("finished"))
        await pilot.pause()
        assert "●" not in "".join(row[:48] for row in lines(app)[1:18])
