"""The progress bar of `inkling train`, without waiting for it."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Callable

from rich.console import Console

from nn.events import RunStarted
from tui.engine.facts import Entry, Preparing
from tui.progress import LiveProgress

STARTED = RunStarted((64, 32, 10), 2410, 1000, 360, 10, 100, 2.3, 0.1)


def bar(steps: Callable[[], int], clock: Callable[[], float]) -> LiveProgress:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    return LiveProgress("a run", steps, console=console, get_time=clock, auto_refresh=False)


def test_the_time_left_is_known_however_long_a_step_takes() -> None:
    now, steps = 0.0, 0
    display = bar(lambda: steps, lambda: now)
    display.show(Entry(1e9, Preparing("Downloading", 500, 1000)))
    display.show(Entry(1e9, STARTED))
    (task,) = display._bar.tasks
    for _ in range(3):
        now, steps = now + 40, steps + 1
        display._bar.refresh()
    assert (task.completed, task.total) == (3, 1000)
    assert task.time_remaining == 997 * 40
    display.close()


def test_a_terminal_that_is_gone_is_left_as_it_is() -> None:
    ours, theirs = pty.openpty()
    with open(os.devnull, "w") as nowhere, os.fdopen(theirs, "w") as file:
        console = Console(file=file, force_terminal=True, width=100)
        display = LiveProgress("a run", lambda: 0, console=console, auto_refresh=False)
        os.close(ours)
        display.close()
        # What could not be written is written when the file is closed.
        os.dup2(nowhere.fileno(), theirs)
