"""The list of runs says how each is, and does with one what its keys promise."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from pilots import LONG, SIZES, QuietSession, lines, opened, text, toasts, wait_for
from run_states import BEGUN, DIVERGED, FAILED, FINISHED, STARTED, STOPPED, epoch_done
from textual.pilot import Pilot
from textual.widgets import Static

from nn.presets import resolve
from tui.app import InklingApp
from tui.engine.client import RunClient
from tui.engine.commands import Stop
from tui.engine.facts import Entry, Fact, encode
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.runs import RunList, summary
from tui.screens.dialogs import Question
from tui.screens.runs import RunsScreen
from tui.widgets.run_table import RunTable

ENDS: dict[str, list[Fact]] = {
    "finished": [STARTED, FINISHED],
    "stopped": [STARTED, epoch_done(3), STOPPED],
    "diverged": [STARTED, DIVERGED],
    "failed": [FAILED],
    "died": [STARTED, epoch_done(7)],
}


def left_behind(runs: Path, state: str, created: float = BEGUN, **values: Any) -> RunDirectory:
    """A run that ended so, as far as its files tell."""
    config = new_config(resolve("first-light", values), None)
    run = RunDirectory.create(runs, config.model_copy(update={"created": created}))
    run.journal.write_bytes(b"".join(encode(Entry(created, fact)) for fact in ENDS[state]))
    return run


async def to_the_runs(app: InklingApp, pilot: Pilot[Any], count: int) -> RunTable:
    await pilot.press("5")
    await wait_for(pilot, lambda: isinstance(app.screen, RunsScreen) and app.screen.runs)
    table = app.screen.query_one(RunTable)
    await wait_for(pilot, lambda: len(table.runs or ()) == count and " age " in text(app))
    return table


def described(app: InklingApp) -> str:
    return str(app.screen.query_one("#run-words", Static).content)


@pytest.mark.parametrize("size", [*SIZES, (60, 16)])
async def test_every_state_can_be_told_without_colour(runs: Path, size: tuple[int, int]) -> None:
    for place, state in enumerate(ENDS):
        left_behind(runs, state, BEGUN + place, hidden="32")
    (runs / "a-file").write_text("is no run")
    (runs / "broken").mkdir()
    (runs / "broken" / "config.toml").write_text("\x1b[31m")
    async with opened(runs, size) as (app, pilot):
        await to_the_runs(app, pilot, len(ENDS) + 1)
        shown = text(app)
        await pilot.press("end")
        await wait_for(pilot, lambda: "unreadable" in text(app))
        for state in ENDS:
            assert state in shown, shown
        assert all(row.isprintable() for row in lines(app))
        # What a run is made of, where there is room: the last run is the chosen one, too.
        assert (shown.count("digits, hidden layers") > 1) == (size[0] >= 120)
        assert lines(app)[-1].rstrip().endswith("q Quit")


async def test_the_cursor_stays_on_its_run(runs: Path) -> None:
    for place in range(30):
        left_behind(runs, "finished", BEGUN + place, seed=place)
    async with opened(runs, (80, 24)) as (app, pilot):
        table = await to_the_runs(app, pilot, 30)
        await pilot.press("end")
        assert table.chosen is not None
        assert table.chosen.run.name.endswith("-0")
        await wait_for(pilot, lambda: table.chosen.run.name in described(app))
        assert table.chosen.run.name[:12] in text(app), "the list has scrolled to it"
        await pilot.press("up", "up")
        name = table.chosen.run.name
        left_behind(runs, "stopped", BEGUN + 100)
        app.screen.look()
        await wait_for(pilot, lambda: len(table.runs or ()) == 31)
        assert table.chosen.run.name == name
        shutil.rmtree(table.chosen.run.path)
        app.screen.look()
        await wait_for(pilot, lambda: len(table.runs or ()) == 30)
        assert table.chosen.run.name != name


async def test_a_run_is_opened_by_enter_and_by_a_click(runs: Path) -> None:
    old, new = (left_behind(runs, "stopped", BEGUN + place, seed=place) for place in (1, 2))
    async with opened(runs) as (app, pilot):
        await to_the_runs(app, pilot, 2)
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: app.screen is app.train)
        await wait_for(pilot, lambda: app.train.status.phase == "stopped")
        assert app.train.status.run_name == old.name
        table = await to_the_runs(app, pilot, 2)
        assert table.watched == old.name
        await pilot.click(RunTable, offset=(5, 1))
        await wait_for(pilot, lambda: app.train.status.run_name == new.name)
        await wait_for(pilot, lambda: app.screen is app.train)


async def test_nothing_changes_while_nothing_happens(runs: Path) -> None:
    left_behind(runs, "died")
    async with opened(runs) as (app, pilot):
        table = await to_the_runs(app, pilot, 1)
        await wait_for(pilot, lambda: "r takes it up" in described(app))
        # What entering the room still had drawn has been drawn by then.
        await pilot.pause(0.6)
        before = table.picture
        for _ in range(3):
            app.screen.look()
            await pilot.pause(0.3)
        assert table.picture is before
        assert "r takes it up" in described(app)
        assert "died at epoch 8" in described(app).lower()


async def test_only_runs_that_changed_are_read_again(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, loud = (left_behind(runs, "stopped", BEGUN + n, seed=n) for n in (1, 2))
    listed = RunList(runs)
    assert [entry.run.name for entry in listed.look()] == [loud.name, quiet.name]
    read: list[str] = []
    monkeypatch.setattr(
        "tui.engine.runs.summary", lambda run: (read.append(run.name), summary(run))[1]
    )
    listed.look()
    assert read == []
    with open(loud.journal, "ab") as journal:
        journal.write(encode(Entry(BEGUN, FINISHED)))
    assert listed.look()[0].summary.state == "finished"
    assert read == [loud.name]
    os.rename(quiet.path, runs / "elsewhere")  # noqa: PTH104
    assert {entry.run.name for entry in listed.look()} == {loud.name, "elsewhere"}


async def test_a_run_is_removed_when_that_is_really_meant(runs: Path) -> None:
    run = left_behind(runs, "stopped")
    async with opened(runs) as (app, pilot):
        table = await to_the_runs(app, pilot, 1)
        for keys, there in ((["enter"], True), (["escape"], True), (["down", "enter"], False)):
            await pilot.press("delete")
            await wait_for(pilot, lambda: isinstance(app.screen, Question))
            await pilot.press(*keys)
            await wait_for(pilot, lambda: isinstance(app.screen, RunsScreen))
            await wait_for(pilot, lambda there=there: run.path.exists() is there)
        await wait_for(pilot, lambda: not table.runs)
        await wait_for(pilot, lambda: "There are no runs in" in text(app))


async def test_a_live_run_of_somebody_else_s_is_commanded(runs: Path) -> None:
    client = RunClient.start(LONG, runs)
    run = client.run
    async with opened(QuietSession()) as (app, pilot):
        app.session.runs_dir = runs
        await to_the_runs(app, pilot, 1)
        await wait_for(pilot, lambda: summary(run).state == "running")
        await pilot.press("space")
        await wait_for(pilot, lambda: summary(run).state == "paused")
        await pilot.press("space")
        await wait_for(pilot, lambda: summary(run).state == "running")
        await pilot.press("delete")
        await wait_for(pilot, lambda: any("stop it before" in words for words in toasts(app)))
        await pilot.press("r")
        await wait_for(pilot, lambda: any("nothing to take up" in words for words in toasts(app)))
        await pilot.press("S")
        await wait_for(pilot, lambda: not run.is_live())
    assert summary(run).state == "stopped"


async def test_a_run_that_was_stopped_is_taken_up_where_it_was(runs: Path) -> None:
    client = RunClient.start(LONG, runs)
    run = client.run
    async with opened(QuietSession()) as (_, pilot):
        await wait_for(pilot, lambda: summary(run).epoch >= 1)
        await client.ask(Stop())
        await wait_for(pilot, lambda: not run.is_live())
    before = summary(run)
    async with opened(runs) as (app, pilot):
        await to_the_runs(app, pilot, 1)
        await pilot.press("r")
        await wait_for(pilot, lambda: app.screen is app.train)
        await wait_for(pilot, lambda: app.train.status.step > before.step)
        assert app.train.history is not None
        assert [mark.words for mark in app.train.history.marks] == ["taken up"]
        await app.session.ask(Stop())
        await wait_for(pilot, lambda: app.train.status.phase == "stopped")
        assert len(app.train.history.train) == app.train.status.step, "one curve, and no gap"
        await pilot.press("r")
        await wait_for(pilot, lambda: app.train.status.live, "and once more, from where it is")
        await app.session.ask(Stop())
