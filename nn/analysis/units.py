"""The units of the first hidden layer: what each looks for, finds, and is worth.

A unit's weights have the shape of an image: where they are positive, ink speaks for it, where they
are negative, against it. What it finds are the digits to which its answer is largest. And what it
is worth shows when it is switched off: its answer is 0 whatever comes, and the rest of the network
has to do without it (ablation, as in Meyes et al. 2019).

A network without a hidden layer has no such units: its first weights are those of the classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.data.dataset import pixel_scale
from nn.layers import Activation, Dense, Layer
from nn.network import Network

Array = NDArray[Any]

CHUNK = 1024
"""Digits looked at at a time."""


def first_weights(network: Network) -> tuple[Array, Array | None]:
    """W (n_units, n_inputs), a row for each unit of the first layer, and its biases (n_units,), or
    None where a BatchNorm stands in for them: copies.

    Raises:
        ValueError: the network does not begin with a Dense layer.
    """
    first = network.layers[0]
    if not isinstance(first, Dense):
        raise ValueError("the network does not begin with a Dense layer")
    biases = None if first.biases is None else first.biases.copy()
    return first.weights.T.copy(), biases


def has_hidden(network: Network) -> bool:
    """Is there a hidden layer, whose units could be switched off?"""
    return _end_of_first(network) is not None


def answers(network: Network, x: Array) -> Array:
    """What the units of the first hidden layer say to x (n, n_inputs): (n, n_units), behind the
    bend; without a hidden layer, the logits. A buffer, valid until the network runs again."""
    with np.errstate(all="ignore"):
        for layer in network.layers[: _end_of_first(network)]:
            x = layer.forward(x)
    return x


@dataclass(frozen=True, eq=False)
class Strongest:
    """For each unit the digits to which its answer is largest, of the first `done` of `total`.

    indices: intp (n_units, k), the largest answer first; fewer while there are fewer digits.
    answers: float32, of the same shape.
    """

    indices: NDArray[np.intp]
    answers: Array
    done: int
    total: int


def strongest(network: Network, images: Array, pixel_max: int, k: int = 5) -> Iterator[Strongest]:
    """Ever better answers, the last one of all images (n, n_inputs) uint8."""
    scale = pixel_scale(pixel_max)
    indices: Array | None = None
    values: Array | None = None
    for start in range(0, len(images), CHUNK):
        x = images[start : start + CHUNK].astype(np.float32)
        x *= scale
        said = answers(network, x).T
        places = np.broadcast_to(np.arange(start, start + len(x)), said.shape)
        if indices is not None and values is not None:
            said = np.concatenate((values, said), axis=1)
            places = np.concatenate((indices, places), axis=1)
        best = np.argsort(-said, axis=1, kind="stable")[:, :k]
        values = np.take_along_axis(said, best, axis=1)
        indices = np.take_along_axis(places, best, axis=1)
        yield Strongest(indices, values, start + len(x), len(images))


class Switches(Layer):
    """Y = X * M with M 0 for the units that are off and 1 for the others; dX = dY * M."""

    def __init__(self, width: int, off: Iterable[int], dtype: DTypeLike = np.float32) -> None:
        super().__init__(width, width)
        self.mask: Array = np.ones(width, dtype)
        self.mask[list(off)] = 0

    def at_precision(self, dtype: DTypeLike) -> Switches:
        return Switches(self.n_inputs, np.flatnonzero(self.mask == 0).tolist(), dtype)

    def forward(self, x: Array, *, training: bool = False) -> Array:  # noqa: ARG002
        # Not a product: the answer of a unit gone astray may be infinite, and off is off.
        return np.where(self.mask != 0, x, self.mask)

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:  # noqa: ARG002
        d_output *= self.mask
        return d_output


def without(network: Network, off: Iterable[int]) -> Network:
    """A copy of the network in which these units of the first hidden layer always answer 0.

    Raises:
        ValueError: there is no hidden layer.
        IndexError: there is no such unit.
    """
    end = _end_of_first(network)
    if end is None:
        raise ValueError("a network without a hidden layer has no units to switch off")
    twin = [layer.at_precision(network.dtype) for layer in network.layers]
    width = twin[end - 1].n_outputs
    copy = Network([*twin[:end], Switches(width, off, network.dtype), *twin[end:]], network.dtype)
    copy.parameters[...] = network.parameters
    copy.state[...] = network.state
    return copy


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the first `done` of `total` digits a network has right."""

    right: int
    done: int
    total: int

    @property
    def accuracy(self) -> float:
        return self.right / self.done if self.done else 0.0


def count_right(network: Network, images: Array, labels: Array, pixel_max: int) -> Iterator[Tally]:
    """Of images (n, n_inputs) uint8 with labels (n,): one tally after each chunk, the last of all.
    To stop iterating is to stop counting."""
    scale = pixel_scale(pixel_max)
    right = 0
    for start in range(0, len(images), CHUNK):
        x = images[start : start + CHUNK].astype(np.float32)
        x *= scale
        with np.errstate(all="ignore"):
            guesses = network.forward(x).argmax(axis=1)
        right += int(np.count_nonzero(guesses == labels[start : start + CHUNK]))
        yield Tally(right, start + len(x), len(images))


def _end_of_first(network: Network) -> int | None:
    """How many layers make up the first hidden one: up to the first bend."""
    for number, layer in enumerate(network.layers):
        if isinstance(layer, Activation):
            return number + 1
    return None
