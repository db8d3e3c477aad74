"""One IDX file (the format of MNIST), plain or gzip, decoded without trusting its header.

The header is a zero, a zero, a type code, the number of dimensions, then each dimension as a
big-endian 32-bit number; after it come the bytes. What the header promises is compared with what is
really there before memory is set aside, so that neither a wild header nor a gzip bomb costs more
than the bytes that exist.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nn.data.dataset import DataError, Pixels, Progress, shown

LARGEST = 4 * 1024**3

GZIP_MAGIC = b"\x1f\x8b"
_UNSIGNED_BYTE = 0x08
_CHUNK = 1 << 20


def open_regular(path: Path) -> BinaryIO:
    """Open `path` for reading bytes, unbuffered; DataError unless it is a readable regular file.

    A FIFO or a device is refused without waiting for it.
    """
    # O_NONBLOCK: opening a FIFO that nobody writes to would otherwise wait for ever, and checking
    # the kind before opening would leave a gap between the check and the use.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise DataError(f"Cannot read {shown(path)}: {reason}.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DataError(f"Cannot read {shown(path)}: it is not a regular file.")
    return io.FileIO(descriptor, "rb")


def file_sha256(path: Path) -> str:
    """SHA-256, in hex, of the bytes of the regular file `path`; DataError if it cannot be read."""
    with open_regular(path) as file:
        digest = hashlib.sha256()
        with as_sentences(path):
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


def read_idx(path: Path, ndim: int, progress: Progress | None = None) -> Pixels:
    """The uint8 array with `ndim` dimensions that the IDX file `path` holds.

    Whether it is gzip is told by its first bytes, not by its name. Raises DataError, naming the
    file, if it is not an IDX file of `ndim` dimensions of unsigned bytes, if a dimension is zero,
    if it promises more than 4 GB, or if it is damaged, shorter or longer than it promises.
    """
    with open_regular(path) as file:
        with as_sentences(path):
            size = os.fstat(file.fileno()).st_size
            magic = file.read(2)
            file.seek(0)
        if size == 0:
            raise DataError(f"{shown(path)} is empty; fetch it again.")
        try:
            if magic != GZIP_MAGIC:
                return _Reader(path, file, ndim, progress).read(real_size=size)
            with gzip.GzipFile(fileobj=file, mode="rb") as unzipped:
                return _Reader(path, unzipped, ndim, progress).read(real_size=None)
        except MemoryError:
            raise DataError(f"{shown(path)} does not fit into memory.") from None


@contextmanager
def as_sentences(path: Path) -> Iterator[None]:
    """Turn what reading bytes of `path` can raise into a DataError.

    It is put around each read and no wider, so that whatever `progress` raises is left alone.
    """
    try:
        yield
    except EOFError:
        raise DataError(f"{shown(path)} is cut short; fetch it again.") from None
    except (zlib.error, gzip.BadGzipFile):
        raise DataError(f"{shown(path)} is damaged gzip; fetch it again.") from None
    except OSError as error:
        raise DataError(f"Cannot read {shown(path)}: {error.strerror}.") from None


class _Reader:
    """Reads the header and then the body of one opened IDX stream."""

    def __init__(
        self, path: Path, stream: BinaryIO | gzip.GzipFile, ndim: int, progress: Progress | None
    ) -> None:
        self._path = path
        self._stream = stream
        self._ndim = ndim
        self._progress = progress

    def read(self, real_size: int | None) -> Pixels:
        """The array; `real_size` is the size of the whole stream where it is known beforehand."""
        shape = self._header()
        promised = math.prod(shape)
        if promised > LARGEST:
            raise DataError(
                f"{shown(self._path)} promises {promised} bytes of data, more than the "
                f"{LARGEST // 1024**3} GB that Inkling accepts; its header is probably damaged."
            )
        if real_size is not None:
            self._compare(promised, real_size - 4 - 4 * self._ndim)
        return np.frombuffer(self._body(promised), dtype=np.uint8).reshape(shape)

    def _header(self) -> tuple[int, ...]:
        start = self._exactly(4)
        zeros, type_code, ndim = start[:2], start[2], start[3]
        if zeros != b"\0\0" or ndim == 0:
            raise DataError(
                f"{shown(self._path)} is not an IDX file: it starts with the bytes "
                f"{start.hex(' ')}, not with 00 00."
            )
        if type_code != _UNSIGNED_BYTE:
            raise DataError(
                f"{shown(self._path)} holds values of IDX type 0x{type_code:02x}, but only "
                "unsigned bytes (0x08) can be read."
            )
        if ndim != self._ndim:
            raise DataError(
                f"{shown(self._path)} has {ndim} dimension(s) where {self._ndim} are expected; "
                "images have 3 (count, height, width), labels have 1."
            )
        shape = struct.unpack(f">{ndim}I", self._exactly(4 * ndim))
        if 0 in shape:
            raise DataError(f"{shown(self._path)} holds no samples: its dimensions are {shape}.")
        return shape

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self._read(count - len(data))
            if not more:
                raise DataError(f"{shown(self._path)} ends within its IDX header; fetch it again.")
            data += more
        return data

    def _body(self, promised: int) -> bytearray:
        # It grows with what arrives, so a gzip file of a few bytes that promises gigabytes costs
        # a few bytes; and one byte past the promise is asked for, which finds both a surplus and,
        # in gzip, the checksum at the end.
        body = bytearray()
        what = f"Reading {shown(self._path.name)}"
        while len(body) <= promised:
            if self._progress is not None:
                self._progress(what, len(body), promised)
            chunk = self._read(min(_CHUNK, promised + 1 - len(body)))
            if not chunk:
                break
            body += chunk
        self._compare(promised, len(body))
        return body

    def _read(self, count: int) -> bytes:
        with as_sentences(self._path):
            # A raw file answers None only where it would have to wait, which a regular one never
            # does.
            return self._stream.read(count) or b""

    def _compare(self, promised: int, real: int) -> None:
        if real < promised:
            raise DataError(
                f"{shown(self._path)} is cut short: its header promises {promised} bytes of data, "
                f"but it holds {real}; fetch it again."
            )
        if real > promised:
            raise DataError(
                f"{shown(self._path)} holds more than the {promised} bytes of data that its "
                "header promises; it is not the file it claims to be."
            )
