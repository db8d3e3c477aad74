"""A `.npz` file looked at before it is believed.

An `.npz` is a ZIP archive whose members are arrays: a line of Python that says dtype, order and
shape, then the bytes. A reader that believes all of it can be made to fill the memory, to hang or
to run code. So each promise (a size, a shape, a count) is compared here with the bytes that are
there before anything is set aside for it, and the much smaller part of both formats that NumPy
writes for plain arrays is all that is accepted.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MOST_MEMBERS = 258
LONGEST_NAME = 100
CHUNK = 1 << 20

# Little-endian, whatever the machine.
_DTYPES = frozenset(
    np.dtype(code) for code in ("?", *(f"<{kind}{n}" for kind in "iu" for n in (1, 2, 4, 8)))
) | {np.dtype(f"<f{n}") for n in (2, 4, 8)}

_NAME = re.compile(r"(?!.*\.npy$)[a-z0-9_]+(\.[a-z0-9_]+)*")

# The line as NumPy writes it. NumPy reads much more, by way of a Python parser that can be made to
# recurse, to warn on stderr and to raise half a dozen kinds of errors.
_NUMBER = rb"(0|[1-9][0-9]{0,17})"
_HEADER = re.compile(
    rb"\{'descr': '[<>|][A-Za-z][0-9]{0,5}', 'fortran_order': (True|False), "
    rb"'shape': \((%b,|%b(, %b){1,31})?\), \} *\n" % (_NUMBER, _NUMBER, _NUMBER)
)
_LONGEST_HEADER = 1024
_BEFORE_HEADER = 10

# Of the ZIP format: the record that ends the file, and the one that comes before it in archives
# too large for it, which these are not.
_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_ZIP64_SIGNATURE = b"PK\x06\x07"
_ZIP64_SIZE = 20
_BEFORE_NAME = 30
_LARGEST_DIRECTORY = 64 * 1024

NOT_WHOLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    KeyError,
    EOFError,
    OverflowError,
    # With NotImplementedError and RecursionError, which are kinds of it.
    RuntimeError,
)
"""What `zipfile`, `json` and NumPy raise for a file that is not what it should be."""


class Refused(Exception):
    """What is wrong with a file; `str()` continues a sentence that begins with its name."""


@dataclass(frozen=True)
class Plan:
    """Where an array stands and what it is, known from its header alone.

    `body_size` is both what dtype and shape make and the number of bytes that are there.
    """

    member: zipfile.ZipInfo
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool
    header_size: int
    body_size: int


def is_array_name(name: str) -> bool:
    """Words of a-z, 0-9 and _, with single dots between them: a file name on any system."""
    return len(name) <= LONGEST_NAME and _NAME.fullmatch(name) is not None


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Whether it is bool, or an integer or a float of at most 64 bits, little-endian."""
    return dtype in _DTYPES


def open_members(file: BinaryIO) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """The ZIP archive in `file` and its members, whose names are checked by nobody yet.

    There are at most MOST_MEMBERS of them; they are not compressed, and fill the file from its
    first byte on without a gap or an overlap, so that together they are no larger than the file.
    Raises Refused, OSError or one of NOT_WHOLE.
    """
    size = os.fstat(file.fileno()).st_size
    if size < _END.size + _ZIP64_SIZE:
        raise Refused("is empty" if size == 0 else "is cut short or not an .npz file")
    file.seek(-_END.size - _ZIP64_SIZE, io.SEEK_END)
    before, end = file.read(_ZIP64_SIZE), file.read(_END.size)
    signature, _, _, _, count, directory_size, directory, comment_size = _END.unpack(end)
    if (
        signature != _END_SIGNATURE
        or before.startswith(_ZIP64_SIGNATURE)
        or directory + directory_size + _END.size != size
        or comment_size
    ):
        raise Refused("is cut short or not an .npz file")
    # zipfile makes an object of each member in the directory, before it can be asked how many.
    if count > MOST_MEMBERS or directory_size > _LARGEST_DIRECTORY:
        raise Refused(f"has {count} members, more than the {MOST_MEMBERS} that are read")
    archive = zipfile.ZipFile(file)
    members = archive.infolist()
    place = 0
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise Refused("is compressed, which Inkling's own files are not")
        if member.header_offset != place:
            raise Refused("has members out of place")
        place += _BEFORE_NAME + len(member.orig_filename) + member.file_size
    if place != directory or len(members) != count:
        raise Refused("has members out of place")
    return archive, members


def plan(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Plan:
    """What the array in `member` is, and that it is all there.

    Raises Refused, OSError or one of NOT_WHOLE.
    """
    with archive.open(member) as stream:
        start = stream.read(_LONGEST_HEADER)
    size = _BEFORE_HEADER + int.from_bytes(start[8:_BEFORE_HEADER], "little")
    header = io.BytesIO(start)
    if np.lib.format.read_magic(header) != (1, 0) or not _HEADER.fullmatch(
        start[_BEFORE_HEADER:size]
    ):
        raise Refused(f"is damaged: {member.filename} is not a plain array")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(
        header, max_header_size=_LONGEST_HEADER
    )
    if not is_plain(dtype):
        raise Refused(f"has values of the type {dtype.str} in {member.filename}, not plain numbers")
    promised, real = math.prod(shape) * dtype.itemsize, member.file_size - size
    if promised != real:
        raise Refused(
            f"is damaged: the header of {member.filename} promises {promised} bytes, but {real} "
            "are there"
        )
    return Plan(member, dtype, shape, fortran_order, size, real)


def read_body(archive: zipfile.ZipFile, plan: Plan, digest: Any) -> Array:
    """The array, writable and in native byte order; all bytes of its member go into `digest`.

    Raises Refused, OSError, MemoryError or one of NOT_WHOLE.
    """
    flat = np.empty(plan.body_size, np.uint8)
    with archive.open(plan.member) as stream:
        digest.update(stream.read(plan.header_size))
        for start in range(0, plan.body_size, CHUNK):
            part = flat[start : start + CHUNK]
            # ValueError where fewer bytes come than there were a moment ago.
            part[:] = np.frombuffer(stream.read(len(part)), np.uint8)
            digest.update(part.data)
    if plan.dtype == np.bool_ and flat.max(initial=0) > 1:
        raise Refused(f"is damaged: {plan.member.filename} has bools that are not 0 or 1")
    array: Array = flat.view(plan.dtype)
    # What was written column by column is the transpose of an array written row by row.
    array = array.reshape(plan.shape[::-1]).T if plan.fortran_order else array.reshape(plan.shape)
    return array.astype(plan.dtype.newbyteorder("="), copy=False)


def strict_json(text: bytes) -> Any:
    """The value of a JSON text; ValueError for NaN, infinities and a key that occurs twice."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(items)
        if len(values) != len(items):
            raise ValueError("a key occurs twice")
        return values

    def number(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise ValueError("not a finite number")
        return value

    return json.loads(
        text.decode("ascii"), object_pairs_hook=pairs, parse_float=number, parse_constant=number
    )
