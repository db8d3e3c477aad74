"""Words from outside, made harmless before they reach a terminal or a log."""

from __future__ import annotations

LONGEST = 400


def printable(text: object, limit: int = LONGEST) -> str:
    """One line of printable characters: ESC, C1 and other control bytes become `?`, line ends and
    tabs become spaces, and what is longer than `limit` ends in `...`."""
    spaced = " ".join(str(text).split())
    clean = "".join(char if char.isprintable() else "?" for char in spaced)
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."
