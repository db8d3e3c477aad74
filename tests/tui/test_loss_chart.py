"""The loss chart shows the numbers it was given, when it is looked at, and no more often."""

from __future__ import annotations

import dataclasses
import gc
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pilots import BareApp, wait_for
from rich.style import Style
from textual.app import ComposeResult
from textual.geometry import Region
from textual.screen import Screen
from textual.widgets import TabbedContent, TabPane

from tui.engine.chart_view import ChartView
from tui.engine.curve import Curve
from tui.engine.history import Mark, RunHistory
from tui.link import LINKS
from tui.widgets import picture_widget
from tui.widgets.chart_inks import STYLES
from tui.widgets.chart_picture import draw
from tui.widgets.chart_plan import ChartPlan, plan
from tui.widgets.loss_chart import LossChart


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that has every colour, wherever the tests run."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


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


async def test_it_shows_both_curves_and_their_newest_values() -> None:
    app = ChartApp()
    async with app.run_test(size=(50, 12)) as pilot:
        data = falling()
        app.chart.history = data
        text = await settle(pilot, app.chart)
        # 46 columns: 50 cells but for the y axis and its labels, three characters wide.
        expected = data.train.columns(46, 0, 100).mean[-1]
        assert f"train {expected:.3g}" in text
        assert f"test {data.test.last:.3g}" in text
        assert "●" in text
        assert any(character in text for character in "▀▄█▌▐▘▝▖▗▚▞▛▜▙▟")
        for tick in ("0", "50", "100", "1", "2"):
            assert tick in text
        assert len(text.splitlines()) == 12
        assert {len(line) for line in text.splitlines()} == {50}


async def test_what_is_on_the_screen_is_the_picture() -> None:
    app = ChartApp()
    async with app.run_test(size=(50, 12)) as pilot:
        app.chart.history = falling()
        text = await settle(pilot, app.chart)
        lines = [app.chart.render_line(y).text for y in range(12)]
        assert "\n".join(lines) == text


async def test_one_spike_among_a_hundred_thousand_steps_can_be_seen() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 15)) as pilot:
        calm = [0.1] * 100_000
        app.chart.history = history(calm)
        await settle(pilot, app.chart)
        spiked = calm.copy()
        spiked[40_000] = 5.0
        app.chart.history = history(spiked, revision=2)
        text = await settle(pilot, app.chart)
        upper_half = "".join(text.splitlines()[3:7])
        assert any(character in upper_half for character in "█▀▄")


async def test_ascii_only_means_ascii_only() -> None:
    app = ChartApp()
    async with app.run_test(size=(50, 12)) as pilot:
        app.chart.ascii_only = True
        app.chart.history = falling()
        text = await settle(pilot, app.chart)
        assert text.isascii()
        assert "##" in text
        assert "o" in text


async def test_with_few_colours_the_band_is_a_texture() -> None:
    app = ChartApp()
    async with app.run_test(size=(50, 12)) as pilot:
        app.theme = "ansi-dark"
        await pilot.pause()
        app.chart.history = falling()
        assert "░" in await settle(pilot, app.chart)
        app.theme = "textual-dark"
        await pilot.pause(0.05)
        assert "░" not in await settle(pilot, app.chart)


async def test_sixteen_colours_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLORTERM")
    app = ChartApp()
    async with app.run_test(size=(50, 12)) as pilot:
        app.chart.history = falling()
        assert "░" in await settle(pilot, app.chart)


async def test_smoothing_calms_the_line_and_leaves_the_extremes() -> None:
    data = history([1.0, 3.0] * 40)
    rough, smooth = (plan(data, 60, 12, (), view=ChartView(smoothing=reach)) for reach in (0, 3))
    assert isinstance(rough, ChartPlan)
    assert isinstance(smooth, ChartPlan)
    assert np.ptp(smooth.train.mean) < np.ptp(rough.train.mean)
    np.testing.assert_array_equal(smooth.train.high, rough.train.high)
    np.testing.assert_array_equal(smooth.train.low, rough.train.low)


@pytest.mark.parametrize("log_scale", [False, True])
@pytest.mark.parametrize(
    "train",
    [
        [0.5],
        [0.5, 0.5, 0.5, 0.5],
        [0.0, 0.0],
        [math.nan, 0.5, math.inf, 0.4, -math.inf, 0.3],
        [1.0, math.nan, math.nan, math.nan, 2.0],
        [1e-30, 1e30],
        [1.7e308, -1.7e308, 0.0],
        [-1.0, -2.0, -3.0],
        [1e-300, 2e-300],
        [3.0, 0.0, 1.0],
    ],
)
@pytest.mark.parametrize("size", [(20, 5), (50, 12), (131, 37)])
async def test_awkward_numbers_are_drawn_or_explained(
    train: list[float], log_scale: bool, size: tuple[int, int]
) -> None:
    app = ChartApp()
    async with app.run_test(size=size) as pilot:
        app.chart.view = ChartView(log_scale=log_scale)
        app.chart.history = history(train, train)
        text = await settle(pilot, app.chart)
        assert "could not be drawn" not in " ".join(text.split())
        assert text.strip()


