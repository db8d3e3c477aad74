"""Axes with round numbers.

An axis ends at a fraction of a tick beyond the data rather than at the data, so that a
growing curve moves its newest columns only and the rest of the picture stays as it is until
the axis takes its next small step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tui.engine.chart_view import Along

ROUND_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
LARGEST: Final = 1e300  # differences and margins of such numbers are still finite
SMALLEST: Final = 1e-280  # a fraction of a tick of such a range is still a number above zero
LIMITS_PER_TICK: Final = 4
LOG_FACTORS: Final = ((1, 2, 5), (1, 3))
CLOCK_STEPS: Final = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0)


@dataclass(frozen=True)
class Axis:
    """One axis of a chart.

    Attributes:
        low, high: the ends, low < high; for a logarithmic axis, powers of ten.
        ticks: where labels stand, ascending, low <= tick <= high.
        labels: what they say, as many as ticks.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]

    def fraction(self, position: float) -> float:
        """How far along the axis `position` lies: 0 at `low`, 1 at `high`."""
        return (position - self.low) / (self.high - self.low)


def round_step(extent: float, count: int) -> float:
    """The smallest round number that divides `extent` into at most `count` parts."""
    raw = extent / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in ROUND_STEPS:
        if raw <= factor * power * (1 + 1e-9):
            return factor * power
    return 10.0 * power


def linear_axis(low: float, high: float, count: int) -> Axis:
    """An axis over finite values from `low` to `high` with about `count` ticks."""
    low, high = _spread(low, high)
    step = round_step(high - low, count)
    bottom, top = _limits(low, high, step)
    if bottom < 0 <= low:
        bottom = 0.0
    ticks = _multiples(bottom, top, step)
    return Axis(bottom, top, ticks, _number_labels(ticks, step))


def log_axis(low: float, high: float, count: int) -> Axis:
    """An axis over positive values from `low` to `high`; its coordinates are log10.

    Ticks are powers of ten, with 2 and 5 (or 3) times those where there is room; within a
    single power of ten they are round numbers as on a linear axis.
    """
    low, high = _spread(low, high)
    if low <= 0:
        low = high / 10
    bottom, top = math.log10(low), math.log10(high)
    bottom, top = _limits(bottom, top, max((top - bottom) / 8, 1e-9))
    decades = top - bottom
    if decades >= 1:
        factors = next((f for f in LOG_FACTORS if len(f) * decades <= count), (1,))
        every = max(1, math.ceil(decades / max(count, 1)))
        powers = range(max(math.floor(bottom), -307), min(math.ceil(top), 300) + 1)
        values = [f * 10.0**power for power in powers if power % every == 0 for f in factors]
    else:
        values = list(_multiples(low, high, round_step(high - low, count)))
    kept = [value for value in values if value > 0 and bottom <= math.log10(value) <= top]
    return Axis(
        bottom, top, tuple(math.log10(value) for value in kept), tuple(map(short_number, kept))
    )


def axis_along(along: Along, low: float, high: float, count: int, *, exact: bool = False) -> Axis:
    """An axis over a run, in steps, epochs or seconds.

    Args:
        low, high: what is to be seen of it.
        count: ticks, about.
        exact: end at `high`, and not a fraction of a tick beyond it.
    """
    if along == "step" and not exact:
        return step_axis(int(low), int(high), count)
    if high <= low:
        low, high = low - 1.0, low + 1.0
    step = _time_step(high - low, count) if along == "time" else round_step(high - low, count)
    if along == "step":
        step = max(5.0 if step == 2.5 else step, 1.0)
    top = high if exact else max(_limits(low, high, step)[1], high)
    ticks = _multiples(low, top, step)
    unit = _count_unit(high)
    labels = {
        "step": lambda tick: _count_label(round(tick), unit),
        "epoch": lambda tick: short_number(tick, 6),
        "time": lambda tick: _time_label(tick, step),
    }
    return Axis(low, top, ticks, tuple(map(labels[along], ticks)))


