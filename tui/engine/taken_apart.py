"""One number of a lesson, taken apart into the sum of products that it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """One addend: `left` times `right`, or where that is None, `left` alone."""

    words: str
    left: float
    right: float | None

    @property
    def value(self) -> float:
        return self.left if self.right is None else self.left * self.right


@dataclass(frozen=True)
class Sum:
    """As much of a sum as there is room for, the largest terms first: they, `rest` of `n_rest` more
    terms, and `rounding` make the number, to the last bit of float64.

    Products of two float32 are exact in float64; what training's own sums have lost by rounding
    after every addition is `rounding`.
    """

    terms: tuple[Term, ...]
    rest: float
    n_rest: int
    rounding: float


@dataclass(frozen=True, eq=False)
class Parts:
    """How one number came about.

    Attributes:
        name: such as `Z1[0, 12]`. number: as the network has it.
        workings: what has to be known first, in words and numbers.
        lefts, rights: float64 (m,), the factors of the products. words: what the k-th of them is.
        addends: terms that are no products, or few.
    """

    name: str
    number: float
    workings: tuple[tuple[str, float], ...] = ()
    lefts: Numbers | None = None
    rights: Numbers | None = None
    words: Callable[[int], str] = str
    addends: tuple[Term, ...] = ()

    @property
    def n_terms(self) -> int:
        return len(self._products) + len(self.addends)

    def largest(self, most: int) -> Sum:
        """The sum with at most so many of its terms told apart."""
        order = self._order[: max(most, 0)].tolist()
        n = len(self._products)
        told = [self.addends[k - n] if k >= n else self._term(k) for k in order]
        told_sum = float(sum(term.value for term in told))
        total = float(np.sum(self._values))
        n_rest = self.n_terms - len(told)
        rest = total - told_sum if n_rest else 0.0
        rounding = self.number - (told_sum + rest) if self.n_terms else 0.0
        return Sum(tuple(told), rest, n_rest, rounding)

    def _term(self, k: int) -> Term:
        assert self.lefts is not None
        assert self.rights is not None
        return Term(self.words(k), float(self.lefts[k]), float(self.rights[k]))

    @cached_property
    def _products(self) -> Numbers:
        if self.lefts is None or self.rights is None:
            return np.empty(0)
        return self.lefts * self.rights

    @cached_property
    def _values(self) -> Numbers:
        return np.array([*self._products, *(term.value for term in self.addends)])

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(-np.abs(self._values), kind="stable")


def product_sum(
    name: str,
    number: float,
    lefts: NDArray[np.floating],
    rights: NDArray[np.floating],
    words: Callable[[int], str],
    *addends: Term,
) -> Parts:
    """A sum of products of float32 numbers, which is what most numbers in a network are."""
    return Parts(name, float(number), (), lefts.astype(float), rights.astype(float), words, addends)
