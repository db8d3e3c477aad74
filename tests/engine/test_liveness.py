"""Alive or not is a fact, and depends neither on a pid nor on a clock."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import come_to_rest

from nn.events import EpochDone, HyperparameterChanged, RunFinished, RunStarted
from nn.hyperparameters import Hyperparameters
from tui.cli import main
from tui.engine.client import CommandRefused, RunClient
from tui.engine.commands import Pause, Resume, Set, Step, Stop
from tui.engine.control import Control
from tui.engine.facts import Fact, Paused, Resumed, Stopped, decode
from tui.engine.lock import boot_id
from tui.engine.protocol import Request, to_line
from tui.engine.recorder import UNKNOWN
from tui.engine.run_config import WorkerNote
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.run_status import RunStatus
from tui.engine.runs import summary
from tui.engine.state import RunState
from tui.engine.tail import Died, RunTail
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]
Launch = Callable[..., RunClient]
FactsOf = Callable[[RunDirectory], list[Fact]]
StepsOf = Callable[[RunDirectory], np.ndarray]
Wait = Callable[..., None]

LONG: dict[str, Any] = {"epochs": 100_000, "pace": 300, "batch_size": 100}


def process(client: RunClient) -> subprocess.Popen[bytes]:
    assert client._process is not None
    return client._process


def begun(client: RunClient, facts_of: FactsOf, wait_for: Wait) -> RunDirectory:
    wait_for(lambda: any(isinstance(f, EpochDone) for f in facts_of(client.run)), "an epoch")
    return client.run


@pytest.mark.parametrize("pid", ["nobody's", "somebody else's"])
def test_a_pid_in_a_lock_says_nothing(pid: str, make_run: Make) -> None:
    """Stale, or in use again: it is for people to read."""
    run = make_run(epochs=2)
    list(Worker(run).run())
    run.journal.write_bytes(b"".join(run.journal.read_bytes().splitlines(keepends=True)[:-1]))
    number = os.getpid() if pid == "somebody else's" else 2**22 - 1
    note = WorkerNote(pid=number, boot=boot_id(), host=socket.gethostname())
    run.lock.write_text(note.model_dump_json())
    assert not run.is_live()
    assert summary(run).state == "died"
    assert RunTail(run).poll()
    (*_, last) = Worker(run).run()
    assert isinstance(last.fact, RunFinished)


async def test_the_copy_of_a_live_run_is_a_run_of_its_own(
    launch: Launch, facts_of: FactsOf, steps_of: StepsOf, wait_for: Wait, runs: Path
) -> None:
    original = launch(**LONG)
    run = begun(original, facts_of, wait_for)
    copy = RunDirectory(runs / "copy")
    subprocess.run(["cp", "-r", run.path, copy.path], check=True)
    assert run.is_live()
    assert not copy.is_live()
    assert summary(copy).state == "died"
    with pytest.raises(CommandRefused, match="has ended"):
        # Its link leads to the other's worker, who must not hear of it.
        await RunClient(copy).ask(Stop())
    assert run.is_live()
    resumed = RunClient.resume(copy)
    before = summary(copy).epoch
    wait_for(lambda: copy.is_live() and summary(copy).epoch > before, "it goes on by itself")
    await resumed.ask(Stop())
    assert process(resumed).wait(20) == 0
    assert run.is_live()
    assert isinstance(facts_of(copy)[-1], Stopped)
    steps = np.unique(steps_of(copy)["step"])
    assert steps.tolist() == list(range(1, len(steps) + 1))
    assert run.is_live()
    await asyncio.to_thread(come_to_rest, runs)


def test_guesses_that_a_copy_came_too_early_for(make_run: Make) -> None:
    """Rows keep their places: one that is lost is marked, not left out."""
    run, still = make_run(epochs=3, batch_size=100), make_run(epochs=3, batch_size=100)
    list(Worker(still).run())
    for entry in Worker(run).run():
        if isinstance(entry.fact, EpochDone) and entry.fact.epoch == 2:
            run_before = run.guesses.read_bytes()
    run.guesses.write_bytes(run_before[: 360 + 100])
    list(Worker(run).run())
    rows = run.guesses.read_bytes()
    assert len(rows) == len(still.guesses.read_bytes())
    assert rows[:360] == still.guesses.read_bytes()[:360]
    assert rows[360:] == UNKNOWN * (3 * 360)


async def test_a_run_on_another_machine_s_end_of_a_disk(make_run: Make) -> None:
    run = make_run()
    with run.locked():
        note = WorkerNote(pid=1, boot="another boot", host="other\x1b[2J")
        run.lock.write_text(note.model_dump_json())
        run.control.symlink_to("/nowhere/there.sock")
        assert summary(run).live
        with pytest.raises(CommandRefused, match="on another machine, other") as refusal:
            await RunClient(run).ask(Pause())
        assert str(refusal.value).isprintable()
        with pytest.raises(RunError, match="is live"):
            RunClient.resume(run)


@pytest.mark.parametrize("how", ["flat out", "paced", "paused", "starting"])
def test_sigterm_keeps_everything_and_ends_well(
    how: str, launch: Launch, facts_of: FactsOf, steps_of: StepsOf, wait_for: Wait
) -> None:
    values = LONG | {"pace": {"flat out": 0, "paced": 0.01}.get(how, 300)}
    # As in the app, which has it blocked; the worker inherits that.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        client = launch("step" if how == "paused" else "run", **values)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if how != "starting":
        wait_for(lambda: client.run.checkpoint.exists(), "its beginning")
        wait_for(lambda: len(steps_of(client.run)) > 0, "a step")
    process(client).send_signal(signal.SIGTERM)
    assert process(client).wait(30) == 0
    last = facts_of(client.run)[-1]
    assert isinstance(last, Stopped)
    assert client.run.worker_log.read_bytes() == b""
    assert not client.run.control.is_symlink()
    reached = int(steps_of(client.run)["step"].max(initial=0))
    (taken_up, *_) = [f for f in resumed_facts(client.run) if hasattr(f, "recomputed")] or [None]
    assert how == "starting" or (taken_up and taken_up.recomputed == 0), "to the very step"
    assert how == "starting" or taken_up.step == reached
    come_to_rest(client.run.path.parent)


def resumed_facts(run: RunDirectory) -> list[Any]:
    """Take a run up, and stop it at its first word."""
    worker, facts = Worker(run), []
    for entry in worker.run():
        facts.append(entry.fact)
        worker.stop("the test")
    return facts


async def test_two_command_one_run(launch: Launch, facts_of: FactsOf, wait_for: Wait) -> None:
    """Each is answered, and the journal tells who did what, in the order in which it was done."""
    client = launch("step", **LONG)
    wait_for(lambda: any(isinstance(f, Paused) for f in facts_of(client.run)), "a step")
    said: list[tuple[str, float]] = []

    async def turn(who: str, numbers: range) -> None:
        for number in numbers:
            connection = socket.socket(socket.AF_UNIX)
            connection.setblocking(False)
            connection.connect(str(client.run.control.readlink()))
            reader, writer = await asyncio.open_unix_connection(sock=connection)
            value = number / 1000
            writer.write(to_line(Request(who=who, ask=Set("learning_rate", value))))
            assert json.loads(await reader.readline()) == {"done": True, "sentence": ""}
            said.append((who, value))
            writer.close()

    await asyncio.gather(turn("pts/1", range(1, 30)), turn("pts/2", range(101, 130)))
    await client.ask(Resume())
    await client.ask(Stop())
    assert process(client).wait(20) == 0
    entries = [e for line in client.run.journal.open("rb") if (e := decode(line))]
    turned = [(e.who, e.fact.new) for e in entries if isinstance(e.fact, HyperparameterChanged)]
    assert sorted(turned) == sorted(said)
    for who in ("pts/1", "pts/2"):
        mine = [value for name, value in turned if name == who]
        assert mine == sorted(mine), "answered before the next was asked"
    changes = [e.fact for e in entries if isinstance(e.fact, HyperparameterChanged)]
    assert all(a.new == b.old for a, b in itertools.pairwise(changes))
    assert all(f.who for f in facts_of(client.run) if isinstance(f, (Resumed, Stopped)))


def test_a_worker_that_is_frozen_for_a_while(
    launch: Launch, facts_of: FactsOf, steps_of: StepsOf, wait_for: Wait
) -> None:
    """Hibernation: nothing is lost, nothing is hurried, and who asks meanwhile is told."""
    client = launch(**LONG)
    run = begun(client, facts_of, wait_for)
    tail, state = RunTail(run), RunState(run.name, Hyperparameters(**LONG))

    def look() -> RunStatus:
        for news in tail.poll():
            state.apply(news)
        return state.status

    wait_for(lambda: look().step == steps_of(run)["step"].max(), "all that is there is read")
    process(client).send_signal(signal.SIGSTOP)
    time.sleep(0.3)
    assert look().phase == "running"
    held = len(steps_of(run))
    assert summary(run).live
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui.engine.client.ANSWER_PATIENCE", 1.0)
        with pytest.raises(CommandRefused, match="has not answered for 1 seconds"):
            asyncio.run(RunClient(run).ask(Pause()))
    assert len(steps_of(run)) == held
    process(client).send_signal(signal.SIGCONT)
    wait_for(lambda: len(steps_of(run)) > held + 100, "it goes on")
    assert look().sentence == ""
    assert not any(isinstance(fact, Paused) for fact in facts_of(run)), "nobody waited for that"
    steps = steps_of(run)["step"].tolist()
    assert steps == list(range(1, len(steps) + 1))
    come_to_rest(run.path.parent)


@pytest.mark.parametrize("seed", range(3))
def test_a_clock_that_jumps(
    seed: int, make_run: Make, monkeypatch: pytest.MonkeyPatch, facts_of: FactsOf,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Years forth and back between any two looks at it."""
    luck, really = random.Random(seed), time.time
    monkeypatch.setattr(time, "time", lambda: max(0.0, really() + luck.uniform(-1e9, 1e9)))
    run = make_run(epochs=3, batch_size=100)
    facts = [entry.fact for entry in Worker(run).run()]
    assert facts_of(run) == facts
    assert isinstance(facts[-1], RunFinished)
    run.journal.write_bytes(b"".join(run.journal.read_bytes().splitlines(keepends=True)[:-1]))
    for path in run.path.iterdir():
        at = luck.uniform(0, 3e9)
        os.utime(path, (at, at))
    assert "last checkpoint" in summary(run).sentence
    assert main(["runs", "--runs-dir", str(run.path.parent)]) == 0
    assert "died at epoch 3" in capsys.readouterr().out
    tail = RunTail(run)
    assert any(isinstance(item, Died) for _ in range(3) for item in tail.poll())
    (*_, last) = Worker(run).run()
    assert isinstance(last.fact, RunFinished)


