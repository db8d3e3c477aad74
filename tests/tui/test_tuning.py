"""What a run cannot take over while it goes on: a new run, from here or from nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pilots import (
    LONG,
    QuietSession,
    burst,
    field,
    form,
    opened,
    text,
    toasts,
    wait_for,
    wait_for_phase,
)
from run_states import BEGUN, of_phase
from textual.pilot import Pilot
from textual.widgets import Button, Select, Static

from nn.health import Alert
from tui.app import InklingApp
from tui.engine.commands import Command, Set, Stop
from tui.engine.facts import Entry
from tui.engine.run_directory import RunDirectory
from tui.screens.dialogs import Question


def answers(app: InklingApp) -> list[str | None]:
    return [button.id for button in app.screen.query(Button)]


def said(app: InklingApp) -> str:
    """The words of the question that is asked."""
    return " ".join(str(static.content) for static in app.screen.query(Static))


async def answer(app: InklingApp, pilot: Pilot[Any], chosen: str) -> None:
    app.screen.query_one(f"#{chosen}", Button).press()
    await wait_for(pilot, lambda: not isinstance(app.screen, Question))


def current(app: InklingApp) -> RunDirectory:
    assert app.session.run is not None
    return app.session.run


async def test_enter_in_a_field_of_a_new_run_forks_or_restarts(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        await pilot.press("space")
        await wait_for(pilot, lambda: app.train.status.epoch >= 1)
        first = current(app)

        # Enter where nothing was changed asks nothing.
        field(app, "optimizer").take_focus()
        field(app, "hidden").take_focus()
        await pilot.press("enter")
        explained = app.train.query_one("#form-message", Static)
        await wait_for(pilot, lambda: "Enter: a new run." in str(explained.content))
        assert not isinstance(app.screen, Question)

        # A fork: the first run is stopped, the second has its past.
        field(app, "optimizer").query_one(Select).value = "adam"
        await pilot.press("escape")
        await pilot.press("F")
        await wait_for(pilot, lambda: isinstance(app.screen, Question))
        assert "a new one goes on from its last step with optimiser adam" in said(app)
        assert answers(app) == ["fork", "restart", "later"]
        await answer(app, pilot, "fork")
        await wait_for(pilot, lambda: app.session.run != first, "a second run")
        await wait_for_phase(app, pilot, "running")
        second = current(app)
        config = second.read_config()
        assert (config.parent, config.hyperparameters.optimizer) == (first.name, "adam")
        assert config.parent_step == app.train.history.marks[0].step
        assert [mark.words for mark in app.train.history.marks] == ["forked", "optimiser adam"]
        assert app.train.history.train.last_x >= config.parent_step > 0
        assert f"forked from {first.name} at step" in "\n".join(app.session.state.book.lines)
        assert not first.is_live()

        # The shape of the parameters is none for a fork, and that is said.
        hidden = field(app, "hidden")
        hidden.take_focus()
        await pilot.press("end", "comma", "9", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, Question))
        assert "Hidden layers cannot change in a fork" in said(app)
        assert answers(app) == ["restart", "later"]
        await pilot.press("escape")
        await wait_for(pilot, lambda: not isinstance(app.screen, Question))
        assert current(app) == second
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, Question))
        await answer(app, pilot, "restart")
        await wait_for(pilot, lambda: current(app) != second, "a third run")
        await wait_for_phase(app, pilot, "running")
        config = current(app).read_config()
        assert (config.parent, config.hyperparameters.hidden) == ("", (128, 64, 9))
        await app.session.ask(Stop())
        await wait_for_phase(app, pilot, "stopped")
        assert toasts(app) == []

        # A run that is opened brings its hyperparameters, and may be forked after its end.
        app.session.attach(first)
        app._follow()
        await wait_for(pilot, lambda: form(app).hyperparameters() == LONG)


async def test_a_run_that_diverged_goes_back_by_one_key(runs: Path) -> None:
    wild = LONG.model_copy(update={"learning_rate": 100.0, "optimizer": "momentum"})
    async with opened(runs, initial=wild) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "diverged")
        first = current(app)
        # Once is meant, however long the finger lay on it.
        burst(app, "a", "a", "a")
        await wait_for(pilot, lambda: app.session.run != first, "a fork")
        config = current(app).read_config()
        assert (config.parent, config.hyperparameters.learning_rate) == (first.name, 10.0)
        await wait_for(pilot, lambda: app.train.status.phase in ("running", "diverged"))
        if app.session.live:
            await app.session.ask(Stop())
            await wait_for_phase(app, pilot, "stopped", "diverged")
        assert len(list(runs.iterdir())) == 2


async def test_a_key_does_what_the_alert_suggests(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(QuietSession()) as (app, pilot):
        assert isinstance(app.session, QuietSession)
        state = app.session.state = of_phase("running")
        state.apply(Entry(BEGUN, Alert("spike", 559, 13, 3.21, 0.52)))
        app.train.show_state(state)
        await wait_for(pilot, lambda: "! loss jumped to 3.21; a: learning rate 0.01" in text(app))
        await pilot.press("a")
        await wait_for(pilot, lambda: app.session.asked == [Set("learning_rate", "0.01")])
        state.apply(Entry(BEGUN, Alert("dead_units", 585, 13, 0.3, 0.1, layer=1)))
        app.train.show_state(state)
        await pilot.press("a")
        await wait_for(pilot, lambda: isinstance(app.screen, Question))
        assert "with activation leaky_relu" in said(app)
        await pilot.press("escape")
        await wait_for(pilot, lambda: not isinstance(app.screen, Question))
        assert len(app.session.asked) == 1

        # Nothing a key could do is not nothing amiss.
        both = {"normalization": "batch_norm", "skip": "residual"}
        state.hyperparameters = state.hyperparameters.model_copy(update=both)
        state.apply(Entry(BEGUN, Alert("vanishing", 600, 13, 1e-6, 1.0)))
        assert state.advice is None
        await pilot.press("a")
        await wait_for(pilot, lambda: any("Fewer layers" in words for words in toasts(app)))

        # A new run is offered even while the worker is long in answering to the key.
        async def never(_: Command) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(app.session, "ask", never)
        state.apply(Entry(BEGUN, Alert("spike", 611, 14, 3.21, 0.52)))
        field(app, "hidden").show((5,))
        await pilot.press("a")
        await wait_for(pilot, app._asking.locked)
        app.train.action_fork()
        await wait_for(pilot, lambda: isinstance(app.screen, Question))


async def test_epochs_change_while_it_trains(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "running")
        field(app, "epochs").take_focus()
        field(app, "epochs").show(4000)
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.train.status.epochs == 4000)
        assert app.train.status.steps == 4000 * app.train.status.steps_per_epoch
        assert current(app).read_config().hyperparameters.epochs == 4000
        await app.session.ask(Stop())
        await wait_for_phase(app, pilot, "stopped")


async def test_a_run_that_has_not_begun_can_only_be_restarted() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.session.state = of_phase("preparing")
        app.train.show_state(app.session.state)
        field(app, "hidden").show((5,))
        app.train.action_fork()
        await wait_for(pilot, lambda: isinstance(app.screen, Question))
        assert answers(app) == ["restart", "later"]
