"""Which test digits are meant: a question about each of them, answered for all at once.

A query is a frozen value that knows nothing of any run; `digit_filter` makes one of what a person
writes. All its terms must hold, but those that ask for the same field (`true:4 true:9`), or for
single digits, mean either.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from tui.engine.mistakes import UNSURE_BELOW, Flags, Indices, Mistakes
from tui.engine.sorts import SortName


@dataclass(frozen=True, slots=True)
class OfClass:
    """`true:4`, `pred:9`: the class is one of these."""

    field: str
    classes: frozenset[int]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Is:
    """`wrong`, `never`, ...: one of `FLAGS`."""

    flag: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """`conf>0.9`: one of `NUMBERS`, compared by one of `COMPARISONS`."""

    field: str
    sign: str
    number: float
    negated: bool = False


@dataclass(frozen=True, slots=True)
class HasId:
    """`id:947`: a place in the test set, from 0."""

    index: int
    negated: bool = False


Term = Union[OfClass, Is, Compared, HasId]


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that has been understood; `text` is what was written. No terms match everything."""

    text: str = ""
    terms: tuple[Term, ...] = ()


FLAGS: Mapping[str, tuple[str, Callable[[Mistakes, float], Flags]]] = MappingProxyType(
    {
        "wrong": ("taken for another class", lambda m, _: m.wrong),
        "right": ("taken for what it is", lambda m, _: ~m.wrong),
        "never": ("never right so far", lambda m, _: _history(m, "never_right", m.wrong)),
        "fixed": ("right since the last epoch", lambda m, _: _history(m, "fixed")),
        "broken": ("wrong since the last epoch", lambda m, _: _history(m, "broken")),
        "label?": ("its label is in question", lambda m, _: m.suspect_labels),
        "unsure": (
            "less sure than the threshold",
            lambda m, threshold: m.predictions.confidence < threshold,
        ),
    }
)
"""What a digit may be: in words, and who knows it."""

NUMBERS: Mapping[str, tuple[str, Callable[[Mistakes], NDArray[Any]]]] = MappingProxyType(
    {
        "conf": ("how sure it is of its guess, 0 to 1", lambda m: m.predictions.confidence),
        "loss": ("how surprised it is by the label, in nats", lambda m: m.losses),
        "margin": ("how far ahead of the runner-up its guess is, 0 to 1", lambda m: m.margins),
        "learnt": (
            "the epoch since which it has been right; nothing that is wrong now",
            lambda m: _learnt(m),
        ),
        "forgotten": (
            "how often it went from right to wrong",
            lambda m: _history(m, "forgotten", np.zeros(len(m), np.int32)),
        ),
    }
)
"""What a digit may be compared by."""

COMPARISONS: Mapping[str, Callable[[Any, float], Flags]] = MappingProxyType(
    {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq}
)

CLASS_FIELDS: Mapping[str, str] = MappingProxyType(
    {"true": "what it is", "pred": "what it is taken for"}
)


def matches(query: Query, mistakes: Mistakes, threshold: float = UNSURE_BELOW) -> Flags:
    """Which digits a query lets through: bool (n,). `unsure` is less sure than `threshold`."""
    keep = np.ones(len(mistakes), np.bool_)
    for term in _either(query.terms):
        flags = _flags(term, mistakes, threshold)
        keep &= ~flags if term.negated else flags
    ids = [term for term in query.terms if isinstance(term, HasId)]
    wanted = [term.index for term in ids if not term.negated]
    if wanted:
        named = np.zeros(len(mistakes), np.bool_)
        named[[index for index in wanted if index < len(mistakes)]] = True
        keep &= named
    keep[[term.index for term in ids if term.negated and term.index < len(mistakes)]] = False
    return keep


def select(
    query: Query, mistakes: Mistakes, sort: SortName = "loss", threshold: float = UNSURE_BELOW
) -> Indices:
    """The digits that a query lets through, in an order: intp (m,). O(n), the order made once."""
    order = mistakes.order(sort)
    return order[matches(query, mistakes, threshold)[order]] if query.terms else order


def _either(terms: Sequence[Term]) -> list[OfClass | Is | Compared]:
    """The terms that must all hold: those of one class field are one."""
    wanted: dict[str, frozenset[int]] = {}
    rest: list[OfClass | Is | Compared] = []
    for term in terms:
        if isinstance(term, OfClass) and not term.negated:
            wanted[term.field] = wanted.get(term.field, frozenset()) | term.classes
        elif not isinstance(term, HasId):
            rest.append(term)
    return [*(OfClass(name, classes) for name, classes in wanted.items()), *rest]


def _flags(term: OfClass | Is | Compared, mistakes: Mistakes, threshold: float) -> Flags:
    match term:
        case OfClass(field=field, classes=classes):
            p = mistakes.predictions
            meant = np.zeros(len(p.class_names), np.bool_)
            meant[[k for k in classes if k < len(meant)]] = True
            return np.asarray(meant[p.labels if field == "true" else p.predicted])
        case Is(flag=flag):
            return FLAGS[flag][1](mistakes, threshold)
        case Compared(field=field, sign=sign, number=number):
            return np.asarray(COMPARISONS[sign](NUMBERS[field][1](mistakes), number))


def _history(mistakes: Mistakes, name: str, unknown: Any = None) -> Any:
    """One array of the history, or `unknown` (no digit at all) where there is none."""
    if mistakes.history is not None:
        return getattr(mistakes.history, name)
    return np.zeros(len(mistakes), np.bool_) if unknown is None else unknown


def _learnt(mistakes: Mistakes) -> NDArray[Any]:
    """NaN, which no comparison lets through, for digits that are wrong now."""
    if mistakes.history is None:
        return np.full(len(mistakes), np.nan)
    learnt = mistakes.history.learnt
    return np.where(learnt < 0, np.nan, learnt)
