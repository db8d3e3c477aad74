"""A stretch of our own source, read from the very function that is running."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Passage:
    """A function of ours.

    Attributes:
        file: where it stands, from the house's door; without the source, its module.
        name: what it is called there.
        first: the number of its first line in the file.
        lines: its source, without the indentation that all of it has in common.
        marked: which of the lines (from 0) are the ones in question.
    """

    file: str
    name: str
    first: int
    lines: tuple[str, ...]
    marked: frozenset[int]

    @property
    def where(self) -> str:
        """As a person would look for it."""
        return f"{self.file}, {self.name}"


@cache
def passage(function: Callable[..., Any], pattern: str) -> Passage:
    """The source of a function, the lines marked that a regular expression is found in; its
    docstring has been read elsewhere and is left alone."""
    name = function.__qualname__
    try:
        lines, first = inspect.getsourcelines(function)
        file = Path(inspect.getsourcefile(function) or "").relative_to(HOUSE)
    except (OSError, TypeError, ValueError):
        # Installed without its source, or in a place of its own.
        sentence = "This Inkling was installed without its source."
        return Passage(function.__module__, name, 1, (sentence,), frozenset())
    source = inspect.cleandoc("\n" + "".join(lines)).splitlines()
    quoted = _docstring(source)
    marked = {i for i, line in enumerate(source) if i not in quoted and re.search(pattern, line)}
    return Passage(str(file), name, first, tuple(source), frozenset(marked))


def _docstring(lines: list[str]) -> range:
    """The lines of a function that are its docstring."""
    quotes = [i for i, line in enumerate(lines) if '"""' in line]
    if not quotes:
        return range(0)
    once = lines[quotes[0]].count('"""') == 2
    return range(quotes[0], (quotes[0] if once else quotes[1]) + 1)
