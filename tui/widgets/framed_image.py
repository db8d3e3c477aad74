"""A small image in a frame with words on its edge, as large as there is room: pure drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tui.widgets.characters import shorten
from tui.widgets.detail_parts import fitted
from tui.widgets.half_blocks import ascii_cells, half_blocks, ink
from tui.widgets.strips import Canvas, Codes, StyleNumbers


@dataclass(frozen=True)
class Placement:
    """Where an image stands in a widget: its top left cell, its size in cells, and how many cells
    wide a pixel is: 2, 1, or 0.5 where it had to be halved."""

    left: int
    top: int
    columns: int
    rows: int
    scale: float

    def pixel_at(self, x: float, y: float) -> tuple[float, float]:
        """The place in the image that a place on the widget shows; a cell is two pixels high."""
        return (x - self.left) / self.scale, 2 * (y - self.top) / self.scale


@dataclass(frozen=True)
class FramedImage:
    """An image (h, w) uint8 up to 255, drawn for a widget of so many cells."""

    inks: npt.NDArray[np.float32]
    placement: Placement

    @classmethod
    def of(cls, image: npt.NDArray[np.uint8], width: int, height: int) -> FramedImage:
        """As large as it fits into a frame of this size by whole numbers; at the top left."""
        inks, factor = fitted(ink(image[None], 255), max(width - 2, 1), max(height - 2, 1))
        scale = float(factor) if factor > 0 else 2.0**factor
        rows = -(-inks.shape[1] // 2)
        return cls(inks, Placement(1, 1, inks.shape[2], rows, scale))

    def cells(self, *, ascii_only: bool) -> tuple[Codes, StyleNumbers]:
        codes, styles = ascii_cells(self.inks) if ascii_only else half_blocks(self.inks)
        return codes[0], styles[0]


def draw_frame(
    canvas: Canvas, placement: Placement, title: str, foot: str, style: int, *, ascii_only: bool
) -> None:
    """A frame all round, the title on its upper edge and words on its lower."""
    flat, upright, corners = ("-", "|", ("++", "++")) if ascii_only else ("─", "│", ("╭╮", "╰╯"))
    left, top = placement.left - 1, placement.top - 1
    right, bottom = placement.left + placement.columns, placement.top + placement.rows
    for y, words, ends in ((top, title, corners[0]), (bottom, foot, corners[1])):
        canvas.put(left, y, ends[0] + flat * placement.columns + ends[1], style)
        if words:
            fitting = shorten(words, placement.columns - 4, "~" if ascii_only else "…")
            canvas.put(left + 2, y, f" {fitting} ", style)
    sides = np.full((placement.rows, 1), ord(upright), np.uint32)
    for x in (left, right):
        canvas.blit(x, placement.top, sides, np.full(sides.shape, style, np.int32))
