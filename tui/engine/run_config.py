"""What a run's directory says of itself in words: its config.toml, and the note in its lock."""

from __future__ import annotations

import os
import time
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from nn.hyperparameters import Hyperparameters
from nn.sources import absolute_dataset
from tui.engine.run_directory import RunError, at_home
from tui.engine.text import printable

FORMAT = 1
"""Grows when files written by this version can no longer be read by the one before."""


class RunConfig(BaseModel):
    """What stands in config.toml."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    inkling: str
    created: float
    data_dir: str = ""
    fingerprint: str = ""
    versions: dict[str, str] = {}
    threads_chosen: int = Field(default=0, ge=0, le=256)
    """BLAS threads that the run computes with, once it has begun; its bits depend on them."""
    checkpoint_every: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    """Seconds between two checkpoints at the most."""
    parent: str = ""
    """Of a fork: the name of the run whose checkpoint it began from, and at which step that was."""
    parent_step: int = Field(default=0, ge=0)
    hyperparameters: Hyperparameters

    def require_our_format(self) -> None:
        """
        Raises:
            RunError: an older Inkling wrote the run; to go on would leave files of two kinds.
        """
        if self.format != FORMAT:
            raise RunError(
                f"This run was written by an older Inkling (format {self.format}, now {FORMAT}); "
                "it can be looked at, but not gone on with."
            )


def new_config(hyperparameters: Hyperparameters, data_dir: Path | None) -> RunConfig:
    """What goes into config.toml before the digits have been seen.

    Raises:
        RunError: the name of the data directory cannot be kept in a file.
    """
    # A reader of configurations does without what knows the data sets.
    from tui.engine.samples import extra_file
    from tui.engine.versions import versions

    variable = os.environ.get("INKLING_DATA")
    named = data_dir or (Path(variable) if variable else None)
    folder = str(at_home(named).absolute()) if named else ""
    try:
        folder.encode()
    except UnicodeEncodeError:
        raise RunError(
            f"The data directory {printable(folder)} cannot be written down: its name is not UTF-8."
        ) from None
    return RunConfig(
        inkling=version("inkling-tui"),
        created=time.time(),
        data_dir=folder,
        versions=versions(),
        # The worker stands in another folder, maybe, and a reader of the run certainly does.
        hyperparameters=hyperparameters.model_copy(
            update={
                "dataset": absolute_dataset(hyperparameters.dataset),
                "extra_data": extra_file(hyperparameters),
            }
        ),
    )


class WorkerNote(BaseModel):
    """Who holds a run, or held it last; `sentence` says what keeps it from training, if anything,
    `last` is the last line of its journal, where that itself found no room."""

    model_config = ConfigDict(frozen=True)

    pid: int = 0
    boot: str = ""
    host: str = ""
    sentence: str = ""
    last: str = ""
