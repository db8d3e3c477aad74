"""Numbers above and below zero as terminal cells: weights and values, two to a cell.

On a dark ground the scale runs from dark blue by way of grey to bright gold: the larger, the
lighter. On paper zero is nearly paper, and what is stronger has more ink: gold above, and blue
below, which gets by far the darker. So the sign is not in the hue alone, and is there still for
eyes that see fewer hues, or on a screen that shows none. Where there is nothing but ASCII or
sixteen colours, characters stand in: + * # for what is above zero, - = % for what is below, the
stronger the later.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style

from tui.widgets.half_blocks import UPPER_HALF
from tui.widgets.strips import Codes, StyleNumbers

Array = NDArray[Any]

SIDE: Final = 8
"""Shades on either side of zero."""
SHADES: Final = 2 * SIDE + 1

ABOVE: Final = " +*#"
BELOW: Final = " -=%"

PAIRS: Final = SHADES * SHADES

AT_NIGHT: Final = (0, 0, 175), (88, 88, 88), (255, 215, 95)
ON_PAPER: Final = (0, 0, 175), (228, 228, 228), (215, 135, 0)
"""The lowest, zero and the highest: 256-colour ones, as most terminals over SSH show no others."""


@cache
def signed_palette(*, on_paper: bool) -> tuple[Style, ...]:
    """One style for every pair of shades, the upper pixel's times `SHADES` plus the lower one's."""
    scale = ON_PAPER if on_paper else AT_NIGHT
    low, zero, high = (np.array(colour, np.float64) for colour in scale)
    shades = []
    for level in range(-SIDE, SIDE + 1):
        end = high if level > 0 else low
        mixed = np.rint(zero + (end - zero) * abs(level) / SIDE)
        shades.append(Color.from_rgb(*(int(part) for part in mixed)))
    return tuple(Style(color=upper, bgcolor=lower) for upper in shades for lower in shades)


def signed_half_blocks(values: Array, first: int) -> tuple[Codes, StyleNumbers]:
    """Values (h, w) from -1 to 1 (beyond is cut off) as cells (ceil(h / 2), w); `first` is where in
    the picture's palette ours begins."""
    levels = _levels(values, SIDE)
    upper, lower = _halves(levels, 0)
    styles = (upper + SIDE) * SHADES + lower + SIDE
    codes = np.full(styles.shape, UPPER_HALF, np.uint32)
    codes[upper == lower] = ord(" ")
    return codes, (styles + first).astype(np.int32)


def signed_characters(values: Array, style: int) -> tuple[Codes, StyleNumbers]:
    """The same as characters, all in one style: of two pixels the stronger one's."""
    steps = len(ABOVE) - 1
    upper, lower = _halves(_levels(values, steps), 0)
    stronger = np.where(np.abs(lower) > np.abs(upper), lower, upper)
    ramp = np.array([ord(c) for c in BELOW[:0:-1] + ABOVE], np.uint32)
    return ramp[stronger + steps], np.full(stronger.shape, style, np.int32)


def signed_halved(values: Array) -> Array:
    """Half the height and width (h, w), by the mean of 2 x 2."""
    h, w = values.shape
    even = np.pad(values, ((0, h % 2), (0, w % 2)), mode="edge")
    return np.asarray(even.reshape((h + 1) // 2, 2, (w + 1) // 2, 2).mean(axis=(1, 3)))


def in_a_strip(values: Array, width: int, height: int) -> Array:
    """A vector (n,) as `height` lines of `width` cells at the most, two values to a cell, column by
    column: (2 * height, columns). Where there is no room for all, neighbours share a place, and the
    strongest of them is seen."""
    places = 2 * width * height
    if len(values) > places:
        share = -(-len(values) // places)
        groups = np.pad(values, (0, -len(values) % share)).reshape(-1, share)
        strongest = np.abs(groups).argmax(axis=1)
        values = np.take_along_axis(groups, strongest[:, None], axis=1)[:, 0]
    columns = -(-len(values) // (2 * height))
    padded = np.pad(values, (0, columns * 2 * height - len(values)))
    return padded.reshape(columns, 2 * height).T


def _levels(values: Array, steps: int) -> NDArray[np.int32]:
    levels: NDArray[np.int32] = np.rint(np.clip(np.nan_to_num(values), -1, 1) * steps).astype(
        np.int32
    )
    return levels


def _halves(levels: NDArray[np.int32], nothing: int) -> tuple[Array, Array]:
    if len(levels) % 2:
        levels = np.pad(levels, ((0, 1), (0, 0)), constant_values=nothing)
    return levels[0::2], levels[1::2]
