"""Pictures of the screen as it should look; a person has looked at every one of them.

After a change that is meant: `pytest tests/tui/test_snapshots.py --snapshot-update`, and look.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from lesson_pages import SameEverywhere
from look_scenes import digits, network_of, scene_of
from pilots import (
    QuietSession,
    backprop_room,
    draw_room,
    errors_room,
    look_room,
    toasts,
    wait_for,
    wait_for_pictures,
)
from run_states import beside, of_phase, rates
from textual.pilot import Pilot

from tui.app import InklingApp
from tui.engine.classroom import Wish
from tui.engine.drawing import Drawing
from tui.screens import rate_finder
from tui.screens.rate_finder import RateFinder

SMALL, USUAL, LARGE = (80, 24), (120, 40), (200, 60)


@dataclass(frozen=True)
class Scene:
    """A run in some phase (or none), some keys, and a size."""

    name: str
    size: tuple[int, int]
    phase: str = ""
    keys: Sequence[str] = ()
    live: bool = False
    ascii_only: bool = False
    theme: str = ""
    room: str = ""
    overlays: int = 0
    no_color: bool = False

    def __str__(self) -> str:
        return f"{self.name}-{self.size[0]}x{self.size[1]}"


BAD_BATCH = ["f", *["pagedown"] * 3, *["tab"] * 8, "end", "x"]

FORK = ["f", *["pagedown"] * 3, *["tab"] * 6, "end", "5", "enter"]

SCENES = (
    Scene("start", SMALL),
    Scene("start", USUAL),
    Scene("running", SMALL, "running"),
    Scene("running", USUAL, "running"),
    Scene("running", LARGE, "running"),
    Scene("log", SMALL, "running", ["g"]),
    Scene("settings", SMALL, "running", ["f", *["pagedown"] * 4, "enter", "tab"]),
    Scene("settings", USUAL, "running", ["f", *["pagedown"] * 4, "enter", "tab"]),
    Scene("preparing", USUAL, "preparing"),
    Scene("paused", USUAL, "paused", ["w", "l"]),
    Scene("diverged", SMALL, "diverged"),
    Scene("failed", SMALL, "failed"),
    Scene("failed", USUAL, "failed"),
    Scene("bad-field", SMALL, keys=BAD_BATCH),
    Scene("bad-field", LARGE, keys=BAD_BATCH),
    Scene("list", USUAL, keys=["f", "enter"]),
    Scene("finished", LARGE, "finished"),
    Scene("died", SMALL, "died"),
    Scene("too-small", (40, 10), "running"),
    Scene("smallest", (60, 16), "running"),
    Scene("ascii", SMALL, "running", ascii_only=True),
    Scene("ascii", USUAL, "running", ["f"], ascii_only=True),
    Scene("paper", USUAL, "running", theme="inkling-paper"),
    Scene("chart-cursor", SMALL, "running", ["x", "c", "shift+left"]),
    Scene("chart-cursor", USUAL, "running", [*["plus"] * 3, "c", "shift+left", "z", "shift+left"]),
    Scene("chart-stretch", USUAL, "finished", ["c", "z", *["shift+left"] * 3, "z"]),
    Scene("chart-accuracy", SMALL, "finished", ["y", "x", "x", "m"]),
    Scene("chart-beside", LARGE, "finished", ["c", "shift+left"], overlays=4),
    Scene("chart-beside-ascii", USUAL, "finished", ["c"], ascii_only=True, overlays=2),
    Scene("chart-hidden", USUAL, "running", ["h"]),
    Scene("help", SMALL, keys=["question_mark"]),
    Scene("help", USUAL, keys=["question_mark"]),
    Scene("errors", SMALL, "finished", ["right"], room="errors"),
    Scene("errors", USUAL, "finished", ["right"], room="errors"),
    Scene("errors", LARGE, "running", ["right"], room="errors"),
    Scene("errors-matrix", SMALL, "finished", ["m", "left"], room="errors"),
    Scene("errors-classes", SMALL, "finished", ["c", "down"], room="errors"),
    Scene("errors-digit", SMALL, "finished", ["d", "right"], room="errors"),
    Scene("errors-sureness", SMALL, "finished", ["u", "up"], room="errors"),
    Scene("errors-ascii", USUAL, "finished", ["right"], ascii_only=True, room="errors"),
    Scene(
        "errors-paper", USUAL, "finished", ["percent_sign"], theme="inkling-paper", room="errors"
    ),
    Scene("errors-none", SMALL, room="errors"),
    Scene("backprop", SMALL, "finished", ["space", "right"], room="backprop"),
    Scene("backprop", USUAL, "finished", ["b", "space", "down"], room="backprop"),
    Scene("backprop", LARGE, "finished", ["b", "space", "right"], room="backprop"),
    Scene("backprop-source", SMALL, "finished", ["s", "space"], room="backprop"),
    Scene("backprop-ascii", USUAL, "finished", ["space"], ascii_only=True, room="backprop"),
    Scene("backprop-none", SMALL, room="backprop"),
    Scene("draw", SMALL, "running", room="draw"),
    Scene("draw", USUAL, "running", ["space", "x"], room="draw"),
    Scene("draw", LARGE, "finished", room="draw"),
    Scene("draw-plain", USUAL, "running", ["m", "k", "7"], room="draw"),
    Scene("draw-none", SMALL, room="draw"),
    Scene("draw-ascii", SMALL, "running", ascii_only=True, room="draw"),
    Scene("draw-smallest", (60, 16), "running", room="draw"),
    Scene("draw-paper", USUAL, "running", theme="inkling-paper", room="draw"),
    Scene("look", SMALL, "finished", room="look"),
    Scene("look", USUAL, "finished", room="look"),
    Scene("look", LARGE, "finished", ["m"], room="look"),
    Scene("look-weights", SMALL, "finished", ["w", "right"], room="look"),
    Scene("look-weights", USUAL, "finished", ["w", "down"], room="look"),
    Scene("look-map", SMALL, "finished", ["m"], room="look"),
    Scene("look-explain", SMALL, "finished", ["w", "e"], room="look"),
    Scene("look-ascii", USUAL, "finished", ["w"], ascii_only=True, room="look"),
    Scene("look-paper", USUAL, "finished", ["w"], theme="inkling-paper", room="look"),
    Scene("look-none", SMALL, room="look"),
    Scene("leave", USUAL, "running", ["q"], live=True),
    Scene("fork", USUAL, "running", FORK, live=True),
    Scene("rate-finder", SMALL, "running", ["L"]),
    Scene("rate-finder", USUAL, "running", ["L"]),
    Scene("no-colour", USUAL, "running", ["f", "tab", "tab"], no_color=True),
    Scene("jump", USUAL, "running", ["j"]),
    Scene("jump-no-colour", SMALL, "running", ["f", "ctrl+o"], no_color=True, ascii_only=True),
    Scene("hint", USUAL, "running", ["g", "f1"]),
    Scene("alert", SMALL, "alert", ["g"], live=True),
    Scene("alert", USUAL, "alert", live=True),
    Scene("alert-ascii", SMALL, "alert", ["g"], live=True, ascii_only=True),
)

SEVEN = ((5.0, 6.0), (15.0, 6.0), (9.0, 22.0))
"""A small one, not in the middle."""

BELIEFS = np.array([1, 22, 40, 31, 2, 3, 0.4, 880, 0.6, 20], np.float32) / 1000


async def draw_a_seven(app: InklingApp, pilot: Pilot[str], scene: Scene) -> None:
    """The Draw screen with a drawing on it, and where there is a run what a network says of it."""
    room = draw_room(app)
    app.session.state = of_phase(scene.phase) if scene.phase else None
    app.enter(room)
    await wait_for(pilot, lambda: room.is_current)
    drawing = Drawing.blank((28, 28))
    for start, end in pairwise(SEVEN):
        drawing = drawing.stroked(start, end, 1)
    room.drawing = drawing
    await pilot.press(*scene.keys)
    await wait_for(pilot, lambda: room.reading and room.reading.drawn is room.drawing.ink)
    await wait_for(pilot, lambda: room.reading.centring == room.centring and room.samples)
    if scene.phase:
        said = "By the newest checkpoint: epoch 12, step 540."
        room.reading = dataclasses.replace(
            room.reading, has_network=True, probabilities=BELIEFS, sentence=said
        )


async def enter_backprop(app: InklingApp, pilot: Pilot[str], scene: Scene) -> None:
    """The room, with a lesson in it whose numbers are the same on every machine."""
    room = backprop_room(app)
    if scene.phase:
        app.session.state = state = of_phase(scene.phase)
        room._classroom, room._state = SameEverywhere(), state
        room._tried_at = (state.status.epoch, state.status.phase)
        room.open(Wish(count=1))
    app.enter(room)
    await wait_for(pilot, lambda: room.is_current and (room.page or not scene.phase))


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_it_looks_as_it_should(
    scene: Scene, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_finder, "rates_elsewhere", rates)
    if scene.no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    session = QuietSession()
    app = InklingApp(session, ascii_only=scene.ascii_only)

    async def set_up(pilot: Pilot[str]) -> None:
        await wait_for(pilot, lambda: app.size == scene.size and app.train.furnished)
        if scene.theme:
            app.theme = scene.theme
        if scene.phase:
            state = of_phase(scene.phase)
            session.state = state if scene.live else None
            app.train.show_state(state)
            app.train.overlays = tuple(beside(place) for place in range(scene.overlays))
        if scene.room == "errors":
            app.session.state = of_phase(scene.phase) if scene.phase else None
            app.enter(errors_room(app))
            await wait_for(pilot, lambda: errors_room(app).is_current)
            await wait_for(pilot, lambda: errors_room(app).view or not scene.phase)
        if scene.room == "backprop":
            await enter_backprop(app, pilot, scene)
        if scene.room == "look":
            app.session.state = of_phase(scene.phase) if scene.phase else None
            app.enter(look_room(app))
            await wait_for(pilot, lambda: look_room(app).scene)
            if scene.phase:
                look_room(app).digit = 4
                look_room(app).scene = scene_of(network_of(digits()))
        await pilot.pause()
        if scene.room == "draw":
            await draw_a_seven(app, pilot, scene)
        else:
            await pilot.press(*scene.keys)
        if isinstance(app.screen, RateFinder):
            await wait_for(pilot, lambda: app.screen.over)
        await wait_for(pilot, lambda: errors_room(app)._soon is None)
        await wait_for_pictures(app, pilot)
        if toasts(app):
            await wait_for(pilot, lambda: app.screen.query("Toast"))
        await wait_for_pictures(app, pilot)

    assert snap_compare(app, terminal_size=scene.size, run_before=set_up)
