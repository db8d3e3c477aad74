"""Test digits with what the network says about each, page by page.

Drawn once per change into a `Picture`; paging costs what is visible, however many digits
there are.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import reactive

from tui.engine.predictions import Predictions
from tui.widgets.characters import shorten
from tui.widgets.digit_layout import Layout, draw_digits, lay_out, longest_caption
from tui.widgets.inks import Inks
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.strips import Canvas, Picture

Indices = npt.NDArray[np.intp]


class DigitGrid(PictureWidget, can_focus=True):
    """As many test digits as fit, each with guess, confidence and truth."""

    RATIONED = True

    DEFAULT_CSS = """
    DigitGrid {
        height: 1fr;
        min-height: 1;

        .digit-grid--paper { color: $foreground; background: $background; }
        .digit-grid--header { color: $soft; }
        .digit-grid--right { color: $text-success; }
        .digit-grid--wrong { color: $text-error; text-style: bold; }
        .digit-grid--hint { color: $quiet; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "digit-grid--paper",
        "digit-grid--header",
        "digit-grid--right",
        "digit-grid--wrong",
        "digit-grid--hint",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown,right", "next_page", "Next page", show=False),
        Binding("pageup,left", "previous_page", "Previous page", show=False),
        Binding("home", "first_page", "First page", show=False),
        Binding("end", "last_page", "Last page", show=False),
    ]

    predictions: reactive[Predictions | None] = reactive(None, repaint=False)
    """What to show."""

    wrong_only: reactive[bool] = reactive(False, repaint=False)
    """Whether to leave out the digits it got right."""

    page: reactive[int] = reactive(0, repaint=False)
    """Which page is shown, from 0; kept within what there is."""

    def __init__(self, *, max_rate: float = 2.0) -> None:
        """Make an empty grid."""
        super().__init__(max_rate=max_rate)
        self._wanted: object = None
        self._inks = Inks()
        self.builds = 0
        """How many pictures were ever drawn."""

    @property
    def shown_indices(self) -> Indices:
        """Which digits are on the page, as places in the test set."""
        layout = self._layout()
        if layout is None:
            return np.empty(0, np.intp)
        start = self.page * layout.page_size
        return self._chosen(start, start + layout.page_size)

    @property
    def page_count(self) -> int:
        """How many pages there are; at least 1."""
        layout = self._layout()
        return 1 if layout is None else max(1, -(-self._total() // layout.page_size))

    def next_page(self) -> None:
        """Turn to the next page; after the last comes nothing."""
        self.page += 1

    def previous_page(self) -> None:
        """Turn to the page before; before the first comes nothing."""
        self.page -= 1

    def toggle_wrong(self) -> None:
        """Show mistakes only, or all digits again."""
        self.wrong_only = not self.wrong_only

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel turns pages."""
        event.stop()
        self.next_page()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel turns pages."""
        event.stop()
        self.previous_page()

    def on_click(self, event: events.Click) -> None:
        """A click on the line above the digits shows those it gets wrong, or all again."""
        if event.y == 0:
            self.toggle_wrong()

    def action_next_page(self) -> None:
        """Key binding for `next_page`."""
        self.next_page()

    def action_previous_page(self) -> None:
        """Key binding for `previous_page`."""
        self.previous_page()

    def action_first_page(self) -> None:
        """Turn to the first page."""
        self.page = 0

    def action_last_page(self) -> None:
        """Turn to the last page."""
        self.page = self.page_count - 1

    def action_toggle_wrong(self) -> None:
        """Key binding for `toggle_wrong`."""
        self.toggle_wrong()

    def validate_page(self, page: int) -> int:
        """Keep the page within what there is, once the size of a page is known."""
        if page < 0:
            return 0
        return min(page, self.page_count - 1) if self.size else page

    def watch_predictions(self) -> None:
        """New predictions may wait their turn: small networks make fifty a second."""
        self.request_picture()

    def watch_wrong_only(self) -> None:
        """A key was pressed: begin at the first page, at once."""
        self.page = 0
        self.request_picture(at_once=True)

    def watch_page(self) -> None:
        """A key was pressed: at once."""
        self.request_picture(at_once=True)

    def make_picture(self) -> None:
        """Draw the page, unless it is already there."""
        self.page = min(self.page, self.page_count - 1)  # There may be fewer mistakes now.
        palette = self._palette()
        wanted = (
            self.predictions,
            self.size,
            (self.wrong_only, self.ascii_only, self.page, self.link.small_digits),
            palette,
        )
        if wanted == self._wanted:
            return
        self._wanted = wanted
        layout, predictions = self._layout(), self.predictions
        sentence = self._why_nothing(layout)
        if sentence or layout is None or predictions is None:
            hint = self.get_component_rich_style("digit-grid--hint")
            self.show_sentence(sentence, hint, self.rich_style)
            return
        self.picture_begun()
        self.builds += 1
        ground = len(palette) - 4
        canvas = Canvas(self.size.width, self.size.height, ground)
        ellipsis = "~" if self.ascii_only else "…"
        header = shorten(self._header(layout), canvas.width, ellipsis)
        canvas.put(0, 0, header, ground + 1)
        draw_digits(
            canvas,
            layout,
            predictions,
            self.shown_indices,
            (ground + 2, ground + 3),
            ascii_only=self.ascii_only,
        )
        self.show_picture(Picture.from_canvas(canvas, palette))

    def _total(self) -> int:
        if self.predictions is None:
            return 0
        return len(self.predictions.wrong if self.wrong_only else self.predictions)

    def _chosen(self, start: int, stop: int) -> Indices:
        """Places `start` to `stop` of what is being paged through."""
        if self.predictions is None:
            return np.empty(0, np.intp)
        if self.wrong_only:
            return self.predictions.wrong[start:stop]
        return np.arange(start, min(stop, len(self.predictions)))

    def _layout(self) -> Layout | None:
        if self.predictions is None:
            return None
        return lay_out(
            *self.size,
            self.predictions.images.shape[1:],
            longest_caption(self.predictions, ascii_only=self.ascii_only),
            small=self.link.small_digits,
        )

    def _why_nothing(self, layout: Layout | None) -> str:
        """A sentence if there is nothing to draw; an empty one if there is."""
        if self.predictions is None:
            return "The digits will appear here as soon as training starts."
        if not len(self.predictions):
            return "The test set is empty."
        if self.wrong_only and not len(self.predictions.wrong):
            return f"After epoch {self.predictions.epoch}, not one test digit is wrong."
        if layout is None:
            return "Too small to show a digit: make this pane larger."
        return ""

    def _header(self, layout: Layout) -> str:
        assert self.predictions is not None
        total, start = self._total(), self.page * layout.page_size
        dot, dash = ("-", "-") if self.ascii_only else ("·", "–")
        parts = [
            f"epoch {self.predictions.epoch}",
            f"{len(self.predictions.wrong):,} wrong",
            f"{start + 1:,}{dash}{min(start + layout.page_size, total):,} of {total:,}",
        ]
        if self.wrong_only:
            parts[1] = "wrong only"
        return f" {dot} ".join(parts)

    def _palette(self) -> tuple[Style, ...]:
        """All inks, then ground, header, right and wrong."""
        paper = self.get_component_styles("digit-grid--paper")
        header, right, wrong = (
            self.get_component_rich_style(f"digit-grid--{part}")
            for part in ("header", "right", "wrong")
        )
        inks = self._inks.of(paper.background, paper.color)
        return (*inks, self.rich_style, header, right, wrong)
