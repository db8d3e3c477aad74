"""Whole networks: gradients of any stack, and one flat vector that really is the parameters."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.activations import ACTIVATIONS
from nn.batch_norm import BatchNorm
from nn.inspect import gradient_check
from nn.layers import Activation, Dense, Dropout
from nn.losses import SoftmaxCrossEntropy, softmax
from nn.network import Network
from nn.residual import Residual

shapes = st.lists(st.integers(1, 7), min_size=2, max_size=5).map(lambda s: [*s[:-1], s[-1] + 1])
seeds = st.integers(0, 2**32 - 1)


def example(
    sizes: list[int], activation: str, n: int, seed: int, dtype: type[np.floating] = np.float64
) -> tuple[Network, np.ndarray, np.ndarray]:
    """A network with random biases, inputs (n, sizes[0]) and labels (n,)."""
    rng = np.random.default_rng(seed)
    network = Network.build(sizes, activation, rng, dtype)
    network.parameters += 0.1 * rng.standard_normal(network.parameters.size).astype(dtype)
    return network, rng.standard_normal((n, sizes[0])).astype(dtype), rng.integers(0, sizes[-1], n)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu"])
@settings(deadline=None, max_examples=30)
@given(sizes=shapes, n=st.integers(1, 6), seed=seeds)
def test_gradients_of_smooth_networks_are_central_differences(
    activation: str,
    sizes: list[int],
    n: int,
    seed: int,
    numeric_gradient: Callable[..., np.ndarray],
    assert_agree: Callable[..., None],
) -> None:
    network, x, labels = example(sizes, activation, n, seed)
    loss = SoftmaxCrossEntropy(sizes[-1], np.float64)
    loss.forward(network.forward(x), labels)
    network.backward(loss.backward())
    analytic = network.gradients.copy()

    def f() -> float:
        return loss.forward(network.forward(x), labels)

    assert_agree(analytic, numeric_gradient(f, network.parameters))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@settings(deadline=None, max_examples=30)
@given(sizes=shapes, n=st.integers(1, 6), seed=seeds)
def test_gradients_of_any_network_pass_the_check(
    activation: str, sizes: list[int], n: int, seed: int
) -> None:
    result = gradient_check(*example(sizes, activation, n, seed))
    assert result.worst is None or result.worst.error <= 1e-6, result.worst
    # Bad luck may put a few coordinates on a kink, never most of them.
    assert result.passed
    assert result.measured + result.at_kinks == sum(
        (a + 1) * b for a, b in itertools.pairwise(sizes)
    )


@settings(deadline=None)
@given(sizes=shapes, seed=seeds)
def test_every_parameter_is_a_view_of_the_flat_vector(sizes: list[int], seed: int) -> None:
    network, _, _ = example(sizes, "relu", 1, seed, np.float32)
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    places = np.arange(network.parameters.size, dtype=np.float32)
    network.parameters[...] = places
    network.gradients[...] = -places
    # Matrices first, and in each half the layers in their order.
    own = [layer.weights.ravel() for layer in dense] + [layer.biases for layer in dense]
    np.testing.assert_array_equal(np.concatenate(own), places)
    own = [layer.d_weights.ravel() for layer in dense] + [layer.d_biases for layer in dense]
    np.testing.assert_array_equal(np.concatenate(own), -places)
    # And the other way round: a change of a layer's array is a change of the vector.
    dense[-1].biases[-1] = 0.5
    dense[0].d_weights[0, 0] = 0.25
    assert network.parameters[-1] == 0.5
    assert network.gradients[0] == 0.25


def variant(
    sizes: list[int], normalization: str, skip: str, dropout: bool = True, **options: Any
) -> Network:
    luck = np.random.default_rng(1) if dropout else None
    return Network.build(
        sizes,
        "relu",
        np.random.default_rng(0),
        normalization=normalization,
        skip=skip,
        dropout_rng=luck,
        **options,
    )


variants = {
    "sizes": shapes,
    "normalization": st.sampled_from(["none", "batch_norm"]),
    "skip": st.sampled_from(["none", "residual"]),
}


@settings(deadline=None)
@given(**variants)
def test_every_number_has_one_place_and_the_matrices_come_first(
    sizes: list[int], normalization: str, skip: str
) -> None:
    network = variant(sizes, normalization, skip)
    met = np.zeros(network.parameters.size, int)
    for layer, starts in zip(network.layers, network.places, strict=True):
        for start, shape in zip(starts, layer.parameter_shapes(), strict=True):
            size = math.prod(shape)
            met[start : start + size] += 1
            assert (start < network.n_decayed) == (len(shape) == 2)
    np.testing.assert_array_equal(met, 1)
    # What the layers hold, found from the layers' side.
    network.parameters[...] = np.arange(network.parameters.size)
    network.state[...] = np.arange(network.state.size)
    held, remembered = [], []
    for leaf in network.walk():
        if isinstance(leaf, Dense):
            held += [leaf.weights.ravel(), *([] if leaf.biases is None else [leaf.biases])]
        elif isinstance(leaf, BatchNorm):
            held += [leaf.gains, leaf.shifts]
            remembered += [leaf.running_mean, leaf.running_variance]
    np.testing.assert_array_equal(np.sort(np.concatenate(held)), network.parameters)
    if remembered:
        np.testing.assert_array_equal(np.concatenate(remembered), network.state)
    assert bool(remembered) == (normalization == "batch_norm" and len(sizes) > 2)


@settings(deadline=None)
@given(**variants)
def test_the_count_is_what_is_built(sizes: list[int], normalization: str, skip: str) -> None:
    network = variant(sizes, normalization, skip)
    counted = Network.count(sizes, "relu", normalization=normalization, skip=skip)
    assert counted == (network.parameters.size, network.state.size)


def test_to_count_a_giant_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        n, _ = Network.count([784, *[8192] * 16, 10], "relu", normalization="none", skip="residual")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert n == 784 * 8192 + 8192 + 15 * (8192 * 8192 + 8192) + 8192 * 10 + 10


def test_what_a_hidden_layer_is_made_of() -> None:
    plain = variant([6, 5, 5, 3], "none", "none", dropout=False)
    assert [type(layer) for layer in plain.layers] == [Dense, Activation] * 2 + [Dense]
    full = variant([6, 5, 5, 4, 3], "batch_norm", "residual")
    hidden = [Dense, BatchNorm, Activation, Dropout]
    # The first one's input is pixels: there is no way around it.
    assert [type(layer) for layer in full.layers] == [*hidden, Residual, Residual, Dense]
    for block, projected in ((full.layers[4], False), (full.layers[5], True)):
        assert isinstance(block, Residual)
        assert [type(layer) for layer in block.block] == hidden
        assert (block.projection is not None) == projected
    assert [type(layer) for layer in full.walk()] == [*hidden, *hidden, *hidden, Dense, Dense]
    # Batch norm takes the mean off again, so a bias before it would be idle.
    leaves = [layer for layer in full.walk() if isinstance(layer, Dense)]
    assert [layer.biases is None for layer in leaves] == [True, True, True, True, False]


def test_initialisers_by_name_and_the_same_luck_whatever_else_is_on() -> None:
    plain = variant([6, 5, 5, 3], "none", "none", dropout=False)
    for others in (("none", "none"), ("batch_norm", "none"), ("none", "residual")):
        other = variant([6, 5, 5, 3], *others)
        n = plain.n_decayed
        np.testing.assert_array_equal(other.parameters[:n], plain.parameters[:n])
    for name, factor in (("he", 1), ("lecun", math.sqrt(0.5))):
        scaled = variant([6, 5, 5, 3], "none", "none", initializer=name)
        np.testing.assert_allclose(scaled.parameters, factor * plain.parameters, rtol=1e-6)


def test_a_twin_knows_the_running_statistics() -> None:
    network = variant([6, 5, 5, 3], "batch_norm", "residual")
    network.state[...] = np.linspace(0.5, 2, network.state.size)
    twin = network.at_precision(np.float64)
    np.testing.assert_array_equal(twin.state, network.state)
    x = np.ones((2, 6), np.float32)
    np.testing.assert_allclose(twin.forward(x), network.forward(x), rtol=1e-4, atol=1e-5)
    twin.forward(x, training=True)
    assert (twin.state != network.state).any()
    assert not np.shares_memory(twin.state, network.state)


def test_the_vectors_stay_the_same_objects_through_a_step() -> None:
    network, x, labels = example([5, 4, 3], "relu", 6, 0, np.float32)
    parameters, gradients = network.parameters, network.gradients
    loss = SoftmaxCrossEntropy(3)
    loss.forward(network.forward(x), labels)
    network.backward(loss.backward())
    assert gradients.any()
    assert network.parameters is parameters
    assert network.gradients is gradients
    first = network.layers[0]
    assert isinstance(first, Dense)
    assert np.shares_memory(first.d_weights, gradients)


def test_gradients_are_overwritten_never_added_to() -> None:
    network, x, labels = example([5, 4, 3], "tanh", 6, 0)
    loss = SoftmaxCrossEntropy(3, np.float64)

    def gradients() -> np.ndarray:
        loss.forward(network.forward(x), labels)
        network.backward(loss.backward())
        return network.gradients.copy()

    first = gradients()
    network.gradients.fill(np.nan)
    np.testing.assert_array_equal(gradients(), first)


@settings(deadline=None, max_examples=30)
@given(batches=st.lists(st.integers(1, 12), min_size=2, max_size=14), seed=seeds)
def test_a_batch_is_not_changed_by_the_batches_before_it(batches: list[int], seed: int) -> None:
    used, _, _ = example([6, 5, 4], "relu", 1, 0, np.float32)
    used_loss = SoftmaxCrossEntropy(4)
    rng = np.random.default_rng(seed)
    for n in batches:
        fresh, _, _ = example([6, 5, 4], "relu", 1, 0, np.float32)
        x = rng.standard_normal((n, 6)).astype(np.float32)
        labels = rng.integers(0, 4, n)
        losses = []
        for network, loss in ((used, used_loss), (fresh, SoftmaxCrossEntropy(4))):
            losses.append(loss.forward(network.forward(x), labels))
            network.backward(loss.backward())
        assert losses[0] == losses[1]
        np.testing.assert_array_equal(used.gradients, fresh.gradients)


def test_the_loss_of_a_batch_is_the_mean_over_its_digits() -> None:
    network, x, labels = example([6, 5, 4], "gelu", 10, 0)
    loss = SoftmaxCrossEntropy(4, np.float64)
    one_by_one = [loss.forward(network.forward(x[i : i + 1]), labels[i : i + 1]) for i in range(10)]
    together = loss.forward(network.forward(x), labels)
    assert together == pytest.approx(np.mean(one_by_one), rel=1e-12)


def test_single_precision_gradients_follow_double() -> None:
    network, x, labels = example([784, 128, 64, 10], "relu", 128, 0, np.float32)
    twin = network.at_precision(np.float64)
    for one, dtype in ((network, np.float32), (twin, np.float64)):
        loss = SoftmaxCrossEntropy(10, dtype)
        loss.forward(one.forward(x.astype(dtype)), labels)
        one.backward(loss.backward())
    difference = np.linalg.norm(network.gradients - twin.gradients)
    assert difference < 1e-5 * np.linalg.norm(twin.gradients)


def test_a_twin_shares_nothing() -> None:
    network, x, _ = example([5, 4, 3], "relu", 2, 0, np.float32)
    twin = network.at_precision(np.float64)
    np.testing.assert_array_equal(twin.parameters, network.parameters)
    np.testing.assert_allclose(twin.forward(x), network.forward(x), rtol=1e-5, atol=1e-6)
    twin.parameters += 1
    assert not np.shares_memory(twin.parameters, network.parameters)
    assert (twin.parameters != network.parameters).all()


def test_probabilities_are_the_softmax_of_the_logits_in_an_array_of_their_own() -> None:
    network, x, _ = example([6, 5, 4], "relu", 3, 0, np.float32)
    p = network.predict_probabilities(x)
    expected = softmax(network.forward(x).copy())
    network.forward(np.zeros_like(x))
    np.testing.assert_array_equal(p, expected)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)


def test_a_network_knows_its_shape() -> None:
    network, _, _ = example([784, 128, 64, 10], "relu", 1, 0, np.float32)
    assert (network.n_inputs, network.n_classes) == (784, 10)
    assert network.parameters.size == 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10
    assert network.parameters.dtype == network.gradients.dtype == np.float32
    kinds = [type(layer) for layer in network.layers]
    assert kinds == [Dense, Activation, Dense, Activation, Dense]


def test_layers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="3 outputs cannot feed one with 4 inputs"):
        Network([Dense(5, 3), Dense(4, 2)])
