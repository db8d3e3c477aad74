"""The drawing as the network sees it: centred, scaled, in the set's own few pixels."""

from __future__ import annotations

from typing import ClassVar

from textual.reactive import reactive

from tui.engine.reading import Reading
from tui.widgets.framed_image import FramedImage, draw_frame
from tui.widgets.half_blocks import LEVELS
from tui.widgets.inks import Inks
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.strips import Canvas, Picture

GROUND = LEVELS * LEVELS


class SeenDigit(PictureWidget):
    """Draws what a reading was made of."""

    DEFAULT_CSS = """
    SeenDigit {
        .seen-digit--paper { color: $foreground; background: $surface; }
        .seen-digit--frame { color: $quiet; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"seen-digit--paper", "seen-digit--frame"}

    reading: reactive[Reading | None] = reactive(None, repaint=False)

    def watch_reading(self, old: Reading | None, new: Reading | None) -> None:
        """At once where there is something new to see: a person is drawing it."""
        self.request_picture(at_once=bool(old and new and old.drawn is not new.drawn))

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = Canvas(*self.size, GROUND)
        if self.reading is not None:
            framed = FramedImage.of(self.reading.seen, *self.size)
            height, width = self.reading.seen.shape
            foot = "centred" if self.reading.centring else "as drawn, not centred"
            title = f"seen, {width}x{height}"
            place, plain = framed.placement, self.ascii_only
            draw_frame(canvas, place, title, foot, GROUND + 1, ascii_only=plain)
            canvas.blit(place.left, place.top, *framed.cells(ascii_only=plain))
        paper = self.get_component_styles("seen-digit--paper")
        inks = self._inks.of(paper.background, paper.color)
        frame = self.get_component_rich_style("seen-digit--frame")
        self.show_picture(Picture.from_canvas(canvas, [*inks, self.rich_style, frame]))

    def __init__(self) -> None:
        super().__init__(max_rate=10.0)
        self._inks = Inks()
