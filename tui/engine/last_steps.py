"""What steps.bin says of a run's last steps, read from its end: a run may have millions."""

from __future__ import annotations

import contextlib
import os
import struct

from nn.events import StepDone
from tui.engine.run_directory import STEP_STRUCT, RunDirectory

_RECORD = struct.Struct(STEP_STRUCT)

_AT_ONCE = 512
"""Records that are read at a time."""


def last_step(run: RunDirectory) -> int:
    """The newest step that steps.bin knows of; 0 where there is none."""
    size = _RECORD.size
    try:
        with open(run.steps, "rb") as file:
            whole = file.seek(0, os.SEEK_END) // size
            if not whole:
                return 0
            file.seek((whole - 1) * size)
            return int(_RECORD.unpack(file.read(size))[0])
    except (OSError, struct.error):
        return 0


def last_steps(run: RunDirectory, until: int, count: int) -> tuple[StepDone, ...]:
    """The last `count` steps up to `until`, oldest first; of one that was done more than once, as
    it was done last. Fewer where the file has fewer, or cannot be read."""
    wanted = range(max(1, until - count + 1), until + 1)
    found: dict[int, StepDone] = {}
    with contextlib.suppress(OSError, struct.error), open(run.steps, "rb") as file:
        left = file.seek(0, os.SEEK_END) // _RECORD.size
        while left and len(found) < len(wanted):
            many = min(left, _AT_ONCE)
            left -= many
            file.seek(left * _RECORD.size)
            records = _RECORD.iter_unpack(file.read(many * _RECORD.size))
            for step, _, loss, learning_rate, gradient_norm, epoch in reversed(list(records)):
                if step in wanted and step not in found:
                    found[step] = StepDone(step, epoch, loss, learning_rate, gradient_norm)
    return tuple(found[step] for step in sorted(found))
