"""Real runs of the small digits for the Errors screen: trained once, copied for every test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pilots import errors_room, opened, wait_for
from textual.pilot import Pilot

from nn.presets import resolve
from tui.app import InklingApp
from tui.engine.mistakes import Mistakes
from tui.engine.mistakes_reader import MistakesReader
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.worker import Worker
from tui.screens.errors import ErrorsScreen


@cache
def _trained(hidden: str, epochs: int) -> Path:
    changes = {"epochs": epochs, "pace": 0, "hidden": hidden}
    runs = Path(mkdtemp(prefix="inkling-error-runs"))
    run = RunDirectory.create(runs, new_config(resolve("first-light", changes), None))
    list(Worker(run).run())
    return run.path


def finished_run(
    runs: Path, name: str = "first", hidden: str = "32", epochs: int = 6
) -> RunDirectory:
    """A run of real digits that has ended, in a directory of runs."""
    runs.mkdir(parents=True, exist_ok=True)
    return RunDirectory(Path(shutil.copytree(_trained(hidden, epochs), runs / name)))


@asynccontextmanager
async def errors_of(
    run: RunDirectory, size: tuple[int, int] = (120, 40), **options: Any
) -> AsyncIterator[tuple[InklingApp, Pilot[str], ErrorsScreen, Mistakes]]:
    """The app in the Errors room of a run, and what the run really gets wrong."""
    async with opened(run.path.parent, size, attach=run, **options) as (app, pilot):
        await wait_for(pilot, lambda: app.session.state and app.session.state.predictions)
        await pilot.press("2")
        errors = errors_room(app)
        await wait_for(pilot, lambda: errors.view and errors.view.mistakes.history, "a history")
        yield app, pilot, errors, MistakesReader(run).read_all()
