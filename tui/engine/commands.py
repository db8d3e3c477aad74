"""What a run can be told, and how that is written on the control socket.

A conversation is one line there and one line back. The line there is a JSON object with the
protocol's version, who is asking, and a command; the line back says whether it was done, and if
not, why not in a sentence. Anyone may ask; the worker takes requests in the order in which they
arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PROTOCOL = 1
LONGEST_LINE = 65_536


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


class Request(BaseModel):
    """One line to the worker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inkling: int = PROTOCOL
    who: Annotated[str, Field(max_length=100)] = ""
    ask: Annotated[Command, Field(discriminator="command")]


class _Version(BaseModel):
    """Of a line from another version, the one thing that can be told for sure."""

    inkling: int = PROTOCOL


class Reply(BaseModel):
    """One line back: done, or why not."""

    model_config = ConfigDict(frozen=True)

    done: bool
    sentence: str = ""


class BadRequest(ValueError):
    """A line that is no request; `str()` is the sentence to send back."""


def to_line(message: Request | Reply) -> bytes:
    return message.model_dump_json().encode() + b"\n"


def parse_request(line: bytes) -> Request:
    """
    Raises:
        BadRequest: not a request, or one of another version's.
    """
    try:
        spoken = _Version.model_validate_json(line).inkling
        if spoken != PROTOCOL:
            raise BadRequest(
                f"This worker speaks version {PROTOCOL} of the protocol, not {spoken}."
            )
        return Request.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the line"
        raise BadRequest(f"Not a request this worker knows: {where}: {problem['msg']}.") from None
