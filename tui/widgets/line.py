"""A line of words as a picture, made without NumPy: what the first screen is painted with.

The lines at the top and the bottom of a room are there before NumPy is. Like the large pictures
(`strips`) they are compared cell by cell, but a cell is a pair in a list, for which nothing has to
be imported that would take longer than they take to draw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from tui.widgets.characters import visible
from tui.widgets.painted import CELLS_WORTH_RESENDING, JUMP_BYTES, STYLE_BYTES, Painted


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

    def part(self, line: int, start: int, stop: int) -> Strip:  # noqa: ARG002
        """Columns of the line."""
        return self._strip.crop(start, stop)

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
