"""Decoded arrays kept in the user's cache folder, so that a second start unzips nothing.

Each entry is a folder `arrays/<key>/` with `images.npy`, `labels.npy` and `meta.json`; the key is
made from the source, so an entry never goes stale. An entry is written next to its place and moved
into it whole, and read back only if everything about it adds up. The cache is a convenience: an
entry that is damaged is built again, and a folder that cannot be written to is done without.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nn.data.dataset import Dataset, Pixels, make_dataset

_FORMAT = 1
_TEMPORARY = ".tmp-"
_LARGEST_META = 256 * 1024
_STALE_AFTER = 24 * 3600.0


def cache_root(cache_dir: Path | None = None) -> Path:
    """The folder for `arrays/` and `downloads/`: `cache_dir`, or the user's own cache folder."""
    if cache_dir is not None:
        return cache_dir
    from platformdirs import user_cache_path

    return user_cache_path("inkling", appauthor=False)


def cached(
    root: Path,
    key: str,
    decode: Callable[[], Dataset],
    *,
    name: str,
    class_names: tuple[str, ...] | None,
) -> Dataset:
    """The data set cached under `key` below `root`, else what `decode` returns, now cached.

    From the cache the arrays are memory-mapped, read-only; `name` is not part of an entry, and the
    names of the classes are those in the entry only where `class_names` is None. Raises only what
    `decode` raises.
    """
    entry = root / "arrays" / key
    dataset = load_entry(entry, name, class_names)
    if dataset is not None:
        return dataset
    decoded = decode()
    if not _store(entry, decoded):
        return decoded
    # The mapped copy is preferred even now: its pages can be shared and given back, and a first
    # start then takes the same road as every later one.
    return load_entry(entry, name, class_names) or decoded


def load_entry(entry: Path, name: str, class_names: tuple[str, ...] | None) -> Dataset | None:
    """The data set in the folder `entry`, memory-mapped; None if it is missing or damaged."""
    try:
        meta = _read_meta(entry / "meta.json")
        n, height, width = meta["shape"]
        return make_dataset(
            name,
            _map_array(entry / "images.npy", (n, height, width), meta["images_crc32"]),
            _map_array(entry / "labels.npy", (n,), meta["labels_crc32"]),
            class_names=tuple(meta["class_names"]) if class_names is None else class_names,
            pixel_max=meta["pixel_max"],
            n_official_train=meta["n_official_train"],
            known_fingerprint=meta["fingerprint"],
        )
    # Any failure whatever: NumPy's header parser alone raises half a dozen kinds for a damaged
    # file, and each of them only means that the entry has to be built again.
    except Exception:
        return None


def sweep_stale(folder: Path, prefix: str) -> None:
    """Remove what a killed process left in `folder` under `prefix`, once it is a day old."""
    try:
        leftovers = [path for path in folder.iterdir() if path.name.startswith(prefix)]
    except OSError:
        return
    for path in leftovers:
        try:
            info = path.lstat()
            if time.time() - info.st_mtime < _STALE_AFTER:
                continue
            if stat.S_ISDIR(info.st_mode):
                shutil.rmtree(path)
            else:
                path.unlink()
        except OSError:
            continue


def _seal(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _read_meta(path: Path) -> dict[str, Any]:
    """The fields of `path`; ValueError or OSError if they are not as they were written."""
    info = path.stat()
    if not stat.S_ISREG(info.st_mode) or info.st_size > _LARGEST_META:
        raise ValueError("not a meta file")
    fields: dict[str, Any] = json.loads(path.read_text("utf-8"))
    # The seal makes sure that what this very code wrote is what is read, field by field, so that
    # types and ranges need no second check here.
    if fields.pop("seal") != _seal(fields) or fields["format"] != _FORMAT:
        raise ValueError("damaged meta file")
    return fields


def _map_array(path: Path, shape: tuple[int, ...], crc32: int) -> Pixels:
    """The uint8 array in `path`, mapped read-only; ValueError or OSError unless it is intact."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("not a regular file")
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    if (
        not isinstance(mapped, np.memmap)
        or mapped.dtype != np.uint8
        or mapped.shape != shape
        or not mapped.flags.c_contiguous
        or mapped.offset + mapped.nbytes != path.stat().st_size
        or zlib.crc32(mapped.data) != crc32
    ):
        raise ValueError("damaged array file")
    return mapped


def _store(entry: Path, dataset: Dataset) -> bool:
    """Write `dataset` to the folder `entry`, all or nothing; False if that is not possible."""
    temporary: Path | None = None
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        sweep_stale(entry.parent, _TEMPORARY)
        temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=entry.parent))
        _write(temporary, dataset)
        _move_into_place(temporary, entry, dataset)
    # ValueError: a cache folder whose name no file can have (it came from an option).
    except (OSError, ValueError):
        return False
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return True


def _write(folder: Path, dataset: Dataset) -> None:
    np.save(folder / "images.npy", dataset.images, allow_pickle=False)
    np.save(folder / "labels.npy", dataset.labels, allow_pickle=False)
    fields: dict[str, Any] = {
        "format": _FORMAT,
        "shape": list(dataset.images.shape),
        "pixel_max": dataset.pixel_max,
        "n_official_train": dataset.n_official_train,
        "fingerprint": dataset.fingerprint,
        "class_names": list(dataset.class_names),
        "images_crc32": zlib.crc32(dataset.images.data),
        "labels_crc32": zlib.crc32(dataset.labels.data),
    }
    text = json.dumps({**fields, "seal": _seal(fields)}, indent=1)
    (folder / "meta.json").write_text(text, "utf-8")


def _move_into_place(temporary: Path, entry: Path, dataset: Dataset) -> None:
    try:
        temporary.rename(entry)
    except OSError:
        # Something is there already: a whole entry if another process was quicker, which is as
        # good as ours; otherwise the damaged one that made us decode, which is moved out first.
        if load_entry(entry, dataset.name, dataset.class_names) is not None:
            return
        aside = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=entry.parent))
        try:
            entry.rename(aside / "damaged")
            temporary.rename(entry)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
