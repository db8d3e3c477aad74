"""A partial update asks nobody for lines that it does not send.

Textual 8.2 puts one frame around everything that has changed, and has each widget that touches it
hand out all of its lines, pass them through the filters and cut them up. Where a key changes a line
at the top and another at the bottom, that is the whole screen: 14 widgets and 220 lines for a step
of Backprop, a third of what the key costs. Here a widget is asked for those of its lines that
have changed, and one that stands behind them, such as the pane around, for none.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

Changes = dict[int, list[tuple[int, int]]]
"""Of each line in which something has changed, from and to which columns."""


class NarrowCompositor(Compositor):
    """A `Compositor` that looks no further than what has changed."""

    def __init__(self) -> None:
        super().__init__()
        self._changes: Changes = {}

    def render_partial_update(self) -> ChopsUpdate | None:
        self._changes = by_line(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._changes = {}

    def _get_renders(
        self, crop: Region | None = None
    ) -> Iterable[tuple[Region, Region, list[Strip]]]:
        if not self._changes:
            yield from super()._get_renders(crop)
            return
        # Those in front first, and whatever they show is not asked of what is behind them.
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            lines = taken(seen, self._changes)
            if lines:
                part = Region(seen.x, lines.start, seen.width, len(lines))
                yield region, part, widget.render_lines(part.translate(-region.offset))


def by_line(regions: Iterable[Region]) -> Changes:
    """The same changes, line by line."""
    changes: Changes = {}
    for x, y, width, height in regions:
        for line in range(y, y + height):
            changes.setdefault(line, []).append((x, x + width))
    return changes


def taken(region: Region, changes: Changes) -> range:
    """From the first to the last line of a region that a change reaches into; those that it holds
    the whole of are changes no longer."""
    left, right = region.column_span
    lines = []
    for line in region.line_range:
        spans = changes.get(line, ())
        if any(start < right and left < stop for start, stop in spans):
            lines.append(line)
            changes[line] = [span for span in spans if span[0] < left or right < span[1]]
    return range(lines[0], lines[-1] + 1) if lines else range(0)
