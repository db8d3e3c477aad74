"""The Train screen starts, holds and ends real runs, and fits the terminal it is given."""

from __future__ import annotations

from pathlib import Path

import pytest
from pilots import (
    LONG,
    SHORT,
    SIZES,
    QuietSession,
    field,
    lines,
    log_lines,
    opened,
    phase,
    text,
    wait_for,
    wait_for_phase,
    wait_for_pictures,
)
from run_states import PREPARING, made, of_phase
from textual import events

from nn.presets import resolve
from tui.app import InklingApp
from tui.engine.commands import Stop
from tui.engine.facts import Preparing
from tui.widgets.digit_grid import DigitGrid
from tui.widgets.loss_chart import LossChart
from tui.widgets.run_log import RunLog

STEPS_PER_EPOCH = 45


async def test_space_trains_to_the_end_and_every_pane_shows_it(runs: Path) -> None:
    async with opened(runs, initial=SHORT) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "finished")
        await wait_for(pilot, lambda: grid(app).predictions and grid(app).predictions.epoch == 3)
        await wait_for_pictures(app, pilot)
        status = app.train.status
        assert (status.step, status.epoch) == (3 * STEPS_PER_EPOCH, 3)
        shown = text(app)
        assert "finished" in lines(app)[0]
        assert f"test {status.test_accuracy:.2%}" in lines(app)[0]
        assert "finished: 3 epochs in" in shown
        assert "epoch 3" in shown
        history = app.train.query_one(LossChart).history
        assert history is not None
        assert (len(history.train), len(history.test)) == (3 * STEPS_PER_EPOCH, 1 + 3)
        assert f"test {history.test.last:.3g}" in shown
        assert status.run_name in shown
        (run,) = runs.iterdir()
        assert run.name == status.run_name


async def test_s_trains_one_step_and_then_one_more(runs: Path) -> None:
    async with opened(runs, initial=SHORT) as (app, pilot):
        for steps in (1, 2):
            await pilot.press("s")
            await wait_for(pilot, lambda n=steps: app.train.status.step == n)
            await wait_for_phase(app, pilot, "paused")
        assert "paused" in lines(app)[0]
        assert len(app.train.query_one(LossChart).history.train) == 2
        await app.session.ask(Stop())
        await wait_for_phase(app, pilot, "stopped")
        assert app.train.status.step == 2


async def test_e_trains_to_the_end_of_an_epoch_from_wherever_it_is(runs: Path) -> None:
    async with opened(runs, initial=SHORT) as (app, pilot):
        await pilot.press("e")
        await wait_for(pilot, lambda: app.train.status.epoch == 1)
        await wait_for_phase(app, pilot, "paused")
        assert app.train.status.step == STEPS_PER_EPOCH
        await pilot.press("s")
        await wait_for(pilot, lambda: app.train.status.step == STEPS_PER_EPOCH + 1)
        await wait_for_phase(app, pilot, "paused")
        await pilot.press("e")
        await wait_for(pilot, lambda: app.train.status.epoch == 2)
        await wait_for_phase(app, pilot, "paused")
        assert app.train.status.step == 2 * STEPS_PER_EPOCH
        await pilot.press("space")
        await wait_for_phase(app, pilot, "finished")


