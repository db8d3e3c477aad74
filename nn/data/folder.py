"""A folder with the four IDX files of a set: found, recognised by content, decoded.

The four are the training images and labels and the test (`t10k`) images and labels, under the names
that every publisher of such a set uses, plain or gzip.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nn.data.dataset import DataError, Dataset, Pixels, Progress, make_dataset, shown
from nn.data.idx import file_sha256, read_idx
from nn.data.pixels import own_dataset

FILE_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class IdxFiles:
    """The paths of the four files of one set."""

    train_images: Path
    train_labels: Path
    test_images: Path
    test_labels: Path

    def paths(self) -> tuple[Path, Path, Path, Path]:
        """All four, in the order of FILE_NAMES."""
        return self.train_images, self.train_labels, self.test_images, self.test_labels


def find_files(folder: Path, set_name: str | None, origin: str) -> IdxFiles:
    """The four files of `set_name` in `folder/set_name`, or else directly in `folder`; only there
    where the set has no name.

    `origin` says in messages where the folder came from, such as "--data-dir". Each file may end
    in .gz, and may be spelt with a dot (`train-images.idx3-ubyte`). Raises DataError, naming what
    is missing, if neither place holds all four.
    """
    # os.path, not the methods of Path: it answers False where those raise for a folder that may
    # not be looked into or for a name that no file can have.
    if not os.path.isdir(folder):  # noqa: PTH112
        raise DataError(
            f"{origin} points at {shown(folder)}, which is not a folder; "
            + (
                f"it should hold the four IDX files of {set_name} in {set_name}/ below it."
                if set_name
                else "it should hold the four IDX files of a data set."
            )
        )
    places = [folder / set_name, folder] if set_name else [folder]
    found = [[_variant(place, name) for name in FILE_NAMES] for place in places]
    for paths in found:
        complete = [path for path in paths if path is not None]
        if len(complete) == len(FILE_NAMES):
            return IdxFiles(*complete)
    # The place that holds more of them is the one the user means; below the folder if neither does.
    closest, paths = max(zip(places, found, strict=True), key=lambda each: 4 - each[1].count(None))
    missing = [name for name, path in zip(FILE_NAMES, paths, strict=True) if path is None]
    raise DataError(
        f"{origin} points at {shown(folder)}, which does not hold {set_name or 'a data set'}: "
        f"{', '.join(missing)} (plain or .gz) not found in {shown(closest)}; "
        "put all four files there."
    )


def content_key(sha256s: Iterable[str]) -> str:
    """The cache key of the set whose four files have these SHA-256s, in the order of FILE_NAMES."""
    return hashlib.sha256("\n".join(("idx", *sha256s)).encode()).hexdigest()


def files_key(files: IdxFiles) -> str:
    """`content_key` of the four files as they are on disk now; DataError if one is unreadable."""
    return content_key(file_sha256(path) for path in files.paths())


def read_set(
    files: IdxFiles,
    name: str,
    class_names: tuple[str, ...] | None,
    progress: Progress | None = None,
) -> Dataset:
    """Decode the four files into one `Dataset`, training rows first.

    Without `class_names` the classes are numbers, as many as the labels need.

    Raises DataError, naming the file, for whatever `read_idx` refuses, if a file of labels does
    not fit its images or holds a label without a class, or if the two image sizes differ.
    """
    train_images, train_labels = _read_pair(
        files.train_images, files.train_labels, class_names, progress
    )
    test_images, test_labels = _read_pair(
        files.test_images, files.test_labels, class_names, progress
    )
    if train_images.shape[1:] != test_images.shape[1:]:
        raise DataError(
            f"The images of {shown(files.train_images)} are {_size(train_images)}, but those of "
            f"{shown(files.test_images)} are {_size(test_images)}; they must be of one size."
        )
    try:
        images = np.concatenate((train_images, test_images))
    except MemoryError:
        raise DataError(f"The images of {name} do not fit into memory.") from None
    labels = np.concatenate((train_labels, test_labels))
    if class_names is None:
        where = shown(files.train_images.parent)
        return own_dataset(name, images, labels, where, n_official_train=len(train_images))
    return make_dataset(
        name,
        images,
        labels,
        class_names=class_names,
        n_official_train=len(train_images),
    )


def _variant(place: Path, name: str) -> Path | None:
    for spelling in (name, name.replace("-idx", ".idx")):
        for ending in (".gz", ""):
            path = place / (spelling + ending)
            # A FIFO or a directory of this name counts as found: reading it says what is wrong.
            if os.path.exists(path):  # noqa: PTH110
                return path
    return None


def _read_pair(
    images_path: Path,
    labels_path: Path,
    class_names: tuple[str, ...] | None,
    progress: Progress | None,
) -> tuple[Pixels, Pixels]:
    # The labels first: they are small, so what is wrong with them is said before the long read.
    labels = read_idx(labels_path, 1, progress)
    largest = int(labels.max())
    if class_names is not None and largest >= len(class_names):
        raise DataError(
            f"{shown(labels_path)} holds the label {largest} (row {int(labels.argmax())}), but "
            f"labels go from 0 to {len(class_names) - 1}."
        )
    images = read_idx(images_path, 3, progress)
    if len(images) != len(labels):
        raise DataError(
            f"{shown(images_path)} holds {len(images)} images, but {shown(labels_path)} holds "
            f"{len(labels)} labels; the two do not belong together."
        )
    return images, labels


def _size(images: Pixels) -> str:
    return f"{images.shape[1]}x{images.shape[2]}"
