"""The same network twice, by hand and by autograd: the gradients must be the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.activations import ACTIVATIONS
from nn.autograd import Tensor
from nn.autograd_network import ACTIVATIONS as REBUILT
from nn.autograd_network import cross_entropy, loss_and_gradient, standardize, through
from nn.layers import Activation, Dense, Layer
from nn.losses import SoftmaxCrossEntropy
from nn.network import Network

seeds = st.integers(0, 2**32 - 1)
networks = st.fixed_dictionaries(
    {
        "sizes": st.lists(st.integers(1, 7), min_size=1, max_size=4).map(lambda s: [*s, 3]),
        "activation": st.sampled_from(sorted(ACTIVATIONS)),
        "normalization": st.sampled_from(["none", "batch_norm"]),
        "skip": st.sampled_from(["none", "residual"]),
        "dropout": st.sampled_from([0.0, 0.4]),
    }
)


def built(recipe: dict[str, Any], seed: int) -> Network:
    """A float64 network of this recipe, every parameter and running statistic off its start."""
    rng = np.random.default_rng(seed)
    network = Network.build(
        recipe["sizes"],
        recipe["activation"],
        rng,
        np.float64,
        normalization=recipe["normalization"],
        skip=recipe["skip"],
        dropout_rng=np.random.default_rng(seed + 1),
    )
    network.set_dropout(recipe["dropout"])
    network.parameters += 0.3 * rng.standard_normal(network.parameters.shape)
    network.state += rng.uniform(0, 0.5, network.state.shape)
    return network


def by_hand(
    network: Network, x: np.ndarray, labels: np.ndarray, training: bool, smoothing: float
) -> tuple[float, np.ndarray]:
    cross_entropy = SoftmaxCrossEntropy(network.n_classes, network.dtype, smoothing)
    loss = cross_entropy.forward(network.forward(x, training=training), labels)
    network.backward(cross_entropy.backward())
    return loss, network.gradients.copy()


def assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """To 1e-6 of each entry; where entries cancel to nearly nothing, to 1e-9 of the largest."""
    scale = max(float(np.abs(theirs).max()), 1e-3)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9 * scale)


@settings(deadline=None, max_examples=200)
@given(
    recipe=networks,
    n=st.integers(1, 9),
    training=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.1]),
    seed=seeds,
)
def test_both_agree(
    recipe: dict[str, Any], n: int, training: bool, smoothing: float, seed: int
) -> None:
    network = built(recipe, seed)
    rng = np.random.default_rng(seed)
    x, labels = rng.standard_normal((n, network.n_inputs)), rng.integers(0, 3, n)
    loss, gradient = by_hand(network, x, labels, training, smoothing)
    parameters, state = network.parameters.copy(), network.state.copy()
    ours, our_gradient = loss_and_gradient(
        network, x, labels, training=training, label_smoothing=smoothing
    )
    np.testing.assert_allclose(ours, loss, rtol=1e-12)
    assert_same(our_gradient, gradient)
    for kept, now in (
        (parameters, network.parameters),
        (state, network.state),
        (gradient, network.gradients),
    ):
        np.testing.assert_array_equal(kept, now)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_both_agree_on_a_blank_image(name: str) -> None:
    """Every unit stands on its kink: both must take the same side."""
    rng = np.random.default_rng(0)
    network = Network.build([4, 3, 3, 2], name, rng, np.float64)
    x, labels = np.zeros((2, 4)), np.array([0, 1])
    _, gradient = by_hand(network, x, labels, False, 0)
    np.testing.assert_allclose(loss_and_gradient(network, x, labels)[1], gradient, atol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_bends_are_those_of_the_book(name: str) -> None:
    z = np.linspace(-30, 30, 601)
    value, slope = np.empty_like(z), np.empty_like(z)
    ACTIVATIONS[name].value(z, value)
    ACTIVATIONS[name].slope(z, value, slope)
    tensor = Tensor(z)
    bent = REBUILT[name](tensor)
    bent.sum().backward()
    np.testing.assert_allclose(bent.value, value, rtol=1e-12, atol=1e-15)
    assert tensor.grad is not None
    np.testing.assert_allclose(tensor.grad, slope, rtol=1e-9, atol=1e-15)


def test_a_wrong_backward_pass_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the comparison is for: the hand-written pass loses a factor, and they disagree."""
    network = built(
        {
            "sizes": [5, 4, 3],
            "activation": "tanh",
            "normalization": "none",
            "skip": "none",
            "dropout": 0.0,
        },
        seed=1,
    )
    right = Activation.backward
    monkeypatch.setattr(
        Activation, "backward", lambda layer, d, **kw: right(layer, 1.001 * d, **kw)
    )
    rng = np.random.default_rng(2)
    x, labels = rng.standard_normal((6, 5)), rng.integers(0, 3, 6)
    _, gradient = by_hand(network, x, labels, False, 0)
    with pytest.raises(AssertionError):
        assert_same(loss_and_gradient(network, x, labels)[1], gradient)