async def test_space_holds_it_and_lets_it_go_on(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        await pilot.press("space")
        await wait_for(pilot, lambda: app.train.status.step > 0)
        await pilot.press("space")
        await wait_for_phase(app, pilot, "paused")
        held = app.train.status.step
        assert "paused" in lines(app)[0]
        await pilot.press("space")
        await wait_for(pilot, lambda: app.train.status.step > held)
        assert phase(app) == "running"
        await pilot.press("S")
        await wait_for_phase(app, pilot, "stopped")
        words = " ".join(log_lines(app))
        assert [words.index(word) for word in ("paused", "resumed", "stopped")] == sorted(
            words.index(word) for word in ("paused", "resumed", "stopped")
        )


async def test_a_hand_too_quick_pauses_what_has_only_just_begun(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        await pilot.press("space", "space")
        await wait_for_phase(app, pilot, "paused")
        assert len(list(runs.iterdir())) == 1
        await pilot.press("S")
        await wait_for_phase(app, pilot, "stopped")


async def test_a_second_run_takes_the_place_of_the_first(runs: Path) -> None:
    async with opened(runs, initial=SHORT) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "finished")
        await wait_for(pilot, lambda: grid(app).predictions and grid(app).predictions.epoch == 3)
        first = app.train.status.run_name
        field(app, "epochs").edit().value = "2"
        await pilot.press("e")
        await wait_for_phase(app, pilot, "paused")
        await wait_for(pilot, lambda: grid(app).predictions and grid(app).predictions.epoch == 1)
        await wait_for_pictures(app, pilot)
        second = app.train.status.run_name
        assert first != second
        history = app.train.query_one(LossChart).history
        assert len(history.train) == STEPS_PER_EPOCH
        assert not any("finished" in line for line in log_lines(app))
        assert second in text(app)
        assert first not in text(app).replace(second, "")
        assert sorted(path.name for path in runs.iterdir()) == sorted([first, second])
        await app.session.ask(Stop())


@pytest.mark.parametrize(
    ("stint", "meant"), [("run", "pause"), ("step", "step"), ("epoch", "epoch")]
)
async def test_a_start_that_comes_too_late_is_for_the_run_there_is(stint: str, meant: str) -> None:
    async with opened(session := QuietSession()) as (app, pilot):
        session.state = of_phase("running")
        app.train.post_message(app.train.StartAsked(SHORT, stint))
        await wait_for(pilot, lambda: [ask.command for ask in session.asked] == [meant])
        assert session.starts == []


async def test_runs_that_cannot_be_kept_are_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where a directory should be")
    async with opened(tmp_path / "runs") as (app, pilot):
        await pilot.press("space")
        await wait_for(pilot, lambda: "Runs cannot be kept in" in text(app))
        assert phase(app) == "idle"


async def test_attaching_shows_a_run_that_has_ended(runs: Path) -> None:
    async with opened(runs, initial=SHORT) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "finished")
        run = app.session.run
        before = log_lines(app)
    async with opened(runs, (200, 60), attach=run) as (app, pilot):
        await wait_for_phase(app, pilot, "finished")
        await wait_for(pilot, lambda: grid(app).predictions)
        assert log_lines(app) == before
        await wait_for_pictures(app, pilot)
        assert run is not None
        assert run.name in text(app)


async def test_what_is_being_prepared_is_said() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(made(PREPARING))
        await wait_for(pilot, lambda: "Fetching train-images-idx3-ubyte.gz 42%" in lines(app)[0])
        app.train.show_state(made(PREPARING, Preparing("Decoding", 0, 0)))
        await wait_for(pilot, lambda: "Decoding" in lines(app)[0])


def grid(app: InklingApp) -> DigitGrid:
    return app.train.query_one(DigitGrid)


PANES = ("form", "chart", "digits", "log")


def seen(app: InklingApp) -> set[str]:
    """The panes that have any cell on the screen."""
    return {
        name
        for name in PANES
        if app.train.query_one(f"#{name}-pane").region.area and in_sight(app, name)
    }


