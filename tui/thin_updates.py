"""Partial updates that send the cells that changed, and not the beginning of their line.

Textual 8.2 knows which spans of a line are dirty, but sends each from the left edge of the widget
it is in, once per span: 29 KB/s instead of 9 for a chart of which 500 cells a second change. Here
a span is cut at both ends before it is sent.
"""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.control import Control
from textual._compositor import ChopsUpdate


class ThinUpdate(ChopsUpdate):
    """A `ChopsUpdate` that keeps to its spans."""

    def render_segments(self, console: Console) -> str:
        """The escape codes and text of all spans."""
        sequences: list[str] = []
        for y, start, stop in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                first, last = max(x, start), min(end, stop)
                if strip is None or first >= last:
                    continue
                sequences.append(Control.move_to(first, y).segment.text)
                sequences.append(strip.crop(first - x, last - x).render(console))
        return "".join(sequences)


def thin(update: RenderableType | None) -> RenderableType | None:
    """The same update, thinner where it can be."""
    if type(update) is ChopsUpdate:
        return ThinUpdate(update.chops, update.spans, update.chop_ends)
    return update
