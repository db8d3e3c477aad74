"""The worker in this process: what it does between its first fact and its last."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from asking import Answers, ask

from nn import checkpoint
from nn.checks import SLOWEST_PACE
from nn.events import EpochDone, HyperparameterChanged, RunFinished, RunStarted
from nn.hyperparameters import Hyperparameters
from tui.engine.commands import Command, Epoch, Pause, Resume, Set, Step, Stop
from tui.engine.facts import Fact, MistakesChanged, Paused, Preparing, Resumed, Stopped
from tui.engine.orders import PACE_SLACK
from tui.engine.protocol import Request, to_line
from tui.engine.run_directory import RunDirectory
from tui.engine.test_set import TestSet as Digits
from tui.engine.test_set import load_split
from tui.engine.worker import Stint, Worker

Make = Callable[..., RunDirectory]
FactsOf = Callable[[RunDirectory], list[Fact]]
StepsOf = Callable[[RunDirectory], np.ndarray]

PER_EPOCH = 15
"""Steps: 1,437 digits in batches of 100."""


def drive(worker: Worker, script: list[Command]) -> list[Fact]:
    """Run to the end; whenever it pauses, the next command of the script is given."""
    facts = []
    for entry in worker.run():
        facts.append(entry.fact)
        if isinstance(entry.fact, Paused):
            ask(worker, script.pop(0))
    assert not script
    return facts


def test_an_undisturbed_run(make_run: Make, facts_of: FactsOf, steps_of: StepsOf) -> None:
    run = make_run(epochs=3, batch_size=100)
    facts = [entry.fact for entry in Worker(run).run()]
    kinds = [type(fact) for fact in facts if not isinstance(fact, Preparing)]
    assert kinds == [RunStarted, *[EpochDone, MistakesChanged] * 3, RunFinished]
    assert facts_of(run) == facts
    steps = steps_of(run)
    assert steps["step"].tolist() == list(range(1, 3 * PER_EPOCH + 1))
    assert steps["epoch"].tolist() == [1] * PER_EPOCH + [2] * PER_EPOCH + [3] * PER_EPOCH
    assert np.isfinite(steps["loss"]).all()
    assert (np.diff(steps["seconds"]) > 0).all()
    assert len(run.guesses.read_bytes()) == 4 * 360, "the untrained network's row comes first"
    assert run.read_config().fingerprint
    assert not run.is_live()


def test_short_epochs_wait_for_each_other_and_nothing_at_rest_is_old(
    make_run: Make, steps_of: StepsOf, facts_of: FactsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.engine.recorder.REPLACE_EVERY", math.inf)
    monkeypatch.setattr("tui.engine.keeping.SHARE", 1e-12)
    run = make_run(epochs=12, batch_size=100, validation=0.2, keep="best")
    digits, worker, seen = None, Worker(run), []
    for entry in worker.run():
        fact = entry.fact
        if digits is None:
            digits = Digits.of_run(run) if isinstance(fact, RunStarted) else None
            continue
        found = digits.predictions(run)
        assert found is not None, "whatever moment it is"
        seen.append(found.epoch)
        told = [f.epoch for f in facts_of(run) if isinstance(f, EpochDone)]
        assert len(run.guesses.read_bytes()) >= 360 * (max(told, default=0) + 1)
        if isinstance(fact, EpochDone) and fact.epoch in (5, 9):
            ask(worker, Pause())
        if isinstance(fact, (Paused, RunFinished)):
            epoch = worker._trainer.epochs_done
            assert (found.epoch, told[-1]) == (epoch, epoch)
            assert len(steps_of(run)) == worker.steps
            best = checkpoint.load(run.best, load_split(Hyperparameters(), ""))
            assert best.epochs_done == best.best.epoch == worker._trainer.best.epoch
            ask(worker, Resume())
    assert seen == sorted(seen)
    assert 1 < len(set(seen)) <= 4, "at the start, at two pauses and at the end"


def test_step_is_one_step_and_epoch_ends_with_the_epoch(make_run: Make, steps_of: StepsOf) -> None:
    run = make_run(epochs=3, batch_size=100)
    script: list[Command] = [Step(), Step(), Epoch(), Step(), Epoch(), Resume()]
    facts = drive(Worker(run, Stint.STEP), script)
    assert [fact.step for fact in facts if isinstance(fact, Paused)] == [
        1, 2, 3, PER_EPOCH, PER_EPOCH + 1, 2 * PER_EPOCH,
    ]  # fmt: skip
    assert [fact.stint for fact in facts if isinstance(fact, Resumed)] == [
        "step", "step", "epoch", "step", "epoch", "run",
    ]  # fmt: skip
    assert isinstance(facts[-1], RunFinished)
    assert len(steps_of(run)) == 3 * PER_EPOCH


def test_an_epoch_from_the_start_holds_at_its_end(make_run: Make) -> None:
    facts = drive(Worker(make_run(epochs=2, batch_size=100), Stint.EPOCH), [Epoch()])
    assert [fact.step for fact in facts if isinstance(fact, Paused)] == [PER_EPOCH]
    assert isinstance(facts[-1], RunFinished), "after the last epoch there is nothing to wait for"


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_a_disturbed_run_is_bit_for_bit_the_undisturbed_one(
    optimizer: str, make_run: Make, steps_of: StepsOf
) -> None:
    values: dict[str, Any] = {
        "epochs": 3, "batch_size": 100, "optimizer": optimizer, "learning_rate": 0.01,
        "schedule": "one_cycle",
    }  # fmt: skip
    still, disturbed, other = (make_run(**values | {"seed": seed}) for seed in (5, 5, 6))
    list(Worker(still).run())
    list(Worker(other).run())
    worker = Worker(disturbed, Stint.STEP)
    for entry in worker.run():
        if isinstance(entry.fact, Paused):
            words = (Pause(), Set("pace", 0), Set("batch_size", 9), Epoch(), Resume(), Step())
            for command in words[: 4 if entry.fact.step == PER_EPOCH + 3 else 6]:
                ask(worker, command)
    for column in ("step", "loss", "learning_rate", "gradient_norm", "epoch"):
        assert steps_of(disturbed)[column].tobytes() == steps_of(still)[column].tobytes()
    assert steps_of(other)["loss"].tobytes() != steps_of(still)["loss"].tobytes()
    assert disturbed.guesses.read_bytes() == still.guesses.read_bytes()
    assert disturbed.predictions.read_bytes() == still.predictions.read_bytes()


def test_a_knob_turned_while_paused_holds_from_the_next_step_on(
    make_run: Make, steps_of: StepsOf
) -> None:
    run = make_run(epochs=1, batch_size=100, learning_rate=0.05)
    facts = drive(Worker(run, Stint.STEP), [Step(), Resume()])
    assert not any(isinstance(fact, HyperparameterChanged) for fact in facts)
    run = make_run(epochs=1, batch_size=100, learning_rate=0.05)
    worker = Worker(run, Stint.STEP)
    replies: list[Answers] = []
    facts = []
    for entry in worker.run():
        facts.append(entry.fact)
        if isinstance(entry.fact, Paused):
            replies = [
                ask(worker, Set("learning_rate", "0.5")),
                ask(worker, Set("learning_rate", 0.5)),
                ask(worker, Set("learning_rate", float("nan"))),
                ask(worker, Set("learning_rate", "-1")),
                ask(worker, Set("batch_size", 10)),
                ask(worker, Set("\x1b[2J", 10)),
                ask(worker, Resume()),
            ]
    changes = [fact for fact in facts if isinstance(fact, HyperparameterChanged)]
    assert changes == [HyperparameterChanged("learning_rate", 0.05, 0.5, 1)]
    rates = steps_of(run)["learning_rate"]
    assert rates[0] == np.float32(0.05)
    assert (rates[1:] == np.float32(0.5)).all()
    sentences = [reply.sentence for reply in replies]
    assert sentences[:2] == ["", ""]
    assert sentences[-1] == ""
    for sentence, expected in zip(
        sentences[2:6], ["finite", "greater than 0", "needs a new run", "no hyper"], strict=True
    ):
        assert sentence is not None
        assert expected in sentence
        assert sentence.isprintable()


def test_a_pause_is_written_once(make_run: Make) -> None:
    worker = Worker(make_run(epochs=1, batch_size=100), Stint.STEP)
    facts = []
    for entry in worker.run():
        facts.append(entry.fact)
        if isinstance(entry.fact, Paused):
            for command in (Pause(), Pause(), Resume(), Resume()):
                ask(worker, command)
    assert sum(isinstance(fact, Paused) for fact in facts) == 1
    assert sum(isinstance(fact, Resumed) for fact in facts) == 1


def test_stop_while_paused(make_run: Make, facts_of: FactsOf) -> None:
    run = make_run(epochs=3, batch_size=100)
    facts = drive(Worker(run, Stint.STEP), [Step(), Epoch(), Step(), Stop()])
    assert facts[-1] == Stopped(PER_EPOCH + 1, 1, "me")
    assert facts_of(run)[-1] == facts[-1]


@pytest.mark.parametrize("stint", [Stint.RUN, Stint.EPOCH])
def test_stop_while_a_paced_run_waits_for_its_turn(
    stint: Stint, make_run: Make, steps_of: StepsOf
) -> None:
    run = make_run(epochs=3, pace=0.001)
    worker = Worker(run, stint)
    facts = []
    for entry in worker.run():
        facts.append(entry.fact)
        if isinstance(entry.fact, RunStarted):
            # Answered at once, it is followed by a wait of a quarter of an hour.
            ask(worker, Set("learning_rate", 0.01))
        if isinstance(entry.fact, HyperparameterChanged):
            ask(worker, Set("momentum", 0.5))
            ask(worker, Stop())
    assert isinstance(facts[-1], Stopped)
    assert len(steps_of(run)) <= 1


def test_a_paced_run_obeys_while_it_waits(make_run: Make) -> None:
    """At a step in a thousand seconds everything must happen at once, or this test never ends."""
    worker = Worker(make_run(epochs=1, batch_size=100, pace=0.001), Stint.STEP)
    facts = []
    for entry in worker.run():
        facts.append(entry.fact)
        if entry.fact == Paused(1, ""):
            for command in (Resume(), Set("learning_rate", 0.01), Pause()):
                ask(worker, command)
        elif isinstance(entry.fact, Paused) and entry.fact.who == "me":
            ask(worker, Resume())
            ask(worker, Step())
        elif isinstance(entry.fact, Paused):
            ask(worker, Resume())
            ask(worker, Set("pace", 1000))
    pauses = [fact for fact in facts if isinstance(fact, Paused)]
    assert [fact.who for fact in pauses] == ["", "me", ""]
    assert isinstance(facts[-1], RunFinished)


def test_the_slowest_pace_of_all(make_run: Make) -> None:
    worker = Worker(make_run(epochs=1, pace=SLOWEST_PACE), Stint.STEP)
    facts = drive(worker, [Stop()])
    assert facts[-1] == Stopped(1, 0, "me")


def test_pace_limits_the_rate(make_run: Make, steps_of: StepsOf) -> None:
    run = make_run(epochs=1, batch_size=50, pace=40)
    began = time.monotonic()
    list(Worker(run).run())
    elapsed = time.monotonic() - began
    count = len(steps_of(run))
    assert count == 29
    assert count <= 40 * (elapsed + PACE_SLACK) + 1


def test_a_request_whose_asker_is_gone_is_not_carried_out(
    make_run: Make, wait_for: Callable[..., None]
) -> None:
    run = make_run(epochs=1, batch_size=100)
    worker = Worker(run, Stint.STEP)
    facts = []
    for entry in worker.run():
        facts.append(entry.fact)
        if isinstance(entry.fact, Paused):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(run.control.readlink()))
                connection.sendall(to_line(Request(ask=Set("learning_rate", 0.5))))
                wait_for(lambda: not worker._control.queue.empty(), "the request")
            ask(worker, Resume())
    assert isinstance(facts[-1], RunFinished)
    assert not any(isinstance(fact, HyperparameterChanged) for fact in facts)
