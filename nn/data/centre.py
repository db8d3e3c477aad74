"""A drawing of any size put into a field, the way the digits of MNIST were.

LeCun, Bottou, Bengio and Haffner (1998), "Gradient-Based Learning Applied to Document Recognition",
section III: the digit is scaled to fit a box of 20x20 pixels, its proportions kept and its edges
grey from the anti-aliasing, and then moved so that its centre of mass lies in the middle of a field
of 28x28. A network that learnt MNIST has seen nothing that is not so, and reads what is. Other sets
have other fields and boxes, which `frame_of` measures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nn.data.dataset import Pixels, Split

FIELD = 28
BOX = 20

MEASURED = 2000
"""Digits that are enough to know how all of a set lie."""


@dataclass(frozen=True)
class Frame:
    """How the digits of a set lie in their images.

    Attributes:
        height: of the field, in pixels.
        width: likewise.
        box: pixels of the longer side that ink is scaled to; never beyond the field.
        by_mass: the centre of mass is in the field's middle; if not, that of the ink's outline.
        fine: the digit is put into a field of so many times as many pixels each way, and blocks of
            them are averaged. (Where a digit has eight pixels, half of one is a long way. The 8x8
            digits were made so too: of 32x32, by counting the ink in blocks of 4x4.)
    """

    height: int = FIELD
    width: int = FIELD
    box: int = BOX
    by_mass: bool = True
    fine: int = 1

    def centred(self, grey: Pixels) -> Pixels:
        """The ink of `grey` (h, w) uint8, bright on 0, in its place: (height, width) uint8.

        What is above 0 counts as ink. An image without ink gives an empty field.
        """
        rows, columns = np.flatnonzero(grey.any(axis=1)), np.flatnonzero(grey.any(axis=0))
        field = np.zeros((self.height * self.fine, self.width * self.fine), np.uint8)
        if len(rows):
            ink = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            (h, w), (most_high, most_wide) = ink.shape, field.shape
            scale = min(self.box * self.fine / max(h, w), most_high / h, most_wide / w)
            small = resized(ink, max(1, round(h * scale)), max(1, round(w * scale)))
            height, width = small.shape
            # Ink so thin that it rounds to nothing has no centre.
            if small.any():
                top = self._start(small.sum(axis=1, dtype=np.int64), most_high)
                left = self._start(small.sum(axis=0, dtype=np.int64), most_wide)
                field[top : top + height, left : left + width] = small
        return field if self.fine == 1 else block_means(field, self.fine)

    def _start(self, masses: npt.NDArray[np.int64], field: int) -> int:
        """Where rows (or columns) of these masses begin, for their centre to be the field's."""
        centre = len(masses) / 2
        if self.by_mass:
            centre = float(np.dot(masses, np.arange(len(masses)) + 0.5)) / int(masses.sum())
        # Rounded up, which is how every digit of MNIST lies in its field.
        return min(max(math.ceil(field / 2 - centre), 0), field - len(masses))


MNIST = Frame()


def centred(grey: Pixels) -> Pixels:
    """The ink of `grey` (h, w) uint8 where MNIST would have it: (28, 28) uint8."""
    return MNIST.centred(grey)


def frame_of(split: Split) -> Frame:
    """How the training digits of a set lie: MNIST's in 20 of 28 pixels, scikit-learn's in all 8 of
    8, Fashion-MNIST's in all 28 and by their outline.

    The box is the median of their longer sides. What keeps still while the rest varies is what they
    were centred by: the outline, if its middle strays less than half as far as the mass does, along
    the shorter side, which is free to lie anywhere.
    """
    height, width = split.image_shape
    images = np.asarray(split.train_images[:: max(1, len(split.train_images) // MEASURED)])
    images = images.reshape(-1, height, width)
    images = images[images.any(axis=(1, 2))]
    fine = max(1, -(-FIELD // max(height, width)))
    if not len(images):
        return Frame(height, width, max(height, width), fine=fine)
    ways = [
        _Lie.of(images.sum(axis=2, dtype=np.int64)),
        _Lie.of(images.sum(axis=1, dtype=np.int64)),
    ]
    longer = np.maximum(ways[0].extent, ways[1].extent)
    free = min(ways, key=lambda way: float(way.extent.mean()))
    by_mass = float(free.middle.std()) >= float(free.mass.std()) / 2
    return Frame(height, width, int(np.median(longer)), by_mass, fine)


@dataclass(frozen=True)
class _Lie:
    """How images lie along one of their sides, each (n,): from the first ink to the last, the
    middle of that, and the centre of mass."""

    extent: npt.NDArray[np.intp]
    middle: npt.NDArray[np.float64]
    mass: npt.NDArray[np.float64]

    @classmethod
    def of(cls, masses: npt.NDArray[np.int64]) -> _Lie:
        """From the ink in every row (or column): (n, length), none without ink."""
        inked = masses > 0
        first, last = inked.argmax(axis=1), masses.shape[1] - inked[:, ::-1].argmax(axis=1)
        centres = (masses @ (np.arange(masses.shape[1]) + 0.5)) / masses.sum(axis=1)
        return cls(last - first, (first + last) / 2, centres)


def block_means(grey: Pixels, side: int) -> Pixels:
    """`grey` (h * side, w * side) uint8 as the means of its blocks, (h, w) uint8."""
    height, width = (length // side for length in grey.shape)
    means: npt.NDArray[np.float64] = grey.reshape(height, side, width, side).mean(axis=(1, 3))
    return np.rint(means).astype(np.uint8)


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
