"""Lessons about a real run: its own network, its digits, steps applied to a copy and undone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nn.lesson import Lesson
from tui.engine.classroom import Classroom, Wish, applied, checked, slower, undone
from tui.engine.hidden import RunNetwork, trainer_of
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]


def test_a_lesson_about_the_run_s_own_network(make_run: Make) -> None:
    run = make_run(epochs=3, batch_size=100, hidden=(12, 9), learning_rate=0.2)
    room = Classroom(run)
    with pytest.raises(RunError, match="no checkpoint yet"):
        room.open(Wish())
    list(Worker(run).run())
    page = room.open(Wish(place=7))
    trainer = trainer_of(run)
    assert (page.epoch, page.step, page.over, page.total) == (3, trainer.step, True, 360)
    assert page.lesson.before.parameters.tobytes() == trainer.network.parameters.tobytes()
    # What it says of the digit is what the run's predictions say.
    assert page.digits.indices.tolist() == [7]
    said = RunNetwork.of_run(run).probabilities(7)
    np.testing.assert_array_equal(page.lesson.said[0], said)

    # A step, another, and back: the trainer's own steps with this digit.
    before = run.checkpoint.read_bytes()
    x, labels = trainer.test.gather(np.array([7]))
    own = Lesson.of_trainer(trainer, x, labels)
    once = applied(page)
    assert once.lesson.before.parameters.tobytes() == own.after.tobytes()
    assert once.before is not None
    assert once.before.lesson.loss_after == once.lesson.loss < page.lesson.loss
    twice = applied(once)
    assert twice.lesson.before.parameters.tobytes() == own.applied().after.tobytes()
    back = undone(twice)
    assert back is not None
    assert back.lesson is once.lesson
    first = undone(back)
    assert first is not None
    assert (first.lesson, first.applied) == (page.lesson, 0)
    assert undone(first) is None
    assert run.checkpoint.read_bytes() == before

    # At half the learning rate, sgd's step is half as long.
    half = slower(page, 1)
    assert half.lesson.learning_rate == page.lesson.learning_rate / 2
    whole, halved = (p.lesson.after - p.lesson.before.parameters for p in (page, half))
    np.testing.assert_allclose(halved, whole / 2, atol=1e-6)

    # Only what it gets wrong; round the corner the first comes again.
    wrong = room.open(Wish(wrong_only=True))
    guesses = np.load(run.predictions).argmax(axis=1)
    there = np.flatnonzero(guesses != trainer.split.test_labels)
    assert wrong.total == len(there)
    assert wrong.digits.indices.tolist() == [there[0]]
    last = room.open(Wish(place=-1, wrong_only=True, count=4))
    assert last.digits.indices.tolist() == [there[-1], *there[:3]]
    assert len(last.lesson.labels) == 4
    assert room.place_of(359) == 359
    with pytest.raises(RunError, match="from 0 to 359"):
        room.place_of(360)


def test_the_whole_network_is_checked_layer_by_layer(make_run: Make) -> None:
    run = make_run(
        epochs=1, batch_size=100, hidden=(12, 9, 9), normalization="batch_norm", skip="residual",
        activation="tanh",
    )  # fmt: skip
    list(Worker(run).run())
    page = Classroom(run).open(Wish())
    assert len(page.digits.labels) == 4  # Of one alone batch norm would leave nothing.
    told: list[tuple[int, int]] = []
    found = checked(page, lambda done, total: told.append((done, total)))
    assert found.check.passed
    assert all(layer.passed for layer in found.layers)
    assert {layer.title.split()[-1] for layer in found.layers} == {"1", "2", "3", "4"}
    assert [done for done, _ in told] == list(range(told[0][1]))
    assert found.check.measured == len(told)

    def enough(done: int, _: int) -> None:
        if done == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        checked(page, enough)


def test_where_numbers_have_overflowed_no_step_is_taken(make_run: Make) -> None:
    run = make_run(epochs=1, batch_size=100, hidden=(12,))
    list(Worker(run).run())
    page = applied(slower(Classroom(run).open(Wish()), -140))
    assert not page.lesson.finite
    with pytest.raises(RunError, match="no longer numbers"):
        applied(page)
