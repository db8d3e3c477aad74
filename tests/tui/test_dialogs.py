"""Leaving asks first where a run is live, and every answer does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pilots import (
    LONG,
    SIZES,
    QuietSession,
    lines,
    opened,
    text,
    toasts,
    wait_for,
    wait_for_phase,
)
from run_states import of_phase
from textual.events import MouseDown, MouseUp
from textual.pilot import Pilot

from tui.app import InklingApp
from tui.engine.client import CommandRefused, RunClient
from tui.engine.commands import Command, Stop
from tui.engine.run_directory import RunDirectory
from tui.screens.dialogs import Question
from tui.widgets.key_line import KeyLine


async def ask_to_leave(app: InklingApp, pilot: Pilot[Any], key: str = "q") -> RunDirectory:
    """Start a run, and press the key once it trains."""
    await pilot.press("space")
    await wait_for_phase(app, pilot, "running")
    await pilot.press(key)
    await wait_for(pilot, lambda: isinstance(app.screen, Question))
    assert app.session.run is not None
    return app.session.run


def only_run(runs: Path) -> RunDirectory:
    (path,) = runs.iterdir()
    return RunDirectory(path)


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_an_idle_app_just_leaves(key: str) -> None:
    async with opened(QuietSession()) as (app, pilot):
        await pilot.press(key)
        await wait_for(pilot, lambda: app._exit)
    assert app.return_value is None


async def test_a_run_that_has_ended_holds_nobody() -> None:
    async with opened(session := QuietSession()) as (app, pilot):
        session.state = of_phase("finished")
        await pilot.press("q")
        await wait_for(pilot, lambda: app._exit)


async def test_leaving_it_running_leaves_it_running(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        run = await ask_to_leave(app, pilot)
        await pilot.press("enter")  # It is the first answer that has the focus.
        await wait_for(pilot, lambda: app._exit)
    assert app.return_value is not None
    assert run.name in app.return_value
    assert run.is_live()
    assert only_run(runs).path == run.path
    await RunClient(run).ask(Stop())


async def test_stopping_stops_it_and_leaves(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        run = await ask_to_leave(app, pilot)
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: app._exit)
        await wait_for(pilot, lambda: not run.is_live(), "the worker's end")
    assert app.return_value is not None
    assert run.name in app.return_value
    assert '"event": "stopped"' in run.journal.read_text()


@pytest.mark.parametrize("keys", [["escape"], ["up", "enter"], ["down", "down", "enter"]])
async def test_staying_changes_nothing(runs: Path, keys: list[str]) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        run = await ask_to_leave(app, pilot)
        await pilot.press(*keys)
        await wait_for(pilot, lambda: app.screen is app.train)
        assert not app._exit
        assert run.is_live()
        await app.session.ask(Stop())


async def test_ctrl_q_asks_too_and_asks_once(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        await ask_to_leave(app, pilot, "ctrl+q")
        await pilot.press("ctrl+q", "q", "ctrl+q")
        await pilot.press("escape")
        await wait_for(pilot, lambda: app.screen is app.train)
        assert not app._exit
        await app.session.ask(Stop())


async def test_letters_do_nothing_under_the_question_and_a_click_beside_it_leaves_it() -> None:
    async with opened(session := QuietSession()) as (app, pilot):
        session.state = of_phase("running")
        app.train.show_state(session.state)
        line = app.train.query_one(KeyLine)
        await wait_for(pilot, lambda: line._ends)
        end = next(end for end, command in line._ends if command.action == "leave")
        # Many click twice where once is enough; the second then falls beside the question. To be
        # asked may take longer than Textual has two clicks be one.
        app.CLICK_CHAIN_TIME_THRESHOLD = 60  # type: ignore[misc]
        for _ in range(2):
            for kind in (MouseDown, MouseUp):
                at = (end - 3, line.region.y)
                app._driver.process_message(kind(None, *at, 0, 0, 1, False, False, False, *at))
            await wait_for(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("s", "e", "S", "w", "question_mark", "f")
        assert isinstance(app.screen, Question)
        await pilot.click(offset=(1, 1))
        await wait_for(pilot, lambda: app.screen is app.train)
        assert app.is_running
        assert session.asked == []


class DeafSession(QuietSession):
    """Its run does not listen."""

    async def ask(self, command: Command) -> None:
        raise CommandRefused(f"The worker has not answered {command.command}.")


async def test_a_run_that_will_not_stop_keeps_us_here() -> None:
    async with opened(session := DeafSession()) as (app, pilot):
        session.state = of_phase("running")
        await pilot.press("q")
        await wait_for(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: toasts(app) == ["The worker has not answered stop."])
        assert not app._exit
        assert app.screen is app.train


@pytest.mark.parametrize("size", [*SIZES, (60, 16)])
async def test_every_answer_can_be_read(size: tuple[int, int]) -> None:
    async with opened(session := QuietSession(), size) as (app, pilot):
        session.state = of_phase("running")
        await pilot.press("q")
        await wait_for(pilot, lambda: "A run is live" in text(app))
        for words in ("Leave it running", "Stop it, then quit", "Stay", "saves a checkpoint"):
            assert words in text(app)
        await pilot.click("#stay")
        await wait_for(pilot, lambda: app.screen is app.train)


@pytest.mark.parametrize("words", ["[red]x[/red]", "[/foo]", "a\x1b[31mb"])
async def test_words_from_outside_are_words(words: str) -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.push_screen(Question(words, {"yes": (words, words)}))
        await wait_for(pilot, lambda: isinstance(app.screen, Question))
        await pilot.pause()
        visible = words.replace("\x1b", "")
        assert text(app).count(visible) == 3
        assert all(row.isprintable() for row in lines(app))