def in_sight(app: InklingApp, name: str) -> bool:
    pane = app.train.query_one(f"#{name}-pane")
    return all(widget.display for widget in (pane, *pane.ancestors) if hasattr(widget, "region"))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((60, 16), {"chart", "digits"}),
        ((80, 24), {"chart", "digits"}),
        ((100, 24), set(PANES)),
        ((120, 40), set(PANES)),
        ((200, 60), set(PANES)),
        ((59, 40), set()),
        ((200, 15), set()),
        ((1, 1), set()),
    ],
)
async def test_each_size_shows_the_panes_it_has_room_for(
    size: tuple[int, int], expected: set[str]
) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await wait_for(pilot, lambda: seen(app) == expected, f"{seen(app)}")
        await wait_for_pictures(app, pilot)
        assert ("Inkling needs a terminal" in " ".join(text(app).split())) == (
            not expected and size[0] >= 20
        )
        regions = [app.train.query_one(f"#{name}-pane").region for name in expected]
        for region in regions:
            assert app.train.region.contains_region(region)
        for a in regions:
            assert not any(a.overlaps(b) for b in regions if b is not a)
        assert [len(line) for line in lines(app)] == [size[0]] * size[1]


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
async def test_on_a_narrow_screen_keys_and_clicks_choose_the_pane(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        app.train.show_state(of_phase("running"))
        for key, pane in (("g", "log"), ("d", "digits"), ("f", "form")):
            await pilot.press(key)
            await wait_for(pilot, lambda p=pane: seen(app) == {"chart", p})
        for pane in ("log", "form", "digits"):
            await pilot.click(f"#tab-{pane}")
            await wait_for(pilot, lambda p=pane: seen(app) == {"chart", p})
            assert app.train.query_one(f"#tab-{pane}").has_class("-shown")


async def test_coming_to_the_form_goes_to_its_first_field() -> None:
    async with opened(QuietSession(), (80, 24)) as (app, pilot):
        await pilot.press("f")
        await wait_for(pilot, lambda: app.focused is app.train.query_one("#preset"))
        await pilot.press("tab", "escape", "g")
        await wait_for(pilot, lambda: isinstance(app.focused, RunLog))


@pytest.mark.parametrize("size", SIZES)
async def test_a_click_in_a_pane_gives_it_the_focus(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await wait_for_pictures(app, pilot)
        await pilot.press("d")
        await pilot.click(DigitGrid, (5, 5))  # Not the heading, which leaves out the right ones.
        await wait_for(pilot, lambda: isinstance(app.focused, DigitGrid))
        await pilot.press("right")
        await wait_for(pilot, lambda: grid(app).page == 1)
        await pilot.click("#tab-log" if size == (80, 24) else RunLog)
        await wait_for(pilot, lambda: isinstance(app.focused, RunLog))
        await pilot.click("#tab-form" if size == (80, 24) else "#field-split")
        await wait_for(pilot, lambda: app.train.editing)


async def test_every_size_on_the_way_is_survived() -> None:
    sizes = [(20, 5), (60, 16), (1, 1), (99, 50), (200, 60), (300, 100), (160, 17), (300, 3),
             (80, 24)]  # fmt: skip
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("running"))
        for size in sizes:
            await pilot.resize_terminal(*size)
            await wait_for(pilot, lambda s=size: app.size == s)
            await wait_for_pictures(app, pilot)
            assert [len(line) for line in lines(app)] == [size[0]] * size[1]
        assert "epoch 13/60" in lines(app)[0]
        assert {"Loss", "Digits"} <= set(text(app).replace("─", " ").split())


async def test_a_run_can_be_started_from_a_terminal_too_small_to_see_it() -> None:
    async with opened(session := QuietSession(), (40, 10)) as (app, pilot):
        await pilot.press("space")
        await wait_for(pilot, lambda: session.starts == [("run", resolve("first-light", {}))])
        assert app.is_running


async def test_a_runs_name_is_never_markup() -> None:
    async with opened(QuietSession()) as (app, pilot):
        for name in ("[red]x[/red]", "[/foo]", "[@click=app.quit]x", "a\x1b[31m"):
            state = made(PREPARING)
            state.status = type(state.status)("preparing", run_name=name)
            app.train.show_state(state)
            expected = name.replace("\x1b", "")
            await wait_for(pilot, lambda e=expected: e in text(app), expected)
            assert all(line.isprintable() for line in lines(app))


async def test_the_mouse_turns_pages_of_digits_and_leaves_out_the_right_ones() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("finished"))
        digits = app.train.query_one(DigitGrid)
        await wait_for(pilot, lambda: digits.page_count > 2)
        await pilot._post_mouse_events([events.MouseScrollDown], widget=digits)
        await wait_for(pilot, lambda: digits.page == 1)
        await pilot._post_mouse_events([events.MouseScrollUp], widget=digits)
        await wait_for(pilot, lambda: digits.page == 0)
        await pilot.click(digits, offset=(4, 0))
        assert digits.wrong_only
        assert app.train.in_hand == "digits", "so that m enlarges it"
