"""Alerts by made-up curves: one for each thing that is amiss, and none where all is well."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import MakeSplit, everything, plain, square, untimed

from nn.batches import Batches
from nn.events import EpochDone, StepDone
from nn.health import WINDOW, Alert, Finding, Kind, Monitor, Settled
from nn.layers import Dense
from nn.losses import SoftmaxCrossEntropy
from nn.network import Network
from nn.trainer import Trainer
from nn.vitals import Vitals, examine


def of_steps(losses: Sequence[float], monitor: Monitor | None = None) -> list[Finding]:
    monitor = monitor or Monitor()
    found: list[Finding] = []
    for step, loss in enumerate(losses, start=1):
        found += monitor.step(StepDone(step, 1, loss, 0.1, 1.0))
    return found


def epoch(number: int, train: float, test: float, validation: float | None = None) -> EpochDone:
    return EpochDone(number, 10 * number, train, test, 0.9, 0.1, 1.0, 1.0, validation, validation)


def of_epochs(
    trains: Sequence[float], tests: Sequence[float], vitals: Sequence[Vitals] = ()
) -> list[Finding]:
    monitor = Monitor()
    found: list[Finding] = []
    for i, (train, test) in enumerate(zip(trains, tests, strict=True)):
        found += monitor.epoch(epoch(i + 1, train, test), vitals[i] if vitals else None)
    return found


def kinds(found: Sequence[Finding]) -> list[tuple[str, Kind]]:
    return [(type(finding).__name__, finding.kind) for finding in found]


def noise(n: int, scale: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, n)


def test_what_another_monitor_has_told_is_told_again_only_once_it_has_settled() -> None:
    ill, well = Vitals((0.6,), 0.6, (), ()), Vitals((0.0,), 0.0, (), ())
    monitor = Monitor()
    monitor.recall(Alert("dead_units", 10, 1, 0.6, 0.1))
    said = [kinds(monitor.epoch(epoch(i, 1 / i, 1 / i), v)) for i, v in enumerate((ill, well), 2)]
    assert said == [[], [("Settled", "dead_units")]]
    monitor.recall(Alert("dead_units", 50, 5, 0.6, 0.1))
    monitor.recall(Settled("dead_units", 60))
    again = [kinds(monitor.epoch(epoch(i, 1 / i, 1 / i), ill)) for i in (7, 8)]
    assert ("Alert", "dead_units") in again[0] + again[1]


def test_a_jump_is_told_once_with_its_numbers_and_once_that_it_is_over() -> None:
    calm, high = 0.5 + noise(300, 0.05), 3 + noise(20, 0.05, 1)
    found = of_steps([*calm, *high, *calm, *calm])
    assert kinds(found) == [("Alert", "spike"), ("Settled", "spike")]
    alert, settled = found
    assert isinstance(alert, Alert)
    assert 301 <= alert.step <= 305
    assert alert.value > 0.8
    assert alert.usual == pytest.approx(0.5, abs=0.05)
    assert settled.step >= 320 + WINDOW - 20


@pytest.mark.parametrize("seed", range(5))
def test_a_noisy_loss_that_falls_is_no_news(seed: int) -> None:
    steps = np.arange(5000)
    losses = 2.3 * np.exp(-steps / 300) + 0.1
    losses *= np.exp(noise(5000, 0.4, seed))
    assert of_steps(losses.tolist()) == []


def test_one_hard_batch_is_no_news_and_three_deviations_are_meant() -> None:
    assert of_steps([0.01] * 200 + [0.6] + [0.01] * 200) == []
    for factor, told in ((2.5, False), (4.0, True)):
        before = np.tile([0.8, 1.2], WINDOW)
        assert bool(of_steps([*before, *[1 + factor * 0.2] * 5])) == told


def test_the_knobs_that_change_what_a_loss_is_make_no_jump() -> None:
    monitor = Monitor()
    assert of_steps([0.5] * 200, monitor) == []
    monitor.forget_losses()
    assert of_steps([2.5] * 200, monitor) == []
    assert kinds(of_steps([9.0] * 5, monitor)) == [("Alert", "spike")]


def test_what_the_loss_meant_before_is_no_measure_of_it() -> None:
    monitor = Monitor()
    found: list[Finding] = []
    for i in range(1, 30):
        if i == 8:
            monitor.forget_losses()
        # Twice the loss, as with label smoothing, and then it falls on.
        found += monitor.epoch(epoch(i, 0.99**i, (0.3 if i < 8 else 0.6) * 0.99**i))
    assert found == []


def test_a_tenth_of_the_units_is_told_when_it_lasts_and_a_third_at_once() -> None:
    falling = [0.9, 0.8, 0.7, 0.6]
    few, many = vitals(share=0.12), vitals(share=0.4)
    assert [f.epoch for f in of_epochs(falling, falling, [few] * 4) if isinstance(f, Alert)] == [2]
    assert of_epochs(falling, falling, [few, vitals(), few, vitals()]) == []
    assert [f.epoch for f in of_epochs(falling, falling, [many] * 4) if isinstance(f, Alert)] == [1]


def test_no_better_for_ten_epochs_is_told_once_and_over_when_it_is_better() -> None:
    tests = [1.0, 0.5, *[0.5] * 25, 0.4, *[0.4] * 9]
    found = of_epochs([0.6] * len(tests), tests)
    assert kinds(found) == [("Alert", "plateau"), ("Settled", "plateau")]
    assert found[0] == Alert("plateau", 120, 12, 0.5, 0.5, since=2)
    assert found[1] == Settled("plateau", 280)


def test_overfitting_is_a_test_loss_that_rises_while_the_other_falls() -> None:
    trains = [0.9**i for i in range(30)]
    tests = [0.8**i for i in range(8)] + [0.8**7 * 1.03**i for i in range(22)]
    found = of_epochs(trains, tests)
    assert kinds(found) == [("Alert", "overfitting")]
    (alert,) = found
    assert isinstance(alert, Alert)
    assert alert.value > 1.1 * alert.usual
    assert alert.since == 8 or alert.since == 9
    # Where both rise it is something else, and where the other only wavers, nothing.
    assert "overfitting" not in {f.kind for f in of_epochs([0.5, *[0.6] * 9], tests[4:14])}
    wavering = [0.5 + 0.03 * (-1) ** i for i in range(9)]
    assert of_epochs(trains[:9], wavering) == []


def test_why_it_gets_no_better_is_told_and_not_that_it_does_not() -> None:
    found = of_epochs([2.3] * 30, [2.3] * 30, [vitals(first=1e-5)] * 30)
    assert kinds(found) == [("Alert", "vanishing")]
    found = of_epochs([2.3] * 30, [2.3] * 30, [vitals(share=0.95)] * 30)
    assert kinds(found) == [("Alert", "dead_units")]


def test_it_is_the_validation_loss_that_counts_where_there_is_one() -> None:
    monitor = Monitor()
    found: list[Finding] = []
    for i in range(1, 15):
        found += monitor.epoch(epoch(i, 0.5, 1 / i, validation=0.5))
    assert kinds(found) == [("Alert", "plateau")]


def vitals(share: float = 0.0, norm: float = 1.0, first: float = 1.0) -> Vitals:
    return Vitals((0.0, share), share, (norm, 0.5), (first, 1.0))


@pytest.mark.parametrize(
    ("kind", "make", "trembling", "well"),
    [
        ("dead_units", lambda v: vitals(share=v), (0.12, 0.09, 0.11), 0.04),
        ("exploding", lambda v: vitals(norm=v), (120, 90, 110), 20),
        ("vanishing", lambda v: vitals(first=v), (9e-4, 1.1e-3, 9e-4), 4e-3),
    ],
)
def test_a_value_that_trembles_at_its_threshold_is_one_alert(
    kind: Kind, make: Callable[[float], Vitals], trembling: Sequence[float], well: float
) -> None:
    values = [well, *trembling * 3, well, trembling[0], trembling[0]]
    falling = [1 / (i + 1) for i in range(len(values))]
    found = of_epochs(falling, falling, [*map(make, values)])
    assert kinds(found) == [("Alert", kind), ("Settled", kind), ("Alert", kind)]
    first = found[0]
    assert isinstance(first, Alert)
    assert first.layer == (2 if kind == "dead_units" else 1)


numbers = st.floats(0, 1e30) | st.sampled_from([0.0, math.inf, 1e-300])


@settings(max_examples=40, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=260), st.lists(numbers, min_size=4, max_size=4))
def test_no_numbers_raise_and_alerts_and_their_ends_take_turns(
    losses: list[float], more: list[float]
) -> None:
    monitor = Monitor()
    found = of_steps(losses, monitor)
    for i, loss in enumerate(losses):
        sick = Vitals((more[0],), more[0], (more[1], more[2]), (more[3], more[1]))
        found += monitor.epoch(epoch(i + 1, more[2], loss), sick if i % 2 else vitals())
    alerts = [finding for finding in found if isinstance(finding, Alert)]
    assert all(math.isfinite(alert.value) and math.isfinite(alert.usual) for alert in alerts)
    for kind in {finding.kind for finding in found}:
        mine = [type(finding) for finding in found if finding.kind == kind]
        assert mine == [Alert, Settled] * (len(mine) // 2) + [Alert] * (len(mine) % 2)


def test_the_vitals_of_a_network_that_is_known() -> None:
    network = Network.build([4, 6, 5, 3], "relu", np.random.default_rng(0))
    first, second, last = (layer for layer in network.walk() if isinstance(layer, Dense))
    first.biases[:3] = -100  # Never on again,
    second.biases[0] = -100  # nor is this one.
    x = np.random.default_rng(1).random((50, 4), np.float32)
    labels = np.arange(50, dtype=np.uint8) % 3
    found = examine(network, x, labels, SoftmaxCrossEntropy(3))
    assert found.dead[0] >= 3 / 6
    assert found.dead[1] >= 1 / 5
    assert found.share_dead == pytest.approx((found.dead[0] * 6 + found.dead[1] * 5) / 11)
    for norm, strength, layer in zip(
        found.norms, found.strengths, (first, second, last), strict=True
    ):
        assert norm == pytest.approx(np.linalg.norm(layer.d_weights))
        assert strength == pytest.approx(np.sqrt(np.mean(layer.d_weights**2)))


@pytest.mark.parametrize("make", [plain, everything])
def test_an_examination_between_two_steps_changes_no_bit(
    make_split: MakeSplit, make: Callable[..., object]
) -> None:
    digits = square(make_split())

    def run(*, examined: bool) -> tuple[list[str], bytes]:
        trainer = Trainer(make(), digits)  # type: ignore[arg-type]
        probe = Batches(digits.train_images, digits.train_labels, digits.pixel_max, 30)
        told = []
        for event in trainer.run():
            told.append(untimed(event))
            if examined and isinstance(event, (EpochDone, StepDone)):
                x, labels = probe.gather(np.arange(30))
                examine(trainer.network, x, labels, trainer.plain_loss)
        return told, trainer.network.parameters.tobytes()

    assert run(examined=True) == run(examined=False)


def test_a_deep_sigmoid_is_said_to_vanish_and_a_usual_network_is_not() -> None:
    rng = np.random.default_rng(0)
    x, labels = rng.random((64, 64), np.float32), rng.integers(0, 10, 64).astype(np.uint8)
    for sizes, activation, told in (
        ([64, *[32] * 7, 10], "sigmoid", True),
        ([64, 128, 64, 10], "relu", False),
    ):
        network = Network.build(sizes, activation, np.random.default_rng(0))
        found = Monitor().epoch(
            epoch(1, 1.0, 1.0), examine(network, x, labels, SoftmaxCrossEntropy(10))
        )
        assert ("Alert", "vanishing") in kinds(found) or not told
        assert told or "vanishing" not in {finding.kind for finding in found}
