"""Test digits in an order, as many as fit, with a cursor.

Like the grid of the Train screen it draws what is in sight and nothing else; here every digit can
be stood at. Where the cursor stands, and that a label is in question, is told by marks and colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from tui.engine.mistakes import Indices
from tui.engine.sorts import SORTS
from tui.engine.text import literal
from tui.widgets.characters import shorten
from tui.widgets.digit_layout import CAPTION, Layout, draw_digits, lay_out, longest_caption
from tui.widgets.error_picture import DigitPicture
from tui.widgets.strips import Canvas, Picture

NAMES = ("header", "right", "wrong", "here", "bar", "badge")

LABEL_BADGE = "label?"

MARGIN = 1
"""Cells left of the first digit, for the cursor."""


class DigitGallery(DigitPicture):
    """Arrows move from digit to digit, page keys from page to page."""

    DEFAULT_CSS = """
    DigitGallery {
        height: 1fr;
        min-height: 3;

        .digit-gallery--paper { color: $foreground; background: $background; }
        .digit-gallery--header { color: $soft; }
        .digit-gallery--right { color: $text-success; }
        .digit-gallery--wrong { color: $text-error; text-style: bold; }
        .digit-gallery--here { color: $background; background: $primary; text-style: bold; }
        .digit-gallery--bar { color: $primary; }
        .digit-gallery--badge { color: $background; background: $warning; text-style: bold; }
        .digit-gallery--hint { color: $quiet; }
        &:ansi .digit-gallery--badge { color: ansi_black; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "digit-gallery--paper",
        "digit-gallery--hint",
        *(f"digit-gallery--{name}" for name in NAMES),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", show=False),
        Binding("right", "move(1)", show=False),
        Binding("up", "move_row(-1)", show=False),
        Binding("down", "move_row(1)", show=False),
        Binding("pagedown", "move_page(1)", show=False),
        Binding("pageup", "move_page(-1)", show=False),
        Binding("home", "move(-100000000)", show=False),
        Binding("end", "move(100000000)", show=False),
    ]

    sentence: reactive[str] = reactive("", repaint=False)
    """What to say where there is no view."""

    @dataclass
    class Opened(Message):
        """The digit at the cursor was clicked once more: it is to be seen large."""

    def watch_cursor(self) -> None:
        super().watch_cursor()
        self.request_picture(at_once=True)

    def watch_sentence(self) -> None:
        self.request_picture(at_once=True)

    def action_move_row(self, rows: int) -> None:
        layout = self._layout()
        self.action_move(rows * (layout.columns if layout else 1))

    def action_move_page(self, pages: int) -> None:
        layout = self._layout()
        self.action_move(pages * (layout.page_size if layout else 1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_move_row(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_move_row(1)

    def on_click(self, event: events.Click) -> None:
        layout = self._layout()
        if layout is None:
            return
        for number, _ in enumerate(self.shown(layout)):
            x, y = layout.place(number)
            inside = 0 <= event.x - MARGIN - x < layout.box_width
            if inside and 0 <= event.y - y < layout.image_height + CAPTION:
                place = self.cursor // layout.page_size * layout.page_size + number
                self.post_message(self.Opened() if place == self.cursor else self.Moved(place))

    def shown(self, layout: Layout) -> Indices:
        """The digits of the page that the cursor is on."""
        assert self.view is not None
        start = self.cursor // layout.page_size * layout.page_size
        return self.view.indices[start : start + layout.page_size]

    def make_picture(self) -> None:
        self.picture_begun()
        layout = self._layout()
        sentence = self._why_nothing(layout)
        if sentence or layout is None or self.view is None:
            hint = self.get_component_rich_style("digit-gallery--hint")
            self.show_sentence(sentence, hint, self.rich_style)
            return
        palette = self.with_inks("digit-gallery", NAMES)
        ground = len(palette) - len(NAMES) - 1
        header, right, wrong, here, bar, badge = range(ground + 1, ground + 7)
        canvas = Canvas(*self.size, ground)
        sheet = Canvas(canvas.width - MARGIN, canvas.height, ground)
        shown, predictions = self.shown(layout), self.view.mistakes.predictions
        draw_digits(sheet, layout, predictions, shown, (right, wrong), ascii_only=self.ascii_only)
        canvas.blit(MARGIN, 0, sheet.codes, sheet.styles)
        ellipsis = "~" if self.ascii_only else "…"
        canvas.put(0, 0, shorten(self._header(layout), canvas.width, ellipsis), header)
        suspect = self.view.mistakes.suspect_labels
        for number, index in enumerate(shown.tolist()):
            x, y = layout.place(number)
            if suspect[index]:
                words = LABEL_BADGE if layout.box_width >= 14 else LABEL_BADGE[-1]
                canvas.put(MARGIN + x + layout.box_width - len(words), y, words, badge)
        self._draw_cursor(canvas, layout, here, bar)
        self.show_picture(Picture.from_canvas(canvas, palette))

    def _draw_cursor(self, canvas: Canvas, layout: Layout, here: int, bar: int) -> None:
        """A bar beside the digit that is stood at, and its caption turned inside out."""
        x, y = layout.place(self.cursor % layout.page_size)
        for line in range(layout.image_height):
            canvas.put(x, y + line, "|" if self.ascii_only else "▐", bar)
        caption = y + layout.image_height
        canvas.put(x, caption, ">" if self.ascii_only else "›", here)
        if caption < canvas.height:
            canvas.styles[caption, x : x + MARGIN + layout.box_width] = here

    def _header(self, layout: Layout) -> str:
        assert self.view is not None
        total = len(self.view.indices)
        start = self.cursor // layout.page_size * layout.page_size
        dot, dash = ("-", "-") if self.ascii_only else ("·", "–")
        last = min(start + layout.page_size, total)
        parts = [f"{start + 1:,}{dash}{last:,} of {total:,}", SORTS[self.view.wish.sort]]
        if self.view.comparison is not None and self.view.wish.side:
            parts.insert(1, f"right only {self.view.wish.side}")
        return f" {dot} ".join(parts)

    def _layout(self) -> Layout | None:
        if self.view is None:
            return None
        predictions = self.view.mistakes.predictions
        return lay_out(
            self.size.width - MARGIN,
            self.size.height,
            predictions.images.shape[1:],
            longest_caption(predictions, ascii_only=self.ascii_only),
        )

    def _why_nothing(self, layout: Layout | None) -> str:
        """A sentence if there is nothing to draw; an empty one if there is."""
        if self.view is None:
            return self.sentence
        if not len(self.view.mistakes):
            return "The test set is empty."
        if not len(self.view.indices):
            wish = self.view.wish
            if self.view.comparison is not None and wish.side:
                only = f"No digit of this filter is right only {wish.side}"
                return f"{only}; <errors.side> shows others."
            what = literal(wish.query.text)
            return f"After epoch {self.view.mistakes.predictions.epoch}, no test digit is: {what}"
        if layout is None:
            return "Too small to show a digit: make this pane larger."
        return ""
