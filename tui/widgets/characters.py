"""How many cells a text takes in a terminal, how it is cut to fit, and what of it may be shown.

Text is never read as markup, and what a terminal could read as a command (control characters,
invisible ones) is replaced.
"""

from __future__ import annotations

from typing import Final

from rich.cells import get_character_cell_size

UNPRINTABLE: Final = "·"


def visible(text: str) -> str:
    """Replace every character that is not plainly visible, so that it can do no harm."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() and get_character_cell_size(character) > 0
        else UNPRINTABLE
        for character in text
    )


def cells(text: str) -> int:
    """Terminal cells that `text` takes up."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(get_character_cell_size(character) for character in text)


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut `text` to at most `width` cells, ending in an ellipsis where something went."""
    if cells(text) <= width:
        return text
    room = width - cells(ellipsis)
    if room < 0:
        return ellipsis[: max(width, 0)]
    kept: list[str] = []
    for character in text:
        room -= get_character_cell_size(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + ellipsis


def wrap(text: str, width: int) -> list[str]:
    """The words of `text` on lines of at most `width` cells."""
    lines: list[str] = []
    line = ""
    for word in visible(text).split():
        word = shorten(word, width)
        if line and cells(line) + 1 + cells(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line else lines
