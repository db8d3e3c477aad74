"""What is told to a terminal in few bytes looks as what Rich would have told it at length."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.ansi import AnsiDecoder
from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.narrow_compositor import NarrowCompositor
from tui.thin_updates import BARE, RESET, Piece, ThinUpdate, between, render, whole
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.strips import Canvas, Picture

_CONSOLE = Console()

COLOURS = st.none() | st.sampled_from(
    [Color.from_rgb(10, 200, 30), Color.from_rgb(250, 0, 90), Color.parse("red"), Color.default()]
)
STYLES = st.none() | st.builds(
    Style,
    color=COLOURS,
    bgcolor=COLOURS,
    bold=st.none() | st.booleans(),
    reverse=st.none() | st.booleans(),
    link=st.none() | st.just("https://example.org"),
)
RUNS = st.lists(st.builds(Segment, st.sampled_from(["4", "  ", "▀▀ ", "x"]), STYLES), max_size=12)
SYSTEMS = st.sampled_from([None, *(s for s in ColorSystem if s is not ColorSystem.WINDOWS)])


def seen(codes: str) -> list[tuple[str, Style]]:
    """Cell by cell, what a terminal shows of it; of a blank there is no ink to see."""
    text = AnsiDecoder().decode_line(codes)
    cells = []
    for place, character in enumerate(text.plain):
        style = text.get_style_at_offset(_CONSOLE, place)
        if character == " " and not style.reverse:
            style = Style(bgcolor=style.bgcolor, link=style.link)
        cells.append((character, style))
    return cells


@given(RUNS, SYSTEMS)
def test_it_looks_as_rich_would_have_it(runs: list[Segment], system: ColorSystem | None) -> None:
    sequences: list[str] = []
    look = render(runs, system, BARE, sequences)
    brief = "".join(sequences) + (RESET if look != BARE else "")
    long = "".join(
        style.render(text, color_system=system) if style else text for text, style, _ in runs
    )
    assert seen(brief) == seen(long)
    assert len(brief) <= len(long)


@given(RUNS, st.integers(0, 20), st.integers(0, 20))
def test_a_strip_is_cut_as_textual_would_cut_it(runs: list[Segment], first: int, last: int) -> None:
    strip = Strip([*(Segment(text, style) for text, style, _ in runs), Segment("猫é")])
    found = [run for run in between(strip, first, last) if run.text]
    assert Strip(found) == Strip([run for run in strip.crop(first, last) if run.text])


def test_half_a_wide_character_is_not_sent() -> None:
    line = [Segment("xa猫b"), Segment("犬")]
    found = {span: whole(line, *span) for span in [(0, 2), (2, 3), (3, 6), (4, 5)]}
    assert found == {(0, 2): (0, 2), (2, 3): (2, 4), (3, 6): (2, 7), (4, 5): (4, 5)}
    # An accent of its own takes no cell, and so hides the second one of a wide character.
    accented = [Segment("e\N{COMBINING ACUTE ACCENT}猫b")]
    assert [whole(accented, *span) for span in [(0, 2), (2, 3)]] == [(0, 3), (1, 3)]


def told(update: Any) -> str:
    """What a terminal is sent for it, and of Textual's own only what has changed."""
    if isinstance(update, ChopsUpdate):
        update = ThinUpdate(within_spans(update))
    if isinstance(update, LayoutUpdate):
        update = ThinUpdate(
            (y, 0, [segment for strip in line for segment in strip])
            for y, line in enumerate(update.strips)
        )
    return str(update.render_segments(_CONSOLE))


def within_spans(update: ChopsUpdate) -> Iterator[Piece]:
    for y, start, stop in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            first, last = max(x, start), min(end, stop)
            if strip is not None and first < last:
                first, last = whole(strip, first - x, last - x)
                yield y, x + first, between(strip, first, last)