def step_axis(first: int, last: int, count: int) -> Axis:
    """An axis over training steps, whole numbers of which there is at least one."""
    if last <= first:
        return Axis(first - 1.0, first + 1.0, (float(first),), (_count_label(first, 1),))
    step = max(round_step(float(last - first), count), 1.0)
    if step == 2.5:
        step = 5.0
    top = max(_limits(float(first), float(last), step)[1], float(last))
    ticks = _multiples(float(first), top, step)
    unit = _count_unit(last)
    return Axis(float(first), top, ticks, tuple(_count_label(int(tick), unit) for tick in ticks))


def in_percent(axis: Axis, *, log_scale: bool) -> Axis:
    """The same axis, its labels in percent."""
    shares = [10.0**tick if log_scale else tick for tick in axis.ticks]
    return replace(axis, labels=tuple(f"{short_number(100 * share, 5)}%" for share in shares))


def _time_step(extent: float, count: int) -> float:
    """The smallest step of a clock that divides `extent` seconds into at most `count` parts."""
    raw = extent / max(count, 1)
    for unit, most in ((1.0, 60.0), (60.0, 3600.0)):
        steps = (step * unit for step in CLOCK_STEPS)
        fitting = next((step for step in steps if raw <= step < most), None)
        if raw > 0.5 and fitting is not None:
            return fitting
    return round_step(extent, count) if raw <= 0.5 else 3600 * round_step(extent / 3600, count)


def _time_label(seconds: float, step: float) -> str:
    if step < 1 or not seconds:
        return f"{short_number(seconds, 6)}s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if step >= 3600:
        return f"{short_number(seconds / 3600, 6)}h"
    if hours:
        return f"{hours}h{minutes:02}"
    return (
        f"{minutes}m{rest:02}"
        if minutes and step < 60
        else f"{minutes}m"
        if minutes
        else f"{rest}s"
    )


def short_number(value: float, digits: int = 3) -> str:
    """A value in as few characters as say it to `digits` figures: `0.05`, `1e-7`, `-inf`."""
    text = f"{value:.{digits}g}"
    mantissa, exponent_mark, exponent = text.partition("e")
    if not exponent_mark:
        return text
    return f"{mantissa}e{int(exponent)}"


def _spread(low: float, high: float) -> tuple[float, float]:
    """Give a flat range some height, and keep a huge one from overflowing."""
    low, high = (min(max(end, -LARGEST), LARGEST) for end in (low, high))
    if high - low > max(abs(high) * 1e-9, SMALLEST):
        return low, high
    pad = abs(low) * 0.1 if abs(low) > SMALLEST else 0.5
    return low - pad, high + pad


def _limits(low: float, high: float, step: float) -> tuple[float, float]:
    """The nearest fractions of a tick at or beyond both ends."""
    part = step / LIMITS_PER_TICK
    return math.floor(low / part + 1e-9) * part, math.ceil(high / part - 1e-9) * part


def _multiples(low: float, high: float, step: float) -> tuple[float, ...]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(number * step for number in range(first, last + 1))


def _number_labels(ticks: Sequence[float], step: float) -> tuple[str, ...]:
    largest = max((abs(tick) for tick in ticks), default=0.0)
    if step >= 1 and 1e4 <= largest < 1e10:
        unit = _count_unit(largest)
        return tuple(_count_label(round(tick), unit) for tick in ticks)
    if step < 1e-4 or largest >= 1e5:
        return tuple(short_number(tick, 4) for tick in ticks)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if not math.isclose(round(step, decimals), step, rel_tol=1e-6):
        decimals += 1  # 0.25 and its like
    return tuple(f"{tick:.{decimals}f}" for tick in ticks)


def _count_unit(last: float) -> int:
    return 1_000_000 if last >= 10_000_000 else 1_000 if last >= 10_000 else 1


def _count_label(tick: int, unit: int) -> str:
    suffix = {1: "", 1_000: "k", 1_000_000: "M"}[unit]
    return f"{tick / unit:g}{suffix}" if tick else "0"
