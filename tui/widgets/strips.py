"""Cells, pictures made of them, and which of them changed.

A `Canvas` is a sheet to draw on: one code point and one style number per terminal cell, as
two NumPy arrays. A `Picture` is a finished sheet with the styles its numbers stand for. Two
pictures can be compared cell by cell in a few array operations, which is what makes it
possible to send a terminal only the spans that differ. Text put on a canvas is harmless by then
(`characters`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from tui.widgets.characters import cells, visible, wrap
from tui.widgets.painted import CELLS_WORTH_RESENDING, JUMP_BYTES, STYLE_BYTES, Painted

Codes = npt.NDArray[np.uint32]
StyleNumbers = npt.NDArray[np.int32]

SPACE: Final = 0x20
LAST_ASCII: Final = 0x7F
CONTINUED: Final = 0  # the right half of a character two cells wide
REGIONS_PER_LINE: Final = 4

WIDE_BYTES: Final = 2  # of a character that is not ASCII, beyond the first


class Canvas:
    """A sheet of cells to draw on.

    Attributes:
        codes: uint32 (height, width), the code point in each cell.
        styles: int32 (height, width), a number per cell; what it looks like is decided
            when the canvas becomes a `Picture`.
        width: cells per line.
        height: lines.
    """

    def __init__(self, width: int, height: int, style: int = 0) -> None:
        """Make a blank sheet of `width` x `height` cells in one style."""
        self.codes: Codes = np.full((height, width), SPACE, np.uint32)
        self.styles: StyleNumbers = np.full((height, width), style, np.int32)
        self.width, self.height = width, height

    def put(self, x: int, y: int, text: str, style: int, *, width: int | None = None) -> int:
        """Write `text` at column `x` of line `y`; what does not fit is left out.

        Args:
            width: cells it may take up, to the end of the line by default.

        Returns:
            The column after the last cell written.
        """
        if not 0 <= y < self.height:
            return x
        limit = self.width if width is None else min(self.width, x + width)
        if x >= 0 and text.isascii() and text.isprintable():
            # As most texts are: a cell for each character, and nothing to be looked up.
            text = text[: max(limit - x, 0)]
            end = x + len(text)
            self.codes[y, x:end] = np.frombuffer(text.encode("ascii"), np.uint8)
            self.styles[y, x:end] = style
            return end
        for character in visible(text):
            size = get_character_cell_size(character)
            if x + size > limit:
                break
            if x >= 0:
                self.codes[y, x] = ord(character)
                self.codes[y, x + 1 : x + size] = CONTINUED
                self.styles[y, x : x + size] = style
            x += size
        return x

    def put_paragraph(self, text: str, style: int) -> None:
        """Write `text` in the middle of the sheet, wrapped at spaces."""
        lines = wrap(text, max(self.width - 2, 1))[: self.height]
        top = (self.height - len(lines)) // 2
        for number, line in enumerate(lines):
            self.put(max((self.width - cells(line)) // 2, 0), top + number, line, style)

    def blit(self, x: int, y: int, codes: Codes, styles: StyleNumbers) -> None:
        """Copy cells, both (h, w), to column `x` of line `y`; the rest is cut off."""
        height = min(codes.shape[0], self.height - y)
        width = min(codes.shape[1], self.width - x)
        if height > 0 and width > 0:
            self.codes[y : y + height, x : x + width] = codes[:height, :width]
            self.styles[y : y + height, x : x + width] = styles[:height, :width]


@dataclass(frozen=True, eq=False)
class Picture:
    """A finished sheet of cells.

    Attributes:
        codes: uint32 (height, width).
        styles: int32 (height, width), places in `palette`.
        palette: the styles.
    """

    codes: Codes
    styles: StyleNumbers
    palette: tuple[Style, ...]

    @classmethod
    def from_canvas(cls, canvas: Canvas, palette: Iterable[Style]) -> Picture:
        """Freeze what is on `canvas`."""
        return cls(canvas.codes, canvas.styles, tuple(palette))

    @property
    def width(self) -> int:
        """Cells per line."""
        return int(self.codes.shape[1])

    @property
    def height(self) -> int:
        """Lines."""
        return int(self.codes.shape[0])

    @property
    def strips(self) -> list[Strip]:
        """One `Strip` per line."""
        return [self.strip(line) for line in range(self.height)]

    @property
    def text(self) -> str:
        """The characters alone, line by line."""
        return "\n".join(strip.text for strip in self.strips)

    def strip(self, line: int) -> Strip:
        """A line. Textual keeps what it has painted, so it is asked for once."""
        return self.part(line, 0, self.width)

    def part(self, line: int, start: int, stop: int) -> Strip:
        """The columns from `start` to before `stop` of a line; half a wide character is a blank."""
        codes, styles = self.codes[line, start:stop], self.styles[line, start:stop]
        text = codes.astype("<u4").tobytes().decode("utf-32-le")
        if "\0" in text[:1]:
            text = " " + text[1:]
        if stop < self.width and self.codes[line, stop] == CONTINUED:
            text = text[:-1] + " "
        inside = ((styles[1:] != styles[:-1]).nonzero()[0] + 1).tolist()
        starts = [0, *inside] if text else []
        looks = [self.palette[number] for number in styles[starts].tolist()]
        pieces = [text[start:stop] for start, stop in pairwise([*starts, len(text)])]
        if "\0" in text:
            pieces = [piece.replace("\0", "") for piece in pieces]
        return Strip(list(map(Segment, pieces, looks)), len(text))

    def changes_from(self, old: Painted | None) -> list[Region] | None:
        """See `changed_regions`."""
        return changed_regions(old if isinstance(old, Picture) else None, self)

    def bytes_of(self, regions: Sequence[Region] | None) -> int:
        """About how many bytes a terminal is sent for these regions; None is all of it."""
        if regions is None:
            regions = [Region(0, line, self.width, 1) for line in range(self.height)]
        total = 0
        for x, y, width, _ in regions:
            codes, styles = self.codes[y, x : x + width], self.styles[y, x : x + width]
            wide = int(np.count_nonzero(codes > LAST_ASCII))
            changes = int(np.count_nonzero(styles[1:] != styles[:-1]))
            total += JUMP_BYTES + width + WIDE_BYTES * wide + STYLE_BYTES * (changes + 1)
        return total


def changed_regions(old: Picture | None, new: Picture) -> list[Region] | None:
    """What must be painted again when `new` takes the place of `old`.

    Returns:
        Regions of cells that differ, at most a few per line, an empty list if the two look
        the same; None if everything must be painted, because there was nothing before, or
        it had another size, or the palette changed.
    """
    if old is None or old.codes.shape != new.codes.shape or old.palette != new.palette:
        return None
    differs = (old.codes != new.codes) | (old.styles != new.styles)
    # Half a wide character cannot be sent: both halves go together.
    for codes in (old.codes, new.codes):
        halves = codes[:, 1:] == CONTINUED
        if halves.any():
            differs[:, :-1] |= differs[:, 1:] & halves
            differs[:, 1:] |= differs[:, :-1] & halves
    regions: list[Region] = []
    for line in differs.any(axis=1).nonzero()[0].tolist():
        for start, stop in _spans(differs[line].nonzero()[0]):
            regions.append(Region(start, line, stop - start, 1))
    return regions


def _spans(columns: npt.NDArray[np.intp]) -> list[tuple[int, int]]:
    """Half-open spans covering ascending `columns`, few enough to be worth telling apart."""
    distance = columns[1:] - columns[:-1]
    breaks = (distance > CELLS_WORTH_RESENDING).nonzero()[0]
    if len(breaks) >= REGIONS_PER_LINE:
        widest = np.argsort(distance[breaks])[-(REGIONS_PER_LINE - 1) :]
        breaks = np.sort(breaks[widest])
    starts = [int(columns[0]), *columns[breaks + 1].tolist()]
    stops = [*columns[breaks].tolist(), int(columns[-1])]
    return [(start, stop + 1) for start, stop in zip(starts, stops, strict=True)]
