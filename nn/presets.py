"""Named recipes, and how a recipe and what a person asked for become one set of hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nn.hyperparameters import HyperparameterError, Hyperparameters, Value
from nn.specs import SPECS

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
        "best": {
            "dataset": "mnist",
            "hidden": (2048, 2048),
            "activation": "gelu",
            "optimizer": "adam",
            "learning_rate": 0.002,
            "schedule": "cosine",
            "warmup": "0.02",
            "batch_size": 512,
            "epochs": 100,
            "ema_decay": 0.999,
            "shift": 1.5,
            "rotation": 10.0,
            "scaling": 0.1,
            "shear": 0.1,
            "elastic": 1.2,
            "elastic_sigma": 5.0,
        },
    }
)
"""Named recipes, as changes to the defaults. The small digits would be learnt in a fifth of a
second: `first-light` takes its time, so that there is something to see."""


def assembled(values: Mapping[str, object]) -> Hyperparameters:
    """One set of hyperparameters from values that have been parsed, checked as a whole.

    Raises:
        HyperparameterError: a field that cannot stand beside another one.
    """
    hyperparameters = Hyperparameters.model_validate(values)
    hyperparameters.check_together()
    return hyperparameters


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
    values: dict[str, object] = dict(PRESETS[preset])
    for name, value in given.items():
        if name not in SPECS:
            raise HyperparameterError(name, f"There is no hyperparameter {ascii(name)[:60]}.")
        values[name] = SPECS[name].parse(value)
    return assembled(values)
