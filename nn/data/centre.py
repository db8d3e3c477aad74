"""A drawing of any size put into a 28x28 field, the way the digits of MNIST were.

LeCun, Bottou, Bengio and Haffner (1998), "Gradient-Based Learning Applied to Document Recognition",
section III: the digit is scaled to fit a box of 20x20 pixels, its proportions kept and its edges
grey from the anti-aliasing, and then moved so that its centre of mass lies in the middle of a field
of 28x28. A network that learnt MNIST has seen nothing that is not so, and reads what is.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nn.data.dataset import Pixels

FIELD = 28
BOX = 20


def centred(grey: Pixels) -> Pixels:
    """The ink of `grey` (h, w) uint8, bright on 0, in the middle of a (28, 28) uint8.

    What is above 0 counts as ink. An image without ink gives an empty field.
    """
    rows, columns = np.flatnonzero(grey.any(axis=1)), np.flatnonzero(grey.any(axis=0))
    field = np.zeros((FIELD, FIELD), np.uint8)
    if len(rows) == 0:
        return field
    ink = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(ink.shape)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    small = resized(ink, height, width)
    total = small.sum(dtype=np.int64)
    if total == 0:
        # Ink so thin that it rounds to nothing.
        return field
    top = _start(small.sum(axis=1, dtype=np.int64), int(total))
    left = _start(small.sum(axis=0, dtype=np.int64), int(total))
    field[top : top + height, left : left + width] = small
    return field


def resized(grey: Pixels, height: int, width: int) -> Pixels:
    """`grey` (h, w) uint8 as (height, width) uint8, anti-aliased with a triangle filter.

    Each new row is a mixture of old ones, and each new column as well: two products of matrices.
    """
    h, w = grey.shape
    if (h, w) == (height, width):
        return grey
    mixed: npt.NDArray[np.float32] = (
        _mixture(h, height) @ grey.astype(np.float32) @ _mixture(w, width).T
    )
    return np.rint(mixed).clip(0, 255).astype(np.uint8)


def ink_of(grey: Pixels, noise: int = 0) -> Pixels:
    """`grey` (h, w) uint8 as ink on 0: a bright paper is turned dark, its grey and grain taken off.

    The paper is what the outermost pixels mostly are; what differs from it no more than they do
    among themselves, or than `noise`, is paper too.
    """
    edge = np.concatenate((grey[0], grey[-1], grey[:, 0], grey[:, -1]))
    if not edge.any() and not noise:
        return grey
    paper = int(np.median(edge))
    if paper > 127:
        grey, edge, paper = 255 - grey, 255 - edge, 255 - paper
    grain = int(np.percentile(np.abs(edge.astype(np.int16) - paper), 90))
    if paper == 0 and grain == 0 and not noise:
        return grey
    ink = np.maximum(grey, np.uint8(paper)) - np.uint8(paper)
    # A stroke that runs along the edge is no grain: 48 of 255 is as rough as paper gets.
    ink[ink <= max(min(2 * grain, 48), noise)] = 0
    return ink


def _start(masses: npt.NDArray[np.int64], total: int) -> int:
    """Where rows (or columns) of these masses begin, for their centre to be the field's."""
    centre = float(np.dot(masses, np.arange(len(masses)) + 0.5)) / total
    # Rounded up, which is how every digit of MNIST lies in its field.
    return min(max(math.ceil(FIELD / 2 - centre), 0), FIELD - len(masses))


@lru_cache(maxsize=256)
def _mixture(old: int, new: int) -> npt.NDArray[np.float32]:
    """(new, old) float32, each row the weights of old pixels in one new pixel, summing to 1.

    The triangle is as wide as a new pixel and its neighbours, or when enlarging, as an old one.
    """
    step = old / new
    reach = max(step, 1.0)
    centres = (np.arange(new) + 0.5) * step
    distances = np.abs(np.arange(old) + 0.5 - centres[:, None]) / reach
    weights = np.maximum(0.0, 1.0 - distances)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)
