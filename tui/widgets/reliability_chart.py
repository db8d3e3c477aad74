"""Is it right as often as it says, and how right is it if it may say that it does not know?

A reliability diagram, turned so that its figures can be read beside it: a line for each bin of
confidence, a bar as long as the share that is right, a mark where that share ought to be. Below it
a threshold, and what is answered above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.engine.error_view import ErrorView
from tui.widgets.characters import shorten
from tui.widgets.error_picture import ErrorPicture
from tui.widgets.strips import Canvas, Picture

PLAIN, QUIET, BAR, SHORT, MARK, KNOB = range(1, 7)

LABEL = len("90-100%  ")
FIGURES = len("  100.0%  10,000 ")
LONGEST_BAR = 50


class ReliabilityChart(ErrorPicture, can_focus=True):
    """Left and right move the threshold."""

    DEFAULT_CSS = """
    ReliabilityChart {
        height: 1fr;
        min-height: 3;

        .reliability-chart--plain { color: $foreground; }
        .reliability-chart--quiet { color: $quiet; }
        .reliability-chart--bar { color: $primary; }
        .reliability-chart--short { color: $error; }
        .reliability-chart--mark { color: $foreground; text-style: bold; }
        .reliability-chart--knob { color: $accent; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "reliability-chart--plain",
        "reliability-chart--quiet",
        "reliability-chart--bar",
        "reliability-chart--short",
        "reliability-chart--mark",
        "reliability-chart--knob",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "slide(-1)", show=False),
        Binding("right", "slide(1)", show=False),
        Binding("down,pagedown", "slide(-10)", show=False),
        Binding("up,pageup", "slide(10)", show=False),
        Binding("home", "slide(-1000)", show=False),
        Binding("end", "slide(1000)", show=False),
    ]

    @dataclass
    class Slid(Message):
        """The threshold is to be so many stops higher."""

        stops: int

    def differs(self, old: ErrorView, new: ErrorView) -> bool:
        return super().differs(old, new) or old.wish.threshold != new.wish.threshold

    def action_slide(self, stops: int) -> None:
        self.post_message(self.Slid(stops))

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = Canvas(*self.size)
        if self.view is not None:
            y = self._draw_bins(canvas, self.view)
            self._draw_slider(canvas, y, self.view)
        names = ("plain", "quiet", "bar", "short", "mark", "knob")
        styles = [self.get_component_rich_style(f"reliability-chart--{name}") for name in names]
        self.show_picture(Picture.from_canvas(canvas, [self.rich_style, *styles]))

    def _draw_bins(self, canvas: Canvas, view: ErrorView) -> int:
        """Returns the next line."""
        found = view.mistakes.reliability
        width = min(max(canvas.width - LABEL - FIGURES, 4), LONGEST_BAR)
        block, mark = ("#", "|") if self.ascii_only else ("█", "◆")
        dash = "-" if self.ascii_only else "–"
        # Where there is no room for everything, the bins and the threshold go first.
        top = int(canvas.height > len(found.counts) + 4)
        if top:
            canvas.put(0, 0, "sure", QUIET)
            canvas.put(LABEL, 0, f"bar: right, {mark}: how sure", QUIET)
            canvas.put(LABEL + width, 0, "   right  digits", QUIET)
        for place, count in enumerate(found.counts.tolist()):
            y = top + place
            low, high = (round(100 * edge) for edge in found.edges[place : place + 2])
            canvas.put(0, y, f"{low}{dash}{high}%".rjust(LABEL - 2), PLAIN)
            canvas.put(LABEL + width, y, f"{count:>16,}", QUIET)
            if count == 0:
                continue
            right, sure = float(found.accuracy[place]), float(found.confidence[place])
            style = SHORT if right < sure else BAR
            canvas.put(LABEL, y, block * round(right * width), style)
            canvas.put(LABEL + min(round(sure * width), width - 1), y, mark, MARK)
            canvas.put(LABEL + width, y, f"  {right:>6.1%}", PLAIN)
        y = top + len(found.counts)
        if canvas.height > len(found.counts) + 3:
            ece = f"ECE {found.expected_error:.4f}, the mean gap between bar and {mark}"
            canvas.put(0, y, shorten(ece, canvas.width, "~" if self.ascii_only else "…"), PLAIN)
            y += 1
        return y + (canvas.height > y + 3)

    def _draw_slider(self, canvas: Canvas, y: int, view: ErrorView) -> None:
        """The threshold as a knob on a line, and what it comes to."""
        threshold = view.wish.threshold
        answered = view.mistakes.coverage.at(threshold)
        width = min(max(canvas.width - LABEL - FIGURES, 4), LONGEST_BAR)
        rail, knob = ("-", "O") if self.ascii_only else ("─", "●")
        canvas.put(0, y, "answer", QUIET)
        canvas.put(LABEL, y, rail * width, QUIET)
        canvas.put(LABEL + round(threshold * (width - 1)), y, knob, KNOB)
        canvas.put(LABEL + width, y, f"  {percent(threshold)} sure", KNOB)
        silent = len(view.mistakes) - answered.answered
        right = "none" if np.isnan(answered.accuracy) else f"{answered.accuracy:.2%}"
        lines = (
            f"answers {answered.coverage:.2%} of the digits; of these, {right} right",
            f"says of {silent:,} that it does not know: unsure; - and + move it",
        )
        ellipsis = "~" if self.ascii_only else "…"
        for line, words in enumerate(lines, start=1):
            canvas.put(0, y + line, shorten(words, canvas.width, ellipsis), PLAIN)


def percent(threshold: float) -> str:
    """50%, 99.5%, 99.99%."""
    return f"{100 * threshold:.2f}".rstrip("0").rstrip(".") + "%"
