"""The app as it is, started by a bench that looks inside: what its command line does, and a report.

    python bench/inside.py REPORT -- [what inkling takes]

Ten times a second REPORT (a JSON file, replaced whole) says how often the screen was refreshed,
in which room it is, what the run does, how many keys wait for their turn, every exception that went
no further than a task, a worker or a thread, how many bytes each kind of widget has sent, and with
INKLING_CALLBACKS set every callback of the event loop that took more than `SLOW` of processor time,
with what it was about. To leave (`q`) and
to go back to the shell (from the palette) are counted and not done: a bench ends the app itself,
and nobody would fetch it back.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from tui.terminal import answer_keys_soon

answer_keys_soon()

from textual.message_pump import MessagePump
from textual.worker import Worker

from tui.app import InklingApp
from tui.cli import main
from tui.screens.train import TrainScreen
from tui.thin_updates import ThinUpdate

SLOW = 0.010
"""Seconds of processor time that no callback of the event loop should take."""

EVERY = 0.1

JUMP = re.compile(r"\x1b\[(\d+);(\d+)H")
"""Where a run of cells begins: line and column, from 1."""


class Report:
    """What has been seen so far, and the file it goes to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.callbacks_too = "INKLING_CALLBACKS" in os.environ
        self.refreshes = self.leavings = self.callbacks = 0
        self.errors: list[str] = []
        self.sent: Counter[str] = Counter()
        self.slow: Counter[str] = Counter()
        self.slowest: dict[str, float] = {}
        self.app: InklingApp | None = None

    def add_error(self, where: str, error: BaseException | None, words: str = "") -> None:
        frames = traceback.extract_tb(error.__traceback__) if error else []
        path = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[:-9:-1])
        self.errors.append(f"{where}: {words} {error!r} at {path}"[:1500])

    def add_callback(self, seconds: float, about: str) -> None:
        self.callbacks += 1
        if seconds > SLOW:
            self.slow[about] += 1
            self.slowest[about] = max(self.slowest.get(about, 0.0), seconds)

    def write_for_ever(self) -> None:
        while True:
            time.sleep(EVERY)
            if self.app is not None:
                self.write()

    def write(self) -> None:
        app = self.app
        assert app is not None
        try:
            room = app.room.NAME
        except StopIteration:
            return
        state = app.session.state
        found = {
            "refreshes": self.refreshes,
            "leavings": self.leavings,
            "waiting": len(app._keys_waiting),
            "room": room,
            "phase": state.status.phase if state else "",
            "epoch": state.status.epoch if state else 0,
            "sent": dict(self.sent),
            "errors": self.errors,
            "callbacks": self.callbacks,
            "slow": {name: [n, self.slowest[name]] for name, n in list(self.slow.items())},
        }
        aside = self.path.with_suffix(".new")
        aside.write_text(json.dumps(found))
        aside.replace(self.path)


def look_inside(report: Report) -> None:
    """Have the app, Textual and asyncio tell the report what they do."""
    _count_refreshes(report)
    _count_bytes(report)
    _gather_errors(report)
    if report.callbacks_too:
        _time_callbacks(report)


def _count_refreshes(report: Report) -> None:
    display = InklingApp._display

    def counted(self: InklingApp, screen: Any, renderable: Any) -> None:
        display(self, screen, renderable)
        report.app = self
        report.refreshes += renderable is not None and screen is self.screen

    def stay(*_: object, **__: object) -> None:
        report.leavings += 1

    InklingApp._display = counted  # type: ignore[method-assign]
    leave_from_outside = InklingApp.exit
    InklingApp.leave_from_outside = lambda self: self._loop_of_ours.call_soon_threadsafe(  # type: ignore[method-assign]
        leave_from_outside, self
    )
    InklingApp.exit = stay  # type: ignore[method-assign]
    InklingApp.action_suspend = stay  # type: ignore[method-assign]
    InklingApp.action_suspend_process = stay  # type: ignore[method-assign]


def _count_bytes(report: Report) -> None:
    """Every run of cells begins with a jump to where it stands, which says whose cells they are."""

    render: Any = ThinUpdate.render_segments

    def rendered(self: Any, console: Any) -> str:
        text: str = render(self, console)
        if report.app is not None:
            begins = [*JUMP.finditer(text)]
            ends = [*(jump.start() for jump in begins), len(text)][1:]
            for jump, end in zip(begins, ends, strict=True):
                widget, _ = report.app.screen.get_widget_at(int(jump[2]) - 1, int(jump[1]) - 1)
                report.sent[type(widget).__name__] += len(text[jump.start() : end].encode())
        return text

    ThinUpdate.render_segments = rendered  # type: ignore[method-assign]


def _gather_errors(report: Report) -> None:
    run = Worker._run

    async def ran(self: Any, app: Any) -> None:
        try:
            await run(self, app)
        finally:
            if isinstance(self._error, Exception):
                report.add_error(f"worker {self.name}", self._error)

    def complained(_: object, context: dict[str, Any]) -> None:
        report.add_error("event loop", context.get("exception"), context.get("message", ""))

    def died(self: InklingApp, error: Exception) -> None:
        report.add_error("the app", error)
        report.write()
        handle_exception(self, error)

    def lost(self: TrainScreen, why: str) -> None:
        report.add_error("the run was lost", sys.exception(), why)
        lose_sight(self, why)

    lose_sight, handle_exception = TrainScreen.lose_sight, InklingApp._handle_exception
    InklingApp._handle_exception = died  # type: ignore[method-assign]
    TrainScreen.lose_sight = lost  # type: ignore[method-assign]
    Worker._run = ran  # type: ignore[method-assign]
    asyncio.BaseEventLoop.call_exception_handler = complained  # type: ignore[assignment]
    threading.excepthook = lambda found: report.add_error("thread", found.exc_value)


def _time_callbacks(report: Report) -> None:
    """Handles are timed by the loop's own thread; what they are about is the message in hand."""
    about = ["start"]
    dispatch, run = MessagePump._dispatch_message, asyncio.Handle._run

    async def dispatched(self: MessagePump, message: Any) -> Any:
        about[0] = f"{type(self).__name__} hears {type(message).__qualname__}"
        return await dispatch(self, message)

    def timed(self: asyncio.Handle) -> None:
        about[0] = ""
        began = time.thread_time()
        run(self)
        seconds = time.thread_time() - began
        if report.app is not None:
            named = about[0] or _name(self) if seconds > SLOW else ""
            report.add_callback(seconds, named)

    MessagePump._dispatch_message = dispatched  # type: ignore[method-assign]
    asyncio.Handle._run = timed  # type: ignore[method-assign]


def _name(handle: asyncio.Handle) -> str:
    """What a callback without a message is: a task's coroutine, or a function."""
    callback: Any = handle._callback  # type: ignore[attr-defined]
    task = getattr(callback, "__self__", None)
    if isinstance(task, asyncio.Task):
        return f"task {task.get_name()}: {getattr(task.get_coro(), '__qualname__', '')}"
    return str(getattr(callback, "__qualname__", callback))


if __name__ == "__main__":
    report = Report(Path(sys.argv[1]))
    look_inside(report)
    threading.Thread(target=report.write_for_ever, daemon=True).start()
    sys.exit(main(sys.argv[3:]))
