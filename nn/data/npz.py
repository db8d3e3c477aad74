"""A NumPy archive (`.npz`) of images and labels, read without trusting a byte of it.

`numpy.load` would unpickle, or inflate whatever a member promises. Here every member is looked at
before memory is set aside: its name must be one of those below, its header must promise exactly the
bytes that the archive says it has, and nothing is ever unpickled. What is inflated grows with what
arrives, and stops where the header says.
"""

from __future__ import annotations

import io
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from nn.data.dataset import DataError, Dataset, Pixels, Progress, shown
from nn.data.idx import LARGEST, open_regular
from nn.data.pixels import as_images, as_labels, own_dataset

LAYOUTS: tuple[tuple[str, ...], ...] = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("x", "y"),
)
"""What an archive must hold: training and test images with labels (as Keras keeps MNIST), or
images and labels."""

SPELLINGS: Mapping[str, str] = MappingProxyType(
    {"X": "x", "images": "x", "labels": "y"}
    | {f"{long}_{part}": f"{short}_{part}"
       for part in ("train", "test")
       for long, short in (("X", "x"), ("images", "x"), ("labels", "y"))}
    | {f"{part}_{long}": f"{short}_{part}"
       for part in ("train", "test")
       for long, short in (("x", "x"), ("X", "x"), ("images", "x"), ("y", "y"), ("labels", "y"))}
)  # fmt: skip
"""Other names of the same members."""

LARGEST_EXPANSION = 200
"""How many times its own size an archive may hold; MNIST packs to a fifth."""

_FREE_EXPANSION = 1 << 20
_LARGEST_FILE = 2 * 1024**3
_LARGEST_DIRECTORY = 1 << 16
_LONGEST_HEADER = 4096
_CHUNK = 1 << 20
_END = b"PK\x05\x06"


@dataclass(frozen=True)
class _Member:
    """One array in the archive: where it is, and what its header says."""

    info: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    header_size: int


def read_npz(path: Path, name: str, progress: Progress | None = None) -> Dataset:
    """The archive `path` as a `Dataset`; x_train, y_train, x_test, y_test give an official split.

    Raises DataError, naming the file and the member, for whatever is not as described above.
    """
    pairs = read_pairs(path, progress)
    if len({images.shape[1:] for images, _ in pairs}) > 1:
        raise DataError(f"The training and test images in {shown(path)} must be of one size.")
    return own_dataset(
        name,
        np.concatenate([images for images, _ in pairs]),
        np.concatenate([labels for _, labels in pairs]),
        shown(path),
        n_official_train=len(pairs[0][0]) if len(pairs) == 2 else None,
    )


def read_pairs(path: Path, progress: Progress | None = None) -> list[tuple[Pixels, Pixels]]:
    """The archive's images (n, h, w) uint8 with their labels (n,) uint8: one pair, or those for
    training and those for the test.

    Raises DataError as `read_npz` does; what the labels are is not looked at.
    """
    with open_regular(path) as file:
        try:
            with _as_sentences(path):
                size = os.fstat(file.fileno()).st_size
                _check_directory(path, file, size)
                archive = zipfile.ZipFile(file)
            with archive:
                arrays = _read_members(path, archive, size, progress)
        except MemoryError:
            raise DataError(f"{shown(path)} does not fit into memory.") from None
    return _paired(path, arrays)


@contextmanager
def _as_sentences(path: Path) -> Iterator[None]:
    """Turn what zipfile raises for a damaged archive into a DataError.

    It is put around each call and no wider, so that whatever `progress` raises is left alone.
    """
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, OverflowError,
            RuntimeError, ValueError):  # fmt: skip
        raise DataError(
            f"{shown(path)} is damaged, or not a NumPy archive (.npz) at all."
        ) from None


