"""What is told to a terminal in few bytes looks as what Rich would have told it at length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.ansi import AnsiDecoder
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from tui.thin_updates import BARE, RESET, render

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
