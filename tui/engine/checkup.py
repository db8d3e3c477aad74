"""The worker's eye on the run's health: hands the monitor of `nn.health` what it wants to know.

What is asked of the network itself costs as much as a few steps, so it is asked at ends of epochs,
and not at every one where epochs are short. It draws nothing by chance and leaves nothing changed:
a run has the same bits with and without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from nn.batches import Batches
from nn.events import EpochDone, HyperparameterChanged, StepDone
from nn.health import Alert, Finding, Monitor, Settled
from nn.hyperparameters import Hyperparameters
from nn.trainer import Trainer
from nn.vitals import examine

PROBE = 512
"""Training digits that the network is examined with, always the same."""

EVERY = 1600
"""Steps between two examinations at the least: a few thousandths of the time."""

MEANING = (
    "activation", "label_smoothing", "dropout", "augmentation", "shift", "rotation", "scaling",
    "shear", "elastic", "elastic_sigma", "weight_decay", "ema_decay",
)  # fmt: skip
"""Knobs that change what a loss is the loss of, so that before and after cannot be compared."""

Past = StepDone | HyperparameterChanged | Alert | Settled
"""What of a run's past cannot be seen from its trainer."""


class Checkup:
    """One trainer's, from where it stands."""

    def __init__(self, trainer: Trainer, past: Sequence[Past] = ()) -> None:
        """`past` is what the run's files say of it from before it was taken up: the last steps, as
        many as a monitor remembers, what was changed, and what was amiss; of what came after its
        last checkpoint, nothing is so any more."""
        self._trainer = trainer
        self._monitor = Monitor()
        self._known = trainer.hyperparameters
        self._rows = trainer.train_rows[:PROBE]
        split = trainer.split
        self._probe = Batches(
            split.train_images, split.train_labels, split.pixel_max, len(self._rows)
        )
        self._examined = trainer.step - EVERY
        self._catch_up(past)

    def _catch_up(self, past: Sequence[Past]) -> None:
        """Know what a worker that had been here all the time would: what the last steps and the
        epochs came to, and where between them a knob changed what a loss means. What was amiss has
        been said."""
        monitor = self._monitor
        # In their order, for what was amiss may be why something else was not said.
        between = deque(sorted((f for f in past if not isinstance(f, StepDone)), key=_step_of))

        def recall(until: int) -> None:
            while between and between[0].step < until:
                fact = between.popleft()
                if isinstance(fact, Alert | Settled):
                    monitor.recall(fact)
                elif fact.name in MEANING:
                    monitor.forget_losses()

        steps = (fact for fact in past if isinstance(fact, StepDone))
        seen: list[StepDone | EpochDone] = [*steps, *self._trainer.history]
        for done in sorted(seen, key=_step_of):
            recall(done.step)
            if isinstance(done, StepDone):
                monitor.step(done)
            else:
                monitor.epoch(done)
        # Up to where the run is taken up, where the changes of a fork stand.
        recall(self._trainer.step + 1)

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


def _step_of(fact: Past | EpochDone) -> int:
    return fact.step
