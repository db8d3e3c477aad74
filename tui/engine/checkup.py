"""The worker's eye on the run's health: hands the monitor of `nn.health` what it wants to know.

What is asked of the network itself costs as much as a few steps, so it is asked at ends of epochs,
and not at every one where epochs are short. It draws nothing by chance and leaves nothing changed:
a run has the same bits with and without it.
"""

from __future__ import annotations

from nn.batches import Batches
from nn.events import EpochDone, StepDone
from nn.health import Finding, Monitor
from nn.hyperparameters import Hyperparameters
from nn.trainer import Trainer
from nn.vitals import examine

PROBE = 512
"""Training digits that the network is examined with, always the same."""

EVERY = 1600
"""Steps between two examinations at the least: a few thousandths of the time."""

MEANING = (
    "label_smoothing", "dropout", "augmentation", "shift", "rotation", "scaling", "shear",
    "elastic", "elastic_sigma", "weight_decay", "ema_decay",
)  # fmt: skip
"""Knobs that change what a loss is the loss of, so that before and after cannot be compared."""


class Checkup:
    """One trainer's, from where it stands."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._monitor = Monitor()
        self._known = trainer.hyperparameters
        self._rows = trainer.train_rows[:PROBE]
        split = trainer.split
        self._probe = Batches(
            split.train_images, split.train_labels, split.pixel_max, len(self._rows)
        )
        self._examined = trainer.step - EVERY
        for done in trainer.history:
            # What was amiss before this worker came has been said by the one before.
            self._monitor.epoch(done)

    def step(self, done: StepDone) -> tuple[Finding, ...]:
        """What a step says."""
        if self._trainer.hyperparameters is not self._known:
            self._knobs_turned(self._trainer.hyperparameters)
        return self._monitor.step(done)

    def epoch(self, done: EpochDone) -> tuple[Finding, ...]:
        """What an epoch says, and the network after it if it has not been asked for long."""
        trainer = self._trainer
        if done.step - self._examined < EVERY or len(self._rows) < 2:
            return self._monitor.epoch(done)
        self._examined = done.step
        x, labels = self._probe.gather(self._rows)
        return self._monitor.epoch(done, examine(trainer.network, x, labels, trainer.plain_loss))

    def _knobs_turned(self, now: Hyperparameters) -> None:
        before, self._known = self._known, now
        if any(getattr(before, name) != getattr(now, name) for name in MEANING):
            self._monitor.forget_losses()
