"""A table of digits as text: the label first, then the pixels, one image a line.

This is how MNIST is passed around as CSV: 785 numbers a line, with or without a line of headings,
plain or gzip. 60,000 lines are 47 million numbers, so a block of whole lines is parsed at once,
byte by byte in NumPy: where the separators are tells where each number's last, second and third
last digit are. A block that is anything but short whole numbers is gone through again line by line,
which finds out what is wrong, and in which line.
"""

from __future__ import annotations

import gzip
import math
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from nn.data.dataset import DataError, Dataset, Pixels, Progress, shown
from nn.data.idx import GZIP_MAGIC, LARGEST, as_sentences, open_regular
from nn.data.pixels import own_dataset

LONGEST_LINE = 1 << 24
LARGEST_EXPANSION = 200
"""How many times its own size a gzip file may hold."""

_FREE_EXPANSION = 1 << 24
_BLOCK = 1 << 22
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMMA, _NEWLINE, _ZERO = b",\n0"


def read_csv(path: Path, name: str, progress: Progress | None = None) -> Dataset:
    """The table `path` as a `Dataset` with the classes 0, 1, ...; it has no official split.

    A column of headings called id may come first; then no id may occur twice. Raises DataError with
    the number of the line for a row that is too short or too long, is empty, or has anything in it
    but whole numbers from 0 to 255.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise DataError(f"{shown(path)} is empty.")
        with as_sentences(path):
            zipped = file.read(2) == GZIP_MAGIC
            file.seek(0)
        table = _Table(path)
        most = min(LARGEST, max(_FREE_EXPANSION, LARGEST_EXPANSION * size))
        try:
            if zipped:
                with gzip.GzipFile(fileobj=file, mode="rb") as stream:
                    _read_table(table, stream, file, most, progress)
            else:
                _read_table(table, file, file, LARGEST, progress)
            rows = table.rows()
        except MemoryError:
            raise DataError(f"{shown(path)} does not fit into memory.") from None
    side = math.isqrt(rows.shape[1] - 1)
    images = np.ascontiguousarray(rows[:, 1:]).reshape(-1, side, side)
    return own_dataset(name, images, np.ascontiguousarray(rows[:, 0]), shown(path))


def _read_table(
    table: _Table,
    stream: BinaryIO | gzip.GzipFile,
    file: BinaryIO,
    most: int,
    progress: Progress | None,
) -> None:
    """Feed `table` with whole lines of `stream`, which comes from `file`."""
    size = os.fstat(file.fileno()).st_size
    path, rest, seen = table.path, b"", 0
    while True:
        if progress is not None:
            with as_sentences(path):
                done = min(file.tell(), size)
            progress(f"Reading {shown(path.name)}", done, size)
        with as_sentences(path):
            block = stream.read(_BLOCK) or b""
        seen += len(block)
        if seen > most:
            raise DataError(
                f"{shown(path)} unpacks to more than {most:,} bytes, which is too much."
            )
        if not block:
            break
        whole, newline, new_rest = (rest + block).rpartition(b"\n")
        rest = new_rest
        if newline:
            table.feed(whole + newline)
        if len(rest) > LONGEST_LINE:
            raise DataError(
                f"{table.where(1)} is longer than {LONGEST_LINE // 1024**2} MB; a line is one "
                "image, the label first."
            )
    if rest:
        table.feed(rest + b"\n")


class _Table:
    """Rows parsed so far; the first line says how many columns there are, and whether it is one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._line = 0
        self._columns = 0
        self._ids: dict[bytes, int] | None = None
        self._blocks: list[Pixels] = []

    def where(self, offset: int) -> str:
        """The line `offset` lines after those that are done with, as a sentence begins."""
        return f"Line {self._line + offset} of {shown(self.path)}"

    def rows(self) -> Pixels:
        """(n, 1 + pixels) uint8: everything that was fed; DataError if that is nothing."""
        if not self._blocks:
            raise DataError(f"{shown(self.path)} holds no images, only a line of headings.")
        return np.concatenate(self._blocks)

    def feed(self, text: bytes) -> None:
        """Parse `text`, whole lines each with its line end."""
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        if self._line == 0:
            text = self._begin(text.removeprefix(_BYTE_ORDER_MARK))
        if not text:
            return
        lines = text.count(b"\n")
        if self._ids is not None:
            text = self._without_ids(text)
        rows = _parse_block(text, lines, self._columns)
        if rows is None:
            rows = self._parse_lines(text)
        self._blocks.append(rows)
        self._line += lines

    def _begin(self, text: bytes) -> bytes:
        """Look at the first line, and return what is left to parse."""
        first, _, rest = text.partition(b"\n")
        fields = self._decoded(first, 1).split(",")
        headings = not all(_is_number(field) for field in fields)
        columns = len(fields)
        if headings and fields[0].strip().strip("\"'").lower() == "id":
            self._ids = {}
            columns -= 1
        side = math.isqrt(max(columns - 1, 0))
        if columns < 2 or side * side != columns - 1:
            raise DataError(
                f"{self.where(1)} has {columns} columns; there must be a label and a square "
                "number of pixels with commas between them, such as 1 + 784."
            )
        self._columns = columns
        if not headings:
            return text
        self._line = 1
        return rest

    def _without_ids(self, text: bytes) -> bytes:
        assert self._ids is not None
        kept = []
        for offset, line in enumerate(text.split(b"\n")[:-1], 1):
            number, _, rest = line.partition(b",")
            before = self._ids.setdefault(number.strip(), self._line + offset)
            if before != self._line + offset:
                raise DataError(
                    f"{self.where(offset)} has the same id as line {before}; ids must not repeat."
                )
            kept.append(rest)
        return b"\n".join(kept) + b"\n"

    def _decoded(self, line: bytes, offset: int) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            raise DataError(f"{self.where(offset)} is not UTF-8 text.") from None

    def _parse_lines(self, text: bytes) -> Pixels:
        """The slow road: what a person would accept, and where they would not."""
        rows = np.empty((text.count(b"\n"), self._columns), np.uint8)
        for offset, line in enumerate(text.split(b"\n")[:-1], 1):
            fields = self._decoded(line, offset).split(",")
            if fields == [""]:
                raise DataError(f"{self.where(offset)} is empty; take it out.")
            if len(fields) != self._columns:
                raise DataError(
                    f"{self.where(offset)} has {len(fields)} numbers where {self._columns} are "
                    "expected: a label, and a pixel for every other."
                )
            rows[offset - 1] = self._numbers(fields, offset)
        return rows

    def _numbers(self, fields: list[str], offset: int) -> list[int]:
        numbers = []
        for column, field in enumerate(fields, 1):
            try:
                number = float(field)
            except ValueError:
                number = math.nan
            if not (0 <= number <= 255 and number == int(number)):
                what = "label" if column == 1 else "pixel"
                raise DataError(
                    f"{self.where(offset)}, column {column}, has the {what} {shown(field[:40])}; "
                    "it must be a whole number from 0 to 255."
                )
            numbers.append(int(number))
        return numbers


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _stops(text: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    return np.flatnonzero((text == _COMMA) | (text == _NEWLINE))


def _parse_block(text: bytes, lines: int, columns: int) -> Pixels | None:
    """(lines, columns) uint8 from whole lines of numbers of one to three digits; None if it is
    anything else."""
    every = np.frombuffer(text, np.uint8)
    stops = _stops(every)
    if len(stops) != lines * columns:
        return None
    # The separators of every line: commas, and a line end as the last.
    if not (every[stops[columns - 1 :: columns]] == _NEWLINE).all():
        return None
    digits = every - np.uint8(_ZERO)
    if np.count_nonzero(digits > 9) != len(stops):
        return None
    widths = np.diff(stops, prepend=-1) - 1
    if widths.min() < 1 or widths.max() > 3:
        return None
    # An offset of -2 before the very first number is never used: it is too short for it.
    numbers = digits[stops - 1].astype(np.uint16)
    for place, factor in ((2, 10), (3, 100)):
        wide = np.flatnonzero(widths >= place)
        numbers[wide] += digits[stops[wide] - place] * np.uint16(factor)
    if numbers.max() > 255:
        return None
    return numbers.astype(np.uint8).reshape(lines, columns)
