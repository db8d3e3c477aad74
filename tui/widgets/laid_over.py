"""What lies on top of a room for a moment: the letters of jump mode, and words about a thing."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import Container
from textual.content import Content
from textual.geometry import Offset
from textual.widgets import Static


class LaidOver(Container):
    """What they are in: nothing itself, so that they come and go without anything else being laid
    out or painted anew. Directly on the screen, one more widget is another order of all."""

    DEFAULT_CSS = """
    LaidOver { layer: over; width: 1; height: 1; position: absolute; visibility: hidden; }
    """


class JumpLabel(Static):
    """A letter, on top of whatever is there."""

    ALLOW_SELECT: ClassVar[bool] = False

    DEFAULT_CSS = """
    JumpLabel {
        overlay: screen;
        visibility: visible;
        position: absolute;
        width: auto;
        height: 1;
        color: $background;
        background: $warning;
        text-style: bold;
        &:ansi { color: ansi_black; background: ansi_yellow; }
    }
    """

    def __init__(self, letter: str, where: Offset, *, wide: bool) -> None:
        """`where` on the screen; `wide` has a blank on either side of the letter."""
        super().__init__(Content(f" {letter} " if wide else letter))
        self.styles.offset = (where.x, where.y)


class Hint(Static):
    """Words about what is below, or beside where there is no room below."""

    ALLOW_SELECT: ClassVar[bool] = False

    DEFAULT_CSS = """
    Hint {
        overlay: screen;
        visibility: visible;
        constrain: inside inflect;
        margin: 1 0;
        width: auto;
        max-width: 62;
        height: auto;
        padding: 0 1;
        color: $foreground;
        background: $panel;
        border: round $primary;
        .-ascii & { border: ascii $primary; }
    }
    """

    def __init__(self, words: str, where: Offset) -> None:
        """`where` is what the words are about, on the screen."""
        super().__init__(Content(words))
        self.where = where
        self.absolute_offset = where
