"""Each layer by itself: forward against the equation, backward against central differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import assert_no_memory, bound, check_backward

from nn.activations import ACTIVATIONS
from nn.buffers import Buffers
from nn.layers import Activation, Dense, Layer

sizes = st.integers(1, 6)
seeds = st.integers(0, 2**32 - 1)
every_name = pytest.mark.parametrize("name", ACTIVATIONS)


@settings(deadline=None)
@given(n=sizes, n_inputs=sizes, n_outputs=sizes, seed=seeds)
def test_dense_is_its_equation(n: int, n_inputs: int, n_outputs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = Dense(n_inputs, n_outputs, np.float64)
    (weights, _), (biases, _) = bound(layer, rng)
    x = rng.standard_normal((n, n_inputs))
    expected = np.empty((n, n_outputs))
    for s, j in np.ndindex(n, n_outputs):
        expected[s, j] = sum(x[s, i] * weights[i, j] for i in range(n_inputs)) + biases[j]
    np.testing.assert_allclose(layer.forward(x), expected, rtol=1e-12, atol=1e-12)


@given(n=sizes, n_inputs=sizes, n_outputs=sizes, seed=seeds)
def test_dense_without_biases_is_a_product(
    n: int, n_inputs: int, n_outputs: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    layer = Dense(n_inputs, n_outputs, np.float64, biases=False)
    ((weights, _),) = bound(layer, rng)
    x = rng.standard_normal((n, n_inputs))
    np.testing.assert_array_equal(layer.forward(x), x @ weights)
    assert layer.biases is None
    assert layer.parameter_names == ("weights",)
    assert len(layer.at_precision(np.float32).parameter_shapes()) == 1


@pytest.mark.parametrize("biases", [True, False])
@settings(deadline=None)
@given(n=sizes, n_inputs=sizes, n_outputs=sizes, seed=seeds)
def test_dense_gradients_are_central_differences(
    biases: bool,
    n: int,
    n_inputs: int,
    n_outputs: int,
    seed: int,
    numeric_gradient: Callable[..., np.ndarray],
    assert_agree: Callable[..., None],
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, n_inputs))
    layer = Dense(n_inputs, n_outputs, np.float64, biases=biases)
    check_backward(layer, x, rng, numeric_gradient, assert_agree)


@every_name
@settings(deadline=None)
@given(n=sizes, width=sizes, seed=seeds)
def test_activation_gradients_are_central_differences(
    name: str,
    n: int,
    width: int,
    seed: int,
    numeric_gradient: Callable[..., np.ndarray],
    assert_agree: Callable[..., None],
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, width))
    x += np.copysign(0.01, x)  # away from kinks
    layer = Activation(ACTIVATIONS[name], width, np.float64)
    check_backward(layer, x, rng, numeric_gradient, assert_agree)


@pytest.mark.parametrize("kind", ["dense", *ACTIVATIONS])
@settings(deadline=None, max_examples=30)
@given(batches=st.lists(st.integers(1, 12), min_size=2, max_size=14), seed=seeds)
def test_a_batch_is_not_changed_by_the_batches_before_it(
    kind: str, batches: list[int], seed: int
) -> None:
    def make() -> Layer:
        if kind == "dense":
            return Dense(5, 4, np.float64)
        return Activation(ACTIVATIONS[kind], 5, np.float64)

    assert_no_memory(make, batches, seed)


@pytest.mark.parametrize("kind", ["dense", "relu"])
def test_what_nobody_asked_for_is_not_computed(kind: str) -> None:
    layer: Layer = Dense(3, 3) if kind == "dense" else Activation(ACTIVATIONS["relu"], 3)
    pairs = bound(layer, np.random.default_rng(0))
    layer.forward(np.ones((2, 3), np.float32))
    assert layer.backward(np.ones((2, 3), np.float32), need_d_input=False) is None
    # The gradients of its own parameters are filled in all the same.
    assert all(np.isfinite(gradient).all() for _, gradient in pairs)


@pytest.mark.parametrize("kind", ["dense", *ACTIVATIONS])
def test_forward_leaves_its_input_alone(kind: str) -> None:
    layer: Layer = (
        Dense(4, 3, np.float64) if kind == "dense" else Activation(ACTIVATIONS[kind], 4, np.float64)
    )
    bound(layer, np.random.default_rng(0))
    x = np.linspace(-2, 2, 12).reshape(3, 4)
    before = x.copy()
    layer.forward(x)
    layer.backward(np.ones((3, layer.n_outputs)))
    np.testing.assert_array_equal(x, before)


def test_buffers_are_made_once_per_size_and_do_not_pile_up() -> None:
    buffers = Buffers(3, np.float32, fill=1)
    first = buffers(5)
    assert first.shape == (5, 3)
    assert first.dtype == np.float32
    assert (first == 1).all()
    assert buffers(5) is first
    assert not np.shares_memory(buffers(6), first)
    for n in range(100, 200):
        buffers(n)
    assert len(buffers._arrays) <= Buffers._MOST


@pytest.mark.parametrize("kind", ["dense", "gelu"])
def test_at_another_precision_a_layer_is_the_same_and_shares_nothing(kind: str) -> None:
    layer: Layer = Dense(4, 3) if kind == "dense" else Activation(ACTIVATIONS["gelu"], 4)
    twin = layer.at_precision(np.float64)
    assert type(twin) is type(layer)
    assert (twin.n_inputs, twin.n_outputs) == (layer.n_inputs, layer.n_outputs)
    assert twin.parameter_shapes() == layer.parameter_shapes()
    bound(twin, np.random.default_rng(0))
    assert twin.forward(np.ones((2, 4))).dtype == np.float64


@pytest.mark.parametrize("kind", ["dense", "relu"])
def test_every_parameter_has_a_name(kind: str) -> None:
    layer: Layer = Dense(4, 3) if kind == "dense" else Activation(ACTIVATIONS["relu"], 4)
    assert len(layer.parameter_names) == len(layer.parameter_shapes())
