"""What a run has done so far, as curves: all that its chart can show.

`RunHistory` knows the curves by metric and which steps a scope means, a `Ruler` where a step is on
the axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tui.engine.chart_view import Along, Metric, Scope
from tui.engine.columns import Floats
from tui.engine.curve import Curve
from tui.engine.series import Series

FEWEST_RECENT: Final = 200
"""Steps that are recent, at the least."""

_FAR: Final = 1e19
"""Steps that no run will ever take."""


@dataclass(frozen=True)
class Mark:
    """Something that happened to a run at a step, from `since` on if it lasted."""

    step: int
    words: str
    since: int | None = None


@dataclass(frozen=True)
class Lines:
    """The curves of one metric; x = step. Tested are the network's figures after each epoch."""

    train: Curve | None = None
    test: Curve | None = None
    validation: Curve | None = None

    @property
    def there(self) -> tuple[Curve, ...]:
        """Those that have points."""
        return tuple(c for c in (self.train, self.test, self.validation) if c is not None and c)


@dataclass(frozen=True, eq=False)
class RunHistory:
    """What a chart shows; a new one is made whenever something changed.

    Attributes:
        revision: grows with every change, so that a chart can tell old from new although
            the curves themselves are shared and go on growing.
        train: training loss of each step.
        test, validation: loss after each epoch.
        test_accuracy, validation_accuracy: share that is right after each epoch.
        learning_rate, gradient_norm: of each step.
        samples_per_second: of training alone, each epoch.
        clock: seconds spent in the trainer when a step was done.
        steps_per_epoch: 0 while it is not known.
        marks: what people and chance did to the run, by step.
    """

    revision: int = 0
    train: Series = field(default_factory=Series)
    test: Curve = field(default_factory=Curve)
    validation: Curve = field(default_factory=Curve)
    test_accuracy: Curve = field(default_factory=Curve)
    validation_accuracy: Curve = field(default_factory=Curve)
    learning_rate: Series = field(default_factory=Series)
    gradient_norm: Series = field(default_factory=Series)
    samples_per_second: Curve = field(default_factory=Curve)
    clock: Curve = field(default_factory=Curve)
    steps_per_epoch: int = 0
    marks: tuple[Mark, ...] = ()

    def lines(self, metric: Metric) -> Lines:
        """The curves of a metric."""
        match metric:
            case "loss":
                return Lines(self.train, self.test, self.validation)
            case "accuracy":
                return Lines(None, self.test_accuracy, self.validation_accuracy)
            case "learning rate":
                return Lines(self.learning_rate)
            case "gradient norm":
                return Lines(self.gradient_norm)
            case "samples/s":
                return Lines(self.samples_per_second)

    @property
    def last_step(self) -> int:
        """The newest step that anything is known of."""
        return max(self.train.last_x or 0, self.test.last_x or 0)

    def stretch(self, scope: Scope) -> tuple[float, float] | None:
        """The steps a scope means, from and to; None for all there are.

        The ends move seldom, so that a growing curve changes its newest columns only.
        """
        last = self.last_step
        if scope == "recent":
            length = max(last // 10, FEWEST_RECENT)
            if last <= length:
                return None
            unit = 2 ** math.floor(math.log2(length / 4))
            start = (last - length) // unit * unit
            return float(start), float(last)
        if scope == "epoch" and self.steps_per_epoch and last:
            begun = (last - 1) // self.steps_per_epoch * self.steps_per_epoch
            return float(begun), float(begun + self.steps_per_epoch)
        return None

    def ruler(self, along: Along) -> Ruler:
        """Where this run's steps are on an axis."""
        if along == "time":
            return Ruler.of_clock(self.clock)
        each = 1 / self.steps_per_epoch if along == "epoch" and self.steps_per_epoch else 1.0
        return Ruler.even(each)


@dataclass(frozen=True, eq=False)
class Ruler:
    """From steps to an axis and back: straight between knots, and beyond the last as before it.

    Attributes:
        steps, units: float64 (n,), n >= 2, ascending.
    """

    steps: Floats
    units: Floats

    @classmethod
    def even(cls, each: float) -> Ruler:
        """Every step takes the same on the axis."""
        return cls(np.array([0.0, _FAR]), np.array([0.0, _FAR * each]))

    @classmethod
    def of_clock(cls, clock: Curve) -> Ruler:
        """A step is where the clock stood when it was done."""
        known = clock.so_far()
        told = known.count > 0
        steps = np.stack((known.first[told], known.last[told]), axis=1).ravel()
        units = np.stack((known.low[told], known.high[told]), axis=1).ravel()
        units = np.maximum.accumulate(np.maximum(np.append(0.0, units), 0.0))
        steps = np.append(0.0, steps)
        pace = units[-1] / steps[-1] if steps[-1] and units[-1] else 1e-3
        beyond = steps[-1] + _FAR
        return cls(np.append(steps, beyond), np.append(units, units[-1] + _FAR * pace))

    def at(self, steps: Floats) -> Floats:
        """Where steps are on the axis."""
        return np.interp(steps, self.steps, self.units)

    def step_at(self, unit: float) -> float:
        """Which step is there."""
        return float(np.interp(unit, self.units, self.steps))
