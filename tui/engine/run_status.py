"""A run in one line, for whoever shows no more of it: imports nothing, so that the first screen can
say that there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal[
    "idle", "preparing", "running", "paused", "finished", "stopped", "diverged", "failed", "died",
]  # fmt: skip

LIVE: frozenset[Phase] = frozenset({"preparing", "running", "paused"})
"""The phases in which a worker is at work or waiting for a word."""


@dataclass(frozen=True)
class RunStatus:
    """A run in one line. Epochs and steps are those that are done."""

    phase: Phase = "idle"
    run_name: str = ""
    step: int = 0
    steps: int = 0
    epoch: int = 0
    epochs: int = 0
    steps_per_epoch: int = 0
    test_accuracy: float | None = None
    samples_per_second: float | None = None
    seconds_left: float | None = None
    sentence: str = ""
    field: str = ""
    quiet: float = 0.0
    """Seconds without news of a worker that ought to have some; 0 where all is well."""
    alert: str = ""
    """What is amiss with the run, in a few words."""
    remedy: str = ""
    """What could be done about it."""
    held: bool = False
    """Is the worker to hold, or does it? It may be told so while the digits are still loaded."""

    @property
    def live(self) -> bool:
        return self.phase in LIVE

    @property
    def moving(self) -> bool:
        """Is there news of it all the time?"""
        return self.live and self.phase != "paused"

    @property
    def progress(self) -> float:
        """The share of the run's steps that are done, 0 to 1."""
        return self.step / self.steps if self.steps else 0.0
