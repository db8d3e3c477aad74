"""A loss chart and nothing else, and histories for it to draw."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pilots import BareApp
from textual.app import ComposeResult
from textual.geometry import Region

from tui.engine.curve import Curve
from tui.engine.history import RunHistory
from tui.widgets.loss_chart import LossChart


def history(train: list[float], test: list[float] | None = None, revision: int = 1) -> RunHistory:
    """A history with one training loss per step and a test loss every ten steps."""
    curves = Curve(), Curve()
    curves[0].extend(np.arange(len(train)), np.array(train))
    tests = test or []
    curves[1].extend(np.arange(1, len(tests) + 1) * 10, np.array(tests))
    return RunHistory(revision, *curves)


def falling(steps: int = 100, revision: int = 1) -> RunHistory:
    """A well-behaved run."""
    train = [2.3 * math.exp(-step / 40) + 0.1 for step in range(steps)]
    return history(train, [train[k] + 0.05 for k in range(10, steps, 10)], revision)


class ChartApp(BareApp):
    """A chart and nothing else."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.chart = RecordingChart(max_rate=1000, **options)

    def compose(self) -> ComposeResult:
        yield self.chart


class RecordingChart(LossChart):
    """Remembers what it asked to have repainted."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.set_reactive(LossChart.flowing, False)
        self.repainted: list[tuple[Region, ...]] = []

    def refresh(self, *regions: Region, **options: Any) -> Any:
        if options.get("repaint", True):
            self.repainted.append(regions)
        return super().refresh(*regions, **options)


async def settle(pilot: Any, chart: LossChart) -> str:
    """Wait until nothing is being drawn; the text of what is shown."""
    for _ in range(300):
        await pilot.pause(0.01)
        if not chart.drawing and chart.picture is not None:
            await pilot.pause()
            break
    assert chart.picture is not None
    return chart.picture.text
