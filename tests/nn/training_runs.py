"""What the tests of whole runs have in common: small recipes, and what of a run may not differ."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from nn.data import Split
from nn.events import Event
from nn.hyperparameters import Hyperparameters
from nn.presets import resolve
from nn.state import capture
from nn.trainer import Trainer

MakeSplit = Callable[..., Split]
T = TypeVar("T")

EVERYTHING: dict[str, object] = {
    "hidden": "9,7",
    "batch_size": 16,
    "epochs": 3,
    "seed": 5,
    "learning_rate": 0.01,
    "schedule": "one_cycle",
    "optimizer": "adam",
    "normalization": "batch_norm",
    "skip": "residual",
    "dropout": 0.2,
    "weight_decay": 0.001,
    "label_smoothing": 0.1,
    "clip_norm": 0.8,
    "ema_decay": 0.9,
    "validation": 0.2,
    "patience": 2,
    "keep": "best",
    "shift": 1,
    "rotation": 10,
    "elastic": 0.3,
    "elastic_sigma": 2,
}
"""Whatever can be switched on."""

TIMINGS = {"seconds": 0.0, "samples_per_second": 0.0}
_CLOCKS = ("seconds", "training_seconds", "epoch_began")


def everything(**given: object) -> Hyperparameters:
    return resolve("first-light", {**EVERYTHING, **given})


def plain(**given: object) -> Hyperparameters:
    """A small network with all extras at their defaults, which is off."""
    few = {"hidden": "9,7", "batch_size": 16, "epochs": 3, "seed": 5}
    return resolve("first-light", {**few, **given})


def square(split: Split) -> Split:
    """The made-up digits of 16 pixels as images of 4 x 4."""
    return dataclasses.replace(split, image_shape=(4, 4))


def untimed(event: Event) -> str:
    """An event in words, to the last digit, without its timings: the only part that may differ
    between two equal runs. (As text, NaN is equal to NaN.)"""
    names = {field.name for field in dataclasses.fields(event)}
    return repr(dataclasses.replace(event, **{k: v for k, v in TIMINGS.items() if k in names}))


def told(trainer: Trainer) -> list[str]:
    return [untimed(event) for event in trainer.run()]


def of_kind(events: list[Event], kind: type[T]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def whole_state(trainer: Trainer) -> dict[str, Any]:
    """Everything the rest of a run depends on, and what the judged network says; no clocks."""
    state = capture(trainer)
    words = {k: v for k, v in state.words.model_dump().items() if k not in _CLOCKS}
    columns = [i for i in range(10) if i not in (6, 7)]  # seconds and samples per second
    arrays = {
        name: (array[:, columns] if name == "history" else array).tobytes()
        for name, array in state.arrays.items()
    }
    with trainer.judged() as network:
        pixels = np.linspace(0, 1, 5 * network.n_inputs, dtype=np.float32)
        answers = network.predict_probabilities(pixels.reshape(5, -1)).tobytes()
    return {"words": words, **arrays, "answers": answers}


def digest(trainer: Trainer) -> str:
    """The same in a few letters."""
    return hashlib.sha256(repr(whole_state(trainer)).encode()).hexdigest()
