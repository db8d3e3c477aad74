"""What a drawing is taken for: a bar for each class, and where the numbers come from."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from textual.reactive import reactive

from tui.engine.reading import Reading
from tui.widgets.characters import wrap
from tui.widgets.detail_parts import Looks, Pen, draw_shares
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.strips import Canvas, Picture

LOOKS = Looks(
    ground=0, plain=1, quiet=2, right=3, wrong=3, bar=4, badge=3, for_it=3, against_it=3
)  # fmt: skip

NOTHING_DRAWN = "Nothing is drawn yet."


class ClassBars(PictureWidget):
    """Draws the probabilities of a reading, the likeliest class marked; or says why there are
    none."""

    DEFAULT_CSS = """
    ClassBars {
        .class-bars--plain { color: $foreground; }
        .class-bars--quiet { color: $quiet; }
        .class-bars--best { color: $text-accent; text-style: bold; }
        .class-bars--bar { color: $primary; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "class-bars--plain",
        "class-bars--quiet",
        "class-bars--best",
        "class-bars--bar",
    }

    reading: reactive[Reading | None] = reactive(None, repaint=False)

    def __init__(self) -> None:
        super().__init__(max_rate=10.0)

    def watch_reading(self, old: Reading | None, new: Reading | None) -> None:
        self.request_picture(at_once=bool(old and new and old.drawn is not new.drawn))

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = Canvas(*self.size)
        reading, y = self.reading, 1
        if reading is not None and reading.probabilities is not None:
            pen = Pen(LOOKS, self.ascii_only)
            given = np.nan_to_num(reading.probabilities, nan=0.0)
            shown = list(range(len(given)))
            room = max(canvas.height - 4, 1)
            if len(given) > room:
                shown = np.argsort(-given, kind="stable")[:room].tolist()
            best = {int(given.argmax()): (">", LOOKS.right)}
            names = reading.subject.class_names
            y = draw_shares(canvas, 0, 1, shown, given, names, best, pen) + 1
        if reading is not None:
            words = reading.sentence
            if reading.probabilities is None and reading.has_network:
                words = f"{NOTHING_DRAWN} {words}"
            for line in wrap(words, canvas.width):
                canvas.put(0, y, line, LOOKS.quiet)
                y += 1
        names_of_styles = ("plain", "quiet", "best", "bar")
        styles = [self.get_component_rich_style(f"class-bars--{name}") for name in names_of_styles]
        self.show_picture(Picture.from_canvas(canvas, [self.rich_style, *styles]))
