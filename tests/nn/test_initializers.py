"""The spread of the weights, and what it is for: a signal that keeps its size through a network."""

from __future__ import annotations

import numpy as np
import pytest

from nn.initializers import Initializer, glorot, he, lecun, suited_to
from nn.network import Network


@pytest.mark.parametrize(
    ("initialiser", "variance"),
    [(he, 2 / 300), (glorot, 2 / (300 + 500)), (lecun, 1 / 300)],
    ids=["he", "glorot", "lecun"],
)
def test_the_weights_are_normal_with_the_documented_variance(
    initialiser: Initializer, variance: float
) -> None:
    weights = np.full((300, 500), np.nan)
    initialiser(weights, np.random.default_rng(7))
    scaled = weights / np.sqrt(variance)
    # 150,000 draws: the standard error is 0.0026 for the mean, 0.0037 for the variance.
    assert abs(scaled.mean()) < 0.013
    assert abs(scaled.var() - 1) < 0.019
    # A normal distribution, not a uniform one: its fourth moment is 3.
    assert abs((scaled**4).mean() - 3) < 0.13
    # And no structure along rows or columns.
    assert abs(scaled.mean(axis=0)).max() < 5 / np.sqrt(300)
    assert abs(scaled.mean(axis=1)).max() < 5 / np.sqrt(500)


def test_a_seed_starts_the_same_network_at_any_precision() -> None:
    single, double = (
        Network.build([6, 5, 3], "relu", np.random.default_rng(3), dtype)
        for dtype in (np.float32, np.float64)
    )
    np.testing.assert_array_equal(single.parameters, double.parameters.astype(np.float32))
    assert np.count_nonzero(double.parameters) == 6 * 5 + 5 * 3


def test_each_activation_gets_the_rule_that_suits_it() -> None:
    assert {name: suited_to(name) for name in ("relu", "tanh", "sigmoid", "gelu")} == {
        "relu": he,
        "tanh": glorot,
        "sigmoid": glorot,
        "gelu": he,
    }


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_he_keeps_the_signal_through_thirty_layers(activation: str) -> None:
    rng = np.random.default_rng(0)
    network = Network.build([256] * 31, activation, rng, np.float64)
    x = rng.standard_normal((64, 256))
    ratio = np.mean(network.forward(x) ** 2) / np.mean(x**2)
    # Each layer's width of 256 leaves a little luck; half or double per layer would be 2**30.
    assert 0.1 < ratio < 10


def test_biases_start_at_zero() -> None:
    network = Network.build([8, 7, 6], "tanh", np.random.default_rng(0))
    assert network.n_decayed == 8 * 7 + 7 * 6
    biases = network.parameters[network.n_decayed :]
    assert not biases.any()
    assert len(biases) == 7 + 6
