"""The digits a run is judged on, and what its network says of them.

A run directory holds probabilities, not images. A reader takes the images from the data set itself,
which is memory-mapped from the cache, and checks that it is the data the run was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.checks import NO_EXTRA
from nn.data import DataError, Split, default_split, load, split
from nn.data.dataset import Progress
from nn.data.extra import with_extra, without_extra
from nn.hyperparameters import Hyperparameters
from tui.engine.predictions import Predictions
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import printable

LARGEST_HEADER = 4096
"""Bytes of a predictions.npy that are not probabilities, at most."""


def load_split(
    hyperparameters: Hyperparameters,
    data_dir: str,
    progress: Progress | None = None,
    *,
    download: bool = True,
    began_with: str = "",
) -> Split:
    """The data set of a run, divided as the run divides it, with its extra samples.

    `began_with` is the fingerprint of the digits the run has seen so far: samples that have been
    added to its file since are left out.

    Raises:
        DataError: the data are missing, damaged, or cannot be divided so.
    """
    h = hyperparameters
    folder = Path(data_dir) if data_dir else None
    dataset = load(h.dataset, data_dir=folder, progress=progress, download=download)
    digits = split(dataset, default_split(dataset) if h.split == "auto" else h.split, h.seed)
    if h.extra_data == NO_EXTRA:
        return digits
    return with_extra(digits, h.extra_data, began_with, progress)


@dataclass(frozen=True, eq=False)
class TestSet:
    """images (n, height, width) uint8, labels (n,) uint8."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    pixel_max: int
    class_names: tuple[str, ...]

    @classmethod
    def of_run(cls, run: RunDirectory) -> TestSet:
        """
        Raises:
            RunError: the data are gone, or are no longer those the run was trained on.
        """
        config = run.read_config()
        # What else it was trained on has no part in what it is judged on, and may be gone.
        judged = config.hyperparameters.model_copy(update={"extra_data": NO_EXTRA})
        try:
            # Whoever only looks starts no download.
            digits = load_split(judged, config.data_dir, download=False)
        except DataError as error:
            raise RunError(f"The digits of this run cannot be shown: {error}") from None
        if config.fingerprint and digits.fingerprint != without_extra(config.fingerprint):
            raise RunError(
                f"The digits of this run cannot be shown: {printable(digits.dataset_name)} has "
                "changed since; its content is not what the run was trained on."
            )
        images = digits.test_images.reshape(-1, *digits.image_shape)
        return cls(images, digits.test_labels, digits.pixel_max, digits.class_names)

    def predictions(self, run: RunDirectory) -> Predictions | None:
        """The newest predictions in a run, with the epoch they belong to; None while there are
        none, or while a newer file is half-way in place."""
        n, classes = len(self.images), len(self.class_names)
        probabilities = _read_probabilities(run.predictions, (n, classes))
        guesses = _last_row(run.guesses, n)
        if probabilities is None or guesses is None:
            return None
        row, epoch = guesses
        found = Predictions(
            epoch, self.images, self.pixel_max, self.labels, probabilities, self.class_names
        )
        # Written in turn, so for a moment the two files may speak of different epochs.
        return found if np.array_equal(found.predicted, row) else None


def _read_probabilities(path: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    size = shape[0] * shape[1] * 4
    try:
        if not size < path.stat().st_size <= size + LARGEST_HEADER:
            return None
        # Mapped first, so that a header which promises terabytes costs none.
        mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        fits = mapped.shape == shape and mapped.dtype == np.float32
        return np.array(mapped) if fits else None
    # NumPy's header parser alone raises half a dozen kinds for a file that is not what it seems.
    except Exception:
        return None


def _last_row(path: Path, n: int) -> tuple[NDArray[np.uint8], int] | None:
    """The last whole row of guesses, and its epoch: 0 for the first."""
    try:
        with open(path, "rb") as file:
            rows = file.seek(0, 2) // n
            if rows == 0:
                return None
            file.seek((rows - 1) * n)
            data = file.read(n)
    except OSError:
        return None
    return (np.frombuffer(data, np.uint8), rows - 1) if len(data) == n else None
