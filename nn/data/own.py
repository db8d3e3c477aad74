"""Digits of one's own: from `csv:FILE` and its like to a `Dataset`.

Each kind has its reader; what is read from files is cached under the SHA-256 of their bytes, so a
file that has changed is never taken for what it was.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from nn.data.cache import cached
from nn.data.csv_file import read_csv
from nn.data.dataset import DataError, Dataset, Progress, shown
from nn.data.folder import files_key, find_files, read_set
from nn.data.idx import file_sha256
from nn.data.images import find_images, read_images
from nn.data.npz import read_npz
from nn.data.openml import load_openml
from nn.sources import dataset_label

_Reader = Callable[[Path, str, Progress | None], Dataset]

_FILE_READERS: dict[str, _Reader] = {"npz": read_npz, "csv": read_csv}


def load_own(
    kind: str, place: str, root: Path, progress: Progress | None, download: bool
) -> Dataset:
    """The data set of `kind` (a key of SOURCE_KINDS) at `place`, cached below `root`.

    A relative place is meant from the current folder. Raises DataError for whatever is wrong.
    """
    name = dataset_label(f"{kind}:{place}")
    if kind == "openml":
        return load_openml(place, name, root, progress, download)
    # Not Path.expanduser, which raises RuntimeError for a user that does not exist.
    path = Path(os.path.expanduser(place))  # noqa: PTH111
    if kind == "images":
        return _from_images(path, name, root, progress)
    if kind == "idx":
        return _from_idx(path, name, root, progress)
    return _from_file(kind, path, name, root, progress)


def _from_images(folder: Path, name: str, root: Path, progress: Progress | None) -> Dataset:
    found = find_images(folder, progress)

    def decode() -> Dataset:
        return read_images(found, name, progress)

    return cached(root, found.key, decode, name=name, class_names=found.class_names)


def _from_idx(folder: Path, name: str, root: Path, progress: Progress | None) -> Dataset:
    files = find_files(folder, None, "idx:DIR")
    return _cached_bytes(
        root,
        lambda: files_key(files),
        lambda: read_set(files, name, None, progress),
        name,
        folder,
        "idx",
    )


def _from_file(kind: str, path: Path, name: str, root: Path, progress: Progress | None) -> Dataset:
    return _cached_bytes(
        root,
        lambda: file_sha256(path),
        lambda: _FILE_READERS[kind](path, name, progress),
        name,
        path,
        kind,
    )


def _cached_bytes(
    root: Path,
    content: Callable[[], str],
    read: Callable[[], Dataset],
    name: str,
    path: Path,
    kind: str,
) -> Dataset:
    """What `read` returns, cached under what `content` says of the bytes it is read from."""
    before = content()

    def decode() -> Dataset:
        dataset = read()
        if content() != before:
            raise DataError(f"{shown(path)} changed while it was read; try again.")
        return dataset

    key = hashlib.sha256(f"{kind} 1\n{before}".encode()).hexdigest()
    return cached(root, key, decode, name=name, class_names=None)
