"""What the commands for runs, and those that work everywhere, bring about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pilots import (
    SHORT,
    backprop_room,
    draw_room,
    errors_room,
    look_room,
    toasts,
    wait_for,
)
from run_states import BEGUN, FINISHED, STARTED
from textual.pilot import Pilot

from tui.app import InklingApp
from tui.commands import Command
from tui.engine.facts import Entry, encode
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.screens.dialogs import Question
from tui.screens.help import HelpScreen
from tui.screens.runs import RunsScreen
from tui.widgets.laid_over import Hint
from tui.widgets.run_table import RunTable

EFFECTS: dict[str, Callable[[InklingApp], object]] = {
    "runs.open": lambda app: app.room is app.train and app.train.status.run_name,
    "runs.toggle": lambda app: any("no worker" in message for message in toasts(app)),
    "runs.take_up": lambda app: any("has finished" in message for message in toasts(app)),
    "runs.stop": lambda app: any("no worker" in message for message in toasts(app)),
    "runs.remove": lambda app: isinstance(app.screen, Question),
    "room.train": lambda app: app.screen is app.train,
    "room.errors": lambda app: app.screen is errors_room(app),
    "room.draw": lambda app: app.screen is draw_room(app),
    "room.look": lambda app: app.screen is look_room(app),
    "room.runs": lambda app: isinstance(app.screen, RunsScreen),
    "room.backprop": lambda app: app.screen is backprop_room(app),
    "app.jump": lambda app: app.train.jump.places,
    "app.jump_anyhow": lambda app: app.train.jump.places,
    "app.what": lambda app: app.train.query(Hint),
    "app.suspend": lambda app: any("no shell" in message for message in toasts(app)),
    "app.picture": lambda app: any("inkling-" in message for message in toasts(app)),
    "app.help": lambda app: isinstance(app.screen, HelpScreen),
    "app.leave": lambda app: app._exit,
    "app.leave_anyhow": lambda app: app._exit,
}


def finished_run(runs: Path) -> RunDirectory:
    """A run that has ended, as far as its files tell."""
    run = RunDirectory.create(runs, new_config(SHORT, None))
    run.journal.write_bytes(encode(Entry(BEGUN, STARTED)) + encode(Entry(BEGUN, FINISHED)))
    return run


async def prepare(app: InklingApp, pilot: Pilot[Any], command: Command) -> None:
    """A list with a run in it, where that is what the command is about."""
    app.train.jump.end()
    app.train.take_hint_away()
    if command.room == "runs" or command.id == "room.train":
        finished_run(app.session.runs_dir)
        await pilot.press("5")
        await wait_for(pilot, lambda: app.screen.query(RunTable) and app.screen.runs)
