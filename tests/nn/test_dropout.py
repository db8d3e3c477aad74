"""Dropout: what it drops, what it keeps in the mean, and whose luck it uses up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import SameMask, assert_no_memory, check_backward

from nn.layers import Dropout
from nn.network import Network

rates = st.floats(0.01, 0.95)


def dropout(width: int, rate: float, seed: int = 0, dtype: type = np.float32) -> Dropout:
    return Dropout(width, rate, np.random.default_rng(seed), dtype)


@settings(deadline=None, max_examples=30)
@given(rate=rates, seed=st.integers(0, 2**32 - 1))
def test_values_are_dropped_or_enlarged_and_the_mean_is_kept(rate: float, seed: int) -> None:
    y = dropout(500, rate, seed).forward(np.ones((100, 500), np.float32), training=True)
    kept = y != 0
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-6)
    # 50,000 draws: five standard deviations of the share, and of the mean.
    spread = np.sqrt(rate * (1 - rate) / y.size)
    assert abs(kept.mean() - (1 - rate)) < 5 * spread
    assert abs(y.mean(dtype=float) - 1) < 5 * spread / (1 - rate)


@pytest.mark.parametrize(("rate", "training"), [(0.0, True), (0.5, False), (0.0, False)])
def test_nothing_is_dropped_at_rate_zero_or_when_asked(rate: float, training: bool) -> None:
    layer = dropout(4, rate)
    luck = layer.rng.bit_generator.state
    x, d = np.ones((3, 4), np.float32), np.full((3, 4), 2, np.float32)
    np.testing.assert_array_equal(layer.forward(x, training=training), 1)
    np.testing.assert_array_equal(layer.backward(d), 2)
    # Nor is any luck used up: with dropout off, a run draws what it drew before there was any.
    assert layer.rng.bit_generator.state == luck


def test_a_question_after_a_step_lets_everything_through_again() -> None:
    layer = dropout(40, 0.5)
    x = np.ones((3, 40), np.float32)
    assert (layer.forward(x, training=True) == 0).any()
    np.testing.assert_array_equal(layer.forward(x), 1)
    np.testing.assert_array_equal(layer.backward(x.copy()), 1)
    layer.rate = 0
    np.testing.assert_array_equal(layer.forward(x, training=True), 1)


def test_the_way_back_drops_the_same_values() -> None:
    layer = dropout(30, 0.3)
    y = layer.forward(np.ones((20, 30), np.float32), training=True).copy()
    np.testing.assert_array_equal(layer.backward(np.ones((20, 30), np.float32)), y)


@settings(deadline=None)
@given(n=st.integers(1, 6), width=st.integers(1, 6), rate=rates, seed=st.integers(0, 99))
def test_gradients_are_central_differences(
    n: int,
    width: int,
    rate: float,
    seed: int,
    numeric_gradient: Callable[..., np.ndarray],
    assert_agree: Callable[..., None],
) -> None:
    layer = Dropout(width, rate, SameMask(seed), np.float64)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, width))
    check_backward(layer, x, rng, numeric_gradient, assert_agree, training=True)


@settings(deadline=None, max_examples=30)
@given(batches=st.lists(st.integers(1, 12), min_size=2, max_size=14), seed=st.integers(0, 99))
def test_a_batch_is_not_changed_by_the_batches_before_it(batches: list[int], seed: int) -> None:
    assert_no_memory(
        lambda: Dropout(5, 0.4, SameMask(seed), np.float64), batches, seed, training=True
    )


def test_same_seed_same_masks_another_for_every_batch() -> None:
    x = np.ones((8, 16), np.float32)
    one, same, other = dropout(16, 0.5), dropout(16, 0.5), dropout(16, 0.5, seed=1)
    first = one.forward(x, training=True).copy()
    np.testing.assert_array_equal(first, same.forward(x, training=True))
    assert (first != one.forward(x, training=True)).any()
    assert (first != other.forward(x, training=True)).any()


def test_the_input_is_left_alone() -> None:
    x = np.ones((8, 16), np.float32)
    dropout(16, 0.5).forward(x, training=True)
    np.testing.assert_array_equal(x, 1)


def test_the_rate_may_change_between_two_steps() -> None:
    layer = dropout(200, 0.1)
    x = np.ones((50, 200), np.float32)
    for rate in (0.1, 0.7, 0.4):
        layer.rate = rate
        share = (layer.forward(x, training=True) == 0).mean()
        assert share == pytest.approx(rate, abs=0.03)


def test_a_twin_does_not_disturb_the_original() -> None:
    rng = np.random.default_rng(0)
    network = Network.build([6, 9, 9, 3], "relu", rng, dropout_rng=np.random.default_rng(1))
    network.set_dropout(0.5)
    untouched = Network.build(
        [6, 9, 9, 3], "relu", np.random.default_rng(0), dropout_rng=np.random.default_rng(1)
    )
    untouched.set_dropout(0.5)
    twin = network.at_precision(np.float64)
    x = np.ones((4, 6), np.float32)
    for _ in range(3):
        twin.forward(x.astype(float), training=True)
    twin.set_dropout(0.1)
    np.testing.assert_array_equal(
        network.forward(x, training=True), untouched.forward(x, training=True)
    )


def test_every_dropout_of_a_network_is_set_at_once_those_inside_others_too() -> None:
    for skip in ("none", "residual"):
        network = Network.build(
            [6, 5, 5, 3],
            "relu",
            np.random.default_rng(0),
            skip=skip,
            dropout_rng=np.random.default_rng(1),
        )
        layers = [layer for layer in network.walk() if isinstance(layer, Dropout)]
        assert [layer.rate for layer in layers] == [0, 0]
        network.set_dropout(0.25)
        assert [layer.rate for layer in layers] == [0.25, 0.25]
        # One stream for all, so that they are not the same mask over and over.
        assert layers[0].rng is layers[1].rng
