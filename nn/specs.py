"""What the command line, the form and the documents need to know of each hyperparameter.

Everything here is read off the fields of `Hyperparameters`; nothing is said a second time. A `Spec`
turns a text into a value, and what is wrong with it into a sentence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from nn.hyperparameters import (
    Fixed,
    Group,
    HyperparameterError,
    Hyperparameters,
    Live,
    Offer,
    Value,
)


@dataclasses.dataclass(frozen=True)
class Spec:
    """One hyperparameter as the command line, the form and the documents need to know it. `fixed`
    says why a fork cannot change it, and is empty where it can."""

    name: str
    label: str
    help: str
    group: str
    default: Value
    choices: tuple[str, ...]
    forms: tuple[str, ...]
    starts: tuple[str, ...]
    live: bool
    fixed: str
    bounds: str
    adapter: TypeAdapter[Any]

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")

    def parse(self, value: object) -> Value:
        """The value for a text (or a number), checked.

        Raises:
            HyperparameterError: with a sentence that names the field and what it needs.
        """
        if isinstance(value, str):
            value = value.strip()
        try:
            parsed: Value = self.adapter.validate_python(value)
        except ValidationError as error:
            raise HyperparameterError(self.name, self._sentence(value, error)) from None
        return parsed

    def _sentence(self, value: object, error: ValidationError) -> str:
        problem = error.errors(include_url=False)[0]
        context = {key: _number(value) for key, value in problem.get("ctx", {}).items()}
        shown = ascii(value if isinstance(value, str) else str(value))
        got = (
            "it is empty"
            if value == ""
            else f"got {shown if len(shown) <= 40 else shown[:36] + '...'}"
        )
        need = {
            "greater_than": "must be greater than {gt}",
            "greater_than_equal": "must be at least {ge}",
            "less_than": "must be less than {lt}",
            "less_than_equal": "must be at most {le}",
            "finite_number": "must be a finite number",
            "float_parsing": "must be a number",
            "int_parsing": "must be a whole number",
            "int_parsing_size": "must be a whole number of a sensible size",
            "int_from_float": "must be a whole number",
            "literal_error": "must be one of " + ", ".join(self.choices),
            "value_error": "{error}",
        }.get(problem["type"], problem["msg"])
        return f"{self.label} {need.format_map(context)} ({got})."


def parse_live(changes: Mapping[str, object]) -> dict[str, Value]:
    """The values for knobs that are to be turned while a run goes on, checked, by name.

    Raises:
        HyperparameterError: unknown, not live, or out of bounds.
    """
    parsed = {}
    for name, value in changes.items():
        spec = SPECS.get(name)
        if spec is None:
            raise HyperparameterError(name, f"There is no hyperparameter {ascii(name)[:60]}.")
        if not spec.live:
            raise HyperparameterError(
                name, f"{spec.label} cannot change while a run goes on; it needs a new run."
            )
        parsed[name] = spec.parse(value)
    return parsed


def parse_fork(changes: Mapping[str, object]) -> dict[str, Value]:
    """The values with which a new run may go on from another's checkpoint, checked, by name.

    Raises:
        HyperparameterError: unknown, out of bounds, or what was learnt would not fit it.
    """
    parsed = {}
    for name, value in changes.items():
        spec = SPECS.get(name)
        if spec is None:
            raise HyperparameterError(name, f"There is no hyperparameter {ascii(name)[:60]}.")
        if spec.fixed:
            raise HyperparameterError(
                name, f"{spec.label} cannot change in a fork, only in a new run: {spec.fixed}."
            )
        parsed[name] = spec.parse(value)
    return parsed


def format_value(value: Value) -> str:
    """The text a person would type for a value: `(128, 64)` -> `128,64`, `0.05` -> `0.05`."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.8g}"
    return str(value)


def _number(value: object) -> str:
    """A bound as a person reads it, and never rounded: `4,294,967,295`, `0.5`."""
    if isinstance(value, (int, float)):
        return f"{int(value):,}" if value == int(value) else f"{value:g}"
    return str(value)


def _bounds(info: FieldInfo) -> str:
    words = {"Gt": ("> ", "gt"), "Ge": (">= ", "ge"), "Lt": ("< ", "lt"), "Le": ("<= ", "le")}
    marks = [item for item in info.metadata if type(item).__name__ in words]
    said = [(mark, *words[type(mark).__name__]) for mark in marks]
    return ", ".join(sign + _number(getattr(mark, field)) for mark, sign, field in said)


def _spec(name: str, info: FieldInfo, group: str) -> Spec:
    annotation = info.annotation
    whole: Any = Annotated[annotation, info]
    offers = [item for item in info.metadata if isinstance(item, Offer)]
    offer = offers[0] if offers else Offer((), ())
    return Spec(
        name=name,
        label=info.title or name,
        help=info.description or "",
        group=group,
        default=info.default,
        choices=get_args(annotation) if get_origin(annotation) is Literal else (),
        forms=offer.forms,
        starts=offer.starts,
        live=any(isinstance(item, Live) for item in info.metadata),
        fixed=next((item.why for item in info.metadata if isinstance(item, Fixed)), ""),
        bounds=_bounds(info),
        adapter=TypeAdapter(whole, config=ConfigDict(allow_inf_nan=False)),
    )


def _specs() -> dict[str, Spec]:
    specs, group = {}, ""
    for name, info in Hyperparameters.model_fields.items():
        group = next((item.title for item in info.metadata if isinstance(item, Group)), group)
        specs[name] = _spec(name, info, group)
    return specs


SPECS: Mapping[str, Spec] = MappingProxyType(_specs())
