"""What is seen inside a run is what `nn` says of its newest network, whatever that is made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

from nn.analysis.layer_statistics import Microscope
from nn.analysis.units import without
from nn.data import load, split
from nn.losses import SoftmaxCrossEntropy
from nn.presets import resolve
from nn.trainer import Trainer
from tui.engine.hidden import NextStep, RunNetwork
from tui.engine.looking import FITTED, PROBE, Looker, probe
from tui.engine.newest_network import NewestNetwork
from tui.engine.run_directory import RunDirectory
from tui.engine.scene import Scene, Wish
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]
EVERYTHING = frozenset({"layers", "weights", "map"})


def finished(make_run: Make, **values: object) -> RunDirectory:
    run = make_run(**{"epochs": 3, "batch_size": 100, "hidden": (12, 9), **values})
    list(Worker(run).run())
    return run


def seen(looker: Looker, wish: Wish) -> Scene:
    *_, scene = looker.ask(wish)
    assert scene.busy == ""
    return scene


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"hidden": (1,)},
        {"normalization": "batch_norm", "skip": "residual", "dropout": 0.2, "optimizer": "adam"},
        {"ema_decay": 0.9, "activation": "tanh", "clip_norm": 0.1, "weight_decay": 0.01},
    ],
)
def test_all_of_it(make_run: Make, values: dict[str, object]) -> None:
    run = finished(make_run, **values)
    scene = seen(Looker(NewestNetwork(run)), Wish(7, (0,), EVERYTHING))
    asked = RunNetwork.of_run(run)
    network, s = asked.network, asked.split
    x = asked.ink_of_test(np.arange(len(s.test_images)))

    assert scene.flow is not None
    assert scene.flow.probabilities == pytest.approx(asked.probabilities(7), abs=1e-6)
    rows = probe(len(s.train_images), PROBE)
    expected = Microscope(network).portrait(
        asked.ink_of_training(rows), s.train_labels[rows], asked.next_step
    )
    assert scene.portrait is not None
    assert scene.portrait.loss == expected.loss
    for found, layer in zip(scene.portrait.layers, expected.layers, strict=True):
        assert found.update_ratio == layer.update_ratio
        assert found.values.std == layer.values.std

    assert scene.units is not None
    assert scene.units.weights.shape == (asked.network.layers[0].n_outputs, 8, 8)
    assert scene.effect is not None
    ablated = without(network, [0])
    right = np.count_nonzero(ablated.forward(x).argmax(axis=1) == s.test_labels)
    assert scene.effect.after.right == right
    recorded = np.load(run.predictions)
    assert scene.effect.before.accuracy == (recorded.argmax(axis=1) == s.test_labels).mean()

    assert scene.chart is not None
    features = network.hidden(x).astype(np.float64)
    assert scene.chart.points.shape == (len(x), 2)
    if features.shape[1] > 1:
        judge = PCA(2, svd_solver="full").fit(features[probe(len(x), FITTED)])
        expected_points = judge.transform(features)
        signs = np.sign((expected_points * scene.chart.points).sum(axis=0))
        assert scene.chart.points == pytest.approx(expected_points * signs, abs=1e-3)
        assert scene.chart.explained == pytest.approx(judge.explained_variance_ratio_, rel=1e-4)
    assert (scene.chart.guesses == recorded.argmax(axis=1)).mean() > 0.99


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_the_next_step_is_the_one_that_the_trainer_takes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given the next mini-batch's gradient, it moves the parameters to where the trainer does."""
    values = {"hidden": "12", "optimizer": name, "weight_decay": 0.01, "clip_norm": 0.5}
    trainer = Trainer(resolve(None, values), split(load("digits"), "0.2", seed=1))
    steps = trainer.run()
    while trainer.step < 3:
        next(steps)
    taken = trainer.supply.take()
    monkeypatch.setattr(trainer.supply, "take", lambda: taken)
    next_step, twin = NextStep.of(trainer), trainer.network.at_precision(np.float32)
    loss = SoftmaxCrossEntropy(twin.n_classes)
    loss.forward(twin.forward(taken[0], training=True), taken[1])
    twin.backward(loss.backward())
    assert np.linalg.norm(twin.gradients) > 0.5
    moved = [twin.parameters.copy() for _ in range(2)]
    for parameters in moved:
        next_step(parameters, twin.gradients.copy())
    next(steps)
    for parameters in moved:
        assert (parameters == trainer.network.parameters).all()


