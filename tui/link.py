"""The link between the app and whoever looks at it: how much it carries, and how much is sent.

Training never waits for it. What a slow link changes is how often the screen is drawn, in what size
digits are, and that nothing is animated; `Meter` counts what that comes to.
"""

from __future__ import annotations

import math
import os
import select
import sys
import termios
import time
import tty
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The command line offers these links, and Textual would make `--help` wait.
    from textual.driver import Driver

WINDOW = 5.0
"""Seconds over which the bytes sent are averaged."""

FAR = 0.12
"""Seconds from a question to its answer above which a link counts as slow: keys then feel late
whatever is done here, and screens that wait for each other pile up."""

PROBE_PATIENCE = 0.6
"""Seconds to wait for the terminal's answer; who has not answered by then is far away, or deaf."""

_QUESTION, _ANSWER = b"\x1b[?2026$p", b"$y"
"""DECRQM, which Textual asks too: an answer that comes late is one it knows what to do with."""


@dataclass(frozen=True)
class Link:
    """What is done for a link.

    Attributes:
        share: of the pictures a second that new data may cause; 1 is the usual rate.
        budget: bytes a second that new data may cause in one pane, on average: what had much to
            send waits the longer before it sends again, though not without end.
        small_digits: draw digits at half their size, which is a quarter of their cells.
        animated: may anything move that has no need to?
    """

    name: str
    share: float
    budget: float
    small_digits: bool
    animated: bool
    help: str


LINKS: Mapping[str, Link] = MappingProxyType(
    {
        "slow": Link("slow", 0.07, 400, True, False, "few refreshes, small digits"),
        "normal": Link("normal", 1.0, 4000, False, False, "as it is"),
        "fast": Link("fast", 2.0, math.inf, False, True, "twice the refreshes"),
    }
)

AUTO = "auto"


def chosen(name: str) -> Link:
    """The link of that name; "auto" is slow over an SSH connection that answers late."""
    if name != AUTO:
        return LINKS[name]
    if not os.environ.get("SSH_CONNECTION"):
        return LINKS["normal"]
    seconds = round_trip()
    return LINKS["slow" if seconds is not None and seconds > FAR else "normal"]


def round_trip() -> float | None:
    """Seconds until the terminal has answered a question; None if it cannot be asked.

    A terminal that has not answered within `PROBE_PATIENCE` is taken to be as far as that. Whatever
    is typed meanwhile is lost, so this is for the moment before the first screen.
    """
    try:
        inlet, outlet = sys.stdin.fileno(), sys.stdout.fileno()
        before = termios.tcgetattr(inlet)
    except (OSError, ValueError, termios.error):
        return None
    try:
        tty.setcbreak(inlet, termios.TCSANOW)
        asked = time.monotonic()
        os.write(outlet, _QUESTION)
        heard = b""
        while _ANSWER not in heard:
            left = asked + PROBE_PATIENCE - time.monotonic()
            if left <= 0 or not select.select([inlet], [], [], left)[0]:
                return PROBE_PATIENCE
            piece = os.read(inlet, 64)
            if not piece:
                return None
            heard += piece
        return time.monotonic() - asked
    except OSError:
        return None
    finally:
        termios.tcsetattr(inlet, termios.TCSANOW, before)


class Meter:
    """Bytes sent, and how many a second of late."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = 0
        self._clock = clock
        self._sent: deque[tuple[float, int]] = deque()

    def add(self, count: int) -> None:
        """So many bytes went out just now."""
        self.total += count
        self._sent.append((self._clock(), count))
        self._forget()

    @property
    def rate(self) -> float:
        """Bytes a second over the last `WINDOW` seconds."""
        self._forget()
        return sum(count for _, count in self._sent) / WINDOW

    def _forget(self) -> None:
        oldest = self._clock() - WINDOW
        while self._sent and self._sent[0][0] < oldest:
            self._sent.popleft()


def metered(driver: type[Driver], meter: Meter) -> type[Driver]:
    """The same driver, with a meter on what it writes."""

    class Metered(driver):  # type: ignore[misc, valid-type]
        def write(self, data: str) -> None:
            meter.add(len(data.encode("utf-8", "surrogatepass")))
            super().write(data)

    return Metered
