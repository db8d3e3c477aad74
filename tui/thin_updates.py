"""Updates that send what differs: of a line its changed cells, of a style its new colours.

Textual 8.2 knows which spans of a line are dirty, but sends each from the left edge of the widget
it is in, once per span: 29 KB/s instead of 9 for a chart of which 500 cells a second change. Here
a span is cut at both ends before it is sent. And Rich ends every run of cells with a reset and
begins the next one from nothing, which for a page of digits is most of the bytes: here a terminal
is only told in what a run differs from the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from rich.cells import cached_cell_len, get_character_cell_size
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import CompositorUpdate

RESET = "\x1b[0m"

Look = tuple[str, str, str]
"""What a terminal is told of a style: attributes, ink and paper, as parameters of SGR; what is
empty is the terminal's own."""

BARE: Look = ("", "", "")

Piece = tuple[int, int, Iterable[Segment]]
"""A line, a column, and what is to stand there from now on."""


class ThinUpdate(CompositorUpdate):
    """So many pieces of lines, in the order in which they stand on the screen."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        """The escape codes and text of all pieces."""
        sequences: list[str] = []
        look = BARE
        for y, x, segments in self.pieces:
            sequences.append(f"\x1b[{y + 1};{x + 1}H")
            look = render(segments, console._color_system, look, sequences)
        if look != BARE:
            sequences.append(RESET)
        return "".join(sequences)


def whole(segments: Iterable[Segment], first: int, last: int) -> tuple[int, int]:
    """The same span, and the other half of a character two cells wide that it would cut: a terminal
    has lost both, if something lay over one that is gone now."""
    x = 0
    for segment in segments:
        end = x + cached_cell_len(segment.text)
        # Not by its length: what takes no cell at all makes up for one that takes two.
        if not segment.text.isascii() and any(
            get_character_cell_size(character) > 1 for character in set(segment.text)
        ):
            for character in segment.text:
                after = x + get_character_cell_size(character)
                first = x if x < first < after else first
                last = after if x < last < after else last
                x = after
        x = end
    return first, last


def between(segments: Iterable[Segment], first: int, last: int) -> Iterator[Segment]:
    """The cells from `first` to before `last`. `Strip.crop` would keep every cut that is made."""
    x = 0
    for segment in segments:
        end = x + cached_cell_len(segment.text)
        if end > first:
            if end > last:
                segment = segment.split_cells(last - x)[0]
            yield segment.split_cells(first - x)[1] if x < first else segment
        if end >= last:
            return
        x = end


def render(
    segments: Iterable[Segment], system: ColorSystem | None, look: Look, sequences: list[str]
) -> Look:
    """Append codes and text of `segments` to `sequences`, for a terminal that was left with a
    `look`; returns the look that it is left with now."""
    for text, style, _control in segments:
        if style is None or system is None:
            wanted = BARE
        elif style.link:
            sequences.append(RESET if look != BARE else "")
            sequences.append(style.render(text, color_system=system))
            look = BARE
            continue
        else:
            wanted = _look(style, system)
        if wanted != look:
            attributes, ink, paper = wanted
            if attributes == look[0] == "" and ink and text.isspace():
                # A blank has no ink; the next run may want what there is.
                ink = look[1] or ink
            lost = (attributes != look[0] and look[0]) or (look[1] and not ink)
            if lost or (look[2] and not paper):
                codes = ["0", attributes, ink, paper]
            else:
                pairs = zip((attributes, ink, paper), look, strict=True)
                codes = [new for new, old in pairs if new != old]
            if told := ";".join(code for code in codes if code):
                sequences.append(f"\x1b[{told}m")
            look = (attributes, ink, paper)
        sequences.append(text)
    return look


@lru_cache(maxsize=2048)
def _look(style: Style, system: ColorSystem) -> Look:
    attributes = style.without_color.render(".", color_system=system).partition(".")[0]
    ink, paper = (
        ";".join(colour.downgrade(system).get_ansi_codes(foreground)) if colour else ""
        for colour, foreground in ((style.color, True), (style.bgcolor, False))
    )
    return attributes.removeprefix("\x1b[").removesuffix("m"), ink, paper
