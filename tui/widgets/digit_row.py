"""The digits that a lesson is about, as images, with a few words under each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from textual.reactive import reactive

from tui.widgets.characters import cells, shorten
from tui.widgets.detail_parts import fitted
from tui.widgets.half_blocks import LEVELS, ascii_cells, half_blocks, ink
from tui.widgets.inks import Inks
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.strips import Canvas, Picture
from tui.widgets.words import plain

GROUND = LEVELS * LEVELS
PLAIN, QUIET, RIGHT, WRONG = range(GROUND + 1, GROUND + 5)

LEAST_TALL = 8
"""Lines below which an image in a line of its own would be worse than words cut short."""


@dataclass(frozen=True, eq=False)
class Caption:
    """What is said of a digit: some lines, and whether it is taken for what it is."""

    lines: tuple[str, ...]
    right: bool


@dataclass(frozen=True, eq=False)
class Captioned:
    """uint8 images (n, height, width), ink up to `pixel_max`, and a caption for each."""

    images: NDArray[np.uint8]
    pixel_max: int
    captions: tuple[Caption, ...]


class DigitRow(PictureWidget):
    """Side by side, or in lines where their words would be cut and there is room; as large as there
    is room for, at most life-size."""

    DEFAULT_CSS = """
    DigitRow {
        height: 1fr;
        min-height: 3;

        .digit-row--plain { color: $foreground; }
        .digit-row--quiet { color: $quiet; }
        .digit-row--right { color: $success; }
        .digit-row--wrong { color: $error; text-style: bold; }
        .digit-row--ink { color: $foreground; background: $surface; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "digit-row--plain",
        "digit-row--quiet",
        "digit-row--right",
        "digit-row--wrong",
        "digit-row--ink",
    }

    digits: reactive[Captioned | None] = reactive(None, repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self._inks = Inks()

    def watch_digits(self) -> None:
        self.request_picture(at_once=True)

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = Canvas(*self.size, style=GROUND)
        if self.digits is not None and len(self.digits.images):
            self._draw(canvas, self.digits)
        inked = self.get_component_styles("digit-row--ink")
        palette = self._inks.of(inked.background, inked.color)
        names = ("plain", "quiet", "right", "wrong")
        styles = [self.get_component_rich_style(f"digit-row--{name}") for name in names]
        self.show_picture(Picture.from_canvas(canvas, [*palette, self.rich_style, *styles]))

    def _draw(self, canvas: Canvas, digits: Captioned) -> None:
        images = ink(digits.images, digits.pixel_max)
        words = max(len(caption.lines) for caption in digits.captions)
        longest = max(cells(line) for caption in digits.captions for line in caption.lines)
        lines, across = 1, len(images)
        while canvas.width // across <= longest and across > 1:
            if canvas.height // (lines + 1) < words + LEAST_TALL:
                break
            lines += 1
            across = -(-len(images) // lines)
        each, tall = canvas.width // across, canvas.height // lines
        # A single digit may have its words beside it.
        beside = len(images) == 1 and each >= images.shape[2] + 24
        room = each - 24 if beside else each - 1, tall - (0 if beside else words)
        images, _ = fitted(images, *room)
        codes, styles = (ascii_cells if self.ascii_only else half_blocks)(images)
        height, width = codes.shape[1:]
        ellipsis = "~" if self.ascii_only else "…"
        for k, caption in enumerate(digits.captions):
            left, top = k % across * each, k // across * tall
            canvas.blit(left, top, codes[k], styles[k])
            x, y = (left + width + 2, top) if beside else (left, top + height)
            space = canvas.width - x if beside else each - 1
            for i, text in enumerate(caption.lines):
                tone = (RIGHT if caption.right else WRONG) if i == 0 else PLAIN if i < 3 else QUIET
                said = plain(text) if self.ascii_only else text
                canvas.put(x, y + i, shorten(said, space, ellipsis), tone)
