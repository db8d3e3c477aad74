"""The filter line: which test digits are to be seen, in words.

    true:4 pred:9 conf>0.9        fours taken for nines, and very surely
    wrong never                   wrong, and never right so far
    true:"T-shirt/top" -fixed     a name with a space or a quote in it stands in quotes; - is not

All words must hold. Words that name the same thing twice (`true:4 true:9`) mean either. What comes
out is a `digit_query.Query`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from tui.engine.digit_query import (
    CLASS_FIELDS,
    FLAGS,
    NUMBERS,
    Compared,
    HasId,
    Is,
    OfClass,
    Query,
    Term,
)
from tui.engine.text import printable

LONGEST = 500
"""Characters of a filter line."""


class FilterError(Exception):
    """A filter that cannot be understood; `str()` is one sentence for a person.

    `word` is what was not understood, `start` where in the line it begins, in characters.
    """

    def __init__(self, sentence: str, word: str, start: int) -> None:
        super().__init__(sentence)
        self.word = word
        self.start = start


EXAMPLES = (
    "true:4 pred:9 wrong right conf>0.9 loss>2 margin<0.1 never broken fixed label? unsure id:947"
)
"""One of each kind, for a person who sees an empty filter line."""

_WORD = re.compile(r'(?:"(?:[^"]|"")*(?:"|$)|[^\s"])+')
_COMPARED = re.compile(r"([a-z]+)(>=|<=|>|<|=)(.*)", re.DOTALL)


def parse(text: str, class_names: Sequence[str]) -> Query:
    """What is written on a filter line; an empty one matches everything.

    A class is meant by its name (case does not matter where that leaves no doubt) or by `#` and its
    number; within quotes a quote is written twice.

    Raises:
        FilterError: with a sentence that names the word and what there might be instead.
    """
    if len(text) > LONGEST:
        raise FilterError(f"A filter has at most {LONGEST} characters.", text[:20], 0)
    found = _WORD.finditer(text)
    terms = tuple(_term(word.group(), word.start(), class_names) for word in found)
    return Query(text.strip(), terms)


def of_cell(class_names: Sequence[str], true: int | None, predicted: int | None) -> str:
    """The filter line for one cell of the confusion matrix, or a whole row or column of it."""
    words = (("true", true), ("pred", predicted))
    return " ".join(class_word(name, k, class_names) for name, k in words if k is not None)


def class_word(field: str, number: int, class_names: Sequence[str]) -> str:
    """The word that asks for a class, such as `true:4`, in quotes if its name needs them."""
    name = class_names[number]
    if class_names.count(name) > 1 or name.startswith("#") or not name:
        return f"{field}:#{number}"
    plain = re.fullmatch(r'[^\s"]+', name)
    return f"{field}:{name}" if plain else f'{field}:"{name.replace(chr(34), chr(34) * 2)}"'


def _term(word: str, start: int, class_names: Sequence[str]) -> Term:
    negated = len(word) > 1 and word.startswith("-")
    plain = word[negated:]
    if plain.count('"') % 2:
        raise _error(word, start, 'a quote that is opened must be closed, as in true:"my class"')
    field, colon, value = plain.partition(":")
    lower = field.lower()
    if colon and lower in CLASS_FIELDS:
        return OfClass(lower, _classes(word, start, value, class_names), negated)
    if colon and lower == "id":
        if not re.fullmatch(r"[0-9]{1,12}", value):
            raise _error(word, start, "id: needs the number of a test digit, as in id:947")
        return HasId(int(value), negated)
    if plain.lower() in FLAGS:
        return Is(plain.lower(), negated)
    compared = _COMPARED.fullmatch(plain.lower())
    if compared is not None and compared[1] in NUMBERS:
        return Compared(compared[1], compared[2], _number(word, start, compared), negated)
    raise _error(word, start, _allowed(lower))


def _number(word: str, start: int, compared: re.Match[str]) -> float:
    text = compared[3]
    percent = text.endswith("%")
    try:
        number = float(text.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or "_" in text:
        example = f"{compared[1]}{compared[2]}{_EXAMPLE_NUMBERS[compared[1]]}"
        raise _error(word, start, f"{compared[2]} needs a number after it, as in {example}")
    return number


_EXAMPLE_NUMBERS = {"conf": "0.9", "loss": "2", "margin": "0.1", "learnt": "10", "forgotten": "1"}


def _classes(word: str, start: int, value: str, class_names: Sequence[str]) -> frozenset[int]:
    name = value
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        name = value[1:-1].replace('""', '"')
    elif re.fullmatch(r"#[0-9]{1,3}", value) and int(value[1:]) < len(class_names):
        return frozenset({int(value[1:])})
    exact = [k for k, known in enumerate(class_names) if known == name]
    if exact:
        return frozenset(exact)
    alike = [k for k, known in enumerate(class_names) if known.casefold() == name.casefold()]
    if len({class_names[k] for k in alike}) == 1:
        return frozenset(alike)
    few = [class_word("", k, class_names)[1:] for k in range(min(len(class_names), 10))]
    more = f" and {len(class_names) - len(few)} more" if len(class_names) > len(few) else ""
    raise _error(word, start, f"the classes are {', '.join(few)}{more}")


def _allowed(field: str) -> str:
    """What could be meant by a word that begins so."""
    if field in CLASS_FIELDS:
        return f"{field} needs a class, as in {field}:4"
    if field == "id":
        return "id needs a number, as in id:947"
    if field in NUMBERS or field.rstrip("<>=") in NUMBERS:
        name = field.rstrip("<>=")
        return f"{name} is compared with a number, as in {name}>{_EXAMPLE_NUMBERS[name]}"
    names = [*(f"{name}:" for name in CLASS_FIELDS), *FLAGS, *(f"{name}>" for name in NUMBERS)]
    return f"words are {', '.join(names)} and id:"


def _error(word: str, start: int, allowed: str) -> FilterError:
    return FilterError(
        f"The filter does not know {printable(word, 40)}: {printable(allowed)}.", word, start
    )
