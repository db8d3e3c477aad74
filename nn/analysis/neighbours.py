"""Which training digits are most like this one: in pixels, or in what the last layer sees of it.

Neighbours in pixels are what a network would have to go by that had learnt nothing; neighbours in
the last hidden layer are what this network takes to be alike. Where the second have another label,
the mistake is explained.

A search is a generator of ever better answers: each is the best of what has been looked at, the
last one is exact. To stop iterating is to stop searching.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.data.dataset import pixel_scale
from nn.network import Network

Array = NDArray[Any]

CHUNK = 2048
"""Rows looked at at a time: some milliseconds' work, and no more memory than a batch takes."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest of the first `done` of `total` rows, the nearest first, the first of equals.

    indices: intp (k,), fewer while there are fewer rows.
    distances: Euclidean, float32 (k,).
    """

    indices: NDArray[np.intp]
    distances: NDArray[np.float32]
    done: int
    total: int

    @property
    def exact(self) -> bool:
        """Have all rows been looked at?"""
        return self.done >= self.total


def nearest_in_pixels(
    image: Array, images: Array, pixel_max: int, k: int = 5
) -> Iterator[Neighbours]:
    """Of images (n, n_pixels) uint8, those nearest to image (n_pixels,); ink counts from 0 to 1."""
    scale = pixel_scale(pixel_max)
    query = image.astype(np.float32) * scale

    def ink(start: int) -> Array:
        rows: Array = images[start : start + CHUNK].astype(np.float32)
        rows *= scale
        return rows

    return _nearest(query, len(images), k, ink)


def nearest_in_hidden(
    network: Network,
    image: Array,
    images: Array,
    pixel_max: int,
    k: int = 5,
    kept: dict[int, Array] | None = None,
) -> Iterator[Neighbours]:
    """The same by what the last layer of `network` sees of them (see `Network.hidden`).

    The network works through all images for that. What it made of them is looked up in `kept` and
    put there, if there is such, so that the next search of the same network and images is as quick
    as one in pixels; it takes n x (width of the last hidden layer) float32.
    """
    scale = pixel_scale(pixel_max)

    def hidden(start: int) -> Array:
        if kept is not None and start in kept:
            return kept[start]
        made = network.hidden(images[start : start + CHUNK].astype(np.float32) * scale)
        if kept is not None:
            made = kept[start] = made.copy()
        return made

    query = network.hidden(image[None].astype(np.float32) * scale)[0].copy()
    return _nearest(query, len(images), k, hidden)


def _nearest(
    query: Array, total: int, k: int, features: Callable[[int], Array]
) -> Iterator[Neighbours]:
    """`features(start)` is what is compared of the rows from `start` on, `CHUNK` at the most."""
    indices, squares = np.empty(0, np.intp), np.empty(0, np.float32)
    if not total:
        yield Neighbours(indices, squares, 0, 0)
    for start in range(0, total, CHUNK):
        # The difference itself, and not |x|^2 - 2 x q + |q|^2: for one query that is no slower, and
        # near the query, where it matters, it would be the difference of two large numbers.
        apart = features(start) - query
        found = np.einsum("ij,ij->i", apart, apart)
        stop = start + len(found)
        indices = np.concatenate((indices, np.arange(start, stop)))
        squares = np.concatenate((squares, found))
        best = np.argsort(squares, kind="stable")[:k]
        indices, squares = indices[best], squares[best]
        yield Neighbours(indices, np.sqrt(squares), stop, total)
