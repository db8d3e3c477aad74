"""The app as a whole: quiet when idle, plain where it must be, and never silent about trouble."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pilots import (
    LONG,
    SHORT,
    SIZES,
    QuietSession,
    field,
    lines,
    opened,
    phase,
    text,
    toast,
    toasts,
    wait_for,
    wait_for_phase,
    wait_for_pictures,
)
from rich.console import RenderableType
from rich.segment import Segment
from rich.style import Style
from run_states import PHASES, of_phase
from textual import events
from textual.color import Color
from textual.filter import Monochrome
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Select

from tui.app import InklingApp
from tui.engine.commands import Stop
from tui.engine.state import RunState
from tui.output_filter import COLOURLESS, OutputFilter
from tui.session import Session
from tui.themes import THEMES
from tui.widgets.digit_grid import DigitGrid
from tui.widgets.status_line import StatusLine


def count_paints(app: InklingApp, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whatever the app sends to the terminal from now on."""
    sent: list[object] = []
    display = app._display

    def counted(screen: Screen[Any], renderable: RenderableType | None) -> None:
        sent.append(renderable)
        display(screen, renderable)

    monkeypatch.setattr(app, "_display", counted)
    return sent


async def test_an_idle_screen_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(QuietSession()) as (app, pilot):
        await wait_for_pictures(app, pilot)
        await pilot.pause(0.3)
        sent = count_paints(app, monkeypatch)
        await pilot.pause(1.0)
        assert sent == []
        await pilot.press("l", "f")
        await wait_for(pilot, lambda: sent, "the counter counts")


async def test_a_screen_with_a_finished_run_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("finished"))
        for focus in ("d", "f", "g"):
            await pilot.press(focus)
            await wait_for_pictures(app, pilot)
            await pilot.pause(0.3)
            with monkeypatch.context() as patch:
                sent = count_paints(app, patch)
                await pilot.pause(0.7)
                assert sent == [], focus


