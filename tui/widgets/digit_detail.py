"""All there is to know of one test digit: how it looks, what it is taken for and why.

The parts are drawn by `detail_parts`; here is decided which of them there is room for, and where.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import reactive

from tui.engine.inquiry import Alike, Findings, learning_in_words
from tui.engine.mistakes import Mistakes
from tui.widgets.characters import cells, shorten
from tui.widgets.detail_parts import (
    SALIENCY_LEVELS,
    Looks,
    Pen,
    draw_alike,
    draw_bars,
    draw_history,
    draw_image,
    pictured,
)
from tui.widgets.error_picture import DigitPicture
from tui.widgets.half_blocks import LEVELS
from tui.widgets.strips import Canvas, Picture

WORDS_BESIDE = 40
"""Cells right of the image from which on words stand there and not below it."""

BARS = 22
"""Cells the bars want to have."""

MOST_BARS = 12

NAMES = (
    "plain", "quiet", "right", "wrong", "bar", "badge",
    *(f"for-{level}" for level in range(1, SALIENCY_LEVELS + 1)),
    *(f"against-{level}" for level in range(1, SALIENCY_LEVELS + 1)),
)  # fmt: skip

GROUND = LEVELS * LEVELS

LOOKS = Looks(
    ground=GROUND,
    plain=GROUND + 1,
    quiet=GROUND + 2,
    right=GROUND + 3,
    wrong=GROUND + 4,
    bar=GROUND + 5,
    badge=GROUND + 6,
    for_it=GROUND + 7,
    against_it=GROUND + 7 + SALIENCY_LEVELS,
)


class DigitDetail(DigitPicture):
    """Draws the digit at the cursor, and what has been found out about it."""

    DEFAULT_CSS = """
    DigitDetail {
        height: 1fr;
        min-height: 3;

        .digit-detail--paper { color: $foreground; background: $background; }
        .digit-detail--plain { color: $foreground; }
        .digit-detail--quiet { color: $quiet; }
        .digit-detail--right { color: $text-success; text-style: bold; }
        .digit-detail--wrong { color: $text-error; text-style: bold; }
        .digit-detail--bar { color: $primary; }
        .digit-detail--badge { color: $background; background: $warning; text-style: bold; }
        .digit-detail--for-1 { color: $foreground; background: $warning 30%; }
        .digit-detail--for-2 { color: $foreground; background: $warning 60%; }
        .digit-detail--for-3 { color: $background; background: $warning; text-style: bold; }
        .digit-detail--against-1 { color: $foreground; background: $primary 30%; }
        .digit-detail--against-2 { color: $foreground; background: $primary 60%; }
        .digit-detail--against-3 { color: $background; background: $primary; text-style: bold; }

        /* Of sixteen colours none is 30% of another. */
        &:ansi {
            .digit-detail--badge { color: ansi_black; }
            .digit-detail--for-1, .digit-detail--for-2 {
                color: $warning; background: $background;
            }
            .digit-detail--for-2 { text-style: bold; }
            .digit-detail--for-3 { color: ansi_black; }
            .digit-detail--against-1, .digit-detail--against-2 {
                color: $primary; background: $background;
            }
            .digit-detail--against-2 { text-style: bold; }
            .digit-detail--against-3 { color: ansi_white; }
        }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "digit-detail--paper",
        *(f"digit-detail--{name}" for name in NAMES),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "move(-1)", show=False),
        Binding("right,down", "move(1)", show=False),
    ]

    findings: reactive[Findings | None] = reactive(None, repaint=False)

    def watch_cursor(self) -> None:
        super().watch_cursor()
        # Who holds a key down looks at the gallery; where the cursor comes to rest is drawn.
        self.request_picture()

    def watch_findings(self) -> None:
        self.request_picture(at_once=True)

    def make_picture(self) -> None:
        self.picture_begun()
        view = self.view
        if view is None or not len(view.indices):
            hint = self.get_component_rich_style("digit-detail--quiet")
            words = "There is no digit to be seen: <errors.widen> widens the filter."
            self.show_sentence("" if view is None else words, hint, self.rich_style)
            return
        digit = int(view.indices[min(self.cursor, len(view.indices) - 1)])
        found = self.findings
        if found is not None and found.question.digit != digit:
            found = None
        canvas = Canvas(*self.size, LOOKS.ground)
        self._draw(canvas, view.mistakes, digit, found, Pen(LOOKS, self.ascii_only))
        self.show_picture(Picture.from_canvas(canvas, self.with_inks("digit-detail", NAMES)))

    def _draw(
        self, canvas: Canvas, mistakes: Mistakes, digit: int, found: Findings | None, pen: Pen
    ) -> None:
        p = mistakes.predictions
        self._draw_title(canvas, mistakes, digit, pen)
        wanted = found is not None and found.question.alike
        height = canvas.height - 1
        if wanted and height >= 26:
            height = min(height - 16, 16)
        if canvas.width - BARS < WORDS_BESIDE and canvas.height > 20:
            height = min(height, canvas.height - 7)
        room = max(canvas.width - BARS - 2, 8), min(max(height, 4), 18)
        said = found.saliency if found is not None else None
        image = p.images[digit]
        width, below = draw_image(canvas, 1, image, p.pixel_max, room, pen, said)
        x = width + 2
        bars = min(MOST_BARS, max(canvas.height - 6, 3))
        beside = draw_bars(canvas, x, 1, bars, mistakes, digit, pen)
        words = _figures(mistakes, digit)
        for text in list(words):
            # Short words stand below the bars while the image is still beside them.
            if beside < max(below, 2) and cells(text) <= canvas.width - x:
                canvas.put(x, beside, text, LOOKS.plain)
                words.remove(text)
                beside += 1
        if canvas.width - x >= WORDS_BESIDE:
            y = max(self._draw_words(canvas, x, beside, words, mistakes, found, pen), below)
        else:
            y = max(below, beside)
            y = self._draw_words(canvas, 0, y, words, mistakes, found, pen)
        if found is not None:
            self._draw_neighbours(canvas, y, mistakes, digit, found, pen)

    def _draw_title(self, canvas: Canvas, mistakes: Mistakes, digit: int, pen: Pen) -> None:
        p = mistakes.predictions
        true, guess = (p.class_names[k] for k in (p.labels[digit], p.predicted[digit]))
        x = canvas.put(0, 0, f"id {digit} ", LOOKS.quiet)
        wrong = bool(mistakes.wrong[digit])
        style = LOOKS.wrong if wrong else LOOKS.right
        mark = pen.mark_wrong if wrong else pen.mark_right
        words = f"{mark} {true} taken for {guess}" if wrong else f"{mark} {true}"
        x = canvas.put(x, 0, shorten(words, max(canvas.width - x - 8, 4), pen.ellipsis), style) + 1
        if mistakes.suspect_labels[digit]:
            canvas.put(x, 0, "label?", LOOKS.badge)

    def _draw_words(
        self, canvas: Canvas, x: int, y: int, words: list[str], mistakes: Mistakes,
        found: Findings | None, pen: Pen,
    ) -> int:  # fmt: skip
        """What is left of the figures, the history, and what the network was asked."""
        width = canvas.width - x
        for text in words:
            canvas.put(x, y, shorten(text, width, pen.ellipsis), LOOKS.plain)
            y += 1
        if found is None:
            return y
        if len(found.history):
            y = draw_history(canvas, x, y, found.history, mistakes, found.question.digit, pen)
        for text in (_about_saliency(mistakes, found), found.busy or found.sentence):
            if text:
                canvas.put(x, y, shorten(text, width, pen.ellipsis), LOOKS.quiet)
                y += 1
        return y

    def _draw_neighbours(
        self, canvas: Canvas, y: int, mistakes: Mistakes, digit: int, found: Findings, pen: Pen
    ) -> None:
        rows: list[tuple[str, Alike]] = []
        if found.in_pixels is not None:
            rows.append(("alike in ink", found.in_pixels))
        if found.in_hidden is not None:
            rows.append(("alike to the network", found.in_hidden))
        left = canvas.height - y
        shape = mistakes.predictions.images.shape[1:]
        both = pictured(shape, 1, canvas.width, left // 2 - 2)
        if left == 1 and len(rows) == 2:
            names = mistakes.predictions.class_names
            words = (
                f"{title}: {' '.join(names[k] for k in alike.labels.tolist())}"
                for title, alike in rows
            )
            canvas.put(0, y, shorten("  ".join(words), canvas.width, pen.ellipsis), LOOKS.quiet)
            return
        for title, alike in rows:
            more = "" if alike.exact else " so far"
            # With room for one row of pictures, those of the network say more.
            height = left // 2 if both else canvas.height - y if alike is found.in_hidden else 1
            y = draw_alike(canvas, y, title + more, alike, mistakes, digit, pen, height)


def _about_saliency(mistakes: Mistakes, found: Findings) -> str:
    """What the marks on the image mean."""
    if found.saliency is None:
        return ""
    names, question = mistakes.predictions.class_names, found.question
    against = "" if question.against is None else f" rather than {names[question.against]}"
    words = f"+ ink for {names[question.toward]}{against}, - against"
    if found.epoch is not None and found.epoch != mistakes.predictions.epoch:
        words += f" (the network of epoch {found.epoch})"
    return words


def _figures(mistakes: Mistakes, digit: int) -> list[str]:
    """What is known of a digit without asking the network."""
    learning = learning_in_words(mistakes, digit)
    figures = [f"loss {mistakes.losses[digit]:.3f}, margin {mistakes.margins[digit]:.3f}"]
    if mistakes.suspect_labels[digit]:
        doubted = "label?: fewer than 3 of 5 people confirm it"
        figures.append(doubted if len(mistakes.doubtful) else "label?: it looks like another class")
    return [*figures, learning] if learning else figures
