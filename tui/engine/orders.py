"""What a worker does when it is told to: hold, go on, change a knob, stop.

It listens between two steps, and while it waits: for digits, for its turn, for room on the disk.
Requests come from the control socket, one after the other, and each is answered. What follows from
them are facts for the journal, written before the answer goes out.
"""

from __future__ import annotations

import contextlib
import json
import math
import queue
import time
from collections.abc import Iterator
from enum import Enum
from typing import assert_never

from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.trainer import Trainer
from tui.engine.commands import Epoch, Keep, Pause, Resume, Set, Step, Stop, Watch
from tui.engine.control import Asked, Control, Unwatch
from tui.engine.facts import ENDINGS, CameBack, Entry, Fact, Paused, Resumed, Waited, encode
from tui.engine.lock import LeaveWord
from tui.engine.recorder import Recorder
from tui.engine.run_directory import RunDirectory
from tui.engine.text import printable

ROOM_EVERY = 1.0
"""Seconds between two tries to write to a full disk."""

LONGEST_NAP = 0.25
"""Seconds at a time that a paced run waits for its turn; what waits to be written does not wait for
that."""

PACE_SLACK = 0.1
"""Seconds by which a paced run may fall behind and still catch up: timers are not exact."""


class Stint(Enum):
    """How far to train before holding."""

    RUN = "run"
    STEP = "step"
    EPOCH = "epoch"
    HOLD = "hold"


class StopAsked(Exception):
    """Raised wherever the run is when it is told to stop."""


class Orders:
    """The half of a worker that listens; the other half trains (`worker`)."""

    _pen: Recorder
    _leave_word: LeaveWord

    def __init__(self, run: RunDirectory, stint: Stint) -> None:
        self._control = Control(run)
        self._stint = stint
        self._stopped_by: str | None = None
        self._trainer: Trainer | None = None
        self._news: list[Entry] = []
        self._watchers = 0
        self._turn = -math.inf
        self._unwatched: tuple[float, int] | None = None

    def _keep(self) -> None:
        """Write a checkpoint, if there is anything to keep."""
        raise NotImplementedError

    def _remember(self, hyperparameters: Hyperparameters) -> None:
        """Put into config.toml what a worker after this one would go by."""
        raise NotImplementedError

    def _write(self, fact: Fact, who: str = "") -> Entry:
        entry = self._pen.fact(fact, who)
        if self._pen.stuck is not None and isinstance(fact, ENDINGS):
            # The journal will not hear of it; it would be taken for a death.
            self._leave_word("", json.dumps(json.loads(encode(entry)), ensure_ascii=False))
        return entry

    def stop(self, who: str) -> None:
        """End the run at the next step, or now if it is paused. Safe in a signal handler."""
        self._stopped_by = who
        self._control.queue.put(Asked(Stop(), who, None))

    @property
    def _halting(self) -> bool:
        return self._stint is Stint.HOLD or self._stopped_by is not None

    def _listen(self) -> Iterator[Entry]:
        """Do what was asked; while holding, wait for it."""
        yield from self._take_news()
        for asked in self._control.asked():
            self._do(asked)
        while self._stint is Stint.HOLD and self._stopped_by is None:
            self._pen.flush()
            yield from self._take_news()
            if self._pen.stuck is not None:
                yield from self._wait_for_room()
            else:
                self._do(self._control.queue.get())
        yield from self._take_news()
        if self._stopped_by is not None:
            raise StopAsked

    def _listen_aside(self) -> Iterator[Entry]:
        """Do what was asked, in the midst of something else that takes long."""
        for asked in self._control.asked():
            self._do(asked)
        yield from self._take_news()
        if self._stopped_by is not None:
            raise StopAsked

    def _wait_for_turn(self, trainer: Trainer) -> Iterator[Entry]:
        """Let the next step wait, all ears, until the last one's turn is long enough ago."""
        # A word may change the pace, the stint or all plans, so each is looked at again.
        while not self._halting and self._stint is not Stint.STEP:
            pace = trainer.hyperparameters.pace
            due = self._turn + 1 / pace if pace else -math.inf
            patience = due - time.monotonic()
            if patience <= 0:
                self._turn = max(due, time.monotonic() - PACE_SLACK)
                return
            self._pen.flush_if_due()
            with contextlib.suppress(queue.Empty):
                self._do(self._control.queue.get(timeout=min(patience, LONGEST_NAP)))
                yield from self._take_news()

    def _wait_for_room(self) -> Iterator[Entry]:
        """Stand still, all ears, while the disk takes no more; then say so in the journal."""
        began, stuck = time.monotonic(), self._pen.stuck
        why = printable(stuck.strerror if stuck else "")
        while self._pen.stuck is not None:
            self._leave_word(f"Training waits: {why}. It goes on when there is room.", "")
            if self._stopped_by is not None:
                raise StopAsked
            with contextlib.suppress(queue.Empty):
                self._do(self._control.queue.get(timeout=ROOM_EVERY))
            self._pen.push()
        self._leave_word("", "")
        yield self._write(Waited(self.steps, time.monotonic() - began, why))

    def _take_news(self) -> Iterator[Entry]:
        news, self._news = self._news, []
        yield from news

    def _do(self, asked: Asked) -> None:
        """Act on one request and answer it."""
        if asked.abandoned:
            asked.reply("Nobody waits for this any more.")
            return
        match asked.command:
            case Pause():
                self._hold(asked.who)
            case Resume():
                self._go_on(Stint.RUN, asked.who)
            case Step():
                self._go_on(Stint.STEP, asked.who)
            case Epoch():
                self._go_on(Stint.EPOCH, asked.who)
            case Stop():
                self._stopped_by = asked.who
            case Keep():
                if self._trainer is None or self._trainer.evaluation is None:
                    asked.reply("There is nothing to keep yet.")
                    return
                self._keep()
            case Watch():
                self._come(asked.who)
            case Unwatch():
                self._watchers -= 1
                if not self._watchers:
                    self._unwatched = (time.monotonic(), self.steps)
            case Set(name=name, value=value):
                if self._trainer is None:
                    asked.reply("Nothing can be changed yet: the digits are still being loaded.")
                    return
                try:
                    changes = self._trainer.set(**{name: value})
                except HyperparameterError as error:
                    asked.reply(str(error))
                    return
                self._remember(self._trainer.hyperparameters)
                self._news += [self._write(change, asked.who) for change in changes]
                # What a person did is not to be done twice, whatever happens to this process.
                self._keep()
            case _:
                assert_never(asked.command)
        asked.reply()

    def _come(self, who: str) -> None:
        """Somebody looks on; whether somebody did before is worth a mark."""
        self._watchers += 1
        if self._unwatched is not None:
            when, since = self._unwatched
            self._unwatched = None
            away = time.monotonic() - when
            self._news.append(self._write(CameBack(self.steps, since, away, who)))

    def _hold(self, who: str) -> None:
        if self._stint is not Stint.HOLD:
            self._news.append(self._write(Paused(self.steps, who)))
            self._keep()
        self._stint = Stint.HOLD

    def _go_on(self, stint: Stint, who: str) -> None:
        if self._stint is Stint.HOLD:
            self._news.append(self._write(Resumed(self.steps, who, stint.value)))
        self._stint = stint

    @property
    def steps(self) -> int:
        """How many are done; may be asked from any thread."""
        return self._trainer.step if self._trainer else 0
