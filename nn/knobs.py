"""What a knob is: a value of a certain kind, within bounds, that a person may type.

`hyperparameters` is made of these. A knob says of any value whether it will do, and if not, why, as
the part of a sentence that follows its name. That is all that is asked of it here, and it is asked
before there is anything to see; so it is done by hand, for a library that could do it takes longer
to import than `inkling --help` takes to answer.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
import sys
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from types import MappingProxyType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    Self,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

Value = Union[str, int, float, tuple[int, ...]]

FARTHEST = int(sys.float_info.max)
"""Beyond the bounds of every whole number."""


class HyperparameterError(ValueError):
    """A value that cannot be used. `name` is the field; `str()` is a sentence for a person."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name

    def __reduce__(self) -> tuple[type[HyperparameterError], tuple[str, str]]:
        # For joblib, which hands errors from one process to another.
        return type(self), (self.name, str(self))


@dataclasses.dataclass(frozen=True)
class Before:
    """Marks a knob with what makes a text, or an older file's value, one of its kind."""

    convert: Callable[[object], object]


@dataclasses.dataclass(frozen=True)
class After:
    """Marks a knob with what looks at a value when it is of the right kind."""

    check: Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Greater than, at least, less than, at most; None is no bound."""

    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None

    def check(self, value: float) -> None:
        """
        Raises:
            ValueError: it oversteps one of them.
        """
        if self.gt is not None and not value > self.gt:
            raise ValueError(f"must be greater than {in_words(self.gt)}")
        if self.ge is not None and not value >= self.ge:
            raise ValueError(f"must be at least {in_words(self.ge)}")
        if self.lt is not None and not value < self.lt:
            raise ValueError(f"must be less than {in_words(self.lt)}")
        if self.le is not None and not value <= self.le:
            raise ValueError(f"must be at most {in_words(self.le)}")

    def __str__(self) -> str:
        signs = ((">", self.gt), (">=", self.ge), ("<", self.lt), ("<=", self.le))
        return ", ".join(f"{sign} {in_words(at)}" for sign, at in signs if at is not None)


@dataclasses.dataclass(frozen=True)
class Knob:
    """One field of `Hyperparameters`: what it is called, what is said of it, and what it takes.

    Attributes:
        kind: `str`, `int`, `float`, `tuple[int, ...]`, or a `Literal` of texts.
        marks: whatever else its annotation carries.
    """

    name: str
    kind: Any
    marks: tuple[Any, ...]
    default: Any
    title: str
    description: str
    bounds: Bounds

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that it takes, where it takes no others."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    def parse(self, value: object) -> Value:
        """The value for a text (or a number), checked; blanks around a text do not matter.

        Raises:
            HyperparameterError: with a sentence that names the field and what it needs.
        """
        if isinstance(value, str):
            value = value.strip()
        try:
            return self._checked(value)
        except (ValueError, OverflowError) as problem:
            shown = _shown(value)
            got = f"got {shown if len(shown) <= 40 else shown[:36] + '...'}"
            what = "it is empty" if isinstance(value, str) and not value else got
            raise HyperparameterError(self.name, f"{self.title} {problem} ({what}).") from None

    def _checked(self, value: object) -> Value:
        for mark in self.marks:
            if isinstance(mark, Before):
                value = mark.convert(value)
        parsed = self._of_our_kind(value)
        if isinstance(parsed, (int, float)):
            self.bounds.check(parsed)
        for mark in self.marks:
            if isinstance(mark, After):
                parsed = mark.check(parsed)
        return parsed

    def _of_our_kind(self, value: object) -> Value:
        if self.kind is float:
            return _number(value)
        if self.kind is int:
            return _whole(value)
        if self.choices:
            if not isinstance(value, str) or value not in self.choices:
                raise ValueError("must be one of " + ", ".join(self.choices))
            return value
        if self.kind is str:
            if not isinstance(value, str):
                raise ValueError("must be a text")
            return value
        if not isinstance(value, (tuple, list)):
            raise ValueError("must be whole numbers")
        return tuple(_whole(item) for item in value)


def knob(default: Value, *, title: str, description: str, **bounds: float) -> Any:
    """A dataclass field that is a knob."""
    told = {"title": title, "description": description, "bounds": Bounds(**bounds)}
    return dataclasses.field(default=default, metadata=told)


class KnobSet:
    """Knobs together: a frozen dataclass of keywords, whose fields are made by `knob`.

    It has the methods of a pydantic model, for it is a field of some; but what it is made of is
    checked by hand, without importing pydantic.

    Raises:
        HyperparameterError: a value will not do; the first of them.
    """

    KNOBS: ClassVar[Mapping[str, Knob]]

    @classmethod
    def find_knobs(cls) -> None:
        """Read them off the fields, once the class is whole."""
        hints, found = get_type_hints(cls, include_extras=True), {}
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            hint = hints[field.name]
            marked = get_origin(hint) is Annotated
            kind, marks = (hint.__origin__, hint.__metadata__) if marked else (hint, ())
            found[field.name] = Knob(field.name, kind, marks, field.default, **field.metadata)
        cls.KNOBS = MappingProxyType(found)

    def __post_init__(self) -> None:
        for name, its in self.KNOBS.items():
            object.__setattr__(self, name, its.parse(getattr(self, name)))

    @classmethod
    def model_validate(cls, values: Mapping[str, object]) -> Self:
        """A set from values that somebody else wrote down.

        Raises:
            HyperparameterError: there is no such field, or a value will not do.
        """
        for name in values:
            if name not in cls.KNOBS:
                raise HyperparameterError(
                    str(name), f"There is no hyperparameter {ascii(name)[:60]}."
                )
        return cls(**values)

    def model_copy(self, *, update: Mapping[str, object]) -> Self:
        """The same, but for values that have been parsed, or are known to be none of a person's: a
        network that is trained pass by pass has more epochs than anybody may ask for."""
        new = object.__new__(type(self))
        vars(new).update(vars(self), **update)
        return new

    def model_dump(self, *, mode: str = "python") -> dict[str, object]:
        """The values by name, in order; as JSON has them if `mode` is `json`."""
        values = {name: getattr(self, name) for name in self.KNOBS}
        if mode == "json":
            return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
        return values

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """How a pydantic model that this is a field of reads and writes it."""
        from pydantic_core import core_schema

        def read(value: object, table: Callable[[object], dict[str, Any]]) -> KnobSet:
            return value if isinstance(value, cls) else cls(**table(value))

        def write(value: KnobSet, info: Any) -> dict[str, object]:
            return value.model_dump(mode=info.mode)

        checked = {
            name: core_schema.typed_dict_field(
                core_schema.no_info_plain_validator_function(its.parse), required=False
            )
            for name, its in cls.KNOBS.items()
        }
        return core_schema.no_info_wrap_validator_function(
            read,
            core_schema.typed_dict_schema(checked, extra_behavior="forbid"),
            serialization=core_schema.plain_serializer_function_ser_schema(write, info_arg=True),
        )


def in_words(value: float) -> str:
    """A bound as a person reads it, and never rounded: `4,294,967,295`, `0.5`."""
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _shown(value: object) -> str:
    try:
        return ascii(value if isinstance(value, str) else str(value))
    except ValueError:
        return "a number of thousands of digits"


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (Real, str)):
        raise ValueError("must be a number")
    if isinstance(value, str) and not value.isascii():
        raise ValueError("must be a number")
    try:
        number = float(value)
    except ValueError:
        raise ValueError("must be a number") from None
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _whole(value: object) -> int:
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.isascii():
        with contextlib.suppress(ValueError):
            return int(value)
    try:
        number = _number(value)
    except ValueError:
        if isinstance(value, str) and re.fullmatch("[+-]?[0-9]+", value):
            # More digits than Python reads; it is beyond its bound, whatever that is.
            return -FARTHEST if value.startswith("-") else FARTHEST
        raise ValueError("must be a whole number") from None
    if number != int(number):
        raise ValueError("must be a whole number")
    return int(number)
