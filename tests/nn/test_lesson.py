"""A lesson's numbers are those of training, to the bit; and its gradients are right."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from training_runs import everything, plain, square

from nn.data import Split
from nn.events import StepDone
from nn.layers import Activation, Dense, Dropout
from nn.lesson import Lesson, twin
from nn.losses import SoftmaxCrossEntropy, softmax
from nn.network import Network
from nn.optimizers import OPTIMIZERS
from nn.residual import Residual
from nn.second_opinion import Examiner, Gradient
from nn.trainer import Trainer

MakeSplit = Callable[..., Split]

RECIPES = {
    **{name: plain(optimizer=name) for name in OPTIMIZERS},
    "decayed": plain(optimizer="adamw", weight_decay=0.01, learning_rate=0.01),
    "everything": everything(validation=0, patience=0, keep="last"),
    "one at a time": plain(batch_size=1),
}


def after_steps(trainer: Trainer, steps: int) -> Any:
    run = trainer.run()
    for _ in itertools.islice((e for e in run if isinstance(e, StepDone)), steps):
        pass
    return run


@pytest.mark.parametrize("h", RECIPES.values(), ids=RECIPES)
def test_the_lesson_is_the_trainer_s_own_next_step_bit_for_bit(
    make_split: MakeSplit, h: Any
) -> None:
    split = square(make_split())
    trainer = Trainer(h, split)
    run = after_steps(trainer, 4)
    batches: list[Any] = []
    take = trainer.supply.take

    def heard() -> Any:
        x, labels = take()
        batches.append((x.copy(), labels.copy()))
        return x, labels

    trainer.supply.take = heard  # type: ignore[method-assign]
    same = Trainer(h, split)
    after_steps(same, 4)
    done = next(run)
    lesson = Lesson.of_trainer(same, *batches[0])

    assert lesson.loss == done.loss
    assert lesson.gradient_norm == done.gradient_norm
    assert lesson.learning_rate == done.learning_rate
    assert lesson.after.tobytes() == trainer.network.parameters.tobytes()
    for name, memory in trainer.optimizer.arrays().items():
        assert lesson.optimizer_after.arrays()[name].tobytes() == memory.tobytes()
    assert lesson.optimizer_after.numbers() == trainer.optimizer.numbers()

    # The one after that, of what was left behind: parameters, statistics and luck.
    done = next(run)
    second = lesson.applied().again(*batches[1], learning_rate=trainer.last_learning_rate)
    assert second.loss == done.loss
    assert second.after.tobytes() == trainer.network.parameters.tobytes()

    # The trainer that it was copied from has not noticed.
    third = Lesson.of_trainer(same, *batches[0])
    assert third.after.tobytes() == lesson.after.tobytes()
    assert same.step == 4


def network_of_all_kinds(rate: float = 0.3) -> Network:
    network = Network.build(
        [12, 7, 7, 6, 4],
        "gelu",
        np.random.default_rng(3),
        normalization="batch_norm",
        skip="residual",
        dropout_rng=np.random.default_rng(4),
    )
    network.set_dropout(rate)
    return network


def a_lesson(network: Network, n: int = 5, **options: Any) -> Lesson:
    rng = np.random.default_rng(2)
    x, labels = rng.random((n, network.n_inputs), np.float32), rng.integers(0, network.n_classes, n)
    optimizer = OPTIMIZERS["adam"](network.parameters)
    return Lesson(network, optimizer, x, labels, **{"learning_rate": 0.01, **options})


def test_what_is_heard_fits_together() -> None:
    lesson = a_lesson(network_of_all_kinds(), smoothing=0.1)
    by_place = {heard.place: heard for heard in lesson.heard}
    assert list(by_place) == sorted(by_place, key=lambda p: (*p, 99))
    assert np.array_equal(by_place[(0,)].x, lesson.x)
    assert np.array_equal(lesson.heard[-1].y, lesson.logits)
    assert np.array_equal(lesson.heard[-1].d_y, lesson.d_logits)
    np.testing.assert_allclose(lesson.probabilities, softmax(lesson.logits), rtol=1e-6)
    expected = (lesson.probabilities - lesson.targets()) / len(lesson.labels)
    np.testing.assert_allclose(lesson.d_logits, expected, atol=1e-7)
    for heard in lesson.heard:
        if isinstance(heard.layer, Dense):
            weights = heard.of(lesson.before.parameters, 0)
            np.testing.assert_array_equal(heard.of(lesson.gradients, 0), heard.x.T @ heard.d_y)
            np.testing.assert_allclose(heard.d_x, heard.d_y @ weights.T, rtol=1e-6)
        elif isinstance(heard.layer, Activation):
            np.testing.assert_array_equal(heard.d_x, heard.d_y * heard.slope)
        elif isinstance(heard.layer, Dropout):
            np.testing.assert_array_equal(heard.y, heard.x * heard.factors)
        elif isinstance(heard.layer, Residual):
            inner = by_place[(*heard.place, 0)]
            around = by_place.get((*heard.place, 4))
            there = heard.x if around is None else around.y
            np.testing.assert_array_equal(heard.y, by_place[(*heard.place, 3)].y + there)
            back = heard.d_y if around is None else around.d_x
            np.testing.assert_array_equal(heard.d_x, inner.d_x + back)
        else:
            gains, shifts = (heard.of(lesson.before.parameters, k) for k in (0, 1))
            np.testing.assert_array_equal(heard.y, heard.normalized * gains + shifts)
            made = (heard.x - heard.mean) * heard.inverse_spread
            np.testing.assert_array_equal(heard.normalized, made)
    # Every parameter belongs to one layer, and the network is left alone.
    covered = sorted(s.start for heard in lesson.heard for s, _ in heard.stretches)
    assert covered[0] == 0
    assert len(set(covered)) == len(covered)
    total = sum(s.stop - s.start for heard in lesson.heard for s, _ in heard.stretches)
    assert total == lesson.before.parameters.size


def test_the_loss_after_is_of_the_same_batch_with_the_same_units_dropped() -> None:
    lesson = a_lesson(network_of_all_kinds(), learning_rate=0.0)
    assert lesson.loss_after == pytest.approx(lesson.loss, abs=1e-6)
    fallen = a_lesson(network_of_all_kinds(), learning_rate=1e-3)
    assert fallen.loss_after < fallen.loss
    assert not np.array_equal(fallen.said, fallen.said_after)


def test_a_twin_draws_the_same_luck_and_shares_nothing() -> None:
    network = network_of_all_kinds(0.5)
    x = np.random.default_rng(0).random((6, 12), np.float32)
    copy = twin(network)
    for _ in range(2):
        one = network.forward(x, training=True).tobytes()
        assert copy.forward(x, training=True).tobytes() == one


def test_overflow_is_told_not_taken() -> None:
    network = Network.build([3, 4, 2], "relu", np.random.default_rng(0))
    network.parameters[...] = 1e30
    assert not a_lesson(network).finite
    with pytest.raises(ValueError, match="at least one digit"):
        a_lesson(network, n=0)


@pytest.mark.parametrize("activation", ["relu", "gelu", "tanh"])
def test_three_ways_to_ask_for_every_kind_of_gradient(activation: str) -> None:
    network = Network.build(
        [8, 6, 6, 5, 4],
        activation,
        np.random.default_rng(3),
        normalization="batch_norm",
        skip="residual",
        dropout_rng=np.random.default_rng(4),
    )
    network.set_dropout(0.3)
    lesson = a_lesson(network, smoothing=0.1)
    examiner = Examiner(lesson)
    rng = np.random.default_rng(5)
    measured = asked = 0
    for place in range(len(lesson.heard) + 1):
        last = place == len(lesson.heard)
        whole = lesson.d_logits if last else lesson.heard[place].d_x
        arrays: list[tuple[int | None, Any]] = [(None, whole)]
        if not last:
            heard = lesson.heard[place]
            n = len(heard.stretches)
            arrays += [(k, np.atleast_2d(heard.of(lesson.gradients, k))) for k in range(n)]
        for parameter, array in arrays:
            for _ in range(3):
                i, j = (int(rng.integers(size)) for size in array.shape)
                opinion = examiner.ask(Gradient(place, parameter), (i, j))
                assert opinion.trained == array[i, j]
                assert opinion.by_hand == pytest.approx(opinion.trained, rel=1e-2, abs=1e-5)
                assert opinion.passed, (place, parameter, opinion)
                asked += 1
                measured += opinion.by_difference is not None
    assert asked > 80
    assert measured > 0.8 * asked
    # To have asked has changed nothing.
    again = Examiner(lesson).ask(Gradient(0, 0), (0, 0))
    assert examiner.ask(Gradient(0, 0), (0, 0)) == again


def test_a_wrong_backward_pass_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    right = SoftmaxCrossEntropy.backward
    monkeypatch.setattr(SoftmaxCrossEntropy, "backward", lambda self: right(self) * 1.001)
    lesson = a_lesson(Network.build([8, 6, 4], "tanh", np.random.default_rng(0)))
    examiner = Examiner(lesson)
    for gradient in (Gradient(0, 0), Gradient(0), Gradient(len(lesson.heard))):
        opinion = examiner.ask(gradient, (1, 2))
        assert not opinion.passed
        assert opinion.autograd_error == pytest.approx(1e-3, rel=0.1)
        assert opinion.difference_error == pytest.approx(1e-3, rel=0.1)
