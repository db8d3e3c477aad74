"""What a picture is to the widget that shows it, and what it costs to send one to a terminal.

There are two kinds. `strips.Picture` is a sheet of any size, drawn and compared as NumPy arrays.
`line.LinePicture` is one line of words, made without NumPy, which is not there yet when the app
paints its first screen; it is for the first and the last line of a room, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from textual.geometry import Region
from textual.strip import Strip

# Moving the cursor and naming a colour costs about as many bytes as this many cells.
CELLS_WORTH_RESENDING: Final = 6

JUMP_BYTES: Final = 8  # to move the cursor
STYLE_BYTES: Final = 24  # to name a colour, or two


class Painted(Protocol):
    """What a `PictureWidget` shows: finished strips, and how they differ from what was there."""

    @property
    def width(self) -> int:
        """Cells per line."""

    @property
    def height(self) -> int:
        """Lines."""

    def strip(self, line: int) -> Strip:
        """A finished line."""

    def part(self, line: int, start: int, stop: int) -> Strip:
        """The columns from `start` to before `stop` of a line; half a wide character is a blank."""

    def changes_from(self, old: Painted | None) -> list[Region] | None:
        """What must be painted again when this takes the place of `old`; None is everything."""

    def bytes_of(self, regions: Sequence[Region] | None) -> int:
        """About how many bytes a terminal is sent for these regions of it; None is all of it."""
