"""Words from outside, made harmless before they reach a terminal or a log; sizes in words."""

from __future__ import annotations

LONGEST = 400


def printable(text: object, limit: int = LONGEST) -> str:
    """One line of printable characters: line ends and tabs become spaces, ESC, C1 and other control
    characters `?`, and what is longer than `limit` ends in `...`."""
    clean = str(text)
    if not clean.isprintable():
        clean = "".join(
            char if char.isprintable() else " " if char.isspace() else "?" for char in clean
        )
    clean = clean.rstrip()
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


def size_in_words(size: int) -> str:
    """1,234 bytes are 1.2 kB."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
