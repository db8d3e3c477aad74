"""A line to type in."""

from __future__ import annotations

from textual.geometry import Size
from textual.reactive import Reactive
from textual.widgets import Input


class LineEditor(Input):
    """Textual's own, but for what it thinks of a longer text: that the whole screen is to be laid
    out anew. Here its place is given, and to show a letter takes half the time."""

    virtual_size = Reactive(Size(0, 0))
