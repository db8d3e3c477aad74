"""Runs that are over, laid over the chart of another."""

from __future__ import annotations

from dataclasses import dataclass

from tui.engine.history import RunHistory
from tui.engine.run_directory import RunDirectory, RunError, run_directories
from tui.engine.runs import ListedRun, summary
from tui.engine.state import RunState
from tui.engine.tail import RunTail
from tui.engine.text import printable

MOST = 4
"""Runs that are laid over a chart, at the most."""


@dataclass(frozen=True, eq=False)
class Overlay:
    """A run as it ended; `place`, from 0, is its own as long as it is there: its colour and its
    marker go by it."""

    name: str
    place: int
    history: RunHistory


def choices(run: RunDirectory) -> tuple[ListedRun, ...]:
    """The runs beside this one that have done steps and have no worker, the newest first."""
    beside = (other for other in run_directories(run.path.parent) if other.path != run.path)
    listed = (ListedRun(other, summary(other)) for other in beside)
    found = [entry for entry in listed if entry.summary.step and not entry.summary.live]
    return tuple(sorted(found, key=lambda e: (e.summary.created, e.summary.name), reverse=True))


def free_place(overlays: tuple[Overlay, ...]) -> int | None:
    """The first place that nobody has; None where there is none."""
    taken = {overlay.place for overlay in overlays}
    return next((place for place in range(MOST) if place not in taken), None)


def overlay(run: RunDirectory, place: int) -> Overlay:
    """A run's curves from its files. For a thread: it reads all there is, once.

    Raises:
        RunError: its config cannot be read, or there is not a step in it.
    """
    state = RunState(run.name, run.read_config().hyperparameters, run)
    tail = RunTail(run)
    while True:
        for news in tail.poll():
            state.apply(news)
        if not tail.behind:
            break
    if not len(state.history.train):
        raise RunError(f"Run {printable(run.name)} has no steps to show.")
    return Overlay(printable(run.name), place, state.history)
