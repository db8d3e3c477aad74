"""Words from outside, made harmless before they reach a terminal or a log; sizes and
spans of time in words."""

from __future__ import annotations

import math
import re

LONGEST = 400

PLACE = re.compile(r"(<+)([a-z]+\.[a-z_]+)>")
"""Where a sentence leaves room for the key of a command, `<run.toggle>`; of more than one `<` the
first only says that the rest is meant as it stands."""


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


def literal(text: str) -> str:
    """Words from outside as part of a sentence that names commands: they name none."""
    return PLACE.sub(r"<\g<0>", text)


class WithKeys(str):
    """The sentence of an error that leaves room for keys, and is all our own. Of any other nobody
    knows what of it is from outside."""


def sentence_of(problem: Exception) -> str:
    """What an error says, as a sentence that names commands: those that it names `WithKeys`."""
    said = problem.args[0] if problem.args else ""
    return said if isinstance(said, WithKeys) else literal(str(problem))


def size_in_words(size: int) -> str:
    """1,234 bytes are 1.2 kB."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def duration(seconds: float) -> str:
    """Two figures that a person would say: 12 s, 4 min 10 s, 3 h 20 min, 5 d 2 h."""
    whole = max(0, round(seconds)) if math.isfinite(seconds) else 0
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    first = next((i for i, (_, size) in enumerate(units) if whole >= size), len(units) - 1)
    said: list[str] = []
    for unit, size in units[first : first + 2]:
        if whole >= size or not said:
            said.append(f"{whole // size} {unit}")
        whole %= size
    return " ".join(said)
