"""What of a run's mistakes somebody is looking at: which digits, in which order, beside which run.

A frozen value like the `Mistakes` it is a view of. A new filter, a new order or a new epoch makes a
new one, in a few operations over all digits; whoever pages through it slices `indices`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from nn.analysis.comparison import Comparison
from tui.engine.digit_query import Query, matches, select
from tui.engine.mistakes import UNSURE_BELOW, Indices, Mistakes
from tui.engine.sorts import SORTS, SortName

Side = Literal["", "here", "there"]
"""Of two runs: all digits, those that only this one has right, those that only the other has."""

SIDES: tuple[Side, ...] = ("", "here", "there")

ORDERS: tuple[SortName, ...] = tuple(SORTS)

STOPS: tuple[float, ...] = (*(step / 100 for step in range(100)), 0.995, 0.999, 0.9999)
"""The thresholds there are; a trained network is so sure that the last percent matters most."""


@dataclass(frozen=True, eq=False)
class Rival:
    """A second run to be compared with, as it was when somebody chose it."""

    name: str
    mistakes: Mistakes


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see. `threshold` is the confidence below which a digit is unsure."""

    query: Query = field(default_factory=Query)
    sort: SortName = "loss"
    threshold: float = UNSURE_BELOW
    side: Side = ""

    def sorted_next(self) -> Wish:
        """The next order; after the last comes the first."""
        place = ORDERS.index(self.sort) + 1
        return dataclasses.replace(self, sort=ORDERS[place % len(ORDERS)])

    def other_side(self) -> Wish:
        """Only here, only there, all again."""
        place = SIDES.index(self.side) + 1
        return dataclasses.replace(self, side=SIDES[place % len(SIDES)])

    def whole(self) -> Wish:
        """Of either side, for there is no second run any more."""
        return dataclasses.replace(self, side="")

    def surer(self, stops: int) -> Wish:
        """The threshold so many stops higher, or lower where negative."""
        place = int(np.searchsorted(STOPS, self.threshold)) + stops
        return dataclasses.replace(self, threshold=STOPS[min(max(place, 0), len(STOPS) - 1)])


@dataclass(frozen=True, eq=False)
class ErrorView:
    """Mistakes as somebody wishes to see them."""

    mistakes: Mistakes
    wish: Wish = field(default_factory=Wish)
    rival: Rival | None = None

    @cached_property
    def indices(self) -> Indices:
        """The digits to be seen, in their order: intp (m,)."""
        wish = self.wish
        found = select(wish.query, self.mistakes, wish.sort, wish.threshold)
        comparison = self.comparison
        if comparison is None or not wish.side:
            return found
        wanted = np.zeros(len(self.mistakes), np.bool_)
        wanted[comparison.only_first if wish.side == "here" else comparison.only_second] = True
        return found[wanted[found]]

    @cached_property
    def comparison(self) -> Comparison | None:
        """With the other run; None where there is none."""
        return None if self.rival is None else self.mistakes.against(self.rival.mistakes)

    @property
    def words(self) -> str:
        """Which digits these are."""
        words = self.wish.query.text or "all digits"
        if self.comparison is None or not self.wish.side:
            return words
        return f"{words}, right only {self.wish.side}"

    def place_of(self, digit: int | None, otherwise: int = 0) -> int:
        """Where a digit is among those to be seen; of one that is not, a place near `otherwise`."""
        if digit is not None:
            found = np.flatnonzero(self.indices == digit)
            if len(found):
                return int(found[0])
        return min(max(otherwise, 0), max(len(self.indices) - 1, 0))

    def prepared(self) -> ErrorView:
        """Work out now, in a thread, what a screen would otherwise ask for while it draws."""
        m = self.mistakes
        for value in (m.row_percentages, m.most_confused, m.report, m.reliability, m.coverage):
            assert value is not None
        matches(self.wish.query, m, self.wish.threshold)
        assert m.suspect_labels is not None
        assert self.indices is not None
        return self
