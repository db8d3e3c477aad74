"""The parts of which the picture of one digit is made: pure drawing, for `digit_detail`.

Every function draws on a canvas from a line on and returns the first line below what it has drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tui.engine.inquiry import Alike
from tui.engine.mistakes import Mistakes
from tui.widgets.digit_layout import GAP
from tui.widgets.half_blocks import ascii_cells, half_blocks, halved, ink
from tui.widgets.strips import Canvas, cells, shorten

SALIENCY_LEVELS: Final = 3
FAINTEST: Final = 0.08
"""Of the largest contribution; less than that is not drawn."""

SMALLEST_BAR: Final = 4


@dataclass(frozen=True)
class Looks:
    """Where in the palette the styles stand that lie behind those of the inks; `for_it` and
    `against_it` are the first of `SALIENCY_LEVELS` each, the faintest first."""

    ground: int
    plain: int
    quiet: int
    right: int
    wrong: int
    bar: int
    badge: int
    for_it: int
    against_it: int


@dataclass(frozen=True)
class Pen:
    """How things are written here."""

    looks: Looks
    ascii_only: bool

    @property
    def ellipsis(self) -> str:
        return "~" if self.ascii_only else "…"

    @property
    def mark_right(self) -> str:
        return "=" if self.ascii_only else "✓"

    @property
    def mark_wrong(self) -> str:
        return "x" if self.ascii_only else "✗"


def fitted(inks: NDArray[np.float32], width: int, height: int) -> tuple[NDArray[np.float32], int]:
    """Ink (1, h, w) enlarged by whole numbers or halved until it fits into so many cells, and the
    factor: 2 is twice as large, -1 is halved once."""
    halvings = 0
    while (inks.shape[2] > width or inks.shape[1] > 2 * height) and max(inks.shape[1:]) > 4:
        inks, halvings = halved(inks), halvings + 1
    if halvings:
        return inks, -halvings
    factor = max(1, min(width // inks.shape[2], 2 * height // inks.shape[1]))
    return inks.repeat(factor, axis=1).repeat(factor, axis=2), factor


def draw_image(
    canvas: Canvas,
    y: int,
    image: NDArray[np.uint8],
    pixel_max: int,
    room: tuple[int, int],
    pen: Pen,
    saliency: NDArray[np.float32] | None = None,
) -> tuple[int, int]:
    """An image (h, w) at the left, as large as `room` (width, height) allows, and over it where the
    network looked: (h, w), + for and - against. Returns (its width, the next line)."""
    inks, factor = fitted(ink(image[None], pixel_max), *room)
    codes, styles = ascii_cells(inks) if pen.ascii_only else half_blocks(inks)
    codes, styles = codes[0], styles[0]
    if saliency is not None:
        spoken = _as_cells(saliency, factor)[: codes.shape[0], : codes.shape[1]]
        most = float(np.abs(spoken).max(initial=0))
        levels = np.ceil(np.abs(spoken) / (most or 1) * SALIENCY_LEVELS).astype(np.int32)
        heard = np.abs(spoken) > FAINTEST * most
        first = np.where(spoken > 0, pen.looks.for_it, pen.looks.against_it)
        codes = np.where(heard, np.where(spoken > 0, ord("+"), ord("-")), codes).astype(np.uint32)
        styles = np.where(heard, first + levels - 1, styles).astype(np.int32)
    canvas.blit(0, y, codes, styles)
    return codes.shape[1], y + codes.shape[0]


def _as_cells(saliency: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Contributions (h, w) summed up to the cells in which an image is drawn that was `fitted`."""
    for _ in range(max(-factor, 0)):
        h, w = saliency.shape
        even = np.pad(saliency, ((0, h % 2), (0, w % 2)))
        saliency = even.reshape((h + 1) // 2, 2, (w + 1) // 2, 2).sum(axis=(1, 3))
    if factor > 1:
        saliency = saliency.repeat(factor, axis=0).repeat(factor, axis=1)
    even = np.pad(saliency, ((0, saliency.shape[0] % 2), (0, 0)))
    return np.asarray(even[0::2] + even[1::2], np.float32)


def draw_bars(
    canvas: Canvas, x: int, y: int, rows: int, mistakes: Mistakes, digit: int, pen: Pen
) -> int:
    """The probability of every class, or of the likeliest `rows` of them and the true one."""
    p = mistakes.predictions
    given = np.nan_to_num(p.probabilities[digit], nan=0.0)
    true, guess = int(p.labels[digit]), int(p.predicted[digit])
    shown = list(range(len(given)))
    if len(given) > rows:
        shown = np.argsort(-given, kind="stable")[: max(rows, 1)].tolist()
        if true not in shown:
            shown[-1] = true
    width = canvas.width - x
    name = min(max(cells(p.class_names[k]) for k in shown), max((width - 8) // 2, 1))
    bar = max(width - 2 - name - 1 - len(" 100.0%"), 0)
    for k in shown:
        mark = pen.mark_right if k == true else pen.mark_wrong if k == guess else " "
        style = {true: pen.looks.right, guess: pen.looks.wrong}.get(k, pen.looks.plain)
        if k == true:
            style = pen.looks.right
        canvas.put(x, y, f"{mark} {shorten(p.class_names[k], name, pen.ellipsis)}", style)
        if bar >= SMALLEST_BAR:
            length = round(float(given[k]) * bar)
            block = "#" if pen.ascii_only else "█"
            canvas.put(x + 3 + name, y, block * length, style if k in (true, guess) else pen.looks.bar)
        canvas.put(canvas.width - 7, y, f"{given[k]:>7.1%}", style)
        y += 1
    return y


def draw_history(
    canvas: Canvas,
    x: int,
    y: int,
    history: NDArray[np.uint8],
    mistakes: Mistakes,
    digit: int,
    pen: Pen,
) -> int:
    """A character for each epoch: what it was taken for, and below it whether that was right."""
    width = canvas.width - x
    first = max(len(history) - width, 0)
    names, true = mistakes.predictions.class_names, int(mistakes.predictions.labels[digit])
    last = len(history) - 1
    title = f"taken for, after epochs {first} to {last}:"
    canvas.put(x, y, shorten(title, width, pen.ellipsis), pen.looks.quiet)
    for place, guess in enumerate(history[first:].tolist()):
        right = guess == true
        style = pen.looks.right if right else pen.looks.wrong
        letter = names[guess][:1] if guess < len(names) else "?"
        canvas.put(x + place, y + 1, letter if cells(letter) == 1 else "?", style)
        canvas.put(x + place, y + 2, pen.mark_right if right else pen.mark_wrong, style)
    return y + 3


def draw_alike(
    canvas: Canvas,
    y: int,
    title: str,
    alike: Alike,
    mistakes: Mistakes,
    digit: int,
    pen: Pen,
    height: int,
) -> int:
    """The nearest training digits side by side, each with its label and how far away it is; their
    labels alone where `height` lines are not enough for pictures."""
    p = mistakes.predictions
    true, guess = int(p.labels[digit]), int(p.predicted[digit])
    words = [p.class_names[label] for label in alike.labels.tolist()]
    if not words:
        canvas.put(0, y, f"{title}: none", pen.looks.quiet)
        return y + 1
    each = (canvas.width + GAP) // len(words) - GAP
    inks, shrunk = fitted(ink(alike.images[:1], p.pixel_max), each, max(height - 2, 1))
    pictures = inks.shape[1] <= 2 * (height - 2) and inks.shape[2] <= each and height >= 5
    styles = [
        pen.looks.right if label == true else pen.looks.wrong if label == guess else pen.looks.plain
        for label in alike.labels.tolist()
    ]
    x = canvas.put(0, y, f"{title}: ", pen.looks.quiet)
    if not pictures:
        for word, style in zip(words, styles, strict=True):
            x = canvas.put(x, y, word, style) + 1
        return y + 1
    lines = -(-inks.shape[1] // 2)
    for place, (word, style) in enumerate(zip(words, styles, strict=True)):
        left = place * (each + GAP)
        small, _ = fitted(ink(alike.images[place : place + 1], p.pixel_max), each, height - 2)
        codes, shades = ascii_cells(small) if pen.ascii_only else half_blocks(small)
        canvas.blit(left, y + 1, codes[0], shades[0])
        apart = f" {alike.distances[place]:.3g}"
        caption = shorten(word, max(each - len(apart), 1), pen.ellipsis) + apart
        canvas.put(left, y + 1 + lines, caption, style, width=each)
    return y + lines + 2
