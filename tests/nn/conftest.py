"""Digits made on the spot, and derivatives by difference.

The helpers are session fixtures that return functions, so that hypothesis may use them too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nn import data
from nn.data import Dataset, Split

REAL_DATA = os.environ.get("INKLING_DATA")


@pytest.fixture(scope="session")
def make_split() -> Callable[..., Split]:
    """`make_split(n_train, n_test, ...)`: blurred class patterns with noise, easy to learn."""

    def make(
        n_train: int = 90, n_test: int = 40, n_pixels: int = 16, classes: int = 4, seed: int = 0
    ) -> Split:
        rng = np.random.default_rng(seed)
        patterns = rng.integers(0, 200, (classes, n_pixels))
        labels = rng.integers(0, classes, n_train + n_test, dtype=np.uint8)
        images = patterns[labels] + rng.integers(0, 56, (n_train + n_test, n_pixels))
        images = images.astype(np.uint8)
        for array in (images, labels):
            array.flags.writeable = False
        return Split(
            train_images=images[:n_train],
            train_labels=labels[:n_train],
            test_images=images[n_train:],
            test_labels=labels[n_train:],
            test_indices=np.arange(n_train, n_train + n_test, dtype=np.int64),
            image_shape=(1, n_pixels),
            pixel_max=255,
            class_names=tuple(str(k) for k in range(classes)),
            dataset_name="made on the spot",
            fingerprint="",
        )

    return make


@pytest.fixture(scope="session")
def numeric_gradient() -> Callable[..., np.ndarray]:
    """`numeric_gradient(f, array)`: df/d(array) for a scalar f, by central differences.

    `array` is changed in place and put back; the formula is the one of fourth order, so that the
    step can be large enough for rounding not to matter.
    """

    def differentiate(f: Callable[[], float], array: np.ndarray, h: float = 1e-3) -> np.ndarray:
        gradient = np.empty_like(array)
        for place in np.ndindex(array.shape):
            here = array[place]
            values = []
            for factor in (-2, -1, 1, 2):
                array[place] = here + factor * h
                values.append(f())
            array[place] = here
            far_left, left, right, far_right = values
            gradient[place] = (8 * (right - left) - (far_right - far_left)) / (12 * h)
        return gradient

    return differentiate


@pytest.fixture(scope="session")
def assert_agree() -> Callable[[np.ndarray, np.ndarray], None]:
    """Both gradients equal to 1e-6 relative, element by element; below 1e-3 to 1e-9 absolute."""

    def check(analytic: np.ndarray, numeric: np.ndarray) -> None:
        assert analytic.shape == numeric.shape
        scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), 1e-3)
        errors = np.abs(analytic - numeric) / scale
        place = np.unravel_index(errors.argmax(), errors.shape)
        assert errors.max() <= 1e-6, f"{errors.max():.3g} at {place}"

    return check


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The 1,797 real digits of 8x8 pixels that come with scikit-learn."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return data.make_dataset(
        "digits",
        bunch.images.astype(np.uint8),
        bunch.target.astype(np.uint8),
        class_names=tuple("0123456789"),
        pixel_max=16,
    )


@pytest.fixture
def mnist(tmp_path: Path) -> Dataset:
    """The real MNIST; the test is skipped where INKLING_DATA does not name its folder."""
    if not REAL_DATA:
        pytest.skip("INKLING_DATA does not name a folder with mnist/ below it")
    return data.load("mnist", data_dir=Path(REAL_DATA), cache_dir=tmp_path)
