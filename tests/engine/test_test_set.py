"""Predictions are believed when all of their files agree, and never unpickled."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nn.hyperparameters import Hyperparameters
from tui.engine.recorder import Recorder
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.test_set import TestSet as Digits
from tui.engine.test_set import load_split

N, CLASSES = 60, 10


@pytest.fixture
def folder(write_mnist: Callable[..., Path], tmp_path: Path) -> Path:
    return write_mnist(tmp_path / "data", n_test=N)


@pytest.fixture
def run(runs: Path, folder: Path) -> RunDirectory:
    """A run with the predictions of two epochs."""
    h = Hyperparameters(dataset="mnist")
    config = new_config(h, folder)
    digits = load_split(h, str(folder))
    made = RunDirectory.create(runs, config.model_copy(update={"fingerprint": digits.fingerprint}))
    with Recorder(made) as pen:
        pen.predictions(0, probabilities(1))
        pen.predictions(1, probabilities(2))
    return made


def probabilities(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(CLASSES), N).astype(np.float32)


def test_the_newest_predictions_with_their_epoch(run: RunDirectory, folder: Path) -> None:
    digits = Digits.of_run(run)
    found = digits.predictions(run)
    assert found is not None
    assert found.epoch == 1, "the first row is the untrained network's, epoch 0"
    assert found.probabilities.tolist() == probabilities(2).tolist()
    split = load_split(Hyperparameters(dataset="mnist"), str(folder))
    assert found.labels.tolist() == split.test_labels.tolist()
    assert found.images.shape == (N, 6, 6)
    assert found.images.reshape(N, 36).tolist() == split.test_images.tolist()


def test_no_predictions_yet(run: RunDirectory) -> None:
    digits = Digits.of_run(run)
    run.guesses.unlink()
    assert digits.predictions(run) is None
    run.guesses.write_bytes(b"\0" * (N - 1))
    assert digits.predictions(run) is None
    run.predictions.unlink()
    assert digits.predictions(run) is None


def test_files_of_different_epochs_are_not_mixed(run: RunDirectory) -> None:
    digits = Digits.of_run(run)
    rows = run.guesses.read_bytes()
    run.guesses.write_bytes(rows[:N])
    assert digits.predictions(run) is None
    run.guesses.write_bytes(rows + b"\x01" * (N // 2))
    found = digits.predictions(run)
    assert found is not None, "half a row is not there yet"
    assert found.epoch == 1


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


class Bomb:
    """What an unpickler would do on our behalf."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("predictions were unpickled",)


def pickled() -> bytes:
    """An .npy of objects, of just the size a true one has."""
    array = np.empty((1, 1), object)
    array[0, 0] = Bomb()
    return saved(array)


GOOD = saved(probabilities(2))
BODY = GOOD[128:]


def header(text: str) -> bytes:
    start = b"\x93NUMPY\x01\x00"
    return start + (118).to_bytes(2, "little") + text.ljust(117).encode() + b"\n" + BODY


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOOD[:-1],
        GOOD[:128],
        GOOD[:60],
        GOOD + b"x" * 5000,
        b"\0" * len(GOOD),
        b"PK\x03\x04" + GOOD[4:],
        b"\x93NUMPY\x09\x00" + GOOD[8:],
        pickled().ljust(len(GOOD), b"."),
        pickle.dumps(Bomb()).ljust(len(GOOD), b"."),
        saved(probabilities(2).T.copy()),
        saved(probabilities(2).astype(np.float64)),
        saved(probabilities(2).astype(">f4")),
        saved(probabilities(2).view(np.int32)),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}"),
        header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**40}, {2**40})}}"),
        header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**70},)}}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (-60, 10)}"),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (60, 10)}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (60, 10)"),
        header("{[(" * 20),
    ],
    ids=range(21),
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_no_table_of_probabilities_is_refused(run: RunDirectory, data: bytes) -> None:
    digits = Digits.of_run(run)
    run.predictions.write_bytes(data)
    assert digits.predictions(run) is None


def test_the_file_that_the_others_spoil_is_accepted(run: RunDirectory) -> None:
    assert header("{'descr': '<f4', 'fortran_order': False, 'shape': (60, 10), }") == GOOD
    run.predictions.write_bytes(GOOD)
    assert Digits.of_run(run).predictions(run) is not None


def test_predictions_do_not_change_under_who_looks_at_them(run: RunDirectory) -> None:
    found = Digits.of_run(run).predictions(run)
    assert found is not None
    before = found.probabilities.tolist()
    with open(run.predictions, "r+b") as file:
        file.seek(128)
        file.write(b"\0" * 400)
    assert found.probabilities.tolist() == before


def test_data_that_changed_since_are_not_shown(
    run: RunDirectory, folder: Path, write_mnist: Callable[..., Path]
) -> None:
    write_mnist(folder, n_test=N, seed=8)
    with pytest.raises(RunError, match="has changed since"):
        Digits.of_run(run)


def test_data_that_are_gone_are_told_in_a_sentence(run: RunDirectory, folder: Path) -> None:
    for path in (folder / "mnist").iterdir():
        path.unlink()
    with pytest.raises(RunError, match="cannot be shown") as error:
        Digits.of_run(run)
    assert str(error.value).endswith(".")
    assert str(error.value).isprintable()
