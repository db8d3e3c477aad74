"""The app as a whole: quiet when idle, and never silent about trouble."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pilots import (
    SHORT,
    SIZES,
    QuietSession,
    lines,
    opened,
    toast,
    toasts,
    wait_for,
    wait_for_phase,
    wait_for_pictures,
)
from rich.console import RenderableType
from run_states import of_phase
from textual.screen import Screen
from textual.strip import Strip

from tui import at_rest
from tui.app import InklingApp
from tui.engine.state import RunState
from tui.session import Session
from tui.widgets.digit_grid import DigitGrid


def count_paints(app: InklingApp, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whatever the app sends to the terminal from now on."""
    sent: list[object] = []
    display = app._display

    def counted(screen: Screen[Any], renderable: RenderableType | None) -> None:
        sent.append(renderable)
        display(screen, renderable)

    monkeypatch.setattr(app, "_display", counted)
    return sent


async def test_an_idle_screen_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(QuietSession()) as (app, pilot):
        await wait_for_pictures(app, pilot)
        await pilot.pause(0.3)
        sent = count_paints(app, monkeypatch)
        await pilot.pause(1.0)
        assert sent == []
        await pilot.press("l", "f")
        await wait_for(pilot, lambda: sent, "the counter counts")


async def test_a_screen_with_a_finished_run_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("finished"))
        for focus in ("d", "f", "g"):
            await pilot.press(focus)
            await wait_for_pictures(app, pilot)
            await pilot.pause(0.3)
            with monkeypatch.context() as patch:
                sent = count_paints(app, patch)
                await pilot.pause(0.7)
                assert sent == [], focus


async def test_a_real_finished_run_leaves_nothing_ticking(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(runs, initial=SHORT) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "finished")
        await wait_for(pilot, lambda: not app.workers, "no worker is left")
        await wait_for_pictures(app, pilot)
        await pilot.pause(0.6)
        sent = count_paints(app, monkeypatch)
        await pilot.pause(1.0)
        assert sent == []


class BlindSession(QuietSession):
    """Its run lives, but what it tells cannot be understood."""

    def start(self, *_: object) -> None:
        self.state = of_phase("running")

    async def changes(self) -> AsyncIterator[RunState]:
        assert self.state is not None
        yield self.state
        raise ValueError("[/foo] \x1b[31m no such fact")


@pytest.mark.parametrize("size", SIZES)
async def test_trouble_in_following_is_said_and_survived(size: tuple[int, int]) -> None:
    async with opened(session := BlindSession(), size) as (app, pilot):
        await pilot.press("space")
        await wait_for(pilot, lambda: toasts(app))
        assert "ValueError" in toasts(app)[0]
        assert "[/foo]" in toasts(app)[0]
        assert "inkling attach" in toasts(app)[0]
        await wait_for(pilot, lambda: "goes on unseen" in lines(app)[0])
        await wait_for(pilot, lambda: "inkling attach shows it again." in toast(app))
        assert all(row.isprintable() for row in lines(app))
        await pilot.press("w")  # Still all ears.
        assert app.train.query_one(DigitGrid).wrong_only
        await pilot.press("S")
        await wait_for(pilot, lambda: [ask.command for ask in session.asked] == ["stop"])


async def test_a_slow_answer_holds_up_no_key() -> None:
    class SlowSession(QuietSession):
        async def ask(self, *_: object) -> None:
            await asyncio.Event().wait()

    async with opened(SlowSession()) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await pilot.press("space", "question_mark")
        await wait_for(pilot, lambda: app.screen is not app.train, seconds=5)


async def test_a_polite_signal_ends_it_cleanly(runs: Path) -> None:
    async with opened(Session(runs)) as (app, pilot):
        # What the thread that waits for SIGTERM does; the signal itself is sent in tests/e2e.
        await asyncio.to_thread(app.leave_from_outside)
        await wait_for(pilot, lambda: app._exit)
    assert app.return_code == 0


async def test_so_does_one_that_comes_while_the_app_opens(runs: Path) -> None:
    app = InklingApp(Session(runs))
    await asyncio.to_thread(app.leave_from_outside)
    async with app.run_test() as pilot:
        await wait_for(pilot, lambda: app._exit)
        # Textual would have failed over the fields that were still to be mounted.
        assert app.train.form.furnished
    assert app.return_code == 0


async def test_no_room_keeps_a_run_when_another_has_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(session := QuietSession()) as (app, pilot):
        session.state = of_phase("finished")
        before = weakref.ref(session.state)
        for room in ("errors", "look", "draw", "backprop", "train"):
            app.action_go(room)
            await wait_for(pilot, lambda room=room: room == app.room.NAME)  # type: ignore[misc]
            await wait_for(pilot, lambda: app.room.status.phase == "finished")
        session.state = of_phase("stopped")
        assert app._door(lambda: None)
        await wait_for(pilot, lambda: gc.collect() >= 0 and before() is None)
        before = weakref.ref(session.state)

        async def fork(_: object) -> None:
            session.state = of_phase("running")

        monkeypatch.setattr(session, "fork", fork)
        await app.fork({})
        await wait_for(pilot, lambda: gc.collect() >= 0 and before() is None)


async def test_nothing_is_kept_of_what_was_painted_in_another_size_or_of_what_is_gone() -> None:
    async with opened(QuietSession()) as (app, pilot):
        line = Strip.blank(9999)
        await pilot.resize_terminal(90, 30)
        await wait_for(pilot, lambda: Strip.blank(9999) is not line)
        app.action_show_help()
        await wait_for(pilot, lambda: app.screen is not app.train)
        painted = weakref.ref(app.screen._styles_cache)
        await pilot.press("escape")
        await wait_for(pilot, lambda: gc.collect() >= 0 and painted() is None)


async def test_rubbish_is_looked_for_once_nobody_touches_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = list[int]()
    monkeypatch.setattr(at_rest, "REST", 0.05)
    monkeypatch.setattr(at_rest, "look_once", lambda: looked.append(1))
    async with opened(QuietSession()) as (app, pilot):
        await wait_for(pilot, lambda: not app._waits_for_rest)
        before = len(looked)
        await pilot.press("d", "g", "d")
        await wait_for(pilot, lambda: len(looked) > before and not app._waits_for_rest)
