"""A page full of digits as a PNG, for people: each with its class and what it was taken for."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nn.data.dataset import Progress
from tui.engine.exports import CHUNK, exported
from tui.engine.mistakes import Indices, Mistakes
from tui.engine.text import printable

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

MOST_PIXELS = 24_000_000
"""Of a contact sheet: 72 MB while it is drawn."""

SMALLEST, LARGEST = 84, 128
"""Pixels of a digit's longer side on a sheet; small ones are enlarged by whole numbers."""

NARROWEST = 96
"""Pixels of a cell, so that its caption can be read."""

LETTERS, LINE, GAP = 12, 16, 8
"""Pixels: the size of the letters, the height of a line, the space between two cells."""

PAPER, WORDS, WRONG, FRAME = (255, 255, 255), (40, 40, 40), (176, 0, 32), (208, 208, 208)


@dataclass(frozen=True)
class Sheet:
    """Where things are on a contact sheet, in pixels: `n` cells of `cell` (width, height), in
    `columns`, with an `image` (width, height) in each."""

    n: int
    columns: int
    image: tuple[int, int]
    cell: tuple[int, int]

    @classmethod
    def plan(cls, n: int, image_shape: tuple[int, int]) -> Sheet:
        """For n digits of (height, width): as many as there is room for, about as wide as high."""
        height, width = image_shape
        longer = max(height, width)
        factor: float = max(1, SMALLEST // longer) if longer <= LARGEST else LARGEST / longer
        image = max(1, round(width * factor)), max(1, round(height * factor))
        cell = max(image[0], NARROWEST) + GAP, image[1] + LINE + GAP
        n = min(n, MOST_PIXELS // (cell[0] * cell[1]))
        columns = max(1, math.ceil(math.sqrt(n * cell[1] / cell[0])))
        # A title wants some width.
        return cls(n, max(columns, min(n, 4), 1), image, cell)

    @property
    def size(self) -> tuple[int, int]:
        rows = -(-self.n // self.columns)
        return self.columns * self.cell[0] + GAP, rows * self.cell[1] + GAP + LINE + GAP

    def corner(self, place: int) -> tuple[int, int]:
        """The upper left corner of a cell."""
        row, column = divmod(place, self.columns)
        return GAP + column * self.cell[0], LINE + 2 * GAP + row * self.cell[1]


def save_contact_sheet(
    path: Path,
    mistakes: Mistakes,
    indices: Indices,
    title: str = "",
    progress: Progress | None = None,
) -> int:
    """A PNG of these digits, in this order, dark on white, each with its class, what it was taken
    for, and how surely: `3 as 7, 79%` where that is wrong, `3, 79%` where it is right. Returns how
    many there was room for: the first so many.

    Raises:
        RunError: it cannot be written.
    """
    from PIL import Image, ImageDraw

    p = mistakes.predictions
    sheet = Sheet.plan(len(indices), (p.images.shape[1], p.images.shape[2]))
    picture = Image.new("RGB", sheet.size, PAPER)
    draw, font = ImageDraw.Draw(picture), _font()
    heading = _fitting(printable(title), sheet.size[0] - 2 * GAP, font)
    draw.text((GAP, GAP), heading, WORDS, font)
    for place, index in enumerate(indices[: sheet.n]):
        if progress is not None and place % CHUNK == 0:
            progress("Drawing the sheet", place, sheet.n)
        _draw_digit(picture, draw, font, sheet, place, mistakes, int(index))
    if progress is not None:
        progress("Writing the sheet", 0, None)
    with exported(path) as file:
        picture.save(file, "PNG")
    return sheet.n


def _draw_digit(
    picture: Image.Image,
    draw: ImageDraw.ImageDraw,
    font: Font,
    sheet: Sheet,
    place: int,
    mistakes: Mistakes,
    index: int,
) -> None:
    from PIL import Image

    p = mistakes.predictions
    ink = p.images[index].astype(np.float32) / p.pixel_max
    grey = Image.fromarray(np.rint(255 * (1 - np.clip(ink, 0, 1))).astype(np.uint8))
    larger = sheet.image[0] >= grey.width
    how = Image.Resampling.NEAREST if larger else Image.Resampling.BOX
    x, y = sheet.corner(place)
    width, height = sheet.image
    picture.paste(grey.resize(sheet.image, how), (x, y))
    draw.rectangle((x - 1, y - 1, x + width, y + height), outline=FRAME)
    wrong = bool(mistakes.wrong[index])
    caption = _caption(
        p.class_names[p.labels[index]],
        p.class_names[p.predicted[index]] if wrong else None,
        f"{p.confidence[index]:.0%}",
        sheet.cell[0] - GAP,
        font,
    )
    draw.text((x, y + height + 1), caption, WRONG if wrong else WORDS, font)


def _caption(true: str, taken_for: str | None, sure: str, width: int, font: Font) -> str:
    """The names share what room there is."""
    if taken_for is None:
        return f"{_fitting(true, width - _length(f', {sure}', font), font)}, {sure}"
    room = width - _length(f" as , {sure}", font)
    first = _fitting(true, max(room / 2, room - _length(taken_for, font)), font)
    second = _fitting(taken_for, room - _length(first, font), font)
    return f"{first} as {second}, {sure}"


def _fitting(text: str, width: float, font: Font) -> str:
    text = _drawable(text, font)
    if _length(text, font) <= width:
        return text
    while text and _length(f"{text}..", font) > width:
        text = text[:-1]
    return f"{text}.."


def _font() -> Font:
    """DejaVu Sans where it is installed, which knows many alphabets, else what Pillow brings."""
    from PIL import ImageFont

    try:
        return ImageFont.truetype("DejaVuSans.ttf", LETTERS)
    except OSError:
        return ImageFont.load_default(LETTERS)


def _drawable(text: str, font: Font) -> str:
    """Pillow's own font knows ASCII; without FreeType it raises at anything else."""
    if getattr(font, "path", None):
        return text
    return unicodedata.normalize("NFKD", text).encode("ascii", "replace").decode()


def _length(text: str, font: Font) -> float:
    return float(font.getlength(_drawable(text, font)))
