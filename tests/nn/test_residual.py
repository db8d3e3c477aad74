"""Skip connections: the way around a block, forth and back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import SameMask, arrays_of, assert_no_memory, bound, check_backward

from nn.activations import ACTIVATIONS
from nn.batch_norm import BatchNorm
from nn.layers import Activation, Dense, Dropout, Layer
from nn.network import Network
from nn.residual import Residual

sizes = st.integers(1, 5)
seeds = st.integers(0, 2**32 - 1)
KINDS = ("dense", "bend", "dropout", "norm", "nested")


def residual(kind: str, n_inputs: int, n_outputs: int, seed: int = 0) -> Residual:
    """A block of every sort; each part alone may write over what it is given on the way back."""
    block: list[Layer] = [Dense(n_inputs, n_outputs, np.float64)]
    if kind == "bend":
        block.append(Activation(ACTIVATIONS["tanh"], n_outputs, np.float64))
    elif kind == "dropout":
        block.append(Dropout(n_outputs, 0.4, SameMask(seed), np.float64))
    elif kind == "norm":
        block.append(BatchNorm(n_outputs, np.float64))
    elif kind == "nested":
        block.append(residual("bend", n_outputs, n_outputs + 1))
        block.append(Dense(n_outputs + 1, n_outputs, np.float64, biases=False))
    return Residual(block, np.float64)


@pytest.mark.parametrize("n_outputs", [4, 3])
def test_it_is_its_equation(n_outputs: int) -> None:
    layer = residual("dense", 4, n_outputs)
    (w, _), (b, _), *rest = bound(layer, np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((5, 4))
    around = x @ rest[0][0] if rest else x
    np.testing.assert_allclose(layer.forward(x), x @ w + b + around, rtol=1e-12)
    assert (layer.projection is None) == (n_outputs == 4)
    assert layer.parameter_names == ["0.weights", "0.biases", "1.weights"][: 2 + len(rest)]


def test_around_a_block_of_zeros_is_the_identity() -> None:
    layer = residual("bend", 4, 4)
    for parameter, _ in bound(layer, np.random.default_rng(0)):
        parameter[...] = 0
    x = np.random.default_rng(1).standard_normal((5, 4))
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(x.copy()), x)


def test_a_deep_stack_of_zeros_passes_the_gradient_undiminished() -> None:
    network = Network([residual("bend", 4, 4) for _ in range(50)], np.float64)
    x = np.random.default_rng(1).standard_normal((5, 4))
    np.testing.assert_array_equal(network.forward(x), x)
    network.backward(np.ones((5, 4)))
    first = network.layers[0]
    assert isinstance(first, Residual)
    assert isinstance(first.block[0], Dense)
    np.testing.assert_allclose(first.block[0].d_weights, x.sum(axis=0)[:, None].repeat(4, axis=1))


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(n=sizes, n_inputs=sizes, n_outputs=sizes, seed=seeds)
def test_gradients_are_central_differences(
    kind: str,
    n: int,
    n_inputs: int,
    n_outputs: int,
    seed: int,
    numeric_gradient: Callable[..., np.ndarray],
    assert_agree: Callable[..., None],
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, n_inputs))
    layer = residual(kind, n_inputs, n_outputs, seed % 100)
    # By running statistics where there are any: on a batch that hardly varies differences fail.
    training = kind == "dropout"
    check_backward(layer, x, rng, numeric_gradient, assert_agree, training=training)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_outputs", [4, 3])
@settings(deadline=None, max_examples=15)
@given(batches=st.lists(st.integers(1, 12), min_size=2, max_size=14), seed=seeds)
def test_a_batch_is_not_changed_by_the_batches_before_it(
    kind: str, n_outputs: int, batches: list[int], seed: int
) -> None:
    assert_no_memory(lambda: residual(kind, 4, n_outputs), batches, seed, training=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_outputs", [4, 3])
def test_its_work_arrays_are_apart_and_its_input_is_left_alone(kind: str, n_outputs: int) -> None:
    layer = residual(kind, 4, n_outputs)
    bound(layer, np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((6, 4))
    before = x.copy()
    y = layer.forward(x, training=True)
    expected = y.copy()
    arrays = list(arrays_of(layer))
    assert len(arrays) >= 2
    for i, one in enumerate(arrays):
        assert not np.shares_memory(one, x)
        assert not any(np.shares_memory(one, other) for other in arrays[:i])
    layer.backward(np.ones((6, n_outputs)))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(layer.forward(x, training=True), expected)


@pytest.mark.parametrize("kind", ["dense", "bend", "norm", "nested"])
@pytest.mark.parametrize("n_outputs", [4, 3])
def test_what_nobody_asked_for_is_not_computed(kind: str, n_outputs: int) -> None:
    layer = residual(kind, 4, n_outputs)
    pairs = bound(layer, np.random.default_rng(0))
    layer.forward(np.ones((2, 4)))
    assert layer.backward(np.ones((2, n_outputs)), need_d_input=False) is None
    assert all(np.isfinite(gradient).all() for _, gradient in pairs)


@pytest.mark.parametrize("kind", KINDS)
def test_at_another_precision_it_is_the_same_and_shares_nothing(kind: str) -> None:
    network = Network([residual(kind, 4, 3)], np.float64)
    network.parameters[...] = np.random.default_rng(0).standard_normal(network.parameters.size)
    network.state += 0.25
    twin = network.at_precision(np.float32)
    assert isinstance(twin.layers[0], Residual)
    assert twin.layers[0].parameter_shapes() == network.layers[0].parameter_shapes()
    x = np.random.default_rng(1).standard_normal((5, 4))
    found = twin.forward(x.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, network.forward(x), rtol=1e-4, atol=1e-5)
    assert not np.shares_memory(twin.parameters, network.parameters)


def test_every_parameter_has_a_name_of_its_own() -> None:
    for kind in KINDS:
        layer = residual(kind, 4, 3)
        assert len(layer.parameter_names) == len(layer.parameter_shapes())
        assert len(set(layer.parameter_names)) == len(layer.parameter_names)


def test_layers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit together"):
        Residual([Dense(3, 4), Dense(3, 3)])
