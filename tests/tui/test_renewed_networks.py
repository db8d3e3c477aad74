"""A room that shows the network of a run which goes on begins with that of this very moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pilots import (
    backprop_room,
    draw_room,
    look_room,
    opened,
    wait_for,
    wait_for_phase,
)

from nn.presets import resolve
from tui import run_control
from tui.app import InklingApp
from tui.engine.client import CommandRefused
from tui.engine.commands import Command, Keep, Pause, Stop
from tui.screens.train import TrainScreen
from tui.session import Session
from tui.tuning_control import NEW_RUN

SLOW = resolve("first-light", {"batch_size": 2, "pace": 50, "epochs": 100})
"""An epoch takes a quarter of a minute, and nothing is kept before its end."""


class HeardSession(Session):
    """Writes down what it is told, and does it, after whatever is in the way."""

    def __init__(self, runs: Path) -> None:
        super().__init__(runs)
        self.heard: list[Command] = []
        self.in_the_way: Callable[[], Awaitable[object]] | None = None

    async def ask(self, command: Command) -> None:
        self.heard.append(command)
        if self.in_the_way is not None:
            await self.in_the_way()
        await super().ask(command)

    @property
    def kept(self) -> int:
        return sum(isinstance(command, Keep) for command in self.heard)


def at_it(app: InklingApp) -> bool:
    return any(worker.group == NEW_RUN and worker.is_running for worker in app.workers)


async def test_rooms_begin_with_the_network_as_it_is(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = HeardSession(runs)
    async with opened(session, initial=SLOW) as (app, pilot):
        look, draw, backprop = look_room(app), draw_room(app), backprop_room(app)
        await pilot.press("3", "1")
        assert session.kept == 0, "there is no run"
        await pilot.press("space")
        await wait_for_phase(app, pilot, "running")

        async def step() -> int:
            """How far the run is, and a little more."""
            now = app.train.status.step
            await wait_for(pilot, lambda: session.state.status.step >= now + 5)
            return session.state.status.step

        since = await step()
        await pilot.press("3")
        await wait_for(pilot, lambda: look.scene and look.scene.portrait)
        assert look.scene.step >= since
        await pilot.press("1")
        since = await step()
        await pilot.press("4")
        await wait_for(pilot, lambda: draw.reading and draw.reading.has_network)
        assert draw._reader._eyes.network.step >= since
        since = await step()
        await pilot.press("6")
        await wait_for(pilot, lambda: backprop.page)
        assert backprop.page.step >= since
        assert session.kept == 3, "once each"
        assert session.run.checkpoint.exists()
        assert not session.run.best.exists()

        # One that does not answer is not waited for, and asked once.
        heard, scene = asyncio.Event(), look.scene
        session.in_the_way = heard.wait
        monkeypatch.setattr(run_control, "RENEW_PATIENCE", 0.02)
        await pilot.press("3")
        await wait_for(pilot, lambda: look.scene is not scene, "as of the checkpoint there is")
        monkeypatch.setattr(run_control, "RENEW_PATIENCE", 3600)
        await pilot.press("4", "6", "3")
        assert session.kept == 5
        # Nor is whoever goes on called back by what had to wait.
        await pilot.press("1")
        app.train.post_message(TrainScreen.RateAsked(SLOW))
        await wait_for(pilot, lambda: at_it(app))
        await pilot.press("3")
        heard.set()
        await wait_for(pilot, look.renewed.is_set)
        await wait_for(pilot, lambda: not at_it(app))
        assert app.screen is look

        # Nobody has asked for it, so nobody is told that it was refused.
        async def refuse() -> None:
            raise CommandRefused("The worker cannot be reached.")

        session.in_the_way = refuse
        await pilot.press("4")
        await wait_for(pilot, lambda: session.kept == 6 and look.renewed.is_set())
        session.in_the_way = None

        await session.ask(Pause())
        await wait_for(pilot, lambda: session.state.status.phase == "paused")
        await pilot.press("6", "3")
        await session.ask(Stop())
        await wait_for(pilot, lambda: not session.live)
        await pilot.press("4", "3")
        assert session.kept == 6, "what is held or over has been kept"
        assert not app._notifications
