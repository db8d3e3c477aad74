"""The colours of paper and ink in the theme of the day, as a palette for half blocks."""

from __future__ import annotations

from rich.style import Style
from textual.color import Color

from tui.widgets.half_blocks import ink_palette


class Inks:
    """A palette that is made again only when the theme has changed."""

    def __init__(self) -> None:
        self._colours: tuple[Color, Color] | None = None
        self._styles: tuple[Style, ...] = ()

    def of(self, paper: Color, full: Color) -> tuple[Style, ...]:
        """One style for every pair of levels of ink: see `half_blocks.ink_palette`."""
        if self._colours != (paper, full):
            self._colours = (paper, full)
            self._styles = ink_palette(*_as_rgb(paper, full))
        return self._styles


def _as_rgb(paper: Color, full: Color) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The two colours as (red, green, blue); a theme of terminal colours gets plain ones."""
    if paper.ansi is not None or full.ansi is not None:
        return (0, 0, 0), (255, 255, 255)
    return paper.rgb, (paper + full).rgb
