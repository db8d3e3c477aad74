"""How a run is told something: a conversation on its control socket.

A conversation is one line there and one line back. The line there is a JSON object with the
protocol's version, who is asking, and a command; the line back says whether it was done, and if
not, why not in a sentence. Anyone may ask; the worker takes requests in the order in which they
arrive.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tui.engine.commands import Command

PROTOCOL = 1
LONGEST_LINE = 65_536


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
