"""A data set of openml.org, by name or number, fetched by scikit-learn and kept in the cache.

scikit-learn downloads, checks the checksum and parses; it has no word for how far it has come, so
it works in a thread, while this one looks at how much has arrived. Everything it is not used to
(no network, no such set, no images in it) becomes a sentence.
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from nn.data.cache import cached
from nn.data.dataset import DataError, Dataset, Progress, shown
from nn.data.pixels import as_images, named_classes, own_dataset

LOOK_EVERY = 0.2
_LARGEST = 1 << 29
"""Numbers a set may hold; they arrive as 8 bytes each."""


def load_openml(
    which: str, name: str, root: Path, progress: Progress | None, download: bool
) -> Dataset:
    """The set with the name or number `which`, cached below `root`; it has no official split.

    Raises DataError if it cannot be fetched, is not of square images with one label each, or has
    not 2 to 256 classes.
    """

    def fetch() -> Dataset:
        if not download:
            raise DataError(f"The OpenML set {shown(which)} is not on this machine any more.")
        return _as_dataset(_fetched(which, root / "downloads", progress), which, name)

    # What OpenML publishes under a number never changes: the name of the set is a good key.
    key = hashlib.sha256(f"openml 1\n{which.lower()}".encode()).hexdigest()
    return cached(root, key, fetch, name=name, class_names=None)


def _fetched(which: str, folder: Path, progress: Progress | None) -> Any:
    """What scikit-learn's fetch_openml returns; cancelled by `progress` even while it waits."""
    results: list[Any] = []

    def work() -> None:
        try:
            results.append(_fetch(which, folder))
        except BaseException as error:
            results.append(error)

    # A daemon: a server that never answers shall not keep the process from ending.
    thread = threading.Thread(target=work, name="openml", daemon=True)
    thread.start()
    furthest = 0
    while thread.is_alive():
        if progress is not None:
            furthest = max(furthest, _arrived(folder))
            progress(f"Downloading {shown(which)} from OpenML", furthest, None)
        thread.join(LOOK_EVERY)
    if isinstance(results[0], BaseException):
        raise _in_words(which, folder, results[0]) from None
    return results[0]


def _fetch(which: str, folder: Path) -> Any:
    from sklearn.datasets import fetch_openml  # type: ignore[import-untyped]

    chosen: dict[str, Any] = {"data_id": int(which)} if which.isdigit() else {"name": which}
    with warnings.catch_warnings():
        # It remarks on several versions of a set, and on each attempt that fails.
        warnings.simplefilter("ignore")
        return fetch_openml(
            **chosen,
            data_home=str(folder),
            as_frame=False,
            parser="liac-arff",
            n_retries=1,
            delay=0.5,
        )


def _arrived(folder: Path) -> int:
    """Bytes that have been written below `folder` so far."""
    total = 0
    try:
        for path in (folder / "openml").rglob("*"):
            total += path.stat().st_size if path.is_file() else 0
    except OSError:
        # A temporary file was moved away in this moment.
        pass
    return total


def _in_words(which: str, folder: Path, error: BaseException) -> DataError:
    from urllib.error import HTTPError, URLError

    what = f"The OpenML set {shown(which)}"
    if isinstance(error, ImportError):
        return DataError(f"{what} is fetched by scikit-learn, which is not installed.")
    if isinstance(error, MemoryError):
        return DataError(f"{what} does not fit into memory.")
    if isinstance(error, HTTPError):
        return DataError(f"{what} cannot be had: openml.org answered HTTP {error.code}.")
    if isinstance(error, (URLError, TimeoutError, ConnectionError)):
        return DataError(
            f"{what} cannot be fetched: openml.org is not reached; look at the network, or use a "
            "set on this machine."
        )
    if isinstance(error, OSError):
        reason = error.strerror or "it cannot be written"
        return DataError(f"Cannot keep downloads in {shown(folder)}: {reason}.")
    if type(error).__name__ == "OpenMLError":
        return DataError(f"There is no active set {shown(which)} on openml.org.")
    return DataError(f"{what} is not one of images, or arrived damaged; it cannot be used.")


def _as_dataset(bunch: Any, which: str, name: str) -> Dataset:
    where = f"The OpenML set {shown(which)}"
    values, target = bunch.data, bunch.target
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "buif":
        raise DataError(f"{where} is not a table of numbers.")
    if values.size > _LARGEST:
        raise DataError(f"{where} is too large: {values.size:,} numbers.")
    if not np.isfinite(values).all():
        raise DataError(f"{where} has missing values, so it is not one of images.")
    if not isinstance(target, np.ndarray) or target.shape != (len(values),):
        raise DataError(f"{where} does not have one label per row.")
    texts = [_label(value) for value in target.tolist()]
    try:
        classes = sorted(set(texts), key=float)
    except ValueError:
        classes = sorted(set(texts))
    class_names = named_classes(classes, where)
    places = {text: place for place, text in enumerate(classes)}
    labels = np.array([places[text] for text in texts], np.uint8)
    return own_dataset(name, as_images(values, where), labels, where, class_names=class_names)


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
