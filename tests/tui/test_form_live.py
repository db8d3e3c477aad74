"""What the form has to do with the run there is: live knobs are turned, and refusals are said."""

from __future__ import annotations

from pathlib import Path

import pytest
from form_fields import label, message, retype, session_of
from pilots import (
    LONG,
    QuietSession,
    field,
    form,
    lines,
    log_lines,
    opened,
    phase,
    toasts,
    unfold,
    wait_for,
    wait_for_phase,
)
from run_states import of_phase

from nn.presets import resolve
from nn.specs import SPECS
from tui.engine.commands import Set, Stop


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
