"""The screen's one door, from start to finish, with a real worker behind it."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from processes import come_to_rest

from nn.health import Alert, Settled
from nn.hyperparameters import Hyperparameters
from tui.engine.alerts import SHOWN_FOR
from tui.engine.client import CommandRefused
from tui.engine.commands import Epoch, Pause, Resume, Set, Step, Stop
from tui.engine.facts import Entry, Fact, Paused, Stopped, TakenUp, encode
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.state import RunState
from tui.engine.tail import CHUNK, STEP
from tui.engine.worker import Worker
from tui.session import SHOW_EVERY, Session


@pytest.fixture
def session(runs: Path) -> Session:
    return Session(runs)


async def follow(session: Session) -> RunState:
    """Every change until the run has ended."""
    async with asyncio.timeout(60):
        async for state in session.changes():
            assert state is session.state
    assert session.state is not None
    assert not session.live
    return session.state


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_run_from_start_to_finish(session: Session, runs: Path) -> None:
    assert not session.live
    assert session.run is None
    session.start(Hyperparameters(epochs=8), "run")
    assert session.live
    state = await follow(session)
    assert state.status.phase == "finished"
    assert (state.status.epoch, state.status.step) == (8, 8 * 45)
    assert len(state.history.train) == 8 * 45
    assert len(state.history.test) == 9
    assert len(state.book.since(0)) == 18
    assert state.predictions is not None
    assert state.predictions.epoch == 8, "the last epoch's predictions, whatever was skipped"
    assert state.status.test_accuracy == 1 - len(state.predictions.wrong) / 360
    assert session.run is not None
    assert session.run.path.parent == runs


async def test_a_long_history_is_shown_when_it_is_all_there(
    session: Session, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.session.SHOW_BEHIND", math.inf)
    run = RunDirectory.create(runs, new_config(Hyperparameters(), None))
    steps = np.zeros(3 * CHUNK // STEP.itemsize, STEP)
    steps["step"] = np.arange(1, len(steps) + 1)
    steps.tofile(run.steps)
    run.journal.write_bytes(encode(Entry(time.time(), Stopped(len(steps), 1, "pts/2"))))
    session.attach(run)
    seen = [state.status.step async for state in session.changes()]
    assert set(seen) == {0, len(steps)}


async def test_the_digits_are_not_asked_for_before_the_worker_has_made_them_ready(
    session: Session, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.attach(RunDirectory.create(runs, new_config(Hyperparameters(), None)))
    state, asked = session.state, []
    assert state is not None
    assert state.status.live

    async def to_thread(*_: object) -> None:
        asked.append(state.begun)

    monkeypatch.setattr("tui.session.asyncio.to_thread", to_thread)
    reading = asyncio.create_task(asyncio.sleep(60))
    predicting = asyncio.create_task(session._predict(session._client, state, reading))
    for begun in (False, True):
        # As when the run is held while its digits are loaded, and when it begins.
        state.begun = begun
        session._epoch_done.set()
        await until(lambda: not session._epoch_done.is_set())
    await until(lambda: asked)
    predicting.cancel()
    reading.cancel()
    assert asked == [True] * len(asked)


async def test_a_run_is_commanded(session: Session) -> None:
    with pytest.raises(CommandRefused, match="No run is live"):
        await session.ask(Pause())
    session.start(Hyperparameters(epochs=100_000), "step")
    following = asyncio.create_task(follow(session))
    state = session.state
    assert state is not None
    await until(lambda: state.status.phase == "paused")
    assert state.status.step == 1
    await session.ask(Step())
    await until(lambda: state.status.step == 2 and state.status.phase == "paused")
    await session.ask(Epoch())
    await until(lambda: state.status.epoch == 1 and state.status.phase == "paused")
    await until(lambda: state.predictions is not None and state.predictions.epoch == 1)
    with pytest.raises(RunError, match="A run is live"):
        session.start(Hyperparameters(), "run")
    await session.ask(Set("learning_rate", 0.01))
    await until(lambda: state.hyperparameters.learning_rate == 0.01)
    await session.ask(Resume())
    await until(lambda: state.status.step > 1000)
    with pytest.raises(CommandRefused, match="needs a new run"):
        await session.ask(Set("batch_size", 3))
    await session.ask(Stop())
    assert (await following).status.phase == "stopped"
    with pytest.raises(CommandRefused, match="No run is live"):
        await session.ask(Pause())


async def test_a_run_is_taken_up_once_and_not_while_it_is_on_its_way(
    session: Session, facts_of: Callable[[RunDirectory], list[Fact]]
) -> None:
    session.start(Hyperparameters(epochs=100_000), "step")
    run = session.run
    assert run is not None
    # Before the worker holds its lock.
    with pytest.raises(RunError, match="live already; there is nothing to take up"):
        session.take_up(run)
    following = asyncio.create_task(follow(session))
    state = session.state
    assert state is not None
    await until(lambda: state.status.phase == "paused")
    with pytest.raises(RunError, match="is live"):
        session.take_up(run)
    await session.ask(Stop())
    await following
    session.take_up(run)
    with pytest.raises(RunError, match="live already"):
        session.take_up(run)
    following = asyncio.create_task(follow(session))
    await until(lambda: any(isinstance(fact, TakenUp) for fact in facts_of(run)))
    await until(lambda: session.live)
    await session.ask(Stop())
    assert (await following).status.phase == "stopped"
    assert sum(isinstance(fact, TakenUp) for fact in facts_of(run)) == 1


async def test_changes_do_not_flood_the_screen(session: Session) -> None:
    session.start(Hyperparameters(epochs=200), "run")
    count, began = 0, time.monotonic()
    async with asyncio.timeout(60):
        async for _ in session.changes():
            count += 1
    assert session.state is not None
    assert session.state.status.epoch == 200
    assert count <= (time.monotonic() - began) / SHOW_EVERY + 3


async def test_a_run_that_could_not_begin_leaves_nothing(session: Session, runs: Path) -> None:
    session.start(Hyperparameters(batch_size=5000), "run")
    state = await follow(session)
    assert state.status.phase == "failed"
    assert state.status.field == "batch_size"
    assert list(runs.iterdir()) == []
    session.start(Hyperparameters(epochs=1), "run")
    assert (await follow(session)).status.phase == "finished"
    assert len(list(runs.iterdir())) == 1


async def test_data_that_are_missing_are_a_failure_in_words(runs: Path, tmp_path: Path) -> None:
    session = Session(runs, tmp_path / "gone")
    session.start(Hyperparameters(dataset="mnist"), "run")
    state = await follow(session)
    assert state.status.phase == "failed"
    assert "not a folder" in state.status.sentence
    assert list(runs.iterdir()) == []


async def test_a_place_that_cannot_be_written_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    session = Session(tmp_path / "file" / "runs")
    with pytest.raises(RunError, match="Runs cannot be kept"):
        session.start(Hyperparameters(), "run")
    assert not session.live
    assert session.state is None


async def test_a_killed_worker_is_news_and_another_may_follow(session: Session) -> None:
    session.start(Hyperparameters(epochs=100_000), "run")
    following = asyncio.create_task(follow(session))
    state, run = session.state, session.run
    assert state is not None
    assert run is not None
    await until(lambda: state.status.step)
    note = run.note()
    assert note is not None
    os.kill(note.pid, signal.SIGKILL)
    assert (await following).status.phase == "died"
    assert state.status.sentence.startswith("The worker died")
    session.start(Hyperparameters(epochs=1), "run")
    assert (await follow(session)).status.phase == "finished"
    await asyncio.to_thread(come_to_rest, run.path.parent)


async def test_another_screen_may_watch_and_leave(session: Session, runs: Path) -> None:
    session.start(Hyperparameters(epochs=100_000), "run")
    following = asyncio.create_task(follow(session))
    assert session.run is not None
    other = Session(runs)
    other.attach(session.run)
    assert other.state is not None
    async with asyncio.timeout(30):
        async for state in other.changes():
            if state.status.step > 100 and state.predictions is not None:
                break
    assert other.live
    await other.ask(Stop())
    assert (await following).status.phase == "stopped"


async def test_what_is_over_is_not_shown_of_a_held_run_for_ever(
    session: Session, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.engine.client.QUIET_AFTER", 0.1)
    monkeypatch.setattr("tui.engine.client.QUIET_EVERY", 0.1)
    run = RunDirectory.create(runs, new_config(Hyperparameters(), None))
    now = time.time()
    clock = SimpleNamespace(monotonic=time.monotonic, time=lambda: now)
    monkeypatch.setattr("tui.session.time", clock)
    facts = (Alert("spike", 300, 7, 3.21, 0.52), Settled("spike", 400), Paused(400, "me"))
    run.journal.write_bytes(b"".join(encode(Entry(now, fact)) for fact in facts))
    with run.locked():
        session.attach(run)
        assert session.state is not None
        async with asyncio.timeout(30):
            seen = [""]
            async for state in session.changes():
                if state.status.alert != seen[-1]:
                    seen.append(state.status.alert)
                    now += SHOWN_FOR + 1
                if len(seen) == 3:
                    break
    assert seen[1:] == ["loss jumped to 3.21, over by now", ""]


async def test_a_finished_run_is_shown_whole_and_left_as_it_was(runs: Path) -> None:
    run = RunDirectory.create(runs, new_config(Hyperparameters(epochs=3), None))
    list(Worker(run).run())
    before = {path: path.read_bytes() for path in run.path.iterdir()}
    session = Session(runs)
    session.attach(run)
    state = await follow(session)
    assert state.status.phase == "finished"
    assert len(state.history.train) == 3 * 45
    assert state.predictions is not None
    assert {path: path.read_bytes() for path in run.path.iterdir()} == before


async def test_the_digits_of_a_run_that_is_taken_up_are_those_of_its_new_worker(
    session: Session, runs: Path
) -> None:
    run = RunDirectory.create(runs, new_config(Hyperparameters(epochs=6), None))
    first, again = Worker(run), Worker(run).run()
    for entry in first.run():
        if getattr(entry.fact, "epoch", 0) == 2:
            first.stop("me")
    with run.locked():
        # As between two workers: what there is to read says that the run has stopped.
        session.attach(run)
        following = asyncio.create_task(follow(session))
        state = session.state
        assert state is not None
        await until(lambda: state.predictions is not None)
        assert state.predictions is not None
        assert (state.status.phase, state.predictions.epoch) == ("stopped", 2)
    next(again)
    await until(lambda: state.status.live)
    list(again)
    assert (await following).status.phase == "finished"
    assert state.predictions.epoch == 6


async def test_a_failed_run_of_somebody_else_s_is_not_ours_to_take_away(runs: Path) -> None:
    run = RunDirectory.create(runs, new_config(Hyperparameters(batch_size=5000), None))
    list(Worker(run).run())
    session = Session(runs)
    session.attach(run)
    assert (await follow(session)).status.phase == "failed"
    assert run.journal.exists()


async def test_data_that_changed_since_are_a_line_in_the_log(
    runs: Path, tmp_path: Path, write_mnist: Callable[..., Path]
) -> None:
    folder = write_mnist(tmp_path / "data")
    h = Hyperparameters(dataset="mnist", epochs=1, batch_size=32)
    run = RunDirectory.create(runs, new_config(h, folder))
    list(Worker(run).run())
    write_mnist(folder, seed=8)
    session = Session(runs)
    session.attach(run)
    state = await follow(session)
    assert state.status.phase == "finished"
    assert state.predictions is None
    assert any("has changed since" in line for line in state.book.lines)


async def test_attaching_to_what_is_no_run(session: Session, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run to read"):
        session.attach(RunDirectory(tmp_path / "nothing"))
    assert not session.live


@pytest.mark.parametrize("words", ["", "Something that nobody foresaw."])
async def test_a_run_that_was_stopped_while_it_loaded_leaves_nothing(
    words: str, session: Session, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a cache the digits take as long as it takes to import scikit-learn.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cold"))
    session.start(Hyperparameters(), "run")
    assert session.run is not None
    session.run.worker_log.write_text(words)
    await session.ask(Stop())
    state = await follow(session)
    assert state.status.phase == "stopped"
    assert not state.begun
    assert len(state.book.lines) == 1, "that it was stopped"
    assert [run.name for run in runs.iterdir()] == ([session.run.name] if words else [])
