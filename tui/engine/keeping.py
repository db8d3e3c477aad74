"""When a run writes a checkpoint.

At the end of every epoch, but where epochs are short only as often as costs next to nothing; and
after so many seconds, however long an epoch is. What a person does is kept at once, so that no act
has to be done twice.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

SHARE = 0.01
"""Of a run's time that the checkpoints of its epochs may take."""


class Keeper:
    """Knows when the last checkpoint was written and what it cost."""

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`every` is in seconds."""
        self._every = every
        self._clock = clock
        self._written = clock()
        self._cost = 0.0

    @property
    def due(self) -> bool:
        """Has it been long since the last one?"""
        return self._clock() - self._written >= self._every

    @property
    def due_at_epoch(self) -> bool:
        """Has it been long enough, now that an epoch is done?"""
        return self._clock() - self._written >= min(self._cost / SHARE, self._every)

    def wrote(self, seconds: float) -> None:
        """A checkpoint has just been written, in so many seconds."""
        self._written = self._clock()
        self._cost = seconds if math.isfinite(seconds) else 0.0
