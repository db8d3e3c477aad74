"""The parts of which the picture of one digit is made: pure drawing, for `digit_detail`.

Every function draws on a canvas from a line on and returns the first line below what it has drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tui.engine.inquiry import Alike
from tui.engine.mistakes import Mistakes
from tui.widgets.characters import cells, shorten
from tui.widgets.digit_layout import GAP
from tui.widgets.half_blocks import ascii_cells, half_blocks, halved, ink
from tui.widgets.strips import Canvas

SALIENCY_LEVELS: Final = 3
FAINTEST: Final = 0.08
"""Of the largest contribution; less than that is not drawn."""

SMALLEST_BAR: Final = 4

LEGIBLE: Final = 14
"""Pixels of a digit's side that need not be halved."""


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
    """Ink (n, h, w) enlarged by whole numbers or halved until each fits into so many cells, and the
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
    """What the network gave to each class, or to the likeliest `rows` of them and the true one."""
    p = mistakes.predictions
    true, guess = int(p.labels[digit]), int(p.predicted[digit])
    return draw_probabilities(
        canvas, x, y, rows, p.probabilities[digit], p.class_names, true, guess, pen
    )


def draw_probabilities(
    canvas: Canvas,
    x: int,
    y: int,
    rows: int,
    probabilities: NDArray[np.float32],
    names: Sequence[str],
    true: int,
    guess: int,
    pen: Pen,
) -> int:
    """A bar for each of `probabilities` (classes,), or for the likeliest and the true one."""
    given = np.nan_to_num(probabilities, nan=0.0)
    shown = list(range(len(given)))
    if len(given) > rows:
        shown = np.argsort(-given, kind="stable")[: max(rows, 1)].tolist()
        if true not in shown:
            shown[-1] = true
    marks = {
        guess: (pen.mark_wrong, pen.looks.wrong),
        true: (pen.mark_right, pen.looks.right),
    }
    return draw_shares(canvas, x, y, shown, given, names, marks, pen)


def draw_shares(
    canvas: Canvas,
    x: int,
    y: int,
    shown: Sequence[int],
    given: NDArray[np.floating],
    names: Sequence[str],
    marks: Mapping[int, tuple[str, int]],
    pen: Pen,
) -> int:
    """A line for each class `shown`: a mark and its style where it has such, its name, a bar as
    long as the probability given to it, and that in percent."""
    width = canvas.width - x
    name = min(max(cells(names[k]) for k in shown), max((width - 8) // 2, 1))
    bar = max(width - 2 - name - 1 - len(" 100.0%"), 0)
    for k in shown:
        mark, style = marks.get(k, (" ", pen.looks.plain))
        canvas.put(x, y, f"{mark} {shorten(names[k], name, pen.ellipsis)}", style)
        if bar >= SMALLEST_BAR:
            length = round(float(given[k]) * bar)
            block = "#" if pen.ascii_only else "█"
            canvas.put(x + 3 + name, y, block * length, style if k in marks else pen.looks.bar)
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
    names, true = mistakes.predictions.class_names, int(mistakes.predictions.labels[digit])
    last, dash = len(history) - 1, "-" if pen.ascii_only else "–"
    first = max(len(history) - (canvas.width - x - len(f"epochs {last}-{last} ")), 0)
    span = f"epochs {first}{dash}{last} " if first < last else f"epoch {last} "
    x = canvas.put(x, y, span, pen.looks.quiet)
    for place, guess in enumerate(history[first:].tolist()):
        right = guess == true
        style = pen.looks.right if right else pen.looks.wrong
        letter = names[guess][:1] if guess < len(names) else "?"
        canvas.put(x + place, y, letter if cells(letter) == 1 else "?", style)
        canvas.put(x + place, y + 1, pen.mark_right if right else pen.mark_wrong, style)
    return y + 2


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
    """The labels of the nearest training digits, and if `height` lines are enough the nearest ones
    themselves, each with how far away it is."""
    p = mistakes.predictions
    true, guess = int(p.labels[digit]), int(p.predicted[digit])
    x = canvas.put(0, y, f"{title}:" if len(alike.labels) else f"{title}: none", pen.looks.quiet)
    styles = []
    for label in alike.labels.tolist():
        named = {guess: pen.looks.wrong, true: pen.looks.right}
        styles.append(named.get(label, pen.looks.plain))
        x = canvas.put(x + 1, y, p.class_names[label], styles[-1])
    most = pictured(alike.images.shape[1:], len(alike.labels), canvas.width, height - 2)
    if not most:
        return y + 1
    each = (canvas.width + GAP) // most - GAP
    for place, label in enumerate(alike.labels[:most].tolist()):
        left = place * (each + GAP)
        small, _ = fitted(ink(alike.images[place : place + 1], p.pixel_max), each, height - 2)
        codes, shades = ascii_cells(small) if pen.ascii_only else half_blocks(small)
        canvas.blit(left, y + 1, codes[0], shades[0])
        below = y + 1 + codes.shape[1]
        apart = f" {alike.distances[place]:.3g}"
        caption = shorten(p.class_names[label], max(each - len(apart), 1), pen.ellipsis) + apart
        canvas.put(left, below, caption, styles[place], width=each)
    return int(below) + 1


def pictured(shape: tuple[int, ...], count: int, width: int, height: int) -> int:
    """How many pictures of (h, w) pixels go side by side, as far as one can still tell what they
    show; 0 if none does."""
    # Halved once, a digit of 28 x 28 can still be read; halved twice it cannot.
    least_wide, least_high = (-(-size // 2) if size > LEGIBLE else size for size in shape[::-1])
    if height < -(-least_high // 2):
        return 0
    return min(count, (width + GAP) // (least_wide + GAP))
