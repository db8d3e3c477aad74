"""A new login finds the runs that are live, and may watch one of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pilots import LONG, SIZES, opened, text, wait_for

from nn.hyperparameters import Hyperparameters
from nn.presets import resolve
from tui.engine.client import RunClient
from tui.engine.commands import Stop
from tui.engine.runs import RunSummary, summary
from tui.screens.dialogs import MOST_OFFERED, Question, about_coming_back
from tui.screens.runs import RunsScreen


def live(hyperparameters: Hyperparameters, runs: Path) -> RunClient:
    """A run whose worker holds its lock: an app that opens sooner than that sees nothing live."""
    client = RunClient.start(hyperparameters, runs)
    until = time.monotonic() + 60
    while not client.run.is_live():
        assert time.monotonic() < until, "no worker"
        time.sleep(0.01)
    return client


async def test_nothing_is_asked_where_nothing_is_live(runs: Path) -> None:
    async with opened(runs) as (app, pilot):
        await pilot.pause(0.2)
        assert app.screen is app.train


async def test_a_live_run_is_offered_and_watched(runs: Path) -> None:
    client = live(LONG, runs)
    async with opened(runs) as (app, pilot):
        await wait_for(pilot, lambda: isinstance(app.screen, Question))
        assert f"Watch {client.run.name}" in text(app)
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.train.status.phase == "running")
        assert app.train.status.run_name == client.run.name
        await app.session.ask(Stop())


async def test_of_two_either_may_be_chosen_or_neither(runs: Path) -> None:
    clients = [live(resolve("first-light", {"epochs": 5000, "seed": n}), runs)
               for n in (1, 2)]  # fmt: skip
    async with opened(runs) as (app, pilot):
        await wait_for(pilot, lambda: isinstance(app.screen, Question))
        assert "2 runs are live" in text(app)
        await pilot.press("escape")
        await wait_for(pilot, lambda: app.screen is app.train)
        assert app.session.state is None
        await pilot.press("5")
        await wait_for(pilot, lambda: isinstance(app.screen, RunsScreen) and app.screen.runs)
        assert all(entry.summary.live for entry in app.screen.runs)
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: app.train.status.phase == "running")
    for client in clients:
        await client.ask(Stop())


def of(name: str) -> RunSummary:
    return RunSummary(name, "running", epoch=3, epochs=9, test_accuracy=0.5)


@pytest.mark.parametrize("count", [1, 2, MOST_OFFERED, MOST_OFFERED + 3])
def test_a_question_is_no_list(count: int) -> None:
    question = about_coming_back([of(f"run {n}") for n in range(count)], "5")
    assert len(question._answers) == min(count, MOST_OFFERED) + 1
    assert list(question._answers)[-1] == "later"
    assert ("3 more of them" in question._answers["later"][1]) == (count > MOST_OFFERED)


@pytest.mark.parametrize("size", SIZES)
async def test_a_run_that_was_lost_is_taken_up_by_a_key(runs: Path, size: tuple[int, int]) -> None:
    client = live(LONG, runs)
    assert client._process is not None
    async with opened(runs, size) as (app, pilot):
        await wait_for(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.train.status.epoch >= 1)
        client._process.kill()
        client._process.wait()
        await wait_for(pilot, lambda: app.train.status.phase == "died")
        assert "r" in app.train.status.sentence
        died_at = summary(client.run).step
        await pilot.press("r")
        await wait_for(pilot, lambda: app.train.status.step > died_at)
        await app.session.ask(Stop())
        await wait_for(pilot, lambda: app.train.status.phase == "stopped")
        assert len(app.train.history.train) == app.train.status.step, "one curve, and no gap"
