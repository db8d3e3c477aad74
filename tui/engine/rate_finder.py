"""The learning-rate finder as a process of its own, whose words are lines of JSON.

    python -m tui.engine.rate_finder < request.json

What is tried is a copy: a network drawn anew, or the one in a run's last checkpoint, which is only
read. The lines are `Preparing`, `RangePoint` and at the end `RateFound` or `Failed`; a reader that
goes away ends the test, for the next line finds nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from nn import checkpoint
from nn.archive import ArchiveError
from nn.data import DataError
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.range_test import RangePoint, range_test, suggested_rate
from nn.trainer import Trainer
from tui.engine.facts import Failed, Preparing, as_json_object, event_name
from tui.engine.loading import Loading
from tui.engine.run_config import RunConfig
from tui.engine.run_directory import RunError
from tui.engine.test_set import load_split
from tui.engine.text import printable
from tui.engine.threads import Threads

LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class RateFound:
    """The end of a range test: the rate it suggests, or None where the loss never fell."""

    learning_rate: float | None


Word = Union[Preparing, RangePoint, RateFound, Failed]

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    event_name(kind): TypeAdapter(kind) for kind in get_args(Word)
}


class RateRequest(BaseModel):
    """What is to be tried: hyperparameters, where their digits are, and a checkpoint's path if it
    is not a network drawn anew; then `fingerprint` says which digits that one knows."""

    model_config = ConfigDict(frozen=True)

    hyperparameters: Hyperparameters
    data_dir: str = ""
    fingerprint: str = ""
    checkpoint: str = ""

    @classmethod
    def of_config(cls, config: RunConfig, checkpoint: str = "") -> RateRequest:
        """For a run that has this configuration, or would."""
        return cls(
            hyperparameters=config.hyperparameters,
            data_dir=config.data_dir,
            fingerprint=config.fingerprint,
            checkpoint=checkpoint,
        )


def find_rate(request: RateRequest) -> Iterator[Word]:
    """Load the digits and test; the last word is `RateFound` or `Failed`."""
    try:
        h, folder, before = request.hyperparameters, request.data_dir, request.fingerprint
        with Loading(
            lambda progress: load_split(h, folder, progress, began_with=before)
        ) as loading:
            yield from filter(None, loading.looks(LOOK_EVERY))
            digits = loading.result()
        # One thread: a test is short, and the run that is tuned may want the others.
        Threads(1, 1).apply()
        if request.checkpoint:
            trainer = checkpoint.load(Path(request.checkpoint), digits)
        else:
            trainer = Trainer(h, digits)
        points = []
        for point in range_test(trainer):
            points.append(point)
            yield point
        yield RateFound(suggested_rate(points))
    except HyperparameterError as error:
        yield Failed(str(error), error.name)
    except (DataError, RunError, ArchiveError) as error:
        yield Failed(printable(error), "")
    except MemoryError:
        yield Failed("There is not enough memory for this network and batch size.", "")


async def rates_elsewhere(request: RateRequest) -> AsyncGenerator[Word, None]:
    """The same from a process of its own, which ends with the iteration, finished or not."""
    process = await asyncio.create_subprocess_exec(
        # -P: a file called queue.py where Inkling was started is not for this process.
        sys.executable, "-P", "-m", "tui.engine.rate_finder",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    last: Word | None = None
    over = False
    try:
        process.stdin.write(request.model_dump_json().encode() + b"\n")
        process.stdin.close()
        async for line in process.stdout:
            word = _decode(line)
            if word is not None:
                last = word
                yield word
        over = True
        if not isinstance(last, RateFound | Failed):
            yield Failed("The process that tried the learning rates ended without a word.", "")
    finally:
        # Of one that has ended by itself the event loop asks the status, and must be the only one.
        if not over:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()


def _decode(line: bytes) -> Word | None:
    try:
        values = json.loads(line)
        word: Word = _ADAPTERS[values.pop("event")].validate_python(values)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return word


def main() -> int:
    """Read a request from standard input and write the words to standard output."""
    try:
        request = RateRequest.model_validate_json(sys.stdin.read())
    except ValidationError:
        return 2
    with contextlib.suppress(BrokenPipeError):
        for word in find_rate(request):
            sys.stdout.write(json.dumps(as_json_object(word)) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
