"""Who looks on is known by a connection, and what nobody saw is marked on the curve."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from processes import come_to_rest

from nn.events import HyperparameterChanged, RunStarted
from nn.hyperparameters import Hyperparameters
from tui.engine import client as client_module
from tui.engine.client import RunClient
from tui.engine.commands import Stop, Watch
from tui.engine.control import Asked, Control, Unwatch
from tui.engine.facts import CameBack, Entry, Fact, Paused, Resumed, TakenUp
from tui.engine.history import Mark
from tui.engine.log_lines import is_logged, words
from tui.engine.protocol import Reply, Request, to_line
from tui.engine.run_directory import RunDirectory
from tui.engine.state import MOST_MARKS, RunState
from tui.engine.tail import Quiet

STARTED = RunStarted((64, 32, 10), 2410, 1000, 360, 10, 100, 2.3, 0.1)


def watcher(run: RunDirectory, who: str = "me") -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(run.control.readlink()))
    connection.send(to_line(Request(who=who, ask=Watch())))
    assert Reply.model_validate_json(connection.recv(4096)).done
    return connection


def next_asked(control: Control) -> Asked:
    return control.queue.get(timeout=20)


def test_a_watcher_is_welcomed_and_missed(make_run: Callable[..., RunDirectory]) -> None:
    run = make_run()
    with Control(run) as control:
        first, second = watcher(run, "one"), watcher(run, "two")
        for who in ("one", "two"):
            asked = next_asked(control)
            assert (asked.command, asked.who) == (Watch(), who)
            assert not asked.abandoned
        second.close()
        asked = next_asked(control)
        assert (asked.command, asked.who) == (Unwatch(), "two")
        first.send(b"a watcher has nothing more to say\n")
        assert next_asked(control).command == Unwatch()
        with contextlib.suppress(ConnectionResetError):
            assert first.recv(10) == b"", "whoever speaks out of turn is shown out"


def test_there_is_an_end_to_the_watchers(make_run: Callable[..., RunDirectory]) -> None:
    run = make_run()
    with Control(run) as control:
        crowd = [watcher(run) for _ in range(64)]
        late = socket.socket(socket.AF_UNIX)
        late.settimeout(20)
        late.connect(str(run.control.readlink()))
        late.send(to_line(Request(ask=Watch())))
        assert "Too many" in Reply.model_validate_json(late.recv(4096)).sentence
        for connection in (*crowd, late):
            connection.close()
        seen = [next_asked(control).command for _ in range(128)]
        assert seen.count(Unwatch()) == 64


async def test_a_run_says_who_came_back(
    launch: Callable[..., RunClient], facts_of: Callable[[RunDirectory], list[Fact]]
) -> None:
    client = launch(epochs=100_000, pace=200)

    async def came_back() -> list[CameBack]:
        return [fact for fact in facts_of(client.run) if isinstance(fact, CameBack)]

    async def watch_a_while() -> None:
        watching = asyncio.create_task(client.watch())
        await asyncio.sleep(0.5)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    async with asyncio.timeout(60):
        while not any(isinstance(fact, RunStarted) for fact in facts_of(client.run)):
            await asyncio.sleep(0.02)
        await watch_a_while()
        assert await came_back() == [], "the first is no return"
        await asyncio.sleep(0.5)
        both = [asyncio.create_task(RunClient(client.run).watch()) for _ in range(2)]
        while not (found := await came_back()):
            await asyncio.sleep(0.02)
        await client.ask(Stop())
        await asyncio.gather(*both)
    (fact,) = found
    assert fact.away > 0.3
    assert fact.since < fact.step
    assert fact.who
    assert await came_back() == [fact], "there was no moment without a watcher after that"


def applied(*facts: Fact | Quiet, **values: Any) -> RunState:
    state = RunState("a run", Hyperparameters(**values))
    for fact in facts:
        state.apply(fact if isinstance(fact, Quiet) else Entry(1e9, fact))
    return state


@pytest.mark.parametrize(
    ("fact", "marks"),
    [
        (HyperparameterChanged("learning_rate", 0.05, 0.01, 40), [Mark(40, "learning rate 0.01")]),
        (HyperparameterChanged("of the future", 1, 2, 40), []),
        (Paused(40, "pts/1"), [Mark(40, "paused")]),
        (Paused(40, ""), []),
        (Resumed(40, "pts/1", "run"), []),
        (TakenUp(40, 1, 3, 5.0, "pts/1"), [Mark(40, "taken up")]),
        (TakenUp(0, 0, 0, 0.0, "pts/1"), []),
        (CameBack(40, 10, 60.0, "pts/1"), [Mark(40, "away", 10)]),
    ],
)
def test_what_was_done_to_a_run_is_marked(fact: Fact, marks: list[Mark]) -> None:
    before = applied(STARTED)
    state = applied(STARTED, fact)
    assert list(state.history.marks) == marks
    assert (state.history.revision > before.history.revision) == bool(marks)


def test_only_so_many_marks_are_kept() -> None:
    state = applied(STARTED, *(Paused(step, "me") for step in range(1, 2 * MOST_MARKS)))
    assert len(state.history.marks) == MOST_MARKS
    assert state.history.marks[-1].step == 2 * MOST_MARKS - 1


def test_a_return_is_logged_in_words() -> None:
    fact = CameBack(4_000, 1_200, 250.0, "pts/3")
    assert is_logged(fact)
    assert words(fact) == "watched again after 4 min 10 s, from step 1,200, by pts/3"


@pytest.mark.parametrize(
    ("facts", "pace", "quiet"),
    [
        ([STARTED], 0, 40.0),
        ([STARTED, Paused(3, "me")], 0, 0.0),
        ([], 0, 0.0),
        ([STARTED], 0.02, 0.0),
        ([STARTED], 50, 40.0),
    ],
)
def test_silence_is_news_of_a_run_that_ought_to_have_some(
    facts: list[Fact], pace: float, quiet: float
) -> None:
    state = applied(*facts, Quiet(40.0), pace=pace)
    assert state.status.quiet == quiet
    state.apply(Entry(1e9, Resumed(4, "", "step")))
    assert state.status.quiet == 0, "any word ends it"


async def test_a_stopped_worker_is_quiet_and_then_is_not(
    launch: Callable[..., RunClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine asleep and awake again, in small."""
    monkeypatch.setattr(client_module, "QUIET_AFTER", 0.6)
    monkeypatch.setattr(client_module, "QUIET_EVERY", 0.3)
    client = launch(epochs=100_000, pace=200)
    assert client._process is not None
    quiet: list[float] = []
    stopped_at = None
    async with asyncio.timeout(60):
        async for news in client.facts():
            if stopped_at is None and not isinstance(news, (Quiet, Entry)):
                client._process.send_signal(19)
                stopped_at = time.monotonic()
            elif isinstance(news, Quiet):
                quiet.append(news.seconds)
                if len(quiet) == 3:
                    client._process.send_signal(18)
            elif len(quiet) >= 3:
                break
    assert quiet[0] >= 0.6
    assert quiet == sorted(quiet)
    await asyncio.to_thread(come_to_rest, client.run.path.parent)
