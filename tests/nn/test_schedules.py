"""What any schedule must do, and where each begins, turns and ends."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nn.names import ScheduleName
from nn.schedules import SCHEDULES, START, WARMUP_START, Shape

progresses = st.floats(0, 1, exclude_max=True)
warmups = st.just(0.0) | st.floats(1e-6, 0.99)
shapes = st.builds(Shape, warmup=warmups, decay=st.floats(1e-3, 1), drops=st.integers(0, 20))
every_schedule = pytest.mark.parametrize("name", SCHEDULES)


def test_every_name_has_its_schedule() -> None:
    assert SCHEDULES.keys() == set(get_args(ScheduleName))


@every_schedule
@given(progress=st.floats(0, 1), shape=shapes)
def test_the_factor_lies_between_0_and_1(name: ScheduleName, progress: float, shape: Shape) -> None:
    assert 0 <= SCHEDULES[name](progress, shape) <= 1


@every_schedule
@given(progress=progresses, shape=shapes)
def test_no_step_is_without_effect(name: ScheduleName, progress: float, shape: Shape) -> None:
    assume(progress < 1 - 1e-6)
    assert SCHEDULES[name](progress, shape) > 0


@every_schedule
@given(progress=progresses, shape=shapes)
def test_there_are_no_jumps_but_the_drops(
    name: ScheduleName, progress: float, shape: Shape
) -> None:
    nearby = min(progress + 1e-9, 1.0)
    left = 1 - shape.warmup
    if name == "step":
        spacing = left / (shape.drops + 1)
        k = round((progress - shape.warmup) / spacing)
        assume(abs(shape.warmup + k * spacing - progress) > 1e-7)
    # The steepest of them: the climb, the cosine at its middle, the exponential at its beginning.
    climb = 1 / shape.warmup if shape.warmup else 0
    slope = max(climb, math.pi / 2 / left, -math.log(shape.decay) / left)
    change = abs(SCHEDULES[name](nearby, shape) - SCHEDULES[name](progress, shape))
    assert change <= slope * 1e-9 + 1e-11


@every_schedule
@given(a=progresses, b=progresses, shape=shapes)
def test_it_climbs_through_the_warm_up_and_never_after(
    name: ScheduleName, a: float, b: float, shape: Shape
) -> None:
    a, b = min(a, b), max(a, b)
    at_a, at_b = SCHEDULES[name](a, shape), SCHEDULES[name](b, shape)
    if b < shape.warmup:
        assert at_a <= at_b
    elif a >= shape.warmup:
        assert at_a >= at_b


@every_schedule
@given(warmup=st.floats(0.01, 0.99))
def test_the_warm_up_is_a_straight_line_to_the_peak(name: ScheduleName, warmup: float) -> None:
    start = {"one_cycle": START}.get(name, WARMUP_START)
    schedule, shape = SCHEDULES[name], Shape(warmup=warmup)
    assert schedule(0, shape) == start
    assert schedule(warmup / 2, shape) == pytest.approx((start + 1) / 2)
    assert schedule(math.nextafter(warmup, 0), shape) == pytest.approx(1)
    assert schedule(warmup, shape) == 1


@every_schedule
@given(rest=progresses, shape=shapes)
def test_after_the_warm_up_the_rest_of_the_run_has_the_whole_curve(
    name: ScheduleName, rest: float, shape: Shape
) -> None:
    whole = Shape(decay=shape.decay, drops=shape.drops)
    progress = shape.warmup + rest * (1 - shape.warmup)
    if name == "step":
        drop = rest * (shape.drops + 1)
        assume(abs(drop - round(drop)) > 1e-6)
    assert SCHEDULES[name](progress, shape) == pytest.approx(SCHEDULES[name](rest, whole), abs=1e-9)


def test_constant_is_one() -> None:
    assert {SCHEDULES["constant"](p / 10, Shape()) for p in range(11)} == {1.0}


def test_cosine_goes_from_one_through_a_half_to_zero() -> None:
    cosine = SCHEDULES["cosine"]
    assert cosine(0, Shape()) == 1
    assert cosine(0.5, Shape()) == pytest.approx(0.5)
    assert cosine(1, Shape()) == pytest.approx(0, abs=1e-15)
    assert cosine(0.25, Shape()) == pytest.approx((1 + math.sqrt(0.5)) / 2)


@given(progress=progresses)
def test_one_cycle_without_warm_up_is_the_cosine(progress: float) -> None:
    assert SCHEDULES["one_cycle"](progress, Shape()) == SCHEDULES["cosine"](progress, Shape())


@given(progress=progresses, warmup=st.floats(0, 0.99))
def test_one_cycle_is_to_the_bit_what_recorded_runs_had(progress: float, warmup: float) -> None:
    if progress < warmup:
        expected = 1 / 25 + (1 - 1 / 25) * progress / warmup
    else:
        expected = (1 + math.cos(math.pi * ((progress - warmup) / (1 - warmup)))) / 2
    assert SCHEDULES["one_cycle"](progress, Shape(warmup=warmup)) == expected


def test_step_drops_at_a_third_and_at_two_thirds() -> None:
    shape = Shape(decay=0.1, drops=2)
    factors = [SCHEDULES["step"](i / 9, shape) for i in range(10)]
    assert factors == pytest.approx([1] * 3 + [0.1] * 3 + [0.01] * 4)


@given(drops=st.integers(0, 50), steps_between=st.integers(1, 2000))
def test_step_drops_at_the_very_step(drops: int, steps_between: int) -> None:
    shape, n = Shape(decay=0.5, drops=drops), (drops + 1) * steps_between
    for k in range(1, drops + 1):
        at = k * steps_between
        assert SCHEDULES["step"]((at - 1) / n, shape) == 0.5 ** (k - 1)
        assert SCHEDULES["step"](at / n, shape) == 0.5**k


@given(progress=progresses, decay=st.floats(1e-3, 1))
def test_step_without_drops_is_constant(progress: float, decay: float) -> None:
    assert SCHEDULES["step"](progress, Shape(decay=decay, drops=0)) == 1


@given(decay=st.floats(1e-3, 1), a=st.floats(0, 0.9))
def test_exponential_loses_the_same_share_at_every_step(decay: float, a: float) -> None:
    exponential, shape = SCHEDULES["exponential"], Shape(decay=decay)
    assert exponential(0, shape) == 1
    assert exponential(1, shape) == pytest.approx(decay)
    ratio = exponential(a + 0.1, shape) / exponential(a, shape)
    assert ratio == pytest.approx(decay**0.1)
