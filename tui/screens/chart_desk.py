"""The half of the Train screen that looks after its chart: what it shows, and beside which runs."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

from textual import work
from textual.reactive import reactive

from tui.engine.chart_view import ChartView
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import printable
from tui.screens.panes import PanedRoom

if TYPE_CHECKING:
    from tui.engine.overlays import Overlay
    from tui.widgets.run_chart import RunChart


class ChartDesk(PanedRoom):
    """A room with a `RunChart`."""

    chart_view: reactive[ChartView] = reactive(ChartView(), repaint=False)
    overlays: reactive[tuple[Overlay, ...]] = reactive((), repaint=False)
    run: reactive[RunDirectory | None] = reactive(None, repaint=False)
    """The run that is shown, where it has a directory."""

    _closely = False
    """Is a stretch looked at?"""

    @property
    def chart(self) -> RunChart:
        from tui.widgets.run_chart import RunChart

        return self.query_one(RunChart)

    def watch_run(self, old: RunDirectory | None, new: RunDirectory | None) -> None:
        # A run that is taken up, or has been forked, is over no longer.
        if new is not None and (old is None or old.path != new.path):
            name = printable(new.name)
            self.overlays = tuple(shown for shown in self.overlays if shown.name != name)

    def watch_chart_view(self) -> None:
        self._say_what_is_shown()

    def on_run_chart_zoomed(self, event: RunChart.Zoomed) -> None:
        # Found by its name, for `on` would import the chart before there is anything to draw.
        self._closely = event.closely
        self._say_what_is_shown()

    def _say_what_is_shown(self) -> None:
        for pane in self.query("#chart-pane"):
            closely = ", a stretch (<field.leave>: back)" if self._closely else ""
            pane.border_title = self.chart_view.words + self.in_keys(closely)

    def action_scope(self) -> None:
        self.chart_view = self.chart_view.next_scope()

    def action_metric(self) -> None:
        self.chart_view = self.chart_view.next_metric()

    def action_axis(self) -> None:
        self.chart_view = self.chart_view.next_axis()

    def action_toggle_log_scale(self) -> None:
        view = self.chart_view
        self.chart_view = dataclasses.replace(view, log_scale=not view.log_scale)

    def action_smooth(self, columns: int) -> None:
        self.chart_view = self.chart_view.smoothed(columns)

    def action_choose_stretch(self) -> None:
        self.take_in_hand("chart")
        self.chart.choose_end()

    @work(exclusive=True, group="overlay", exit_on_error=False)
    async def action_overlay(self) -> None:
        """Lay a run over the chart, or take it off again."""
        from tui.engine.overlays import MOST, choices, free_place, overlay
        from tui.screens.rival_choice import RivalChoice

        if self.run is None:
            self.complain("There is no run to compare with yet; <room.runs> lists those there are.")
            return
        runs = await asyncio.to_thread(choices, self.run)
        if not runs:
            self.complain("There is no other run beside this one that is over.")
            return
        shown = len(self.overlays)
        title = f"Lay over the chart, or take off ({shown} of {MOST})"
        chosen = await self.app.push_screen_wait(
            RivalChoice(runs, ascii_only=self.ascii_only, title=title)
        )
        if chosen is None:
            return
        name = printable(chosen.name)
        others = tuple(shown for shown in self.overlays if shown.name != name)
        place = free_place(others)
        if len(others) < len(self.overlays):
            self.overlays = others
        elif place is None:
            self.complain(f"{MOST} runs are laid over the chart already; take one off first.")
        else:
            try:
                found = await asyncio.to_thread(overlay, chosen, place)
            except RunError as problem:
                self.complain_of(problem)
            else:
                self.overlays = (*others, found)
