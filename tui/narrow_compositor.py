"""A partial update asks nobody for lines that it does not send.

Textual 8.2 puts one frame around everything that has changed, and has each widget that touches it
hand out all of its lines, pass them through the filters and cut them up. Where a key changes a line
at the top and another at the bottom, that is the whole screen: 14 widgets and 220 lines for a step
of Backprop, a third of what the key costs. Here a widget is asked for those of its lines that
have changed, and for none where none has.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

Reach = dict[int, tuple[int, int]]
"""Of each line in which something has changed, the columns from and to which it has."""


class NarrowCompositor(Compositor):
    """A `Compositor` that looks no further than what has changed."""

    def __init__(self) -> None:
        super().__init__()
        self._reach: Reach = {}

    def render_partial_update(self) -> ChopsUpdate | None:
        self._reach = reach(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._reach = {}

    def _get_renders(
        self, crop: Region | None = None
    ) -> Iterable[tuple[Region, Region, list[Strip]]]:
        if not self._reach:
            yield from super()._get_renders(crop)
            return
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            lines = changed_lines(seen, self._reach)
            if lines:
                part = Region(seen.x, lines.start, seen.width, len(lines))
                yield region, part, widget.render_lines(part.translate(-region.offset))


def reach(regions: Iterable[Region]) -> Reach:
    """How far the changes go, line by line."""
    found: Reach = {}
    for x, y, width, height in regions:
        for line in range(y, y + height):
            left, right = found.get(line, (x, x + width))
            found[line] = min(left, x), max(right, x + width)
    return found


def changed_lines(region: Region, changes: Reach) -> range:
    """From the first to the last line of a region that a change reaches into."""
    left, right = region.column_span
    lines = [
        line
        for line in region.line_range
        if line in changes and changes[line][0] < right and left < changes[line][1]
    ]
    return range(lines[0], lines[-1] + 1) if lines else range(0)
