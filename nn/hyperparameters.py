"""Every knob of a run, defined once.

The command line, the form, the validation, the saved `config.toml` and the README's table are all
made from the one class below. A hyperparameter is a field with a type, bounds, a default, a line of
help, and a word on whether it may change while the network trains. This room imports no NumPy, so
that `inkling --help` is quick.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo

from nn.names import ActivationName, DatasetName, OptimizerName, ScheduleName

Value = Union[str, int, float, tuple[int, ...]]


SLOWEST_PACE = 0.001
"""Steps a second; slower is nobody's wish, and the wait for a turn would overflow."""


class HyperparameterError(ValueError):
    """A value that cannot be used. `name` is the field; `str()` is a sentence for a person."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


@dataclasses.dataclass(frozen=True)
class Live:
    """Marks a field that `Trainer.set` may change between two steps."""


def _widths_from_text(value: object) -> object:
    """`"128,64"` -> `(128, 64)`; an empty text is a network without hidden layers."""
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",")] if value.strip() else []
    if any(not re.fullmatch(r"[+-]?\d{1,9}", part) for part in parts):
        raise ValueError("must be whole numbers with commas, such as 128,64")
    return tuple(int(part) for part in parts)


def _check_widths(widths: tuple[int, ...]) -> tuple[int, ...]:
    if len(widths) > 16:
        raise ValueError("must be 16 at most")
    for width in widths:
        if not 1 <= width <= 8192:
            raise ValueError("must have between 1 and 8192 units each")
    return widths


def _check_pace(pace: float) -> float:
    if 0 < pace < SLOWEST_PACE:
        raise ValueError(f"must be 0, or at least {SLOWEST_PACE:g}")
    return pace


def _check_split(split: str) -> str:
    if split in ("auto", "official"):
        return split
    try:
        fraction = float(split)
    except ValueError:
        fraction = math.nan
    if not 0 < fraction < 1:
        raise ValueError("must be official, a share such as 0.2, or auto")
    return split


class Hyperparameters(BaseModel):
    """What a run is made of. The defaults are the recipe for scikit-learn's 8x8 digits."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    dataset: DatasetName = Field(
        default="digits",
        title="Data set",
        description="which digits to learn; the 8x8 digits need no download",
    )
    split: Annotated[str, AfterValidator(_check_split)] = Field(
        default="auto",
        title="Split",
        description="official, the share to test on, or auto: official, else 0.2",
    )
    hidden: Annotated[
        tuple[int, ...], BeforeValidator(_widths_from_text), AfterValidator(_check_widths)
    ] = Field(
        default=(128, 64),
        title="Hidden layers",
        description="units in each hidden layer, first to last, such as 128,64",
    )
    activation: ActivationName = Field(
        default="relu", title="Activation", description="the bend after every hidden layer"
    )
    optimizer: OptimizerName = Field(
        default="sgd", title="Optimiser", description="what is done with each gradient"
    )
    learning_rate: Annotated[float, Live()] = Field(
        default=0.05,
        gt=0,
        le=100,
        allow_inf_nan=False,
        title="Learning rate",
        description="the size of a step; the peak of the schedule",
    )
    momentum: Annotated[float, Live()] = Field(
        default=0.9,
        ge=0,
        lt=1,
        allow_inf_nan=False,
        title="Momentum",
        description="how much of the last step is kept; Adam's beta 1",
    )
    schedule: ScheduleName = Field(
        default="constant",
        title="Schedule",
        description="how the learning rate moves over the run",
    )
    warmup: float = Field(
        default=0.25,
        ge=0,
        lt=1,
        allow_inf_nan=False,
        title="Warm-up",
        description="share of the run in which one_cycle climbs to its peak",
    )
    batch_size: int = Field(
        default=32,
        ge=1,
        le=65536,
        title="Batch size",
        description="digits averaged into one gradient",
    )
    epochs: int = Field(
        default=60, ge=1, le=100_000, title="Epochs", description="passes over the training set"
    )
    seed: int = Field(
        default=42,
        ge=0,
        le=2**32 - 1,
        title="Seed",
        description="same seed, same run, bit for bit",
    )
    pace: Annotated[float, Live(), AfterValidator(_check_pace)] = Field(
        default=0,
        ge=0,
        le=1e6,
        allow_inf_nan=False,
        title="Pace",
        description="steps a second at most; 0 is flat out",
    )
    threads: int = Field(
        default=1,
        ge=1,
        le=256,
        title="Threads",
        description="BLAS threads; small batches are fastest with 1",
    )


@dataclasses.dataclass(frozen=True)
class Spec:
    """One hyperparameter as the command line, the form and the documents need to know it."""

    name: str
    label: str
    help: str
    default: Value
    choices: tuple[str, ...]
    live: bool
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


def _spec(name: str, info: FieldInfo) -> Spec:
    annotation = info.annotation
    whole: Any = Annotated[annotation, info]
    return Spec(
        name=name,
        label=info.title or name,
        help=info.description or "",
        default=info.default,
        choices=get_args(annotation) if get_origin(annotation) is Literal else (),
        live=any(isinstance(item, Live) for item in info.metadata),
        bounds=_bounds(info),
        adapter=TypeAdapter(whole),
    )


SPECS: Mapping[str, Spec] = MappingProxyType(
    {name: _spec(name, info) for name, info in Hyperparameters.model_fields.items()}
)

_MNIST_NETWORK: dict[str, Value] = {"hidden": (128, 64), "activation": "relu", "batch_size": 128}

PRESETS: Mapping[str, Mapping[str, Value]] = MappingProxyType(
    {
        "first-light": {"pace": 250.0},
        "quick": {
            **_MNIST_NETWORK,
            "dataset": "mnist",
            "optimizer": "adam",
            "learning_rate": 0.005,
            "schedule": "one_cycle",
            "warmup": 0.25,
            "epochs": 5,
        },
        "tutorial": {
            **_MNIST_NETWORK,
            "dataset": "mnist",
            "split": "0.2",
            "optimizer": "sgd",
            "learning_rate": 0.05,
            "schedule": "constant",
            "epochs": 50,
        },
    }
)
"""Named recipes, as changes to the defaults. The small digits would be learnt in a fifth of a
second: `first-light` takes its time, so that there is something to see."""


def default_preset(dataset: str) -> str:
    """The preset a data set is trained with where nobody said otherwise."""
    return "first-light" if dataset == "digits" else "quick"


def resolve(preset: str | None, given: Mapping[str, object]) -> Hyperparameters:
    """The preset (or the data set's own), with what was given laid over it.

    Raises:
        HyperparameterError: an unknown preset, or a value out of bounds.
    """
    if preset is None:
        preset = default_preset(str(given.get("dataset", Hyperparameters().dataset)))
    if preset not in PRESETS:
        known = ", ".join(PRESETS)
        raise HyperparameterError(
            "preset", f"Preset must be one of {known} (got {ascii(preset)[:60]})."
        )
    values = dict(PRESETS[preset])
    for name, value in given.items():
        if name not in SPECS:
            raise HyperparameterError(name, f"There is no hyperparameter {ascii(name)[:60]}.")
        values[name] = SPECS[name].parse(value)
    return Hyperparameters.model_validate(values)
