"""What the commands of the Look screen bring about."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from error_runs import finished_run
from pilots import backprop_room, look_room, wait_for
from run_states import of_phase
from textual.pilot import Pilot

from tui.app import InklingApp
from tui.commands import Command
from tui.engine.state import RunState
from tui.widgets.layers_view import LayersView
from tui.widgets.map_view import MapView
from tui.widgets.weights_view import WeightsView

EFFECTS: dict[str, Callable[[InklingApp], object]] = {
    "look.layers": lambda app: isinstance(app.focused, LayersView),
    "look.weights": lambda app: isinstance(app.focused, WeightsView),
    "look.map": lambda app: isinstance(app.focused, MapView),
    "look.explain": lambda app: look_room(app).explaining,
    "look.next": lambda app: look_room(app).digit == 5,
    "look.previous": lambda app: look_room(app).digit == 3,
    "look.digit": lambda app: look_room(app).editing,
    "look.lesson": lambda app: (
        app.screen is backprop_room(app)
        and backprop_room(app).page
        and backprop_room(app).page.wish.place == 4
    ),
    "look.switch": lambda app: look_room(app).off == (0,),
    "look.undo": lambda app: look_room(app).off == (),
    "look.tsne": lambda app: look_room(app).words.startswith("t-SNE") or look_room(app).tsne,
    "look.back": lambda app: not look_room(app).editing,
}


@cache
def state_with_files() -> RunState:
    """A finished run that has left a checkpoint."""
    state = of_phase("finished")
    state.run = finished_run(Path(mkdtemp(prefix="inkling-look-runs")))
    return state


async def enter(app: InklingApp, pilot: Pilot[Any], state: RunState) -> None:
    """The Look room of a run, once there is something to be seen."""
    room = look_room(app)
    app.session.state = state
    app.enter(room)
    await wait_for(pilot, lambda: room.is_current and room.scene and room.scene.flow)


async def prepare(app: InklingApp, pilot: Pilot[Any], command: Command) -> None:
    """The Look screen as it is on first entering it, but for what the command is to change."""
    room = look_room(app)
    await enter(app, pilot, state_with_files())
    room.stop_drawing()
    room.forget()
    room.explaining = False
    room.digit = 4
    room.action_show_view("map" if command.id == "look.layers" else "layers")
    if command.id in ("look.switch", "look.undo"):
        room.action_show_view("weights")
        await wait_for(pilot, lambda: room.scene and room.scene.units)
    if command.id == "look.undo":
        await pilot.press("space")
        assert room.off == (0,)
    if command.id == "look.back":
        await pilot.press("slash")
        assert room.editing