def test_only_what_is_in_view_and_nothing_twice(make_run: Make) -> None:
    run = finished(make_run)
    looker = Looker(NewestNetwork(run))
    first = seen(looker, Wish(3, (), frozenset({"layers"})))
    assert (first.units, first.chart, first.effect) == (None, None, None)
    assert seen(looker, Wish(3, (), frozenset({"layers"}))) is first
    moved = seen(looker, Wish(4, (), frozenset({"layers", "weights"})))
    assert moved.portrait is first.portrait
    assert moved.units is not None
    assert moved.flow is not None
    assert moved.flow.digit == 4
    off = seen(looker, Wish(4, (1, 2), frozenset({"weights"})))
    assert off.units is moved.units
    assert off.effect is not None
    other = seen(looker, Wish(5, (1, 2), frozenset({"weights"})))
    assert other.effect is not None
    assert other.effect.after is off.effect.after
    assert other.effect.digit == 5
    assert seen(looker, Wish(5, (), frozenset({"weights"}))).effect is None


def test_a_newer_checkpoint_is_seen_whole(make_run: Make) -> None:
    run = make_run(epochs=4, batch_size=100, hidden=(12, 9))
    facts = Worker(run).run()
    while not run.checkpoint.exists():
        next(facts)
    looker = Looker(NewestNetwork(run))
    early = seen(looker, Wish(0, (1,), EVERYTHING))
    list(facts)
    later = list(looker.ask(Wish(0, (1,), EVERYTHING)))
    assert len(later) == 1
    assert later[0].epoch == 4 > early.epoch
    assert later[0].chart is not None
    assert early.chart is not None
    assert ((later[0].chart.points * early.chart.points).sum(axis=0) >= 0).all()


def test_no_hidden_layer(make_run: Make) -> None:
    scene = seen(Looker(NewestNetwork(finished(make_run, hidden=()))), Wish(2, (1,), EVERYTHING))
    assert scene.units is not None
    assert not scene.units.hidden
    assert scene.effect is None
    assert scene.portrait is not None
    assert [layer.kind for layer in scene.portrait.layers] == ["Input", "Dense"]
    assert scene.chart is not None
    assert scene.chart.n_units == 64


def test_a_digit_or_a_unit_that_is_not_there(make_run: Make) -> None:
    run = finished(make_run)
    n = len(np.load(run.predictions))
    scene = seen(Looker(NewestNetwork(run)), Wish(n + 3, (500,), frozenset({"weights"})))
    assert scene.wish.digit == 3
    assert scene.effect is None


def test_why_there_is_nothing(
    make_run: Make, write_mnist: Callable[..., Path], tmp_path: Path
) -> None:
    looker = Looker(NewestNetwork(make_run()))
    assert "has no checkpoint yet" in seen(looker, Wish(0)).sentence
    assert [scene.sentence != "" for scene in looker.ask(Wish(0))] == [True]
    folder = write_mnist(tmp_path / "data")
    run = make_run(dataset="mnist", epochs=1)
    run.write_config(run.read_config().model_copy(update={"data_dir": str(folder)}))
    list(Worker(run).run())
    for path in (folder / "mnist").iterdir():
        path.unlink()
    assert "cannot be asked" in seen(Looker(NewestNetwork(run)), Wish(0)).sentence


def test_what_cannot_be_seen_is_not_what_was_seen_before(make_run: Make) -> None:
    newest = NewestNetwork(finished(make_run))
    looker, wish = Looker(newest), Wish(7, (), frozenset({"map"}))
    early = seen(looker, wish)
    assert seen(looker, wish) is early
    gone = newest.look().twin()
    gone.network.parameters[...] = np.inf
    newest.look = lambda: gone  # type: ignore[method-assign]
    for _ in range(2):
        later = seen(looker, wish)
        assert "are not finite" in later.sentence
        assert later.chart is None
