"""The digits a run is judged on, and what its network says of them.

A run directory holds probabilities, not images. A reader takes the images from the data set itself,
which is memory-mapped from the cache, and checks that it is the data the run was trained on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nn.checks import NO_EXTRA
from nn.data import DataError, Split, default_split, load, split
from nn.data.dataset import Progress
from nn.data.extra import with_extra, without_extra
from nn.hyperparameters import Hyperparameters
from tui.engine.predictions import Predictions
from tui.engine.run_directory import EPOCH, RunDirectory, RunError
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
        none, or none that agree with what the run says it guessed after that epoch."""
        n, classes = len(self.images), len(self.class_names)
        kept = _read_probabilities(run.predictions, (n, classes))
        if kept is None:
            return None
        probabilities, epoch = kept
        if epoch is None:
            epoch = _rows(run.guesses, n) - 1
        found = Predictions(
            epoch, self.images, self.pixel_max, self.labels, probabilities, self.class_names
        )
        # A worker that has taken the run up at an earlier epoch has yet to come to this one again.
        return found if np.array_equal(found.predicted, _row(run.guesses, n, epoch)) else None


def _read_probabilities(
    path: Path, shape: tuple[int, int]
) -> tuple[NDArray[np.float32], int | None] | None:
    """The probabilities and their epoch; older Inklings replaced them with every epoch, and did not
    say which it was."""
    size = shape[0] * shape[1] * 4
    try:
        with open(path, "rb") as file:
            if not size < os.fstat(file.fileno()).st_size <= size + LARGEST_HEADER:
                return None
            # The header first, so that one which promises terabytes costs none.
            version = np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_1_0(file)
            if (version, header) != ((1, 0), (shape, False, np.dtype("<f4"))):
                return None
            probabilities = np.frombuffer(file.read(size), "<f4").reshape(shape)
            number = file.read(EPOCH.size)
            epoch = EPOCH.unpack(number)[0] if number else None
    # NumPy's header parser alone raises half a dozen kinds for a file that is not what it seems.
    except Exception:
        return None
    return probabilities, epoch


def _rows(path: Path, n: int) -> int:
    try:
        return path.stat().st_size // n
    except (OSError, ZeroDivisionError):
        return 0


def _row(path: Path, n: int, epoch: int) -> NDArray[np.uint8]:
    """What the digits were taken for after an epoch; nothing where there is no such row."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, epoch) * n)
            return np.frombuffer(file.read(n), np.uint8)
    except OSError:
        return np.empty(0, np.uint8)
