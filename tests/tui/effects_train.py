"""What the commands of the Train screen bring about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pilots import QuietSession, field, toasts, wait_for
from run_states import of_phase
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Select

from tui.app import InklingApp
from tui.commands import Command
from tui.engine.chart_view import ChartView
from tui.engine.run_directory import RunDirectory
from tui.screens.rate_finder import RateFinder
from tui.widgets.digit_grid import DigitGrid
from tui.widgets.group_heading import GroupHeading
from tui.widgets.run_chart import RunChart
from tui.widgets.run_log import RunLog


def session(app: InklingApp) -> QuietSession:
    assert isinstance(app.session, QuietSession)
    return app.session


def grid(app: InklingApp) -> DigitGrid:
    return app.train.query_one(DigitGrid)


def chart(app: InklingApp) -> RunChart:
    return app.train.chart


def panes(app: InklingApp) -> list[Widget]:
    """Those in sight."""
    return [pane for pane in app.train.query(".pane") if pane.region]


def group_with_focus(app: InklingApp) -> str:
    return app.focused.title if isinstance(app.focused, GroupHeading) else ""


EFFECTS: dict[str, Callable[[InklingApp], object]] = {
    "run.toggle": lambda app: [stint for stint, _ in session(app).starts] == ["run"],
    "run.step": lambda app: [stint for stint, _ in session(app).starts] == ["step"],
    "run.epoch": lambda app: [stint for stint, _ in session(app).starts] == ["epoch"],
    "run.take_up": lambda app: any("run to take up" in message for message in toasts(app)),
    "run.fork": lambda app: any("no run to fork" in message for message in toasts(app)),
    "health.act": lambda app: any("Nothing is amiss" in message for message in toasts(app)),
    "rate.find": lambda app: isinstance(app.screen, RateFinder),
    "run.stop": lambda app: [ask.command for ask in session(app).asked] == ["stop"],
    "pane.form": lambda app: isinstance(app.focused, Select) and app.train.shown_pane == "form",
    "form.next_group": lambda app: group_with_focus(app) == "Data",
    "form.previous_group": lambda app: group_with_focus(app) == "Data",
    "pane.digits": lambda app: app.train.shown_pane == "digits" and app.focused is None,
    "pane.log": lambda app: isinstance(app.focused, RunLog) and app.train.shown_pane == "log",
    "digits.wrong": lambda app: grid(app).wrong_only,
    "digits.next": lambda app: grid(app).page == 1,
    "digits.previous": lambda app: grid(app).page == 2,
    "pane.chart": lambda app: isinstance(app.focused, RunChart) and chart(app).cursor is not None,
    "chart.metric": lambda app: chart(app).view.metric == "accuracy",
    "chart.axis": lambda app: chart(app).view.axis == "epoch",
    "chart.scope": lambda app: chart(app).view.scope == "recent",
    "chart.zoom": lambda app: chart(app).zooms,
    "chart.overlay": lambda app: any("no other run" in message for message in toasts(app)),
    "chart.log": lambda app: chart(app).view.log_scale,
    "chart.smoother": lambda app: chart(app).view.smoothing == 3,
    "chart.rougher": lambda app: chart(app).view.smoothing == 1,
    "chart.raw": lambda app: chart(app).view.smoothing == 0,
    "pane.large": lambda app: [pane.id for pane in panes(app)] == ["chart-pane"],
    "pane.hide": lambda app: "chart-pane" not in [pane.id for pane in panes(app)],
    "log.save": lambda app: any("log" in message.lower() for message in toasts(app)),
    "field.leave": lambda app: app.focused is None,
}


async def prepare(app: InklingApp, pilot: Pilot[Any], command: Command) -> None:
    """A screen with something on every pane, on which the command has something to do."""
    session(app).starts.clear()
    session(app).asked.clear()
    app.train.set_focus(None)
    app.train.large, app.train.hidden, app.train.in_hand = "", frozenset(), "chart"
    app.train.shown_pane, grid(app).wrong_only, grid(app).page = "digits", False, 0
    app.train.show_state(of_phase("finished"))
    await wait_for(pilot, lambda: grid(app).page_count > 5)
    app.train.chart_view, chart(app).zooms = ChartView(smoothing=2), ()
    await wait_for(pilot, lambda: chart(app).planned)
    if command.id == "chart.overlay":
        app.train.run = RunDirectory(Path("nowhere"))
    if command.id == "chart.zoom":
        await pilot.press("c", "z", "shift+left")
    if command.id == "digits.previous":
        grid(app).page = 3
    if command.id == "form.previous_group":
        field(app, "split").take_focus()
    if command.id == "pane.digits":
        app.train.shown_pane = "log"
    if command.id == "field.leave":
        app.train.query_one(RunLog).focus()
