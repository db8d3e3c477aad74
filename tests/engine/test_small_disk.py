"""Real file systems: one of a megabyte that fills up, one that is read-only, one that goes away."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import come_to_rest, is_idle

from nn import checkpoint
from nn.events import EpochDone, HyperparameterChanged
from nn.hyperparameters import Hyperparameters
from tui import headless
from tui.cli import main
from tui.engine.client import RunClient
from tui.engine.commands import Pause, Set, Stop
from tui.engine.facts import Entry, Fact, Failed, Paused, Stopped, TakenUp, Waited
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.runs import summary
from tui.engine.state import RunState
from tui.engine.tail import RunTail
from tui.engine.test_set import load_split
from tui.engine.worker import Worker

FactsOf = Callable[[RunDirectory], list[Fact]]
StepsOf = Callable[[RunDirectory], np.ndarray]
Wait = Callable[..., None]

SMALL: dict[str, Any] = {"hidden": (32,), "batch_size": 100, "epochs": 100_000, "pace": 300}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    if not mounted("-t", "tmpfs", "-o", "size=1m,mode=700", "none", str(place)):
        pytest.skip("a file system of 1 MB can be mounted by root only")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def mounted(*how: str) -> bool:
    if os.geteuid():
        return False
    return subprocess.run(["mount", *how], capture_output=True, check=False).returncode == 0


@pytest.fixture
def launch(small: Path) -> Iterator[Callable[..., RunClient]]:
    clients: list[RunClient] = []

    def start(every: float = 0.2, **values: Any) -> RunClient:
        config = new_config(Hyperparameters(**SMALL | values), None)
        config = config.model_copy(update={"checkpoint_every": every})
        clients.append(RunClient.resume(RunDirectory.create(small, config)))
        return clients[-1]

    yield start
    for client in clients:
        assert client._process is not None
        client._process.kill()
        client._process.wait()


def fill(place: Path, leave: int = 0) -> Path:
    """A file that takes all the room there is but `leave` bytes."""
    ballast = place / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096) == 4096:
            pass
    if leave:
        os.truncate(ballast, ballast.stat().st_size - leave)
    return ballast


def kept(run: RunDirectory) -> int:
    """The step of the last checkpoint, which is whole."""
    return checkpoint.load(run.checkpoint, load_split(Hyperparameters(**SMALL), "")).step


def pid(client: RunClient) -> int:
    assert client._process is not None
    return client._process.pid


@pytest.mark.parametrize(
    ("first", "every", "leave"),
    [("a checkpoint", 0.2, 8192), ("steps", 1000.0, 0), ("the journal", 1000.0, 0)],
)
def test_training_waits_for_room_and_goes_on(
    first: str, every: float, leave: int, small: Path, launch: Callable[..., RunClient],
    facts_of: FactsOf, steps_of: StepsOf, wait_for: Wait, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    paced = {"pace": 2} if first == "the journal" else {}
    client = launch(every, **paced)
    run = client.run
    enough = 1 if paced else 20
    wait_for(lambda: len(steps_of(run)) > enough, "steps")
    ballast = fill(small, leave)
    if paced:
        for number in range(200):
            asyncio.run(client.ask(Set("learning_rate", 0.01 + number / 1e5)))
            if summary(run).state == "waiting":
                break
    wait_for(lambda: summary(run).state == "waiting", "it waits")
    step = kept(run)
    assert "Training waits: No space left on device." in summary(run).sentence
    assert main(["runs", "--runs-dir", str(small)]) == 0
    told = capsys.readouterr().out
    assert "waiting" in told
    assert "It goes on when there is room" in told
    tail, state = RunTail(run), RunState(run.name, run.read_config().hyperparameters)

    def look() -> str:
        for news in tail.poll():
            state.apply(news)
        return state.status.sentence

    wait_for(lambda: "Training waits: No space left" in look(), "who watches is told")
    held = len(steps_of(run))
    wait_for(lambda: is_idle([pid(client)]), "it waits without a stir")
    assert len(steps_of(run)) == held
    assert kept(run) == step, "the last good checkpoint is untouched"
    assert not list(run.path.glob(".*.part"))
    asyncio.run(client.ask(Pause()))
    ballast.unlink()
    wait_for(lambda: summary(run).state == "paused", "what was asked meanwhile")
    wait_for(lambda: look() == "" and state.status.phase == "paused", "who watches is told, too")
    facts = facts_of(run)
    waited = [fact for fact in facts if isinstance(fact, Waited)]
    assert len(waited) == 1
    assert waited[0].seconds > 1
    assert any(isinstance(fact, Paused) for fact in facts)
    assert kept(run) >= step
    asyncio.run(client.ask(Stop()))
    assert client._process is not None
    assert client._process.wait(20) == 0
    assert isinstance(facts_of(run)[-1], Stopped)
    steps = steps_of(run)["step"].tolist()
    assert steps == list(range(1, len(steps) + 1)), "no gap, and nothing twice"
    if paced:
        changes = [f for f in facts_of(run) if isinstance(f, HyperparameterChanged)]
        assert len(changes) > 1
        pairs = itertools.pairwise(changes)
        assert all(before.new == after.old for before, after in pairs)
    assert run.worker_log.read_bytes() == b""
    come_to_rest(small)


def test_a_disk_that_fills_up_while_the_run_is_paused(
    small: Path, launch: Callable[..., RunClient], facts_of: FactsOf, wait_for: Wait
) -> None:
    client = launch()
    run = client.run
    wait_for(lambda: any(isinstance(f, EpochDone) for f in facts_of(run)), "an epoch")
    asyncio.run(client.ask(Pause()))
    ballast = fill(small)
    asyncio.run(client.ask(Set("learning_rate", 0.0123)))
    wait_for(lambda: summary(run).state == "waiting", "it says so, though it only holds")
    ballast.unlink()
    wait_for(lambda: summary(run).state == "paused", "it holds again")
    digits = load_split(Hyperparameters(**SMALL), "")
    assert checkpoint.load(run.checkpoint, digits).hyperparameters.learning_rate == 0.0123
    come_to_rest(small)


def test_a_run_that_is_stopped_on_a_full_disk_keeps_its_last_checkpoint(
    small: Path, launch: Callable[..., RunClient], steps_of: StepsOf, facts_of: FactsOf,
    wait_for: Wait, make_run: Callable[..., RunDirectory],
) -> None:  # fmt: skip
    client = launch(epochs=40)
    run = client.run
    wait_for(lambda: len(steps_of(run)) > 100, "steps")
    ballast = fill(small)
    wait_for(lambda: summary(run).state == "waiting", "it waits")
    step, tail = kept(run), RunTail(run)
    os.kill(pid(client), signal.SIGTERM)
    assert client._process is not None
    assert client._process.wait(5) == 1
    assert kept(run) == step
    assert not any(isinstance(fact, Stopped) for fact in facts_of(run)), "there was no room for it"
    assert summary(run).state == "stopped"
    assert "No space left on device: what came after" in summary(run).sentence
    (*_, news) = tail.poll() + tail.poll()
    assert isinstance(news, Entry)
    assert isinstance(news.fact, Stopped)
    assert tail.ended
    ballast.unlink()
    again = RunClient.resume(run)
    assert again._process is not None
    wait_for(lambda: any(isinstance(f, TakenUp) for f in facts_of(run)), "it goes on")
    asyncio.run(again.ask(Set("pace", 0)))
    assert again._process.wait(60) == 0
    # Not even this was lost: what the checkpoint did not know is done again, to the bit.
    stop, take_up = (f for f in facts_of(run) if isinstance(f, (Stopped, TakenUp)))
    assert isinstance(stop, Stopped)
    assert take_up.step == step
    still = make_run(**SMALL | {"epochs": 40, "pace": 0})
    list(Worker(still).run())
    digits = load_split(Hyperparameters(**SMALL), "")
    ours, theirs = (checkpoint.load(r.checkpoint, digits) for r in (run, still))
    assert ours.network.parameters.tobytes() == theirs.network.parameters.tobytes()
    assert run.guesses.read_bytes() == still.guesses.read_bytes()
    assert run.predictions.read_bytes() == still.predictions.read_bytes()
    assert set(steps_of(run)["step"]) == set(steps_of(still)["step"])
    come_to_rest(small)


def test_ctrl_c_on_a_full_disk_is_an_interruption_and_a_sentence(
    small: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class FullByTheFirstEpoch(headless.PlainLines):
        def show(self, entry: Entry) -> None:
            super().show(entry)
            if isinstance(entry.fact, EpochDone):
                fill(small)
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(headless, "_display", lambda run, *_, **__: FullByTheFirstEpoch(run))
    assert main(["train", "--runs-dir", str(small)]) == 130
    printed = capfd.readouterr()
    assert "what came after the last checkpoint has to be done again" in printed.out
    assert "cannot be written" in printed.err
    assert "No space left on device" in printed.err
    assert printed.err.count("\n") == 1


def test_a_new_run_on_a_full_disk_is_a_sentence(
    small: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(small)
    assert main(["train", "--runs-dir", str(small), "--epochs", "1"]) == 2
    printed = capfd.readouterr().err
    assert "Runs cannot be kept" in printed
    assert "No space left on device" in printed
    assert printed.count("\n") == 1


def test_a_read_only_file_system(small: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = RunDirectory.create(small, new_config(Hyperparameters(epochs=2, batch_size=100), None))
    list(Worker(run).run())
    assert mounted("-o", "remount,ro", str(small))
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    assert main(["runs", "--runs-dir", str(small)]) == 0
    assert "finished" in capfd.readouterr().out
    for command in (
        ["resume", "latest", "--epochs", "+1"], ["rm", "latest", "--yes"], ["train"],
    ):  # fmt: skip
        assert main([*command, "--runs-dir", str(small)]) in (1, 2)
        printed = capfd.readouterr().err
        assert "ead-only file system" in printed, command
        assert printed.count("\n") == 1, printed
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


@pytest.mark.parametrize("how", ["training", "paused", "waiting for its turn"])
def test_a_run_that_is_removed_ends_its_worker(
    how: str, runs: Path, facts_of: FactsOf, wait_for: Wait
) -> None:
    values: dict[str, Any] = {"epochs": 100_000, "batch_size": 100}
    values |= {"pace": 0.001} if how == "waiting for its turn" else {}
    stint = "step" if how == "paused" else "run"
    client = RunClient.start(Hyperparameters(**values), runs, stint=stint)
    assert client._process is not None
    wait_for(lambda: client.run.checkpoint.exists(), "its beginning")
    if how == "paused":
        wait_for(lambda: any(isinstance(f, Paused) for f in facts_of(client.run)), "a step")
    # Renamed first: in the midst of a removal a file may be made.
    shutil.rmtree(client.run.path.rename(runs / "away"))
    try:
        client._process.wait(20)
    finally:
        client._process.kill()
    assert not client.run.path.exists(), "and it is not made anew"
    come_to_rest(runs)


def test_a_run_that_is_removed_is_a_sentence(runs: Path) -> None:
    config = new_config(Hyperparameters(epochs=50, batch_size=100), None)
    run = RunDirectory.create(runs, config)
    last: Fact | None = None
    for entry in Worker(run).run():
        last = entry.fact
        if isinstance(last, EpochDone) and run.path.exists():
            shutil.rmtree(run.path)
    assert last == Failed("The run cannot go on: its directory is gone.", "")
