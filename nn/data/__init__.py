"""Where the digits come from.

`load` takes the name of a data set, or where to find one, and returns a `Dataset`; `split` divides
it. The rooms:

1.  `dataset`     what a data set is, and its division into training and test rows
2.  `idx`         one IDX file, decoded without trusting its header
3.  `folder`      the four IDX files of a set, found and put together
4.  `digits`      the small digits that come with scikit-learn
5.  `published`   which files MNIST and Fashion-MNIST are, and where they are to be had
6.  `fetch`       those files over the network, checked byte by byte
7.  `cache`       decoded arrays kept on disk, memory-mapped from the second start on
8.  `own`         digits of one's own, from any of the rooms below
9.  `pixels`      numbers of any kind made into bytes, and labels into classes
10. `npz`         a NumPy archive, read without trusting a byte of it
11. `csv_file`    a table with the label first and the pixels after it
12. `centre`      a drawing of any size put into 28x28, as MNIST was made
13. `images`      a folder of pictures, one folder per class
14. `openml`      a set of openml.org, fetched by scikit-learn
15. `extra`       samples of one's own, to train on as well

Everything that the user can cause raises `DataError`, whose text is one sentence. Importing this
costs NumPy and the standard library; scikit-learn, pooch and Pillow are imported where they are
needed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from nn.data import digits
from nn.data.cache import cache_root, cached
from nn.data.dataset import (
    DEFAULT_FRACTION,
    OFFICIAL,
    DataError,
    Dataset,
    Progress,
    Split,
    default_split,
    make_dataset,
    shown,
    split,
)
from nn.data.fetch import fetch_set
from nn.data.folder import IdxFiles, content_key, files_key, find_files, read_set
from nn.data.own import load_own
from nn.data.published import FILES, PUBLISHED_FINGERPRINTS
from nn.sources import DATASET_FORMS, source_of

__all__ = [
    "DATASETS",
    "DATA_VARIABLE",
    "DataError",
    "Dataset",
    "DatasetInfo",
    "Progress",
    "Split",
    "default_split",
    "load",
    "make_dataset",
    "split",
]

DATA_VARIABLE = "INKLING_DATA"
"""The environment variable that names a folder with data sets, as `--data-dir` does."""


@dataclass(frozen=True)
class DatasetInfo:
    """A data set that `load` knows by name, and the `how` that `split` takes by default."""

    name: str
    description: str
    default_split: str
    class_names: tuple[str, ...]


_GARMENT_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

DATASETS: Mapping[str, DatasetInfo] = MappingProxyType(
    {
        info.name: info
        for info in (
            DatasetInfo(
                digits.NAME,
                "1,797 digits of 8x8 pixels that come with scikit-learn; no download",
                DEFAULT_FRACTION,
                digits.CLASS_NAMES,
            ),
            DatasetInfo(
                "mnist",
                "70,000 handwritten digits of 28x28 pixels; 12 MB to download once",
                OFFICIAL,
                digits.CLASS_NAMES,
            ),
            DatasetInfo(
                "fashion-mnist",
                "70,000 pieces of clothing of 28x28 pixels; 31 MB to download once",
                OFFICIAL,
                _GARMENT_NAMES,
            ),
        )
    }
)
"""Every data set that `load` knows, by name."""


def load(
    name: str,
    *,
    data_dir: Path | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
    download: bool = True,
) -> Dataset:
    """The data set called `name`: a key of DATASETS, or a form such as `csv:FILE` (`nn.sources`).

    mnist and fashion-mnist come from `data_dir` if given (`data_dir/<name>/`, or the four IDX files
    directly in it), else from the folder in the environment variable INKLING_DATA, else from the
    network; a folder that was named but lacks the set is an error, never a reason to download.
    Decoded arrays and downloads are kept in `cache_dir`, by default the user's cache folder.
    With `download` false nothing is fetched: a set that is not on this machine is an error.
    What `progress` raises cancels the load and reaches the caller unchanged. Raises DataError for
    an unknown name and for data that are missing, damaged or cannot be fetched.
    """
    root = cache_root(cache_dir)
    if source := source_of(name):
        return load_own(*source, root, progress, download)
    info = DATASETS.get(name)
    if info is None:
        raise DataError(
            f"There is no data set called {shown(name)}; it must be one of "
            f"{', '.join(DATASET_FORMS)}."
        )
    if name == digits.NAME:
        return digits.load_digits(root)
    if data_dir is not None:
        dataset = _from_folder(info, data_dir, _origin(data_dir), root, progress)
    elif variable := os.environ.get(DATA_VARIABLE):
        dataset = _from_folder(info, Path(variable), DATA_VARIABLE, root, progress)
    else:
        dataset = _from_network(info, root, progress, download)
    for other, published in PUBLISHED_FINGERPRINTS.items():
        if other != name and dataset.fingerprint == published:
            raise DataError(
                f"The files given for {name} are those of {other}; "
                "choose that data set, or another folder."
            )
    return dataset


def _origin(data_dir: Path) -> str:
    """Who named this folder: a worker is given it either way, a person needs to know which."""
    variable = os.environ.get(DATA_VARIABLE)
    if variable and Path(variable).expanduser().absolute() == data_dir.absolute():
        return DATA_VARIABLE
    return "--data-dir"


def _from_folder(
    info: DatasetInfo, folder: Path, origin: str, root: Path, progress: Progress | None
) -> Dataset:
    files = find_files(folder, info.name, origin)
    key = files_key(files)

    def decode() -> Dataset:
        dataset = read_set(files, info.name, info.class_names, progress)
        # The entry is kept under the key of the bytes, so it must have been made from those bytes.
        if files_key(files) != key:
            raise DataError(
                f"The files of {info.name} in {shown(files.train_images.parent)} changed while "
                "they were read; try again."
            )
        return dataset

    return cached(root, key, decode, name=info.name, class_names=info.class_names)


def _from_network(
    info: DatasetInfo, root: Path, progress: Progress | None, download: bool
) -> Dataset:
    folder = root / "downloads" / info.name

    def fetch_and_decode() -> Dataset:
        if not download:
            raise DataError(f"The files of {info.name} are not on this machine any more.")
        fetch_set(info.name, folder, progress=progress)
        files = IdxFiles(*(folder / file.name for file in FILES[info.name]))
        return read_set(files, info.name, info.class_names, progress)

    # The published files are known by their SHA-256s, so a set that is cached needs neither the
    # network nor its downloaded files.
    key = content_key(file.sha256 for file in FILES[info.name])
    return cached(root, key, fetch_and_decode, name=info.name, class_names=info.class_names)
