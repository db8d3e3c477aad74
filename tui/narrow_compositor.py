"""An update asks nobody for cells that it does not send.

Textual 8.2 puts one frame around everything that has changed, and has each widget that touches it
hand out all of its lines, pass them through the filters and cut them up at every edge of every
widget. Where a key changes a caption at the left and a few words at the right, that is the whole
screen, of which two thirds were made to be thrown away. Here a widget is asked for those cells that
have changed, and one that stands behind them, such as the pane around, for none. No line is cut up
either: Textual's keep what they were cut into, themselves for the most part, and have to be found
by the collector, eight objects a line and more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual._compositor import Compositor, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.thin_updates import Piece, ThinUpdate, between, whole

Changes = dict[int, list[tuple[int, int]]]
"""Of each line in which something has changed, from and to which columns."""


class NarrowCompositor(Compositor):
    """A `Compositor` that looks no further than what has changed."""

    def render_partial_update(self) -> ThinUpdate | None:  # type: ignore[override]
        screen = self.size.region
        changed = [region.intersection(screen) for region in self._dirty_regions]
        self._dirty_regions.clear()
        changes: Changes = {}
        for line, start, stop in self._regions_to_spans(changed):
            changes.setdefault(line, []).append((start, stop))
        return self._update(changes) if changes else None

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate | ThinUpdate:  # type: ignore[override]
        if simplify:  # For a picture of the screen, not for a terminal.
            return super().render_full_update(simplify=True)
        self._dirty_regions.clear()
        width, height = self.size
        return self._update({line: [(0, width)] for line in range(height)})

    def _update(self, changes: Changes) -> ThinUpdate:
        pieces: list[Piece] = []
        # Those in front first, and whatever they show is not asked of what is behind them.
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            for part in blocks(taken(seen, changes)):
                # With a column on either side, for a wide character may be there in half.
                asked = part.grow((0, 1, 0, 1)).intersection(seen)
                strips = widget.render_lines(asked.translate(-region.offset))
                for line, strip in zip(part.line_range, strips, strict=False):
                    pieces.append(self._piece(widget, line, part.column_span, asked.x, strip))
            if not changes:
                break
        return ThinUpdate(sorted(pieces, key=lambda piece: piece[:2]))

    def _piece(
        self, widget: Widget, line: int, span: tuple[int, int], x: int, strip: Strip
    ) -> Piece:
        """Of a strip that begins at `x`, the span, and what else of it cannot be sent in half."""
        start, stop = span
        first, last = whole(strip, start - x, stop - x)
        # At the edge of what is seen of a widget, the other half is hidden by another one.
        if first < start - x and self.get_widget_at(start - 1, line)[0] is not widget:
            first = start - x
        if last > stop - x and self.get_widget_at(stop, line)[0] is not widget:
            last = stop - x
        return line, x + first, list(between(strip, first, last))


def taken(region: Region, changes: Changes) -> Iterator[tuple[int, int, int]]:
    """Those parts of changes that are in a region, each as (start, stop, line); they are changes no
    longer."""
    left, right = region.column_span
    top, bottom = region.line_span
    for line in [line for line in changes if top <= line < bottom]:
        rest = []
        for start, stop in changes[line]:
            if stop <= left or right <= start:
                rest.append((start, stop))
                continue
            yield max(start, left), min(stop, right), line
            if start < left:
                rest.append((start, left))
            if right < stop:
                rest.append((right, stop))
        if rest:
            changes[line] = rest
        else:
            del changes[line]


def blocks(spans: Iterable[tuple[int, int, int]]) -> list[Region]:
    """The same spans; what is in the same columns of lines below each other as one region."""
    found: list[Region] = []
    for start, stop, line in sorted(spans):
        x, y, width, height = found[-1] if found else (0, 0, 0, 0)
        if (x, x + width, y + height) == (start, stop, line):
            found[-1] = Region(x, y, width, height + 1)
        else:
            found.append(Region(start, line, stop - start, 1))
    return found
