"""The worker in this process, when something is wrong: always a fact, always a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.events import Diverged
from nn.hyperparameters import Hyperparameters
from nn.trainer import Trainer
from tui.engine import worker as worker_module
from tui.engine.facts import Fact, Failed
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.worker import Stint, Worker, main

Make = Callable[..., RunDirectory]
FactsOf = Callable[[RunDirectory], list[Fact]]
StepsOf = Callable[[RunDirectory], np.ndarray]


def test_an_error_in_training_ends_it_in_a_sentence(
    make_run: Make, monkeypatch: pytest.MonkeyPatch, facts_of: FactsOf,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    really_step = Trainer._step

    def step(self: Trainer) -> Any:
        if self.step == 20:
            raise RuntimeError("the moon\x1b[2J\nis full")
        return really_step(self)

    monkeypatch.setattr(Trainer, "_step", step)
    run = make_run(batch_size=100)
    facts = [entry.fact for entry in Worker(run).run()]
    assert isinstance(facts[-1], Failed)
    assert facts_of(run)[-1] == facts[-1]
    assert "RuntimeError: the moon" in facts[-1].sentence
    assert facts[-1].sentence.isprintable()
    assert "Traceback" not in run.journal.read_text()
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "Traceback" in printed.err
    assert not run.is_live()
    assert not run.control.is_symlink()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "not enough memory"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("out of luck"), "out of luck"),
    ],
)
def test_errors_with_a_sentence_of_their_own(
    error: Exception, says: str, make_run: Make, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def step(_: Trainer) -> Any:
        raise error

    monkeypatch.setattr(Trainer, "_step", step)
    (*_, last) = Worker(make_run()).run()
    assert isinstance(last.fact, Failed)
    assert says in last.fact.sentence
    assert last.fact.sentence.endswith(".")
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_trained_names_its_field(make_run: Make) -> None:
    (*_, last) = Worker(make_run(batch_size=2000)).run()
    assert isinstance(last.fact, Failed)
    assert last.fact.field == "batch_size"
    assert "1,437" in last.fact.sentence


def test_data_that_are_not_there(runs: Path, tmp_path: Path) -> None:
    config = new_config(Hyperparameters(dataset="mnist"), tmp_path / "gone")
    (*_, last) = Worker(RunDirectory.create(runs, config)).run()
    assert isinstance(last.fact, Failed)
    assert "not a folder" in last.fact.sentence


def test_a_damaged_config_is_a_fact_too(make_run: Make) -> None:
    run = make_run()
    run.config_file.write_text("format =")
    (only,) = Worker(run).run()
    assert isinstance(only.fact, Failed)
    assert "damaged" in only.fact.sentence


def test_no_place_for_a_socket_is_a_fact_too(
    make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> Path:
        raise RunError("There is no place for a socket.")

    monkeypatch.setattr("tui.engine.sockets.socket_directory", nowhere)
    run = make_run()
    (only,) = Worker(run).run()
    assert only.fact == Failed("There is no place for a socket.", "")
    assert not run.is_live()


def test_a_run_has_one_worker(make_run: Make) -> None:
    run = make_run()
    first = Worker(run, Stint.STEP).run()
    next(first)
    with pytest.raises(RunError, match="a worker already"):
        next(Worker(run).run())
    first.close()
    assert not run.is_live()


def test_a_diverged_run_says_so_and_nothing_after(make_run: Make, steps_of: StepsOf) -> None:
    run = make_run(learning_rate=100, activation="gelu", epochs=5)
    facts = [entry.fact for entry in Worker(run).run()]
    assert isinstance(facts[-1], Diverged)
    assert np.isfinite(steps_of(run)["loss"]).all()
    assert facts[-1].step == len(steps_of(run)) + 1


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"epochs": 1}, 0),
        ({"learning_rate": 100, "activation": "gelu"}, 1),
        ({"batch_size": 2000}, 1),
    ],
)
def test_the_exit_status_of_a_background_worker(
    values: dict[str, Any], status: int, make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module.signal, "signal", lambda *_: None)
    assert main([str(make_run(**values).path)]) == status
