"""Numbers of any kind made into the bytes of a `Dataset`, and labels into classes.

Files of digits hold bytes, wide integers or floats; whole numbers from 0 to 255 or shares of 1;
images as (n, h, w) or flattened to rows. All of them come through here, and what cannot be grey
images with labels is refused.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from nn.data.dataset import DataError, Dataset, Pixels, make_dataset
from nn.sources import printable_name

MOST_CLASSES = 256
LONGEST_CLASS_NAME = 40
FEW_GREYS = 16
"""The largest pixel of scikit-learn's digits. A set that goes no further is not a dark one: its
largest pixel is full ink."""

_BLOCK = 1 << 22


def as_images(values: npt.NDArray[Any], where: str) -> Pixels:
    """(n, h, w) uint8 from (n, h, w), (n, h, w, 1) or (n, h*w) of any real type.

    Floats that are all between 0 and 1, and not all whole, are shares of 255. Raises DataError,
    beginning with `where`, for any other shape and for pixels that are not whole numbers from 0 to
    255.
    """
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if values.ndim == 2:
        side = math.isqrt(values.shape[1])
        if side * side != values.shape[1] or side == 0:
            raise DataError(
                f"{where} has rows of {values.shape[1]} pixels, which is not a square number; "
                "images must be square (784 for 28x28), or of shape (n, height, width)."
            )
        values = values.reshape(len(values), side, side)
    if values.ndim != 3:
        raise DataError(
            f"{where} has the shape {values.shape}; grey images must be (n, height, width), or "
            "(n, pixels)."
        )
    if values.size == 0:
        raise DataError(f"{where} holds no images (shape {values.shape}).")
    if values.dtype == np.uint8:
        return values
    scale = 255.0 if _are_shares(values) else 1.0
    images = np.empty(values.shape, np.uint8)
    for start, stop in _blocks(values):
        images[start:stop] = _whole(values[start:stop], scale, where, "pixel")
    return images


def as_labels(values: npt.NDArray[Any], where: str) -> Pixels:
    """(n,) uint8 from (n,) or (n, 1) whole numbers from 0 to 255; DataError for anything else."""
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(
            f"{where} has the shape {values.shape}; labels must be one number per image, (n,)."
        )
    if values.dtype == np.uint8:
        return values
    return _whole(values, 1.0, where, "label")


def numbered_classes(labels: Pixels, where: str) -> tuple[str, ...]:
    """The names 0, 1, ... up to the largest label; DataError unless two classes occur at least."""
    if len(labels) == 0:
        raise DataError(f"{where} holds no labels.")
    if labels.min() == labels.max():
        raise DataError(
            f"{where} has only one class (every label is {int(labels[0])}); there is nothing to "
            "tell apart."
        )
    return tuple(map(str, range(int(labels.max()) + 1)))


def named_classes(names: list[str], where: str) -> tuple[str, ...]:
    """Class names fit for a screen; DataError unless they are 2 to 256."""
    if len(names) < 2:
        only = f" ({_class_name(names[0])!r})" if names else ""
        raise DataError(
            f"{where} has only {len(names)} class{'' if len(names) == 1 else 'es'}{only}; "
            "there must be 2 at least."
        )
    if len(names) > MOST_CLASSES:
        raise DataError(f"{where} has {len(names):,} classes; {MOST_CLASSES} is the most.")
    return tuple(_class_name(name) for name in names)


def own_dataset(
    name: str,
    images: Pixels,
    labels: Pixels,
    where: str,
    *,
    class_names: tuple[str, ...] | None = None,
    n_official_train: int | None = None,
) -> Dataset:
    """`make_dataset` for digits of unknown origin: numbered classes unless there are names, and
    the largest pixel found out."""
    largest = int(images.max(initial=0))
    return make_dataset(
        name,
        images,
        labels,
        class_names=class_names or numbered_classes(labels, where),
        pixel_max=largest if 0 < largest <= FEW_GREYS else 255,
        n_official_train=n_official_train,
    )


def _class_name(text: str) -> str:
    clean = printable_name(text) or "?"
    return clean if len(clean) <= LONGEST_CLASS_NAME else clean[: LONGEST_CLASS_NAME - 3] + "..."


def _blocks(values: npt.NDArray[Any]) -> list[tuple[int, int]]:
    """Stretches of rows of about 4 million numbers: no second copy of a large set as floats."""
    rows = max(1, _BLOCK // max(1, math.prod(values.shape[1:])))
    return [(start, min(start + rows, len(values))) for start in range(0, len(values), rows)]


def _are_shares(values: npt.NDArray[Any]) -> bool:
    if values.dtype.kind != "f":
        return False
    blocks = [values[start:stop] for start, stop in _blocks(values)]
    return all(block.min() >= 0 and block.max() <= 1 for block in blocks) and any(
        bool((block != np.rint(block)).any()) for block in blocks
    )


def _whole(values: npt.NDArray[Any], scale: float, where: str, what: str) -> Pixels:
    if values.dtype.kind not in "buif":
        raise DataError(f"{where} holds {values.dtype} where a {what} must be a number.")
    numbers = values.astype(np.float64) * scale
    if scale != 1.0:
        numbers = np.rint(numbers)
    good = (numbers >= 0) & (numbers <= 255) & (numbers == np.floor(numbers))
    if not good.all():
        bad = float(numbers[~good].flat[0])
        raise DataError(
            f"{where} has the {what} {bad:.6g}; each must be a whole number from 0 to 255"
            + (", or all of them from 0 to 1." if what == "pixel" else ".")
        )
    return numbers.astype(np.uint8)
