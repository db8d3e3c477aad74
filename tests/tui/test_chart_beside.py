"""The chart shows other runs beside its own."""

from __future__ import annotations

import dataclasses

from run_charts import beside, in_focus, pressed, run, settled, shown

from tui.engine.chart_view import ChartView
from tui.engine.overlays import MOST, Overlay
from tui.widgets.chart_plan import plan
from tui.widgets.chart_sheet import ChartPlan


async def test_four_runs_beside_have_colours_and_markers_of_their_own() -> None:
    async with shown(size=(120, 30)) as (chart, pilot):
        chart.overlays = tuple(beside(place, 0.3 + 0.3 * place) for place in range(MOST))
        rows = await settled(chart, pilot)
        drawn = "\n".join(rows)
        for place, marker in enumerate("▲■◆▼"):
            assert drawn.count(marker) > 3, marker
            assert f"{marker} 03040{place}-run-{place}" in drawn
        roles = {line.role for line in chart.planned.lines}
        assert len(roles) == 3 + MOST
        styles = [chart.picture.palette[role] for role in sorted(roles)]
        assert len({style.color for style in styles[3:]}) == MOST
        chart.overlays = chart.overlays[2:3]
        rows = await settled(chart, pilot)
        assert "◆" in "\n".join(rows), "the others are gone, its marker is its own"
        assert "▲" not in "\n".join(rows)
        await in_focus(chart, pilot)
        rows = await pressed(chart, pilot, "left")
        assert "◆ 0.9" in rows[-1]
        # Where all of them have no room below each other, side by side.
        chart.overlays = tuple(beside(place, 0.3 + 0.3 * place) for place in range(MOST))
        await pilot.resize_terminal(100, 9)
        drawn = "\n".join(await settled(chart, pilot))
        assert all(f"{'▲■◆▼'[place]} 03040{place}-run-{place}" in drawn for place in range(MOST))


def test_a_longer_run_beside_makes_the_axis_longer_and_by_epochs_they_are_alike() -> None:
    short, long = run(100), dataclasses.replace(run(2000), steps_per_epoch=200)
    overlay = Overlay("other", 0, long)
    by_step = plan(short, 110, 20, (), overlays=[overlay])
    by_epoch = plan(short, 110, 20, (), overlays=[overlay], view=ChartView(axis="epoch"))
    assert isinstance(by_step, ChartPlan)
    assert isinstance(by_epoch, ChartPlan)
    assert by_step.x.high >= 2000
    assert 10 <= by_epoch.x.high < 12
    zoomed = plan(short, 110, 20, (), overlays=[overlay], zoom=(10, 50))
    assert isinstance(zoomed, ChartPlan)
    for line in zoomed.lines:
        assert len(line.raw)
        assert line.raw.first[0] >= 10
        assert line.raw.last[-1] <= 50