@pytest.mark.parametrize("created", ["nan", "inf", "-1.0", "1e300"])
def test_a_time_that_cannot_be(
    created: str, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    run, other = make_run(epochs=1), make_run()
    text = run.config_file.read_text()
    line = next(line for line in text.splitlines() if line.startswith("created"))
    run.config_file.write_text(text.replace(line, f"created = {created}"))
    for arguments in (["runs"], ["runs", "--json"]):
        assert main([*arguments, "--runs-dir", str(run.path.parent)]) == 0
        told = capsys.readouterr().out
        assert run.name in told
        assert other.name in told


async def test_a_run_that_never_began_is_not_waited_for_for_ever(make_run: Make) -> None:
    run = make_run()
    tomorrow = time.time() + 86400
    os.utime(run.config_file, (tomorrow, tomorrow))
    async with asyncio.timeout(10):
        news = [item async for item in RunClient(run).facts()]
    assert news == [Died("")]


@pytest.mark.parametrize("format", [0, -1])
def test_an_older_run_is_looked_at_and_not_gone_on_with(
    format: int, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(epochs=1)
    list(Worker(run).run())
    text = run.config_file.read_text()
    run.config_file.write_text(text.replace("format = 1", f"format = {format}"))
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    assert main(["runs", "--runs-dir", str(run.path.parent)]) == 0
    assert "finished" in capsys.readouterr().out
    assert main(["resume", "latest", "--epochs", "+1", "--runs-dir", str(run.path.parent)]) == 2
    assert "older Inkling" in capsys.readouterr().err
    with pytest.raises(RunError, match="older Inkling"):
        RunClient.resume(run)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


async def test_a_worker_of_another_version_answers_in_a_sentence(make_run: Make) -> None:
    run = make_run()
    with run.locked(), Control(run):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(run.control.readlink()))
        connection.sendall(b'{"inkling": 2, "who": "a newer one", "ask": {"command": "dance"}}\n')
        reply = json.loads(connection.makefile().readline())
        assert not reply["done"]
        assert "version 1 of the protocol, not 2" in reply["sentence"]
    newer = {"done": False, "sentence": "This worker speaks version 2\x1b[2J.", "more": [1]}
    with run.locked(), socket.socket(socket.AF_UNIX) as listener:
        place = Path(os.environ["XDG_RUNTIME_DIR"]) / "s"
        listener.bind(str(place))
        listener.listen()
        run.control.symlink_to(place)

        async def answer() -> None:
            connection, _ = await asyncio.to_thread(listener.accept)
            await asyncio.to_thread(connection.recv, 1000)
            connection.sendall(json.dumps(newer).encode() + b"\n")
            connection.close()

        answering = asyncio.create_task(answer())
        with pytest.raises(CommandRefused, match="speaks version 2") as refusal:
            await RunClient(run).ask(Step())
        assert str(refusal.value).isprintable()
        await answering


def test_what_killed_workers_left_in_the_way_is_swept(make_run: Make) -> None:
    run = make_run()
    with Control(run):
        directory = run.control.readlink().parent
    old, young = directory / "0123456789ab.new", directory / "ba9876543210.new"
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    (run.path / ".control.sock.1").symlink_to("/nowhere")
    with Control(run):
        assert not old.exists()
        assert young.exists()
        assert not (run.path / ".control.sock.1").is_symlink()


def test_a_checkpoint_comes_after_all_that_led_to_it(
    make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the disk, too: a power cut must not leave it with a gap before it."""
    done: list[str] = []
    really = os.fdatasync

    def sync(handle: int) -> None:
        done.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        really(handle)

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr("nn.checkpoint.save_archive", lambda path, *_, **__: done.append(path.name))
    for entry in Worker(make_run(epochs=1, batch_size=100)).run():
        if isinstance(entry.fact, RunStarted):
            done.clear()
    assert done[-4:] == ["steps.bin", "guesses.u8", "journal.jsonl", "checkpoint.npz"]
