"""A line of text as a picture: what the first screen is made of before NumPy is there.

The lines at the top and the bottom of a room are a few words each. They are compared cell by cell
like the large pictures (`strips`), but with nothing that takes longer to import than they take to
draw. Text is never read as markup, and what a terminal could read as a command is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, Protocol

from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

UNPRINTABLE: Final = "·"

# Moving the cursor and naming a colour costs about as many bytes as this many cells.
CELLS_WORTH_RESENDING: Final = 6

JUMP_BYTES: Final = 8  # to move the cursor
STYLE_BYTES: Final = 24  # to name a colour, or two


class Painted(Protocol):
    """What a `PictureWidget` shows: finished strips, and how they differ from what was there."""

    @property
    def width(self) -> int:
        """Cells per line."""

    @property
    def height(self) -> int:
        """Lines."""

    def strip(self, line: int) -> Strip:
        """A finished line."""

    def changes_from(self, old: Painted | None) -> list[Region] | None:
        """What must be painted again when this takes the place of `old`; None is everything."""

    def bytes_of(self, regions: Sequence[Region] | None) -> int:
        """About how many bytes a terminal is sent for these regions of it; None is all of it."""


def visible(text: str) -> str:
    """Replace every character that is not plainly visible, so that it can do no harm."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() and get_character_cell_size(character) > 0
        else UNPRINTABLE
        for character in text
    )


def cells(text: str) -> int:
    """Terminal cells that `text` takes up."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(get_character_cell_size(character) for character in text)


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut `text` to at most `width` cells, ending in an ellipsis where something went."""
    if cells(text) <= width:
        return text
    room = width - cells(ellipsis)
    if room < 0:
        return ellipsis[: max(width, 0)]
    kept: list[str] = []
    for character in text:
        room -= get_character_cell_size(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + ellipsis


class LineCanvas:
    """A line of `width` cells to write on, in style 0 where nothing is written."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.cells: list[tuple[str, int]] = [(" ", 0)] * width

    def put(self, x: int, text: str, style: int) -> int:
        """Write `text` from column `x` on; what does not fit is left out.

        Returns:
            The column after the last cell written.
        """
        for character in visible(text):
            size = get_character_cell_size(character)
            if x + size > self.width:
                break
            # The right half of a wide character is a cell of no character.
            self.cells[x : x + size] = [(character, style), *[("", style)] * (size - 1)]
            x += size
        return x


class LinePicture:
    """A finished line; the styles are places in a palette."""

    height = 1

    def __init__(self, canvas: LineCanvas, palette: Iterable[Style]) -> None:
        self.cells, self.palette = tuple(canvas.cells), tuple(palette)
        self.width = canvas.width
        segments = [
            Segment("".join(character for character, _ in run), self.palette[style])
            for style, run in groupby(self.cells, lambda cell: cell[1])
        ]
        self._strip = Strip(segments, self.width)

    def strip(self, line: int) -> Strip:  # noqa: ARG002
        """The line."""
        return self._strip

    @property
    def text(self) -> str:
        """The characters alone."""
        return self._strip.text

    def is_wide(self, x: int) -> bool:
        """Does the character in a cell take up the next one, too?"""
        return any(not character for character, _ in self.cells[x + 1 : x + 2])

    def changes_from(self, old: Painted | None) -> list[Region] | None:
        """The spans that differ, those next to each other as one; None if all of it does."""
        if not isinstance(old, LinePicture):
            return None
        if (old.width, old.palette) != (self.width, self.palette):
            return None
        regions: list[Region] = []
        end = -CELLS_WORTH_RESENDING - 1
        for x, (was, now) in enumerate(zip(old.cells, self.cells, strict=True)):
            if was == now:
                continue
            # Half a wide character cannot be sent: both halves go together.
            wide = any(line.is_wide(x) for line in (old, self))
            start = x - 1 if x and "" in (was[0], now[0]) else x
            if start - end <= CELLS_WORTH_RESENDING:
                start = regions.pop().x
            end = x + 1 + wide
            regions.append(Region(start, 0, end - start, 1))
        return regions

    def bytes_of(self, regions: Sequence[Region] | None) -> int:
        """About how many bytes a terminal is sent for these regions; None is all of it."""
        spans = [(0, self.width)] if regions is None else [(r.x, r.right) for r in regions]
        pieces = [self._strip.crop(*span) for span in spans]
        return sum(
            JUMP_BYTES + len(piece.text.encode()) + STYLE_BYTES * len(list(piece))
            for piece in pieces
        )
