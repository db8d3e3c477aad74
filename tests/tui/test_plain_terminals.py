"""Plain where it must be: ASCII, no colour, any theme, and nothing that commands the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from pilots import (
    LONG,
    QuietSession,
    field,
    lines,
    opened,
    phase,
    text,
    wait_for,
    wait_for_pictures,
)
from rich.segment import Segment
from rich.style import Style
from run_states import PHASES, of_phase
from textual import events
from textual.color import Color
from textual.filter import Monochrome
from textual.widgets import Select

from tui.app import InklingApp
from tui.engine.commands import Stop
from tui.output_filter import COLOURLESS, OutputFilter
from tui.themes import THEMES
from tui.widgets.status_line import StatusLine

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
