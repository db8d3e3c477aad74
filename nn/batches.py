"""Digits gathered into mini-batches.

Images stay as they came, one byte a pixel, and become numbers between 0 and 1 only as a batch is
gathered: 60,000 digits are 47 MB this way, and 376 as floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.buffers import zeros
from nn.data.dataset import pixel_scale

Array = NDArray[Any]
Labels = NDArray[Any]


class Batches:
    """Rows of images (n_samples, n_features), uint8 or float32, with their labels, by index."""

    def __init__(
        self,
        images: Array,
        labels: Labels,
        pixel_max: int,
        most: int,
        dtype: DTypeLike = np.float32,
    ) -> None:
        """`most` is the size of the largest batch that will be asked for."""
        self.images = images
        self.labels = labels
        self._scale = pixel_scale(pixel_max, dtype)
        self._rows = zeros((most, images.shape[1]), images.dtype)
        self._x = zeros((most, images.shape[1]), dtype)

    def __len__(self) -> int:
        return len(self.images)

    def gather(self, indices: NDArray[np.intp]) -> tuple[Array, Labels]:
        """x (n, n_features) in 0..1, valid until the next call, and labels (n,), for these rows."""
        rows = self._rows[: len(indices)]
        # "clip" spares numpy a second buffer; every index comes from a permutation of the rows.
        np.take(self.images, indices, axis=0, out=rows, mode="clip")
        return self._scaled(rows), self.labels.take(indices)

    def stretch(self, start: int, stop: int) -> tuple[Array, Labels]:
        """The same for the rows from `start` to `stop`, in order."""
        return self._scaled(self.images[start:stop]), self.labels[start:stop]

    def _scaled(self, rows: Array) -> Array:
        x = self._x[: len(rows)]
        # Two passes: NumPy multiplies bytes by a float piece by piece, through a buffer.
        np.copyto(x, rows)
        x *= self._scale
        return x
