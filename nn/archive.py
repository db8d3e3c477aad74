"""Words and arrays in one `.npz` file, written whole and read back without trusting a byte of it.

Anyone can open the file with `numpy.load(path)`; nothing in it is pickled or compressed. It is a
ZIP archive of these members, in this order and with nothing between them:

INKLING.json    {"kind": what the file is, "format": its version, "words": what the caller said}
<name>.npy      one for each array
SHA256SUMS      a line for each member above; unpacked, `sha256sum --check` understands it

To read it takes the memory for the arrays, which are really there, and what 1 MB of JSON takes.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn import npz
from nn.atomic import replacing
from nn.data.dataset import DataError, shown
from nn.data.idx import open_regular

Array = NDArray[Any]
Shapes = Mapping[str, tuple[DTypeLike, tuple[int, ...]]]
"""The dtype and the shape of each array, by name."""

LARGEST = 1024**3
LARGEST_WORDS = 1024**2
MOST_ARRAYS = npz.MOST_MEMBERS - 2

_WORDS = "INKLING.json"
_SUMS = "SHA256SUMS"


class ArchiveError(Exception):
    """A file that cannot be written, read or believed; `str()` is one sentence for a person.

    `errno` is the system's number where it was the system that refused.
    """

    def __init__(self, sentence: str, errno: int | None = None) -> None:
        super().__init__(sentence)
        self.errno = errno


@dataclass(frozen=True)
class Archive:
    """What a file holds: `words` as from JSON, the arrays by name, and its format `version`."""

    words: dict[str, Any]
    arrays: dict[str, Array]
    version: int


def save(
    path: Path, words: Mapping[str, Any], arrays: Mapping[str, Array], *, kind: str, version: int
) -> None:
    """Write `words` and `arrays` to `path`, whole and on the disk, or not at all.

    `words` must come back from JSON as they are (str keys, no tuples, no NaN). A name of an array
    is made of a-z, 0-9, _ and single dots; an array is of bools, integers or floats of at most 64
    bits, of any shape and order. The same content makes the same bytes.

    Raises:
        ArchiveError: the place cannot be written to or is full, or it is more than `load` takes.
        ValueError, TypeError: words or arrays are not as described.
    """
    whole = {"kind": kind, "format": version, "words": dict(words)}
    text = json.dumps(whole, allow_nan=False).encode("ascii")
    if json.loads(text) != whole:
        raise ValueError("The words would not come back from JSON as they are.")
    if len(arrays) > MOST_ARRAYS:
        raise ValueError(f"An archive holds at most {MOST_ARRAYS} arrays, not {len(arrays)}.")
    little = {name: _little_endian(name, array) for name, array in arrays.items()}
    size = sum(array.nbytes for array in little.values())
    if len(text) > LARGEST_WORDS or size > LARGEST - 2 * LARGEST_WORDS:
        raise ArchiveError(
            f"Cannot write {shown(path)}: {len(text)} bytes of words and {size} bytes of arrays "
            "are more than could be read again; what was there before is still there."
        )
    try:
        with replacing(path) as file:
            _write(file, text, little)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise ArchiveError(
            f"Cannot write {shown(path)}: {reason}; what was there before is still there.",
            getattr(error, "errno", None),
        ) from None


def load(
    path: Path,
    *,
    kind: str,
    version: int,
    shapes: Shapes | Callable[[dict[str, Any]], Shapes] | None = None,
    finite: Collection[str] = (),
    limit: int = LARGEST,
) -> Archive:
    """The whole of the file that `save` wrote at `path`, checked.

    `kind` is what it must be, `version` the newest format that the caller understands. `shapes`
    names the arrays that must be there, and no others, or is a function that does so once it has
    seen the words; what that raises passes through. The arrays named in `finite` must hold neither
    NaN nor infinity.

    Raises:
        ArchiveError: the file cannot be read, is larger than `limit` bytes, is not what it should
            be, is damaged, or comes from a newer Inkling.
    """
    with open_archive(path, kind=kind, version=version, limit=limit) as reader:
        expected = shapes(reader.words) if callable(shapes) else shapes
        return Archive(reader.words, reader.arrays(expected, finite=finite), reader.version)


@contextmanager
def open_archive(
    path: Path, *, kind: str, version: int, limit: int = LARGEST
) -> Iterator[ArchiveReader]:
    """The file at `path` with its words read and the headers of its arrays, but no array yet.

    The arguments and the errors are those of `load`.
    """
    try:
        file = open_regular(path)
    except DataError as error:
        raise ArchiveError(str(error)) from None
    with file:
        yield ArchiveReader(path, file, kind, version, limit)


class ArchiveReader:
    """An open archive; made by `open_archive`.

    `words`, `version` and `shapes` (dtype and shape of each array, by name) are there at once. The
    words are undamaged, but they may be anybody's: whoever uses them checks what they say.
    """

    def __init__(self, path: Path, file: BinaryIO, kind: str, version: int, limit: int) -> None:
        self._path = path
        self._kind = kind
        with self._as_sentences():
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                self._fail(f"has {size} bytes, more than the {limit} that are read")
            self._zip, members = npz.open_members(file)
            self._check_members(members)
            self._sums = self._read_sums([member.filename for member in members[:-1]])
            text = self._zip.read(members[0])
            self._check_sum(_WORDS, hashlib.sha256(text))
            self.words, self.version = self._read_words(text, version)
            self._plans = {
                member.filename.removesuffix(".npy"): npz.plan(self._zip, member)
                for member in members[1:-1]
            }
        self.shapes: Shapes = {name: (plan.dtype, plan.shape) for name, plan in self._plans.items()}

    def arrays(
        self, expected: Shapes | None = None, *, finite: Collection[str] = ()
    ) -> dict[str, Array]:
        """All arrays by name, writable and in native byte order.

        If `expected` is given, the file must hold these arrays and no others, which is looked at
        before the first is read. The arrays named in `finite` must hold neither NaN nor infinity.

        Raises:
            ArchiveError: any of this is not so, or an array does not match its checksum.
        """
        wanted = [*(expected or ()), *finite]
        for name in wanted:
            if name not in self._plans:
                self._fail(f"lacks the array {shown(name)}")
        if expected is not None:
            self._check_shapes(expected)
        arrays = {}
        for name, plan in self._plans.items():
            digest = hashlib.sha256()
            with self._as_sentences():
                arrays[name] = npz.read_body(self._zip, plan, digest)
            self._check_sum(plan.member.filename, digest)
            if name in finite and not _all_finite(arrays[name]):
                self._fail(f"has values in {shown(name)} that are not finite numbers")
        return arrays

    def _fail(self, what: str) -> NoReturn:
        raise ArchiveError(f"{shown(self._path)} {what}; use another {self._kind}.") from None

    @contextmanager
    def _as_sentences(self) -> Iterator[None]:
        """Turn what reading the file can raise into an ArchiveError."""
        try:
            yield
        except npz.Refused as refusal:
            self._fail(str(refusal))
        except npz.NOT_WHOLE:
            self._fail("is damaged or was not written by Inkling")
        except MemoryError:
            raise ArchiveError(f"{shown(self._path)} does not fit into memory.") from None
        except OSError as error:
            reason = error.strerror or "it cannot be read"
            raise ArchiveError(f"Cannot read {shown(self._path)}: {reason}.") from None

    def _check_members(self, members: list[zipfile.ZipInfo]) -> None:
        # zipfile cuts `filename` at a NUL byte, and leaves `orig_filename` as it was.
        names = [member.orig_filename for member in members]
        if len(names) < 2 or names[0] != _WORDS or names[-1] != _SUMS:
            self._fail("was not written by Inkling")
        for name in names[1:-1]:
            if not name.endswith(".npy") or not npz.is_array_name(name.removesuffix(".npy")):
                self._fail(f"has a member of the doubtful name {shown(name)}")
        if len(set(names)) != len(names):
            self._fail("has two members of the same name")
        if members[0].file_size > LARGEST_WORDS or members[-1].file_size > LARGEST_WORDS:
            self._fail(f"has more than the {LARGEST_WORDS} bytes of words that are read")

    def _read_sums(self, names: list[str]) -> dict[str, str]:
        text = self._zip.read(_SUMS).decode("ascii")
        sums = {line[66:]: line[:64] for line in text.split("\n")[:-1]}
        if list(sums) != names or text != "".join(f"{sums[name]}  {name}\n" for name in names):
            self._fail("is damaged: its checksums are not those of its members")
        return sums

    def _check_sum(self, name: str, digest: Any) -> None:
        if digest.hexdigest() != self._sums[name]:
            self._fail(f"is damaged: {name} does not match its checksum")

    def _read_words(self, text: bytes, newest: int) -> tuple[dict[str, Any], int]:
        whole = npz.strict_json(text)
        if not isinstance(whole, dict) or set(whole) != {"kind", "format", "words"}:
            self._fail("was not written by Inkling")
        kind, version, words = whole["kind"], whole["format"], whole["words"]
        if kind != self._kind:
            self._fail(f"is of the kind {shown(kind)}, not {shown(self._kind)}")
        # A bool is an int to isinstance.
        if type(version) is not int or version < 1 or not isinstance(words, dict):
            self._fail("was not written by Inkling")
        if version > newest:
            raise ArchiveError(
                f"{shown(self._path)} was written by a newer Inkling (format {version:.6g}, this "
                f"one reads up to {newest}); update Inkling to open it."
            )
        return words, version

    def _check_shapes(self, expected: Shapes) -> None:
        for name, plan in self._plans.items():
            if name not in expected:
                self._fail(f"has an array {shown(name)}, for which there is no use")
            dtype, shape = np.dtype(expected[name][0]), tuple(expected[name][1])
            if plan.dtype.newbyteorder("=") != dtype or plan.shape != shape:
                self._fail(
                    f"has {shown(name)} as {plan.dtype.name} {plan.shape}, where {dtype.name} "
                    f"{shape} is needed"
                )


def _write(file: BinaryIO, text: bytes, arrays: Mapping[str, Array]) -> None:
    sums = f"{hashlib.sha256(text).hexdigest()}  {_WORDS}\n"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(_WORDS, "w") as member:
            member.write(text)
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                hashed = _Hashed(member)
                np.lib.format.write_array(hashed, array, version=(1, 0), allow_pickle=False)
            sums += f"{hashed.digest.hexdigest()}  {name}.npy\n"
        with archive.open(_SUMS, "w") as member:
            member.write(sums.encode("ascii"))


class _Hashed:
    """Passes on what is written and adds it to a SHA-256 digest."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.digest.update(data)
        self._sink.write(data)


def _little_endian(name: str, array: Array) -> Array:
    little = np.asarray(array)
    little = little.astype(little.dtype.newbyteorder("<"), copy=False)
    if not npz.is_array_name(name) or not npz.is_plain(little.dtype):
        raise ValueError(f"An archive takes no array {shown(name)} of {little.dtype.name}.")
    return little


def _all_finite(array: Array) -> bool:
    """Whether no element is NaN or infinite, without a second array of the same size."""
    # Either shows in the smallest or the largest element, for NaN is passed on by both.
    with np.errstate(invalid="ignore"):
        ends = array.min(initial=0), array.max(initial=0)
    return all(math.isfinite(end) for end in ends)
