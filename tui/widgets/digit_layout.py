"""How test digits are laid out in a pane, and what is written under each.

Pure functions over sizes and predictions; the widget that owns a pane is `digit_grid`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from tui.engine.predictions import Predictions
from tui.widgets.characters import cells, shorten, visible
from tui.widgets.half_blocks import ascii_cells, half_blocks, halved, ink
from tui.widgets.strips import Canvas

GAP: Final = 1  # cells between neighbours
HEADER: Final = 1
CAPTION: Final = 1
WIDEST_CAPTION: Final = 22
ENOUGH: Final = 9
"""With this many digits on a page there is no reason to shrink them further."""

LEGIBLE: Final = 14
"""Pixels of a digit's side; halved once more, nobody could read it."""


@dataclass(frozen=True)
class Layout:
    """A grid of equal boxes: a digit with its caption below.

    Attributes:
        scale: 1 for full size, 2, 4, ... if every 2 x 2 pixels became one that often.
        image_width, image_height: cells of one digit.
        box_width: cells from one digit's left edge to the next one's, without the gap.
        columns, rows: boxes side by side and above one another; both at least 1.
        line_gap: empty lines between two rows of boxes.
    """

    scale: int
    image_width: int
    image_height: int
    box_width: int
    columns: int
    rows: int
    line_gap: int

    @property
    def page_size(self) -> int:
        """Digits on a page."""
        return self.columns * self.rows

    def place(self, number: int) -> tuple[int, int]:
        """Column and line of the upper left cell of box `number` of a page."""
        row, column = divmod(number, self.columns)
        return (
            column * (self.box_width + GAP),
            HEADER + row * (self.image_height + CAPTION + self.line_gap),
        )


def lay_out(
    width: int,
    height: int,
    image_shape: tuple[int, int],
    caption_width: int,
    *,
    small: bool = False,
) -> Layout | None:
    """The largest digits of which a page holds enough, or else the most digits.

    Args:
        width, height: of the pane, in cells.
        image_shape: (height, width) of an image, in pixels.
        caption_width: cells the longest caption would like; it gets what there is.
        small: rather few cells than large digits: at half their size, and no more than enough.

    Returns:
        The layout; None if the pane is too small for a single digit.
    """
    best: Layout | None = None
    pixels_high, pixels_wide = image_shape
    scale = 1
    if small and max(image_shape) > LEGIBLE:
        pixels_high, pixels_wide, scale = (pixels_high + 1) // 2, (pixels_wide + 1) // 2, 2
    while True:
        found = _fit(width, height, pixels_high, pixels_wide, caption_width, scale)
        if found is not None:
            if found.page_size >= ENOUGH:
                rows = -(-ENOUGH // found.columns)
                return replace(found, rows=min(found.rows, rows)) if small else found
            if best is None or found.page_size > best.page_size:
                best = found
        if max(pixels_high, pixels_wide) <= LEGIBLE:
            return best
        pixels_high, pixels_wide = (pixels_high + 1) // 2, (pixels_wide + 1) // 2
        scale *= 2


def _fit(
    width: int, height: int, pixels_high: int, pixels_wide: int, caption_width: int, scale: int
) -> Layout | None:
    image_height = (pixels_high + 1) // 2
    box_width = max(pixels_wide, min(caption_width, WIDEST_CAPTION))
    columns = (width + GAP) // (box_width + GAP)
    if columns < 1:
        # Rather a shorter caption than no digit.
        box_width, columns = max(pixels_wide, min(width, box_width)), 1
    tight = image_height + CAPTION
    if box_width > width or tight + HEADER > height:
        return None
    rows = (height - HEADER) // tight
    line_gap = 0
    if rows > 1 and (height - HEADER + 1) // (tight + 1) == rows:
        line_gap = 1
    return Layout(scale, pixels_wide, image_height, box_width, columns, rows, line_gap)


def caption(predictions: Predictions, index: int, width: int, *, ascii_only: bool = False) -> str:
    """What stands under digit `index`: `✓ 4 99%`, or `✗ 4≠9 87%` for 4 where it is a 9.

    Names that do not fit are shortened; mark, and then confidence, stay as long as anything.
    """
    guess, truth = int(predictions.predicted[index]), int(predictions.labels[index])
    percent = f"{int(100 * float(predictions.confidence[index]))}%"
    said = visible(predictions.class_names[guess])
    right = guess == truth
    mark = ("=" if right else "x") if ascii_only else ("✓" if right else "✗")
    ellipsis, differs = ("~", "!=") if ascii_only else ("…", "≠")
    room = width - cells(mark) - cells(percent) - 2
    if right:
        if room < 1:
            return shorten(f"{mark} {said}", width, ellipsis)
        return f"{mark} {shorten(said, room, ellipsis)} {percent}"
    names = predictions.class_names
    was = visible(names[truth]) if truth < len(names) else str(truth)
    room -= cells(differs)
    if room < 2:
        return shorten(f"{mark} {said}{differs}{was}", width, ellipsis)
    said, was = _share(said, was, room, ellipsis)
    return f"{mark} {said}{differs}{was} {percent}"


def longest_caption(predictions: Predictions, *, ascii_only: bool = False) -> int:
    """Cells the longest caption could take: that of a mistake between the longest names."""
    name = max(cells(visible(name)) for name in predictions.class_names)
    return 2 * name + (2 if ascii_only else 1) + len("x  100%")


def _share(first: str, second: str, room: int, ellipsis: str) -> tuple[str, str]:
    """Shorten two names to fit `room` cells together, the longer one first."""
    half = room // 2
    if cells(first) <= half:
        return first, shorten(second, room - cells(first), ellipsis)
    if cells(second) <= room - half:
        return shorten(first, room - cells(second), ellipsis), second
    return shorten(first, half, ellipsis), shorten(second, room - half, ellipsis)


def draw_digits(
    canvas: Canvas,
    layout: Layout,
    predictions: Predictions,
    indices: npt.NDArray[np.intp],
    styles: tuple[int, int],
    *,
    ascii_only: bool = False,
) -> None:
    """Draw the digits at `indices`, at most a page of them, with their captions.

    Args:
        styles: style numbers of a right and of a wrong caption.
    """
    inks = ink(np.asarray(predictions.images[indices]), predictions.pixel_max)
    for _ in range(layout.scale.bit_length() - 1):
        inks = halved(inks)
    codes, shades = ascii_cells(inks) if ascii_only else half_blocks(inks)
    left = (layout.box_width - layout.image_width) // 2
    for number, index in enumerate(indices.tolist()):
        x, y = layout.place(number)
        canvas.blit(x + left, y, codes[number], shades[number])
        text = caption(predictions, index, layout.box_width, ascii_only=ascii_only)
        right = predictions.predicted[index] == predictions.labels[index]
        start = x + (layout.box_width - cells(text)) // 2
        canvas.put(start, y + layout.image_height, text, styles[0] if right else styles[1])
