"""Every command of the table does what it says, by its key and by its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pilots import (
    SHORT,
    SIZES,
    QuietSession,
    field,
    form,
    lines,
    opened,
    phase,
    toasts,
    unfold,
    wait_for,
)
from run_states import BEGUN, FINISHED, STARTED, of_phase
from textual.pilot import Pilot
from textual.widgets import Input, Select, Static

from nn.specs import SPECS
from tui.app import InklingApp
from tui.commands import COMMANDS, Command, commands_in
from tui.engine.client import new_config
from tui.engine.error_view import Wish
from tui.engine.facts import Entry, encode
from tui.engine.run_directory import RunDirectory
from tui.screens.dialogs import Question
from tui.screens.errors import FIRST
from tui.screens.help import HelpScreen
from tui.screens.room import Room
from tui.screens.runs import RunsScreen
from tui.widgets.confused_list import ConfusedList
from tui.widgets.confusion_grid import ConfusionGrid
from tui.widgets.digit_detail import DigitDetail
from tui.widgets.digit_gallery import DigitGallery
from tui.widgets.digit_grid import DigitGrid
from tui.widgets.group_heading import GroupHeading
from tui.widgets.key_line import KeyLine
from tui.widgets.loss_chart import LossChart
from tui.widgets.reliability_chart import ReliabilityChart
from tui.widgets.run_log import RunLog
from tui.widgets.run_table import RunTable

Effect = Callable[[InklingApp], object]


def session(app: InklingApp) -> QuietSession:
    assert isinstance(app.session, QuietSession)
    return app.session


def grid(app: InklingApp) -> DigitGrid:
    return app.train.query_one(DigitGrid)


def group_with_focus(app: InklingApp) -> str:
    return app.focused.title if isinstance(app.focused, GroupHeading) else ""


EFFECTS: dict[str, Effect] = {
    "run.toggle": lambda app: [stint for stint, _ in session(app).starts] == ["run"],
    "run.step": lambda app: [stint for stint, _ in session(app).starts] == ["step"],
    "run.epoch": lambda app: [stint for stint, _ in session(app).starts] == ["epoch"],
    "run.take_up": lambda app: any("run to take up" in message for message in toasts(app)),
    "run.stop": lambda app: [ask.command for ask in session(app).asked] == ["stop"],
    "pane.form": lambda app: isinstance(app.focused, Select) and app.train.shown_pane == "form",
    "form.next_group": lambda app: group_with_focus(app) == "Data",
    "form.previous_group": lambda app: group_with_focus(app) == "Data",
    "pane.digits": lambda app: app.train.shown_pane == "digits" and app.focused is None,
    "pane.log": lambda app: isinstance(app.focused, RunLog) and app.train.shown_pane == "log",
    "digits.wrong": lambda app: grid(app).wrong_only,
    "digits.next": lambda app: grid(app).page == 1,
    "digits.previous": lambda app: grid(app).page == 2,
    "chart.log": lambda app: app.train.query_one(LossChart).log_scale,
    "chart.smoother": lambda app: app.train.query_one(LossChart).smoothing == 3,
    "chart.rougher": lambda app: app.train.query_one(LossChart).smoothing == 1,
    "chart.raw": lambda app: app.train.query_one(LossChart).smoothing == 0,
    "log.save": lambda app: any("log" in message.lower() for message in toasts(app)),
    "field.leave": lambda app: app.focused is None,
    "errors.narrow": lambda app: (
        app.errors.shown_pane == "digit" or app.errors.line.startswith("true:")
    ),
    "errors.widen": lambda app: app.errors.line == "wrong",
    "errors.filter": lambda app: app.errors.editing,
    "errors.sort": lambda app: app.errors.wish.sort == "confidence",
    "errors.matrix": lambda app: isinstance(app.focused, ConfusionGrid),
    "errors.classes": lambda app: isinstance(app.focused, ConfusedList),
    "errors.gallery": lambda app: isinstance(app.focused, DigitGallery),
    "errors.digit": lambda app: isinstance(app.focused, DigitDetail),
    "errors.calibration": lambda app: isinstance(app.focused, ReliabilityChart),
    "errors.percent": lambda app: app.errors.percent,
    "errors.next": lambda app: app.errors.cursor > 0,
    "errors.previous": lambda app: 0 < app.errors.cursor < 300,
    "errors.wrong": lambda app: app.errors.line == "",
    "errors.fixed": lambda app: app.errors.line == "fixed",
    "errors.broken": lambda app: app.errors.line == "broken",
    "errors.never": lambda app: app.errors.line == "never",
    "errors.labels": lambda app: app.errors.line == "label?",
    "errors.saliency": lambda app: app.errors.saliency,
    "errors.alike": lambda app: app.errors.alike,
    "errors.rival": lambda app: any("nothing to compare" in message for message in toasts(app)),
    "errors.side": lambda app: any("no second run" in message for message in toasts(app)),
    "errors.surer": lambda app: app.errors.wish.threshold == 0.51,
    "errors.less_sure": lambda app: app.errors.wish.threshold == 0.49,
    "errors.csv": lambda app: any(message.endswith(".csv") for message in toasts(app)),
    "errors.sheet": lambda app: any(message.endswith(".png") for message in toasts(app)),
    "runs.open": lambda app: app.room is app.train and app.train.status.run_name,
    "runs.toggle": lambda app: any("no worker" in message for message in toasts(app)),
    "runs.take_up": lambda app: any("has finished" in message for message in toasts(app)),
    "runs.stop": lambda app: any("no worker" in message for message in toasts(app)),
    "runs.remove": lambda app: isinstance(app.screen, Question),
    "room.train": lambda app: app.screen is app.train,
    "room.errors": lambda app: app.screen is app.errors,
    "room.runs": lambda app: isinstance(app.screen, RunsScreen),
    "app.suspend": lambda app: any("no shell" in message for message in toasts(app)),
    "app.picture": lambda app: any("inkling-" in message for message in toasts(app)),
    "app.help": lambda app: isinstance(app.screen, HelpScreen),
    "app.leave": lambda app: app._exit,
    "app.leave_anyhow": lambda app: app._exit,
}
"""What can be seen to be so after the command, and not before."""


def finished_run(runs: Path) -> RunDirectory:
    """A run that has ended, as far as its files tell."""
    run = RunDirectory.create(runs, new_config(SHORT, None))
    run.journal.write_bytes(encode(Entry(BEGUN, STARTED)) + encode(Entry(BEGUN, FINISHED)))
    return run


async def prepare(app: InklingApp, pilot: Pilot[Any], command: Command) -> None:
    """A screen with something on every pane, on which the command has something to do."""
    if command.room == "runs" or command.id == "room.train":
        finished_run(app.session.runs_dir)
        await pilot.press("5")
        await wait_for(pilot, lambda: app.screen.query(RunTable) and app.screen.runs)
        return
    if command.room == "errors":
        await prepare_errors(app, pilot, command)
        return
    app.train.show_state(of_phase("finished"))
    await wait_for(pilot, lambda: grid(app).page_count > 5)
    app.train.query_one(LossChart).smoothing = 2
    if command.id == "digits.previous":
        grid(app).page = 3
    if command.id == "form.previous_group":
        field(app, "split").take_focus()
    if command.id == "pane.digits":
        app.train.shown_pane = "log"
    if command.id == "field.leave":
        app.train.query_one(RunLog).focus()
    await pilot.pause()


async def prepare_errors(app: InklingApp, pilot: Pilot[Any], command: Command) -> None:
    """The Errors screen as it is on first entering it, but for what the command is to change."""
    errors, app.session.state = app.errors, of_phase("finished")
    app.enter(errors)
    await wait_for(pilot, lambda: errors.is_current and errors.view)
    errors.forget()
    errors.percent = errors.saliency = errors.alike = False
    errors.wish = Wish(FIRST)
    errors.action_show_pane("calibration" if command.id == "errors.gallery" else "gallery")
    if command.id == "errors.widen":
        await pilot.press("v")
    if command.id in ("errors.next", "errors.previous"):
        await pilot.press("w")
        errors.cursor = 300 * (command.id == "errors.previous")
    await pilot.pause()


def test_no_command_is_forgotten() -> None:
    assert set(EFFECTS) == {command.id for command in COMMANDS}
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)


@pytest.mark.parametrize(
    ("command", "key"),
    [
        pytest.param(command, key, id=f"{command.id}-{key}")
        for command in COMMANDS
        for key in command.key.split(",")
    ],
)
async def test_its_key_does_it(command: Command, key: str) -> None:
    async with opened(QuietSession()) as (app, pilot):
        await prepare(app, pilot, command)
        assert not EFFECTS[command.id](app)
        await pilot.press(key)
        await wait_for(pilot, lambda: EFFECTS[command.id](app), command.help)


BY_NAME = [c for c in COMMANDS if c.id not in ("field.leave", "app.leave_anyhow")]
"""What the palette offers; to leave a field, or the app from within one, is a matter of keys."""


async def choose(app: InklingApp, pilot: Pilot[Any], command: Command) -> None:
    """What the palette does when the command is chosen from it."""
    offered = {entry.title: entry for entry in app.get_system_commands(app.screen)}
    entry = offered[f"{command.label} ({command.key_name})"]
    assert entry.help == command.help
    assert not EFFECTS[command.id](app)
    result = entry.callback()
    if inspect.isawaitable(result):
        await result
    await wait_for(pilot, lambda: EFFECTS[command.id](app), command.help)


async def test_the_names_in_the_palette_do_it() -> None:
    async with opened(QuietSession()) as (app, pilot):
        for command in (c for c in BY_NAME if c.label != "Quit"):
            session(app).starts.clear()
            session(app).asked.clear()
            app.clear_notifications()
            app.train.set_focus(None)
            app.train.shown_pane, grid(app).wrong_only, grid(app).page = "digits", False, 0
            await prepare(app, pilot, command)
            await choose(app, pilot, command)
            if isinstance(app.screen, Room):
                app.enter(app.train)
            else:
                await pilot.press("escape")
                app.enter(app.train)


@pytest.mark.parametrize("command", [c for c in BY_NAME if c.label == "Quit"], ids=lambda c: c.id)
async def test_the_names_in_the_palette_that_leave(command: Command) -> None:
    async with opened(QuietSession()) as (app, pilot):
        await choose(app, pilot, command)


async def test_the_palette_starts_a_run_although_a_field_had_the_focus() -> None:
    async with opened(QuietSession()) as (app, pilot):
        await pilot.press("f", "ctrl+p")
        await pilot.press(*"start/pa")
        await wait_for(pilot, lambda: "Start/pause (space)" in "\n".join(lines(app)))
        await pilot.press("enter")
        await wait_for(pilot, lambda: session(app).starts, "a run")


async def test_the_palette_names_nothing_twice() -> None:
    async with opened(QuietSession()) as (app, _):
        titles = [entry.title for entry in app.get_system_commands(app.screen)]
        ours = [command for command in BY_NAME if command.room in ("train", "app")]
        assert len(titles) == len(set(titles)) == len(ours) + 1
        assert "Theme" in titles
        assert "Quit" not in titles  # Textual's own would be a way round the question.


@pytest.mark.parametrize("size", [(120, 40), (60, 16)])
async def test_help_has_every_key_and_can_be_read_to_the_end(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        await pilot.press("question_mark")
        rows = str(app.screen.query_one("#keys", Static).content).splitlines()
        for command in commands_in("train"):
            assert any(row.split() == [command.key_name, *command.help.split()] for row in rows)
        await pilot.press("end")
        await wait_for(pilot, lambda: "taken for a 7, and is a 3" in "\n".join(lines(app)))
        await pilot.press("escape")
        await wait_for(pilot, lambda: app.screen is app.train)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_the_last_line_offers_what_works_here(size: tuple[int, int]) -> None:
    def offered(*, editing: bool) -> list[str]:
        rows = [c for c in commands_in("train") if c.in_footer and c.in_fields == editing]
        return " ".join(f"{row.key_name} {row.label}" for row in rows).split()

    async with opened(QuietSession(), size) as (app, pilot):
        assert len(offered(editing=False)) > len(offered(editing=True)) > 0
        for keys, editing in (
            ([], False),
            (["f"], True),
            (["tab"], False),
            (["tab"], True),
            (["escape"], False),
        ):
            await pilot.press(*keys)
            await wait_for(
                pilot, lambda e=editing: lines(app)[-1].split() == offered(editing=e), str(keys)
            )


async def test_where_not_all_keys_fit_help_and_the_way_out_do() -> None:
    async with opened(QuietSession(), (60, 16)) as (_, pilot):
        await wait_for(pilot, lambda: lines(pilot.app)[-1].rstrip().endswith("? Help  q Quit"))
        assert lines(pilot.app)[-1].startswith(" space Start/pause  s Step")


async def test_a_click_on_the_last_line_is_as_good_as_the_key() -> None:
    async with opened(QuietSession()) as (app, pilot):
        await pilot.click(KeyLine, offset=(lines(app)[-1].index("Epoch"), 0))
        await wait_for(pilot, lambda: EFFECTS["run.epoch"](app))


LETTERS = ["s", "e", "q", "w", "n", "p", "l", "d", "g", "S", "question_mark"]


async def test_letters_in_a_field_are_letters() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("finished"))
        field(app, "split").take_focus()
        await pilot.pause()
        before = app.train.query_one(LossChart).log_scale, grid(app).page, grid(app).wrong_only
        await pilot.press("end", *LETTERS, "space", "f", "x")
        assert field(app, "split").text == "autoseqwnpldgS? fx"
        assert isinstance(app.focused, Input)
        assert (session(app).starts, session(app).asked, app._exit) == ([], [], False)
        chart = app.train.query_one(LossChart)
        assert before == (chart.log_scale, grid(app).page, grid(app).wrong_only)
        assert app.screen is app.train
        await pilot.press("escape", "w")
        await wait_for(pilot, lambda: grid(app).wrong_only)


async def test_letters_on_a_choice_do_nothing_and_space_opens_it() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("finished"))
        field(app, "optimizer").take_focus()
        await pilot.pause()
        await pilot.press(*LETTERS, "f")
        assert isinstance(app.focused, Select)
        assert app.screen is app.train
        assert (session(app).starts, session(app).asked, app._exit) == ([], [], False)
        assert not grid(app).wrong_only
        await pilot.press("space")
        await wait_for(pilot, lambda: field(app, "optimizer").query_one(Select).expanded)
        await pilot.press(*"adam")  # Typing seeks an entry while the list is open.
        await pilot.press("q", "S")
        assert (session(app).starts, session(app).asked, app._exit) == ([], [], False)
        await pilot.press("escape", "escape")
        await wait_for(pilot, lambda: app.focused is None)


@pytest.mark.parametrize("name", ["epochs", "optimizer"])
async def test_what_works_in_fields_works_in_fields(name: str) -> None:
    async with opened(QuietSession()) as (app, pilot):
        field(app, name).take_focus()
        await pilot.press("ctrl+s")
        await wait_for(pilot, lambda: toasts(app))
        assert app.train.editing
        await pilot.press("ctrl+q")
        await wait_for(pilot, lambda: app._exit)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_tab_goes_through_every_field_and_on(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size) as (app, pilot):
        await pilot.press("f")
        await unfold(app, pilot)
        visited: list[str] = []
        for _ in range(len(SPECS) + len(form(app).groups) + 1):
            await pilot.press("tab")
            assert app.focused is not None
            owner = next((w.id for w in app.focused.ancestors if w.id in FIELD_IDS), None)
            visited.append(owner or type(app.focused).__name__)
            await wait_for(pilot, lambda: app.train.find_widget(app.focused).visible_region.area)
        assert [name for name in visited if name in FIELD_IDS] == list(FIELD_IDS)
        assert visited[-1] not in FIELD_IDS
        assert visited.count("GroupHeading") == len(form(app).groups)


FIELD_IDS = {f"field-{name}": None for name in SPECS}


async def test_the_app_is_quiet_about_a_log_there_is_none_of() -> None:
    async with opened(Path("nowhere")) as (app, pilot):
        await pilot.press("ctrl+s")
        await wait_for(pilot, lambda: toasts(app))
        assert "no log yet" in toasts(app)[0]
        assert phase(app) == "idle"
