"""The units of the first hidden layer: what they find, and what is left without them."""

from __future__ import annotations

import numpy as np
import pytest

from nn.analysis import units
from nn.analysis.units import answers, count_right, first_weights, has_hidden, strongest, without
from nn.inspect import gradient_check
from nn.network import Network


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (300, 20), dtype=np.uint8)


def built(hidden: list[int], **options: str) -> Network:
    return Network.build([20, *hidden, 5], "relu", np.random.default_rng(1), **options)


@pytest.mark.parametrize("chunk", [7, 300, 1024])
@pytest.mark.parametrize("normalization", ["none", "batch_norm"])
def test_the_strongest_digits_of_every_unit(
    images: np.ndarray, chunk: int, normalization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "CHUNK", chunk)
    network = built([11, 6], normalization=normalization)
    *_, found = strongest(network, images, 255, k=4)
    said = answers(network, images.astype(np.float32) / 255).copy()
    assert said.shape == (300, 11)
    assert found.answers == pytest.approx(-np.sort(-said.T, axis=1)[:, :4], rel=1e-5)
    # A unit that says 0 to all has no order but that of the digits.
    order = np.argsort(-said.T, axis=1, kind="stable")[:, :4]
    assert (found.indices == order).mean() > 0.95
    assert (found.done, found.total) == (300, 300)


@pytest.mark.parametrize("options", [{}, {"normalization": "batch_norm", "skip": "residual"}])
def test_a_unit_that_is_off_says_nothing(images: np.ndarray, options: dict[str, str]) -> None:
    network = built([11, 11, 6], **options)
    x = images.astype(np.float32) / 255
    before = network.parameters.copy()
    ablated = without(network, [2, 9])
    end = len(ablated.layers) - len(network.layers[units._end_of_first(network) :])
    middle = x
    for layer in ablated.layers[:end]:
        middle = layer.forward(middle)
    expected = answers(network, x).copy()
    expected[:, [2, 9]] = 0
    assert (middle == expected).all()
    logits = expected
    for layer in network.layers[units._end_of_first(network) :]:
        logits = layer.forward(logits)
    assert (ablated.forward(x) == logits).all()
    assert (without(network, []).forward(x) == network.forward(x)).all()
    assert (network.parameters == before).all()


def test_going_back_through_the_switches(images: np.ndarray) -> None:
    ablated = without(built([11]), [0, 4])
    x = images[:6].astype(np.float32) / 255
    assert gradient_check(ablated, x, np.arange(6) % 5).passed


def test_how_many_are_right(images: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "CHUNK", 64)
    network, labels = built([11]), np.arange(300) % 5
    tallies = list(count_right(network, images, labels, 255))
    guesses = network.forward(images.astype(np.float32) / 255).argmax(axis=1)
    assert tallies[-1].accuracy == (guesses == labels).mean()
    assert [tally.done for tally in tallies] == [64, 128, 192, 256, 300]


def test_without_a_hidden_layer_the_units_are_the_classes(images: np.ndarray) -> None:
    network = built([])
    weights, biases = first_weights(network)
    assert weights.shape == (5, 20)
    assert biases is not None
    assert not has_hidden(network)
    with pytest.raises(ValueError, match="no units"):
        without(network, [1])
    with pytest.raises(IndexError):
        without(built([11]), [11])
    assert first_weights(built([7], normalization="batch_norm"))[1] is None
    *_, found = strongest(network, images, 255)
    x = images.astype(np.float32) / 255
    assert found.answers[3, 0] == pytest.approx(network.forward(x)[:, 3].max(), rel=1e-6)
