"""What a run's directory says of itself in words: its config.toml, and the note in its lock."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from nn.hyperparameters import Hyperparameters
from tui.engine.run_directory import RunError

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


class WorkerNote(BaseModel):
    """Who holds a run, or held it last; `sentence` says what keeps it from training, if anything,
    `last` is the last line of its journal, where that itself found no room."""

    model_config = ConfigDict(frozen=True)

    pid: int = 0
    boot: str = ""
    host: str = ""
    sentence: str = ""
    last: str = ""
