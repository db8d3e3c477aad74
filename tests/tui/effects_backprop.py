"""What the commands of the Backprop screen bring about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from error_runs import finished_run
from pilots import backprop_room, toasts, wait_for
from textual.pilot import Pilot
from textual.widgets import Input

from tui.app import InklingApp
from tui.commands import Command
from tui.engine.classroom import Wish
from tui.engine.state import RunState


def phase(app: InklingApp) -> str:
    step = backprop_room(app).step
    return step.phase if step else ""


def wish(app: InklingApp) -> Wish:
    page = backprop_room(app).page
    return page.wish if page else Wish()


def rate(app: InklingApp) -> float:
    page = backprop_room(app).page
    return page.lesson.learning_rate if page else 0.0


EFFECTS: dict[str, Callable[[InklingApp], object]] = {
    "backprop.next": lambda app: backprop_room(app).number == 1,
    "backprop.previous": lambda app: backprop_room(app).number == 1,
    "backprop.forward": lambda app: phase(app) == "forward",
    "backprop.loss": lambda app: phase(app) == "loss",
    "backprop.backward": lambda app: phase(app) == "backward",
    "backprop.update": lambda app: phase(app) == "update",
    "backprop.matrix": lambda app: backprop_room(app).which == 1,
    "backprop.compare": lambda app: backprop_room(app).opinion,
    "backprop.apply": lambda app: backprop_room(app).page.applied == 1,
    "backprop.undo": lambda app: any("a applies one" in message for message in toasts(app)),
    "backprop.faster": lambda app: rate(app) == 0.1,
    "backprop.slower": lambda app: rate(app) == 0.025,
    "backprop.check": lambda app: backprop_room(app).shown_pane == "check",
    "backprop.next_digit": lambda app: wish(app).place == 1,
    "backprop.previous_digit": lambda app: wish(app).place == 359,
    "backprop.index": lambda app: isinstance(app.focused, Input),
    "backprop.wrong": lambda app: wish(app).wrong_only,
    "backprop.batch": lambda app: wish(app).count == 4,
    "backprop.newest": lambda app: backprop_room(app).page.applied == 0,
    "backprop.numbers": lambda app: backprop_room(app).shown_pane == "numbers",
    "backprop.source": lambda app: backprop_room(app).shown_pane == "source",
    "backprop.explain": lambda app: backprop_room(app).shown_pane == "explain",
    "backprop.digits": lambda app: backprop_room(app).shown_pane == "digits",
    "backprop.leave": lambda app: backprop_room(app).shown_pane == "numbers",
}


async def prepare(app: InklingApp, pilot: Pilot[Any], command: Command) -> None:
    """A lesson at its beginning, about the first digit, but for what the command is to change."""
    room, runs = backprop_room(app), app.session.runs_dir
    state = room._state
    if state is None:
        run = finished_run(runs)
        state = RunState(run.name, run.read_config().hyperparameters, run)
    app.session.state = state
    app.enter(room)
    await wait_for(pilot, lambda: room.is_current and room._state is state and room.page)
    room._hide_index()
    room.open(Wish())
    await wait_for(
        pilot, lambda: room.page.wish == Wish(count=1) and not room.page.applied, "a fresh page"
    )
    way_back = [step.phase for step in room.page.steps].index("backward")
    starts = dict.fromkeys(("backprop.forward", "backprop.compare"), way_back)
    room.which = 0
    room.number = {"backprop.previous": 2, **starts}.get(command.id, 0)
    aside = command.id in ("backprop.leave", "backprop.numbers")
    room.action_show_pane("source" if aside else "explain")
    if command.id == "backprop.explain":
        room.action_show_pane("numbers")
    if command.id == "backprop.newest":
        room.action_apply()
        await wait_for(pilot, lambda: room.page.applied)
