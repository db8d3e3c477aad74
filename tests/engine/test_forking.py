"""A fork, as files: its parent's past, and a life of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.events import EpochDone, HyperparameterChanged, RunFinished, RunStarted
from nn.hyperparameters import HyperparameterError
from tui.cli import main
from tui.engine.commands import Set, Stop
from tui.engine.control import Asked
from tui.engine.facts import Fact, Forked, Paused, TakenUp
from tui.engine.forking import fork_run
from tui.engine.orders import Stint
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.runs import ancestry, summary
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]
FactsOf = Callable[[RunDirectory], list[Fact]]


def disturbed(run: RunDirectory) -> None:
    """Two epochs, a knob turned in the second, then stopped."""
    worker = Worker(run, Stint.EPOCH)
    epochs = 0
    for entry in worker.run():
        if isinstance(entry.fact, EpochDone):
            epochs += 1
        if isinstance(entry.fact, Paused):
            asked = Set("learning_rate", 0.02) if epochs == 1 else Stop()
            worker._control.queue.put(Asked(asked, "pts/1", None))
            if epochs == 1:
                worker._stint = Stint.EPOCH


def test_a_fork_has_its_parents_past_and_its_own_future(
    make_run: Make, facts_of: FactsOf, steps_of: Callable[[RunDirectory], np.ndarray]
) -> None:
    parent = make_run(epochs=4)
    disturbed(parent)
    before = {path.name: path.read_bytes() for path in parent.path.iterdir() if path.is_file()}
    assert steps_of(parent)["step"][-1] == 90

    child = fork_run(parent, {"optimizer": "adam", "learning_rate": 0.001}, "pts/2")
    after = {path.name: path.read_bytes() for path in parent.path.iterdir() if path.is_file()}
    assert before == after
    config = child.read_config()
    assert (config.parent, config.parent_step) == (parent.name, 90)
    assert (config.hyperparameters.optimizer, config.hyperparameters.epochs) == ("adam", 4)
    np.testing.assert_array_equal(steps_of(child), steps_of(parent))
    past = facts_of(child)
    assert past[-3:] == [
        Forked(parent.name, 90, 2, "pts/2"),
        HyperparameterChanged("optimizer", "sgd", "adam", 90),
        HyperparameterChanged("learning_rate", 0.02, 0.001, 90),
    ]
    assert HyperparameterChanged("learning_rate", 0.05, 0.02, 45) in past
    assert not any(isinstance(fact, Paused) for fact in past)
    assert ancestry(summary(child)) == f"forked from {parent.name} at step 90"

    list(Worker(child).run())
    facts = facts_of(child)
    assert sum(isinstance(fact, RunStarted) for fact in facts) == 1
    assert [fact.epoch for fact in facts if isinstance(fact, EpochDone)] == [1, 2, 3, 4]
    (taken_up,) = (fact for fact in facts if isinstance(fact, TakenUp))
    assert (taken_up.step, taken_up.recomputed) == (90, 0)
    assert isinstance(facts[-1], RunFinished)
    assert steps_of(child)["step"].tolist() == list(range(1, 181))
    # A fork may be forked, from its end too if there is more to do.
    with pytest.raises(HyperparameterError, match="at least 5 in a fork after epoch 4"):
        fork_run(child, {"learning_rate": 0.5})
    grandchild = fork_run(child, {"epochs": 5})
    assert [fact.parent for fact in facts_of(grandchild) if isinstance(fact, Forked)] == [
        parent.name, child.name,
    ]  # fmt: skip


def test_what_was_done_after_the_checkpoint_is_left_behind(
    make_run: Make, facts_of: FactsOf, steps_of: Callable[[RunDirectory], np.ndarray]
) -> None:
    parent = make_run(epochs=3)
    disturbed(parent)
    early = parent.checkpoint.read_bytes()
    list(Worker(parent).run())
    parent.checkpoint.write_bytes(early)
    child = fork_run(parent, {"dropout": 0.5})
    assert [fact.epoch for fact in facts_of(child) if isinstance(fact, EpochDone)] == [1, 2]
    assert steps_of(child)["step"].tolist() == list(range(1, 91))
    assert not child.predictions.exists()
    list(Worker(child).run())
    assert steps_of(child)["step"].tolist() == list(range(1, 136))
    assert child.guesses.stat().st_size == parent.guesses.stat().st_size


def test_what_cannot_be_forked_leaves_nothing(make_run: Make, runs: Path) -> None:
    fresh = make_run(epochs=3)
    with pytest.raises(RunError, match="no checkpoint yet"):
        fork_run(fresh, {"learning_rate": 0.5})
    disturbed(fresh)
    with pytest.raises(HyperparameterError, match="Hidden layers cannot change in a fork"):
        fork_run(fresh, {"hidden": "3"})
    fresh.checkpoint.write_bytes(b"nonsense")
    with pytest.raises(RunError):
        fork_run(fresh, {"learning_rate": 0.5})
    assert [path.name for path in runs.iterdir()] == [fresh.name]


def test_epochs_set_in_a_live_run_outlast_its_worker(make_run: Make, facts_of: FactsOf) -> None:
    run = make_run(epochs=3)
    worker = Worker(run, Stint.EPOCH)
    for entry in worker.run():
        if isinstance(entry.fact, Paused):
            for asked in (Set("epochs", 2), Stop()):
                worker._control.queue.put(Asked(asked, "", None))
    assert run.read_config().hyperparameters.epochs == 2
    last = list(Worker(run).run())[-1].fact
    assert isinstance(last, RunFinished)
    assert last.epochs == 2
    assert facts_of(run).count(HyperparameterChanged("epochs", 3, 2, 45)) == 1


def test_fork_from_the_shell(
    make_run: Make, runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("INKLING_RUNS", str(runs))
    parent = make_run(epochs=3)
    disturbed(parent)
    assert main(["fork", parent.name, "--hidden", "3"]) == 2
    assert "Hidden layers cannot change in a fork" in capsys.readouterr().err
    assert main(["fork", parent.name]) == 2
    assert "Nothing would be different" in capsys.readouterr().err
    assert main(["fork", parent.name, "--learning-rate", "0.01", "--json"]) == 0
    first, *rest = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["event"], first["parent"], first["step"]) == ("forked", parent.name, 90)
    events = [line["event"] for line in rest if line["event"] != "alert"]
    assert events == ["epoch_done", "run_finished"]
    main(["runs"])
    assert f"forked from {parent.name} at step 90" in capsys.readouterr().out
    main(["runs", "--json"])
    assert any(json.loads(line)["parent"] for line in capsys.readouterr().out.splitlines())
