"""Samples of one's own, added to the training digits of a set, and to these alone.

They stand in a NumPy archive (`npz`) with x and y, are of the set's own size and classes, and come
behind the training digits; what a run is judged on stays as it was. A file of samples grows while
runs trained on it are still about, so a run remembers how many it began with, and goes on with just
those.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np

from nn.data.dataset import DataError, Pixels, Progress, Split, fingerprint, shown
from nn.data.npz import read_pairs
from nn.data.pixels import FEW_GREYS

_PLUS = "+"


def with_extra(
    split: Split, place: str, began_with: str = "", progress: Progress | None = None
) -> Split:
    """`split` with the samples of the file `place` behind its training rows.

    The fingerprint of what comes out names the set, how many samples there are, and their content.
    If `began_with` is such a fingerprint, the run that has it is given the samples it had then,
    whatever has been added to the file since.

    Raises DataError if the file cannot be read, if its samples are of another size or of classes
    that the set has not, or are no longer those that the run began with.
    """
    # Not Path.expanduser, which raises RuntimeError for a user that does not exist.
    path = Path(os.path.expanduser(place))  # noqa: PTH111
    images, labels = read_samples(path, progress)
    _check(split, path, images, labels)
    _, _, remembered = began_with.partition(_PLUS)
    if remembered:
        count, _, content = remembered.partition(_PLUS)
        n = int(count) if count.isdigit() else 0
        images, labels = images[:n], labels[:n]
        if len(images) < n or fingerprint(images, labels) != content:
            raise DataError(
                f"The samples in {shown(path)} are not those that the run began with; it can only "
                f"go on with the {n:,} samples it had then."
            )
    rows = scaled(images, split.pixel_max).reshape(len(images), -1)
    train_images = np.concatenate((split.train_images, rows))
    train_labels = np.concatenate((split.train_labels, labels))
    for array in (train_images, train_labels):
        array.flags.writeable = False
    own = _PLUS.join((str(len(images)), fingerprint(images, labels)))
    return dataclasses.replace(
        split,
        train_images=train_images,
        train_labels=train_labels,
        fingerprint=f"{split.fingerprint}{_PLUS}{own}",
    )


def without_extra(fingerprint: str) -> str:
    """The fingerprint of the set itself: of all that a run is judged on."""
    return fingerprint.partition(_PLUS)[0]


def read_samples(path: Path, progress: Progress | None = None) -> tuple[Pixels, Pixels]:
    """Images (n, h, w) uint8 up to 255 and labels (n,) uint8, from an archive with x and y.

    Raises DataError for whatever is wrong with it.
    """
    pairs = read_pairs(path, progress)
    if len(pairs) > 1:
        raise DataError(
            f"{shown(path)} has training and test digits; samples to add are in an archive with "
            "nothing but x and y."
        )
    images, labels = pairs[0]
    largest = int(images.max(initial=0))
    if 0 < largest <= FEW_GREYS:
        images = np.rint(images * (255 / largest)).astype(np.uint8)
    return images, labels


def scaled(images: Pixels, pixel_max: int) -> Pixels:
    """Ink up to 255 as ink up to `pixel_max`, in whole steps."""
    if pixel_max == 255:
        return images
    steps: Pixels = np.rint(images * (pixel_max / 255)).astype(np.uint8)
    return steps


def _check(split: Split, path: Path, images: Pixels, labels: Pixels) -> None:
    (height, width), (h, w) = split.image_shape, images.shape[1:]
    if (h, w) != (height, width):
        raise DataError(
            f"The samples in {shown(path)} are {h}x{w} pixels, but the digits of "
            f"{shown(split.dataset_name)} are {height}x{width}; they must be of one size."
        )
    largest = int(labels.max())
    if largest >= len(split.class_names):
        raise DataError(
            f"{shown(path)} has a sample labelled {largest}, but {shown(split.dataset_name)} has "
            f"only {len(split.class_names)} classes, so labels go from 0 to "
            f"{len(split.class_names) - 1}."
        )
