"""A fork is the run it came from, but for what was changed, from that very step on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from training_runs import MakeSplit, everything, square, told, untimed, whole_state

from nn import checkpoint
from nn.archive import ArchiveError
from nn.data import Split
from nn.events import HyperparameterChanged, RunFinished, StepDone
from nn.fork import fork
from nn.hyperparameters import HyperparameterError
from nn.specs import SPECS, format_value
from nn.trainer import Trainer

AT = 7
"""In the midst of the second epoch of three."""

FORKED: dict[str, object] = {
    "activation": "gelu", "optimizer": "momentum", "learning_rate": 0.002, "momentum": 0.5,
    "schedule": "constant", "warmup": "0.1", "decay": 0.5, "drops": 3, "epochs": 5, "dropout": 0.5,
    "weight_decay": 0.1, "label_smoothing": 0.3, "clip_norm": 0.1, "ema_decay": 0.5, "patience": 1,
    "shift": 0.5, "rotation": 3, "scaling": 0.1, "shear": 0.1, "elastic": 0.1, "elastic_sigma": 1,
    "augmentation": 2, "pace": 500, "threads": 1,
}  # fmt: skip
NOT_FELT_AT_ONCE = {"ema_decay", "patience", "pace", "threads", "decay", "drops"}


@pytest.fixture
def digits(make_split: MakeSplit) -> Split:
    return square(make_split())


@pytest.fixture
def parent(digits: Split, tmp_path: Path) -> Path:
    trainer = Trainer(everything(patience=3), digits)
    for event in trainer.run():
        if isinstance(event, StepDone) and event.step == AT:
            break
    checkpoint.save(tmp_path / "parent.npz", trainer)
    return tmp_path / "parent.npz"


def test_every_hyperparameter_is_either_fixed_or_forked_here() -> None:
    assert {name for name, spec in SPECS.items() if not spec.fixed} == set(FORKED)
    assert not any(spec.live and spec.fixed for spec in SPECS.values())


@pytest.mark.parametrize("name", FORKED)
def test_the_next_step_is_the_parents_but_for_the_change(
    name: str, parent: Path, digits: Split, tmp_path: Path
) -> None:
    forked = fork(parent, tmp_path / "fork.npz", {name: FORKED[name]})
    old, child = (checkpoint.load(path, digits) for path in (parent, tmp_path / "fork.npz"))
    new = SPECS[name].parse(FORKED[name])
    assert forked.changes == (
        HyperparameterChanged(name, getattr(old.hyperparameters, name), new, AT),
    )
    assert (forked.step, forked.epochs_done) == (AT, 1)
    assert child.hyperparameters == forked.hyperparameters
    assert getattr(child.hyperparameters, name) == new
    # What was learnt is the parent's; what turns out otherwise is due to the change.
    assert child.network.parameters.tobytes() == old.network.parameters.tobytes()
    old_told, child_told = told(old), told(child)
    if name in NOT_FELT_AT_ONCE:
        assert child_told[0] == old_told[0]
    else:
        ends = [whole_state(trainer)["parameters"] for trainer in (old, child)]
        assert ends[0] != ends[1]


def test_a_change_of_no_weight_leaves_the_parents_bits(
    parent: Path, digits: Split, tmp_path: Path
) -> None:
    """To the pace no bit is due: so the fork goes on as the parent, to the last one."""
    fork(parent, tmp_path / "fork.npz", {"pace": 1e6})
    old, child = (checkpoint.load(path, digits) for path in (parent, tmp_path / "fork.npz"))
    assert [untimed(event) for event in child.run()] == [untimed(event) for event in old.run()]
    assert child.network.parameters.tobytes() == old.network.parameters.tobytes()


def test_another_optimiser_begins_without_a_memory(
    parent: Path, digits: Split, tmp_path: Path
) -> None:
    fork(parent, tmp_path / "fork.npz", {"optimizer": "adamw"})
    child = checkpoint.load(tmp_path / "fork.npz", digits)
    assert not any(child.optimizer.numbers().values())
    assert all(not array.any() for array in child.optimizer.arrays().values())


def test_an_average_comes_and_goes(parent: Path, digits: Split, tmp_path: Path) -> None:
    without, again = tmp_path / "without.npz", tmp_path / "again.npz"
    fork(parent, without, {"ema_decay": 0})
    assert checkpoint.load(without, digits).average is None
    fork(without, again, {"ema_decay": 0.9})
    child = checkpoint.load(again, digits)
    assert child.average is not None
    assert child.average.updates == 0
    np.testing.assert_array_equal(child.average.parameters, child.network.parameters)


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if spec.fixed])
def test_what_would_not_fit_is_refused(name: str, parent: Path, tmp_path: Path) -> None:
    value = format_value(SPECS[name].default)
    with pytest.raises(HyperparameterError, match="cannot change in a fork") as error:
        fork(parent, tmp_path / "fork.npz", {"learning_rate": 0.1, name: value})
    assert str(error.value).startswith(SPECS[name].label)
    assert str(error.value).endswith(".")
    assert not (tmp_path / "fork.npz").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Nothing would be different"),
        ({"learning_rate": 0.01}, "Nothing would be different"),
        ({"learning_rate": 0}, "Learning rate must be greater than 0"),
        ({"epochs": 1}, "Epochs must be at least 2 in a fork after epoch 1"),
        ({"nonsense": 1}, "There is no hyperparameter 'nonsense'"),
    ],
)
def test_what_is_no_fork_is_a_sentence(
    changes: dict[str, object], words: str, parent: Path, tmp_path: Path
) -> None:
    with pytest.raises(HyperparameterError, match=words):
        fork(parent, tmp_path / "fork.npz", changes)
    assert not (tmp_path / "fork.npz").exists()


def test_a_run_that_ran_out_of_patience_goes_on_with_more_of_it(
    digits: Split, tmp_path: Path
) -> None:
    parent = Trainer(everything(patience=1, epochs=9, learning_rate=1.0), digits)
    *_, finished = parent.run()
    assert isinstance(finished, RunFinished)
    assert finished.stopped_early
    checkpoint.save(tmp_path / "parent.npz", parent)
    with pytest.raises(HyperparameterError, match="must be 0, or more than 1, in a fork") as error:
        fork(tmp_path / "parent.npz", tmp_path / "fork.npz", {"learning_rate": 0.001})
    assert error.value.name == "patience"
    for enough in (0, 2):
        fork(tmp_path / "parent.npz", tmp_path / "fork.npz", {"patience": enough})
        child = checkpoint.load(tmp_path / "fork.npz", digits)
        assert isinstance(next(iter(child.run())), StepDone)


def test_a_damaged_checkpoint_is_a_sentence(parent: Path, tmp_path: Path) -> None:
    parent.write_bytes(parent.read_bytes()[:500])
    with pytest.raises(ArchiveError):
        fork(parent, tmp_path / "fork.npz", {"learning_rate": 0.1})
    with pytest.raises(ArchiveError):
        fork(tmp_path / "nowhere.npz", tmp_path / "fork.npz", {"learning_rate": 0.1})
