"""What the cells of a chart belong to, and the characters they are drawn with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final


class Role(IntEnum):
    """What a cell belongs to; the palette says, in this order, what that looks like."""

    GROUND = 0
    FRAME = 1
    GRID = 2
    LABEL = 3
    MARK = 4
    CURSOR = 5
    BAND = 6
    TRAIN = 7
    TEST = 8
    VALIDATION = 9
    RIVAL_A = 10
    RIVAL_B = 11
    RIVAL_C = 12
    RIVAL_D = 13


RIVALS: Final = (Role.RIVAL_A, Role.RIVAL_B, Role.RIVAL_C, Role.RIVAL_D)

INKS: Final = tuple(role.name.lower().replace("_", "-") for role in Role if role)
"""The names of all roles but the ground, in their order."""

ON_BAND: Final = len(Role) - Role.TRAIN
"""A line's role and this is the same line where it crosses the band."""

STYLES: Final = len(Role) + ON_BAND


@dataclass(frozen=True)
class Markers:
    """The characters a chart is drawn with; `line` and `rival_lines` may be names of plotext's
    sub-cell markers."""

    band: str
    line: str
    rival_lines: tuple[str, ...]
    points: tuple[str, ...]
    """Of test, validation, and each rival."""
    key: str
    grid: str
    mark: str
    span: str
    cursor: str
    foot: str
    chosen: str
    gap: str

    def point(self, role: Role) -> str:
        """What stands at the points of a line."""
        return self.points[role - Role.TEST]


# Quadrant blocks make a band that reads as a surface and a line that reads as a line from
# across a room; braille dots were too faint for either, sextants are missing from fonts.
UNICODE_MARKERS: Final = Markers(
    "█", "hd", ("hd",) * 4, ("●", "○", "▲", "■", "◆", "▼"),
    "━━", "┈", "┊", "╌", "│", "┷", "━", "…",
)  # fmt: skip
# With sixteen colours the band cannot be a paler shade of the line: texture must do instead.
SHADED_MARKERS: Final = replace(UNICODE_MARKERS, band="░")
ASCII_MARKERS: Final = Markers(
    ":", "#", ("a", "b", "c", "d"), ("o", "v", "A", "B", "C", "D"),
    "##", ".", "!", "~", "|", "^", "=", "~",
)  # fmt: skip
ASCII_FRAME: Final = str.maketrans("─│┌┐└┘┬┴├┤┼", "-|+++++++++")
