"""Drawings kept as labelled samples, in an archive for each data set in the user's data directory.

An archive holds x (n, height, width) uint8 and y (n,) uint8, which is what `--dataset npz:FILE` and
`--extra-data FILE` read. It only ever grows: two apps that keep a sample at once wait for each
other, and a file that cannot be read is left as it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nn.atomic import replacing, sweep
from nn.checks import NO_EXTRA, OWN_EXTRA
from nn.data.dataset import DataError, Pixels
from nn.data.extra import read_samples
from nn.hyperparameters import Hyperparameters
from nn.sources import absolute_dataset, dataset_slug, source_of
from tui.engine.exports import unwritable
from tui.engine.run_directory import RunError, at_home, private
from tui.engine.text import printable


@dataclass(frozen=True, eq=False)
class Samples:
    """What is kept for a data set: `labels` (n,) uint8, the oldest first."""

    path: Path
    labels: NDArray[np.uint8]

    def in_words(self, class_names: tuple[str, ...]) -> str:
        """`3 samples kept: 2 of 4, 1 of 7`."""
        n = len(self.labels)
        if n == 0:
            return "no samples kept yet"
        of_class = enumerate(np.bincount(self.labels).tolist())
        named = [
            f"{count:,} of {printable(class_names[k] if k < len(class_names) else k, 20)}"
            for k, count in of_class
            if count
        ]
        return f"{n:,} sample{'' if n == 1 else 's'} kept: {', '.join(named)}"


def samples_file(dataset: str) -> Path:
    """Where the samples of a data set are kept, be there any or not."""
    import platformdirs

    name = dataset_slug(dataset)
    if source_of(dataset):
        # Two folders may bear one name.
        digest = hashlib.sha256(absolute_dataset(dataset).encode("utf-8", "surrogateescape"))
        name = f"{name}-{digest.hexdigest()[:8]}"
    return platformdirs.user_data_path("inkling") / "samples" / f"{name}.npz"


def extra_file(hyperparameters: Hyperparameters) -> str:
    """The extra data of a run for a process in another folder: which file `own` is, no relative
    path."""
    h = hyperparameters
    if h.extra_data == NO_EXTRA:
        return h.extra_data
    path = samples_file(h.dataset) if h.extra_data == OWN_EXTRA else at_home(Path(h.extra_data))
    return str(path.absolute())


def label_of(text: str, class_names: tuple[str, ...]) -> int:
    """The class that a person names, by its name or as much of it as tells it from the others.

    Raises:
        RunError: there is no such class, or there are several.
    """
    said = text.strip().casefold()
    names = [name.casefold() for name in class_names]
    if said in names:
        return names.index(said)
    found = [k for k, name in enumerate(names) if said and name.startswith(said)]
    if len(found) == 1:
        return found[0]
    some = ", ".join(printable(name, 20) for name in class_names[:12])
    more = f" and {len(class_names) - 12:,} more" if len(class_names) > 12 else ""
    problem = "More than one class begins" if found else "No class is called"
    start = f"{problem} {'with ' if found else ''}{printable(text, 40)!a}"
    raise RunError(f"{start}; there are {some}{more}.")


def kept_samples(path: Path) -> Samples:
    """What is in an archive of samples; nothing where there is none.

    Raises:
        RunError: it cannot be read.
    """
    return Samples(path, _read(path)[1])


def keep_sample(path: Path, image: Pixels, label: int) -> Samples:
    """Add an image (h, w) uint8, ink up to 255, to the archive; returns what it holds now.

    Raises:
        RunError: the archive cannot be read or written, or its samples are of another size; it is
            as it was then.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(path):
            sweep(path.parent)
            images, labels = _read(path)
            if len(images) and images.shape[1:] != image.shape:
                (h, w), (height, width) = images.shape[1:], image.shape
                raise RunError(
                    f"{printable(path)} holds samples of {h}x{w} pixels, and this one is "
                    f"{height}x{width}; move the file away to begin another."
                )
            grown = np.concatenate((images.reshape(-1, *image.shape), image[None]))
            labels = np.append(labels, np.uint8(label))
            with replacing(path) as file:
                np.savez(file, x=grown, y=labels)
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    return Samples(path, labels)


def _read(path: Path) -> tuple[Pixels, Pixels]:
    if not os.path.lexists(path):
        return np.empty((0, 0, 0), np.uint8), np.empty(0, np.uint8)
    try:
        return read_samples(path)
    except DataError as error:
        raise RunError(f"The samples kept so far cannot be read: {error}") from None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else adds to the archive meanwhile; an app that dies lets go of it."""
    handle = private(str(path.with_suffix(".lock")), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
