"""The figures of every layer, against plain NumPy on the network's own arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nn.activations import ACTIVATIONS
from nn.analysis.layer_statistics import BINS, Microscope, summarize
from nn.batch_norm import BatchNorm
from nn.layers import Dense
from nn.losses import SoftmaxCrossEntropy
from nn.network import Network
from nn.optimizers import OPTIMIZERS
from nn.residual import Residual


def built(hidden: list[int], activation: str = "relu", **options: str) -> Network:
    rng = np.random.default_rng(3)
    return Network.build([12, *hidden, 4], activation, rng, dropout_rng=rng, **options)


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(5).random((40, 12), dtype=np.float32)


LABELS = np.arange(40) % 4


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(0, 6), st.integers(1, 5)),
        elements=st.floats(-1e6, 1e6, width=32) | st.sampled_from([np.inf, np.nan]),
    )
)
def test_a_summary_is_numpy_s(values: np.ndarray) -> None:
    found, finite = summarize(values), values[np.isfinite(values)]
    assert found.counts.sum() == finite.size
    assert len(found.counts) == BINS
    if finite.size:
        assert found.mean == pytest.approx(finite.astype(np.float64).mean())
        assert found.std == pytest.approx(finite.astype(np.float64).std(), abs=1e-9)
        assert (found.low, found.high) == (finite.min(), finite.max())
        # Of a span of subnormal numbers NumPy makes no bins.
        if found.high - found.low > max(1e-3 * max(abs(found.low), abs(found.high)), 1e-30):
            assert found.counts.tolist() == np.histogram(finite, BINS)[0].tolist()


def test_every_layer_of_a_plain_network(x: np.ndarray) -> None:
    network = built([9, 6])
    network.set_dropout(0.3)
    before = network.parameters.copy()
    found = Microscope(network).portrait(x, LABELS)
    kinds = [layer.kind for layer in found.layers]
    assert kinds == ["Input", "Dense", "relu", "Dropout", "Dense", "relu", "Dropout", "Dense"]
    assert [layer.n_parameters for layer in found.layers] == [0, 117, 0, 0, 60, 0, 0, 28]
    loss = SoftmaxCrossEntropy(4)
    assert found.loss == loss.forward(network.forward(x), LABELS)
    network.backward(loss.backward())
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    for seen, layer in zip((found.layers[i] for i in (1, 4, 7)), dense, strict=True):
        for summary, array in ((seen.weights, layer.weights), (seen.gradients, layer.d_weights)):
            assert summary is not None
            assert summary.mean == array.mean(dtype=np.float64)
            assert summary.std == array.std(dtype=np.float64)
            assert summary.counts.tolist() == np.histogram(array, BINS)[0].tolist()
        assert seen.update_ratio is None
    hidden = np.maximum(x @ dense[0].weights + dense[0].biases, 0)
    assert found.layers[2].values.std == pytest.approx(hidden.std(), rel=1e-5)
    assert found.layers[2].dead is not None
    assert found.layers[2].dead.tolist() == (hidden == 0).all(axis=0).tolist()
    assert (network.parameters == before).all()


@pytest.mark.parametrize("options", [{}, {"normalization": "batch_norm", "skip": "residual"}])
@pytest.mark.parametrize("hidden", [[], [9], [9, 9, 5]])
def test_the_flow_of_a_digit_ends_in_the_network_s_logits(
    hidden: list[int], options: dict[str, str], x: np.ndarray
) -> None:
    network = built(hidden, "tanh", **options)
    scope = Microscope(network)
    portrait = scope.portrait(x, LABELS)
    flow = scope.flow(x[7])
    assert (flow[-1] == network.forward(x[7:8])[0]).all()
    assert (flow[0] == x[7]).all()
    assert [len(values) for values in flow] == [layer.n_outputs for layer in portrait.layers]
    assert sum(layer.n_parameters for layer in portrait.layers) == network.parameters.size


def test_a_dropout_that_drops_nothing_is_no_layer(x: np.ndarray) -> None:
    found = Microscope(built([9])).portrait(x, LABELS)
    assert [layer.kind for layer in found.layers] == ["Input", "Dense", "relu", "Dense"]


def test_inside_and_behind_a_residual_block(x: np.ndarray) -> None:
    network = built([9, 5], normalization="batch_norm", skip="residual")
    network.set_dropout(0.3)
    found = Microscope(network).portrait(x, LABELS).layers
    assert [(layer.kind, layer.depth) for layer in found] == [
        ("Input", 0), ("Dense", 0), ("BatchNorm", 0), ("relu", 0), ("Dropout", 0),
        ("Dense", 1), ("BatchNorm", 1), ("relu", 1), ("Dropout", 1), ("Skip", 0), ("Dense", 0),
    ]  # fmt: skip
    block = network.layers[4]
    assert isinstance(block, Residual)
    assert block.projection is not None
    loss = SoftmaxCrossEntropy(4)
    loss.forward(network.forward(x), LABELS)
    network.backward(loss.backward())
    skip = found[9]
    assert skip.weights is not None
    assert skip.gradients is not None
    assert skip.n_parameters == 45
    assert skip.weights.std == block.projection.weights.std(dtype=np.float64)
    assert skip.gradients.std == block.projection.d_weights.std(dtype=np.float64)
    norm = next(layer for layer in network.layers if isinstance(layer, BatchNorm))
    assert found[2].gradients is not None
    assert found[2].gradients.mean == norm.d_gains.mean(dtype=np.float64)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_the_update_ratio_is_that_of_the_step(name: str, x: np.ndarray) -> None:
    network = built([9])
    optimizer = OPTIMIZERS[name](network.parameters)
    found = Microscope(network).portrait(x, LABELS, lambda p, g: optimizer.step(p, g, 0.01))
    loss = SoftmaxCrossEntropy(4)
    loss.forward(network.forward(x), LABELS)
    network.backward(loss.backward())
    first = network.layers[0]
    assert isinstance(first, Dense)
    before = first.weights.copy()
    OPTIMIZERS[name](network.parameters).step(network.parameters, network.gradients, 0.01)
    expected = np.linalg.norm(first.weights - before) / np.linalg.norm(before)
    assert found.layers[1].update_ratio == pytest.approx(expected, rel=1e-4)
    assert found.layers[2].update_ratio is None


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_a_dead_unit_lets_no_gradient_through(name: str, x: np.ndarray) -> None:
    network = built([6], name)
    first = network.layers[0]
    assert isinstance(first, Dense)
    assert first.biases is not None
    first.biases[2] = -100
    found = Microscope(network).portrait(x, LABELS).layers[2]
    assert found.dead is not None
    assert found.dead.tolist() == [name != "leaky_relu" and unit == 2 for unit in range(6)]
    loss = SoftmaxCrossEntropy(4)
    loss.forward(network.forward(x), LABELS)
    network.backward(loss.backward())
    if name == "relu":
        assert (first.d_weights[:, 2] == 0).all()
