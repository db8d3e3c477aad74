"""The orders in which test digits can be seen, by name; `mistakes` puts digits into them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

SortName = Literal["loss", "confidence", "margin", "index", "changed"]

SORTS: Mapping[SortName, str] = MappingProxyType(
    {
        "loss": "the most surprising first",
        "confidence": "the surest wrong answer first, the right ones last",
        "margin": "the least decided first",
        "index": "as they stand in the test set",
        "changed": "those first that were taken for something else most recently",
    }
)
"""What each comes to, in words; the first is the usual one."""
