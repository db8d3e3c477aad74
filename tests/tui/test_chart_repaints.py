"""The loss chart draws when it is looked at and something has changed, and sends what differs."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import pytest
from charts import ChartApp, RecordingChart, falling, settle
from pilots import BareApp, wait_for
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import TabbedContent, TabPane

from tui.engine.chart_view import ChartView
from tui.engine.history import RunHistory
from tui.link import LINKS
from tui.widgets import picture_widget
from tui.widgets.loss_chart import LossChart


async def test_an_unchanged_history_repaints_nothing_and_draws_nothing() -> None:
    app = ChartApp()
    async with app.run_test(size=(50, 12)) as pilot:
        data = falling()
        app.chart.history = data
        await settle(pilot, app.chart)
        builds = app.chart.builds
        app.chart.repainted.clear()
        app.chart.history = RunHistory(data.revision, data.train, data.test)
        await pilot.pause(0.05)
        assert app.chart.builds == builds
        app.chart.history = RunHistory(data.revision + 1, data.train, data.test)
        await settle(pilot, app.chart)
        assert app.chart.builds == builds + 1
        assert app.chart.repainted == []


async def test_a_growing_curve_repaints_little() -> None:
    app = ChartApp()
    async with app.run_test(size=(100, 25)) as pilot:
        data = falling(1101)
        app.chart.history = data
        await settle(pilot, app.chart)
        app.chart.repainted.clear()
        data.train.append(1101, 0.1)
        app.chart.history = RunHistory(2, data.train, data.test)
        await settle(pilot, app.chart)
        cells = sum(region.area for regions in app.chart.repainted for region in regions)
        assert all(app.chart.repainted)
        assert cells < 100 * 25 / 10


async def test_hidden_in_a_tab_it_draws_nothing_and_then_catches_up() -> None:
    chart = RecordingChart(max_rate=1000)

    class TabApp(BareApp):
        def compose(self) -> ComposeResult:
            with TabbedContent(initial="other"):
                with TabPane("other", id="other"):
                    pass
                with TabPane("chart", id="chart"):
                    yield chart

    app = TabApp()
    async with app.run_test(size=(60, 20)) as pilot:
        for revision in range(1, 6):
            chart.history = falling(revision * 10, revision)
            await pilot.pause(0.02)
        assert chart.builds == 0
        app.query_one(TabbedContent).active = "chart"
        text = await settle(pilot, chart)
        assert chart.builds >= 1
        assert "train" in text


async def test_behind_another_screen_it_draws_nothing_and_then_catches_up() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.chart.history = falling(20)
        before = await settle(pilot, app.chart)
        builds = app.chart.builds
        await app.push_screen(Screen())
        app.chart.history = falling(90, 2)
        await pilot.pause(0.05)
        assert app.chart.builds == builds
        app.pop_screen()
        await wait_for(pilot, lambda: app.chart.builds > builds and not app.chart.drawing)
        assert await settle(pilot, app.chart) != before


@pytest.mark.parametrize(
    "hide",
    [
        lambda chart: chart.set_class(True, "gone"),
        lambda chart: setattr(chart, "display", False),
        lambda chart: setattr(chart, "visible", False),
    ],
)
async def test_not_displayed_it_draws_nothing(hide: Callable[[LossChart], None]) -> None:
    app = ChartApp()
    app.CSS = ".gone { height: 0; min-height: 0; }"
    async with app.run_test(size=(60, 20)) as pilot:
        hide(app.chart)
        await pilot.pause()
        app.chart.history = falling()
        await pilot.pause(0.05)
        assert app.chart.builds == 0


async def test_it_draws_no_more_often_than_it_was_told() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.chart.max_rate, app.chart.flowing = 5, True
        await pilot.pause()
        begun = time.monotonic()
        for revision in range(1, 101):
            app.chart.history = falling(20 + revision, revision)
            await pilot.pause(0.005)
        assert 1 <= app.chart.builds <= 5 * (time.monotonic() - begun) + 2
        await wait_for(pilot, lambda: app.chart.shown_revision == 100)


async def test_what_had_much_to_send_waits_until_the_stream_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(picture_widget, "LONGEST_WAIT", 1000.0)
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        chart = app.chart
        chart.flowing, chart.link = True, dataclasses.replace(LINKS["normal"], budget=1.0)
        chart.history = falling()
        await wait_for(pilot, lambda: chart.builds == 1 and not chart.drawing)
        chart.history = falling(revision=2)
        await wait_for(pilot, lambda: chart._catch_up)
        assert chart.shown_revision == 1
        chart.view = ChartView(log_scale=True)
        await wait_for(pilot, lambda: chart.shown_revision == 2)
        chart.history = falling(revision=3)
        await wait_for(pilot, lambda: chart._catch_up)
        chart.flowing = False
        await wait_for(pilot, lambda: chart.shown_revision == 3)
        chart.history = falling(revision=4)
        await wait_for(pilot, lambda: chart.shown_revision == 4)


async def test_a_theme_changes_the_colours_and_nothing_else() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.chart.history = falling()
        dark = await settle(pilot, app.chart)
        palette = app.chart.picture.palette if app.chart.picture else ()
        app.theme = "textual-light"
        await wait_for(pilot, lambda: app.chart.picture and app.chart.picture.palette != palette)
        assert await settle(pilot, app.chart) == dark
