"""A curve of every step: the whole of it thinned, the newest part of it point by point.

A `Curve` of half a million steps has some hundred of them in each bucket. That is plenty for the
whole run and too coarse for its last epoch, so the newest points are remembered one by one too.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tui.engine.columns import Buckets, Floats, Ints
from tui.engine.curve import Curve, lengthened

NEWEST: Final = 2048
"""Points that are known one by one, at the least."""


class Series(Curve):
    """A `Curve` that knows its newest points one by one."""

    def __init__(self, newest: int = NEWEST) -> None:
        """Make an empty one that knows the `newest` points, or up to twice as many."""
        super().__init__()
        self._newest = newest
        self._steps: Ints = np.zeros(0, np.int64)
        self._values: Floats = np.zeros(0)
        self._filled = 0

    def append(self, x: int, value: float) -> None:
        """Add one point."""
        self.extend([x], [value])

    def extend(self, x: npt.ArrayLike, values: npt.ArrayLike) -> None:
        """Add points as to any curve.

        Raises:
            ValueError: lengths differ, or x goes backwards. Nothing is changed then.
        """
        super().extend(x, values)
        room = 2 * self._newest
        steps = np.atleast_1d(np.asarray(x))[-room:].astype(np.int64)
        added = np.atleast_1d(np.asarray(values))[-room:].astype(np.float64)
        if self._filled + len(steps) > room:
            # Half at a time, so that a point is moved once or twice and not with every step.
            keep = max(min(self._filled, self._newest, room - len(steps)), 0)
            for array in (self._steps, self._values):
                array[:keep] = array[self._filled - keep : self._filled].copy()
            self._filled = keep
        end = self._filled + len(steps)
        if end > len(self._steps):
            more = min(max(end, 2 * len(self._steps)), room) - len(self._steps)
            self._steps = lengthened(self._steps, more)
            self._values = lengthened(self._values, more)
        self._steps[self._filled : end] = steps
        self._values[self._filled : end] = added
        self._filled = end

    def so_far(self) -> Buckets:
        """What is remembered, as finely as it is known."""
        return self._finest(points(self._steps[: self._filled], self._values[: self._filled]))

    def _finest(self, fine: Buckets) -> Buckets:
        """Everything, with `fine` in the place of what it covers."""
        whole = super().so_far()
        if self._span == 1 or not len(fine):
            return whole
        before, after = whole.before(int(fine.first[0])), whole.after(int(fine.last[-1]))
        if len(before) == len(whole) or whole.first[len(before)] >= fine.first[0]:
            return before.followed_by(fine).followed_by(after)
        # A bucket has begun before `fine` and ends in the midst of it.
        astride = whole.up_to(len(before) + 1)
        rest = fine.after(int(astride.last[-1]))
        if 2 * len(rest) < len(fine):
            # It holds more points than are known one by one: those are then told twice.
            rest, astride = fine, astride.cut_off_at(int(fine.first[0]))
        return astride.followed_by(rest).followed_by(after)


def points(steps: Ints, values: Floats) -> Buckets:
    """Buckets of one point each; steps int64 (n,), values float64 (n,), finite or not."""
    finite = np.isfinite(values)
    return Buckets(
        steps, steps,
        np.where(finite, values, np.inf), np.where(finite, values, -np.inf),
        np.where(finite, values, 0.0), finite.astype(np.int64),
    )  # fmt: skip
