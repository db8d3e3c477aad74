"""Images as terminal cells: two pixels to a cell, or one character of an ASCII ramp.

An upper half block shows one pixel in its foreground and the one below it in its background,
so that a 28 x 28 digit takes 28 x 14 cells with square pixels. Where there is nothing but
ASCII, each cell is a character as dark as the mean of its two pixels.

Inks are quantised to a few levels: nobody sees the difference, and runs of equal cells are
sent to a terminal as one.
"""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.style import Style

from tui.widgets.strips import Codes, StyleNumbers

T = TypeVar("T", bound=np.generic)

LEVELS: Final = 16
RAMP: Final = " .:-=+*#%@"
UPPER_HALF: Final = ord("▀")

# Mid-greys of a pen stroke look washed out on a dark ground; a gamma below 1 lifts them.
GAMMA: Final = 0.8


def ink(images: npt.NDArray[np.uint8], pixel_max: int) -> npt.NDArray[np.float32]:
    """Pixels as ink between 0 (paper) and 1, the same shape, float32."""
    return np.clip(images.astype(np.float32) / pixel_max, 0.0, 1.0)


def halved(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Shrink ink (n, h, w) to half its height and width by the mean of 2 x 2 pixels.

    The mean makes thin strokes pale, so they get back some of the darkness they had.
    """
    n, height, width = images.shape
    even = np.pad(images, ((0, 0), (0, height % 2), (0, width % 2)))
    blocks = even.reshape(n, (height + 1) // 2, 2, (width + 1) // 2, 2)
    return np.asarray(np.minimum(blocks.mean(axis=(2, 4)) * 1.25, 1.0), np.float32)


def half_blocks(images: npt.NDArray[np.float32]) -> tuple[Codes, StyleNumbers]:
    """Ink (n, h, w) as cells: code points and style numbers, both (n, ceil(h / 2), w).

    A style number is `upper * LEVELS + lower`, a place in `ink_palette`.
    """
    levels = np.rint(images**GAMMA * (LEVELS - 1)).astype(np.int32)
    upper, lower = _rows(levels)
    styles = upper * LEVELS + lower
    codes = np.full(styles.shape, UPPER_HALF, np.uint32)
    codes[upper == lower] = ord(" ")
    return codes, styles


def ascii_cells(images: npt.NDArray[np.float32]) -> tuple[Codes, StyleNumbers]:
    """Ink (n, h, w) as ASCII: code points and style numbers, both (n, ceil(h / 2), w).

    The style is that of full ink on paper, so that shape never depends on colour.
    """
    upper, lower = _rows(images)
    shade = np.rint((upper + lower) / 2 * (len(RAMP) - 1)).astype(np.int64)
    ramp = np.array([ord(character) for character in RAMP], np.uint32)
    return ramp[shade], np.full(shade.shape, INK_STYLE, np.int32)


INK_STYLE: Final = (LEVELS - 1) * LEVELS
"""The style of full ink above paper: text in the colour of ink on paper."""


def ink_palette(paper: tuple[int, int, int], full: tuple[int, int, int]) -> tuple[Style, ...]:
    """One style for every pair of levels, from the colours (0..255) of paper and full ink."""
    low, high = np.array(paper, np.float64), np.array(full, np.float64)
    steps = np.linspace(0.0, 1.0, LEVELS)[:, None]
    shades = [
        Color.from_rgb(*(int(part) for part in shade))
        for shade in np.rint(low + steps * (high - low))
    ]
    return tuple(Style(color=upper, bgcolor=lower) for upper in shades for lower in shades)


def _rows(images: npt.NDArray[T]) -> tuple[npt.NDArray[T], npt.NDArray[T]]:
    """The even and the odd rows; paper below the last row of an odd number."""
    if images.shape[1] % 2:
        images = np.pad(images, ((0, 0), (0, 1), (0, 0)))
    return images[:, 0::2], images[:, 1::2]
