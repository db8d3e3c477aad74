"""A request to a worker in this process, and what it answers."""

from __future__ import annotations

from tui.engine.commands import Command
from tui.engine.control import Asked
from tui.engine.worker import Worker


class Answers(Asked):
    """A request that keeps its answer."""

    def __init__(self, command: Command) -> None:
        super().__init__(command, "me", None)
        self.sentence: str | None = None

    def reply(self, sentence: str = "") -> None:
        self.sentence = sentence


def ask(worker: Worker, command: Command) -> Answers:
    asked = Answers(command)
    worker._control.queue.put(asked)
    return asked
