"""What the command line, the form and the documents need to know of each hyperparameter.

Everything here is read off the fields of `Hyperparameters`; nothing is said a second time. A `Spec`
turns a text into a value, and what is wrong with it into a sentence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from nn.hyperparameters import (
    Fixed,
    Group,
    HyperparameterError,
    Hyperparameters,
    Live,
    Offer,
)
from nn.knobs import Knob, Value


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
    knob: Knob

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def in_words(self) -> str:
        """Its name within a sentence: `learning rate`, `EMA decay`."""
        return self.label if self.label[:2].isupper() else self.label.lower()

    def parse(self, value: object) -> Value:
        """The value for a text (or a number), checked.

        Raises:
            HyperparameterError: with a sentence that names the field and what it needs.
        """
        return self.knob.parse(value)


def parse_live(changes: Mapping[str, object]) -> dict[str, Value]:
    """The values for knobs that are to be turned while a run goes on, checked, by name.

    Raises:
        HyperparameterError: unknown, not live, or out of bounds.
    """
    values = {}
    for name, value in changes.items():
        spec = SPECS.get(name)
        if spec is None:
            raise HyperparameterError(name, f"There is no hyperparameter {ascii(name)[:60]}.")
        if not spec.live:
            raise HyperparameterError(
                name, f"{spec.label} cannot change while a run goes on; it needs a new run."
            )
        values[name] = spec.parse(value)
    return values


def parse_fork(changes: Mapping[str, object]) -> dict[str, Value]:
    """The values with which a new run may go on from another's checkpoint, checked, by name.

    Raises:
        HyperparameterError: unknown, out of bounds, or what was learnt would not fit it.
    """
    values = {}
    for name, value in changes.items():
        spec = SPECS.get(name)
        if spec is None:
            raise HyperparameterError(name, f"There is no hyperparameter {ascii(name)[:60]}.")
        if spec.fixed:
            raise HyperparameterError(
                name, f"{spec.label} cannot change in a fork, only in a new run: {spec.fixed}."
            )
        values[name] = spec.parse(value)
    return values


def differences(old: Hyperparameters, new: Hyperparameters) -> dict[str, Value]:
    """The values of `new` that `old` does not have, by name."""
    return {name: getattr(new, name) for name in SPECS if getattr(new, name) != getattr(old, name)}


def format_value(value: Value) -> str:
    """The text a person would type for this very value: `(128, 64)` -> `128,64`, `1.0` -> `1`."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, float):
        short = f"{value:.8g}"
        # A run that a form shows is not to become another one by being shown.
        return short if float(short) == value else repr(value)
    return str(value)


def _spec(its: Knob, group: str) -> Spec:
    offer = next((mark for mark in its.marks if isinstance(mark, Offer)), Offer((), ()))
    return Spec(
        name=its.name,
        label=its.title,
        help=its.description,
        group=group,
        default=its.default,
        choices=its.choices,
        forms=offer.forms,
        starts=offer.starts,
        live=any(isinstance(mark, Live) for mark in its.marks),
        fixed=next((mark.why for mark in its.marks if isinstance(mark, Fixed)), ""),
        bounds=str(its.bounds),
        knob=its,
    )


def _specs() -> dict[str, Spec]:
    specs, group = {}, ""
    for name, its in Hyperparameters.KNOBS.items():
        group = next((mark.title for mark in its.marks if isinstance(mark, Group)), group)
        specs[name] = _spec(its, group)
    return specs


SPECS: Mapping[str, Spec] = MappingProxyType(_specs())
