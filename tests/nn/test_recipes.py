"""The published recipes on the real MNIST: slow, and only where INKLING_DATA names its folder."""

from __future__ import annotations

import pytest

from nn.batches import Batches
from nn.data import Dataset, default_split, split
from nn.events import EpochDone, RunFinished
from nn.inspect import gradient_check
from nn.presets import resolve
from nn.trainer import Trainer

pytestmark = pytest.mark.slow


@pytest.mark.timeout(600)
def test_quick_reaches_98_percent_of_the_official_test_set(mnist: Dataset) -> None:
    h = resolve("quick", {})
    trainer = Trainer(h, split(mnist, default_split(mnist), h.seed))
    finished = list(trainer.run())[-1]
    assert isinstance(finished, RunFinished)
    assert finished.test_accuracy >= 0.98
    assert len(trainer.test) == 10_000


@pytest.mark.timeout(600)
def test_the_tutorials_recipe_reaches_what_it_promises(mnist: Dataset) -> None:
    h = resolve("tutorial", {})
    trainer = Trainer(h, split(mnist, h.split, h.seed))
    accuracies = [e.test_accuracy for e in trainer.run() if isinstance(e, EpochDone)]
    assert len(trainer.test) == 14_000
    assert len(accuracies) == 50
    assert accuracies[-1] >= 0.972


@pytest.mark.timeout(600)
def test_gradients_agree_on_real_digits_before_and_after_training(mnist: Dataset) -> None:
    h = resolve("quick", {"epochs": 1})
    trainer = Trainer(h, split(mnist, "official", h.seed))
    digits = trainer.split
    first = Batches(digits.train_images, digits.train_labels, digits.pixel_max, 32)
    x, labels = first.stretch(0, 32)
    for _ in range(2):
        result = gradient_check(trainer.network, x, labels, sample=300)
        assert result.passed, result.worst
        for _ in trainer.run():
            pass
