"""Every command of the table does what it says, by its key and by its name."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import effects_backprop
import effects_draw
import effects_errors
import effects_look
import effects_rooms
import effects_train
import pytest
from effects_train import grid, session
from pilots import (
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
from run_states import of_phase
from textual.pilot import Pilot
from textual.widgets import Input, Select

from nn.specs import SPECS
from tui.app import InklingApp
from tui.commands import COMMANDS, Command, RoomName, commands_in
from tui.screens.help import HelpScreen
from tui.screens.room import Room
from tui.widgets.key_line import KeyLine

OF_ROOM = {
    "train": effects_train,
    "errors": effects_errors,
    "look": effects_look,
    "draw": effects_draw,
    "backprop": effects_backprop,
}
"""The rooms with a file of effects to themselves."""

EFFECTS = {
    **effects_train.EFFECTS,
    **effects_errors.EFFECTS,
    **effects_backprop.EFFECTS,
    **effects_draw.EFFECTS,
    **effects_look.EFFECTS,
    **effects_rooms.EFFECTS,
}
"""What can be seen to be so after the command, and not before."""

ROOMS = sorted({command.room for command in COMMANDS})


async def prepare(app: InklingApp, pilot: Pilot[Any], command: Command) -> None:
    """The app as it was when it was opened, but for what the command needs."""
    while not isinstance(app.screen, Room):
        app.pop_screen()
    app.enter(app.train)
    app.clear_notifications()
    app.session.state = None
    await OF_ROOM.get(command.room, effects_rooms).prepare(app, pilot, command)
    await pilot.pause()


def test_no_command_is_forgotten() -> None:
    assert set(EFFECTS) == {command.id for command in COMMANDS}
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)


@pytest.mark.parametrize("room", ROOMS)
async def test_their_keys_do_it(room: RoomName) -> None:
    async with opened(QuietSession()) as (app, pilot):
        for command in (c for c in COMMANDS if c.room == room and c.label != "Quit"):
            for key in command.key.split(","):
                await prepare(app, pilot, command)
                assert not EFFECTS[command.id](app), command.id
                await pilot.press(key)
                await wait_for(pilot, lambda c=command: EFFECTS[c.id](app), f"{key}, {command.id}")


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_the_keys_that_leave(key: str) -> None:
    async with opened(QuietSession()) as (app, pilot):
        assert not app._exit
        await pilot.press(key)
        await wait_for(pilot, lambda: app._exit)


def test_no_other_key_leaves() -> None:
    leaving = [command.key for command in COMMANDS if command.label == "Quit"]
    assert leaving == ["q", "ctrl+q"]


WITHIN = ("field.leave", "app.leave_anyhow", "app.jump_anyhow")

BY_NAME = [c for c in COMMANDS if c.id not in WITHIN]
"""What the palette offers; what is for within a field is a matter of keys."""


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


@pytest.mark.parametrize("room", ["train", "app"])
async def test_their_names_in_the_palette_do_it(room: RoomName) -> None:
    """In the other rooms they are carried out by the same few lines."""
    async with opened(QuietSession()) as (app, pilot):
        for command in (c for c in BY_NAME if c.room == room and c.label != "Quit"):
            await prepare(app, pilot, command)
            await choose(app, pilot, command)


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
        assert isinstance(app.screen, HelpScreen)
        for command in commands_in("train"):
            assert (command.key_name, command.help) in app.screen.rows
        # A sentence that goes on does so below its own beginning.
        at, row = next((i, r) for i, r in enumerate(lines(app)) if "Go on with a run" in r)
        below = lines(app)[at + 1][: row.index("Go on") + 1].split("│")[-1]
        assert below[:-1].isspace()
        assert below[-1].isalpha()
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
        before = (
            app.train.chart_view,
            grid(app).page,
            grid(app).wrong_only,
        )
        await pilot.press("end", *LETTERS, "space", "f", "x")
        assert field(app, "split").text == "autoseqwnpldgS? fx"
        assert isinstance(app.focused, Input)
        assert (session(app).starts, session(app).asked, app._exit) == (
            [],
            [],
            False,
        )
        assert before == (
            app.train.chart_view,
            grid(app).page,
            grid(app).wrong_only,
        )
        assert app.screen is app.train
        await pilot.press("escape", "w")
        await wait_for(pilot, lambda: grid(app).wrong_only)


async def test_letters_on_a_choice_do_nothing_and_space_opens_it() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("finished"))
        field(app, "optimizer").take_focus()
        await wait_for(pilot, lambda: isinstance(app.focused, Select))
        await pilot.press(*LETTERS, "f")
        assert isinstance(app.focused, Select)
        assert app.screen is app.train
        assert (session(app).starts, session(app).asked, app._exit) == (
            [],
            [],
            False,
        )
        assert not grid(app).wrong_only
        await pilot.press("space")
        await wait_for(pilot, lambda: field(app, "optimizer").edit().expanded)
        await pilot.press(*"adam")  # Typing seeks an entry while the list is open.
        await pilot.press("q", "S")
        assert (session(app).starts, session(app).asked, app._exit) == (
            [],
            [],
            False,
        )
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


async def test_the_screen_is_saved_as_it_is_and_a_log_there_is_none_of_is_not(
    tmp_path: Path,
) -> None:
    async with opened(Path("nowhere")) as (app, pilot):
        await pilot.press("f12")
        await wait_for(pilot, lambda: toasts(app))
        (picture,) = tmp_path.glob("inkling-*.svg")
        assert "press&#160;space&#160;to&#160;train" in picture.read_text("utf-8")
        # Textual's own ways to a picture, and screenshots/make.py, ask for less.
        plain = app.export_screenshot(title="inkling", simplify=False)
        assert "press&#160;space&#160;to&#160;train" in plain
        await pilot.press("ctrl+s")
        await wait_for(pilot, lambda: len(toasts(app)) == 2)
        assert "no log yet" in toasts(app)[1]
        assert phase(app) == "idle"
