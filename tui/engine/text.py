"""Words from outside, made harmless before they reach a terminal or a log."""

from __future__ import annotations

LONGEST = 400


def printable(text: object, limit: int = LONGEST) -> str:
    """One line of printable characters: line ends and tabs become spaces, ESC, C1 and other control
    characters `?`, and what is longer than `limit` ends in `...`."""
    clean = "".join(
        char if char.isprintable() else " " if char.isspace() else "?" for char in str(text)
    ).rstrip()
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."
