"""What a run's bits depend on besides its hyperparameters, for config.toml."""

from __future__ import annotations

import platform
from importlib.metadata import version


def versions() -> dict[str, str]:
    """Name and version of the interpreter, NumPy and the machine."""
    return {
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "machine": platform.machine(),
    }
