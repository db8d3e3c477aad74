"""Two networks on the same digits, and whether they differ by more than luck.

What both have right, or both wrong, says nothing of which is better. McNemar's test (1947) looks at
the rest: if the two were equally good, each of these digits would have been a toss of a coin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Digits that one network has right and the other wrong, by index, ascending: intp."""

    both_right: int
    only_first: Indices
    only_second: Indices
    both_wrong: int

    @property
    def exact_p(self) -> float:
        """Two-sided, exact: how likely a split of the digits in question as uneven as this one, or
        more, is by tosses of a fair coin. 1 where there are none."""
        return sign_test(len(self.only_first), len(self.only_second))

    @property
    def chi_squared(self) -> float:
        """(|b - c| - 1)^2 / (b + c), with Edwards's correction for continuity; 0 where |b - c| <= 1
        or there is nothing to compare. Good where b + c is 25 or more."""
        b, c = len(self.only_first), len(self.only_second)
        return max(abs(b - c) - 1, 0) ** 2 / (b + c) if b + c else 0.0

    @property
    def chi_squared_p(self) -> float:
        """The probability of so large a chi-squared with one degree of freedom."""
        return math.erfc(math.sqrt(self.chi_squared / 2))


def compare(labels: Array, first: Array, second: Array) -> Comparison:
    """From the labels and the guesses of two networks, all (n,).

    Raises:
        ValueError: they are not of the same digits.
    """
    if not labels.shape == first.shape == second.shape:
        raise ValueError(f"{first.shape} and {second.shape} guesses of {labels.shape} digits")
    one, other = first == labels, second == labels
    return Comparison(
        both_right=int(np.count_nonzero(one & other)),
        only_first=np.flatnonzero(one & ~other),
        only_second=np.flatnonzero(other & ~one),
        both_wrong=int(np.count_nonzero(~one & ~other)),
    )


def sign_test(b: int, c: int) -> float:
    """min(1, 2 P(X <= min(b, c))) with X binomial of b + c tosses of a fair coin."""
    n, fewer = b + c, min(b, c)
    # log of n choose k, from one k to the next, as the numbers themselves soon overflow.
    k = np.arange(1, fewer + 1, dtype=np.float64)
    ways = np.concatenate(([0.0], np.cumsum(np.log((n - k + 1) / k)))) - n * math.log(2)
    return min(1.0, 2 * float(np.exp(ways).sum()))
