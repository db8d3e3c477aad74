"""What a run can be told; `protocol` says how that is written on the control socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold before the next step."""

    command: Literal["pause"] = "pause"


@dataclass(frozen=True, slots=True)
class Resume:
    """Train on, to the end."""

    command: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True)
class Step:
    """Train one step, then hold."""

    command: Literal["step"] = "step"


@dataclass(frozen=True, slots=True)
class Epoch:
    """Train to the end of an epoch, then hold."""

    command: Literal["epoch"] = "epoch"


@dataclass(frozen=True, slots=True)
class Set:
    """Turn a live knob; `value` is checked by the hyperparameter's own definition."""

    name: str
    value: float | int | str
    command: Literal["set"] = "set"


@dataclass(frozen=True, slots=True)
class Keep:
    """Write a checkpoint of this very step, for whoever is to go on from here."""

    command: Literal["keep"] = "keep"


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run here, and keep what it has learnt."""

    command: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True)
class Watch:
    """Somebody looks on from now on, for as long as the connection lasts: the one command after
    which neither side hangs up."""

    command: Literal["watch"] = "watch"


Command = Union[Pause, Resume, Step, Epoch, Set, Keep, Stop, Watch]
