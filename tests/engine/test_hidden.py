"""A run's network is asked about single digits, and answers as it did when it was tested."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from tui.engine import hidden
from tui.engine.hidden import RunNetwork
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]


def finished(make_run: Make, **values: object) -> RunDirectory:
    run = make_run(**{"epochs": 3, "batch_size": 100, "hidden": (12, 9), **values})
    list(Worker(run).run())
    return run


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"hidden": ()},
        {"ema_decay": 0.9},
        {"normalization": "batch_norm", "skip": "residual", "dropout": 0.2},
        {"split": "0.3", "seed": 9},
    ],
)
def test_it_gives_the_probabilities_that_were_recorded(make_run: Make, values: dict) -> None:
    run = finished(make_run, **values)
    asked = RunNetwork.of_run(run)
    recorded = np.load(run.predictions)
    for index in (0, 7, len(recorded) - 1):
        assert asked.probabilities(index) == pytest.approx(recorded[index], abs=1e-5)
    assert asked.epoch == 3
    assert asked.twin().probabilities(7) == pytest.approx(asked.probabilities(7))


def test_a_run_that_kept_its_best_says_of_which_epoch(make_run: Make) -> None:
    run = finished(
        make_run, keep="best", validation=0.2, epochs=30, learning_rate=2.0, optimizer="adam"
    )
    asked = RunNetwork.of_run(run)
    assert 1 <= asked.epoch < 30


def test_where_it_looked(make_run: Make) -> None:
    asked = RunNetwork.of_run(finished(make_run))
    picture = asked.saliency(4, toward=2)
    assert picture.shape == (8, 8)
    image = asked.split.test_images[4].reshape(8, 8)
    assert (picture[image == 0] == 0).all()
    assert np.abs(picture).max() > 0
    apart = asked.saliency(4, 2, against=3)
    assert apart == pytest.approx(picture - asked.saliency(4, 3), abs=1e-5)


def test_neighbours_in_pixels_and_in_the_hidden_layer(
    make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = RunNetwork.of_run(finished(make_run))
    train, test = asked.split.train_images / 16, asked.split.test_images / 16
    *_, in_pixels = asked.nearest_in_pixels(11, k=5)
    judge = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(train)
    distances, _ = judge.kneighbors(test[11:12])
    assert in_pixels.distances == pytest.approx(distances[0], rel=1e-5)
    *_, in_hidden = asked.nearest_in_hidden(11, k=5)
    seen = asked.network.hidden(np.vstack([test[11:12], train]).astype(np.float32)).copy()
    assert seen.shape[1] == 9
    judge = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(seen[1:])
    distances, _ = judge.kneighbors(seen[:1])
    assert in_hidden.distances == pytest.approx(distances[0], rel=1e-4)
    *_, again = asked.nearest_in_hidden(11, k=5)
    assert again.indices.tolist() == in_hidden.indices.tolist()
    monkeypatch.setattr(hidden, "MOST_KEPT", 100)
    *_, unkept = asked.twin().nearest_in_hidden(11, k=5)
    assert unkept.indices.tolist() == in_hidden.indices.tolist()


def test_asking_leaves_the_checkpoint_as_it_was(make_run: Make) -> None:
    run = finished(make_run)
    before = run.checkpoint.read_bytes()
    RunNetwork.of_run(run).saliency(0, 1)
    assert run.checkpoint.read_bytes() == before


def refused(run: RunDirectory) -> str:
    with pytest.raises(RunError) as error:
        RunNetwork.of_run(run)
    assert str(error.value).isprintable()
    assert str(error.value).endswith(".")
    return str(error.value)


def test_no_checkpoint_yet(make_run: Make) -> None:
    assert "has no checkpoint yet" in refused(make_run())


def test_a_checkpoint_that_is_damaged(make_run: Make) -> None:
    run = finished(make_run)
    run.checkpoint.write_bytes(b"PK" + run.checkpoint.read_bytes()[2:2000])
    assert "cannot be asked" in refused(run)


def test_digits_that_are_others_or_gone(
    make_run: Make, write_mnist: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_mnist(tmp_path / "data")
    run = make_run(dataset="mnist", epochs=1)
    run.write_config(run.read_config().model_copy(update={"data_dir": str(folder)}))
    list(Worker(run).run())
    assert RunNetwork.of_run(run).split.image_shape == (6, 6)
    write_mnist(folder, seed=8)
    assert "other digits" in refused(run)
    for path in (folder / "mnist").iterdir():
        path.unlink()
    assert "cannot be asked" in refused(run)
