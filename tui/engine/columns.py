"""A curve cut into the columns of a chart.

`Buckets` is what is remembered of a curve, consecutive points together; `Buckets.columns` puts them
into as many columns as a chart has cells, whatever the columns divide evenly: steps, epochs or
seconds. Both are bounded, so what it costs does not follow the length of a run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Measure = Callable[[Floats], Floats]
"""From steps to where they are on an axis, never descending."""


@dataclass(frozen=True, eq=False)
class Columns:
    """A curve reduced to at most `width` columns, oldest first; k <= width.

    All arrays have shape (k,) and hold finite numbers only.

    Attributes:
        x: float64, increasing; the middle of what the column covers, on the axis.
        low: float64, smallest value in the column.
        high: float64, largest value in the column.
        mean: float64, mean of the finite values in the column; low <= mean <= high.
        gap: bool, true where nothing but NaN and infinities lies between this column and
            the one before it, so that a line should be broken there.
        first, last: int64, the steps that the column covers.
    """

    x: Floats
    low: Floats
    high: Floats
    mean: Floats
    gap: Bools
    first: Ints
    last: Ints

    def __len__(self) -> int:
        return len(self.x)

    def pieces(self) -> list[slice]:
        """The stretches of columns between gaps."""
        cuts = [0, *np.flatnonzero(self.gap).tolist(), len(self)]
        return [slice(a, b) for a, b in pairwise(cuts) if b > a]

    def kept(self, keep: Bools) -> Columns:
        """Only these columns, bool (k,); those left out become a gap."""
        lost = np.add.accumulate(~keep)
        gap = self.gap[keep]
        gap[1:] |= np.diff(lost[keep]) > 0
        return Columns(
            self.x[keep], self.low[keep], self.high[keep], self.mean[keep], gap,
            self.first[keep], self.last[keep],
        )  # fmt: skip

    def averaged(self, half_life: float, spacing: float) -> Columns:
        """The means as a moving average; the extremes stay as they are.

        An exponential moving average over uneven distances, corrected for its bias towards
        nothing at the beginning as in Adam (Kingma and Ba 2015, section 3):
        a_i = sum_j w^(x_i - x_j) m_j / sum_j w^(x_i - x_j) over j <= i. It begins anew after a gap.

        Args:
            half_life: columns after which a value counts half.
            spacing: the extent of a column on the axis.
        """
        mean = self.mean.copy()
        if half_life <= 0:
            return self
        for piece in self.pieces():
            distance = np.diff(self.x[piece], prepend=self.x[piece.start]) / spacing
            decay = np.exp2(-distance / half_life)
            total = weight = 0.0
            for place, (kept, value) in enumerate(
                zip(decay.tolist(), self.mean[piece].tolist(), strict=True), piece.start
            ):
                total, weight = total * kept + value, weight * kept + 1.0
                mean[place] = total / weight
        return replace(self, mean=mean)


@dataclass(frozen=True, eq=False)
class Buckets:
    """Consecutive points, together; all arrays have shape (n,), in the order of the points.

    Attributes:
        first, last: int64, the steps of a bucket's first and last point.
        low, high, total: float64, over its finite values; inf, -inf and 0 where there are none.
        count: int64, how many finite values those are.
    """

    first: Ints
    last: Ints
    low: Floats
    high: Floats
    total: Floats
    count: Ints

    def __len__(self) -> int:
        return len(self.first)

    def before(self, step: int) -> Buckets:
        """Those that end before a step."""
        return self._cut(slice(0, int(np.searchsorted(self.last, step))))

    def after(self, step: int) -> Buckets:
        """Those that begin after a step."""
        return self._cut(slice(int(np.searchsorted(self.first, step, "right")), None))

    def up_to(self, place: int) -> Buckets:
        """The first so many."""
        return self._cut(slice(0, place))

    def cut_off_at(self, step: int) -> Buckets:
        """These, the last one ending before a step."""
        last = self.last.copy()
        last[-1] = max(step - 1, int(self.first[-1]))
        return replace(self, last=last)

    def followed_by(self, other: Buckets) -> Buckets:
        """These, and then those."""
        return Buckets(
            np.concatenate((self.first, other.first)),
            np.concatenate((self.last, other.last)),
            np.concatenate((self.low, other.low)),
            np.concatenate((self.high, other.high)),
            np.concatenate((self.total, other.total)),
            np.concatenate((self.count, other.count)),
        )

    def columns(
        self,
        width: int,
        start: float | None = None,
        stop: float | None = None,
        measure: Measure | None = None,
    ) -> Columns:
        """Reduce to at most `width` columns of equal extent on an axis.

        Args:
            width: columns available.
            start, stop: the stretch of the axis that the columns divide evenly, everything by
                default; what lies outside of it is left out. A chart passes the limits of its axis,
                so that a column covers the same steps from one drawing to the next.
            measure: from steps to the axis; steps themselves by default.

        Costs O(buckets), whatever the length of the history.
        """
        if width < 1 or not len(self):
            return NO_COLUMNS
        # Halved before they are added, or an x near 2**63 would wrap round.
        centre = self.first * 0.5 + self.last * 0.5
        if measure is not None:
            centre = measure(centre)
        x_min = float(centre[0]) if start is None else float(start)
        x_max = float(centre[-1]) if stop is None else float(stop)
        extent = x_max - x_min
        if extent > 0:
            position = np.floor((centre - x_min) * (width / extent))
            column = np.clip(position, 0, width - 1).astype(np.int64)
        else:
            column = np.zeros(len(self), np.int64)
        occupied = np.flatnonzero((self.count > 0) & (centre >= x_min) & (centre <= x_max))
        if not len(occupied):
            return NO_COLUMNS
        starts = run_starts(column[occupied])
        ends = np.append(starts[1:], len(occupied)) - 1
        heads, tails = occupied[starts], occupied[ends]
        # A bucket skipped between two columns held points, but none that is finite.
        gap = np.zeros(len(heads), np.bool_)
        gap[1:] = heads[1:] - tails[:-1] > 1
        low = np.minimum.reduceat(self.low[occupied], starts)
        high = np.maximum.reduceat(self.high[occupied], starts)
        total = np.add.reduceat(self.total[occupied], starts)
        mean = total / np.add.reduceat(self.count[occupied], starts)
        first, last = self.first[heads], self.last[tails]
        middle = first * 0.5 + last * 0.5
        if measure is not None:
            middle = measure(middle)
        return Columns(middle, low, high, np.clip(mean, low, high), gap, first, last)

    def _cut(self, part: slice) -> Buckets:
        return Buckets(
            self.first[part], self.last[part], self.low[part], self.high[part], self.total[part],
            self.count[part],
        )  # fmt: skip


def run_starts(ascending: Ints) -> Ints:
    """Where each run of equal numbers begins: int64 (runs,)."""
    changes = np.flatnonzero(ascending[1:] != ascending[:-1]) + 1
    return np.concatenate(([0], changes)).astype(np.int64)


_EMPTY: Final[Floats] = np.empty(0)
_NO_STEPS: Final[Ints] = np.empty(0, np.int64)
NO_COLUMNS: Final = Columns(
    _EMPTY, _EMPTY, _EMPTY, _EMPTY, np.empty(0, np.bool_), _NO_STEPS, _NO_STEPS
)
