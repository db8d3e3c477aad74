"""What a data set is, and how it is divided into training and test rows.

Every reader (IDX files, the bundled digits, the cache) hands back the same frozen `Dataset`, made
by `make_dataset`, which is where the promises of the fields are checked; everything behind this
room can then rely on them. `split` divides one into the rows to learn from and the rows to be
judged on. Nothing here touches a disk or a network.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Rows = npt.NDArray[Any]  # Of uint8 or float32.
Labels = npt.NDArray[Any]  # Of uint8 or intp.

OFFICIAL = "official"
DEFAULT_FRACTION = "0.2"

_LONGEST_SHOWN = 200
_SEED_LIMIT = 2**32


class DataError(Exception):
    """Data that cannot be used; `str()` is one sentence for a person, never a traceback."""


class Progress(Protocol):
    """Told how far a long step has come; called from the thread that loads.

    While `what` stays the same `done` never decreases; `total` is None where it is not known.
    Whatever this raises cancels the work and reaches the caller of `load` unchanged.
    """

    def __call__(self, what: str, done: int, total: int | None) -> None: ...


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled grey images, training rows first and official test rows after them.

    `images` is (n, h, w) uint8, C-contiguous, read-only, 0 for background up to `pixel_max`;
    `labels` is (n,) uint8, read-only, each below `len(class_names)`. Both may be memory-mapped.
    `n_official_train` is the number of training rows of the official split, None where the set
    has none. `fingerprint` names the content: see `fingerprint`.
    """

    name: str
    images: Pixels
    labels: Pixels
    class_names: tuple[str, ...]
    pixel_max: int
    n_official_train: int | None
    fingerprint: str


@dataclass(frozen=True, eq=False)
class Split:
    """A data set divided in two, every image as one row.

    `train_images` (n_train, h*w) and `test_images` (n_test, h*w) are uint8 with C-contiguous rows,
    `train_labels` and `test_labels` (n_train,) and (n_test,) uint8. All arrays are read-only.
    (Numbers that never were pixels, such as `estimator`'s, may be float32, their labels intp.)
    `test_indices` (n_test,) int64 holds the place of each test row in the whole data set.
    """

    train_images: Rows
    train_labels: Labels
    test_images: Rows
    test_labels: Labels
    test_indices: npt.NDArray[np.int64]
    image_shape: tuple[int, int]
    pixel_max: int
    class_names: tuple[str, ...]
    dataset_name: str
    fingerprint: str