async def test_a_real_finished_run_leaves_nothing_ticking(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(runs, initial=SHORT) as (app, pilot):
        await pilot.press("space")
        await wait_for_phase(app, pilot, "finished")
        await wait_for(pilot, lambda: not app.workers, "no worker is left")
        await wait_for_pictures(app, pilot)
        await pilot.pause(0.6)
        sent = count_paints(app, monkeypatch)
        await pilot.pause(1.0)
        assert sent == []


SCENES = {
    "settings": ["f"],
    "a list that is open": ["f", "enter"],
    "log": ["g"],
    "wrong digits": ["d", "w", "l"],
    "help": ["question_mark"],
    "palette": ["ctrl+p"],
    "palette, searched": ["ctrl+p", "t", "h"],
    "themes": ["ctrl+p", *"theme", "enter"],
    "a toast": ["ctrl+s"],
}

SIGHTS = {
    "settings": "Hidden layers",
    "a list that is open": "tutorial",
    "log": "learning rate 0.05 -> 0.02",
    "wrong digits": "wrong only",
    "help": "Start a run, pause it, go on",
    "palette": "Search for commands",
    "palette, searched": "Theme",
    "themes": "inkling-paper",
    "a toast": "no log yet",
}
"""What shows that the scene is set."""


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_ascii_means_ascii_everywhere(size: tuple[int, int]) -> None:
    async with opened(QuietSession(), size, ascii_only=True) as (app, pilot):
        app.train.show_state(of_phase("running"))
        for scene, keys in SCENES.items():
            await pilot.press(*keys)
            await wait_for_pictures(app, pilot)
            await wait_for(pilot, lambda s=scene: SIGHTS[s] in text(app), scene)
            strange = {c for row in lines(app) for c in row if not c.isascii()}
            assert strange == set(), scene
            assert [len(row) for row in lines(app)] == [size[0]] * size[1]
            while app.focused is not None or app.screen is not app.train:
                await pilot.press("escape")


async def test_ascii_means_ascii_in_every_phase() -> None:
    async with opened(session := QuietSession(), (200, 60), ascii_only=True) as (app, pilot):
        assert text(app).isascii()
        for phase in PHASES:
            app.train.show_state(of_phase(phase))
            await wait_for_pictures(app, pilot)
            assert text(app).isascii(), phase
        session.state = of_phase("running")
        await pilot.press("escape", "q")
        await wait_for(pilot, lambda: "A run is live" in text(app))
        assert text(app).isascii()


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_what_is_pasted_cannot_command_the_terminal(ascii_only: bool) -> None:
    async with opened(QuietSession(), ascii_only=ascii_only) as (app, pilot):
        await pilot.press("f")
        editor = field(app, "epochs").edit()
        editor.focus()
        await pilot.pause()
        editor.post_message(events.Paste("7\x1b]0;owned\x07\x9b2J"))
        await wait_for(pilot, lambda: "owned" in text(app))
        assert all(row.isprintable() for row in lines(app))


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize(
    "words", ["plain", "a\x1b[2Jb", "▼ ╭─╮ …", "über 日本 🔎", "\x9b\x07\u202e\xa0", "e\u0301"]
)
def test_the_last_look_keeps_every_cell_in_its_place(words: str, ascii_only: bool) -> None:
    before = [Segment("left "), Segment(words), Segment(" right")]
    after = OutputFilter(ascii_only=ascii_only).apply(before, Color(0, 0, 0))
    together = "".join(segment.text for segment in after)
    assert together.isprintable()
    assert together.isascii() or not ascii_only
    assert sum(s.cell_length for s in after) == sum(s.cell_length for s in before)
    assert together.startswith("left ")
    assert together.endswith(" right")
    if words.isprintable() and not ascii_only:
        assert after is before


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_without_colour_the_focus_and_errors_can_be_seen(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(QuietSession(), size) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await pilot.press("f")
        choice = app.train.query_one("#preset", Select)
        await wait_for(pilot, lambda: choice.has_focus)
        await pilot.pause()
        with_focus = styles_at(app, choice.region.x + 2, choice.region.y)
        await pilot.press("tab")
        await pilot.pause()
        assert styles_at(app, choice.region.x + 2, choice.region.y) != with_focus
        field(app, "epochs").edit().value = "x"
        await wait_for(pilot, lambda: "! Epochs" in text(app))
        # In the terminal's own colours there is none either, not even black on black.
        app.theme = "ansi-dark"
        assert not any(isinstance(one, Monochrome) for one in app.get_line_filters())
        assert COLOURLESS in app.get_line_filters()


def test_without_colour_pixels_are_shapes() -> None:
    cells = [
        Segment(words, Style.parse(style))
        for words, style in (
            ("▀▀", "#eeeeee on #111111"), ("▀", "#111111 on #eeeeee"), ("▀", "#eeeeee on #dddddd"),
            ("▀ ", "#111111 on #000000"), (" ", "#111111 on #ffffff"), (" ", "white on blue"),
            ("a ▀", "#eeeeee on #eeeeee"),
        )
    ]  # fmt: skip
    after = COLOURLESS.apply(cells, Color(0, 0, 0))
    assert "".join(cell.text for cell in after) == "▀▀▄█  █ a ▀"
    assert all(cell.style.color.is_default and cell.style.bgcolor.is_default for cell in after)


def styles_at(app: InklingApp, x: int, y: int) -> tuple[bool | None, ...]:
    """Everything about a cell but its colours."""
    strip = app.screen._compositor.render_strips()[y].crop(x, x + 1)
    style = next(iter(strip)).style
    assert style is not None
    return style.bold, style.reverse, style.underline, style.italic


async def test_every_theme_has_its_own_colours_and_the_same_words() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await wait_for_pictures(app, pilot)
        before = text(app)
        palettes = [palette(app)]
        for name in (THEMES[1].name, "dracula", "textual-light"):
            app.theme = name
            await wait_for(pilot, lambda: palette(app) not in palettes, name)
            palettes.append(palette(app))
            await wait_for_pictures(app, pilot)
            assert text(app) == before, name
        app.theme = "ansi-dark"  # Few colours: the chart's band is a texture there.
        await wait_for(pilot, lambda: palette(app) not in palettes, "ansi-dark")
        await wait_for_pictures(app, pilot)
        assert lines(app)[0] == before.splitlines()[0]
        app.theme = THEMES[0].name
        await wait_for(pilot, lambda: palette(app) == palettes[0])


def palette(app: InklingApp) -> object:
    picture = app.train.query_one(StatusLine).picture
    assert picture is not None
    return picture.palette


async def test_a_theme_is_chosen_by_name_while_a_run_trains(runs: Path) -> None:
    async with opened(runs, initial=LONG) as (app, pilot):
        await pilot.press("space")
        await wait_for(pilot, lambda: app.train.status.step > 0)
        await pilot.press("ctrl+p", *"theme", "enter")
        await wait_for(pilot, lambda: "inkling-paper" in text(app))
        await pilot.press(*"paper", "enter")
        await wait_for(pilot, lambda: app.theme == "inkling-paper")
        await wait_for(pilot, lambda: app.screen is app.train)
        step = app.train.status.step
        await wait_for(pilot, lambda: app.train.status.step > step)
        assert phase(app) == "running"
        await app.session.ask(Stop())


class BlindSession(QuietSession):
    """Its run lives, but what it tells cannot be understood."""

    def start(self, *_: object) -> None:
        self.state = of_phase("running")

    async def changes(self) -> AsyncIterator[RunState]:
        assert self.state is not None
        yield self.state
        raise ValueError("[/foo] \x1b[31m no such fact")


@pytest.mark.parametrize("size", SIZES)
async def test_trouble_in_following_is_said_and_survived(size: tuple[int, int]) -> None:
    async with opened(session := BlindSession(), size) as (app, pilot):
        await pilot.press("space")
        await wait_for(pilot, lambda: toasts(app))
        assert "ValueError" in toasts(app)[0]
        assert "[/foo]" in toasts(app)[0]
        assert "inkling attach" in toasts(app)[0]
        await wait_for(pilot, lambda: "goes on unseen" in lines(app)[0])
        await wait_for(pilot, lambda: "inkling attach shows it again." in toast(app))
        assert all(row.isprintable() for row in lines(app))
        await pilot.press("w")  # Still all ears.
        assert app.train.query_one(DigitGrid).wrong_only
        await pilot.press("S")
        await wait_for(pilot, lambda: [ask.command for ask in session.asked] == ["stop"])


async def test_a_slow_answer_holds_up_no_key() -> None:
    class SlowSession(QuietSession):
        async def ask(self, *_: object) -> None:
            await asyncio.Event().wait()

    async with opened(SlowSession()) as (app, pilot):
        app.train.show_state(of_phase("running"))
        await pilot.press("space", "question_mark")
        await wait_for(pilot, lambda: app.screen is not app.train, seconds=5)


async def test_a_polite_signal_ends_it_cleanly(runs: Path) -> None:
    async with opened(Session(runs)) as (app, pilot):
        # What the thread that waits for SIGTERM does; the signal itself is sent in tests/e2e.
        await asyncio.to_thread(app.leave_from_outside)
        await wait_for(pilot, lambda: app._exit)
    assert app.return_code == 0


async def test_so_does_one_that_comes_while_the_app_opens(runs: Path) -> None:
    app = InklingApp(Session(runs))
    await asyncio.to_thread(app.leave_from_outside)
    async with app.run_test() as pilot:
        await wait_for(pilot, lambda: app._exit)
        # Textual would have failed over the fields that were still to be mounted.
        assert app.train.form.furnished
    assert app.return_code == 0


async def test_no_room_keeps_a_run_when_another_has_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(session := QuietSession()) as (app, pilot):
        session.state = of_phase("finished")
        before = weakref.ref(session.state)
        for room in ("errors", "look", "draw", "backprop", "train"):
            app.action_go(room)
            await wait_for(pilot, lambda room=room: room == app.room.NAME)  # type: ignore[misc]
            await wait_for(pilot, lambda: app.room.status.phase == "finished")
        session.state = of_phase("stopped")
        assert app._door(lambda: None)
        await wait_for(pilot, lambda: gc.collect() >= 0 and before() is None)
        before = weakref.ref(session.state)

        async def fork(_: object) -> None:
            session.state = of_phase("running")

        monkeypatch.setattr(session, "fork", fork)
        await app.fork({})
        await wait_for(pilot, lambda: gc.collect() >= 0 and before() is None)


async def test_nothing_is_kept_of_what_was_painted_in_another_size_or_of_what_is_gone() -> None:
    async with opened(QuietSession()) as (app, pilot):
        line = Strip.blank(9999)
        await pilot.resize_terminal(90, 30)
        await wait_for(pilot, lambda: Strip.blank(9999) is not line)
        app.action_show_help()
        await wait_for(pilot, lambda: app.screen is not app.train)
        painted = weakref.ref(app.screen._styles_cache)
        await pilot.press("escape")
        await wait_for(pilot, lambda: gc.collect() >= 0 and painted() is None)
