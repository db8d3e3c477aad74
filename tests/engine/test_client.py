"""A worker in a process of its own: commanded, watched, killed, and never in the way."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import come_to_rest

from nn.events import EpochDone, HyperparameterChanged, RunFinished, RunStarted
from nn.hyperparameters import Hyperparameters
from tui.engine import client as client_module
from tui.engine.client import CommandRefused, RunClient
from tui.engine.commands import Command, Epoch, Pause, Resume, Set, Step, Stop
from tui.engine.facts import Entry, Fact, Paused, Stopped
from tui.engine.protocol import Request, to_line
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.tail import Died, News, StepsRecorded

Launch = Callable[..., RunClient]
FactsOf = Callable[[RunDirectory], list[Fact]]
StepsOf = Callable[[RunDirectory], np.ndarray]
Wait = Callable[..., None]

LONG: dict[str, Any] = {"epochs": 100_000}
"""More than any test waits for."""


async def read_all(client: RunClient) -> list[News]:
    async with asyncio.timeout(60):
        return [news async for news in client.facts()]


def facts(news: list[News]) -> list[Fact]:
    return [item.fact for item in news if isinstance(item, Entry)]


def pid(client: RunClient) -> int:
    assert client._process is not None
    return client._process.pid


def gone(client: RunClient) -> bool:
    """No process, not even a zombie."""
    try:
        os.kill(pid(client), 0)
    except ProcessLookupError:
        return True
    return False


def exit_status(client: RunClient) -> int:
    assert client._process is not None
    return client._process.wait(timeout=30)


async def test_a_run_from_its_first_fact_to_its_last(launch: Launch, facts_of: FactsOf) -> None:
    client = launch(epochs=5)
    news = await read_all(client)
    told = facts(news)
    assert told == facts_of(client.run)
    assert isinstance(told[-1], RunFinished)
    assert sum(isinstance(fact, EpochDone) for fact in told) == 5
    steps = [item.records["step"] for item in news if isinstance(item, StepsRecorded)]
    assert np.concatenate(steps).tolist() == list(range(1, 5 * 45 + 1))
    assert gone(client), "its exit status has been taken"
    modes = {path.name: path.stat().st_mode & 0o777 for path in client.run.path.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert {"config.toml", "journal.jsonl", "steps.bin", "checkpoint.npz", "lock"} < set(modes)
    assert client.run.worker_log.read_bytes() == b""
    assert not client.run.control.is_symlink()
    assert list((Path(os.environ["XDG_RUNTIME_DIR"]) / "inkling").iterdir()) == []


async def test_two_may_watch_and_one_may_come_late(launch: Launch) -> None:
    client = launch(epochs=5)
    first, second = await asyncio.gather(read_all(client), read_all(RunClient(client.run)))
    late = await read_all(RunClient(client.run))
    assert facts(first) == facts(second) == facts(late)


async def test_who_attaches_before_the_worker_has_begun_waits_for_it(
    runs: Path,
) -> None:
    run = RunDirectory.create(runs, new_config(Hyperparameters(epochs=2), None))
    other = asyncio.create_task(read_all(RunClient(run)))
    done, _ = await asyncio.wait([other], timeout=0.3)
    assert not done
    worker = subprocess.Popen([sys.executable, "-m", "tui.engine.worker", str(run.path)])
    assert isinstance(facts(await other)[-1], RunFinished)
    assert worker.wait(timeout=30) == 0


async def test_every_command(launch: Launch, facts_of: FactsOf, steps_of: StepsOf) -> None:
    client = launch("step", **LONG, batch_size=100, optimizer="momentum")

    async def held_at(step: int) -> None:
        async with asyncio.timeout(30):
            while facts_of(client.run)[-1:] != [Paused(step, "")]:
                await asyncio.sleep(0.01)
        assert len(steps_of(client.run)) == step

    async def ask(command: Command, step: int) -> None:
        await client.ask(command)
        await held_at(step)

    await held_at(1)
    await ask(Pause(), 1)
    await ask(Step(), 2)
    await ask(Step(), 3)
    await ask(Epoch(), 15)
    await ask(Step(), 16)
    await ask(Epoch(), 30)
    await client.ask(Set("learning_rate", "0.125"))
    await client.ask(Set("momentum", 0.5))
    with pytest.raises(CommandRefused, match="needs a new run"):
        await client.ask(Set("optimizer", "adam"))
    with pytest.raises(CommandRefused, match="no hyperparameter"):
        await client.ask(Set("\x1b[2J", 1))
    with pytest.raises(CommandRefused, match="Learning rate must be a number"):
        await client.ask(Set("learning_rate", "fast"))
    with pytest.raises(CommandRefused, match="Not a request"):
        await client.ask(Set("learning_rate", float("nan")))
    await ask(Step(), 31)
    rates = steps_of(client.run)["learning_rate"]
    assert rates[-1] == np.float32(0.125)
    assert rates[-2] == np.float32(0.05)
    await client.ask(Stop())
    assert facts(await read_all(client))[-1] == Stopped(31, 2, client_module.terminal())
    assert exit_status(client) == 0
    with pytest.raises(CommandRefused, match="the run has ended"):
        await client.ask(Pause())


async def test_a_command_may_come_before_the_worker_has_opened_its_ear(launch: Launch) -> None:
    client = launch(**LONG)
    await client.ask(Stop())
    assert isinstance(facts(await read_all(client))[-1], Stopped)


async def test_pause_holds_and_resume_goes_on(
    launch: Launch, steps_of: StepsOf, facts_of: FactsOf, wait_for: Wait
) -> None:
    client = launch(**LONG)
    wait_for(lambda: len(steps_of(client.run)) > 100, "steps")
    await client.ask(Pause())
    held = len(steps_of(client.run))
    paused = facts_of(client.run)[-1]
    assert isinstance(paused, Paused)
    assert paused.step == held, "all of them are on disk before the pause is told"
    with pytest.raises(CommandRefused):
        await client.ask(Set("seed", 1))
    assert len(steps_of(client.run)) == held
    await client.ask(Resume())
    wait_for(lambda: len(steps_of(client.run)) > held, "more steps")


@pytest.mark.parametrize("how", ["training", "paused", "waiting for its turn"])
async def test_a_signal_ends_a_run_in_good_order(
    how: str, launch: Launch, facts_of: FactsOf, steps_of: StepsOf, wait_for: Wait
) -> None:
    values = LONG | ({"pace": 0.001} if how == "waiting for its turn" else {})
    client = launch("step" if how == "paused" else "run", **values)
    started = (Paused if how == "paused" else RunStarted,)
    wait_for(lambda: any(isinstance(f, started) for f in facts_of(client.run)), "training")
    os.kill(pid(client), signal.SIGINT)
    os.kill(pid(client), signal.SIGTERM)
    assert exit_status(client) == 0
    last = facts_of(client.run)[-1]
    assert isinstance(last, Stopped)
    assert last.who == "a signal"
    assert last.step == len(steps_of(client.run))
    assert client.run.worker_log.read_bytes() == b""
    await asyncio.to_thread(come_to_rest, client.run.path.parent)


async def test_a_killed_worker_is_told_in_a_sentence_and_leaves_no_zombie(
    launch: Launch, steps_of: StepsOf
) -> None:
    client = launch(**LONG)
    reading = asyncio.create_task(read_all(client))
    async with asyncio.timeout(30):
        while len(steps_of(client.run)) < 100:
            await asyncio.sleep(0.01)
    os.kill(pid(client), signal.SIGKILL)
    news = await reading
    assert news[-1] == Died("")
    told = [len(item.records) for item in news if isinstance(item, StepsRecorded)]
    assert sum(told) == len(steps_of(client.run)), "what it left has been read"
    assert gone(client)
    with pytest.raises(CommandRefused, match="the run has ended"):
        await client.ask(Pause())
    await asyncio.to_thread(come_to_rest, client.run.path.parent)


async def test_a_worker_that_cannot_begin_has_died_with_last_words(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.engine.client.sys.executable", "/bin/false")
    client = RunClient.start(Hyperparameters(), runs)
    assert await read_all(client) == [Died("")]
    monkeypatch.setattr("tui.engine.client.sys.executable", "/no/such/python")
    with pytest.raises(RunError, match="A worker cannot be started"):
        RunClient.start(Hyperparameters(), runs)
    assert len(list(runs.iterdir())) == 1, "the second left nothing"


async def test_the_worker_is_not_led_astray_by_where_it_was_started(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("queue", "numpy", "nn", "random"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('led astray')")
    assert isinstance(facts(await read_all(launch(epochs=1)))[-1], RunFinished)


async def test_a_runs_directory_with_a_relative_or_a_long_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in (Path("here"), Path("d" * 120) / ("e" * 120)):
        client = RunClient.start(Hyperparameters(epochs=1), place, stint="step")
        assert client._process is not None
        try:
            await client.ask(Resume())
            assert isinstance(facts(await read_all(client))[-1], RunFinished)
        finally:
            client._process.kill()


def attack(run: RunDirectory, kind: str) -> list[socket.socket]:
    """Something that no client of ours does; returns connections to be kept open."""
    where = str(run.control.readlink())

    def connect() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        # Blocking: with a timeout it would not wait for room in the line, but fail.
        connection.connect(where)
        connection.settimeout(20)
        return connection

    if kind == "garbage":
        for junk in (b"\0" * 100 + b"\n", b"{]\n", b"[" * 60_000 + b"\n", os.urandom(500)):
            connection = connect()
            connection.sendall(junk)
            connection.close()
        return []
    if kind == "a megabyte without a line end":
        connection = connect()
        try:
            connection.sendall(b"x" * (1 << 20))
        except OSError:
            assert b"too long" in connection.recv(1000)
        return [connection]
    if kind == "half a line":
        connection = connect()
        connection.sendall(b'{"ask": {"comm')
        return [connection]
    if kind == "a hundred connections":
        return [connect() for _ in range(100)]
    if kind == "a thousand commands whose answers nobody reads":
        line = to_line(Request(ask=Set("momentum", 0.25)))
        for _ in range(1000):
            connection = connect()
            connection.sendall(line)
            connection.close()
        return []
    assert kind == "another version"
    connection = connect()
    connection.sendall(b'{"inkling": 2, "ask": {"command": "explode"}}\n')
    assert b"version 1" in connection.recv(1000)
    return [connection]


@pytest.mark.parametrize(
    "kind",
    [
        "garbage",
        "a megabyte without a line end",
        "half a line",
        "a hundred connections",
        "a thousand commands whose answers nobody reads",
        "another version",
    ],
)
async def test_training_goes_on_whatever_is_said_to_it(
    kind: str, launch: Launch, steps_of: StepsOf, wait_for: Wait
) -> None:
    client = launch(**LONG)
    wait_for(lambda: len(steps_of(client.run)), "the first steps")
    before = len(steps_of(client.run))
    kept = await asyncio.to_thread(attack, client.run, kind)
    wait_for(lambda: len(steps_of(client.run)) > before + 100, "a hundred more steps")
    await client.ask(Set("learning_rate", 0.02))
    await client.ask(Stop())
    assert isinstance(facts(await read_all(client))[-1], Stopped)
    assert client.run.worker_log.read_bytes() == b""
    for connection in kept:
        connection.close()
    await asyncio.to_thread(come_to_rest, client.run.path.parent)


def test_a_data_directory_that_cannot_be_written_down() -> None:
    with pytest.raises(RunError, match="not UTF-8") as error:
        new_config(Hyperparameters(), Path("/data\udcff"))
    assert str(error.value).isprintable()


def test_where_the_data_are_is_kept_as_a_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    h = Hyperparameters()
    assert new_config(h, None).data_dir == ""
    assert new_config(h, Path("digits")).data_dir == str(tmp_path / "digits")
    monkeypatch.setenv("INKLING_DATA", "")
    assert new_config(h, None).data_dir == ""
    monkeypatch.setenv("INKLING_DATA", "elsewhere")
    assert new_config(h, None).data_dir == str(tmp_path / "elsewhere")
    assert new_config(h, Path("/given")).data_dir == "/given"


async def test_what_was_refused_is_not_done_later(
    launch: Launch, facts_of: FactsOf, steps_of: StepsOf, wait_for: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    client = launch(**LONG)
    wait_for(lambda: len(steps_of(client.run)), "the first steps")
    os.kill(pid(client), signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(client_module, "ANSWER_PATIENCE", 0.2)
        for command in (Set("learning_rate", 0.5), Stop()):
            with pytest.raises(CommandRefused, match="has not answered"):
                await client.ask(command)
    os.kill(pid(client), signal.SIGCONT)
    await client.ask(Pause())
    told = facts_of(client.run)
    assert not any(isinstance(fact, (HyperparameterChanged, Stopped)) for fact in told)
    assert isinstance(told[-1], Paused)
    await asyncio.to_thread(come_to_rest, client.run.path.parent)


async def test_a_killed_worker_s_link_does_not_lead_who_resumes_astray(
    launch: Launch, facts_of: FactsOf, wait_for: Wait
) -> None:
    first = launch("step", **LONG)
    wait_for(lambda: any(isinstance(f, Paused) for f in facts_of(first.run)), "a step")
    os.kill(pid(first), signal.SIGKILL)
    exit_status(first)
    assert first.run.control.is_symlink()
    again = RunClient.resume(first.run)
    await again.ask(Stop())
    assert exit_status(again) == 0
    assert isinstance(facts_of(first.run)[-1], Stopped)
