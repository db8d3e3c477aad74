"""Jump mode: a letter on everything in sight that can be gone to, and nothing else drawn."""

from __future__ import annotations

from typing import Any

import pytest
from pilots import (
    SIZES,
    QuietSession,
    draw_room,
    errors_room,
    field,
    lines,
    opened,
    wait_for,
    wait_for_pictures,
)
from rich.segment import Segment
from run_states import of_phase
from textual import events
from textual.errors import NoWidget
from textual.pilot import Pilot
from textual.widgets import Input

from tui.app import InklingApp
from tui.screens.room import Room
from tui.widgets.run_chart import RunChart
from tui.widgets.run_log import RunLog


async def begin(app: InklingApp, pilot: Pilot[Any], key: str = "j") -> dict[str, str]:
    """The letters that there are, and what stands in their places on the screen."""
    await pilot.press(key)
    await wait_for(pilot, lambda: app.room.jump.places)
    places = app.room.jump.places
    await wait_for(
        pilot,
        lambda: all(lines(app)[p.at.y][p.at.x + p.wide] == c for c, p in places.items()),
        "the letters",
    )
    return {c: lines(app)[p.at.y][p.at.x :] for c, p in places.items()}


def letter_of(letters: dict[str, str], words: str) -> str:
    """The letter before these words."""
    found = [c for c, row in letters.items() if words in row[: len(words) + 3]]
    assert len(found) == 1, letters
    return found[0]


def in_sight(room: Room) -> int:
    """How many things can have the focus and are on the screen."""
    count = 0
    for widget in room.focus_chain:
        try:
            count += bool(room.find_widget(widget).visible_region)
        except NoWidget:
            continue
    return count


@pytest.mark.parametrize("size", SIZES)
async def test_every_room_has_a_letter_for_all_there_is_to_go_to(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size, ascii_only=size == SIZES[0]) as (app, pilot):
        app.session.state = of_phase("finished")
        app.train.show_state(app.session.state)
        for key in "123456":
            await pilot.press(key)
            await wait_for_pictures(app, pilot)
            before, focused = lines(app), app.focused
            letters = await begin(app, pilot)
            assert len(letters) >= in_sight(app.room) > 0 or key == "1"
            await pilot.press("escape")
            assert app.focused is focused
            await wait_for(pilot, lambda b=before: lines(app) == b, "as it was before")


async def test_a_letter_goes_there_and_draws_a_few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("finished"))
        await wait_for_pictures(app, pilot)
        drawn: list[int] = []

        def count(_: InklingApp, screen: Any, update: Any) -> None:
            if update is not None:
                everything = screen.size.width * screen.size.height
                pieces = getattr(update, "pieces", [(0, 0, [Segment(" " * everything)])])
                drawn.append(sum(run.cell_length for *_, runs in pieces for run in runs))

        with monkeypatch.context() as patch:
            patch.setattr(InklingApp, "_display", count)
            letters = await begin(app, pilot)
            assert 0 < sum(drawn) < 5 * len(letters) < 500
        await pilot.press("c")
        assert isinstance(app.focused, RunChart)
        assert not app.train.jump.places
        await begin(app, pilot)
        await pilot.press("g")
        assert isinstance(app.focused, RunLog)
        letters = await begin(app, pilot)
        await pilot.press(letter_of(letters, "Activation"))
        await wait_for(pilot, lambda: app.focused in field(app, "activation").query("*"))


async def test_from_within_a_field_and_back_what_was_typed_still_stands() -> None:
    async with opened(QuietSession()) as (app, pilot):
        field(app, "epochs").take_focus()
        await wait_for(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press("end", "j")
        assert field(app, "epochs").text.endswith("j"), "a letter in a field is a letter"
        await begin(app, pilot, "ctrl+o")
        await pilot.press("escape")
        assert field(app, "epochs").text.endswith("j")
        assert app.focused in field(app, "epochs").query("*")
        letters = await begin(app, pilot, "ctrl+o")
        await pilot.press(letter_of(letters, "Momentum"))
        await wait_for(pilot, lambda: app.focused in field(app, "momentum").query("*"))


async def test_a_click_a_new_size_and_any_other_key_end_it() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.session.state = of_phase("finished")
        await pilot.press("4")
        await wait_for(pilot, lambda: draw_room(app).is_current)
        await begin(app, pilot)
        await pilot.press("2")
        assert app.room is draw_room(app), "a key that is no letter of it only ends it"
        assert not app.room.jump.places
        await begin(app, pilot)
        app.post_message(events.MouseDown(None, 5, 5, 0, 0, 1, False, False, False))
        await wait_for(pilot, lambda: not app.room.jump.places)
        await begin(app, pilot)
        await pilot.resize_terminal(100, 30)
        await wait_for(pilot, lambda: not app.room.jump.places)
        await pilot.press("2")
        await wait_for(pilot, lambda: errors_room(app).is_current)
