"""A training run as a progress bar below the lines of its log, for a terminal without the app."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from nn.events import RunStarted
from nn.range_test import RangePoint
from tui.engine import log_lines
from tui.engine.facts import Entry, Preparing
from tui.engine.rate_finder import Word

SPEED_OVER = 3600.0
"""Seconds over which the speed is taken, or a thousand changes; a step may take a minute."""


class _Bar(Progress):
    """A progress that looks for itself how far things are, whenever it is drawn."""

    def __init__(self, steps: Callable[[], int], **options: Any) -> None:
        self._steps = steps
        self.training: TaskID | None = None
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            speed_estimate_period=SPEED_OVER,
            transient=True,
            **options,
        )

    def get_renderable(self) -> RenderableType:
        if self.training is not None:
            self.update(self.training, completed=self._steps())
        return super().get_renderable()


class LiveProgress:
    """The log line by line, and the bar; `steps` tells how many are done, at any time."""

    def __init__(self, run: str, steps: Callable[[], int], **options: Any) -> None:
        """`options` are those of rich's Progress."""
        console = Console(highlight=False, markup=False, emoji=False)
        self._bar = _Bar(steps, **{"console": console} | options)
        self._bar.start()
        self._task = self._bar.add_task("starting", total=None)
        self._run = run

    def _print(self, text: str) -> None:
        self._bar.console.print(text, soft_wrap=True)

    def show(self, entry: Entry) -> None:
        fact = entry.fact
        if isinstance(fact, Preparing):
            total = fact.total or None
            self._bar.update(self._task, description=fact.what, completed=fact.done, total=total)
            return
        if isinstance(fact, RunStarted):
            self._print(f"run {self._run}")
        self._print(log_lines.line(entry))
        if isinstance(fact, RunStarted):
            self._print(log_lines.HEADER)
            steps = fact.epochs * fact.steps_per_epoch
            # The speed of a download says nothing of the training.
            self._bar.reset(self._task, description="training", total=steps)
            self._bar.training = self._task

    def close(self) -> None:
        # A terminal that is gone has nothing to be tidied up, and is no reason for a run to fail.
        with contextlib.suppress(OSError):
            self._bar.stop()


def shown_in_a_bar(words: Iterable[Word]) -> Iterator[Word]:
    """The words of a learning-rate test as they come, with a bar on the terminal meanwhile."""
    with Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), transient=True
    ) as bar:
        task = bar.add_task("starting", total=None)
        for word in words:
            if isinstance(word, Preparing):
                bar.update(
                    task, description=word.what, completed=word.done, total=word.total or None
                )
            elif isinstance(word, RangePoint):
                rate = f"learning rate {word.learning_rate:.2g}"
                bar.update(task, description=rate, completed=word.step, total=word.steps)
            yield word
