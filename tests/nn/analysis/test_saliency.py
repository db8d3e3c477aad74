"""How logits change with pixels: by hand against by difference, for every kind of network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nn.analysis.saliency import input_gradient, saliency
from nn.network import Network


def build(activation: str = "tanh", **options: str) -> Network:
    rng = np.random.default_rng(2)
    network = Network.build([6, 8, 8, 4], activation, rng, np.float64, **options)
    network.parameters += rng.normal(0, 0.1, network.parameters.shape)
    network.state += rng.uniform(0, 0.5, network.state.shape)
    return network


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "tanh", "sigmoid", "gelu"])
@pytest.mark.parametrize("normalization", ["none", "batch_norm"])
@pytest.mark.parametrize("skip", ["none", "residual"])
def test_the_gradient_by_difference(
    activation: str,
    normalization: str,
    skip: str,
    numeric_gradient: Callable[..., np.ndarray],
    assert_agree: Callable[[np.ndarray, np.ndarray], None],
) -> None:
    network = build(activation, normalization=normalization, skip=skip)
    x = np.random.default_rng(5).uniform(0, 1, 6)

    def logit(toward: int, against: int | None = None) -> float:
        z = network.forward(x[None])[0]
        return float(z[toward] - (z[against] if against is not None else 0))

    step = 1e-5 if activation in ("relu", "leaky_relu", "elu") else 1e-3
    for toward, against in ((0, None), (3, 1)):
        numeric = numeric_gradient(lambda t=toward, a=against: logit(t, a), x, step)
        assert_agree(input_gradient(network, x, toward, against), numeric)
        assert saliency(network, x, toward, against) == pytest.approx(x * numeric, rel=1e-5)


def test_what_a_linear_network_s_pixels_contribute_adds_up_to_the_logit() -> None:
    network = Network.build([6, 3], "relu", np.random.default_rng(0))
    x = np.random.default_rng(1).uniform(0, 1, 6).astype(np.float32)
    network.parameters[-3:] = [0.5, -1, 2]
    for k, bias in enumerate([0.5, -1, 2]):
        logit = network.forward(x[None])[0, k]
        assert saliency(network, x, k).sum() == pytest.approx(logit - bias, abs=1e-6)
    apart = saliency(network, x, 0) - saliency(network, x, 2)
    assert saliency(network, x, 0, 2) == pytest.approx(apart, abs=1e-6)
    assert saliency(network, x, 1, 1) == pytest.approx(np.zeros(6))


def test_a_pixel_without_ink_says_nothing() -> None:
    x = np.array([0, 0.5, 0, 1, 0, 0])
    assert (saliency(build(), x, 2)[x == 0] == 0).all()


def test_training_does_not_ask_for_it() -> None:
    network = build()
    network.forward(np.ones((2, 6)))
    assert network.backward(np.ones((2, 4))) is None


@pytest.mark.parametrize("classes", [(4, None), (-1, None), (0, 4)])
def test_a_class_that_there_is_not(classes: tuple[int, int | None]) -> None:
    with pytest.raises(ValueError, match="classes go from 0 to 3"):
        input_gradient(build(), np.ones(6), *classes)


def test_a_digit_of_another_size() -> None:
    with pytest.raises(ValueError, match=r"\(6,\), not \(7,\)"):
        input_gradient(build(), np.ones(7), 0)