async def test_with_nothing_to_draw_it_says_so() -> None:
    app = ChartApp(placeholder="Nothing has been trained yet.")
    async with app.run_test(size=(50, 12)) as pilot:
        assert "Nothing has been trained yet." in await settle(pilot, app.chart)
        app.chart.history = history([])
        assert "Nothing has been trained yet." in await settle(pilot, app.chart)
        app.chart.history = history([math.nan, math.nan], revision=2)
        assert "finite" in await settle(pilot, app.chart)
        app.chart.view = ChartView(log_scale=True)
        app.chart.history = history([-1.0, 0.0], revision=3)
        assert "above zero" in await settle(pilot, app.chart)
        assert app.chart.builds == 0


async def test_where_a_picture_does_not_fit_it_is_numbers() -> None:
    app = ChartApp()
    async with app.run_test(size=(18, 3)) as pilot:
        app.chart.history = history([0.25], [0.5])
        text = await settle(pilot, app.chart)
        assert "0.25" in text
        assert "0.5" in text


async def test_every_size_from_nothing_upwards_survives() -> None:
    app = ChartApp()
    async with app.run_test(size=(1, 1)) as pilot:
        app.chart.history = falling()
        for size in [(1, 1), (2, 9), (300, 1), (19, 4), (20, 5), (24, 6), (400, 90), (50, 12)]:
            await pilot.resize_terminal(*size)
            await settle(pilot, app.chart)
        text = await settle(pilot, app.chart)
        assert "could not" not in text
        assert {len(line) for line in text.splitlines()} == {50}


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


async def test_a_drawing_that_fails_is_said_and_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_plan: ChartPlan) -> None:
        raise ZeroDivisionError

    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        with monkeypatch.context() as patch:
            patch.setattr("tui.widgets.loss_chart.draw_in_thread", broken)
            app.chart.history = falling()
            assert "ZeroDivisionError" in await settle(pilot, app.chart)
        app.chart.history = falling(50, 2)
        assert "train" in await settle(pilot, app.chart)


async def test_a_chart_removed_while_it_is_drawn_harms_nobody() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.chart.history = falling()
        await app.chart.remove()
        await pilot.pause(0.1)
        assert app.is_running


async def test_a_plan_never_has_more_columns_than_cells() -> None:
    data = falling(5000)
    for width in (20, 50, 133):
        planned = plan(data, width, 12, ())
        assert isinstance(planned, ChartPlan)
        assert len(planned.train) <= planned.room <= width
        assert len(planned.test) <= planned.room


def marked(*marks: Mark) -> RunHistory:
    return dataclasses.replace(falling(), marks=marks)


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_what_was_done_to_the_run_stands_at_its_step(ascii_only: bool) -> None:
    app = ChartApp()
    async with app.run_test(size=(100, 20)) as pilot:
        app.chart.ascii_only = ascii_only
        app.chart.history = marked(
            Mark(20, "paused"), Mark(40, "away", 25), Mark(50, "learning rate 0.01")
        )
        await settle(pilot, app.chart)
        rows = app.chart.picture.text.splitlines()
        line = "!" if ascii_only else "┊"
        top = rows[0]
        columns = [i for i, code in enumerate(top) if code == line]
        assert len(columns) == 3
        for column, words in zip(columns, ("paused", "away", "learning rate 0.01"), strict=True):
            assert any(row[column + 1 :].startswith(words) for row in rows[:5]), words
        along = {row.count("~" if ascii_only else "╌") for row in rows}
        assert max(along) > 5, "the time away is a stretch of the curve"


async def test_marks_without_room_for_words_are_lines_still() -> None:
    app = ChartApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.chart.history = marked(*(Mark(step, "a very long description") for step in range(99)))
        await settle(pilot, app.chart)
        assert "very" not in app.chart.picture.text
        assert app.chart.picture.text.count("┊") > 20


def test_a_drawn_chart_leaves_nothing_for_the_collector() -> None:
    planned = plan(falling(), 60, 20, (Style(),) * STYLES)
    assert isinstance(planned, ChartPlan)
    draw(planned)  # What is made once is made now.
    gc.collect()
    draw(planned)
    assert gc.collect() < 50, "plotext's figure holds thousands of objects, and itself"
