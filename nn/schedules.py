"""How the learning rate moves over a run.

A schedule is a factor between 0 and 1 as a function of `progress`, the share of the run's steps
that are behind us, from 0 at the first step to just under 1 at the last. The learning rate of a
step is `factor * learning_rate`, so that changing the learning rate while the network trains scales
what is left of the curve and keeps its shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from nn.names import ScheduleName

Schedule = Callable[[float, float], float]
"""(progress, warmup) -> factor; `warmup` is the share of the run that climbs to the peak."""

START = 1 / 25
"""Where one_cycle's climb starts, as a share of its peak."""


def constant(_progress: float, _warmup: float) -> float:
    """1, from first to last."""
    return 1.0


def cosine(progress: float, _warmup: float) -> float:
    """(1 + cos(pi progress)) / 2: down to zero, gently at both ends (Loshchilov, Hutter 2017)."""
    return (1 + math.cos(math.pi * progress)) / 2


def one_cycle(progress: float, warmup: float) -> float:
    """Straight up from 1/25 of the peak while progress < warmup, then cosine down to zero
    (Smith and Topin 2018)."""
    if progress < warmup:
        return START + (1 - START) * progress / warmup
    return cosine((progress - warmup) / (1 - warmup), 0.0)


SCHEDULES: Mapping[ScheduleName, Schedule] = MappingProxyType(
    {"constant": constant, "cosine": cosine, "one_cycle": one_cycle}
)
