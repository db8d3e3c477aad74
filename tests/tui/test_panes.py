"""One pane fills the screen, others go out of sight, and runs that are over lie on the chart."""

from __future__ import annotations

from pathlib import Path

import pytest
from effects_train import chart, panes
from error_runs import finished_run
from pilots import SIZES, QuietSession, lines, opened, text, toasts, wait_for, wait_for_pictures
from run_states import of_phase

from tui.app import InklingApp
from tui.engine.overlays import MOST, choices, overlay
from tui.engine.run_directory import RunDirectory, RunError
from tui.screens.rival_choice import RivalChoice
from tui.widgets.run_log import RunLog


def seen(app: InklingApp) -> set[str]:
    return {str(pane.id).removesuffix("-pane") for pane in panes(app)}


@pytest.mark.parametrize("size", [(60, 16), *SIZES])
async def test_a_pane_fills_the_screen_and_goes_back_to_its_place(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await wait_for_pictures(app, pilot)
        before, size_before = seen(app), chart(app).size
        await pilot.press("m")
        await wait_for(pilot, lambda: seen(app) == {"chart"})
        await wait_for_pictures(app, pilot)
        assert chart(app).size.width >= size[0] - 6
        assert chart(app).size.height >= size[1] - 5
        await pilot.press("g")
        await wait_for(pilot, lambda: seen(app) == {"log"}, "the key of another pane")
        assert isinstance(app.focused, RunLog)
        await pilot.press("escape")
        assert app.focused is None
        assert app.train.large == "log"
        await pilot.press("escape")
        await wait_for(pilot, lambda: not app.train.large)
        await pilot.press("d")
        await wait_for(pilot, lambda: seen(app) == before)
        await wait_for_pictures(app, pilot)
        assert chart(app).size == size_before


GONE = (
    {"digits"}, {"digits", "log"}, {"chart"}, {"form", "digits"}, {"chart", "log"},
    {"chart", "form", "log"}, {"chart", "digits"},
)  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_hidden_leaves_its_room_to_the_others(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await pilot.press("d", "h")
        await wait_for(pilot, lambda: app.train.hidden == {"digits"})
        for gone in GONE:
            app.train.hidden = frozenset(gone)
            left = set(app.train.PANES) - gone
            await wait_for(pilot, lambda left=left: seen(app) <= left, str(gone))
            room = app.train.query_one("#panes").region
            if not app.train.has_class("-narrow"):
                assert seen(app) == left
                assert sum(pane.region.area for pane in panes(app)) == room.area, gone
            else:
                assert seen(app) == left & {"chart", app.train.shown_pane} != set(), gone
                assert sum(pane.region.area for pane in panes(app)) >= room.area - size[0], gone
        await pilot.press("d")
        await wait_for(pilot, lambda: "digits" in seen(app), "its key shows it again")


async def test_one_pane_stays() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.hidden = frozenset({"chart", "form", "log"})
        await pilot.press("d", "h")
        assert len(seen(app)) == 1
        assert any("has to stay" in message for message in toasts(app))


async def test_runs_that_are_over_are_laid_on_the_chart_and_taken_off(runs: Path) -> None:
    own = finished_run(runs, "20260102-000000-own")
    for number in range(MOST + 1):
        finished_run(runs, f"20260103-00000{number}-fashion-mnist-adam-42")
    async with opened(runs, attach=own) as (app, pilot):
        await wait_for(pilot, lambda: chart(app).planned)

        async def choose(down: int) -> None:
            await pilot.press("v")
            await wait_for(pilot, lambda: isinstance(app.screen, RivalChoice))
            await wait_for_pictures(app, pilot)
            await pilot.press("home", *["down"] * down, "enter")
            await wait_for(pilot, lambda: app.screen is app.train)

        for number in range(MOST):
            await choose(number)
            await wait_for(pilot, lambda n=number: len(chart(app).overlays) == n + 1)
        await wait_for_pictures(app, pilot)
        assert {o.place for o in chart(app).overlays} == set(range(MOST))
        await wait_for(pilot, lambda: all(mark in "\n".join(lines(app)) for mark in "▲■◆▼"))
        await choose(MOST)
        await wait_for(pilot, lambda: any("already" in message for message in toasts(app)))
        second = chart(app).overlays[1]
        await choose(1)
        await wait_for(pilot, lambda: second not in chart(app).overlays, "chosen again, it goes")
        await choose(MOST)
        await wait_for(pilot, lambda: len(chart(app).overlays) == MOST)
        assert chart(app).overlays[-1].place == second.place
        # What tells them apart can be read on the smallest usual terminal too.
        await pilot.resize_terminal(80, 24)
        await pilot.press("v")
        await wait_for(pilot, lambda: " 000001-fashion-mnist-adam-42 " in text(app))


def test_a_run_laid_over_is_read_whole(runs: Path) -> None:
    own, other = finished_run(runs, "own"), finished_run(runs, "other")
    assert [entry.run.path for entry in choices(own)] == [other.path]
    found = overlay(other, 2)
    assert (found.name, found.place) == ("other", 2)
    assert (len(found.history.train), found.history.last_step) == (270, 270)
    assert len(found.history.test_accuracy) == 7
    other.steps.unlink()
    assert choices(own) == ()
    with pytest.raises(RunError, match="no steps"):
        overlay(other, 0)
    with pytest.raises(RunError):
        overlay(RunDirectory(runs / "nowhere"), 0)
