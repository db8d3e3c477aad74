"""Standard output and error, which may have been closed, be full, or be read by nobody any more."""

from __future__ import annotations

import contextlib
import errno
import os
import sys


def have_streams() -> None:
    """Have all three where some were closed (`>&-`), lest a file of ours gets their number."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


def complain(sentence: str) -> None:
    """Say on standard error what will not do, to whoever still hears it."""
    with contextlib.suppress(OSError):
        print(f"inkling: {sentence}", file=sys.stderr, flush=True)


def gone_with(fault: Exception | None) -> OSError | None:
    """The fault, if it is that an output took no more: without a buffer that comes at once."""
    ends = (errno.EPIPE, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if isinstance(fault, OSError) and fault.filename is None and fault.errno in ends:
        return fault
    return None


def lost() -> OSError | None:
    """Why what was said could not be written, if it could not. What is left of it goes nowhere from
    then on, for Python would complain of it once more at exit."""
    why = None
    for stream in (sys.stderr, sys.stdout):
        try:
            stream.flush()
        except OSError as error:
            why = error
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
            stream.flush()
    return why
