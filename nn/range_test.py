"""How large may a step be? Try them all, from far too small to far too large (Smith 2015).

One training run with a learning rate that grows from step to step: at first hardly anything
happens, then the loss falls, the faster the larger the rate, then steps overshoot and it climbs.
With T steps from `low` to `high`, step t = 0 .. T-1 has the rate

    lr_t = low (high / low)^(t / (T - 1)),

the same number of steps for every factor of ten. The loss of single batches scatters, so it is
smoothed by an exponential average whose start is corrected as Adam's is,

    s_t = b s_(t-1) + (1 - b) L_t,    s^_t = s_t / (1 - b^(t+1)),

and once s^_t is four times its lowest value, and half a nat above it, there is nothing more to see.
Two rules of thumb say what a good rate is: where the loss falls steepest per factor of ten, and a
tenth of where it is lowest. Both err to the side of caution, so the larger of them is suggested
(`suggested_rate`).

    points = list(range_test(trainer))     # uses the trainer up: hand it a copy
    rate = suggested_rate(points)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nn.events import Diverged, StepDone
from nn.trainer import Trainer

LOW, HIGH = 1e-5, 10.0
STEPS = 300
MEMORY = 0.95
"""b in the equations."""

TOO_MUCH = 4.0
"""The factor of the lowest smoothed loss at which the test ends."""

LEAST_CLIMB = 0.5
"""Nats above the lowest that it must be besides: four times next to nothing is noise."""

LEAST_POINTS = 20
"""Fewer say nothing."""

SLOPE_OVER = 0.25
"""Factors of ten to either side over which a slope is taken."""


@dataclass(frozen=True, slots=True)
class RangePoint:
    """One step of the test; step counts from 1, of `steps` in all. Losses are in nats, `loss` that
    of the batch before the step was taken with `learning_rate`."""

    step: int
    steps: int
    learning_rate: float
    loss: float
    smoothed: float


def range_test(
    trainer: Trainer, low: float = LOW, high: float = HIGH, steps: int = STEPS
) -> Iterator[RangePoint]:
    """Train `trainer` on from where it stands, at ever larger rates. Its network is ruined by it.

    Everything but the rate and its schedule is as the trainer has it: optimiser, batch size,
    augmentation, dropout. The test ends early where the loss is too high, or not finite.
    """
    epochs = trainer.epochs_done + 1 + -(-steps // trainer.steps_per_epoch)
    trainer.hyperparameters = trainer.hyperparameters.model_copy(
        update={"schedule": "constant", "warmup": "0", "patience": 0, "epochs": epochs}
    )
    ratio = (high / low) ** (1 / max(steps - 1, 1))
    rate, average, lowest, done = low, 0.0, math.inf, 0
    trainer.set(learning_rate=rate)
    for event in trainer.run():
        if isinstance(event, Diverged):
            return
        if not isinstance(event, StepDone):
            continue
        done += 1
        average = MEMORY * average + (1 - MEMORY) * event.loss
        smoothed = average / (1 - MEMORY**done)
        lowest = min(lowest, smoothed)
        yield RangePoint(done, steps, rate, event.loss, smoothed)
        if done == steps or smoothed > max(TOO_MUCH * lowest, lowest + LEAST_CLIMB):
            return
        rate = min(low * ratio**done, high)
        trainer.set(learning_rate=rate)


def suggested_rate(points: Sequence[RangePoint]) -> float | None:
    """Where the smoothed loss falls steepest or a tenth of where it is lowest, whichever is larger;
    to two figures, None where it never falls.

    The slope is that of a straight line through the points within a quarter of a factor of ten to
    either side, or the next ones where none are so near, by least squares; only what is left of the
    lowest loss counts.
    """
    if len(points) < LEAST_POINTS:
        return None
    x = np.log10([point.learning_rate for point in points])
    y = np.array([point.smoothed for point in points])
    best, steepest = None, 0.0
    for i in range(int(y.argmin()) + 1):
        near = np.abs(x - x[i]) <= SLOPE_OVER
        near[max(i - 1, 0) : i + 2] = True
        dx = x[near] - x[near].mean()
        slope = float(dx @ y[near] / (dx @ dx))
        if slope < steepest:
            best, steepest = i, slope
    if best is None:
        return None
    rate = max(points[best].learning_rate, points[int(y.argmin())].learning_rate / 10)
    return float(f"{rate:.2g}")
