"""A sheet to draw on: pixels, a round pen and a round eraser, and what can be undone.

Places are in pixels, (x, y) from the top left corner of the sheet; the middle of its first pixel is
at (0.5, 0.5). The edge of a stroke is grey, as that of a digit that was scanned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nn.data.centre import resized
from nn.data.dataset import Pixels

Point = tuple[float, float]

USUAL_SIDE = 28
LARGEST_SIDE = 40
"""Pixels of a sheet's longer side: as many as MNIST has where a multiple of the set's own come to
about that, and no more than fit on a screen."""

BRUSHES = (0.55, 1.0, 1.7)
"""Radii in pixels of a sheet of 28; a stroke of MNIST is about 2 wide."""

MOST_UNDONE = 200


def sheet_shape(image_shape: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a sheet for images of this size: as they are, smaller ones a whole number
    of times as fine (8x8 are drawn as 24x24), larger ones as coarse as need be."""
    longer = max(image_shape)
    if longer > LARGEST_SIDE:
        part = -(-longer // LARGEST_SIDE)
        height, width = (max(1, side // part) for side in image_shape)
        return height, width
    times = max(1, USUAL_SIDE // longer)
    return image_shape[0] * times, image_shape[1] * times


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is on the sheet, (height, width) uint8, and what was on it before each change, the
    oldest first. Nothing in it is ever written to: a change is another drawing."""

    ink: Pixels
    before: tuple[Pixels, ...] = ()

    @classmethod
    def blank(cls, shape: tuple[int, int]) -> Drawing:
        return cls(np.zeros(shape, np.uint8))

    @property
    def shape(self) -> tuple[int, int]:
        return self.ink.shape[0], self.ink.shape[1]

    @property
    def is_blank(self) -> bool:
        return not self.ink.any()

    def stroked(self, start: Point, end: Point, brush: int, *, erase: bool = False) -> Drawing:
        """A straight stroke with one of the `BRUSHES`, or a dot where it ends where it starts. It
        goes with the stroke before: `noted` says where one begins that is undone by itself."""
        radius = BRUSHES[brush] * max(self.shape) / USUAL_SIDE
        if erase:
            # So much larger that of the same stroke not even the grey edge is left.
            covered = _covered(self.shape, start, end, radius + 1)
            return Drawing(np.minimum(self.ink, 255 - covered), self.before)
        return Drawing(np.maximum(self.ink, _covered(self.shape, start, end, radius)), self.before)

    def noted(self) -> Drawing:
        """The same; `undone` will come back to it."""
        return Drawing(self.ink, (*self.before, self.ink)[-MOST_UNDONE:])

    def replaced(self, ink: Pixels) -> Drawing:
        """Something else on the sheet, of which nothing is drawn yet."""
        return Drawing(ink, self.noted().before)

    def cleared(self) -> Drawing:
        return self if self.is_blank else self.replaced(np.zeros(self.shape, np.uint8))

    def undone(self) -> Drawing:
        """What was there before the last change that made one."""
        before = list(self.before)
        while before:
            ink = before.pop()
            if not np.array_equal(ink, self.ink):
                return Drawing(ink, tuple(before))
        return Drawing(self.ink)

    def on_sheet(self, shape: tuple[int, int]) -> Drawing:
        """The same drawing on a sheet of another size."""
        if shape == self.shape:
            return self
        return Drawing(fitted(self.ink, shape), tuple(fitted(ink, shape) for ink in self.before))


def fitted(ink: Pixels, shape: tuple[int, int]) -> Pixels:
    """Ink of any size on a sheet of this one: scaled until it fits, its proportions kept, and put
    in the middle. As it is, if it has the size already."""
    (height, width), (h, w) = shape, ink.shape
    scale = min(height / h, width / w)
    small = resized(ink, max(1, round(h * scale)), max(1, round(w * scale)))
    sheet = np.zeros(shape, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    return sheet


def _covered(shape: tuple[int, int], start: Point, end: Point, radius: float) -> Pixels:
    """How much of each pixel a pen of this radius covers on its way, as ink."""
    y, x = np.indices(shape, np.float64) + 0.5
    along, down = end[0] - start[0], end[1] - start[1]
    length = along * along + down * down
    # How far along the way the nearest point lies: 0 is its start, 1 its end.
    way: npt.NDArray[np.float64] = np.zeros(shape)
    if length:
        way = np.clip(((x - start[0]) * along + (y - start[1]) * down) / length, 0, 1)
    distance = np.hypot(x - start[0] - way * along, y - start[1] - way * down)
    covered: Pixels = np.rint(np.clip(radius + 0.5 - distance, 0, 1) * 255).astype(np.uint8)
    return covered
