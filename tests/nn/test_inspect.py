"""The gradient check itself: it must pass what is right and catch what is wrong."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from nn.activations import ACTIVATIONS, ActivationFunction
from nn.inspect import FLOOR, THRESHOLD, gradient_check, relative_error
from nn.layers import Activation, Array, Dense, Dropout
from nn.network import Network

Example = tuple[Network, np.ndarray, np.ndarray]


@pytest.fixture
def example() -> Example:
    rng = np.random.default_rng(0)
    network = Network.build([20, 12, 9, 5], "relu", rng)
    return network, rng.random((8, 20), dtype=np.float32), rng.integers(0, 5, 8)


def with_backward(
    monkeypatch: pytest.MonkeyPatch, kind: type, spoil: Callable[[object], None]
) -> None:
    """Let `spoil(layer)` change what a layer's backward has just written."""
    right = kind.backward  # type: ignore[attr-defined]

    def wrong(self: object, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        d_input: Array | None = right(self, d_output, need_d_input=need_d_input)
        spoil(self)
        return d_input

    monkeypatch.setattr(kind, "backward", wrong)


def test_a_right_gradient_passes_by_a_wide_margin(example: Example) -> None:
    result = gradient_check(*example)
    network = example[0]
    assert result.passed
    assert result.worst is not None
    assert result.worst.error < 1e-7
    assert result.measured + result.at_kinks == network.parameters.size
    assert result.measured > 0.9 * network.parameters.size
    assert result.threshold == THRESHOLD
    # One worst coordinate for each layer that has parameters, the worst of all among them.
    assert [c.layer for c in result.worst_by_layer] == [0, 2, 4]
    assert result.worst in result.worst_by_layer
    assert result.worst.error == max(c.error for c in result.worst_by_layer)


def test_the_network_is_left_alone(example: Example) -> None:
    network, x, labels = example
    network.gradients.fill(7)
    parameters, x_before = network.parameters.copy(), x.copy()
    gradient_check(network, x, labels, sample=50)
    np.testing.assert_array_equal(network.parameters, parameters)
    np.testing.assert_array_equal(network.gradients, 7)
    np.testing.assert_array_equal(x, x_before)


def test_a_sample_is_seeded(example: Example) -> None:
    one, same, other = (gradient_check(*example, sample=30, seed=s) for s in (1, 1, 2))
    assert one == same
    assert one.worst != other.worst
    assert one.measured + one.at_kinks == 30


def test_a_sample_larger_than_the_network_is_all_of_it(example: Example) -> None:
    assert gradient_check(*example, sample=10**9) == gradient_check(*example)


def test_the_result_is_frozen(example: Example) -> None:
    result = gradient_check(*example, sample=5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.measured = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("layer", "parameter", "index"), [(2, "weights", (3, 4)), (4, "biases", (2,))]
)
def test_a_planted_error_is_found_where_it_is(
    example: Example,
    monkeypatch: pytest.MonkeyPatch,
    layer: int,
    parameter: str,
    index: tuple[int, ...],
) -> None:
    width = {2: 9, 4: 5}[layer]

    def spoil(dense: object) -> None:
        assert isinstance(dense, Dense)
        if dense.n_outputs == width:
            gradient = dense.d_weights if parameter == "weights" else dense.d_biases
            gradient[index] += 0.5

    with_backward(monkeypatch, Dense, spoil)
    result = gradient_check(*example)
    assert not result.passed
    assert result.worst is not None
    assert (result.worst.layer, result.worst.parameter, result.worst.index) == (
        layer,
        parameter,
        index,
    )
    assert result.worst.analytic - result.worst.numeric == pytest.approx(0.5)


def scaled(dense: object) -> None:
    assert isinstance(dense, Dense)
    dense.d_weights *= 1.0001


def negated(dense: object) -> None:
    assert isinstance(dense, Dense)
    np.negative(dense.d_biases, out=dense.d_biases)


def forgotten(dense: object) -> None:
    assert isinstance(dense, Dense)
    dense.d_biases.fill(0)


def not_a_number(dense: object) -> None:
    assert isinstance(dense, Dense)
    dense.d_weights[-1, -1] = np.nan


@pytest.mark.parametrize("mistake", [scaled, negated, forgotten, not_a_number])
def test_mistakes_are_caught(
    example: Example, monkeypatch: pytest.MonkeyPatch, mistake: Callable[[object], None]
) -> None:
    with_backward(monkeypatch, Dense, mistake)
    result = gradient_check(*example)
    assert not result.passed
    assert result.worst is not None
    assert not result.worst.error <= THRESHOLD


def test_a_forgotten_slope_is_caught(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    def lazy(_self: Activation, d_output: Array, **_: bool) -> Array:
        return d_output

    monkeypatch.setattr(Activation, "backward", lazy)
    assert not gradient_check(*example).passed


def test_a_coordinate_at_a_kink_is_set_aside_and_counted() -> None:
    network = Network.build([3, 4, 2], "relu", np.random.default_rng(0))
    # A blank image meets biases of zero: every hidden unit stands exactly on its kink.
    result = gradient_check(network, np.zeros((1, 3), np.float32), np.array([1]))
    assert result.at_kinks == 4
    assert result.passed

    # Far from any kink nothing is set aside.
    first = network.layers[0]
    assert isinstance(first, Dense)
    first.biases[...] = 1
    assert gradient_check(network, np.zeros((1, 3), np.float32), np.array([1])).at_kinks == 0


def test_a_check_that_measured_little_has_not_passed() -> None:
    network = Network([Dense(1, 6), Activation(ACTIVATIONS["relu"], 6), Dense(6, 2)])
    last = network.layers[2]
    assert isinstance(last, Dense)
    last.weights[...] = last.biases[...] = 0.3
    # All six hidden units stand on their kinks, and so do their six weights and six biases.
    few = gradient_check(network, np.ones((1, 1), np.float32), np.array([0]))
    assert (few.at_kinks, few.measured) == (12, 14)
    only_kinks = dataclasses.replace(few, measured=11)
    assert few.passed
    assert not only_kinks.passed
    assert not dataclasses.replace(few, worst=None, worst_by_layer=(), measured=0).passed


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_and_skips_are_measured_not_set_aside(activation: str, training: bool) -> None:
    network = Network.build(
        [8, 7, 7, 6, 4],
        activation,
        np.random.default_rng(0),
        normalization="batch_norm",
        skip="residual",
        dropout_rng=np.random.default_rng(1),
    )
    network.set_dropout(0.5)
    rng = np.random.default_rng(2)
    x, labels = rng.random((12, 8), np.float32), rng.integers(0, 4, 12)
    state = network.state.copy()
    result = gradient_check(network, x, labels, training=training, smoothing=0.1)
    assert result.passed, result.worst
    assert result.at_kinks < 0.2 * result.measured
    assert {c.layer for c in result.worst_by_layer} == {0, 1, 4, 5, 6}
    # The network itself is left alone: its statistics, its dropout and its luck, too.
    np.testing.assert_array_equal(network.state, state)
    assert [layer.rate for layer in network.walk() if isinstance(layer, Dropout)] == [0.5] * 3


def test_the_training_network_s_gradient_is_another_than_the_asked_one_s() -> None:
    network = Network.build([5, 4, 3], "tanh", np.random.default_rng(0), normalization="batch_norm")
    rng = np.random.default_rng(2)
    x, labels = rng.random((9, 5), np.float32), rng.integers(0, 3, 9)
    asked, learning = (gradient_check(network, x, labels, training=t) for t in (False, True))
    smoothed = gradient_check(network, x, labels, smoothing=0.2)
    assert len({r.worst.analytic for r in (asked, learning, smoothed) if r.worst}) == 3


def test_a_planted_error_inside_a_residual_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network.build([6, 5, 4, 3], "tanh", np.random.default_rng(0), skip="residual")

    def spoil(dense: object) -> None:
        assert isinstance(dense, Dense)
        if dense.n_outputs == 4 and dense.biases is None:
            dense.d_weights[2, 1] += 0.5

    with_backward(monkeypatch, Dense, spoil)
    rng = np.random.default_rng(2)
    result = gradient_check(network, rng.random((8, 6), np.float32), rng.integers(0, 3, 8))
    assert result.worst is not None
    assert not result.passed
    worst = result.worst
    assert (worst.layer, worst.parameter, worst.index) == (2, "2.weights", (2, 1))


def test_a_smooth_bend_has_no_kinks() -> None:
    network = Network.build([3, 4, 2], "gelu", np.random.default_rng(0))
    result = gradient_check(network, np.zeros((1, 3), np.float32), np.array([1]))
    assert (result.at_kinks, result.passed) == (0, True)


def test_a_wrong_slope_formula_is_caught() -> None:
    tanh = ACTIVATIONS["tanh"]

    def wrong_slope(z: Array, a: Array, out: Array) -> None:
        tanh.slope(z, a, out)
        out *= 0.999

    wrong = ActivationFunction("tanh", tanh.value, wrong_slope)
    network = Network([Dense(3, 4), Activation(wrong, 4), Dense(4, 2)])
    rng = np.random.default_rng(0)
    network.parameters[...] = rng.standard_normal(network.parameters.size)
    x, labels = rng.standard_normal((5, 3)), rng.integers(0, 2, 5)
    result = gradient_check(network, x, labels)
    assert not result.passed
    # The error is in the bend: it shows in the layer before it, not in the one behind.
    assert [c.error > THRESHOLD for c in result.worst_by_layer] == [True, False]


@pytest.mark.parametrize(
    ("analytic", "numeric", "error"),
    [
        (2.0, 2.0, 0.0),
        (0.0, 0.0, 0.0),
        (1.0, 0.0, 1.0),
        (0.0, -3.0, 1.0),
        (1.0, -1.0, 2.0),
        (1.0, 1.1, 0.1 / 1.1),
        (FLOOR / 10, 0.0, 0.1),
    ],
)
def test_relative_error(analytic: float, numeric: float, error: float) -> None:
    assert relative_error(analytic, numeric) == pytest.approx(error)
    assert relative_error(numeric, analytic) == pytest.approx(error)


def test_the_relative_error_of_a_nan_is_nan() -> None:
    assert math.isnan(relative_error(math.nan, 1.0))
