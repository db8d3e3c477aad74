"""A bounded memory of an unbounded curve.

A run may last for millions of steps, a chart is a hundred cells wide. `Curve` keeps what
the chart can show and no more: consecutive points share a bucket that remembers their
smallest and largest value, their sum and their count. When all buckets are full, neighbours
merge in pairs and every bucket from then on holds twice as many points. So memory and the
cost of drawing stay the same however long the run, and a spike of a single step is never
averaged away: it is still the `high` of its bucket.

Nothing here knows how a curve is drawn.
"""

from __future__ import annotations

import math
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from tui.engine.columns import Buckets, Columns, Floats, Ints, Measure

DEFAULT_CAPACITY: Final = 4096

_AT_FIRST: Final = 256
"""Buckets that there is room for at first: most curves are short."""

Number = TypeVar("Number", bound=np.number[Any])

# A diverging loss may be finite and still too large for a sum of millions of them.
_SUMMABLE: Final = 1e290


class Curve:
    """Append-only history of (x, value), in at most `capacity` buckets.

    Which points share a bucket depends only on how many came before them, never on how
    they were handed over: one call with a million points and a million calls with one
    leave the same buckets.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        """Make an empty curve of `capacity` buckets (an even number, at least 2)."""
        if capacity < 2 or capacity % 2:
            raise ValueError(f"capacity must be an even number of at least 2, not {capacity}")
        self._capacity = capacity
        self._span = 1  # points in a full bucket; always a power of two
        self._points = 0
        self._last: tuple[int, float] | None = None
        self._revision = 0
        self._room = room = min(_AT_FIRST, capacity)
        self._first_x: Ints = np.zeros(room, np.int64)
        self._last_x: Ints = np.zeros(room, np.int64)
        self._low: Floats = np.full(room, np.inf)
        self._high: Floats = np.full(room, -np.inf)
        self._sum: Floats = np.zeros(room)
        self._count: Ints = np.zeros(room, np.int64)

    def __len__(self) -> int:
        """How many points were ever added, those that are not finite included."""
        return self._points

    @property
    def capacity(self) -> int:
        """The largest number of buckets ever held."""
        return self._capacity

    @property
    def buckets(self) -> int:
        """How many buckets are in use."""
        return -(-self._points // self._span)

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        return self._revision

    @property
    def last(self) -> float | None:
        """The newest value, finite or not; None while there is none."""
        return None if self._last is None else self._last[1]

    @property
    def last_x(self) -> int | None:
        """The newest x; None while there is none."""
        return None if self._last is None else self._last[0]

    @property
    def first_x(self) -> int | None:
        """The oldest x; None while there is none."""
        return int(self._first_x[0]) if self._points else None

    def append(self, x: int, value: float) -> None:
        """Add one point; for many at once `extend` is faster, for one by one this is.

        Raises:
            ValueError: x goes backwards. The curve is then unchanged.
        """
        if self._last is not None and x < self._last[0]:
            raise ValueError("x must not go backwards")
        if self._points == self._room * self._span:
            self._make_room()
        bucket, before = divmod(self._points, self._span)
        if not before:
            self._first_x[bucket] = x
        self._last_x[bucket] = x
        if self._span == 1 and -_SUMMABLE <= value <= _SUMMABLE:
            self._low[bucket] = self._high[bucket] = self._sum[bucket] = value
            self._count[bucket] = 1
        elif math.isfinite(value):
            self._low[bucket] = min(self._low[bucket], value)
            self._high[bucket] = max(self._high[bucket], value)
            self._sum[bucket] += min(max(value, -_SUMMABLE), _SUMMABLE)
            self._count[bucket] += 1
        self._points += 1
        self._last = (int(x), float(value))
        self._revision += 1

    def extend(self, x: npt.ArrayLike, values: npt.ArrayLike) -> None:
        """Add points in O(number of new points).

        Args:
            x: int64 (n,), ascending, not below the newest x.
            values: float32 or float64 (n,); NaN and infinities are counted but draw nothing.

        Raises:
            ValueError: lengths differ, or x goes backwards. The curve is then unchanged.
        """
        xs: Ints = np.atleast_1d(np.asarray(x, np.int64))
        ys: Floats = np.atleast_1d(np.asarray(values, np.float64))
        if xs.ndim != 1 or xs.shape != ys.shape:
            raise ValueError(f"x {xs.shape} and values {ys.shape} must be equally long vectors")
        if not len(xs):
            return
        if (self._last is not None and xs[0] < self._last[0]) or bool(np.any(xs[1:] < xs[:-1])):
            raise ValueError("x must not go backwards")
        while self._points + len(xs) > self._room * self._span:
            self._make_room()
        self._fill(xs, ys)
        self._points += len(xs)
        self._last = (int(xs[-1]), float(ys[-1]))
        self._revision += 1

    def so_far(self) -> Buckets:
        """What is remembered; views that go on changing with the curve."""
        used = self.buckets
        return Buckets(
            self._first_x[:used], self._last_x[:used], self._low[:used], self._high[:used],
            self._sum[:used], self._count[:used],
        )  # fmt: skip

    def columns(
        self,
        width: int,
        start: float | None = None,
        stop: float | None = None,
        measure: Measure | None = None,
    ) -> Columns:
        """Reduce the curve to at most `width` columns; see `Buckets.columns`."""
        return self.so_far().columns(width, start, stop, measure)

    def _make_room(self) -> None:
        """Let there be room for twice as many points."""
        if self._room == self._capacity:
            self._merge_pairs()
            return
        more = min(self._room, self._capacity - self._room)
        self._room += more
        self._first_x = lengthened(self._first_x, more)
        self._last_x = lengthened(self._last_x, more)
        self._low = lengthened(self._low, more, np.inf)
        self._high = lengthened(self._high, more, -np.inf)
        self._sum = lengthened(self._sum, more)
        self._count = lengthened(self._count, more)

    def _merge_pairs(self) -> None:
        """Let every two neighbours share one bucket."""
        used, half = self.buckets, self._capacity // 2
        if used % 2:  # The newest bucket has no partner yet: its own end is the pair's.
            self._last_x[used] = self._last_x[used - 1]
        self._first_x[:half] = self._first_x[0::2]
        self._last_x[:half] = self._last_x[1::2]
        self._low[:half] = np.minimum(self._low[0::2], self._low[1::2])
        self._high[:half] = np.maximum(self._high[0::2], self._high[1::2])
        self._sum[:half] = self._sum[0::2] + self._sum[1::2]
        self._count[:half] = self._count[0::2] + self._count[1::2]
        self._low[half:] = np.inf
        self._high[half:] = -np.inf
        self._sum[half:] = 0.0
        self._count[half:] = 0
        self._span *= 2

    def _fill(self, xs: Ints, ys: Floats) -> None:
        """Put points where there is known to be room: what completes a bucket that has begun, all
        that fill buckets of their own, and the rest."""
        finite = np.isfinite(ys)
        whole = bool(finite.all())
        lows = ys if whole else np.where(finite, ys, np.inf)
        highs = ys if whole else np.where(finite, ys, -np.inf)
        summands = ys if whole else np.where(finite, ys, 0.0)
        if not -_SUMMABLE <= summands.min() <= summands.max() <= _SUMMABLE:
            summands = np.clip(summands, -_SUMMABLE, _SUMMABLE)

        def put(bucket: int, buckets: int, part: slice) -> None:
            into, shape = slice(bucket, bucket + buckets), (buckets, -1)
            steps = xs[part].reshape(shape)
            if (self._points + part.start) % self._span == 0:
                self._first_x[into] = steps[:, 0]
            self._last_x[into] = steps[:, -1]
            # Along the first axis, for which NumPy is four times as fast as along a short last one.
            across = np.ascontiguousarray(lows[part].reshape(shape).T)
            self._low[into] = np.minimum(self._low[into], np.minimum.reduce(across))
            if not whole:
                across = np.ascontiguousarray(highs[part].reshape(shape).T)
            self._high[into] = np.maximum(self._high[into], np.maximum.reduce(across))
            if summands is not ys:
                across = np.ascontiguousarray(summands[part].reshape(shape).T)
            self._sum[into] += np.add.reduce(across)
            self._count[into] += (
                steps.shape[1] if whole else np.count_nonzero(finite[part].reshape(shape), axis=1)
            )

        span, points = self._span, self._points
        begun = min(-points % span, len(xs))
        full = (len(xs) - begun) // span
        if begun:
            put(points // span, 1, slice(0, begun))
        if full:
            put((points + begun) // span, full, slice(begun, begun + full * span))
        if begun + full * span < len(xs):
            put((points + begun) // span + full, 1, slice(begun + full * span, len(xs)))


def lengthened(array: npt.NDArray[Number], more: int, value: float = 0) -> npt.NDArray[Number]:
    """A copy of a vector with `more` values after its own."""
    return np.append(array, np.full(more, value, array.dtype))
