"""How the learning rate moves over a run.

A schedule is a factor between 0 and 1 as a function of `progress`, the share of the run's steps
that are behind us, from 0 at the first step to just under 1 at the last. The learning rate of a
step is `factor * learning_rate`, so that changing the learning rate while the network trains scales
what is left of the curve and keeps its shape.

Every schedule may begin with a warm-up: a straight climb to the peak over the first `warmup` of the
run (Goyal et al. 2017), for the first gradients of a network, large and of random direction, are
not worth a full step. Its own curve then has the rest of the run, of which `rest` is the share that
is behind us.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nn.names import ScheduleName


@dataclass(frozen=True)
class Shape:
    """What a schedule leaves open. Each looks at what concerns it; all of them at `warmup`."""

    warmup: float = 0.0
    """The share of the run that climbs to the peak, 0 <= warmup < 1."""
    decay: float = 0.1
    """What step multiplies by at each drop, and where exponential ends; 0 < decay <= 1."""
    drops: int = 2
    """How many times step goes down."""


Curve = Callable[[float, Shape], float]
"""(rest, shape) -> factor, with 0 <= rest <= 1."""

Schedule = Callable[[float, Shape], float]
"""(progress, shape) -> factor, with 0 <= progress <= 1."""

START = 1 / 25
"""Where one_cycle's climb starts, as a share of its peak."""

WARMUP_START = 1 / 1000
"""Where all others start theirs: as good as nothing, but a step from 0 would be no step."""


def constant(_rest: float, _shape: Shape) -> float:
    """1, to the end."""
    return 1.0


def step(rest: float, shape: Shape) -> float:
    """decay^k after k of the drops, which are spread evenly: for two, at 1/3 and 2/3 of the rest.

    The oldest of them (for one, Krizhevsky et al. 2012 and He et al. 2016, who watched the loss and
    divided by ten whenever it stood still).
    """
    # 1e-9, so that a drop that rounding has put just behind this step is not a step late.
    passed = math.floor(rest * (shape.drops + 1) + 1e-9)
    return shape.decay ** min(passed, shape.drops)


def exponential(rest: float, shape: Shape) -> float:
    """decay^rest: the same percentage less with every step, and `decay` of the peak at the end."""
    return math.pow(shape.decay, rest)


def cosine(rest: float, _shape: Shape) -> float:
    """(1 + cos(pi rest)) / 2: down to zero, gently at both ends (Loshchilov and Hutter 2017)."""
    return (1 + math.cos(math.pi * rest)) / 2


def warmed_up(curve: Curve, start: float = WARMUP_START) -> Schedule:
    """Straight up from `start` to 1 while progress < warmup, then the curve."""

    def schedule(progress: float, shape: Shape) -> float:
        warmup = shape.warmup
        if progress < warmup:
            return start + (1 - start) * progress / warmup
        return curve((progress - warmup) / (1 - warmup), shape)

    return schedule


SCHEDULES: Mapping[ScheduleName, Schedule] = MappingProxyType(
    {
        "constant": warmed_up(constant),
        "step": warmed_up(step),
        "exponential": warmed_up(exponential),
        "cosine": warmed_up(cosine),
        # Its climb is meant to take a good part of the run, at rates that already teach (Smith and
        # Topin 2018); then it is the cosine.
        "one_cycle": warmed_up(cosine, START),
    }
)