def test_the_precision_is_the_network_s(make_split: Callable[..., Any]) -> None:
    network = Network.build([16, 5, 4], "gelu", np.random.default_rng(0))
    split = make_split()
    x = split.train_images.astype(np.float64) / 255
    loss, gradient = loss_and_gradient(network, x, split.train_labels)
    assert gradient.dtype == np.float32
    twin_loss, exact = loss_and_gradient(
        network.at_precision(np.float64), x, split.train_labels, label_smoothing=0
    )
    assert exact.dtype == np.float64
    np.testing.assert_allclose(loss, twin_loss, rtol=1e-5)
    np.testing.assert_allclose(gradient, exact, rtol=1e-3, atol=1e-6)


def test_a_standardised_batch_has_mean_zero_and_variance_one() -> None:
    x = np.random.default_rng(0).normal(3, 10, (50, 4))
    y = standardize(Tensor(x)).value
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=0), 1, rtol=1e-5)


def test_what_does_not_suit_is_said() -> None:
    network = Network.build([4, 3], "relu", np.random.default_rng(0), np.float64)
    x, labels = np.ones((2, 4)), np.array([0, 2])
    for bad_x, bad_labels, words in (
        (np.ones((2, 5)), labels, r"\(2, 5\) does not suit 4 inputs"),
        (np.ones(4), labels, r"\(4,\) does not suit"),
        (x, np.array([0, 3]), r"all in 0\.\.2"),
        (x, np.array([-1, 2]), r"all in 0\.\.2"),
        (x, np.array([0]), r"labels of shape \(1,\) do not suit logits of \(2, 3\)"),
        (x[:0], labels[:0], "there must be labels"),
    ):
        with pytest.raises(ValueError, match=words):
            loss_and_gradient(network, bad_x, bad_labels)


def test_dropout_wants_the_batch_it_saw() -> None:
    recipe = {
        "sizes": [4, 3, 3],
        "activation": "relu",
        "normalization": "none",
        "skip": "none",
        "dropout": 0.5,
    }
    network = built(recipe, seed=0)
    network.forward(np.ones((5, 4)), training=True)
    with pytest.raises(ValueError, match=r"last saw a batch of shape \(5, 3\), not \(2, 3\)"):
        loss_and_gradient(network, np.ones((2, 4)), np.array([0, 1]), training=True)
    loss, _ = loss_and_gradient(network, np.ones((2, 4)), np.array([0, 1]))
    assert loss == pytest.approx(by_hand(network, np.ones((2, 4)), np.array([0, 1]), False, 0)[0])


class Doubling(Layer):
    """A kind of layer that autograd has never heard of."""

    def forward(self, x: np.ndarray, **_: bool) -> np.ndarray:
        return 2 * x


def test_a_new_kind_of_layer_needs_a_rule() -> None:
    network = Network([Dense(2, 3, np.float64), Doubling(3, 3)], np.float64)
    network.parameters[...] = np.linspace(-1, 1, network.parameters.size)
    x, labels = np.array([[1.0, -2.0]]), np.array([1])
    with pytest.raises(ValueError, match="no rule for a layer of kind Doubling"):
        loss_and_gradient(network, x, labels)

    @through.register
    def _(_layer: Doubling, x: Tensor, _parameters: Any, _training: bool) -> Tensor:
        return 2 * x

    loss, _ = loss_and_gradient(network, x, labels)
    logits = network.forward(x)
    assert loss == pytest.approx(SoftmaxCrossEntropy(3, np.float64).forward(logits, labels))


def test_pytorch_smooths_labels_the_same() -> None:
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed: the smoothed loss was not compared with its own"
    )
    rng = np.random.default_rng(4)
    z, labels = rng.standard_normal((7, 5)), rng.integers(0, 5, 7)
    ours, theirs = Tensor(z), torch.tensor(z, requires_grad=True)
    loss = cross_entropy(ours, labels, 0.1)
    expected = torch.nn.functional.cross_entropy(
        theirs, torch.from_numpy(labels), label_smoothing=0.1
    )
    loss.backward()
    expected.backward()
    assert float(loss.value) == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-10, atol=1e-14)
