"""Somebody restless: keys faster than the screen, in every room, beside a live run.

The long form is `bench/soak.py`; what it has found and a few keys can say stands here too.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path
from typing import Any

import effects_backprop
import pytest
from pilots import LONG, QuietSession, backprop_room, burst, opened, wait_for, wait_for_phase
from processes import live_workers
from rich.style import Style
from run_states import of_phase
from textual.command import CommandList
from textual.events import Click, MouseDown
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.widgets import Static
from textual.worker import WorkerState

from tui.app import InklingApp
from tui.commands import COMMANDS, commands_in

HARMFUL = ("Quit", "Suspend", "Picture")
MOVING = ("up", "down", "left", "right", "tab", "shift+tab", "enter", "escape", "home", "end")
KEYS = 240
SIZES = ((80, 24), (120, 40), (60, 16), (20, 5), (1, 1), (200, 60))


async def back_to_train(app: InklingApp, pilot: Pilot[Any]) -> None:
    """Out of whatever is in the way."""

    def there() -> bool:
        burst(app, "escape", "1")
        return app.screen is app.train

    await wait_for(pilot, there, "the Train screen")


async def test_random_keys_and_sizes_beside_a_live_run(tmp_path: Path) -> None:
    chance = random.Random(7)
    async with opened(tmp_path, initial=LONG) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "running")
        for number in range(KEYS):
            room = app.room.NAME
            commands = [c for c in COMMANDS if c.room in (room, "app") and c.label not in HARMFUL]
            key = chance.choice((*[c.key.split(",")[0] for c in commands], *MOVING))
            burst(app, key)
            if number % 4 == 0:
                await asyncio.sleep(0.02)
            if number % 40 == 39:
                await pilot.resize_terminal(*chance.choice(SIZES))
            if number % 60 == 59:
                burst(app, "escape", "escape", "escape", str(1 + number // 60 % 6))
        # What nobody has caught ends the app, and is raised where the test leaves it.
        assert app.is_running
        assert not [job for job in app.workers if job.state is WorkerState.ERROR]
    # A run outlives the screen: not here.
    for worker in live_workers(tmp_path):
        os.kill(worker, signal.SIGTERM)


async def test_keys_that_come_before_what_they_are_for_or_after_it_has_gone() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.session.state = of_phase("running")
        app.train.show_state(app.session.state)
        for keys in (
            ("F", "F", "escape", "escape", "escape"),
            ("f", "enter", "pageup", "pagedown", "escape", "escape"),
            ("ctrl+p", "pagedown", "z", "z", "escape", "escape", "ctrl+p", "escape"),
            ("L", "enter", "escape", "escape"),
            ("5", "enter", "1", "5", "space", "1"),
            ("question_mark", "escape", "escape"),
        ):
            burst(app, *keys)
            await asyncio.sleep(0.2)
            await back_to_train(app, pilot)


@pytest.mark.parametrize("palette", ["action_command_palette", "search_themes"])
async def test_a_click_on_what_is_no_longer_there(
    palette: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(QuietSession()) as (app, pilot):
        getattr(app, palette)()
        await wait_for(pilot, lambda: app.screen.query(CommandList))
        found = app.screen.query_one(CommandList)
        await wait_for(pilot, lambda: found.option_count > 1)
        drawn = Style.from_meta({"option": found.option_count})
        found.post_message(Click(found, 4, 3, 0, 0, 1, False, False, False, style=drawn))
        await pilot.pause()
        # As on a screen too small to show any of it.
        found.highlighted = 1
        found._clear_caches()
        monkeypatch.setattr(found, "_update_lines", lambda: None)
        found.action_page_up()
        assert found.highlighted == 1
        monkeypatch.setattr(
            app.screen, "get_widget_and_offset_at", lambda *_: (Static("gone"), Offset(0, 0))
        )
        app._driver.process_message(MouseDown(None, 5, 5, 0, 0, 1, False, False, False))
        # As when the terminal has become smaller since.
        app.train.post_message(MouseDown(None, 400, 5, 0, 0, 1, False, False, False))
        await pilot.pause()
        assert app.is_running


async def test_who_walks_and_turns_the_page_in_one_breath(tmp_path: Path) -> None:
    async with opened(tmp_path) as (app, pilot):
        await effects_backprop.prepare(app, pilot, commands_in("backprop")[0])
        await pilot.press("t", "end")
        for walk, turn in (("right", "space"), ("down", "l"), ("end", "v"), ("right", "b")):
            burst(app, walk, turn)
            await pilot.pause()
            matrix, cell = backprop_room(app).matrix, backprop_room(app).cell
            assert matrix is not None
            assert all(at < n for at, n in zip(cell, matrix.numbers.shape, strict=True))
