"""What any schedule must do, and where each begins, turns and ends."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.schedules import SCHEDULES, START, Schedule, constant, cosine, one_cycle

progresses = st.floats(0, 1, exclude_max=True)
warmups = st.floats(0, 1, exclude_max=True)
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())


@every_schedule
@given(progress=progresses, warmup=warmups)
def test_the_factor_lies_between_0_and_1(
    schedule: Schedule, progress: float, warmup: float
) -> None:
    assert 0 <= schedule(progress, warmup) <= 1


@every_schedule
@given(progress=progresses, warmup=st.floats(0, 0.9))
def test_there_are_no_jumps(schedule: Schedule, progress: float, warmup: float) -> None:
    nearby = min(progress + 1e-9, 1.0)
    # The steepest: one_cycle's climb over its warm-up, or its fall of at most pi/2 over the rest.
    slope = max(1 / warmup if warmup > 1e-6 else 0, math.pi / 2 / (1 - warmup))
    if warmup <= 1e-6 and progress < warmup:
        return  # a climb of no length is a jump by design
    change = abs(schedule(nearby, warmup) - schedule(progress, warmup))
    assert change <= slope * 1e-9 + 1e-12


def test_constant_is_one() -> None:
    assert {constant(p / 10, 0.3) for p in range(11)} == {1.0}


def test_cosine_goes_from_one_through_a_half_to_zero() -> None:
    assert cosine(0, 0) == 1
    assert cosine(0.5, 0) == pytest.approx(0.5)
    assert cosine(1, 0) == pytest.approx(0, abs=1e-15)
    assert cosine(0.25, 0) == pytest.approx((1 + math.sqrt(0.5)) / 2)


@given(a=progresses, b=progresses)
def test_cosine_never_rises(a: float, b: float) -> None:
    assert cosine(min(a, b), 0) >= cosine(max(a, b), 0)


@given(warmup=st.floats(0.01, 0.99))
def test_one_cycle_climbs_to_the_peak_and_falls_to_nothing(warmup: float) -> None:
    assert one_cycle(0, warmup) == START
    assert one_cycle(warmup / 2, warmup) == pytest.approx((START + 1) / 2)
    assert one_cycle(math.nextafter(warmup, 0), warmup) == pytest.approx(1)
    assert one_cycle(warmup, warmup) == 1
    assert one_cycle((1 + warmup) / 2, warmup) == pytest.approx(0.5)
    assert one_cycle(1, warmup) == pytest.approx(0, abs=1e-15)


@given(warmup=st.floats(0, 0.99), a=progresses, b=progresses)
def test_one_cycle_rises_before_its_peak_and_falls_after(warmup: float, a: float, b: float) -> None:
    a, b = min(a, b), max(a, b)
    if b < warmup:
        assert one_cycle(a, warmup) <= one_cycle(b, warmup)
    elif a >= warmup:
        assert one_cycle(a, warmup) >= one_cycle(b, warmup)


@given(progress=progresses)
def test_one_cycle_without_warm_up_is_the_cosine(progress: float) -> None:
    assert one_cycle(progress, 0.0) == cosine(progress, 0.0)