def pixel_scale(pixel_max: int, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
    """What pixels up to `pixel_max` are multiplied with, to be numbers up to 1: one number () of
    the `dtype` that they become."""
    return np.asarray(1 / pixel_max, dtype)


def shown(value: object) -> str:
    """`value` (a name or a path from outside) quoted, without control characters, and not long."""
    text = repr(str(value))
    if len(text) <= _LONGEST_SHOWN:
        return text
    half = (_LONGEST_SHOWN - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def fingerprint(images: Pixels, labels: Pixels) -> str:
    """SHA-256, in hex, over the shape of `images` (n, h, w), its bytes and those of `labels` (n,).

    It depends on the decoded content alone: not on the name, the compression or the origin.
    """
    digest = hashlib.sha256("x".join(map(str, images.shape)).encode() + b"\n")
    digest.update(np.ascontiguousarray(images).data)
    digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()


def make_dataset(
    name: str,
    images: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    *,
    class_names: tuple[str, ...],
    pixel_max: int = 255,
    n_official_train: int | None = None,
    known_fingerprint: str | None = None,
) -> Dataset:
    """A `Dataset` from `images` (n, h, w) uint8 and `labels` (n,) uint8, checked.

    The arrays become read-only views; they are copied only if they are not C-contiguous.
    `known_fingerprint` saves computing it where a trusted copy is at hand. Raises DataError if
    there are no images, if the counts differ, or if a label or a pixel is out of range.
    """
    if images.ndim != 3 or images.dtype != np.uint8 or labels.ndim != 1 or labels.dtype != np.uint8:
        raise DataError(
            f"The data set {shown(name)} needs images (n, h, w) and labels (n,), both of unsigned "
            f"bytes, but has {images.dtype} {images.shape} and {labels.dtype} {labels.shape}."
        )
    if images.size == 0:
        raise DataError(f"The data set {shown(name)} holds no images (shape {images.shape}).")
    if len(images) != len(labels):
        raise DataError(
            f"The data set {shown(name)} has {len(images)} images but {len(labels)} labels; "
            "each image needs one label."
        )
    largest = int(labels.max())
    if largest >= len(class_names):
        raise DataError(
            f"The data set {shown(name)} has the label {largest} (row {int(labels.argmax())}), "
            f"but only {len(class_names)} classes, so labels go from 0 to {len(class_names) - 1}."
        )
    # A byte cannot exceed 255, so the whole of a large memory map need not be read to know it.
    if pixel_max < 255 and int(images.max()) > pixel_max:
        raise DataError(
            f"The data set {shown(name)} has a pixel of {int(images.max())}, "
            f"but its pixels go from 0 to {pixel_max}."
        )
    images, labels = _frozen(images), _frozen(labels)
    return Dataset(
        name=name,
        images=images,
        labels=labels,
        class_names=class_names,
        pixel_max=pixel_max,
        n_official_train=n_official_train,
        fingerprint=known_fingerprint or fingerprint(images, labels),
    )


def default_split(dataset: Dataset) -> str:
    """The split to use when none was asked for: "official" where there is one, else "0.2"."""
    return DEFAULT_FRACTION if dataset.n_official_train is None else OFFICIAL


def split(dataset: Dataset, how: str, seed: int) -> Split:
    """Divide `dataset` into training and test rows.

    `how` is "official" (the rows as published; views, nothing is copied, `seed` is not used), or
    the test fraction as text, such as "0.2" (copies). A fraction gives the rows and the order of
    scikit-learn's `train_test_split(images, labels, test_size=fraction, random_state=seed)`.
    Raises DataError if `how` is neither, if the set has no official split, if a side would be
    empty, or if `seed` is not in 0 .. 2**32 - 1.
    """
    n, height, width = dataset.images.shape
    rows = dataset.images.reshape(n, height * width)
    labels = dataset.labels
    if how == OFFICIAL:
        n_train = _official_count(dataset)
        train_images, train_labels = rows[:n_train], labels[:n_train]
        test_images, test_labels = rows[n_train:], labels[n_train:]
        test_indices = np.arange(n_train, n, dtype=np.int64)
    else:
        n_test = _test_count(dataset.name, n, how)
        if not 0 <= seed < _SEED_LIMIT:
            raise DataError(
                f"The seed {seed} cannot be used; it must be a whole number from 0 to "
                f"{_SEED_LIMIT - 1}."
            )
        # The legacy generator, and not default_rng: this is the one scikit-learn draws from, and
        # its stream is frozen by NumPy, so the same seed means the same test rows for good.
        order = np.random.RandomState(seed).permutation(n)
        test_indices, train_indices = order[:n_test].astype(np.int64), order[n_test:]
        train_images, train_labels = _frozen(rows[train_indices]), _frozen(labels[train_indices])
        test_images, test_labels = _frozen(rows[test_indices]), _frozen(labels[test_indices])
    test_indices.flags.writeable = False
    return Split(
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        test_indices=test_indices,
        image_shape=(height, width),
        pixel_max=dataset.pixel_max,
        class_names=dataset.class_names,
        dataset_name=dataset.name,
        fingerprint=dataset.fingerprint,
    )


def _frozen(array: Pixels) -> Pixels:
    """A plain, C-contiguous, read-only view of `array`, without a copy where that is possible."""
    # ascontiguousarray sheds the memmap subclass, whose slices are slower; the view keeps the
    # caller's own array writable.
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _official_count(dataset: Dataset) -> int:
    n_train = dataset.n_official_train
    if n_train is None:
        raise DataError(
            f"The data set {shown(dataset.name)} has no official split; "
            f"give the test fraction instead, such as {DEFAULT_FRACTION}."
        )
    if not 0 < n_train < len(dataset.images):
        raise DataError(
            f"The official split of {shown(dataset.name)} leaves one side empty "
            f"({n_train} training rows of {len(dataset.images)}); give a test fraction instead."
        )
    return n_train


def _test_count(name: str, n: int, how: str) -> int:
    """How many of `n` rows the fraction `how` sets aside; DataError if it is not usable."""
    try:
        fraction = float(how)
    except ValueError:
        fraction = math.nan
    if not 0.0 < fraction < 1.0:
        raise DataError(
            f"The split {shown(how)} cannot be used; it must be {shown(OFFICIAL)} or a test "
            f"fraction between 0 and 1, such as {DEFAULT_FRACTION}."
        )
    n_test = math.ceil(fraction * n)
    if n_test >= n:
        raise DataError(
            f"The split {shown(how)} sets aside all {n} rows of {shown(name)} for testing and "
            "leaves none to train on; use a smaller fraction."
        )
    return n_test