def _paired(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> list[tuple[Pixels, Pixels]]:
    pairs = []
    for x, y in (("x_train", "y_train"), ("x_test", "y_test"), ("x", "y")):
        if x not in arrays:
            continue
        images = as_images(arrays.pop(x), f"{x} in {shown(path)}")
        labels = as_labels(arrays.pop(y), f"{y} in {shown(path)}")
        if len(images) != len(labels):
            raise DataError(
                f"{shown(path)} has {len(images)} images in {x} but {len(labels)} labels in {y}; "
                "each image needs one label."
            )
        pairs.append((images, labels))
    return pairs


def _check_directory(path: Path, file: BinaryIO, size: int) -> None:
    """Refuse an archive whose list of members is itself too large to read.

    zipfile makes an object of every entry, so this is looked at before it is handed the file.
    """
    if size > _LARGEST_FILE:
        raise DataError(f"{shown(path)} is larger than the 2 GB that Inkling accepts.")
    file.seek(max(0, size - 22 - 0xFFFF))
    end = file.read()
    at = end.rfind(_END)
    if at < 0 or len(end) - at < 22:
        raise zipfile.BadZipFile
    directory_size = int.from_bytes(end[at + 12 : at + 16], "little")
    zip64 = at >= 20 and end[at - 20 : at - 16] == b"PK\x06\x07"
    if zip64 or directory_size > _LARGEST_DIRECTORY:
        raise DataError(f"{shown(path)} has too many members; {_wanted()}.")
    file.seek(0)


def _wanted() -> str:
    return "it must hold " + ", or ".join(", ".join(layout) for layout in LAYOUTS)


def _read_members(
    path: Path, archive: zipfile.ZipFile, size: int, progress: Progress | None
) -> dict[str, npt.NDArray[Any]]:
    found: dict[str, zipfile.ZipInfo] = {}
    allowed = {member for layout in LAYOUTS for member in layout}
    for info in archive.infolist():
        stem = info.filename.removesuffix(".npy")
        member = SPELLINGS.get(stem, stem)
        if member not in allowed:
            raise DataError(
                f"{shown(path)} has a member called {shown(info.filename)}; {_wanted()}."
            )
        if member in found:
            raise DataError(f"{shown(path)} holds {member} twice; {_wanted()}.")
        found[member] = info
    layout = next((layout for layout in LAYOUTS if set(layout) == set(found)), None)
    if layout is None:
        inside = ", ".join(sorted(found)) or "nothing"
        raise DataError(f"{shown(path)} holds {inside}; {_wanted()}.")
    promised = sum(info.file_size for info in found.values())
    if promised > min(LARGEST, max(_FREE_EXPANSION, LARGEST_EXPANSION * size)):
        raise DataError(
            f"{shown(path)} would unpack to {promised:,} bytes, which is too much for a file of "
            f"{size:,}."
        )
    members = {name: _look_at(path, archive, name, found[name]) for name in layout}
    return {
        name: _read_array(path, archive, name, member, progress) for name, member in members.items()
    }


def _look_at(path: Path, archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> _Member:
    """The member's header; DataError unless it is plain numbers and promises what is there."""
    where = f"{name} in {shown(path)}"
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{where} is encrypted, or packed in a way that NumPy does not use.")
    with _as_sentences(path), archive.open(info) as stream:
        start = stream.read(_LONGEST_HEADER)
    header = io.BytesIO(start)
    try:
        version = np.lib.format.read_magic(header)
        # Version 1 is what NumPy writes; a later one may promise a header of gigabytes.
        if version != (1, 0):
            raise ValueError("another version")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(header)
    # NumPy's header parser alone raises half a dozen kinds for a damaged one.
    except Exception:
        raise DataError(f"{where} does not begin as a NumPy array does.") from None
    if dtype.hasobject:
        raise DataError(f"{where} holds pickled objects, which Inkling never reads.")
    if dtype.kind not in "buif" or dtype.itemsize > 8:
        raise DataError(f"{where} holds values of type {dtype}; they must be plain numbers.")
    if any(not isinstance(each, int) or each < 0 for each in shape):
        raise DataError(f"{where} does not begin as a NumPy array does.")
    promised = math.prod(shape) * dtype.itemsize
    if header.tell() + promised != info.file_size:
        raise DataError(
            f"{where} promises {promised:,} bytes of data, but the archive has "
            f"{max(0, info.file_size - header.tell()):,} for it."
        )
    return _Member(info, shape, dtype, fortran_order, header.tell())


def _read_array(
    path: Path, archive: zipfile.ZipFile, name: str, member: _Member, progress: Progress | None
) -> npt.NDArray[Any]:
    promised = member.info.file_size
    data = bytearray()
    with _as_sentences(path):
        stream = archive.open(member.info)
    with stream:
        # To one byte past the promise: that finds a surplus, and the checksum at the end.
        while len(data) <= promised:
            if progress is not None:
                progress(f"Reading {name} in {shown(path.name)}", len(data), promised)
            with _as_sentences(path):
                chunk = stream.read(min(_CHUNK, promised + 1 - len(data)))
            if not chunk:
                break
            data += chunk
    if len(data) != promised:
        raise DataError(f"{name} in {shown(path)} is not as long as the archive says.")
    flat = np.frombuffer(data, member.dtype, offset=member.header_size)
    array = flat.reshape(member.shape, order="F" if member.fortran_order else "C")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"{name} in {shown(path)} holds NaN or infinity.")
    return array
