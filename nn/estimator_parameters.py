"""Which hyperparameters `DigitClassifier` takes, and what `help` says of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.specs import SPECS

_NOT_HERE = ("dataset", "split", "extra_data", "seed", "pace", "threads")
"""Hyperparameters that mean nothing here: the rows are given, all of them for training; the seed
goes by its scikit-learn name, `random_state`; and joblib limits the threads of its workers."""

PARAMETERS = tuple(name for name in SPECS if name not in _NOT_HERE)
"""The hyperparameters that the constructor takes, beside `image_shape` and `random_state`."""


def plain(value: Any) -> Any:
    """NumPy's numbers and arrays, which searches hand out, as Python's."""
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def documented() -> str:
    """What `help` says of the parameters, read off their one definition."""
    lines = ["", "Parameters", "----------"]
    for name in PARAMETERS:
        spec = SPECS[name]
        allowed = ", ".join(spec.choices) or spec.bounds
        lines.append(f"{name} : default={spec.default!r}")
        lines.append(f"    {spec.help} ({allowed})" if allowed else f"    {spec.help}")
    lines += ["image_shape : default=None", "    height and width, to augment; None is a square"]
    lines += ["random_state : default=None", f"    {SPECS['seed'].help}; None is any"]
    return "\n    ".join(lines) + "\n    "
