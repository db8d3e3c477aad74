"""The letters that stand on everything while a person chooses where to go."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import Container
from textual.content import Content
from textual.geometry import Offset
from textual.widgets import Static


class JumpLabels(Container):
    """What the letters are in: nothing itself, so that they come and go without anything else being
    laid out or painted anew. Directly on the screen, one more widget is another order of all."""

    DEFAULT_CSS = """
    JumpLabels { layer: jump; width: 1; height: 1; position: absolute; visibility: hidden; }
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
        &:nocolor { text-style: bold reverse; }
        &:ansi { color: ansi_black; background: ansi_yellow; }
    }
    """

    def __init__(self, letter: str, where: Offset, *, wide: bool) -> None:
        """`where` on the screen; `wide` has a blank on either side of the letter."""
        super().__init__(Content(f" {letter} " if wide else letter))
        self.styles.offset = (where.x, where.y)
