"""The chart of a run and nothing else, and runs for it to draw."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from pilots import BareApp, wait_for
from textual.app import ComposeResult
from textual.geometry import Region

from tui.engine.chart_view import ChartView
from tui.engine.history import RunHistory
from tui.engine.overlays import Overlay
from tui.widgets.chart_plan import plan
from tui.widgets.chart_sheet import ChartPlan
from tui.widgets.run_chart import RunChart

STEPS_PER_EPOCH = 50


def run(steps: int = 500, level: float = 0.1) -> RunHistory:
    """A run whose every number can be told from its step."""
    history = RunHistory(1, steps_per_epoch=STEPS_PER_EPOCH)
    x = np.arange(1, steps + 1)
    history.train.extend(x, level + 2 / x)
    history.learning_rate.extend(x, 0.05 * (x <= steps // 2) + 0.01)
    history.gradient_norm.extend(x, 1 + x % 7)
    history.clock.extend(x, x * 0.5)
    for step in range(STEPS_PER_EPOCH, steps + 1, STEPS_PER_EPOCH):
        history.test.append(step, level + 0.05 + 2 / step)
        history.validation.append(step, level + 0.1 + 2 / step)
        history.test_accuracy.append(step, 1 - 1 / step)
        history.samples_per_second.append(step, 100_000 + step)
    return history


class ChartApp(BareApp):
    """A chart and nothing else."""

    def __init__(self, history: RunHistory) -> None:
        super().__init__()
        self.chart = RecordingChart(max_rate=1000)
        self.chart.set_reactive(RunChart.history, history)

    def compose(self) -> ComposeResult:
        yield self.chart


class RecordingChart(RunChart):
    """Remembers what it asked to have repainted."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.repainted: list[Region] = []

    def refresh(self, *regions: Region, **options: Any) -> Any:
        if options.get("repaint", True):
            self.repainted += regions or [Region(0, 0, *self.size)]
        return super().refresh(*regions, **options)


@asynccontextmanager
async def shown(
    history: RunHistory | None = None, size: tuple[int, int] = (110, 20)
) -> AsyncIterator[tuple[RecordingChart, Any]]:
    app = ChartApp(history or run())
    async with app.run_test(size=size) as pilot:
        await settled(app.chart, pilot)
        yield app.chart, pilot


async def in_focus(chart: RunChart, pilot: Any) -> list[str]:
    chart.focus()
    await wait_for(pilot, lambda: chart.cursor is not None, "a cursor", 5)
    return await settled(chart, pilot)


async def settled(chart: RunChart, pilot: Any) -> list[str]:
    """The lines of the chart, once everything asked for is drawn."""

    def done() -> bool:
        picture = chart.picture
        rests = not (chart.drawing or chart._waiting or chart._catch_up)
        return rests and picture is not None and picture.height == chart.size.height

    await pilot.pause()
    await wait_for(pilot, done, "a drawing")
    assert chart.picture is not None
    return chart.picture.text.splitlines()


async def pressed(chart: RunChart, pilot: Any, *keys: str) -> list[str]:
    await pilot.press(*keys)
    return await settled(chart, pilot)


def planned(history: RunHistory, **view: Any) -> ChartPlan:
    found = plan(history, 110, 20, (), view=ChartView(**view))
    assert isinstance(found, ChartPlan), found
    return found


def beside(place: int, level: float, steps: int = 500) -> Overlay:
    return Overlay(f"20260102-03040{place}-run-{place}", place, run(steps, level))
