"""The 1,797 digits of 8x8 pixels that come with scikit-learn: no file, no network, no waiting.

They are the test part of the UCI set of handwritten digits (NIST forms, counted down to 8x8 by the
number of inked dots in each 4x4 block, hence the pixel values 0 to 16). Importing scikit-learn
takes longer than everything else at start-up, so they too are read from the cache from the second
start on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nn.data.cache import cached
from nn.data.dataset import DataError, Dataset, make_dataset

NAME = "digits"
CLASS_NAMES = tuple("0123456789")
PIXEL_MAX = 16


def load_digits(root: Path) -> Dataset:
    """The digits, (1797, 8, 8) uint8 from 0 to 16, cached below `root`; no official split.

    Raises DataError if scikit-learn is not installed or cannot be imported.
    """
    return cached(root, _key(), _decode, name=NAME, class_names=CLASS_NAMES)


def _key() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"digits-scikit-learn-{version('scikit-learn')}"
    except PackageNotFoundError:
        raise DataError(_not_installed()) from None


def _decode() -> Dataset:
    try:
        from sklearn import datasets  # type: ignore[import-untyped]
    except ImportError:
        raise DataError(_not_installed()) from None
    try:
        bunch = datasets.load_digits()
    except OSError:
        raise DataError(
            "The digits inside scikit-learn cannot be read; install scikit-learn again."
        ) from None
    return make_dataset(
        NAME,
        np.asarray(bunch.images).astype(np.uint8),
        np.asarray(bunch.target).astype(np.uint8),
        class_names=CLASS_NAMES,
        pixel_max=PIXEL_MAX,
    )


def _not_installed() -> str:
    return (
        "The data set 'digits' comes with scikit-learn, which is not installed; "
        "install it (pip install scikit-learn) or choose another data set."
    )
