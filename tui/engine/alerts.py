"""Which of a run's alerts is on show: the latest that is neither over nor acted on.

A jump of the loss may be over before anybody has read of it. So one that was the only alert stays
for as long as an alert is shown, said to be over, and can be acted on until then.
"""

from __future__ import annotations

from nn.health import Alert, Kind
from nn.hyperparameters import Hyperparameters
from tui.engine import advice

SHOWN_FOR = 20.0
"""Seconds after which an alert leaves the status line to other news; it can be acted on for as long
as it has not settled."""


class Alerts:
    """Those of one run; times are seconds, as the journal has them.

    Attributes:
        latest: the one on show, or that has been for long enough; None where nothing is amiss.
        since: when it came on show.
        over: has it settled meanwhile?
    """

    def __init__(self) -> None:
        self.latest: Alert | None = None
        self.since = 0.0
        self.over = False
        self._open: dict[Kind, Alert] = {}
        self._at_the_end: dict[Kind, Alert] = {}

    def heard(self, alert: Alert, now: float) -> None:
        """Something is amiss."""
        self._open.pop(alert.kind, None)
        if self.over and self.latest is not None:
            self._open.pop(self.latest.kind, None)
        self._open[alert.kind] = alert
        self._choose(now)

    def settled(self, kind: Kind, now: float) -> None:
        """It is so no longer."""
        if self.latest is not None and list(self._open) == [kind] and not self.shown_long(now):
            self.over = True
        else:
            self._open.pop(kind, None)
            self._choose(now)

    def passed(self, now: float) -> None:
        """Time has: what is over need not be shown for ever."""
        if self.over and self.shown_long(now):
            self._clear()

    def acted(self, name: str, before: Hyperparameters, now: float) -> None:
        """A knob was turned; forget the alerts against which just that was advised."""
        for alert in tuple(self._open.values()):
            told = advice.against(alert, before)
            if told is not None and told.act in ("set", "find") and told.name == name:
                del self._open[alert.kind]
        self._choose(now)

    def shown_long(self, now: float) -> bool:
        """Has the latest one been on show for long enough?"""
        return now - self.since > SHOWN_FOR

    def ended(self) -> None:
        """The run has: there is nothing left that could be amiss, until it is taken up."""
        if not self.over:
            self._at_the_end |= self._open
        self._clear()

    def taken_up(self, step: int, now: float) -> None:
        """It goes on from a step: what was amiss by then is so again, and is not told anew; what
        came later nobody would say is over."""
        known = self._at_the_end | self._open
        self._open = {kind: alert for kind, alert in known.items() if alert.step <= step}
        self._at_the_end = {}
        self._choose(now)

    def _clear(self) -> None:
        self._open.clear()
        self._choose(0.0)

    def _choose(self, now: float) -> None:
        latest = next(reversed(self._open.values()), None)
        if latest is not self.latest:
            self.latest, self.since, self.over = latest, now, False
