"""The chart can be pointed at, looked at closely, and shows other numbers."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from run_charts import beside, in_focus, planned, pressed, run, settled, shown

from tui.engine.chart_view import ALONGS, METRICS, SCOPES, ChartView
from tui.engine.history import RunHistory
from tui.engine.overlays import MOST
from tui.widgets.chart_cursor import laid, moved, reach, stops
from tui.widgets.chart_plan import plan
from tui.widgets.chart_sheet import ChartPlan
from tui.widgets.strips import Canvas, Picture


async def test_the_cursor_says_exactly_what_was_there() -> None:
    async with shown(run(60)) as (chart, pilot):
        rows = await in_focus(chart, pilot)
        assert rows[-1].startswith("step 60  train 0.13333  ")
        rows = await pressed(chart, pilot, "left")
        assert rows[-1].startswith(f"step 59  train {0.1 + 2 / 59:.5g}")
        assert "● test 0.19" in rows[-1], "the test before it holds until the next"
        rows = await pressed(chart, pilot, "shift+left")
        assert rows[-1].startswith("step 49 ")
        assert "test" not in rows[-1], "there was none before"
        rows = await pressed(chart, pilot, "home", "left")
        assert rows[-1].startswith("step 1  train 2.1")
        rows = await pressed(chart, pilot, "end", "shift+right")
        assert rows[-1].startswith("step 60 ")


async def test_of_many_steps_in_a_column_mean_and_extremes_are_told() -> None:
    async with shown(run(5000)) as (chart, pilot):
        await in_focus(chart, pilot)
        rows = await pressed(chart, pilot, "home")
        first = stops(chart.planned)
        last, mean = int(first.last[0]), first.mean[0]
        assert last > 10
        values = 0.1 + 2 / np.arange(1, last + 1)
        assert mean == pytest.approx(values.mean())
        assert f"steps 1-{last}  train {mean:.5g} ({values.min():.4g} to 2.1)" in rows[-1]


async def test_moving_the_cursor_draws_nothing_and_sends_little() -> None:
    async with shown() as (chart, pilot):
        await in_focus(chart, pilot)
        builds = chart.builds
        chart.repainted.clear()
        await pressed(chart, pilot, "shift+left")
        assert chart.builds == builds
        assert 0 < sum(region.area for region in chart.repainted) < 110 * 20 / 5
        chart.repainted.clear()
        await pressed(chart, pilot, "end", "end")
        chart.repainted.clear()
        await pressed(chart, pilot, "end")
        assert chart.repainted == []


async def test_without_the_focus_there_is_no_cursor_and_no_line_for_it() -> None:
    async with shown() as (chart, pilot):
        assert (await in_focus(chart, pilot))[-1].startswith("step")
        chart.screen.set_focus(None)
        assert not (await settled(chart, pilot))[-1].startswith("step")
        assert chart.cursor is None


async def test_a_stretch_is_chosen_with_two_ends_and_esc_goes_back() -> None:
    async with shown() as (chart, pilot):
        await in_focus(chart, pilot)
        chart.choose_end()
        rows = await pressed(chart, pilot, "shift+left", "shift+left")
        assert "━" in "".join(rows[-3]), "what is being chosen"
        assert "to here" in rows[-1]
        begin = int(
            stops(chart.planned).first[np.searchsorted(stops(chart.planned).last, chart.cursor)]
        )
        chart.choose_end()
        await settled(chart, pilot)
        assert chart.zooms == ((begin, 500),)
        low, high = chart.planned.stretch
        assert (low, high) == pytest.approx((begin, 500))
        assert chart.planned.train.first[0] >= begin
        chart.choose_end()
        await pressed(chart, pilot, "right", "right", "right")
        chart.choose_end()
        assert len(chart.zooms) == 2
        chart.choose_end()
        for expected in (2, 1, 0):
            assert chart.can_go_back
            assert chart.back()
            assert len(chart.zooms) == expected
        assert not chart.back()


async def test_two_ends_at_the_same_place_are_no_stretch() -> None:
    async with shown() as (chart, _):
        chart.choose_end()
        chart.choose_end()
        assert (chart.zooms, chart.begun) == ((), None)


async def test_a_click_puts_the_cursor_there() -> None:
    async with shown() as (chart, pilot):
        await pilot.click(chart, offset=(60, 5))
        await settled(chart, pilot)
        assert chart.has_focus
        assert chart.cursor == pytest.approx(chart.planned.step_in(60 - chart.planned.left))
        assert chart.zooms == ()


@pytest.mark.parametrize("shift", [False, True])
async def test_dragging_shows_the_stretch_that_was_dragged_over(shift: bool) -> None:
    async with shown() as (chart, pilot):
        before = chart.planned
        await pilot.mouse_down(chart, offset=(80, 5), shift=shift)
        await pilot.hover(chart, offset=(60, 5))
        assert chart.begun is not None
        await pilot.mouse_up(chart, offset=(40, 5))
        await settled(chart, pilot)
        ((low, high),) = chart.zooms
        expected = [before.step_in(x - before.left) for x in (40, 80)]
        assert [low, high] == pytest.approx(expected)
        assert chart.begun is None


async def test_the_wheel_looks_closer_around_the_pointer_and_out_again() -> None:
    async with shown() as (chart, pilot):
        at = chart.planned.step_in(50 - chart.planned.left)
        for _ in range(40):
            await pilot._post_mouse_events([scroll("up")], chart, offset=(50, 5), times=1)
            await settled(chart, pilot)
        ((low, high),) = chart.zooms
        assert low <= at <= high
        assert high - low == pytest.approx(4, abs=1)
        for _ in range(60):
            await pilot._post_mouse_events([scroll("down")], chart, offset=(50, 5), times=1)
        await settled(chart, pilot)
        assert chart.zooms == ()


def scroll(direction: str) -> Any:
    from textual import events

    return events.MouseScrollUp if direction == "up" else events.MouseScrollDown


async def test_another_run_or_another_scope_forgets_what_was_chosen() -> None:
    async with shown() as (chart, pilot):
        chart.zooms = ((10, 100),)
        chart.view = ChartView(scope="recent")
        assert chart.zooms == ()
        chart.zooms, chart.cursor = ((10, 100),), 50.0
        chart.history = run(300)
        await settled(chart, pilot)
        assert chart.zooms == ()
        assert chart.cursor != 50


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("axis", ALONGS)
async def test_every_metric_along_every_axis(metric: str, axis: str) -> None:
    history = run()
    found = planned(history, metric=metric, axis=axis)
    ends = {"step": 500, "epoch": 10, "time": 250}
    (first, *_), curves = found.lines, history.lines(metric).there
    assert len(found.lines) == len(curves)
    assert first.raw.x[-1] == pytest.approx(ends[axis], rel=0.01)
    assert ends[axis] <= found.x.high < 1.2 * ends[axis]
    # However few the columns, they reach as far as the curve does.
    own = curves[0].columns(1)
    assert (first.raw.low.min(), first.raw.high.max()) == (own.low.min(), own.high.max())
    if metric == "accuracy":
        assert all(label.endswith("%") for label in found.y.labels)


@pytest.mark.parametrize("axis", ALONGS)
async def test_the_scopes_show_what_they_say(axis: str) -> None:
    history = run(5010)
    spans = {}
    for scope in SCOPES:
        found = planned(history, scope=scope, axis=axis)
        spans[scope] = tuple(round(end) for end in found.stretch)
        assert found.train.first[0] >= spans[scope][0]
        assert found.train.last[-1] == 5010
    assert spans["epoch"] == (5000, 5050)
    assert 4400 <= spans["recent"][0] <= 4509
    assert spans["run"][0] in (0, 1)


def test_a_stretch_without_a_measurement_says_so() -> None:
    history = run(520)
    said = plan(history, 110, 20, (), view=ChartView(metric="samples/s"), zoom=(501, 519))
    assert "<field.leave> shows more" in str(said)
    history.train.extend(np.arange(521, 5000), np.ones(4479))
    said = plan(history, 110, 20, (), view=ChartView(metric="samples/s", scope="recent"))
    assert "<chart.scope> shows more" in str(said)
    assert "after every epoch" in str(plan(run(20), 110, 20, (), view=ChartView(metric="accuracy")))


def test_the_cursor_where_the_run_has_ended_and_where_nothing_was_measured() -> None:
    others = (beside(0, 1, 1000),)
    there = plan(run(), 110, 20, (), view=ChartView(), zoom=(600, 700), overlays=others)
    assert isinstance(there, ChartPlan)
    sheet = Picture.from_canvas(Canvas(there.width, there.height), ())
    assert 600 < moved(there, 650, 1) < 700
    assert laid(sheet, there, 650, None, "z").height == there.height + 1
    nothing = [line.raw.kept(np.zeros(len(line.raw), bool)) for line in there.lines]
    pairs = zip(there.lines, nothing, strict=True)
    empty = dataclasses.replace(
        there, lines=tuple(dataclasses.replace(line, raw=raw) for line, raw in pairs)
    )
    assert moved(empty, 650, 1) == 650
    assert reach(empty, 650, 610) == (610, 650)
    assert laid(sheet, empty, 650, None, "z").height == there.height + 1


def test_times_have_labels_of_a_clock() -> None:
    history = run(5)
    labels = {}
    for seconds in (0.5, 8, 100, 1500, 20_000, 400_000):
        clock = type(history.clock)()
        clock.extend([1, 5], [seconds / 5, seconds])
        found = planned(dataclasses.replace(history, clock=clock), axis="time")
        labels[seconds] = found.x.labels
        assert 3 <= len(found.x.labels) <= 12
    assert "0.2s" in labels[0.5]
    assert "5s" in labels[8]
    assert {"30s", "1m00"} <= set(labels[100]) or {"20s", "1m"} <= set(labels[100]), labels
    assert "10m" in labels[1500]
    assert "2h00" in labels[20_000]
    assert "100h" in labels[400_000]


async def test_in_ascii_everything_is_ascii() -> None:
    async with shown(size=(120, 30)) as (chart, pilot):
        chart.ascii_only = True
        chart.overlays = tuple(beside(place, 0.3 + 0.3 * place) for place in range(MOST))
        await in_focus(chart, pilot)
        chart.choose_end()
        rows = await pressed(chart, pilot, "shift+left")
        drawn = "\n".join(rows)
        assert drawn.isascii()
        for letter in "ABCDov":
            assert letter in drawn


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("size", [(20, 6), (60, 8), (110, 20)])
async def test_nothing_finite_is_survived(metric: str, size: tuple[int, int]) -> None:
    history = RunHistory(1, steps_per_epoch=2)
    for curve in (history.train, history.learning_rate, history.gradient_norm, history.clock,
                  history.test_accuracy, history.samples_per_second):  # fmt: skip
        curve.extend(
            [1, 2, 3, 4], [math.nan, math.inf, -math.inf, 3.0 if size[0] > 60 else math.nan]
        )
    async with shown(history, size) as (chart, pilot):
        for axis in ALONGS:
            chart.view = ChartView(metric=metric, axis=axis, log_scale=axis == "epoch")
            await settled(chart, pilot)
            chart.focus()
            chart.choose_end()
            rows = await pressed(chart, pilot, "left", "shift+right")
            assert "could not be drawn" not in " ".join(rows)
