"""The facts of a run, and the journal lines they are kept as.

A fact is a frozen dataclass: most come from `nn.events`, the rest are what only a worker knows. In
`journal.jsonl` each is one JSON object, `{"event": "epoch_done", "time": ..., ...}`, named after
its class. A line from a newer version, or one that a crash cut short, reads as no fact at all.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union, get_args

from nn.events import Diverged, EpochDone, HyperparameterChanged, RunFinished, RunStarted
from nn.health import Alert, Settled

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Preparing:
    """Data is being fetched or decoded; `total` is 0 where it is not known. Bytes or rows."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Paused:
    """The worker holds before the next step, as `who` asked or because its stint is over."""

    step: int
    who: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """Training goes on after a pause. `stint` is `step`, `epoch`, or `run` for no end in sight."""

    step: int
    who: str
    stint: str


@dataclass(frozen=True, slots=True)
class TakenUp:
    """A worker goes on with a run whose last one is gone.

    `recomputed` steps, done after the last checkpoint, are done again, with the same result; `away`
    is how many seconds the run stood still.
    """

    step: int
    epochs: int
    recomputed: int
    away: float
    who: str


@dataclass(frozen=True, slots=True)
class Forked:
    """Until this step the run was another one, its parent (a run's name); what follows is its own,
    and what was changed stands behind this in the journal (`tui.engine.forking`)."""

    parent: str
    step: int
    epochs: int
    who: str


@dataclass(frozen=True, slots=True)
class CameBack:
    """Somebody watches again, after `away` seconds in which nobody did, from step `since` on."""

    step: int
    since: int
    away: float
    who: str


@dataclass(frozen=True, slots=True)
class Waited:
    """Training stood still since the disk would take no more; nothing was lost."""

    step: int
    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class MistakesChanged:
    """How many test digits an epoch has put right, how many it has lost, and how many have been
    wrong after every epoch so far (`nn.analysis.learning_history`)."""

    epoch: int
    fixed: int
    broken: int
    never_right: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Someone ended the run before its last epoch; what it has learnt so far is on disk, or, if
    `unkept` says why not, what it had learnt by its last checkpoint."""

    step: int
    epochs: int
    who: str
    unkept: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The run cannot go on; `sentence` says why, `field` names a hyperparameter or is empty."""

    sentence: str
    field: str


@dataclass(frozen=True, slots=True)
class ThreadsChosen:
    """The number of BLAS threads was measured; from the next step on there are so many.

    `before` is 0 at the beginning of a run, else the number until now: training had become slow,
    and as another number rounds differently, another run of the same seed will not have the same
    bits from this step on unless it changes here too. `times_as_fast` compares to one thread.
    """

    threads: int
    before: int
    step: int
    times_as_fast: float


Fact = Union[
    Preparing,
    ThreadsChosen,
    TakenUp,
    Forked,
    CameBack,
    Waited,
    RunStarted,
    EpochDone,
    MistakesChanged,
    Alert,
    Settled,
    HyperparameterChanged,
    Paused,
    Resumed,
    Diverged,
    Stopped,
    Failed,
    RunFinished,
]

ENDINGS = (Diverged, Stopped, Failed, RunFinished)
"""A journal that closes with one of these is complete; any other ended with its worker."""

PREDICTED = (RunStarted, EpochDone, Paused, *ENDINGS)
"""When these are told there are other predictions, or will be soon."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact and when it was written, in seconds since 1970. `who` brought it about, where the fact
    itself has no place for that."""

    time: float
    fact: Fact
    who: str = ""


_LATEST = 253_402_300_799
"""The last second of the year 9999; no calendar goes further."""


_json = json.JSONEncoder(allow_nan=False).encode


@functools.cache
def event_name(kind: type) -> str:
    """`EpochDone` -> `epoch_done`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


_KINDS: Mapping[str, type] = types.MappingProxyType(
    {event_name(kind): kind for kind in get_args(Fact)}
)


@functools.cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    """What reads a fact of this kind, made when the first one is there to be read."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


@functools.cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def as_json_object(fact: Any) -> dict[str, Any]:
    """The fact as plain JSON values, its name first; a number that is not finite becomes null."""
    kind: type = type(fact)
    values: dict[str, Any] = {"event": event_name(kind)}
    for name in _fields(kind):
        value = getattr(fact, name)
        values[name] = None if isinstance(value, float) and not math.isfinite(value) else value
    return values


def encode(entry: Entry) -> bytes:
    """One line of the journal, with its line end."""
    fact = as_json_object(entry.fact)
    line = {"event": fact.pop("event"), "time": round(entry.time, 3), **fact}
    if entry.who:
        line["who"] = entry.who
    return _json(line).encode() + b"\n"


def decode(line: bytes) -> Entry | None:
    """The entry in a line, or None where there is none to be had."""
    try:
        values = json.loads(line.decode())
        adapter = _adapter(_KINDS[values.pop("event")])
        time = float(values.pop("time"))
        if not 0 <= time <= _LATEST or any(
            # A whole number that no array could hold.
            type(value) is int and not -(2**63) <= value < 2**63
            for value in values.values()
        ):
            return None
        if "loss" in values and values["loss"] is None:
            values["loss"] = math.nan
        fact = adapter.validate_python(values)
        who = "" if hasattr(fact, "who") else str(values.get("who", ""))
        return Entry(time, fact, who)
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None