def placed(codes: str) -> dict[tuple[int, int], tuple[str, Style]]:
    """What stands at which line and column of a terminal that was sent these codes."""
    decoder, cells = AnsiDecoder(), {}
    _, *pieces = re.split("\x1b\\[(\\d+);(\\d+)H", codes)
    for y, x, piece in zip(*[iter(pieces)] * 3, strict=True):
        text, at = decoder.decode_line(piece), int(x)
        for place, character in enumerate(text.plain):
            cells[int(y), at] = character, text.get_style_at_offset(_CONSOLE, place)
            at += cell_len(character)
    return cells


class Letters(Widget):
    """A letter in every cell, and a count of the cells that were asked for."""

    asked = 0

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(chr(97 + y) * self.size.width)])

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked += crop.area
        return super().render_lines(crop)


class Cats(PictureWidget):
    """Wide characters in a picture, one more to the right in every line."""

    def make_picture(self) -> None:
        canvas = Canvas(*self.size)
        for y in range(canvas.height):
            canvas.put(0, y, "x" * (y % 3) + "猫é犬" * canvas.width, y % 2)
        styles = Style.parse("red"), Style.parse("#102030 on #405060")
        self.show_picture(Picture.from_canvas(canvas, styles))


class Board(Screen[None]):
    def __init__(self) -> None:
        super().__init__()
        self._compositor = NarrowCompositor()

    def compose(self) -> ComposeResult:
        for side in ("left", "right"):
            with Container(id=side):
                yield Letters()
        with Container(id="far"):
            yield Cats()
        yield Letters(id="over")


async def test_nobody_is_asked_for_what_is_not_sent_and_the_same_is_sent() -> None:
    class BoardApp(App[None]):
        CSS = """
        #left, #right, #far { width: 1fr; border: round red; }
        Board { layout: horizontal; layers: default over; }
        #over { layer: over; width: 22; height: 3; offset: 27 2; }
        """

        def get_default_screen(self) -> Screen[Any]:
            return Board()

    async with BoardApp().run_test(size=(60, 12)) as pilot:
        app, compositor = pilot.app, pilot.app.screen._compositor
        rng = random.Random(42)

        def sent(render: Any, regions: set[Region]) -> str:
            compositor._dirty_regions = set(regions)
            return told(render(compositor))

        for _ in range(100):
            places = [(rng.randrange(60), rng.randrange(12)) for _ in range(rng.randint(1, 4))]
            regions = {
                Region(x, y, rng.randint(1, 60 - x), rng.randint(1, 12 - y)) for x, y in places
            }
            textual = sent(Compositor.render_partial_update, regions)
            narrow = sent(NarrowCompositor.render_partial_update, regions)
            assert placed(narrow) == placed(textual)
            assert len(narrow) <= len(textual)
        textual = told(Compositor.render_full_update(compositor))
        narrow = told(NarrowCompositor.render_full_update(compositor))
        assert placed(narrow) == placed(textual)
        left, right, over = app.screen.query(Letters)
        before = [letters.asked for letters in (left, right, over)]
        sent(NarrowCompositor.render_partial_update, {Region(3, 2, 1, 1), Region(36, 8, 2, 2)})
        after = [letters.asked for letters in (left, right, over)]
        # And a cell on either side, for half of a wide character may have changed.
        assert [b - a for a, b in zip(before, after, strict=True)] == [3, 8, 0]


async def test_an_edge_behind_a_wide_character_does_not_cut_it() -> None:
    class Note(Board):
        def compose(self) -> ComposeResult:
            yield Letters(id="left")
            yield Letters(id="right")
            yield Cats()

    class NoteApp(App[None]):
        CSS = """
        Note { layout: horizontal; layers: default over; }
        #left, #right { width: 1fr; }
        Cats { layer: over; width: 20; height: 3; offset: 11 0; }
        """

        def get_default_screen(self) -> Screen[Any]:
            return Note()

    async with NoteApp().run_test(size=(40, 4)) as pilot:
        compositor = pilot.app.screen._compositor
        whole_screen = placed(told(NarrowCompositor.render_full_update(compositor)))
        for side in ("#left", "#right"):
            compositor._dirty_regions = {pilot.app.query_one(side).region}
            part = placed(told(NarrowCompositor.render_partial_update(compositor)))
            assert part.items() <= whole_screen.items()
