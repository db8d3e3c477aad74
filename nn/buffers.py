"""Memory that is taken once, and begins where a processor likes it to.

What a step computes is written over what the step before has left, in arrays made once per batch
size: to ask for new ones each time takes longer than some of the layers do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]

CACHE_LINE = 64
"""Bytes that a processor fetches at once, and as many as its widest registers hold."""

STRETCH = 131_072
"""Numbers of long vectors that are worked on at a time."""


def stretches(size: int) -> Iterator[slice]:
    """Where to work on a vector of `size` numbers, in order.

    Several operations on millions of numbers, each on all of them, fetch them from the memory
    every time; on a stretch at a time they find them in the processor's cache.
    """
    for start in range(0, size, STRETCH):
        yield slice(start, min(start + STRETCH, size))


def zeros(shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
    """As `np.zeros`, beginning with a cache line.

    Large arrays of NumPy's own begin 16 bytes into one, so that every register that is loaded takes
    two lines: products of matrices and the steps of optimisers lose a tenth of their time to that.
    """
    size = math.prod(shape) if isinstance(shape, tuple) else shape
    n_bytes = size * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + CACHE_LINE, np.uint8)
    start = -room.__array_interface__["data"][0] % CACHE_LINE
    return room[start : start + n_bytes].view(dtype).reshape(shape)


class Buffers:
    """Work arrays of (n, width), made the first time a batch size n is seen.

    A run knows few sizes: the batch, the shorter last batch, the evaluation's chunk and its rest.
    What is in a new array is `fill`; what is in one seen before is whatever was left there.
    """

    _MOST = 8

    def __init__(self, width: int, dtype: DTypeLike, fill: float = 0) -> None:
        self._width = width
        self._dtype = np.dtype(dtype)
        self._fill = fill
        self._arrays: dict[int, Array] = {}

    def __call__(self, n: int) -> Array:
        array = self._arrays.get(n)
        if array is None:
            if len(self._arrays) >= self._MOST:
                self._arrays.clear()
            array = self._arrays[n] = zeros((n, self._width), self._dtype)
            array[...] = self._fill
        return array
