"""New digits from old ones: moved, turned, stretched, slanted and bent a little.

A 7 that is two pixels to the left is still a 7. A network of dense layers cannot know that, for to
it every pixel is a number of its own; it has to be shown. So each time a digit comes up in training
it is drawn anew in a slightly different hand (Simard, Steinkraus and Platt 2003; Ciresan et al.
2010 went to 99.65% on MNIST with plain dense layers this way).

Looking back. For every pixel p of the new image we ask where in the old one it comes from, so that
none is left without an answer:

    q(p) = M (p - c - t) + c + d(p)

c is the centre of the image and t the shift. M is the inverse of the map that stretches, then
slants, then turns, all about the centre. d is the elastic displacement: smooth, and random.

Bilinear sampling. q seldom falls on a pixel. With y0, x0 the whole parts of its coordinates and
fy, fx the rest, the new pixel is the weighted mean of the four around q:

    top    = old[y0,     x0] + fx (old[y0,     x0 + 1] - old[y0,     x0])
    bottom = old[y0 + 1, x0] + fx (old[y0 + 1, x0 + 1] - old[y0 + 1, x0])
    new[p] = top + fy (bottom - top)

Outside the old image everything is background, 0.

Simard's fields. The paper draws a number between -1 and 1 for every pixel, blurs them all with a
Gaussian of width sigma and multiplies by alpha, once for y and once for x. What is so smooth can
be written with far fewer numbers: Gaussian bumps of width sigma, one every 1.25 sigma each way, and
for each a random weight w[i, j] of mean 0 and variance 1,

    d(y, x) = elastic * sum over i, j of B[y, i] w[i, j] B[x, j]
    B[x, j] = exp(-(x - x_j)^2 / (2 sigma^2)) / a number of its own for each x

where that number makes every row of B a vector of length 1, so that `elastic` is the standard
deviation of d, in pixels, at every pixel. Two pixels at a distance r move alike with correlation
exp(-r^2 / (4 sigma^2)), as in the paper, whose alpha is sqrt(12 pi) sigma elastic: an elastic of 1
with a sigma of 4 is an alpha of 25.

One product for all. The rest of q is of the same form, with columns 1 and x - c beside the bumps:

    q = Y C X^T     Y = [1, y - c, B]     C = [[c - M t,  M_x,  0        ],
                    X = [1, x - c, B]          [M_y,      0,    0        ],
                                               [0,        0,    elastic w]]

with one C for the y of q and one for its x, M_y and M_x being the entries of M that multiply y and
x there. So two small matrices say where all pixels of an image come from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.data.dataset import pixel_scale

Array = NDArray[Any]

_PIXELS_AT_ONCE = 25_000
"""Images go through in groups of about this many pixels, whose work arrays stay in the cache."""

_SPACING = 1.25
"""Between two bumps, in sigmas."""

_REACH = 1.0
"""How far outside the image there are bumps, in sigmas. With these two, the correlation of any two
pixels is within 0.006 of what it should be."""

LARGEST_SCALE = 0.9
"""By no strength does a digit shrink to nothing."""


@dataclass(frozen=True)
class Amounts:
    """How much a digit may change; all zero means not at all.

    Each image draws its own: every number uniformly between minus and plus the amount.

    shift: pixels, down and to the right, independent of each other
    rotation: degrees
    scale: the zoom is 1 + a number up to this, independent in height and width; below 1
    shear: the slant, pixels to the side for each pixel up; 0.1 is a lean of 6 degrees
    elastic: standard deviation of each pixel's displacement in y and in x, in pixels
    elastic_sigma: how smooth that displacement is, in pixels: parts less than this apart move alike

    Raises:
        ValueError: an amount is negative or not a number, scale is not below 1, elastic_sigma is
            below half a pixel.
    """

    shift: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    elastic_sigma: float = 4.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"The amount of {field.name} must be 0 or more, not {value!r}.")
        if self.scale >= 1:
            raise ValueError(f"The amount of scale must be below 1, not {self.scale!r}.")
        if self.elastic_sigma < 0.5:
            raise ValueError(f"elastic_sigma must be 0.5 or more, not {self.elastic_sigma!r}.")

    def times(self, strength: float) -> Amounts:
        """All amounts, but not the smoothness, multiplied by `strength`."""
        return replace(
            self,
            shift=self.shift * strength,
            rotation=self.rotation * strength,
            scale=min(self.scale * strength, LARGEST_SCALE),
            shear=self.shear * strength,
            elastic=self.elastic * strength,
        )

    def any(self) -> bool:
        """Whether anything at all happens."""
        return any((self.shift, self.rotation, self.scale, self.shear, self.elastic))


def draw_maps(n: int, amounts: Amounts, rng: np.random.Generator) -> tuple[Array, Array]:
    """M (n, 2, 2) and t (n, 2) for n images, float64, y before x.

    Six numbers are drawn for each image, whatever the amounts: the same generator with twice the
    amounts gives the same images, changed twice as much.
    """
    u = rng.uniform(-1, 1, (6, n))
    angle = np.radians(amounts.rotation) * u[2]
    zoom_y, zoom_x = 1 + amounts.scale * u[3:5]
    slant = amounts.shear * u[5]
    cos, sin = np.cos(angle), np.sin(angle)
    # Back: turn by minus the angle, then x <- x + slant y (y points down), then divide by the zoom.
    maps = np.empty((n, 2, 2))
    maps[:, 0, 0] = cos / zoom_y
    maps[:, 0, 1] = sin / zoom_y
    maps[:, 1, 0] = (slant * cos - sin) / zoom_x
    maps[:, 1, 1] = (slant * sin + cos) / zoom_x
    return maps, amounts.shift * u[:2].T


class Augmenter:
    """Images in rows, changed at random: (n, height * width) -> the same shape, between 0 and 1.

    The result is a function of rows, amounts and the generator's state alone. The work arrays are
    the instance's own, so an instance belongs to one thread.
    """

    def __init__(
        self,
        image_shape: tuple[int, int],
        pixel_max: int,
        most: int,
        dtype: DTypeLike = np.float32,
    ) -> None:
        """`most` is the size of the largest batch that will be asked for."""
        self.height, self.width = height, width = image_shape
        self.most = most
        self.dtype = np.dtype(dtype)
        self._scale = pixel_scale(pixel_max, dtype)
        self._group = group = max(1, min(most, _PIXELS_AT_ONCE // (height * width)))

        # Old images within a frame of background, one pixel wide.
        self._framed = np.zeros((group, height + 2, width + 2), dtype)
        self._frame_end = np.array([height + 1, width + 1], dtype).reshape(2, 1, 1, 1)
        self._first = np.arange(group, dtype=dtype).reshape(-1, 1, 1)
        self._first *= (height + 2) * (width + 2)

        self._where = np.empty((2, group, height, width), dtype)
        self._whole = np.empty_like(self._where)
        self._index = np.empty((group, height, width), np.intp)
        self._corners = np.empty((4, group, height, width), dtype)
        self._prepare(Amounts().elastic_sigma)

    def __call__(self, rows: Array, amounts: Amounts, rng: np.random.Generator, out: Array) -> None:
        """Write `rows` (n, height * width), pixels from 0 to pixel_max, changed, into `out`.

        Raises:
            ValueError: there are more rows than `most`.
        """
        if not amounts.any():
            np.multiply(rows, self._scale, out=out)
            return
        c = self._draw(len(rows), amounts, rng)
        shape = len(rows), self.height, self.width
        images, new = rows.reshape(shape), out.reshape(shape, copy=False)
        for start in range(0, len(rows), self._group):
            group = slice(start, start + self._group)
            self._sample(images[group], self._look_back(c[:, group]), new[group])

    def coordinates(self, n: int, amounts: Amounts, rng: np.random.Generator) -> Array:
        """Where the pixels of n images come from: (2, n, height, width), y and x in pixels.

        What a call with the same n, amounts and state of the generator would use; a new array.
        """
        c = self._draw(n, amounts, rng)
        groups = [
            self._look_back(c[:, start : start + self._group]).copy()
            for start in range(0, n, self._group)
        ]
        return np.concatenate(groups, axis=1) - 1

    def _prepare(self, sigma: float) -> None:
        """The matrices that depend on sigma: Y, X^T, and room for C, w and the product C X^T."""
        self._sigma = sigma
        self._y = _columns(self.height, sigma, self.dtype)
        self._x_t = np.ascontiguousarray(_columns(self.width, sigma, self.dtype).T)
        ky, kx = self._y.shape[1], self._x_t.shape[0]
        self._c = np.zeros((2, self.most, ky, kx), self.dtype)
        self._weights = np.empty((2, self.most, ky - 2, kx - 2), self.dtype)
        self._half = np.empty((2, self._group, ky, self.width), self.dtype)

    def _draw(self, n: int, amounts: Amounts, rng: np.random.Generator) -> Array:
        """C for n images, (2, n, 2, 2), or with the weights of the bumps below and beside."""
        if n > self.most:
            raise ValueError(f"{n} rows, where at most {self.most} were promised.")
        if amounts.elastic_sigma != self._sigma:
            self._prepare(amounts.elastic_sigma)
        c = self._c[:, :n]
        maps, shifts = draw_maps(n, amounts, rng)
        centre = (self.height - 1) / 2, (self.width - 1) / 2
        # Plus 1 for the frame: these are places within the framed image.
        c[:, :, 0, 0] = (centre - np.einsum("nij,nj->ni", maps, shifts) + 1).T
        c[:, :, 1, 0] = maps[:, :, 0].T
        c[:, :, 0, 1] = maps[:, :, 1].T
        if not amounts.elastic:
            return c[:, :, :2, :2]
        weights = self._weights.reshape(-1)[: self._weights[:, :n].size]
        rng.random(dtype=self.dtype, out=weights)  # type: ignore[arg-type]
        # Uniform between -sqrt(3) and sqrt(3): variance 1.
        weights -= 0.5
        weights *= 2 * math.sqrt(3) * amounts.elastic
        c[:, :, 2:, 2:] = weights.reshape(c[:, :, 2:, 2:].shape)
        return c

    def _look_back(self, c: Array) -> Array:
        """q = Y C X^T within the frame, (2, n, height, width); valid until the next call."""
        n, ky, kx = c.shape[1:]
        half = np.matmul(c, self._x_t[:kx], out=self._half[:, :n, :ky])
        return np.matmul(self._y[:, :ky], half, out=self._where[:, :n])

    def _sample(self, images: Array, where: Array, out: Array) -> None:
        """Write into `out` (n, height, width) the pixels of `images` that lie at `where`.

        Writes over `where`. All images lie in one flat array, frames and all, in which the
        neighbours of a pixel are 1, a row, and a row and 1 further on. Who looks past the frame
        sees the frame.
        """
        n = len(images)
        np.multiply(images, self._scale, out=self._framed[:n, 1:-1, 1:-1])
        flat, row = self._framed.reshape(-1), self.width + 2

        np.clip(where, 0, self._frame_end, out=where)
        whole = np.floor(where, out=self._whole[:, :n])
        where -= whole
        fy, fx = where
        # Floats count exactly up to 2^24, and with them arithmetic is several times faster.
        whole[0] *= row
        whole[0] += whole[1]
        whole[0] += self._first[:n]
        index = self._index[:n]
        np.copyto(index, whole[0], casting="unsafe")

        # "clip" spares numpy a second buffer. It acts on the last pixel of the last frame only,
        # whose neighbours, past the end, have no weight.
        top, top_right, bottom, bottom_right = self._corners[:, :n]
        np.take(flat, index, out=top, mode="clip")
        np.take(flat[1:], index, out=top_right, mode="clip")
        np.take(flat[row:], index, out=bottom, mode="clip")
        np.take(flat[row + 1 :], index, out=bottom_right, mode="clip")
        _blend(top, top_right, fx, top)
        _blend(bottom, bottom_right, fx, bottom)
        _blend(top, bottom, fy, out)


def _blend(a: Array, b: Array, share: Array, out: Array) -> None:
    """out = a + share (b - a), by way of `b`."""
    b -= a
    b *= share
    np.add(a, b, out=out)


def _columns(length: int, sigma: float, dtype: np.dtype[Any]) -> Array:
    """[1, x - c, B] for one axis: (length, 2 + the number of bumps)."""
    x = np.arange(length)
    half = (length - 1) / 2 + _REACH * sigma
    bumps = 1 + math.ceil(2 * half / (_SPACING * sigma))
    places = (length - 1) / 2 + _SPACING * sigma * (np.arange(bumps) - (bumps - 1) / 2)
    b = np.exp(-((x[:, None] - places) ** 2) / (2 * sigma**2))
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    return np.column_stack([np.ones(length), x - (length - 1) / 2, b]).astype(dtype)
